//! Dropout with the masks that `exact` draws.

use super::*;
use crate::record::Recording;
use crate::torch::script::generator_state;
use crate::train::config::TrainConfig;
use crate::train::engine::autograd::Autograd;
use crate::train::engine::interface::{Batch, Engine};
use crate::train::task::Task;

fn with_dropout(activation: &str, rows: i64, hidden: &[i64]) -> Case {
    let widths = [&[4], hidden, &[3]].concat();
    let mut case = Case::new(7, rows, &widths, activation, "cross-entropy", true, true);
    case.net.config.dropout = 0.3;
    case
}

/// Three epochs of plain descent in batches of 32 rows, the last one smaller: losses, weights and the generator at the end.
fn trained<'a>(case: &'a Case, engine: impl FnOnce(&Task<'a>) -> Box<dyn Engine + 'a>, config: &'a TrainConfig) -> End {
    let Case { net, loss, .. } = case;
    let torch = seeded(3);
    let mut engine = engine(&Task { net, loss, config, train: case.part(), valid: None, record: Recording::to(None) });
    let mut grads = FlatTensors::zeros(net.parameters.shapes(), Device::Cpu).unwrap();
    let mut alone = Vec::new();
    for _ in 0..3 {
        let order = Tensor::randperm(case.x.size()[0], (Kind::Int64, Device::Cpu));
        for index in order.split(32, 0) {
            engine.gradients(Batch::of(&index), &mut grads).unwrap();
            let _ = tch::no_grad(|| net.parameters.flat.shallow_clone().g_sub_(&(&grads.flat * 0.5)));
        }
        alone.push(engine.evaluate(&case.part()).unwrap());
    }
    engine.gradients(Batch::All, &mut grads).unwrap();
    engine.gradients(Batch::Slice { first: 5, rows: 40 }, &mut grads).unwrap();
    let losses = [engine.losses().unwrap(), alone].concat();
    let generator = generator_state().unwrap();
    drop(torch);
    End { losses, weights: net.parameters.flat.copy(), generator }
}

struct End {
    losses: Vec<f64>,
    weights: Tensor,
    generator: Vec<u8>,
}

#[test]
fn epochs_with_dropout_have_the_masks_and_losses_of_exact() {
    let config = TrainConfig::default();
    for (activation, hidden) in [("relu", &[40, 17][..]), ("tanh", &[9]), ("elu", &[33, 8, 5]), ("gelu", &[20, 20])] {
        let case = with_dropout(activation, 150, hidden);
        let exact = trained(&case, |task| Box::new(Autograd::new(task)), &config);
        for threads in [1, 2] {
            let case = with_dropout(activation, 150, hidden);
            let plan = Plan::of(&case.net.config, &case.loss, Device::Cpu).unwrap();
            let fused = trained(
                &case,
                |task| {
                    let mut engine = FusedEngine::new(task, plan.clone()).unwrap();
                    engine.fused = Fused::new(plan, threads);
                    Box::new(engine)
                },
                &config,
            );
            assert_eq!(exact.losses.len(), 3 * 5 + 2 + 3);
            for (step, (found, expected)) in fused.losses.iter().zip(&exact.losses).enumerate() {
                let what = format!("{activation}, {threads} threads, loss {step}: {found}, not {expected}");
                assert!((found - expected).abs() <= 1e-5 * expected, "{what}");
            }
            let off = f64::try_from((&fused.weights - &exact.weights).abs().max()).unwrap();
            assert!(off <= 1e-5, "{activation}: {off:e}");
            assert!(fused.generator == exact.generator, "{activation}: other draws");
        }
    }
}

/// Loss and gradients of all rows with masks that are drawn now.
pub(super) fn under_masks(case: &Case, threads: usize, isa: Isa) -> (f64, Vec<Tensor>) {
    let mut engine = case.engine(threads, isa);
    let masks = dropout::draw(engine.plan(), case.x.size()[0] as usize).unwrap().unwrap();
    let mut grads = FlatTensors::zeros(case.net.parameters.shapes(), Device::Cpu).unwrap();
    let rows = PartRows::of(&case.part(), &case.loss).unwrap();
    let mut work = |parameters: &[f32], grads: &mut [f32]| {
        rows.read(None, |rows| {
            masks.read(|masks| engine.gradients(parameters, Rows { masks: Some(masks), ..rows }, grads))
        })
    };
    let loss = case.net.parameters.read(|parameters| grads.write(|grads| work(parameters, grads)));
    (loss.unwrap().unwrap(), grads.views().unwrap())
}

/// Some thousand rows, several tiles a thread.
#[test]
fn gradients_under_a_mask_are_those_of_autograd() {
    for activation in ["identity", "relu", "tanh", "sigmoid", "selu", "mish"] {
        let case = with_dropout(activation, 3000, &[70, 30]);
        let torch = seeded(5);
        let expected = case.autograd(None);
        for isa in Isa::all() {
            torch.seed(5);
            close(&under_masks(&case, 3, isa), &expected, &format!("{}: {activation}", isa.name()));
        }
    }
}
