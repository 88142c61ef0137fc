//! The kernels on the processor, through everything but the driver: held against autograd, and against the updates of `exact`.

use super::CudaEngine;
use super::engine::Compile;
use super::shape::Shape;
use super::source::Kernels;
use crate::model::parameters::FlatTensors;
use crate::record::Recording;
use crate::torch::cuda::emulated;
use crate::torch::testing::seeded;
use crate::train::config::TrainConfig;
use crate::train::engine::fused::Plan;
use crate::train::engine::fused::tests::{Case, NETS, close};
use crate::train::engine::interface::{Batch, Engine, Steps};
use crate::train::optim::{Adam, Optimizer};
use crate::train::task::Task;
use tch::{Device, Kind, Tensor};

pub const PROCESSOR: Compile = |kernels, plan, shape, _| emulated::compile(&kernels.for_processor(plan, shape));

/// Whether there is a compiler; without one these tests say so and pass.
pub fn compiler() -> bool {
    let there = emulated::is_there();
    if !there {
        eprintln!("skipped: there is no g++");
    }
    there
}

fn task<'a>(case: &'a Case, config: &'a TrainConfig) -> Task<'a> {
    let (net, loss, train) = (&case.net, &case.loss, case.part());
    Task { net, loss, config, train, valid: None, record: Recording::to(None) }
}

/// Loss and gradients of a batch, one tensor a parameter.
fn gradients(case: &Case, config: &TrainConfig, batch: Batch<'_>) -> (f64, Vec<Tensor>) {
    gradients_by(PROCESSOR, case, config, batch)
}

fn gradients_by(compile: Compile, case: &Case, config: &TrainConfig, batch: Batch<'_>) -> (f64, Vec<Tensor>) {
    let plan = Plan::of(&case.net.config, &case.loss, Device::Cuda(0)).unwrap();
    let mut engine = CudaEngine::with(&task(case, config), plan, compile).unwrap();
    let mut grads = FlatTensors::zeros(case.net.parameters.shapes(), Device::Cpu).unwrap();
    engine.gradients(batch, &mut grads).unwrap();
    let loss = engine.losses().unwrap()[0];
    if matches!(batch, Batch::All) {
        let alone = engine.evaluate(&case.part()).unwrap();
        assert!(alone == loss || alone.is_nan() && loss.is_nan());
    }
    (loss, grads.views().unwrap())
}

#[test]
fn losses_and_gradients_are_those_of_autograd() {
    if !compiler() {
        return;
    }
    for (index, (widths, activation, loss)) in NETS.into_iter().enumerate() {
        for rows in [1, 7, 43, 1000] {
            let case = Case::new(index as i64, rows, widths, activation, loss, false, false);
            let found = gradients(&case, &TrainConfig::default(), Batch::All);
            close(&found, &case.autograd(None), &format!("{widths:?} {activation} {loss}, {rows} rows"));
        }
    }
}

#[test]
fn a_tile_that_does_not_fit_into_shared_memory_gives_the_same() {
    if !compiler() {
        return;
    }
    let case = Case::new(1, 200, &[400, 300, 3], "relu", "cross-entropy", false, false);
    let plan = Plan::of(&case.net.config, &case.loss, Device::Cuda(0)).unwrap();
    assert!(!Shape::of_share(&plan).shares);
    close(&gradients(&case, &TrainConfig::default(), Batch::All), &case.autograd(None), "wide");
}

#[test]
fn weights_of_rows_and_classes_count_as_in_the_exact_loss() {
    if !compiler() {
        return;
    }
    for (widths, loss) in [([4, 6, 3], "cross-entropy"), ([4, 6, 1], "bce"), ([4, 6, 1], "mse")] {
        for (weighted, by_class) in [(true, false), (false, loss != "mse"), (true, loss != "mse")] {
            let case = Case::new(3, 150, &widths, "tanh", loss, weighted, by_class);
            let what = format!("{loss}, rows {weighted}, classes {by_class}");
            close(&gradients(&case, &TrainConfig::default(), Batch::All), &case.autograd(None), &what);
        }
    }
}

#[test]
fn a_batch_is_the_rows_of_its_indices_or_those_from_a_place_on() {
    if !compiler() {
        return;
    }
    let case = Case::new(1, 500, &[3, 20, 2], "tanh", "cross-entropy", true, false);
    let torch = seeded(1);
    let index = Tensor::randperm(500, (Kind::Int64, Device::Cpu)).narrow(0, 100, 77);
    let slice = Tensor::arange_start(90, 90 + 33, (Kind::Int64, Device::Cpu));
    drop(torch);
    let config = TrainConfig::default();
    close(&gradients(&case, &config, Batch::of(&index)), &case.autograd(Some(&index)), "rows");
    close(&gradients(&case, &config, Batch::Slice { first: 90, rows: 33 }), &case.autograd(Some(&slice)), "slice");
}

