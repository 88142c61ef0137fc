//! The steps whose tensors are kept in full, and the files that they are kept in.

use super::format::Phase;
use std::path::{Path, PathBuf};

/// Which steps, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Values {
    #[default]
    None,
    /// First and last step of each range.
    Some(Vec<(u64, u64)>),
    All,
}

impl Values {
    /// Whether there may be such steps.
    pub fn any(&self) -> bool {
        !matches!(self, Self::None) && *self != Self::Some(vec![])
    }

    pub fn has(&self, step: u64) -> bool {
        match self {
            Self::None => false,
            Self::Some(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&step)),
            Self::All => true,
        }
    }
}

impl std::str::FromStr for Values {
    type Err = String;

    /// `0,1,37`, `0-9` or `all`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let wrong = || format!("{text:?}, expected steps such as 0,1,37 or 0-9, or all");
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first, last))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self::Some).ok_or_else(wrong)
    }
}

impl std::fmt::Display for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Some(ranges) => {
                let range = |(first, last): &(u64, u64)| {
                    if first == last { first.to_string() } else { format!("{first}-{last}") }
                };
                f.write_str(&ranges.iter().map(range).collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// The steps in a header: `all`, or a list of them.
impl serde::Serialize for Values {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::None => serializer.collect_seq(std::iter::empty::<u64>()),
            // A range that a flag gave may be long; as text it is short.
            Self::Some(ranges) if ranges.iter().any(|(first, last)| first != last) => serializer.collect_str(self),
            Self::Some(ranges) => serializer.collect_seq(ranges.iter().map(|(first, _)| first)),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Values {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.parse().map_err(D::Error::custom),
            serde_json::Value::Array(steps) if steps.is_empty() => Ok(Self::None),
            serde_json::Value::Array(steps) => {
                let steps: Option<Vec<u64>> = steps.iter().map(serde_json::Value::as_u64).collect();
                let steps = steps.ok_or_else(|| D::Error::custom("values: expected steps, or all"))?;
                Ok(Self::Some(steps.into_iter().map(|step| (step, step)).collect()))
            }
            other => Err(D::Error::custom(format!("values: {other}, expected steps, or all"))),
        }
    }
}

/// The file that keeps a step's tensors, beside the record: `FILE.start.safetensors`, `FILE.step7.safetensors`.
pub fn file(record: &Path, phase: Phase, step: u64) -> PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(if phase == Phase::Start { ".start.safetensors".into() } else { format!(".step{step}.safetensors") });
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_as_they_are_written() {
        for text in ["all", "0,1,37", "0-9,37"] {
            let values: Values = text.parse().unwrap();
            assert_eq!(values.to_string(), text);
            let json = serde_json::to_string(&values).unwrap();
            assert_eq!(serde_json::from_str::<Values>(&json).unwrap(), values);
        }
        let values: Values = "0-9,37".parse().unwrap();
        assert_eq!([0, 9, 10, 37].map(|step| values.has(step)), [true, true, false, true]);
        assert_eq!(serde_json::from_str::<Values>("[]").unwrap(), Values::None);
        for wrong in ["", "9-0", "x", "1,,2"] {
            assert!(wrong.parse::<Values>().unwrap_err().contains("0,1,37"), "{wrong}");
        }
    }
}
