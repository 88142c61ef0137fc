//! Columns that are codes.

use super::*;
use crate::train::features::{Block, Coded, Layout};
use std::sync::Arc;

/// 30 columns, of which those in `rest` are numbers by themselves.
fn coded(mut case: Case, rest: Vec<usize>, blocks: Vec<Block>) -> Case {
    let torch = seeded(11);
    let rows = case.x.size()[0];
    let codes = blocks.iter().map(|block| {
        // Some rows have none.
        Tensor::randint_low(-1, block.count as i64, [rows, 1], (Kind::Int64, Device::Cpu))
    });
    let codes = Tensor::cat(&codes.collect::<Vec<_>>(), 1);
    let numbers = Tensor::randn([rows, rest.len() as i64], CPU);
    let layout = Arc::new(Layout { width: 30, rest, blocks });
    drop(torch);
    case.features = Features::Coded(Coded { rest: numbers, codes, layout });
    case.x = case.features.dense().unwrap();
    case
}

#[test]
fn codes_have_the_losses_and_gradients_of_the_matrix() {
    let of = |first, count| Block { first, count };
    let index = Tensor::from_slice(&(0..150_i64).map(|place| place * 7 % 173).collect::<Vec<_>>());
    for (widths, activation, loss) in [
        (&[30, 16, 8, 3][..], "relu", "cross-entropy"),
        (&[30, 33, 1], "tanh", "mse"),
        (&[30, 5, 1], "gelu", "bce"),
        (&[30, 2], "relu", "cross-entropy"),
    ] {
        for (rest, blocks) in [
            (vec![0, 1, 28, 29], vec![of(2, 10), of(12, 16)]),
            ((0..12).collect(), vec![of(12, 18)]),
            (vec![], vec![of(0, 30)]),
        ] {
            let what = format!("{widths:?} {activation} {loss} {rest:?}");
            let case = coded(Case::new(5, 173, widths, activation, loss, true, false), rest, blocks);
            for isa in Isa::all() {
                for threads in [1, 3] {
                    for index in [None, Some(&index)] {
                        close(&case.fused(threads, isa, index), &case.autograd(index), &what);
                    }
                }
            }
        }
    }
}

#[test]
fn hits_of_codes_are_those_of_the_matrix() {
    let case = coded(
        Case::new(6, 173, &[30, 9, 3], "relu", "cross-entropy", false, false),
        vec![3],
        vec![Block { first: 0, count: 3 }, Block { first: 4, count: 26 }],
    );
    let found = case.net.parameters.read(|parameters| {
        let rows = PartRows::of(&case.part(), &case.loss).unwrap();
        rows.read(None, |rows| case.engine(2, Isa::best()).hits(parameters, rows))
    });
    let expected = case.net.forward(&case.x, false).unwrap().argmax(1, false).eq_tensor(&case.y).sum(Kind::Int64);
    assert_eq!(found.unwrap() as i64, expected.int64_value(&[]));
}
