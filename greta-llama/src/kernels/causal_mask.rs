//! Causal mask in place: a thread writes -inf over four scores, in one access where rows
//! are multiples of 4, or leaves them. A view begins at a multiple of 16 bytes.
//!
//! Launch: `heads * tokens * keys / 4` threads, rounded up. Memory-bound: 4 B a masked score.
//! Reference: [`crate::reference::causal_mask`]; cases: [`crate::cases::causal_mask`].

use greta::prelude::*;

/// scores[h, t, j] = -inf where j > position[0] + t
/// scores: [heads, tokens, keys] f32; position: [1] u32, the first token's; len = heads * tokens * keys.
#[kernel(
    require(scores.len() == len, len.is_multiple_of(tokens * keys), position.len() == 1),
    block = 256,
)]
pub fn causal_mask(scores: &mut Global<f32>, position: &Volatile<u32>, tokens: u32, keys: u32, len: u32) {
    let first = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if keys % 4 == 0 {
        if first < len {
            let key = first % keys;
            let last = position[0] + first / keys % tokens;
            if key > last {
                scores.store_vector(first, f32x4::splat(-f32::INFINITY));
            } else {
                #[unroll]
                for l in 1..4 {
                    if key + l > last {
                        scores[first + l] = -f32::INFINITY;
                    }
                }
            }
        }
    } else {
        for index in first..min(first + 4, len) {
            if index % keys > position[0] + index / keys % tokens {
                scores[index] = -f32::INFINITY;
            }
        }
    }
}
