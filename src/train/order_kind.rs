//! In which order the training rows are asked for.

use crate::choices::choice::Choice;
use crate::choices::names::unknown;
use crate::python::dataloader::{LoaderOptions, Sampler};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Whose order it is that the training rows are seen in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OrderKind {
    /// `torch.randperm(n)` at the start of each epoch, and for a full batch nothing.
    #[default]
    Randperm,
    /// As the rows stand, `x[i:i + batch_size]`; nothing is drawn.
    Sequential,
    /// That of a `DataLoader`, which draws for a full batch too.
    DataLoader(LoaderOptions),
}

impl OrderKind {
    pub const NAMES: [&str; 3] = ["randperm", "dataloader", "sequential"];

    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The options of the loader, if there is one.
    pub fn loader(self) -> Option<LoaderOptions> {
        if let Self::DataLoader(options) = self { Some(options) } else { None }
    }

    /// Whether the rows are drawn by their classes.
    pub fn needs_classes(self) -> bool {
        self.loader().is_some_and(|options| options.sampler == Sampler::Balanced)
    }
}

impl FromStr for OrderKind {
    type Err = String;

    /// `randperm`, `sequential`, or `dataloader` with its options: `dataloader:persistent=true`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut given = Choice::parse(text)?;
        let kind = match given.name.as_str() {
            "randperm" => Self::Randperm,
            "sequential" => Self::Sequential,
            "dataloader" => Self::DataLoader(LoaderOptions::parse(&mut given)?),
            name => return Err(unknown(name, &Self::NAMES)),
        };
        given.finish()?;
        Ok(kind)
    }
}

impl fmt::Display for OrderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Randperm => f.write_str("randperm"),
            Self::Sequential => f.write_str("sequential"),
            Self::DataLoader(options) => options.fmt(f),
        }
    }
}

crate::choices::names::as_text!(OrderKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_back_what_it_shows() {
        for text in ["randperm", "sequential", "dataloader", "dataloader:shuffle=false,generator=3"] {
            assert_eq!(text.parse::<OrderKind>().unwrap().to_string(), text);
        }
        assert_eq!("DataLoader".parse(), Ok(OrderKind::DataLoader(LoaderOptions::default())));
        for (text, words) in [("radperm", "did you mean randperm?"), ("randperm:generator=1", "has no parameters")] {
            assert!(text.parse::<OrderKind>().unwrap_err().contains(words), "{text}");
        }
    }
}
