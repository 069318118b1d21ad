//! Weights in the types that they are stored in, as kernels that compute in `f32` load them.

use greta::codegen::trace::{Float, Val, Vector, cast};
use greta::prelude::*;

/// Weights that one load brings: 16 bytes in decode, four of them in prefill.
pub trait WeightVector: Vector {
    /// As many `f32`.
    type Wide: Vector<Lane = f32> + Float;
    /// How many.
    const LANES: u32;
    /// The weights in `f32`, which holds them all.
    fn widen(weights: Val<Self>) -> Val<Self::Wide>;
    /// One weight in `f32`.
    fn widen_one(weight: Val<Self::Lane>) -> Val<f32>;
    /// Zeros.
    fn zero() -> Val<Self::Wide>;
    /// The sum of the lanes, as a tree.
    fn lanes_sum(wide: Val<Self::Wide>) -> Val<f32>;
}

macro_rules! weight_vector {
    ($($vector:ident of $lane:ident, $wide:ident, $lanes:literal: $widen:expr, $lanes_sum:ident;)*) => {
        $(impl WeightVector for $vector {
            type Wide = $wide;
            const LANES: u32 = $lanes;

            #[track_caller]
            fn widen(weights: Val<Self>) -> Val<$wide> {
                let widen: fn(Val<Self>) -> Val<$wide> = $widen;
                widen(weights)
            }

            #[track_caller]
            fn widen_one(weight: Val<$lane>) -> Val<f32> {
                cast::<f32, _>(weight)
            }

            #[track_caller]
            fn zero() -> Val<$wide> {
                $wide::splat(0.0)
            }

            #[track_caller]
            fn lanes_sum(wide: Val<$wide>) -> Val<f32> {
                $lanes_sum(wide)
            }
        })*
    };
}

weight_vector! {
    f32x4 of f32, f32x4, 4: |weights| weights, lanes_sum;
    bf16x8 of bf16, f32x8, 8: widen_bf16x8, lanes_sum_of_8;
    bf16x4 of bf16, f32x4, 4: widen_bf16x4, lanes_sum;
    f16x8 of f16, f32x8, 8: widen_f16x8, lanes_sum_of_8;
    f16x4 of f16, f32x4, 4: widen_f16x4, lanes_sum;
}

macro_rules! widen {
    ($($name:ident $narrow:ident $wide:ident $lanes:literal;)*) => {
        $(
            /// The same numbers in f32.
            #[device]
            fn $name(weights: $narrow) -> $wide {
                let mut wide = $wide::splat(0.0);
                #[unroll]
                for j in 0..$lanes {
                    wide[j] = weights[j] as f32;
                }
                wide
            }
        )*
    };
}

widen! {
    widen_bf16x8 bf16x8 f32x8 8;
    widen_bf16x4 bf16x4 f32x4 4;
    widen_f16x8 f16x8 f32x8 8;
    widen_f16x4 f16x4 f32x4 4;
}

/// v[0] + v[1] + v[2] + v[3], as a tree.
#[device]
pub(super) fn lanes_sum(v: f32x4) -> f32 {
    (v[0] + v[1]) + (v[2] + v[3])
}

/// The sum of eight, as a tree.
#[device]
fn lanes_sum_of_8(v: f32x8) -> f32 {
    ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]))
}
