//! One token's RMSNorm, gate and up projections, and SiLU, in one pass over the weights.
//!
//! The norm's scale is one number for the whole row, so it is applied to the finished sums: each wave sums the squares
//! of `x` alongside its dot products, and no block waits for a norm. A wave takes ROWS rows of both matrices; sums as
//! in `gemv`. Launch: `ceil(intermediate / (ROWS * WAVES))` blocks.
//! Memory-bound: 4 B a weight; 2 x 11008 x 4096: 361 MB, 84.7 µs.

use greta::prelude::*;

/// y[r] = silu(g[r]) * u[r] with g = gate · rmsnorm(x), u = up · rmsnorm(x)
/// x, norm: [hidden] f32; gate, up: [intermediate, hidden] f32; y: [intermediate] f32; hidden is a multiple of 4.
#[kernel(
    tile(ROWS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
    block = WAVES * 64,
)]
pub fn norm_gate_up(
    x: &Global<f32>,
    norm: &Global<f32>,
    gate: &Global<f32>,
    up: &Global<f32>,
    y: &mut Global<f32>,
    hidden: u32,
    intermediate: u32,
    eps: f32,
) {
    let first = (block_idx().x * WAVES + wave_id()) * ROWS;
    let lane = lane_id();
    let mut starts = [0u32; ROWS];
    #[unroll]
    for r in 0..ROWS {
        starts[r] = min(first + r, intermediate - 1) * hidden;
    }
    let mut gates = [f32x4::splat(0.0); ROWS];
    let mut ups = [f32x4::splat(0.0); ROWS];
    let mut squares = f32x4::splat(0.0);
    let stride = 256 * DEPTH;
    let whole = hidden / stride * stride;
    for base in (0..whole).step_by(stride) {
        let mut gate_weights = [[f32x4::splat(0.0); ROWS]; DEPTH];
        let mut up_weights = [[f32x4::splat(0.0); ROWS]; DEPTH];
        #[unroll]
        for d in 0..DEPTH {
            #[unroll]
            for r in 0..ROWS {
                gate_weights[d][r] = gate.load_vector::<f32x4>(starts[r] + base + d * 256 + lane * 4);
                up_weights[d][r] = up.load_vector::<f32x4>(starts[r] + base + d * 256 + lane * 4);
            }
        }
        #[unroll]
        for d in 0..DEPTH {
            let values = x.load_vector::<f32x4>(base + d * 256 + lane * 4);
            let scaled = values * norm.load_vector::<f32x4>(base + d * 256 + lane * 4);
            squares = fma(values, values, squares);
            #[unroll]
            for r in 0..ROWS {
                gates[r] = fma(gate_weights[d][r], scaled, gates[r]);
                ups[r] = fma(up_weights[d][r], scaled, ups[r]);
            }
        }
    }
    for column in (whole + lane * 4..hidden).step_by(256) {
        let values = x.load_vector::<f32x4>(column);
        let scaled = values * norm.load_vector::<f32x4>(column);
        squares = fma(values, values, squares);
        #[unroll]
        for r in 0..ROWS {
            gates[r] = fma(gate.load_vector::<f32x4>(starts[r] + column), scaled, gates[r]);
            ups[r] = fma(up.load_vector::<f32x4>(starts[r] + column), scaled, ups[r]);
        }
    }
    let square = wave_sum((squares[0] + squares[1]) + (squares[2] + squares[3]));
    let scale = rsqrt(square / hidden as f32 + eps);
    #[unroll]
    for r in 0..ROWS {
        let g = gates[r];
        let u = ups[r];
        let gated = wave_sum((g[0] + g[1]) + (g[2] + g[3])) * scale;
        let upped = wave_sum((u[0] + u[1]) + (u[2] + u[3])) * scale;
        let row = first + r;
        if lane == 0 && row < intermediate {
            y[row] = gated / (1.0 + exp(-gated)) * upped;
        }
    }
}
