//! `for` through the elements of an array.

use crate::{check, floats, kernels};
use greta::prelude::*;

const TAPS: [f32; 3] = [0.5, -2.0, 8.0];
const ROWS: [[u32; 2]; 3] = [[1, 2], [3, 4], [5, 6]];

#[kernel(block = 64)]
pub fn through_literals(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = x[i];
    for m in [1, 2, 4] {
        sum = sum * 0.5 + x[i ^ m];
    }
    y[i] = sum;
}

#[test]
fn a_for_goes_through_literals() {
    check!(through_literals, floats(), |x: &[f32], i: usize| {
        let mut sum = x[i];
        for m in [1, 2, 4] {
            sum = sum * 0.5 + x[i ^ m];
        }
        sum
    });
    let hip = through_literals::variant().hip().unwrap();
    assert!(hip.contains("static constexpr uint32_t m_values[3] = {1, 2, 4};"), "{hip}");
    assert!(hip.contains("#pragma unroll\n"), "{hip}");
}

#[kernel(block = 64)]
pub fn through_constants(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = x[i];
    for tap in TAPS {
        sum = sum * tap + 1.0;
    }
    for row in ROWS {
        for n in row {
            sum += n as f32;
        }
    }
    y[i] = sum;
}

#[test]
fn a_for_goes_through_a_constant_array() {
    check!(through_constants, floats(), |x: &[f32], i: usize| {
        let sum = TAPS.iter().fold(x[i], |sum, tap| sum * tap + 1.0);
        ROWS.iter().flatten().fold(sum, |sum, &n| sum + n as f32)
    });
}

#[kernel(block = 64)]
pub fn through_values(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut values = [x[i], x[127 - i], 3.0, -1.0];
    // The array is gone through as it was.
    for value in values {
        values[0] += value;
        values[3] -= value * values[0];
    }
    let mut sum = 0.0;
    'all: for value in values {
        for factor in [value, 2.0] {
            if factor > 3.5 {
                break 'all;
            }
            if factor < 0.0 {
                continue;
            }
            sum = sum * 0.25 + factor;
        }
    }
    y[i] = sum;
}

#[test]
fn a_for_goes_through_an_array_as_it_was_and_may_be_left() {
    check!(through_values, floats(), |x: &[f32], i: usize| {
        let mut values = [x[i], x[127 - i], 3.0, -1.0];
        for value in values {
            values[0] += value;
            values[3] -= value * values[0];
        }
        let mut sum = 0.0;
        'all: for value in values {
            for factor in [value, 2.0] {
                if factor > 3.5 {
                    break 'all;
                }
                if factor < 0.0 {
                    continue;
                }
                sum = sum * 0.25 + factor;
            }
        }
        sum
    });
}

kernels!(through_literals, through_constants, through_values);
