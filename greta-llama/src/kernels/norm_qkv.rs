//! One token's RMSNorm, query, key and value projections, RoPE, and cache write, in one pass over the weights.
//!
//! A wave takes PAIRS pairs of rows, those that RoPE rotates together, so it can rotate its own sums. The norm's scale
//! is applied to the finished sums, as in `norm_gate_up`. Rows of the weight are queries, then keys, then values, so
//! pair p belongs to head p / (head_dim / 2) of heads + 2 kv_heads. Launch: `ceil(pairs / (PAIRS * WAVES))` blocks.
//! Memory-bound: 4 B a weight; 12288 x 4096: 201 MB, 47.3 µs.

use greta::prelude::*;

/// q = rope(Wq n), k_cache[.., position[0], ..] = rope(Wk n), v_cache[.., position[0], ..] = Wv n with n = rmsnorm(x)
/// x, norm: [hidden] f32; weight: [(heads + 2 kv_heads) * head_dim, hidden] f32; cos, sin: [max_seq, head_dim / 2] f32;
/// position: [1] u32; q: [heads, head_dim] f32; k_cache, v_cache: [kv_heads, max_seq, head_dim] f32.
/// hidden is a multiple of 4. Where a pair's rows stand: see `rope`. At position max_seq nothing is written.
#[kernel(
    tile(PAIRS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
    block = WAVES * 64,
)]
pub fn norm_qkv(
    x: &Global<f32>,
    norm: &Global<f32>,
    weight: &Global<f32>,
    cos: &Global<f32>,
    sin: &Global<f32>,
    position: &Global<u32>,
    q: &mut Global<f32>,
    k_cache: &mut Global<f32>,
    v_cache: &mut Global<f32>,
    hidden: u32,
    heads: u32,
    kv_heads: u32,
    head_dim: u32,
    max_seq: u32,
    pair_stride: u32,
    pair_distance: u32,
    eps: f32,
) {
    let half = head_dim / 2;
    let pairs = (heads + 2 * kv_heads) * half;
    let first = (block_idx().x * WAVES + wave_id()) * PAIRS;
    let lane = lane_id();
    // Rows 2 p and 2 p + 1 of a wave's sums are the members of its pair p.
    let mut starts = [0u32; PAIRS * 2];
    #[unroll]
    for p in 0..PAIRS {
        let pair = min(first + p, pairs - 1);
        let row = pair / half * head_dim + pair % half * pair_stride;
        starts[p * 2] = row * hidden;
        starts[p * 2 + 1] = (row + pair_distance) * hidden;
    }
    let mut sums = [f32x4::splat(0.0); PAIRS * 2];
    let mut squares = f32x4::splat(0.0);
    let stride = 256 * DEPTH;
    let whole = hidden / stride * stride;
    for base in (0..whole).step_by(stride) {
        let mut weights = [[f32x4::splat(0.0); PAIRS * 2]; DEPTH];
        #[unroll]
        for d in 0..DEPTH {
            #[unroll]
            for r in 0..PAIRS * 2 {
                weights[d][r] = weight.load_vector::<f32x4>(starts[r] + base + d * 256 + lane * 4);
            }
        }
        #[unroll]
        for d in 0..DEPTH {
            let values = x.load_vector::<f32x4>(base + d * 256 + lane * 4);
            let scaled = values * norm.load_vector::<f32x4>(base + d * 256 + lane * 4);
            squares = fma(values, values, squares);
            #[unroll]
            for r in 0..PAIRS * 2 {
                sums[r] = fma(weights[d][r], scaled, sums[r]);
            }
        }
    }
    for column in (whole + lane * 4..hidden).step_by(256) {
        let values = x.load_vector::<f32x4>(column);
        let scaled = values * norm.load_vector::<f32x4>(column);
        squares = fma(values, values, squares);
        #[unroll]
        for r in 0..PAIRS * 2 {
            sums[r] = fma(weight.load_vector::<f32x4>(starts[r] + column), scaled, sums[r]);
        }
    }
    let square = wave_sum((squares[0] + squares[1]) + (squares[2] + squares[3]));
    let scale = rsqrt(square / hidden as f32 + eps);
    let at = position[0];
    #[unroll]
    for p in 0..PAIRS {
        let s = sums[p * 2];
        let t = sums[p * 2 + 1];
        let a = wave_sum((s[0] + s[1]) + (s[2] + s[3])) * scale;
        let b = wave_sum((t[0] + t[1]) + (t[2] + t[3])) * scale;
        let pair = first + p;
        if lane == 0 && pair < pairs && at < max_seq {
            let head = pair / half;
            let element = pair % half * pair_stride;
            let c = cos[at * half + pair % half];
            let s = sin[at * half + pair % half];
            if head < heads {
                q[head * head_dim + element] = a * c - b * s;
                q[head * head_dim + element + pair_distance] = b * c + a * s;
            } else if head < heads + kv_heads {
                let slot = ((head - heads) * max_seq + at) * head_dim + element;
                k_cache[slot] = a * c - b * s;
                k_cache[slot + pair_distance] = b * c + a * s;
            } else {
                let slot = ((head - heads - kv_heads) * max_seq + at) * head_dim + element;
                v_cache[slot] = a;
                v_cache[slot + pair_distance] = b;
            }
        }
    }
}
