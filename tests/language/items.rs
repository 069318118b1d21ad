//! Items in the body of a kernel or device function.

use crate::{check, floats};
use greta::prelude::*;

#[device]
fn weighted(x: &Global<f32>, at: u32) -> f32 {
    const WEIGHTS: [f32; 2] = [0.25, 4.0];

    #[device]
    fn term(value: f32, weight: f32) -> f32 {
        value * weight + 1.0
    }
    term(x[at], WEIGHTS[0]) + term(x[127 - at], WEIGHTS[1])
}

#[kernel(block = 64)]
pub(crate) fn local_items(x: &Global<f32>, y: &mut Global<f32>) {
    type Real = f32;

    #[derive(KernelValue)]
    struct Range {
        low: Real,
        high: Real,
    }

    #[device]
    impl Range {
        fn length(self) -> f32 {
            self.high - self.low
        }
    }

    #[device]
    trait Halved {
        fn halved(self) -> f32;
    }

    #[device]
    impl Halved for f32 {
        fn halved(self) -> f32 {
            self * 0.5
        }
    }

    let i = block_idx().x * BLOCK + thread_idx().x;
    let range = Range { low: x[i], high: threshold() };
    y[i] = range.length().halved() + weighted(x, i);

    #[device]
    fn threshold() -> f32 {
        BLOCK as f32
    }
}

#[test]
fn functions_constants_structs_and_traits_may_stand_in_a_body() {
    check!(local_items, floats(), |x: &[f32], i: usize| {
        (64.0 - x[i]) * 0.5 + ((x[i] * 0.25 + 1.0) + (x[127 - i] * 4.0 + 1.0))
    });
}

const BATCH: u32 = 5;
const HALF: f32 = 0.5;

/// A way to combine numbers.
trait Way {
    const LANES: u32;
    const SHARE: f32;
}

struct Wide;

impl Way for Wide {
    const LANES: u32 = 4;
    const SHARE: f32 = 0.125;
}

#[device]
fn scaled(value: f32, count: u32, by: f32) -> f32 {
    value * count as f32 + by
}

#[device]
fn shared_out<W: Way>(value: f32, lanes: u32) -> f32 {
    scaled(value, W::LANES, W::SHARE) + scaled(value, lanes, f32::EPSILON)
}

#[kernel(block = 64)]
pub(crate) fn constants_as_arguments(x: &Global<f32>, y: &mut Global<f32>) {
    const LOCAL: u32 = 3;
    let i = block_idx().x * BLOCK + thread_idx().x;
    let short = min(BATCH, i) + max(i, LOCAL) + BATCH.min(LOCAL);
    let sum = scaled(x[i], BATCH * LOCAL, HALF) + shared_out::<Wide>(x[i], Wide::LANES) + scaled(x[i], BLOCK, -HALF);
    y[i] = sum + short as f32;
}

#[test]
fn constants_of_rust_are_arguments() {
    check!(constants_as_arguments, floats(), |x: &[f32], i: usize| {
        let (number, scaled) = (i as u32, |count: f32, by: f32| x[i] * count + by);
        let short = BATCH.min(number) + number.max(3) + 3;
        let shared_out = scaled(4.0, 0.125) + scaled(4.0, f32::EPSILON);
        scaled(15.0, 0.5) + shared_out + scaled(64.0, -0.5) + short as f32
    });
}

crate::kernels!(local_items, constants_as_arguments);
