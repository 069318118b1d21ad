//! One token's RMSNorm, query, key and value projections, RoPE, and cache write, in one pass over the weights.
//!
//! A wave takes PAIRS pairs of rows, those that RoPE rotates together, so it can rotate its own sums. The norm's scale
//! is applied to the finished sums, as in `norm_gate_up`; what happens while the kernel ahead runs: see there. Rows of the
//! weight are queries, then keys, then values, so pair p belongs to head p / (head_dim / 2) of heads + 2 kv_heads. Launch:
//! `ceil(pairs / (PAIRS * WAVES))` blocks, as every group of pairs needs its wave.
//! Memory-bound: 4 B a weight, or 2; in f32 12288 x 4096: 201 MB, 47.3 µs.
//! Reference: [`crate::reference`]'s rmsnorm, gemm, rope and kv_update; cases: [`crate::cases::norm_qkv`].

use greta::prelude::*;

use super::row_products::{add_normed_row_products, add_staged_row_products, load_stage, wave_sums};
use super::staged_vector::{NORMED_QUADS, load_quads, stage_normed};
use super::weights::WeightVector;

/// Where heads are, in the weights' rows and in the cache.
#[derive(KernelValue)]
struct Heads {
    heads: u32,
    kv_heads: u32,
    head_dim: u32,
    max_seq: u32,
    pair_stride: u32,
    pair_distance: u32,
}

#[device]
impl Heads {
    /// Pairs of rows of all heads.
    fn pairs(&self) -> u32 {
        (self.heads + 2 * self.kv_heads) * (self.head_dim / 2)
    }

