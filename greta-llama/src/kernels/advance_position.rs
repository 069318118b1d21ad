//! Moves the position on, the last node of a step: one thread, one word.
//!
//! Launch: one block. The position lives in device memory so that a graph is replayed for token after token unchanged.

use greta::prelude::*;

/// position[0] += tokens
/// position: [1] u32.
#[kernel(
    require(position.len() == 1),
    block = 64,
)]
pub fn advance_position(position: &mut Volatile<u32>, tokens: u32) {
    if thread_idx().x == 0 {
        position[0] += tokens;
    }
}
