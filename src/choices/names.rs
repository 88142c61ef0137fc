//! Choices that a user makes by name, on the command line and in TOML alike.

use super::aliases;

/// The conversions by which serde reads and writes a type that has `FromStr` and `Display` as its text.
macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    };
}
pub(crate) use as_text;

/// An enum whose variants have fixed names: `FromStr` (whose error lists them), `Display` and serde.
///
/// With `pub enum Name as any_case`, what the user wrote goes through that function before it is held against the names.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident { $($body:tt)+ }) => {
        crate::choices::names::named! { $(#[$meta])* pub enum $name as String::from { $($body)+ } }
    };
    ($(#[$meta:meta])* pub enum $name:ident as $plain:path { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            pub const NAMES: &'static [&'static str] = &[$($text),+];
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match $plain(text).as_str() {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(crate::choices::names::unknown(text, Self::NAMES)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        crate::choices::names::as_text!($name);
    };
}
pub(crate) use named;

/// For names that may be written in any case, such as PyTorch's `Adam`.
pub fn any_case(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// More names than this are counted, not listed: a table may have thousands of columns.
const LISTED: usize = 20;

/// `word, did you mean OTHER? (expected …)`, for a word that is none of `expected`.
pub fn unknown<S: AsRef<str>>(word: &str, expected: &[S]) -> String {
    let all: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
    let meant = aliases::value(word, &all).or_else(|| nearest(word, &all));
    let hint = meant.map_or(String::new(), |other| format!(", did you mean {}?", visible(other)));
    let listed = all.iter().take(LISTED).map(|name| visible(name)).collect::<Vec<_>>().join(", ");
    let more = if all.len() > LISTED { format!(", … {} more", all.len() - LISTED) } else { String::new() };
    format!("{word}{hint} (expected {listed}{more})")
}

/// As [`unknown`], for what is not among those that are `there`, such as the columns of a table.
pub fn absent<S: AsRef<str>>(word: &str, there: &[S]) -> String {
    unknown(word, there).replacen(" (expected ", " (there are ", 1)
}

/// As [`unknown`], for a word that is none of the settings `known`: `learning_rate: lockstep's name is lr`.
pub fn unknown_setting(word: &str, known: &[&str]) -> String {
    match aliases::setting(word, known) {
        Some(Ok(ours)) => format!("{word}: lockstep's name is {ours}"),
        Some(Err(instead)) => format!("{word}: {instead}"),
        None => unknown(word, known),
    }
}

/// The name that `word` is a slip of. Case and blanks at the ends count for nothing, and some letter must be left.
fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase();
    let steps = |other: &str| (strsim::osa_distance(&plain(word), &plain(other)), strsim::osa_distance(word, other));
    let ((steps, _), other) = names.iter().map(|other| (steps(other), *other)).min()?;
    let length = other.chars().count();
    (steps <= 1.max(length / 3) && steps < length.max(1)).then_some(other)
}

/// A name with a blank at either end would look like another.
fn visible(name: &str) -> String {
    if name.trim() == name { name.into() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::{any_case, unknown};

    named! {
        pub enum Fruit { Apple = "apple", Pear = "pear" }
    }

    named! {
        pub enum Nut as any_case { Hazel = "hazel" }
    }

    #[test]
    fn a_name_that_is_not_one_is_answered_with_those_that_are() {
        assert_eq!("pear".parse(), Ok(Fruit::Pear));
        assert_eq!((Fruit::Pear.name(), Fruit::Apple.to_string()), ("pear", "apple".into()));
        assert_eq!("aple".parse::<Fruit>(), Err("aple, did you mean apple? (expected apple, pear)".into()));
        assert_eq!("paer".parse::<Fruit>(), Err("paer, did you mean pear? (expected apple, pear)".into()));
        assert_eq!("zzz".parse::<Fruit>(), Err("zzz (expected apple, pear)".into()));
    }

    #[test]
    fn case_counts_unless_the_enum_says_otherwise() {
        assert_eq!("Pear".parse::<Fruit>(), Err("Pear, did you mean pear? (expected apple, pear)".into()));
        assert_eq!(" Hazel".parse(), Ok(Nut::Hazel));
        assert_eq!("Hasel".parse::<Nut>(), Err("Hasel, did you mean hazel? (expected hazel)".into()));
    }

    #[test]
    fn a_slip_in_case_or_a_blank_is_nearer_than_another_letter() {
        assert_eq!(unknown("Y", &["a", "y"]), "Y, did you mean y? (expected a, y)");
        assert_eq!(unknown("y", &["a", " y"]), "y, did you mean \" y\"? (expected a, \" y\")");
        assert_eq!(unknown("y", &["0", "1"]), "y (expected 0, 1)");
        assert_eq!(unknown("größe", &["Grösse", "alter"]), "größe, did you mean Grösse? (expected Grösse, alter)");
    }

    #[test]
    fn a_thousand_names_are_not_listed() {
        let names: Vec<String> = (0..1000).map(|index| format!("column{index}")).collect();
        let text = unknown("colum7", &names);
        assert!(text.starts_with("colum7, did you mean column7? (expected column0, "), "{text}");
        assert!(text.ends_with("column19, … 980 more)"), "{text}");
    }
}