    /// The first row of a pair; the second is `pair_distance` further on. The last pair stands for those past it.
    fn row(&self, pair: u32) -> u32 {
        let (half, pair) = (self.head_dim / 2, min(pair, self.pairs() - 1));
        pair / half * self.head_dim + pair % half * self.pair_stride
    }
}

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
                tile(PAIRS = 2 in [1, 2, 4], DEPTH = 2 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8, 16]),
                require(x.len() == hidden, norm.len() == hidden, hidden % $lanes == 0, position.len() == 1),
                require(hidden > 0, heads > 0, kv_heads > 0, head_dim > 1),
                require(weight.len() == (heads + 2 * kv_heads) * head_dim * hidden, q.len() == heads * head_dim),
                require(cos.len() == max_seq * head_dim / 2, sin.len() == cos.len()),
                require(k_cache.len() == kv_heads * max_seq * head_dim, v_cache.len() == k_cache.len()),
                shared = hidden.next_multiple_of(32 * $lanes),
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
                let shape = Heads { heads, kv_heads, head_dim, max_seq, pair_stride, pair_distance };
                let count = (shape.pairs() + PAIRS - 1) / PAIRS;
                let first = block_idx().x * WAVES + wave_id();
                // Rows 2 p and 2 p + 1 are the members of pair p.
                let mut starts: [u32; 2 * PAIRS];
                let mut values: [f32; 2 * PAIRS];
                let mut cosines: [f32; PAIRS];
                let mut sines: [f32; PAIRS];
                if has_copy_async() {
                    let mut staged = shared_dynamic::<f32>();
                    let mut stage: [[$load; 2 * PAIRS]; DEPTH];
                    let mut scales: [f32x4; NORMED_QUADS];
                    start_pairs(&mut starts, &shape, first * PAIRS, hidden);
                    load_stage(weight, &starts, &mut stage, 0, hidden);
                    load_quads(norm, &mut scales, 0, hidden);
                    grid_dependents_launch();
                    grid_dependency_wait();
                    let at = position[0];
                    load_angles(cos, sin, &mut cosines, &mut sines, first * PAIRS, &shape, at);
                    let squares = stage_normed(x, norm, &mut scales, &mut staged, hidden, $lanes);
                    let scale = rsqrt(squares / hidden as f32 + eps);
                    let mut sums = [<$load as WeightVector>::zero(); 2 * PAIRS];
                    add_staged_row_products(weight, &staged, &starts, &mut stage, &mut sums, hidden);
                    wave_sums::<$load>(&sums, &mut values);
                    if lane_id() == 0 {
                        store_pairs(
                            &values, &cosines, &sines, first * PAIRS, scale, &shape, at, q, k_cache, v_cache,
                        );
                    }
                } else {
                    let at = position[0];
                    let mut stage: [[$load; 2 * PAIRS]; DEPTH];
                    for group in (first..count).step_by(grid_dim().x * WAVES) {
                        start_pairs(&mut starts, &shape, group * PAIRS, hidden);
                        let mut sums = [<$load as WeightVector>::zero(); 2 * PAIRS];
                        load_angles(cos, sin, &mut cosines, &mut sines, group * PAIRS, &shape, at);
                        let squares =
                            add_normed_row_products(weight, x, norm, &starts, &mut stage, &mut sums, hidden);
                        let scale = rsqrt(wave_sum(squares) / hidden as f32 + eps);
                        wave_sums::<$load>(&sums, &mut values);
                        if lane_id() == 0 {
                            store_pairs(
                                &values, &cosines, &sines, group * PAIRS, scale, &shape, at, q, k_cache, v_cache,
                            );
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

/// Where the rows of the pairs from `first` on begin.
#[device]
fn start_pairs(starts: &mut Array<u32>, shape: &Heads, first: u32, columns: u32) {
    #[unroll]
    for p in 0..starts.len() / 2 {
        starts[2 * p] = shape.row(first + p) * columns;
        starts[2 * p + 1] = starts[2 * p] + shape.pair_distance * columns;
    }
}

/// The cosines and sines by which RoPE rotates the pairs from `first` on at position `at`; NaN from position max_seq on.
#[device]
fn load_angles(
    cos: &Global<f32>,
    sin: &Global<f32>,
    cosines: &mut Array<f32>,
    sines: &mut Array<f32>,
    first: u32,
    shape: &Heads,
    at: u32,
) {
    let half = shape.head_dim / 2;
    #[unroll]
    for p in 0..cosines.len() {
        let angle = at * half + (first + p) % half;
        cosines[p] = if at < shape.max_seq { cos[angle] } else { f32::NAN };
        sines[p] = if at < shape.max_seq { sin[angle] } else { f32::NAN };
    }
}

/// Rotates the pairs from `first` on, scale times the values, and stores them, those of keys and values at position `at`.
#[device]
fn store_pairs(
    values: &Array<f32>,
    cosines: &Array<f32>,
    sines: &Array<f32>,
    first: u32,
    scale: f32,
    shape: &Heads,
    at: u32,
    q: &mut Global<f32>,
    k_cache: &mut Global<f32>,
    v_cache: &mut Global<f32>,
) {
    let (half, distance) = (shape.head_dim / 2, shape.pair_distance);
    #[unroll]
    for p in 0..cosines.len() {
        let a = values[2 * p] * scale;
        let b = values[2 * p + 1] * scale;
        let pair = first + p;
        if pair < shape.pairs() {
            let head = pair / half;
            let element = pair % half * shape.pair_stride;
            let turned_a = a * cosines[p] - b * sines[p];
            let turned_b = b * cosines[p] + a * sines[p];
            if head < shape.heads {
                store_pair(q, head * shape.head_dim + element, distance, turned_a, turned_b);
            } else if at < shape.max_seq {
                let cached = (head - shape.heads) % shape.kv_heads;
                let slot = (cached * shape.max_seq + at) * shape.head_dim + element;
                if head < shape.heads + shape.kv_heads {
                    store_pair(k_cache, slot, distance, turned_a, turned_b);
                } else {
                    store_pair(v_cache, slot, distance, a, b);
                }
            }
        }
    }
}

/// to[slot] = a, to[slot + distance] = b
#[device]
fn store_pair(to: &mut Global<f32>, slot: u32, distance: u32, a: f32, b: f32) {
    to[slot] = a;
    to[slot + distance] = b;
}
