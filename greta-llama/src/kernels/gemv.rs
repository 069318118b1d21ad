//! Matrix times vector, with or without a residual: the decode step's output projections.
//!
//! A wave takes ROWS rows and all of `k`, 16 bytes a lane, ROWS * DEPTH loads in flight; see `row_products`. Rows whose
//! length is no multiple of 4 cannot be read 16 bytes at a time and are read word by word.
//! Launch: `ceil(n / (ROWS * WAVES))` blocks. Memory-bound: 4 B a weight; 4096 x 4096: 67 MB, 15.8 µs;
//! 4096 x 11008: 180 MB, 42.3 µs. Reference: [`crate::reference::gemv`]; cases: [`crate::cases::gemv`].

use greta::prelude::*;

use super::row_products::{add_row_products, lanes_sum};

/// y[r] = sum_c w[r, c] * x[c], plus residual[r] if with_residual
/// w: [n, k] f32; x: [k] f32; residual, y: [n] f32 (residual is not read without with_residual).
#[kernel(
    tile(
        ROWS = 2 in [1, 2, 4, 8],
        DEPTH = 4 in [1, 2, 4],
        WAVES = 4 in [1, 2, 4, 8],
    ),
    block = WAVES * 64,
)]
pub fn gemv(
    w: &Global<f32>,
    x: &Global<f32>,
    residual: &Global<f32>,
    y: &mut Global<f32>,
    n: u32,
    k: u32,
    with_residual: bool,
) {
    let first = (block_idx().x * WAVES + wave_id()) * ROWS;
    // A row past the last stands for the last one; its result is not stored.
    let mut starts: [u32; ROWS];
    #[unroll]
    for r in 0..ROWS {
        starts[r] = min(first + r, n - 1) * k;
    }
    let mut sums = [f32x4::splat(0.0); ROWS];
    if k % 4 == 0 {
        let mut stage: [[f32x4; ROWS]; DEPTH];
        add_row_products(w, x, &starts, &mut stage, &mut sums, k);
    } else {
        for column in (lane_id()..k).step_by(WAVE) {
            let value = x[column];
            #[unroll]
            for r in 0..ROWS {
                sums[r][0] = fma(w[starts[r] + column], value, sums[r][0]);
            }
        }
    }
    #[unroll]
    for r in 0..ROWS {
        let sum = wave_sum(lanes_sum(sums[r]));
        let row = first + r;
        if lane_id() == 0 && row < n {
            y[row] = if with_residual { sum + residual[row] } else { sum };
        }
    }
}
