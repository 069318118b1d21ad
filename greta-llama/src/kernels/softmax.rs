//! Softmax of each row. A block takes one row: maximum, exponentials and their sum, then the division.
//!
//! Launch: `rows` blocks. Memory-bound: 8 B an element; later passes hit the cache. A row that is all -inf gives NaN.
//! Reference: [`crate::reference::softmax`]; cases: [`crate::cases::softmax`].

use greta::prelude::*;

/// y[r, c] = exp(x[r, c] - max_c x[r, c]) / sum_c exp(x[r, c] - max_c x[r, c])
/// x, y: [rows, columns] f32.
#[kernel(
    require(x.len().is_multiple_of(columns), y.len() == x.len()),
    block = 256,
)]
pub fn softmax(x: &Global<f32>, y: &mut Global<f32>, columns: u32) {
    let row = block_idx().x * columns;
    let mut largest = -f32::INFINITY;
    for column in (thread_idx().x..columns).step_by(BLOCK) {
        largest = max(largest, x[row + column]);
    }
    let largest = block_max(largest);
    let mut sum = 0.0;
    for column in (thread_idx().x..columns).step_by(BLOCK) {
        let weight = exp(x[row + column] - largest);
        y[row + column] = weight;
        sum += weight;
    }
    let scale = 1.0 / block_sum(sum);
    for column in (thread_idx().x..columns).step_by(BLOCK) {
        y[row + column] *= scale;
    }
}
