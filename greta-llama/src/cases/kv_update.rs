//! Cases of the cache update. Tolerance: [`Tolerance::EXACT`](crate::Tolerance::EXACT).

use super::{checked, draw};
use crate::reference::{KvLayout, kv_update};

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// New tokens.
    pub tokens: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens already in the cache.
    pub past: usize,
    /// Tokens that the cache has room for.
    pub max_seq: usize,
    /// Elements of a token's row in front of its keys; its values follow them.
    pub column: usize,
}

super::tell!(tokens, kv_heads, head_dim, past, max_seq, column);

/// Inputs and results of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[tokens, column + 2 * kv_heads * head_dim]`.
    pub rows: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]` before.
    pub k_cache: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]` before.
    pub v_cache: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]` after.
    pub k_after: Vec<f64>,
    /// `[kv_heads, max_seq, head_dim]` after.
    pub v_after: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { tokens: 1, kv_heads: 1, head_dim: 1, past: 0, max_seq: 1, column: 0 },
    Case { tokens: 1, kv_heads: 3, head_dim: 7, past: 4, max_seq: 5, column: 5 },
    Case { tokens: 6, kv_heads: 2, head_dim: 32, past: 29, max_seq: 64, column: 256 },
    Case { tokens: 1, kv_heads: 32, head_dim: 128, past: 2047, max_seq: 2048, column: 4096 },
    Case { tokens: 16, kv_heads: 8, head_dim: 128, past: 0, max_seq: 1024, column: 4096 },
];

impl Case {
    /// Elements from one token's row to the next.
    #[must_use]
    pub fn row_stride(&self) -> usize {
        self.column + 2 * self.kv_heads * self.head_dim
    }

    /// The case's inputs and results.
    #[must_use]
    pub fn draw(&self) -> Data {
        let (kv_heads, head_dim, max_seq) = (self.kv_heads, self.head_dim, self.max_seq);
        let rows = draw(self, "rows", 1.0, self.tokens * self.row_stride());
        let len = kv_heads * max_seq * head_dim;
        let (k_cache, v_cache) = (draw(self, "k_cache", 1.0, len), draw(self, "v_cache", 1.0, len));
        let after = |cache: &[f32], column| {
            let mut after: Vec<f64> = cache.iter().map(|&value| f64::from(value)).collect();
            let layout = KvLayout { kv_heads, head_dim, max_seq, row_stride: self.row_stride(), column };
            kv_update(&mut after, &rows, layout, self.past);
            checked(self, after)
        };
        let k_after = after(&k_cache, self.column);
        let v_after = after(&v_cache, self.column + kv_heads * head_dim);
        Data { rows, k_cache, v_cache, k_after, v_after }
    }
}
