//! What the bits of a training depend on beside its settings, its seed and its data: recorded with every run, and named where two
//! runs part.

use crate::cpu::model;
use crate::torch::{device, libtorch, script};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use tch::Device;

/// A variable of the environment by which libtorch or a library in it chooses how it computes.
pub struct Variable {
    pub name: &'static str,
    /// What its value decides.
    pub decides: &'static str,
}

/// Those that choose kernels.
const KERNELS: [Variable; 5] = [
    Variable { name: "ATEN_CPU_CAPABILITY", decides: "the instruction set of ATen's kernels" },
    Variable { name: "DNNL_MAX_CPU_ISA", decides: "the largest instruction set that oneDNN uses" },
    Variable { name: "MKL_CBWR", decides: "the order in which MKL sums" },
    Variable { name: "MKL_ENABLE_INSTRUCTIONS", decides: "the largest instruction set that MKL uses" },
    Variable { name: "ONEDNN_MAX_CPU_ISA", decides: "the largest instruction set that oneDNN uses" },
];

/// Those that set the number of threads where `--threads` does not.
const THREADS: [Variable; 2] = [
    Variable { name: "MKL_NUM_THREADS", decides: "libtorch's threads, where --threads is not given" },
    Variable { name: "OMP_NUM_THREADS", decides: "libtorch's threads, where --threads is not given" },
];

/// The variables that are set, with their values.
pub fn variables() -> Vec<(&'static Variable, String)> {
    KERNELS.iter().chain(&THREADS).filter_map(|variable| Some((variable, value(variable)?))).collect()
}

fn value(variable: &Variable) -> Option<String> {
    std::env::var_os(variable.name).map(|value| value.to_string_lossy().into_owned())
}

/// What a variable was where nobody wrote it down.
const NOT_RECORDED: &str = "not recorded";

/// What bits depend on. What is none was not recorded, or does not matter to the program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libtorch: Option<String>,
    /// The instruction set of ATen's kernels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_capability: Option<String>,
    /// The processor's model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The variables that were set and acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<BTreeMap<String, String>>,
}

/// A condition then and now; null: the variable was not set.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub what: &'static str,
    pub was: Value,
    pub now: Value,
}

impl Conditions {
    /// Those of this process, in which libtorch computes on `device`; `given`: the threads are those of `--threads`, whatever
    /// the environment says of them.
    pub fn now(device: Device, given: bool) -> Result<Self> {
        let threads = if given { &[] } else { &THREADS[..] };
        Ok(Self {
            libtorch: libtorch::version(),
            cpu_capability: Some(script::cpu_capability()?),
            environment: Some(set(KERNELS.iter().chain(threads))),
            ..Self::plain(device, tch::get_num_threads())
        })
    }

    /// Those of a program that does without libtorch, which is not loaded for it.
    pub fn plain(device: Device, threads: i32) -> Self {
        Self {
            device: Some(device::name(device)),
            threads: Some(threads),
            processor: model::model(),
            environment: Some(set(KERNELS.iter())),
            ..Self::default()
        }
    }

    /// What is otherwise than it was `then`, as far as both are recorded. The variables for threads show in their number.
    pub fn since(&self, then: &Self) -> Vec<Difference> {
        let recorded = [
            ("device", json!(then.device), json!(self.device)),
            ("threads", json!(then.threads), json!(self.threads)),
            ("libtorch", json!(then.libtorch), json!(self.libtorch)),
            ("cpu_capability", json!(then.cpu_capability), json!(self.cpu_capability)),
            ("processor", json!(then.processor), json!(self.processor)),
        ];
        let recorded = recorded.into_iter().filter(|(_, was, now)| !was.is_null() && !now.is_null());
        let variables = self.environment.iter().flat_map(|now| {
            KERNELS.iter().map(|Variable { name, .. }| {
                let was = match &then.environment {
                    Some(was) => json!(was.get(*name)),
                    // An earlier lockstep did not record it: what is set now may be the reason all the same.
                    None if now.contains_key(*name) => json!(NOT_RECORDED),
                    None => Value::Null,
                };
                (*name, was, json!(now.get(*name)))
            })
        });
        let all = recorded.chain(variables).map(|(what, was, now)| Difference { what, was, now });
        all.filter(|difference| difference.was != difference.now).collect()
    }
}

fn set<'a>(variables: impl Iterator<Item = &'a Variable>) -> BTreeMap<String, String> {
    variables.filter_map(|variable| Some((variable.name.to_string(), value(variable)?))).collect()
}

/// Each of them in words.
pub fn texts(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(Difference::to_string).collect()
}

/// For people, one line of them all; none where there are none.
pub fn line(differences: &[Difference]) -> Option<String> {
    let all = || format!("what differs in how they were made: {}", texts(differences).join("; "));
    (!differences.is_empty()).then(all)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was {}, now {}", self.what, shown(&self.was), shown(&self.now))
    }
}

/// A condition's value for people; in quotes where its end would not be seen.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "unset".into(),
        Value::String(text) if !text.is_empty() && !text.contains([' ', ';', ',']) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(processor: &str, environment: &[(&str, &str)]) -> Conditions {
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Conditions { processor: Some(processor.into()), environment: Some(environment), ..Conditions::default() }
    }

    #[test]
    fn what_differs_is_one_line_and_what_is_equal_is_none() {
        let then = conditions("AMD EPYC 7B13", &[]);
        let now = conditions("Intel Xeon", &[("MKL_CBWR", "AVX2"), ("OMP_NUM_THREADS", "1")]);
        let text = line(&now.since(&then)).unwrap();
        let expected = r#"what differs in how they were made: processor was "AMD EPYC 7B13", now "Intel Xeon"; MKL_CBWR was unset, now AVX2"#;
        assert_eq!(text, expected);
        assert_eq!(line(&then.since(&then)), None);
    }

    #[test]
    fn what_one_side_does_not_record_is_no_difference() {
        let now = conditions("Intel Xeon", &[("MKL_CBWR", "AVX2")]);
        assert_eq!(Conditions::default().since(&now), []);
        assert_eq!(conditions("Intel Xeon", &[]).since(&Conditions::default()), []);
        // What is set now may be the reason, whatever it was then.
        let text = line(&now.since(&Conditions::default())).unwrap();
        assert_eq!(text, r#"what differs in how they were made: MKL_CBWR was "not recorded", now AVX2"#);
    }

    #[test]
    fn a_file_without_them_is_read() {
        assert_eq!(serde_json::from_str::<Conditions>("{}").unwrap(), Conditions::default());
    }
}
