//! Writes new keys and values into the static cache. A thread copies one element of each.
//!
//! Launch: `tokens * kv_heads * head_dim` threads, whatever is in the cache: O(1) a token. Memory-bound: 16 B a thread.
//! Reference: [`crate::reference::kv_update`]; cases: [`crate::cases::kv_update`].

use greta::prelude::*;

/// k_cache[h, position[0] + t, d] = rows[t, k_column + h * head_dim + d], and v_cache from v_column
/// rows: [tokens, row_stride] f32; k_cache, v_cache: [kv_heads, max_seq, head_dim] f32; position: [1] u32.
/// Tokens past max_seq are dropped.
#[kernel(
    require(rows.len() == tokens * row_stride, position.len() == 1),
    require(k_column + kv_heads * head_dim <= row_stride, v_column + kv_heads * head_dim <= row_stride),
    require(k_cache.len() == kv_heads * max_seq * head_dim, v_cache.len() == k_cache.len()),
    block = 256,
)]
pub fn kv_update(
    rows: &Global<f32>,
    k_cache: &mut Global<f32>,
    v_cache: &mut Global<f32>,
    position: &Volatile<u32>,
    tokens: u32,
    kv_heads: u32,
    head_dim: u32,
    max_seq: u32,
    row_stride: u32,
    k_column: u32,
    v_column: u32,
) {
    let width = kv_heads * head_dim;
    let index = block_idx().x * BLOCK + thread_idx().x;
    let token = index / width;
    let column = index % width;
    let at = position[0] + token;
    if token < tokens && at < max_seq {
        let slot = (column / head_dim * max_seq + at) * head_dim + column % head_dim;
        let row = token * row_stride + column;
        k_cache[slot] = rows[row + k_column];
        v_cache[slot] = rows[row + v_column];
    }
}
