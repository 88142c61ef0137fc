//! torch's CPU generator, of which a process has one. Trainings beside each other each have a state of their own, which is set
//! while they draw: what they draw is what they would draw alone.

use crate::torch::script::{generator_state, set_generator_state};
use anyhow::Result;
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

thread_local! {
    /// The state that this thread draws from; none: that of the process.
    static OWN: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Whose turn it is to draw, of the threads that have a state of their own.
static TURN: Mutex<()> = Mutex::new(());

/// Runs `work` on this thread with a generator of its own, which begins as the process's is, and becomes it at the end. Everything
/// that draws meanwhile, on any thread, must do so in [`drawn`] and apart.
///
/// # Errors
/// Those of `work`.
pub fn apart<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let state = {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        generator_state()?
    };
    OWN.set(Some(state));
    let made = work();
    let own = OWN.take();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    own.map_or(Ok(()), |own| set_generator_state(&own))?;
    made
}

/// What `draw` gives, which draws from this training's generator. Within another such call it is the same turn.
///
/// # Errors
/// Those of `draw`.
pub fn drawn<T, E>(draw: impl FnOnce() -> Result<T, E>) -> Result<T>
where
    anyhow::Error: From<E>,
{
    let Some(own) = OWN.take() else { return Ok(draw()?) };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    set_generator_state(&own)?;
    let made = draw();
    OWN.set(Some(generator_state()?));
    Ok(made?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;
    use std::sync::Barrier;
    use tch::{Device, Kind, Tensor};

    fn draw() -> Result<f64> {
        drawn(|| Tensor::f_rand([1], (Kind::Double, Device::Cpu))?.f_double_value(&[0]))
    }

    #[test]
    fn threads_that_draw_in_turn_draw_what_each_would_draw_alone() {
        let _torch = seeded(0);
        let seed = |seed| {
            drawn(|| {
                tch::manual_seed(seed);
                anyhow::Ok(())
            })
        };
        let alone: Vec<Vec<f64>> = (0..2)
            .map(|own| {
                seed(own).unwrap();
                (0..50).map(|_| draw().unwrap()).collect()
            })
            .collect();
        assert_ne!(alone[0], alone[1]);
        let barrier = Barrier::new(2);
        let beside = |own: i64| {
            apart(|| {
                seed(own)?;
                let mut drawn = Vec::new();
                for _ in 0..50 {
                    barrier.wait();
                    // A draw in a draw is one turn.
                    drawn.push(super::drawn(draw)?);
                }
                Ok(drawn)
            })
        };
        let found: Vec<Vec<f64>> = std::thread::scope(|scope| {
            let beside = &beside;
            let threads: Vec<_> = (0..2).map(|own| scope.spawn(move || beside(own).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found, alone);
    }
}
