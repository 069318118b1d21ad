//! Matrix times vector, with or without a residual: the decode step's output projections.
//!
//! A wave takes ROWS rows at a time and all of `k`, four columns a lane: 16-byte loads, ROWS * DEPTH of them in flight
//! before the first use. Each lane keeps four partial sums a row, so a sum of 11008 terms is 256 short chains and a
//! tree: its error stays below 1e-6. The order of additions is fixed by `k` alone.
//! Launch: `ceil(n / (ROWS * WAVES))` blocks. Memory-bound: 4 B a weight; 4096 x 4096: 67 MB, 15.8 µs;
//! 4096 x 11008: 180 MB, 42.3 µs. Rows whose length is no multiple of 4 cannot be read 16 bytes at a time and are
//! read word by word.

use greta::prelude::*;

/// y[r] = sum_c w[r, c] * x[c], plus residual[r] if RESIDUAL is 1
/// w: [n, k] f32; x: [k] f32; residual, y: [n] f32 (residual is not read if RESIDUAL is 0).
#[kernel(
    tile(
        ROWS = 4 in [1, 2, 4, 8],
        DEPTH = 2 in [1, 2, 4],
        WAVES = 4 in [1, 2, 4, 8],
        RESIDUAL = 0 in [0, 1],
    ),
    block = WAVES * 64,
)]
pub fn gemv(w: &Global<f32>, x: &Global<f32>, residual: &Global<f32>, y: &mut Global<f32>, n: u32, k: u32) {
    let first = (block_idx().x * WAVES + wave_id()) * ROWS;
    let lane = lane_id();
    // A wave past the last row, or with some rows past it, reads the last row instead and stores nothing for it.
    let mut starts = [0u32; ROWS];
    #[unroll]
    for r in 0..ROWS {
        starts[r] = min(first + r, n - 1) * k;
    }
    let mut sums = [f32x4::splat(0.0); ROWS];
    if k % 4 == 0 {
        let stride = 256 * DEPTH;
        let whole = k / stride * stride;
        for base in (0..whole).step_by(stride) {
            let mut weights = [[f32x4::splat(0.0); ROWS]; DEPTH];
            #[unroll]
            for d in 0..DEPTH {
                #[unroll]
                for r in 0..ROWS {
                    weights[d][r] = w.load_vector::<f32x4>(starts[r] + base + d * 256 + lane * 4);
                }
            }
            #[unroll]
            for d in 0..DEPTH {
                let values = x.load_vector::<f32x4>(base + d * 256 + lane * 4);
                #[unroll]
                for r in 0..ROWS {
                    sums[r] = fma(weights[d][r], values, sums[r]);
                }
            }
        }
        for column in (whole + lane * 4..k).step_by(256) {
            let values = x.load_vector::<f32x4>(column);
            #[unroll]
            for r in 0..ROWS {
                sums[r] = fma(w.load_vector::<f32x4>(starts[r] + column), values, sums[r]);
            }
        }
    } else {
        for column in (lane..k).step_by(64) {
            let value = f32x4::new([x[column], 0.0, 0.0, 0.0]);
            #[unroll]
            for r in 0..ROWS {
                sums[r] = fma(f32x4::splat(w[starts[r] + column]), value, sums[r]);
            }
        }
    }
    #[unroll]
    for r in 0..ROWS {
        let part = sums[r];
        let sum = wave_sum((part[0] + part[1]) + (part[2] + part[3]));
        let row = first + r;
        if lane == 0 && row < n {
            if RESIDUAL == 1 {
                y[row] = sum + residual[row];
            } else {
                y[row] = sum;
            }
        }
    }
}
