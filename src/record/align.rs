//! Two records of one step laid beside each other: by phase, kind, path and call, whatever one side lacks.

use super::format::{Event, Kind, Phase, Place};
use super::names::Names;
use super::reader::Step;
use std::collections::{HashMap, HashSet};

/// The same tensor on both sides.
#[derive(Debug, Clone)]
pub struct Pair<'a> {
    /// As the first record has it.
    pub place: Place,
    pub a: &'a Event,
    pub b: &'a Event,
}

/// A step of both.
#[derive(Debug, Default)]
pub struct Aligned<'a> {
    /// In the order of the first record.
    pub pairs: Vec<Pair<'a>>,
    /// What only one side has, first and second.
    pub alone: [Vec<Place>; 2],
}

/// Pairs the events of a step. Where one side says what clipping made of a gradient and the other does not, that one's optimizer
/// got it as backward left it.
pub fn align<'a>(a: &'a Step, b: &'a Step, names: &Names) -> Aligned<'a> {
    let ours: HashMap<Place, &Event> = b.events.iter().map(|event| (names.place(event), event)).collect();
    let theirs: HashMap<Place, &Event> = a.events.iter().map(|event| (event.place(), event)).collect();
    let mut aligned = Aligned::default();
    let mut used = HashSet::new();
    for event in &a.events {
        let place = event.place();
        match find(&ours, &place) {
            Some(other) => {
                used.insert(other.key());
                aligned.pairs.push(Pair { place, a: event, b: other });
            }
            None => aligned.alone[0].push(place),
        }
    }
    for event in &b.events {
        let place = names.place(event);
        if used.contains(&event.key()) {
            continue;
        }
        match find(&theirs, &place) {
            Some(other) => {
                // Only a clipped gradient gets here: it goes before the update that it was for.
                let later = |pair: &Pair<'_>| pair.place.phase == Phase::Update && pair.place.kind != Kind::Clipped;
                let at = aligned.pairs.iter().position(later);
                let at = at.unwrap_or(aligned.pairs.len());
                aligned.pairs.insert(at, Pair { place, a: other, b: event });
            }
            None => aligned.alone[1].push(place),
        }
    }
    aligned
}

/// The event at a place; of a clipped gradient that was not recorded, and of one that came more often here than there, the last one
/// that backward left.
fn find<'a>(events: &HashMap<Place, &'a Event>, place: &Place) -> Option<&'a Event> {
    if let Some(event) = events.get(place) {
        return Some(event);
    }
    if place.kind != Kind::Clipped && !(place.kind == Kind::Gradient && place.call > 0) {
        return None;
    }
    let gradient = |call| Place { phase: Phase::Backward, kind: Kind::Gradient, call, ..place.clone() };
    (0..).map_while(|call| events.get(&gradient(call)).copied()).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(phase: Phase, kind: Kind, path: &str, hash: &str) -> Event {
        Event { hash: Some(hash.into()), ..Event::new(0, phase, kind, path) }
    }

    #[test]
    fn what_one_side_lacks_is_counted_and_a_clipped_gradient_finds_the_raw_one() {
        let raw = |hash| event(Phase::Backward, Kind::Gradient, "w", hash);
        let clipped = event(Phase::Update, Kind::Clipped, "w", "c");
        let updated = |hash| event(Phase::Update, Kind::Parameter, "w", hash);
        let a = Step { number: 0, events: vec![event(Phase::Forward, Kind::Input, "fc", "x"), raw("g"), updated("p")] };
        let b = Step { number: 0, events: vec![raw("g"), clipped, updated("q")] };
        let aligned = align(&a, &b, &Names::default());
        let kinds: Vec<_> = aligned.pairs.iter().map(|pair| (pair.place.kind, pair.a.equals(pair.b))).collect();
        assert_eq!(kinds, [(Kind::Gradient, true), (Kind::Clipped, false), (Kind::Parameter, false)]);
        assert_eq!((aligned.alone[0].len(), aligned.alone[1].len()), (1, 0));
        // The other way round too.
        let aligned = align(&b, &a, &Names::default());
        let kinds: Vec<_> = aligned.pairs.iter().map(|pair| pair.place.kind).collect();
        assert_eq!(kinds, [Kind::Gradient, Kind::Clipped, Kind::Parameter]);
        assert_eq!((aligned.alone[0].len(), aligned.alone[1].len()), (0, 1));
    }
}
