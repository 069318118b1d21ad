//! Device functions and closures.

use crate::{check, floats};
use greta::prelude::*;

#[device]
fn square_or_half<T: Float>(value: T) -> T {
    value * value
}

#[device]
fn clamp_unit(value: f32) -> f32 {
    if value > 0.5 {
        return 0.5;
    }
    if value < -0.5 {
        return -0.5;
    }
    value
}

#[device]
fn accumulate(x: &Global<f32>, from: u32, totals: &mut [f32; 2], count: &mut u32) {
    for j in 0..4 {
        if x[from + j] < 0.0 {
            continue;
        }
        totals[j % 2] += clamp_unit(x[from + j]);
        *count += 1;
    }
}

#[kernel(block = 64)]
pub fn device_functions(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut totals = [0.0; 2];
    let mut count = 0;
    accumulate(x, i / 4 * 4, &mut totals, &mut count);
    let doubled = |value: f32| value * 2.0;
    y[i] = totals[0] * 3.0 + totals[1] + count as f32 + square_or_half(x[i]) + doubled(x[i]);
}

#[test]
fn device_functions_take_values_and_references() {
    check!(device_functions, floats(), |x: &[f32], i: usize| {
        let (mut totals, mut count) = ([0.0f32; 2], 0);
        for j in 0..4 {
            let v = x[i / 4 * 4 + j];
            if v < 0.0 {
                continue;
            }
            totals[j % 2] += v.clamp(-0.5, 0.5);
            count += 1;
        }
        totals[0] * 3.0 + totals[1] + count as f32 + x[i] * x[i] + x[i] * 2.0
    });
}

#[kernel(block = 64)]
pub fn generic_instances(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let pair = square_or_half(f32x2::new([x[i], 2.0]));
    y[i] = pair[0] + pair[1] + square_or_half(3.0 * x[i]);
}

#[test]
fn a_generic_function_has_an_instance_per_type() {
    check!(generic_instances, floats(), |x: &[f32], i: usize| x[i] * x[i] + 4.0 + (3.0 * x[i]) * (3.0 * x[i]));
}

#[device]
fn powf(value: f32) -> f32 {
    value * 0.5
}

#[device]
fn roundf(value: f32) -> f32 {
    powf(value) + 1.0
}

#[device]
fn __shfl(value: f32) -> f32 {
    let __shared__ = value + 2.0;
    __shared__ * 2.0
}

#[kernel(block = 64)]
pub fn names_of_the_headers(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = roundf(x[i]) + __shfl(x[i]);
}

#[test]
fn a_function_may_be_called_as_one_of_the_headers_is() {
    check!(names_of_the_headers, floats(), |x: &[f32], i: usize| (x[i] * 0.5 + 1.0) + (x[i] + 2.0) * 2.0);
}

#[kernel(block = 64)]
pub fn mutable_closure_parameter(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let halved = |mut value: f32| {
        while value > 0.125 {
            value *= 0.5;
        }
        value
    };
    y[i] = halved(x[i]) + halved(4.0);
}

#[test]
fn a_closure_changes_its_parameter() {
    check!(mutable_closure_parameter, floats(), |x: &[f32], i: usize| {
        let halved = |mut value: f32| {
            while value > 0.125 {
                value *= 0.5;
            }
            value
        };
        halved(x[i]) + halved(4.0)
    });
}

crate::kernels!(device_functions, generic_instances, names_of_the_headers, mutable_closure_parameter);
