//! Reductions and scans over the lanes of a wave and the threads of a block, written in greta itself.
//!
//! Every thread of the wave or block takes part, and every thread gets its result. A block may end in a part of a wave:
//! lanes that it does not have count for nothing. Sums of floats are added in the order of a tree, not of the threads.

use greta_codegen::trace::{IntoKernelValue, Val, Word};

use crate::prelude::*;

/// Numbers that are reduced: integers, `f16`, `bf16`, `f32`, `f64`. Every step rounds to the type.
#[diagnostic::on_unimplemented(message = "values of type `{Self}` are not reduced: take an integer or a float")]
pub trait Reduced: Number + Word {
    /// What a sum begins with.
    fn zero() -> Val<Self>;
}

macro_rules! reduced {
    ($($number:ty)*) => {
        $(impl Reduced for $number {
            fn zero() -> Val<Self> {
                <$number>::default().into_val()
            }
        })*
    };
}

reduced!(i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64);

/// How many lanes the thread's wave has: `WAVE`, but in the last wave of a block that is no whole number of waves.
#[device]
fn lanes_of_wave() -> u32 {
    (BLOCK - wave_id() * WAVE).min(WAVE)
}

/// A reduction over a wave, and the same over a block.
macro_rules! reductions {
    ($(
        $(#[$wave_doc:meta])* $wave:ident
        $(#[$block_doc:meta])* $block:ident
        [$($bound:path),*]: |$a:ident, $b:ident| $combine:expr;
    )*) => {
        $($(#[$wave_doc])*
        #[device]
        pub fn $wave<T: $($bound +)*>(value: T) -> T {
            let mut $a = value;
            let mut offset = WAVE / 2;
            while offset > 0 {
                if BLOCK % WAVE == 0 {
                    let $b = shuffle_xor($a, offset);
                    $a = $combine;
                } else {
                    // A lane whose partner does not exist reads itself, and keeps what it has.
                    let other = lane_id() + offset;
                    let exists = other < lanes_of_wave();
                    let $b = shuffle($a, if exists { other } else { lane_id() });
                    if exists {
                        $a = $combine;
                    }
                }
                offset /= 2;
            }
            if BLOCK % WAVE == 0 { $a } else { shuffle($a, 0) }
        }

        $(#[$block_doc])*
        #[device]
        pub fn $block<T: $($bound +)*>(value: T) -> T {
            let mut partial = shared::<[T; wave_count()]>();
            let of_wave = $wave(value);
            // The threads may still be reading what an earlier call left here.
            barrier();
            if lane_id() == 0 {
                partial[wave_id()] = of_wave;
            }
            barrier();
            let mut $a = partial[0];
            #[unroll]
            for wave in 1..wave_count() {
                let $b = partial[wave];
                $a = $combine;
            }
            $a
        })*
    };
}

reductions! {
    /// The sum of `value` over the lanes of the wave.
    wave_sum
    /// The sum of `value` over the threads of the block.
    block_sum
    [Reduced]: |sum, other| sum + other;

    /// The largest `value` of the lanes of the wave.
    wave_max
    /// The largest `value` of the threads of the block.
    block_max
    [Reduced]: |largest, other| largest.max(other);

    /// The smallest `value` of the lanes of the wave.
    wave_min
    /// The smallest `value` of the threads of the block.
    block_min
    [Reduced]: |smallest, other| smallest.min(other);

    /// The bits that `value` has in all lanes of the wave.
    wave_and
    /// The bits that `value` has in all threads of the block.
    block_and
    [Integer, Word]: |bits, other| bits & other;

    /// The bits that `value` has in any lane of the wave.
    wave_or
    /// The bits that `value` has in any thread of the block.
    block_or
    [Integer, Word]: |bits, other| bits | other;
}

/// The sum of `value` over the lanes of the wave up to this one, with it.
#[device]
pub fn wave_scan_inclusive<T: Reduced>(value: T) -> T {
    let mut sum = value;
    let mut offset = 1;
    while offset < WAVE {
        let below = shuffle_up(sum, offset);
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
    let below = shuffle_up(wave_scan_inclusive(value), 1);
    if lane_id() == 0 { T::zero() } else { below }
}

/// The `value` of lane `lane`, the same for all, in every lane of the wave.
#[device]
pub fn wave_broadcast<T: Word>(value: T, lane: u32) -> T {
    shuffle(value, lane)
}

/// The sum of `value` over the threads of the waves before this one.
#[device]
fn sum_of_waves_before<T: Reduced>(sum_of_wave: T) -> T {
    let mut partial = shared::<[T; wave_count()]>();
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
