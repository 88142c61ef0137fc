//! A choice with parameters, written `name` or `name:key=value,key=value`: `step:step_size=30,gamma=0.5`.

use crate::choices::names::unknown;
use std::fmt::Display;
use std::str::FromStr;

/// A parsed choice; its parameters are taken out one by one, and what is left over is an error.
#[derive(Debug)]
pub struct Choice {
    pub name: String,
    parameters: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Choice {
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in rest.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').ok_or(format!("{}: expected key=value", pair.trim()))?;
            let key = key.trim().replace('-', "_");
            if parameters.iter().any(|(other, _)| *other == key) {
                return Err(format!("{key} is given twice"));
            }
            parameters.push((key, value.trim().to_string()));
        }
        Ok(Self { name: name.trim().to_lowercase().replace('_', "-"), parameters, known: Vec::new() })
    }

    /// The value of `key`, or `default` where it is not given.
    pub fn take<T: FromStr>(&mut self, key: &'static str, default: T) -> Result<T, String> {
        Ok(self.take_if_given(key)?.unwrap_or(default))
    }

    /// The value of `key` if it is given.
    pub fn take_if_given<T: FromStr>(&mut self, key: &'static str) -> Result<Option<T>, String> {
        self.known.push(key);
        let Some(at) = self.parameters.iter().position(|(other, _)| other == key) else { return Ok(None) };
        let (_, value) = self.parameters.remove(at);
        let wrong = |_| format!("{}: {key}={value}: expected {}", self.name, kind::<T>());
        let parsed = value.parse().map_err(wrong)?;
        Ok(Some(parsed))
    }

    /// As [`Choice::take`], a finite number that `holds`; `expected` says in words which those are.
    pub fn number(
        &mut self,
        key: &'static str,
        default: f64,
        holds: impl Fn(f64) -> bool,
        expected: &str,
    ) -> Result<f64, String> {
        let value = self.take(key, default)?;
        if value.is_finite() && holds(value) {
            Ok(value)
        } else {
            Err(format!("{}: {key}={value}: expected {expected}", self.name))
        }
    }

    /// The value of `key` if it is given, a whole number from 1 up.
    pub fn count(&mut self, key: &'static str) -> Result<Option<usize>, String> {
        match self.take_if_given(key)? {
            Some(0) => Err(format!("{}: {key}=0: expected a whole number from 1 up", self.name)),
            value => Ok(value),
        }
    }

    /// Every parameter must have been taken.
    pub fn finish(self) -> Result<(), String> {
        match self.parameters.first() {
            None => Ok(()),
            Some((key, _)) if self.known.is_empty() => Err(format!("{}: has no parameters, so no {key}", self.name)),
            Some((key, _)) => Err(format!("{}: no parameter {}", self.name, unknown(key, &self.known))),
        }
    }
}

/// What a parameter of the type `T` is written as.
fn kind<T>() -> &'static str {
    match std::any::type_name::<T>() {
        "bool" => "true or false",
        "usize" | "u32" => "a whole number from 0 up",
        "alloc::string::String" => "a name",
        _ => "a number",
    }
}

/// `name` with those of its `parameters` that have a value.
pub fn show(name: &str, parameters: &[(&str, Option<&dyn Display>)]) -> String {
    let given = parameters.iter().filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)));
    let given: Vec<String> = given.collect();
    if given.is_empty() { name.into() } else { format!("{name}:{}", given.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_by_name_and_the_rest_is_refused() {
        let mut choice = Choice::parse("One_Cycle: pct-start=0.2 , div_factor=10").unwrap();
        assert_eq!(choice.name, "one-cycle");
        assert_eq!(choice.take("pct_start", 0.3), Ok(0.2));
        assert_eq!(choice.take_if_given::<usize>("epochs"), Ok(None));
        let error = choice.finish().unwrap_err();
        assert_eq!(error, "one-cycle: no parameter div_factor (expected pct_start, epochs)");
    }

    #[test]
    fn bad_values_are_refused() {
        for (text, word) in [("step:gamma", "key=value"), ("step:gamma=1,gamma=2", "twice")] {
            assert!(Choice::parse(text).unwrap_err().contains(word), "{text}");
        }
        let mut choice = Choice::parse("step:gamma=x,eta=nan").unwrap();
        assert_eq!(choice.take("gamma", 0.1).unwrap_err(), "step: gamma=x: expected a number");
        assert!(choice.number("eta", 0.0, |_| true, "a number").unwrap_err().contains("expected a number"));
        let mut choice = Choice::parse("step:a=1.5,b=yes").unwrap();
        assert_eq!(choice.count("a").unwrap_err(), "step: a=1.5: expected a whole number from 0 up");
        assert_eq!(choice.take("b", true).unwrap_err(), "step: b=yes: expected true or false");
    }
}
