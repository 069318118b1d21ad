//! Activations in the types that the next product multiplies, as kernels that compute in `f32` write them.

use greta::codegen::trace::{Val, Value, Vector, cast};
use greta::prelude::*;

/// A type of activations.
pub trait Activation: Value {
    /// Four of them.
    type Four: Vector<Lane = Self>;
    /// The nearest activation.
    fn narrow(value: Val<f32>) -> Val<Self>;
    /// The nearest four.
    fn narrow_four(values: Val<f32x4>) -> Val<Self::Four>;
}

impl Activation for f32 {
    type Four = f32x4;

    fn narrow(value: Val<f32>) -> Val<f32> {
        value
    }

    fn narrow_four(values: Val<f32x4>) -> Val<f32x4> {
        values
    }
}

impl Activation for bf16 {
    type Four = bf16x4;

    #[track_caller]
    fn narrow(value: Val<f32>) -> Val<bf16> {
        cast::<bf16, _>(value)
    }

    #[track_caller]
    fn narrow_four(values: Val<f32x4>) -> Val<bf16x4> {
        narrow_bf16x4(values)
    }
}

/// The nearest numbers in bf16.
#[device]
fn narrow_bf16x4(values: f32x4) -> bf16x4 {
    let mut narrow = bf16x4::splat(bf16::ZERO);
    #[unroll]
    for j in 0..4 {
        narrow[j] = values[j] as bf16;
    }
    narrow
}
