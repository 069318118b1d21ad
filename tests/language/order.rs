//! Evaluation order, and which calls are calls of the same function.

use crate::{check, floats};
use greta::prelude::*;

#[device]
fn times<const N: u32>(value: f32) -> f32 {
    value * N as f32
}

#[kernel(block = 64)]
pub fn constant_arguments(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = times::<2>(x[i]) + times::<100>(x[i]);
}

#[test]
fn a_function_has_an_instance_per_constant_argument() {
    check!(constant_arguments, floats(), |x: &[f32], i: usize| x[i] * 2.0 + x[i] * 100.0);
}

macro_rules! two_functions {
    () => {
        mod first {
            use greta::prelude::*;

            #[device]
            pub(crate) fn step(value: f32) -> f32 {
                value + 1.0
            }
        }
        mod second {
            use greta::prelude::*;

            #[device]
            pub(crate) fn step(value: f32) -> f32 {
                value * 2.0
            }
        }
    };
}

two_functions!();

#[kernel(block = 64)]
pub fn functions_of_one_macro(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = first::step(x[i]) + 100.0 * second::step(x[i]);
}

#[test]
fn functions_that_one_macro_makes_are_two() {
    check!(functions_of_one_macro, floats(), |x: &[f32], i: usize| (x[i] + 1.0) + 100.0 * (x[i] * 2.0));
}

#[kernel(block = 64)]
pub fn receivers(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut v = x[i];
    let largest = v.max(if v < 0.0 {
        v = 5.0;
        1.0
    } else {
        2.0
    });
    y[i] = largest + v;
}

#[test]
fn a_receiver_is_taken_before_its_arguments_change_it() {
    check!(receivers, floats(), |x: &[f32], i: usize| {
        let mut v = x[i];
        #[allow(clippy::mixed_read_write_in_expression)]
        let largest = v.max(if v < 0.0 {
            v = 5.0;
            1.0
        } else {
            2.0
        });
        largest + v
    });
}

crate::kernels!(constant_arguments, functions_of_one_macro, receivers);
