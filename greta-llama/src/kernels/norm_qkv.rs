//! One token's RMSNorm, query, key and value projections, RoPE, and cache write, in one pass over the weights.
//!
//! A wave takes PAIRS pairs of rows, those that RoPE rotates together, so it can rotate its own sums. The norm's scale
//! is applied to the finished sums, as in `norm_gate_up`. Rows of the weight are queries, then keys, then values, so
//! pair p belongs to head p / (head_dim / 2) of heads + 2 kv_heads. Launch: `ceil(pairs / (PAIRS * WAVES))` blocks.
//! Memory-bound: 4 B a weight, or 2; in f32 12288 x 4096: 201 MB, 47.3 µs.
//! Reference: [`crate::reference`]'s rmsnorm, gemm, rope and kv_update; cases: [`crate::cases::norm_qkv`].

use greta::prelude::*;

use super::row_products::add_normed_row_products;
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// q = rope(Wq n), k_cache[.., position[0], ..] = rope(Wk n), v_cache[.., position[0], ..] = Wv n
            /// with n = rmsnorm(x)
            /// x, norm: [hidden] f32; weight: [(heads + 2 kv_heads) * head_dim, hidden] weights; position: [1] u32;
            /// cos, sin: [max_seq, head_dim / 2] f32; q: [heads, head_dim] f32;
            /// k_cache, v_cache: [kv_heads, max_seq, head_dim] f32. hidden is a multiple of the weights in 16 bytes.
            /// Where a pair's rows stand: see `rope`. From position max_seq on, q is NaN and the caches stay as they are.
            #[kernel(
                tile(PAIRS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4], WAVES = 4 in [1, 2, 4, 8]),
                require(x.len() == hidden, norm.len() == hidden, hidden % $lanes == 0, position.len() == 1),
                require(weight.len() == (heads + 2 * kv_heads) * head_dim * hidden, q.len() == heads * head_dim),
                require(cos.len() == max_seq * head_dim / 2, sin.len() == cos.len()),
                require(k_cache.len() == kv_heads * max_seq * head_dim, v_cache.len() == k_cache.len()),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(
                x: &Global<f32>,
                norm: &Global<f32>,
                weight: &Global<$weight>,
                cos: &Global<f32>,
                sin: &Global<f32>,
                position: &Volatile<u32>,
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
                // Rows 2 p and 2 p + 1 are the members of pair p.
                let mut starts: [u32; 2 * PAIRS];
                #[unroll]
                for p in 0..PAIRS {
                    let pair = min(first + p, pairs - 1);
                    let row = pair / half * head_dim + pair % half * pair_stride;
                    starts[2 * p] = row * hidden;
                    starts[2 * p + 1] = (row + pair_distance) * hidden;
                }
                let mut sums = [<$load as WeightVector>::zero(); 2 * PAIRS];
                let mut stage: [[$load; 2 * PAIRS]; DEPTH];
                let squares = add_normed_row_products(weight, x, norm, &starts, &mut stage, &mut sums, hidden);
                let scale = rsqrt(wave_sum(squares) / hidden as f32 + eps);
                let at = position[0];
                let nan = f32::NAN;
                #[unroll]
                for p in 0..PAIRS {
                    let a = wave_sum(<$load as WeightVector>::lanes_sum(sums[2 * p])) * scale;
                    let b = wave_sum(<$load as WeightVector>::lanes_sum(sums[2 * p + 1])) * scale;
                    let pair = first + p;
                    if lane_id() == 0 && pair < pairs {
                        let head = pair / half;
                        let element = pair % half * pair_stride;
                        let c = if at < max_seq { cos[at * half + pair % half] } else { nan };
                        let s = if at < max_seq { sin[at * half + pair % half] } else { nan };
                        if head < heads {
                            store_pair(q, head * head_dim + element, pair_distance, a * c - b * s, b * c + a * s);
                        } else if at < max_seq {
                            let cached = (head - heads) % kv_heads;
                            let slot = (cached * max_seq + at) * head_dim + element;
                            if head < heads + kv_heads {
                                store_pair(k_cache, slot, pair_distance, a * c - b * s, b * c + a * s);
                            } else {
                                store_pair(v_cache, slot, pair_distance, a, b);
                            }
                        }
                    }
                }
            }
        )*
    };
}

kernels! {
    norm_qkv: f32, f32x4, 4;
    norm_qkv_bf16: bf16, bf16x8, 8;
    norm_qkv_f16: f16, f16x8, 8;
}

/// to[slot] = a, to[slot + distance] = b
#[device]
fn store_pair(to: &mut Global<f32>, slot: u32, distance: u32, a: f32, b: f32) {
    to[slot] = a;
    to[slot + distance] = b;
}