#[test]
fn l1_and_batches_of_an_update_count_in_the_gradients() {
    if !compiler() {
        return;
    }
    let case = Case::new(1, 50, &[3, 20, 2], "tanh", "cross-entropy", false, false);
    let (loss, mut expected) = case.autograd(None);
    for (grad, param) in expected.iter_mut().zip(case.net.parameters.views().unwrap()) {
        let l1 = if param.dim() == 2 { param.sign() * 0.01 } else { param.zeros_like() };
        *grad = (&*grad + l1) / 4.0;
    }
    let config = TrainConfig { l1: 0.01, accumulate: 4, ..TrainConfig::default() };
    close(&gradients(&case, &config, Batch::All), &(loss, expected), "l1");
}

#[test]
fn not_a_number_comes_out_as_not_a_number() {
    if !compiler() {
        return;
    }
    for (activation, loss, outputs) in [("tanh", "cross-entropy", 2), ("relu", "mse", 1), ("sigmoid", "bce", 1)] {
        let case = Case::new(5, 40, &[2, 5, outputs], activation, loss, false, false);
        let _ = case.part().x.dense().unwrap().get(30).fill_(f64::NAN);
        let (loss, grads) = gradients(&case, &TrainConfig::default(), Batch::All);
        assert!(loss.is_nan() && grads.iter().all(|grad| grad.isnan().any().int64_value(&[]) == 1));
    }
}

/// Four updates by one block: their losses and the parameters behind them.
fn walked(compile: Compile) -> (Vec<f64>, Tensor) {
    let case = Case::new(1, 30, &[3, 20, 2], "tanh", "cross-entropy", false, false);
    let config = TrainConfig { batch_size: Some(12), ..TrainConfig::default() };
    let plan = Plan::of(&case.net.config, &case.loss, Device::Cuda(0)).unwrap();
    let mut engine = CudaEngine::with(&task(&case, &config), plan, compile).unwrap();
    let mut adam = Adam::new(case.net.parameters.shapes(), 0.01, Device::Cpu).unwrap();
    assert!(engine.walks(12).unwrap());
    let settings = (0..4).map(|_| adam.ahead()).collect();
    engine.steps(&Steps { size: 12, seen: 24, orders: None, settings, buffers: adam.buffers() }).unwrap();
    (engine.losses().unwrap(), case.net.parameters.flat.copy())
}

/// Where a block has its threads, a missing SYNC() shows.
#[test]
fn a_block_of_threads_gives_the_bits_of_one_thread() {
    if !compiler() {
        return;
    }
    const THREADED: Compile = |kernels, plan, shape, _| {
        emulated::compile(&format!("#define THREADED\n{}", kernels.for_processor(plan, shape)))
    };
    let case = Case::new(1, 70, &[3, 20, 2], "tanh", "cross-entropy", true, false);
    let config = TrainConfig::default();
    let (one, all) = (gradients(&case, &config, Batch::All), gradients_by(THREADED, &case, &config, Batch::All));
    assert!(one.0 == all.0 && one.1.iter().zip(&all.1).all(|(one, all)| one.equal(all)));
    let (one, all) = (walked(PROCESSOR), walked(THREADED));
    assert!(one.0 == all.0 && one.0.len() == 4 && one.1.equal(&all.1));
}

/// NVRTC needs no card to compile for one.
#[test]
fn nvrtc_compiles_every_kernel_without_a_card() {
    use crate::torch::cuda::{can_compile, machine_code};
    if let Err(why) = can_compile() {
        eprintln!("skipped: {why:#}");
        return;
    }
    for (index, (widths, activation, loss)) in NETS.into_iter().enumerate() {
        let case = Case::new(index as i64, 1, widths, activation, loss, false, false);
        let plan = Plan::of(&case.net.config, &case.loss, Device::Cuda(0)).unwrap();
        let steps = Shape::of_steps(&plan, 43).map(|shape| (Kernels::Steps, shape));
        for (kernels, shape) in [(Kernels::Gradients, Shape::of_share(&plan))].into_iter().chain(steps) {
            // Each network on one of the architectures: a compilation takes a second or two.
            let capability = [75, 80, 86, 90, 100][index % 5];
            let code = machine_code(&kernels.for_card(&plan, shape), capability).unwrap();
            assert!(code.starts_with(b"\x7fELF"), "{widths:?}");
        }
    }
}
