//! Which engine trains, and why not the one that was asked for: decided here and nowhere else.

use super::autograd::Autograd;
use super::fused::{CudaEngine, FusedEngine, Plan};
use super::interface::Engine;
use super::tanh_net::TanhNet;
use crate::train::engine_kind::EngineKind;
use crate::train::task::Task;
use anyhow::Result;
use tch::Device;

/// The engine of a training.
pub struct Choice<'a> {
    pub engine: Box<dyn Engine + 'a>,
    /// Where it is not the one that was asked for, what that one cannot do: `it has no batch norm`.
    pub instead: Option<String>,
}

/// The engine that the task's settings ask for; where the fused engine cannot do a task, the exact one.
pub fn choose<'a>(task: &Task<'a>) -> Result<Choice<'a>> {
    match task.config.engine {
        EngineKind::Exact => Ok(Choice { engine: exact(task)?, instead: None }),
        EngineKind::Fused => match Plan::of(&task.net.config, task.loss, task.net.device()) {
            Ok(plan) => Ok(Choice { engine: fused(task, plan)?, instead: None }),
            Err(why) => Ok(Choice { engine: exact(task)?, instead: Some(why) }),
        },
    }
}

fn fused<'a>(task: &Task<'a>, plan: Plan) -> Result<Box<dyn Engine + 'a>> {
    Ok(match task.net.device() {
        Device::Cpu => Box::new(FusedEngine::new(task, plan)?),
        _ => Box::new(CudaEngine::new(task, plan)?),
    })
}

/// Python's order of operations, written out where the task allows it, else by autograd.
fn exact<'a>(task: &Task<'a>) -> Result<Box<dyn Engine + 'a>> {
    Ok(if TanhNet::suits(task) { Box::new(TanhNet::new(task)?) } else { Box::new(Autograd::new(task)) })
}
