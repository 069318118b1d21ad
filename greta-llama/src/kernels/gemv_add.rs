//! Matrix times vector plus the residual: the decode step's output projections.
//!
//! A wave takes ROWS rows and all of `k`, 16 bytes a lane, ROWS * DEPTH loads in flight; see `row_products`.
//! Launch: `ceil(n / (ROWS * WAVES))` blocks. Memory-bound: 4 B a weight, or 2; 4096 x 4096 in f32: 67 MB,
//! 15.8 µs; 4096 x 11008: 180 MB, 42.3 µs. Reference: [`crate::reference::gemv`]; cases: [`crate::cases::gemv`].

use greta::prelude::*;

use super::row_products::multiply_rows;
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident;)*) => {
        $(
            /// y[r] = sum_c w[r, c] * x[c] + residual[r]
            /// w: [n, k] weights; x: [k] f32; residual, y: [n] f32.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4, 8], DEPTH = 4 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
                require(w.len() == n * k, x.len() == k, residual.len() == n, y.len() == n),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(
                w: &Global<$weight>,
                x: &Global<f32>,
                residual: &Global<f32>,
                y: &mut Global<f32>,
                n: u32,
                k: u32,
            ) {
                let first = (block_idx().x * WAVES + wave_id()) * ROWS;
                let mut starts: [u32; ROWS];
                let mut stage: [[$load; ROWS]; DEPTH];
                let mut sums = [<$load as WeightVector>::zero(); ROWS];
                multiply_rows(w, x, &mut starts, &mut stage, &mut sums, first, n, k);
                #[unroll]
                for r in 0..ROWS {
                    let sum = wave_sum(<$load as WeightVector>::lanes_sum(sums[r]));
                    let row = first + r;
                    if lane_id() == 0 && row < n {
                        y[row] = sum + residual[row];
                    }
                }
            }
        )*
    };
}

kernels! {
    gemv_add: f32, f32x4;
    gemv_add_bf16: bf16, bf16x8;
    gemv_add_f16: f16, f16x8;
}
