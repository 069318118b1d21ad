//! Causal mask in place: a thread writes -inf over one score, or leaves it.
//!
//! Launch: `heads * tokens * keys` threads. Memory-bound: 4 B a masked score.
//! Reference: [`crate::reference::causal_mask`]; cases: [`crate::cases::causal_mask`].

use greta::prelude::*;

/// scores[h, t, j] = -inf where j > position[0] + t
/// scores: [heads, tokens, keys] f32; position: [1] u32, the first token's; len = heads * tokens * keys.
#[kernel(
    require(scores.len() == len, len.is_multiple_of(tokens * keys), position.len() == 1),
    block = 256,
)]
pub fn causal_mask(scores: &mut Global<f32>, position: &Volatile<u32>, tokens: u32, keys: u32, len: u32) {
    let index = block_idx().x * BLOCK + thread_idx().x;
    if index < len {
        let key = index % keys;
        let token = index / keys % tokens;
        if key > position[0] + token {
            scores[index] = -f32::INFINITY;
        }
    }
}
