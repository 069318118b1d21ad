//! Rotary position embedding in place, in either convention. A thread rotates one pair.
//!
//! The conventions differ in where a pair's elements stand: `pair_stride` elements from pair to pair and
//! `pair_distance` within a pair, 1 and head_dim / 2 for rotate-half, 2 and 1 for interleaved.
//! Launch: `tokens * heads * head_dim / 2` threads. Memory-bound: 8 B an element plus the tables.
//! Reference: [`crate::reference::rope`]; cases: [`crate::cases::rope`].

use greta::prelude::*;

/// (a, b) = (a cos - b sin, b cos + a sin) for each pair (a, b) of each head, at position[0] + token.
/// x: [tokens, row_stride] f32, of which the first heads * head_dim columns are rotated.
/// cos, sin: [max_seq, head_dim / 2] f32; position: [1] u32, the first token's; from max_seq on, the result is NaN.
#[kernel(
    require(x.len() == tokens * row_stride, heads * head_dim <= row_stride, position.len() == 1),
    require(cos.len() == max_seq * head_dim / 2, sin.len() == cos.len()),
    block = 256,
)]
pub fn rope(
    x: &mut Global<f32>,
    cos: &Global<f32>,
    sin: &Global<f32>,
    position: &Volatile<u32>,
    tokens: u32,
    heads: u32,
    head_dim: u32,
    row_stride: u32,
    pair_stride: u32,
    pair_distance: u32,
    max_seq: u32,
) {
    let half = head_dim / 2;
    let index = block_idx().x * BLOCK + thread_idx().x;
    let pair = index % half;
    let head = index / half % heads;
    let token = index / half / heads;
    let at = position[0] + token;
    let nan = f32::NAN;
    if token < tokens {
        let first = token * row_stride + head * head_dim + pair * pair_stride;
        let second = first + pair_distance;
        let c = if at < max_seq { cos[at * half + pair] } else { nan };
        let s = if at < max_seq { sin[at * half + pair] } else { nan };
        let a = x[first];
        let b = x[second];
        x[first] = a * c - b * s;
        x[second] = b * c + a * s;
    }
}
