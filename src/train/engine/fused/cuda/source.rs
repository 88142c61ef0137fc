//! The kernels' source: the network's constants, and the files behind them.

use super::able::{activation, loss};
use super::shape::Shape;
use crate::train::engine::fused::Plan;

/// Which kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// `share` and `collect`.
    Gradients,
    /// `steps`.
    Steps,
}

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("kernels/", $name)))
    };
}

const BLOCK: (&str, &str) = file!("block.h");
const COMMON: [(&str, &str); 4] = [file!("math.h"), file!("layer.h"), file!("loss.h"), file!("tile.h")];

impl Kernels {
    /// For NVRTC.
    pub fn for_card(self, plan: &Plan, shape: Shape) -> String {
        self.source(plan, shape, BLOCK, &[])
    }

    /// For g++.
    #[cfg(test)]
    pub fn for_processor(self, plan: &Plan, shape: Shape) -> String {
        self.source(plan, shape, file!("cpu.h"), &[file!("emulated.h")])
    }

    fn source(self, plan: &Plan, shape: Shape, first: (&str, &str), last: &[(&str, &str)]) -> String {
        let own = match self {
            Self::Gradients => file!("gradients.cu"),
            Self::Steps => file!("steps.cu"),
        };
        let mut text = constants(plan, shape);
        if self == Self::Steps {
            text += "#define STEPS\n";
        }
        for (name, file) in [first].iter().chain(&COMMON).chain(&[own]).chain(last) {
            text += &format!("#line 1 \"{name}\"\n{file}");
        }
        text
    }
}

fn constants(plan: &Plan, shape: Shape) -> String {
    let list =
        |numbers: &mut dyn Iterator<Item = usize>| numbers.map(|number| format!("{number}, ")).collect::<String>();
    // Without a name, which `able` does not let through, the comparisons with it do not compile.
    let (activation, criterion) = (activation(plan.activation).unwrap_or(""), loss(plan.loss).unwrap_or(""));
    let names = ["IDENTITY", "RELU", "TANH", "SIGMOID", "CROSS_ENTROPY", "BCE", "MSE"];
    let names = names.iter().enumerate().map(|(number, name)| format!("#define {name} {number}\n"));
    let Shape { tile, threads, sliced, .. } = shape;
    names.collect::<String>()
        + &format!(
            "#define ACTIVATION {activation}\n#define CRITERION {criterion}\n\
             #define TILE {tile}\n#define THREADS {threads}\n#define SLICED {sliced}\n\
             constexpr int LAYERS = {}, LENGTH = {};\n\
             constexpr int WIDTHS[] = {{{}}}, WEIGHTS[] = {{{}}}, BIASES[] = {{{}}};\n",
            plan.layers.len(),
            plan.length,
            list(&mut plan.widths()),
            list(&mut plan.layers.iter().map(|layer| layer.weight)),
            list(&mut plan.layers.iter().map(|layer| layer.bias)),
        )
}
