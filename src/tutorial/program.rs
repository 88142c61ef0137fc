//! The names of the five programs.

use crate::choices::names::named;

named! {
    /// One of the tutorial's programs, in its order.
    pub enum Program {
        Exhaustive = "exhaustive",
        Descent = "descent",
        TwoLayer = "two-layer",
        Boston = "boston",
        Moons = "moons",
    }
}
