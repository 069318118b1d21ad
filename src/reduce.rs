//! Reductions over the lanes of a wave and the threads of a block, written in greta itself.
//!
//! Every thread of the wave or block takes part, and every thread gets the result.

use crate::prelude::*;

/// The sum of `value` over the lanes of the wave.
#[device]
pub fn wave_sum(value: f32) -> f32 {
    let mut sum = value;
    let mut offset = WAVE / 2;
    while offset > 0 {
        sum += shuffle_xor(sum, offset);
        offset /= 2;
    }
    sum
}

/// The largest `value` of the lanes of the wave.
#[device]
pub fn wave_max(value: f32) -> f32 {
    let mut largest = value;
    let mut offset = WAVE / 2;
    while offset > 0 {
        largest = largest.max(shuffle_xor(largest, offset));
        offset /= 2;
    }
    largest
}

/// The sum of `value` over the threads of the block, a whole number of waves.
#[device]
pub fn block_sum(value: f32) -> f32 {
    let mut partial = shared::<[f32; BLOCK / WAVE]>();
    let sum = wave_sum(value);
    // The threads may still be reading what an earlier call left here.
    barrier();
    if lane_id() == 0 {
        partial[wave_id()] = sum;
    }
    barrier();
    let mut total = 0.0;
    #[unroll]
    for wave in 0..BLOCK / WAVE {
        total += partial[wave];
    }
    total
}

/// The largest `value` of the threads of the block, a whole number of waves.
#[device]
pub fn block_max(value: f32) -> f32 {
    let mut partial = shared::<[f32; BLOCK / WAVE]>();
    let largest = wave_max(value);
    // The threads may still be reading what an earlier call left here.
    barrier();
    if lane_id() == 0 {
        partial[wave_id()] = largest;
    }
    barrier();
    let mut total = partial[0];
    #[unroll]
    for wave in 1..BLOCK / WAVE {
        total = total.max(partial[wave]);
    }
    total
}
