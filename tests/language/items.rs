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

crate::kernels!(local_items);
