//! One token's RMSNorm, gate and up projections, and SiLU, in one pass over the weights.
//!
//! The norm's scale is one number for the whole row, so it is applied to the finished sums: each wave sums the squares
//! of `x` alongside its dot products, and no block waits for a norm. A wave takes ROWS rows of both matrices; sums as
//! in `row_products`. Launch: `ceil(intermediate / (ROWS * WAVES))` blocks; fewer take more rows each.
//! Memory-bound: 4 B a weight, or 2; in f32 2 x 11008 x 4096: 361 MB, 84.7 µs.
//! Reference: [`crate::reference`]'s rmsnorm, gemm and silu_mul; cases: [`crate::cases::norm_gate_up`].

use greta::prelude::*;

use super::row_products::{add_normed_row_products, wave_sums};
use super::row_queue::{Groups, RowQueue, stage_normed};
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// y[r] = silu(g[r]) * u[r] with g = gate · rmsnorm(x), u = up · rmsnorm(x)
            /// x, norm: [hidden] f32; gate_up: [2 * intermediate, hidden] weights, the rows of gate, then those of up;
            /// y: [intermediate] f32; hidden is a multiple of the weights in 16 bytes.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8, 16]),
                require(x.len() == hidden, norm.len() == hidden, hidden % $lanes == 0),
                require(gate_up.len() == 2 * intermediate * hidden, y.len() == intermediate),
                shared = hidden.next_multiple_of(32 * $lanes),
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
                // The first half is gate's rows, the second up's.
                let mut starts: [u32; 2 * ROWS];
                let mut values: [f32; 2 * ROWS];
                let count = (intermediate + ROWS - 1) / ROWS;
                let start = |group: u32, r: u32| {
                    (r / ROWS * intermediate + min(group * ROWS + r % ROWS, intermediate - 1)) * hidden
                };
                if has_copy_async() {
                    let mut slots = shared::<[[[$weight; $lanes * WAVE]; 2 * ROWS]; WAVES * DEPTH]>();
                    let mut staged = shared_dynamic::<f32>();
                    let groups = Groups::of_wave(count, hidden);
                    let mut queue =
                        RowQueue::begin::<$load>(gate_up, &mut slots, &mut starts, &start, &groups, DEPTH);
                    grid_dependents_launch();
                    grid_dependency_wait();
                    let squares = stage_normed::<2>(x, norm, &mut staged, hidden, $lanes);
                    let scale = rsqrt(squares / hidden as f32 + eps);
                    let mut sums = [<$load as WeightVector>::zero(); 2 * ROWS];
                    for group in (groups.first..count).step_by(groups.stride) {
                        queue.multiply::<$load>(
                            gate_up, &mut slots, &staged, &mut starts, &start, &mut sums, &mut values, &groups, DEPTH,
                        );
                        if lane_id() == 0 {
                            store_activated(&values, scale, y, group * ROWS, intermediate);
                        }
                    }
                } else {
                    let mut stage: [[$load; 2 * ROWS]; DEPTH];
                    for group in (block_idx().x * WAVES + wave_id()..count).step_by(grid_dim().x * WAVES) {
                        #[unroll]
                        for r in 0..2 * ROWS {
                            starts[r] = start(group, r);
                        }
                        let mut sums = [<$load as WeightVector>::zero(); 2 * ROWS];
                        let squares =
                            add_normed_row_products(gate_up, x, norm, &starts, &mut stage, &mut sums, hidden);
                        let scale = rsqrt(wave_sum(squares) / hidden as f32 + eps);
                        wave_sums::<$load>(&sums, &mut values);
                        if lane_id() == 0 {
                            store_activated(&values, scale, y, group * ROWS, intermediate);
                        }
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

/// y[r] = silu(g[r]) * u[r] for the rows from `first` on, of which `rows` exist: values times scale, those of gate before
/// those of up.
#[device]
fn store_activated(values: &Array<f32>, scale: f32, y: &mut Global<f32>, first: u32, rows: u32) {
    #[unroll]
    for r in 0..values.len() / 2 {
        let gate = values[r] * scale;
        let up = values[values.len() / 2 + r] * scale;
        let row = first + r;
        if row < rows {
            y[row] = gate / (1.0 + exp(-gate)) * up;
        }
    }
}
