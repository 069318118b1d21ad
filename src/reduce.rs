//! Reductions, scans and votes over the lanes of a wave and the threads of a block, written in greta itself.
//!
//! Every thread of the wave or block takes part, and every thread gets its result. A block is a whole number of waves.
//! Sums of floats are added in the order of a tree, not of the threads.

use greta_codegen::trace::{IntoVal, Val, Word};

use crate::prelude::*;

/// Numbers that are reduced: `f32`, `i32`, `u32`.
#[diagnostic::on_unimplemented(message = "values of type `{Self}` are not reduced: take `f32`, `i32` or `u32`")]
pub trait Reduced: Number + Word {
    /// What a sum begins with.
    fn zero() -> Val<Self>;
}

impl Reduced for f32 {
    fn zero() -> Val<Self> {
        0.0.into_val()
    }
}

impl Reduced for i32 {
    fn zero() -> Val<Self> {
        0.into_val()
    }
}

impl Reduced for u32 {
    fn zero() -> Val<Self> {
        0.into_val()
    }
}

/// The sum of `value` over the lanes of the wave.
#[device]
pub fn wave_sum<T: Reduced>(value: T) -> T {
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
pub fn wave_max<T: Reduced>(value: T) -> T {
    let mut largest = value;
    let mut offset = WAVE / 2;
    while offset > 0 {
        largest = largest.max(shuffle_xor(largest, offset));
        offset /= 2;
    }
    largest
}

/// The smallest `value` of the lanes of the wave.
#[device]
pub fn wave_min<T: Reduced>(value: T) -> T {
    let mut smallest = value;
    let mut offset = WAVE / 2;
    while offset > 0 {
        smallest = smallest.min(shuffle_xor(smallest, offset));
        offset /= 2;
    }
    smallest
}

/// The sum of `value` over the lanes of the wave up to this one, with it.
#[device]
pub fn wave_scan_inclusive<T: Reduced>(value: T) -> T {
    let mut sum = value;
    let mut offset = 1;
    while offset < WAVE {
        let below = shuffle(sum, (lane_id() + WAVE - offset) % WAVE);
        if lane_id() >= offset {
            sum += below;
        }
        offset *= 2;
    }
    sum
}

/// The sum of `value` over the lanes of the wave before this one.
#[device]
pub fn wave_scan_exclusive<T: Reduced>(value: T) -> T {
    let sum = wave_scan_inclusive(value);
    let below = shuffle(sum, (lane_id() + WAVE - 1) % WAVE);
    if lane_id() == 0 { T::zero() } else { below }
}

/// The `value` of lane `lane`, the same for all, in every lane of the wave.
#[device]
pub fn wave_broadcast<T: Word>(value: T, lane: u32) -> T {
    shuffle(value, lane)
}

/// Whether `condition` holds in any lane of the wave.
#[device]
pub fn wave_any(condition: bool) -> bool {
    wave_max(condition as u32) == 1
}

/// Whether `condition` holds in every lane of the wave.
#[device]
pub fn wave_all(condition: bool) -> bool {
    wave_min(condition as u32) == 1
}

/// The sum of `value` over the threads of the block, a whole number of waves.
#[device]
pub fn block_sum<T: Reduced>(value: T) -> T {
    let mut partial = shared::<[T; BLOCK / WAVE]>();
    let sum = wave_sum(value);
    // The threads may still be reading what an earlier call left here.
    barrier();
    if lane_id() == 0 {
        partial[wave_id()] = sum;
    }
    barrier();
    let mut total = T::zero();
    #[unroll]
    for wave in 0..BLOCK / WAVE {
        total += partial[wave];
    }
    total
}

/// The largest `value` of the threads of the block, a whole number of waves.
#[device]
pub fn block_max<T: Reduced>(value: T) -> T {
    let mut partial = shared::<[T; BLOCK / WAVE]>();
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

/// The smallest `value` of the threads of the block.
#[device]
pub fn block_min<T: Reduced>(value: T) -> T {
    let mut partial = shared::<[T; BLOCK / WAVE]>();
    let smallest = wave_min(value);
    // The threads may still be reading what an earlier call left here.
    barrier();
    if lane_id() == 0 {
        partial[wave_id()] = smallest;
    }
    barrier();
    let mut total = partial[0];
    #[unroll]
    for wave in 1..BLOCK / WAVE {
        total = total.min(partial[wave]);
    }
    total
}

/// The sum of `value` over the threads of the waves before this one.
#[device]
fn sum_of_waves_before<T: Reduced>(sum_of_wave: T) -> T {
    let mut partial = shared::<[T; BLOCK / WAVE]>();
    // The threads may still be reading what an earlier call left here.
    barrier();
    if lane_id() == WAVE - 1 {
        partial[wave_id()] = sum_of_wave;
    }
    barrier();
    let mut before = T::zero();
    for wave in 0..wave_id() {
        before += partial[wave];
    }
    before
}

/// The sum of `value` over the threads of the block up to this one, with it.
#[device]
pub fn block_scan_inclusive<T: Reduced>(value: T) -> T {
    let sum = wave_scan_inclusive(value);
    sum_of_waves_before(sum) + sum
}

/// The sum of `value` over the threads of the block before this one.
#[device]
pub fn block_scan_exclusive<T: Reduced>(value: T) -> T {
    let sum = wave_scan_exclusive(value);
    sum_of_waves_before(sum + value) + sum
}

/// Whether `condition` holds in any thread of the block.
#[device]
pub fn block_any(condition: bool) -> bool {
    block_max(condition as u32) == 1
}

/// Whether `condition` holds in every thread of the block.
#[device]
pub fn block_all(condition: bool) -> bool {
    block_min(condition as u32) == 1
}
