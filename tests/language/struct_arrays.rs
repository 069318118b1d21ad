//! Structs that hold arrays, and arrays as values.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue)]
struct Filter {
    taps: [f32; 3],
    gain: f32,
}

#[device]
fn filtered(filter: &Filter, x: &Global<f32>, at: u32) -> f32 {
    let mut sum = 0.0;
    for k in 0..3 {
        sum += filter.taps[k] * x[(at + k) % 128];
    }
    sum * filter.gain
}

#[kernel(block = 64)]
pub fn struct_arrays(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut filter = Filter { taps: [1.0, x[i], 0.5], gain: 2.0 };
    let before = filter;
    filter.taps[i % 3] += 4.0;
    filter.gain *= 0.5;
    y[i] = filtered(&filter, x, i) - filtered(&before, x, i);
}

#[test]
fn a_struct_with_an_array_is_copied() {
    check!(struct_arrays, floats(), |x: &[f32], i: usize| {
        let filtered = |taps: [f32; 3], gain: f32| {
            let mut sum = 0.0;
            for k in 0..3 {
                sum += taps[k] * x[(i + k) % 128];
            }
            sum * gain
        };
        let mut taps = [1.0, x[i], 0.5];
        let before = filtered(taps, 2.0);
        taps[i % 3] += 4.0;
        filtered(taps, 1.0) - before
    });
}

#[kernel(block = 64)]
pub fn array_values(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut a = [[x[i], 1.0], [2.0, 3.0], [0.25, x[127 - i]]];
    let kept = a;
    a[i % 3][1] = 8.0;
    let row = a[2];
    a = if x[i] > 0.0 { kept } else { [row, [5.0, 6.0], row] };
    a[1] = row;
    let mut sum = 0.0;
    for r in 0..3 {
        for c in 0..2 {
            sum = sum * 2.0 + a[r][c];
        }
    }
    y[i] = sum;
}

#[test]
fn arrays_are_copied_assigned_and_chosen() {
    check!(array_values, floats(), |x: &[f32], i: usize| {
        let mut a = [[x[i], 1.0], [2.0, 3.0], [0.25, x[127 - i]]];
        let kept = a;
        a[i % 3][1] = 8.0;
        let row = a[2];
        a = if x[i] > 0.0 { kept } else { [row, [5.0, 6.0], row] };
        a[1] = row;
        a.as_flattened().iter().fold(0.0, |sum, v| sum * 2.0 + v)
    });
}

crate::kernels!(struct_arrays, array_values);
