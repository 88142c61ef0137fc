//! Where there is a card: it gives the bits of the processor that runs the same source.

use super::CudaEngine;
use super::engine::Compile;
use super::source::Kernels;
use super::tests::{PROCESSOR, compiler};
use crate::model::loss::Loss;
use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use crate::record::Recording;
use crate::torch::cuda::Program;
use crate::torch::device::CudaState;
use crate::train::config::TrainConfig;
use crate::train::engine::fused::Plan;
use crate::train::engine::fused::tests::{Case, NETS};
use crate::train::engine::interface::{Batch, Engine, Steps};
use crate::train::optim::{Adam, Optimizer};
use crate::train::task::{Part, Task};
use tch::{Device, Tensor};

const CARD: Compile = |kernels: Kernels, plan, shape, device| Program::compile(&kernels.for_card(plan, shape), device);

/// Losses, gradients, and the parameters behind three updates, on `device`.
fn run(case: &Case, rows: usize, device: Device, compile: Compile) -> (Vec<f64>, Tensor, Tensor) {
    let net = Mlp::new(&case.net.config, device).unwrap();
    net.load(&case.net.copies().unwrap()).unwrap();
    let loss = Loss::new(case.loss.kind);
    let (x, y) = (case.part().x.share().to_device(device).unwrap(), case.part().y.to_device(device));
    let config = TrainConfig { batch_size: None, ..TrainConfig::default() };
    let train = Part { x: &x, y: &y, weight: None };
    let task = Task { net: &net, loss: &loss, config: &config, train, valid: None, record: Recording::to(None) };
    let plan = Plan::of(&net.config, &loss, Device::Cuda(0)).unwrap();
    let mut engine = CudaEngine::with(&task, plan, compile).unwrap();
    let mut grads = FlatTensors::zeros(net.parameters.shapes(), device).unwrap();
    engine.gradients(Batch::All, &mut grads).unwrap();
    let mut adam = Adam::new(net.parameters.shapes(), 0.01, device).unwrap();
    if engine.walks(rows).unwrap() {
        let settings = (0..3).map(|_| adam.ahead()).collect();
        let steps = Steps { size: rows, seen: rows, orders: None, settings, buffers: adam.buffers() };
        engine.steps(&steps).unwrap();
    }
    let losses = engine.losses().unwrap();
    (losses, grads.flat.to_device(Device::Cpu), net.parameters.flat.to_device(Device::Cpu).copy())
}

#[test]
fn a_card_gives_the_bits_of_the_processor() {
    let state = CudaState::look().unwrap();
    if !matches!(state, CudaState::Ready(_)) {
        eprintln!("skipped: {}", state.found());
        return;
    }
    if !compiler() {
        return;
    }
    for (index, (widths, activation, loss)) in NETS.into_iter().enumerate() {
        for rows in [1, 7, 43, 200, 1000] {
            let case = Case::new(index as i64, rows, widths, activation, loss, false, false);
            let card = run(&case, rows as usize, Device::Cuda(0), CARD);
            let processor = run(&case, rows as usize, Device::Cpu, PROCESSOR);
            let what = format!("{widths:?} {activation} {loss}, {rows} rows");
            assert_eq!(card.0, processor.0, "{what}");
            assert!(card.1.equal(&processor.1), "{what}: gradients");
            assert!(card.2.equal(&processor.2), "{what}: parameters");
        }
    }
}
