//! Cases of the fused norm, query, key and value projection, RoPE and cache write of one token.
//! Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::config::Rope;
use crate::generate::{matrix_scale, norm_weight};
use crate::reference::{self, KvLayout, kv_update, rope};

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Columns of the weight; a multiple of 4.
    pub hidden: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens already in the cache.
    pub past: usize,
    /// Tokens that the cache has room for.
    pub max_seq: usize,
    /// Which elements RoPE rotates together.
    pub rope: Rope,
}

super::tell!(hidden, heads, kv_heads, head_dim, past, max_seq);

/// Inputs and results of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[hidden]`.
    pub x: Vec<f32>,
    /// `[hidden]`.
    pub norm: Vec<f32>,
    /// `[(heads + 2 kv_heads) * head_dim, hidden]`.
    pub weight: Vec<f32>,
    /// `[max_seq, head_dim / 2]`.
    pub cos: Vec<f32>,
    /// `[max_seq, head_dim / 2]`.
    pub sin: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]` before.
    pub k_cache: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]` before.
    pub v_cache: Vec<f32>,
    /// `[heads, head_dim]`: the rotated queries.
    pub q: Vec<f64>,
    /// `[kv_heads, max_seq, head_dim]` after.
    pub k_after: Vec<f64>,
    /// `[kv_heads, max_seq, head_dim]` after.
    pub v_after: Vec<f64>,
}

const HALF: Rope = Rope::RotateHalf;
const PAIRS: Rope = Rope::Interleaved;

/// The table.
pub const CASES: &[Case] = &[
    Case { hidden: 4, heads: 1, kv_heads: 1, head_dim: 4, past: 0, max_seq: 1, rope: HALF },
    Case { hidden: 36, heads: 3, kv_heads: 1, head_dim: 12, past: 5, max_seq: 7, rope: HALF },
    Case { hidden: 36, heads: 3, kv_heads: 1, head_dim: 12, past: 5, max_seq: 7, rope: PAIRS },
    Case { hidden: 40, heads: 3, kv_heads: 1, head_dim: 12, past: 5, max_seq: 7, rope: HALF },
    Case { hidden: 256, heads: 8, kv_heads: 2, head_dim: 32, past: 33, max_seq: 34, rope: HALF },
    Case { hidden: 256, heads: 8, kv_heads: 8, head_dim: 32, past: 33, max_seq: 64, rope: PAIRS },
    Case { hidden: 4096, heads: 4, kv_heads: 1, head_dim: 128, past: 1023, max_seq: 1024, rope: HALF },
    // Blocks stage so many columns in a whole pass and a part of one.
    Case { hidden: 2120, heads: 1, kv_heads: 1, head_dim: 6, past: 2, max_seq: 3, rope: HALF },
    Case { hidden: 4136, heads: 1, kv_heads: 1, head_dim: 6, past: 2, max_seq: 3, rope: PAIRS },
];

impl Case {
    /// The case's inputs and results.
    #[must_use]
    pub fn draw(&self) -> Data {
        self.draw_with(|weight| weight)
    }

    /// As [`Self::draw`], with each of the matrix's weights rounded.
    #[must_use]
    pub fn draw_with(&self, round: fn(f32) -> f32) -> Data {
        let Self { hidden, heads, kv_heads, head_dim, past, max_seq, .. } = *self;
        let x = draw(self, "x", 1.0, hidden);
        let norm: Vec<f32> = draw(self, "norm", 1.0, hidden).into_iter().map(norm_weight).collect();
        let weight = draw(self, "weight", matrix_scale(hidden), (heads + 2 * kv_heads) * head_dim * hidden);
        let weight: Vec<f32> = weight.into_iter().map(round).collect();
        let tables = reference::rope_tables(max_seq, head_dim, 1e4);
        let (cos, sin) = tables.to_f32();
        let cache_len = kv_heads * max_seq * head_dim;
        let (k_cache, v_cache) = (draw(self, "k_cache", 1.0, cache_len), draw(self, "v_cache", 1.0, cache_len));

        let qkv = reference::gemm(&reference::rmsnorm(&x, &norm, 1e-5_f32.into()), &weight, hidden);
        let (q, kv) = qkv.split_at(heads * head_dim);
        let (k, v) = kv.split_at(kv_heads * head_dim);
        let rotate = |x: &[f64], heads| rope(x, &tables, past, heads, head_dim, self.rope);
        let after = |cache: &[f32], new: &[f64]| {
            let mut after: Vec<f64> = cache.iter().map(|&value| f64::from(value)).collect();
            let layout = KvLayout { kv_heads, head_dim, max_seq, row_stride: kv_heads * head_dim, column: 0 };
            kv_update(&mut after, new, layout, past);
            checked(self, after)
        };
        let (q, k) = (checked(self, rotate(q, heads)), rotate(k, kv_heads));
        let (k_after, v_after) = (after(&k_cache, &k), after(&v_cache, v));
        Data { x, norm, weight, cos, sin, k_cache, v_cache, q, k_after, v_after }
    }
}
