//! One token's RMSNorm, gate and up projections, and SiLU, in one pass over the weights.
//!
//! The norm's scale is one number for the whole row, so it is applied to the finished sums: each wave sums the squares
//! of `x` alongside its dot products, and no block waits for a norm. A wave takes ROWS rows of both matrices; sums as
//! in `row_products`. Launch: `ceil(intermediate / (ROWS * WAVES))` blocks.
//! Memory-bound: 4 B a weight, or 2; in f32 2 x 11008 x 4096: 361 MB, 84.7 µs.
//! Reference: [`crate::reference`]'s rmsnorm, gemm and silu_mul; cases: [`crate::cases::norm_gate_up`].

use greta::prelude::*;

use super::row_products::add_normed_row_products;
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// y[r] = silu(g[r]) * u[r] with g = gate · rmsnorm(x), u = up · rmsnorm(x)
            /// x, norm: [hidden] f32; gate_up: [2 * intermediate, hidden] weights, the rows of gate, then those of up;
            /// y: [intermediate] f32; hidden is a multiple of the weights in 16 bytes.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
                require(x.len() == hidden, norm.len() == hidden, hidden % $lanes == 0),
                require(gate_up.len() == 2 * intermediate * hidden, y.len() == intermediate),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(
                x: &Global<f32>,
                norm: &Global<f32>,
                gate_up: &Global<$weight>,
                y: &mut Global<f32>,
                hidden: u32,
                intermediate: u32,
                eps: f32,
            ) {
                let first = (block_idx().x * WAVES + wave_id()) * ROWS;
                // The first half is gate's rows, the second up's.
                let mut starts: [u32; 2 * ROWS];
                #[unroll]
                for r in 0..ROWS {
                    let row = min(first + r, intermediate - 1);
                    starts[r] = row * hidden;
                    starts[ROWS + r] = (intermediate + row) * hidden;
                }
                let mut sums = [<$load as WeightVector>::zero(); 2 * ROWS];
                let mut stage: [[$load; 2 * ROWS]; DEPTH];
                let squares = add_normed_row_products(gate_up, x, norm, &starts, &mut stage, &mut sums, hidden);
                let scale = rsqrt(wave_sum(squares) / hidden as f32 + eps);
                #[unroll]
                for r in 0..ROWS {
                    let gate = wave_sum(<$load as WeightVector>::lanes_sum(sums[r])) * scale;
                    let up = wave_sum(<$load as WeightVector>::lanes_sum(sums[ROWS + r])) * scale;
                    let row = first + r;
                    if lane_id() == 0 && row < intermediate {
                        y[row] = gate / (1.0 + exp(-gate)) * up;
                    }
                }
            }
        )*
    };
}

kernels! {
    norm_gate_up: f32, f32x4, 4;
    norm_gate_up_bf16: bf16, bf16x8, 8;
    norm_gate_up_f16: f16, f16x8, 8;
}
