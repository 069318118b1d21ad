//! Matrix times vector.
//!
//! A wave takes ROWS rows and all of `k`, 16 bytes a lane, ROWS * DEPTH loads in flight; see `row_products`.
//! Launch: `ceil(n / (ROWS * WAVES))` blocks. Memory-bound: 4 B a weight; 4096 x 4096: 67 MB, 15.8 µs;
//! 4096 x 11008: 180 MB, 42.3 µs. Reference: [`crate::reference::gemv`]; cases: [`crate::cases::gemv`].

use greta::prelude::*;

use super::row_products::multiply_rows;
use super::weights::lanes_sum;

/// y[r] = sum_c w[r, c] * x[c]
/// w: [n, k] f32; x: [k] f32; y: [n] f32.
#[kernel(
    tile(ROWS = 2 in [1, 2, 4, 8], DEPTH = 4 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
    require(w.len() == n * k, x.len() == k, y.len() == n),
    block = WAVES * WAVE,
)]
pub fn gemv(w: &Global<f32>, x: &Global<f32>, y: &mut Global<f32>, n: u32, k: u32) {
    let first = (block_idx().x * WAVES + wave_id()) * ROWS;
    let mut starts: [u32; ROWS];
    let mut stage: [[f32x4; ROWS]; DEPTH];
    let mut sums = [f32x4::splat(0.0); ROWS];
    multiply_rows(w, x, &mut starts, &mut stage, &mut sums, first, n, k);
    #[unroll]
    for r in 0..ROWS {
        let sum = wave_sum(lanes_sum(sums[r]));
        let row = first + r;
        if lane_id() == 0 && row < n {
            y[row] = sum;
        }
    }
}
