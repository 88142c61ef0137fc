//! Numbers that stand in pictures for names that no font has the letters of: `#3`.

use super::{Cells, Figure, Layer, font};

/// The names that were replaced, in the order of their numbers from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandIns(Vec<String>);

impl StandIns {
    /// What the numbers stand for, for people; nothing where no name was replaced.
    pub fn text(&self) -> Option<String> {
        let names = self.0.iter().enumerate().map(|(index, name)| format!("#{} is {name}", index + 1));
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| {
            format!("in the pictures, whose fonts lack their letters, numbers stand for names: {}", names.join(", "))
        })
    }

    /// Replaces in a figure's texts what can be drawn by no font.
    pub fn replace(&mut self, figure: &mut Figure) {
        self.text_of(&mut figure.title);
        for panel in &mut figure.panels {
            for text in [&mut panel.title, &mut panel.x.label, &mut panel.y.label] {
                self.text_of(text);
            }
            let ticks = [&mut panel.x.ticks, &mut panel.y.ticks].into_iter().flatten().flatten();
            ticks.for_each(|(_, label)| self.text_of(label));
            panel.layers.iter_mut().for_each(|layer| self.layer(layer));
        }
    }

    fn layer(&mut self, layer: &mut Layer) {
        let label = match layer {
            Layer::Line(line) => line.label.as_mut(),
            Layer::Points(points) => points.label.as_mut(),
            Layer::Band(band) => band.label.as_mut(),
            Layer::Heatmap(map) => Some(&mut map.label),
            Layer::Regions(regions) => match &mut regions.cells {
                Cells::Values(_, scale) => Some(&mut scale.label),
                Cells::Classes(_) => None,
            },
            Layer::Bars(_) => None,
        };
        label.into_iter().for_each(|label| self.text_of(label));
    }

    /// In a text that no font has all letters of, words that the built-in font lacks become one number, with the blanks between
    /// them: the others are set in that font.
    fn text_of(&mut self, text: &mut String) {
        if font::can_draw(text) {
            return;
        }
        let (mut made, mut open) = (Vec::new(), None);
        for word in text.split(' ') {
            if font::is_built_in(word) {
                self.close(&mut open, "", &mut made);
                made.push(word.to_string());
                continue;
            }
            let (head, name, tail) = bare(word);
            if !head.is_empty() {
                self.close(&mut open, "", &mut made);
            }
            open.get_or_insert((head, Vec::new())).1.push(name);
            if !tail.is_empty() {
                self.close(&mut open, tail, &mut made);
            }
        }
        self.close(&mut open, "", &mut made);
        *text = made.join(" ");
    }

    /// Ends a name that is open: its words, with what stands before the first and behind the last.
    fn close(&mut self, open: &mut Option<(&str, Vec<&str>)>, tail: &str, made: &mut Vec<String>) {
        let Some((head, words)) = open.take() else { return };
        let name = words.join(" ");
        let known = self.0.iter().position(|other| *other == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        });
        made.push(format!("{head}#{}{tail}", known + 1));
    }
}

/// A word without the signs before and behind it, such as a comma.
fn bare(word: &str) -> (&str, &str, &str) {
    let rest = word.trim_start_matches(|letter: char| letter.is_ascii_punctuation());
    let name = rest.trim_end_matches(|letter: char| letter.is_ascii_punctuation());
    (&word[..word.len() - rest.len()], name, &rest[name.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Line, Panel, Points};

    /// Letters of the private use area, which no font has.
    const A: &str = "\u{10fffd}";
    const B: &str = "\u{10fffc}x";

    #[test]
    fn a_name_has_its_number_wherever_it_stands() {
        let line = Line::new(vec![(0.0, 0.0), (1.0, 1.0)]).label(format!("{A} {B} (AUC 0.5)"));
        let panel = Panel::new("", format!("true {B}"), "y")
            .layer(line)
            .layer(Points::new(vec![(0.5, 0.5)]).label(A))
            .x_ticks(vec![(0.0, B.into()), (1.0, "plain".into())]);
        let mut figure = Figure::new(format!("{A} by year")).panel(panel);
        let mut names = StandIns::default();
        assert_eq!(names.text(), None);
        names.replace(&mut figure);
        let panel = &figure.panels[0];
        assert_eq!(
            (figure.title.as_str(), panel.x.label.as_str(), panel.y.label.as_str()),
            ("#1 by year", "true #2", "y")
        );
        let labels = panel.x.ticks.as_ref().unwrap().iter().map(|(_, label)| label.as_str());
        assert_eq!(labels.collect::<Vec<_>>(), ["#2", "plain"]);
        let Layer::Line(line) = &panel.layers[0] else { panic!("{:?}", panel.layers[0]) };
        assert_eq!(line.label.as_deref(), Some("#3 (AUC 0.5)"));
        let Layer::Points(points) = &panel.layers[1] else { panic!("{:?}", panel.layers[1]) };
        assert_eq!(points.label.as_deref(), Some("#1"));
        let text = names.text().unwrap();
        assert!(text.ends_with(&format!("#1 is {A}, #2 is {B}, #3 is {A} {B}")), "{text}");
        figure.png().unwrap();
    }

    #[test]
    fn a_comma_is_no_part_of_a_name() {
        let mut names = StandIns::default();
        let mut text = format!("true − predicted {A} {B}, ({A}) {A}={B}");
        names.text_of(&mut text);
        assert_eq!(text, "true − predicted #1, (#2) #3");
        assert_eq!(names.0, [format!("{A} {B}"), A.into(), format!("{A}={B}")]);
    }
}
