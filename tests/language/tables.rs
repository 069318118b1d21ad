//! Constant arrays, read by an index of run time.

use crate::floats;
use greta::prelude::*;

const WEIGHTS: [f32; 5] = [0.5, -1.0, 2.0, 0.25, 8.0];
const ROWS: [[u32; 3]; 4] = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 4_000_000_000]];
const SIGNS: [bool; 2] = [true, false];

#[kernel(block = 64)]
pub fn table(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i] * WEIGHTS[i % 5] + WEIGHTS[(i + 1) % 5] + WEIGHTS[2];
}

#[test]
fn a_table_is_read_by_a_run_time_index() {
    crate::check!(table, floats(), |x: &[f32], i: usize| x[i] * WEIGHTS[i % 5] + WEIGHTS[(i + 1) % 5] + WEIGHTS[2]);
}

#[kernel(block = 64)]
pub fn table_rows(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = 0;
    for k in 0..3 {
        sum = sum * 7 + ROWS[i % 4][k] % 1000;
    }
    y[i] = if SIGNS[i % 2] { x[i] + sum as f32 } else { ROWS[3][1] as f32 };
}

#[test]
fn tables_have_rows_and_truth_values() {
    crate::check!(table_rows, floats(), |x: &[f32], i: usize| {
        let sum = ROWS[i % 4].iter().fold(0, |sum, row| sum * 7 + row % 1000);
        if SIGNS[i % 2] { x[i] + sum as f32 } else { 11.0 }
    });
}

mod other {
    pub(super) const TAPS: [f32; 2] = [3.0, -0.125];
}

#[device]
fn tap(index: u32) -> f32 {
    other::TAPS[index % 2]
}

#[kernel(block = 64)]
pub fn table_in_function(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = 0.0;
    for k in 0..4 {
        sum += tap(i + k) * WEIGHTS[k];
    }
    y[i] = x[i] + sum * WEIGHTS[i % 5];
}

#[test]
fn a_table_is_read_in_a_device_function() {
    crate::check!(table_in_function, floats(), |x: &[f32], i: usize| {
        let sum = (0..4).fold(0.0, |sum, k| sum + other::TAPS[(i + k) % 2] * WEIGHTS[k]);
        x[i] + sum * WEIGHTS[i % 5]
    });
}

#[test]
fn a_table_comes_out_once_and_by_its_name() {
    let hip = table::variant().hip().unwrap();
    assert_eq!(
        hip.matches("static constexpr float WEIGHTS[5] = {0.5f, -1.0f, 2.0f, 0.25f, 8.0f};").count(),
        1,
        "{hip}"
    );
}

/// Two reads in one place, whose indices are known at run time only: one table.
#[kernel(block = 64)]
pub fn table_read_twice(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = x[i];
    for k in 0..WEIGHTS.len() {
        sum += WEIGHTS[k] * WEIGHTS[(k + i) % WEIGHTS.len()];
    }
    y[i] = sum;
}

#[test]
fn a_table_is_made_once_and_has_a_length() {
    crate::check!(table_read_twice, floats(), |x: &[f32], i: usize| {
        (0..WEIGHTS.len()).fold(x[i], |sum, k| sum + WEIGHTS[k] * WEIGHTS[(k + i) % WEIGHTS.len()])
    });
    let hip = table_read_twice::variant().hip().unwrap();
    assert_eq!(hip.matches("static constexpr").count(), 1, "{hip}");
}

const COUNT: usize = 3;

#[device]
fn weighted(weights: [f32; 5], rows: &[[u32; 3]; 4], count: u32, at: u32) -> f32 {
    let mut sum = 0.0;
    for k in 0..count {
        sum += weights[(k + at) % 5] * rows[at % 4][k % 3] as f32;
    }
    sum
}

#[kernel(block = 64)]
pub fn table_passed(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i] + weighted(WEIGHTS, &ROWS, COUNT, i);
}

#[test]
fn a_constant_array_and_a_constant_count_are_passed() {
    crate::check!(table_passed, floats(), |x: &[f32], i: usize| {
        let terms = (0..COUNT).map(|k| WEIGHTS[(k + i) % 5] * ROWS[i % 4][k % 3] as f32);
        x[i] + terms.fold(0.0, |sum, term| sum + term)
    });
}

crate::kernels!(table_passed, table_read_twice, table, table_rows, table_in_function);
