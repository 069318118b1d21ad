//! One token's RMSNorm, gate and up projections, and SiLU, in one pass over the weights.
//!
//! The norm's scale is one number for the whole row, so it is applied to the finished sums. A wave takes ROWS rows of
//! both matrices; sums as in `row_products`. Launch: `ceil(intermediate / (ROWS * WAVES))` blocks, as every group of rows
//! needs its wave. Devices that copy asynchronously start a kernel before the one ahead has ended: there a block's first
//! weights and the norm's are under way when x is done, and the block stages x times norm once for all of its waves.
//! Elsewhere each wave sums the squares of `x` alongside its dot products, and no block waits for a norm.
//! Memory-bound: 4 B a weight, or 2; in f32 2 x 11008 x 4096: 361 MB, 84.7 µs.
//! Reference: [`crate::reference`]'s rmsnorm, gemm and silu_mul; cases: [`crate::cases::norm_gate_up`].

use greta::prelude::*;

use super::row_products::{add_normed_row_products, add_staged_row_products, load_stage, wave_sums};
use super::staged_vector::{NORMED_QUADS, load_quads, stage_normed};
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// y[r] = silu(g[r]) * u[r] with g = gate · rmsnorm(x), u = up · rmsnorm(x)
            /// x, norm: [hidden] f32; gate_up: [2 * intermediate, hidden] weights, the rows of gate, then those of up;
            /// y: [intermediate] f32; hidden is a multiple of the weights in 16 bytes.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8, 16]),
                require(x.len() == hidden, norm.len() == hidden, hidden % $lanes == 0, hidden > 0, intermediate > 0),
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
                let first = block_idx().x * WAVES + wave_id();
                if has_copy_async() {
                    let mut staged = shared_dynamic::<f32>();
                    let mut stage: [[$load; 2 * ROWS]; DEPTH];
                    let mut scales: [f32x4; NORMED_QUADS];
                    start_rows(&mut starts, first, intermediate, hidden);
                    load_stage(gate_up, &starts, &mut stage, 0, hidden);
                    load_quads(norm, &mut scales, 0, hidden);
                    grid_dependents_launch();
                    grid_dependency_wait();
                    let squares = stage_normed(x, norm, &mut scales, &mut staged, hidden, $lanes);
                    let scale = rsqrt(squares / hidden as f32 + eps);
                    let mut sums = [<$load as WeightVector>::zero(); 2 * ROWS];
                    add_staged_row_products(gate_up, &staged, &starts, &mut stage, &mut sums, hidden);
                    wave_sums::<$load>(&sums, &mut values);
                    if lane_id() == 0 {
                        store_activated(&values, scale, y, first * ROWS, intermediate);
                    }
                } else {
                    let mut stage: [[$load; 2 * ROWS]; DEPTH];
                    for group in (first..count).step_by(grid_dim().x * WAVES) {
                        start_rows(&mut starts, group, intermediate, hidden);
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

/// Where the rows of a group begin: those of gate, then those of up. The last row stands for those past it.
#[device]
fn start_rows(starts: &mut Array<u32>, group: u32, intermediate: u32, columns: u32) {
    let rows = starts.len() / 2;
    #[unroll]
    for r in 0..starts.len() {
        starts[r] = (r / rows * intermediate + min(group * rows + r % rows, intermediate - 1)) * columns;
    }
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
