//! `history.csv`: one line an epoch.

use std::fmt::Display;

/// `epoch,loss`, each loss in the shortest form that reads back to the same float (a dtype's own, float32 or 64).
pub fn csv<T: Display>(losses: &[T]) -> String {
    csv_after(0, losses)
}

/// The same for losses of the epochs after `epochs`.
pub fn csv_after<T: Display>(epochs: usize, losses: &[T]) -> String {
    let lines = losses.iter().enumerate().map(|(index, loss)| format!("{},{loss}\n", epochs + index + 1));
    std::iter::once("epoch,loss\n".to_string()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn losses_are_written_in_the_shortest_form_of_their_dtype() {
        assert_eq!(super::csv(&[0.1_f32, 2.0]), "epoch,loss\n1,0.1\n2,2\n");
        assert_eq!(super::csv(&[0.1_f64 + 0.2]), "epoch,loss\n1,0.30000000000000004\n");
    }
}
