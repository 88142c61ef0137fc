//! What a trained model is shown with: pictures of its evaluation, and a page that holds everything.

mod base64;
mod classes;
mod curves;
mod html;
mod numbers;
mod surface;

pub use classes::{confusion_matrix, precision_recall, roc};
pub use curves::{curve, importance, learning_curves, loss_picture};
pub use html::{Block, Section, Table, html};
pub use numbers::{predicted_against_actual, residuals};
pub use surface::{ShownRows, decision_surface, prediction_curve, prediction_surface};

/// `name` cut to `longest` characters, an ellipsis where something is missing: in the middle, since names of one kind
/// tend to differ at their start or at their end.
fn short(name: &str, longest: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= longest {
        return name.into();
    }
    let (head, tail) = (longest / 2, longest.saturating_sub(1) / 2);
    letters[..head].iter().chain(['…'].iter()).chain(&letters[letters.len() - tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_long_name_keeps_both_of_its_ends() {
        assert_eq!((short("Größe", 5), short("Größen", 5)), ("Größe".into(), "Gr…en".into()));
        assert_eq!((short("species number 1", 8), short("species number 2", 1)), ("spec…r 1".into(), "…".into()));
    }
}
