//! What the kernels of attention over several queries share: the scores of a row that are visible, and a row's way out.
//!
//! A wave has 16 queries, a row of its fragments each. Which elements of a row a thread holds depends on the fragment's
//! shape and on the target. Knows nothing of how scores come about.

use greta::codegen::trace::MatrixShape;
use greta::prelude::*;

use super::activations::Activation;

/// Below every score.
pub(super) const LOWEST: f32 = -1e30;

/// Lowers the scores of keys that are not visible in row `row` of those that the thread holds; gives the largest of the
/// row and of `largest`. The first score is that of key `first`.
#[device]
pub(super) fn mask_row<M: MatrixShape<C = f32>>(
    scores: &mut Array<Accumulator<M>>,
    row: u32,
    first: u32,
    visible: u32,
    largest: f32,
) -> f32 {
    let mut next = largest;
    #[unroll]
    for n in 0..scores.len() {
        #[unroll]
        for column in 0..scores[0].held_columns() {
            let r = scores[n].in_row(row, column);
            let key = first + n * M::SIDE + scores[n].column(r);
            scores[n][r] = select(key < visible, scores[n][r], LOWEST);
            next = max(next, scores[n][r]);
        }
    }
    scores[0].row_max(next)
}

/// Divides a wave's results by the sums of its weights and writes them to rows of `y` from `tile` on.
#[device]
pub(super) fn store_results<M: MatrixShape<C = f32>, A: Activation>(
    results: &Array<Accumulator<M>>,
    sums: &Array<f32>,
    y: &mut Global<A>,
    tile: u32,
    tokens: u32,
    y_stride: u32,
    column: u32,
) {
    #[unroll]
    for i in 0..sums.len() {
        let sum = results[0].row_sum(sums[i]);
        let token = tile + results[0].row(results[0].in_row(i, 0));
        if token < tokens {
            #[unroll]
            for n in 0..results.len() {
                #[unroll]
                for j in 0..results[0].held_columns() {
                    let r = results[n].in_row(i, j);
                    y[token * y_stride + column + n * M::SIDE + results[n].column(r)] = A::narrow(results[n][r] / sum);
                }
            }
        }
    }
}
