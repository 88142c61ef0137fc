//! What the tensors of one record are called in the other: the same where all names are, else layer by layer.

use super::format::{Event, Kind, Model, Place};
use std::collections::HashMap;

/// The paths of the second record, as the first has them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    modules: HashMap<String, String>,
    /// Those that differ, in order: the first record's, the second's.
    pub changed: Vec<(String, String)>,
}

/// A module with its own parameters: the last part of each name, and the shape.
struct Layer<'a> {
    path: &'a str,
    parameters: Vec<(&'a str, &'a [i64])>,
}

impl Names {
    /// Of the first networks of two records.
    pub fn of(a: Option<&Model>, b: Option<&Model>) -> Self {
        let (Some(a), Some(b)) = (a, b) else { return Self::default() };
        let (theirs, ours) = (layers(a), layers(b));
        let same = ours.iter().all(|our| theirs.iter().any(|their| their.path == our.path));
        let alike = theirs.len() == ours.len() && theirs.iter().zip(&ours).all(|(a, b)| a.is_like(b));
        if same || !alike {
            return Self::default();
        }
        let mut names = Self::default();
        for (their, our) in theirs.iter().zip(&ours) {
            names.add(their.path, our.path);
        }
        names.between(a, b);
        names
    }

    fn add(&mut self, a: &str, b: &str) {
        if a != b {
            self.modules.insert(b.into(), a.into());
            self.changed.push((a.into(), b.into()));
        }
    }

    /// Modules without parameters, by their class between two that have some.
    fn between(&mut self, a: &Model, b: &Model) {
        for (theirs, ours) in gaps(a).into_iter().zip(gaps(b)) {
            let mut left = theirs;
            for (path, class) in ours {
                if let Some(place) = left.iter().position(|(_, other)| *other == class) {
                    let (their, _) = left.remove(place);
                    self.add(their, path);
                }
            }
        }
    }

    /// Where an event of the second record stands in the first.
    pub fn place(&self, event: &Event) -> Place {
        let place = event.place();
        let path = match event.kind {
            Kind::Parameter | Kind::Buffer | Kind::Gradient | Kind::Clipped => self.parameter(&place.path),
            Kind::State => match place.path.split_once('.') {
                Some((what, parameter)) => format!("{what}.{}", self.parameter(parameter)),
                None => place.path,
            },
            _ => self.modules.get(&place.path).cloned().unwrap_or(place.path),
        };
        Place { path, ..place }
    }

    fn parameter(&self, path: &str) -> String {
        let Some((module, leaf)) = path.rsplit_once('.') else { return path.into() };
        self.modules.get(module).map_or_else(|| path.into(), |module| format!("{module}.{leaf}"))
    }
}

impl Layer<'_> {
    /// Whether another has parameters of the same names and shapes; a weight may be transposed.
    fn is_like(&self, other: &Layer<'_>) -> bool {
        let find = |name| other.parameters.iter().find(|(other, _)| *other == name);
        self.parameters.len() == other.parameters.len()
            && self.parameters.iter().all(|(name, shape)| {
                find(*name).is_some_and(|(_, other)| shape == other || shape.iter().rev().eq(other.iter()))
            })
    }
}

/// The modules that have parameters of their own, in the order of the parameters.
fn layers(model: &Model) -> Vec<Layer<'_>> {
    let mut found: Vec<Layer<'_>> = Vec::new();
    for (name, shape, _) in &model.parameters {
        let (path, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        match found.iter_mut().find(|layer| layer.path == path) {
            Some(layer) => layer.parameters.push((leaf, shape)),
            None => found.push(Layer { path, parameters: vec![(leaf, shape)] }),
        }
    }
    found
}

/// Path and class of the modules before, between and behind those that have parameters; the outermost is none of them.
fn gaps(model: &Model) -> Vec<Vec<(&str, &str)>> {
    let layers = layers(model);
    let mut gaps = vec![vec![]];
    for (path, class) in model.modules.iter().filter(|(path, _)| !path.is_empty()) {
        if layers.iter().any(|layer| layer.path == path) {
            gaps.push(vec![]);
        } else if let Some(gap) = gaps.last_mut() {
            gap.push((path.as_str(), class.as_str()));
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::format::Phase;

    fn model(modules: &[(&str, &str)], parameters: &[(&str, &[i64])]) -> Model {
        Model {
            modules: modules.iter().map(|(path, class)| (path.to_string(), class.to_string())).collect(),
            parameters: parameters.iter().map(|(n, s)| (n.to_string(), s.to_vec(), "float32".into())).collect(),
            ..Model::default()
        }
    }

    fn names() -> Names {
        let sequential = model(
            &[("", "Sequential"), ("0", "Linear"), ("1", "Tanh"), ("2", "Dropout"), ("3", "Linear")],
            &[("0.weight", &[4, 2]), ("0.bias", &[4]), ("3.weight", &[1, 4]), ("3.bias", &[1])],
        );
        let mlp = model(
            &[("", "Mlp"), ("layers.0", "Linear"), ("dropouts.0", "Dropout"), ("layers.1", "Linear")],
            &[
                ("layers.0.bias", &[4]),
                ("layers.0.weight", &[2, 4]),
                ("layers.1.bias", &[1]),
                ("layers.1.weight", &[4, 1]),
            ],
        );
        Names::of(Some(&sequential), Some(&mlp))
    }

    #[test]
    fn layers_go_by_their_order_and_others_by_their_class() {
        let names = names();
        let place = |kind, path| names.place(&Event::new(0, Phase::Update, kind, path)).path;
        assert_eq!(place(Kind::Parameter, "layers.1.bias"), "3.bias");
        assert_eq!(place(Kind::State, "exp_avg.layers.0.weight"), "exp_avg.0.weight");
        assert_eq!(place(Kind::Output, "dropouts.0"), "2");
        assert_eq!(place(Kind::Input, ""), "");
        assert_eq!(names.changed[0], ("0".into(), "layers.0".into()));
    }

    #[test]
    fn the_same_names_stay_in_whatever_order_and_others_go_by_it() {
        let a = model(&[], &[("fc1.weight", &[4, 2]), ("fc2.weight", &[2, 4])]);
        let turned = model(&[], &[("fc2.weight", &[2, 4]), ("fc1.weight", &[4, 2])]);
        assert!(Names::of(Some(&a), Some(&turned)).changed.is_empty());
        let b = model(&[], &[("fc1.weight", &[4, 2]), ("out.weight", &[2, 4])]);
        assert_eq!(Names::of(Some(&a), Some(&b)).changed, [("fc2".into(), "out".into())]);
        // Counted otherwise: a name of both may be of two layers.
        let every_second = model(&[], &[("0.weight", &[4, 2]), ("2.weight", &[4, 4])]);
        let each = model(&[], &[("0.weight", &[4, 2]), ("1.weight", &[4, 4]), ("2.weight", &[1, 4])]);
        let three = model(&[], &[("0.weight", &[4, 2]), ("2.weight", &[4, 4]), ("4.weight", &[1, 4])]);
        assert!(Names::of(Some(&every_second), Some(&each)).changed.is_empty());
        let changed = Names::of(Some(&three), Some(&each)).changed;
        assert_eq!(changed, [("2".into(), "1".into()), ("4".into(), "2".into())]);
        let other = model(&[], &[("l.weight", &[5, 2]), ("m.weight", &[1, 5])]);
        assert!(Names::of(Some(&a), Some(&other)).changed.is_empty());
    }
}
