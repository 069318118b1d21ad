//! Constants of type `usize`, in which Rust counts, and ranges that are asked for a value.

use crate::{check, floats, integers, kernels};
use greta::prelude::*;

const TAPS: usize = 3;

struct Layout;

impl Layout {
    const ROWS: usize = 2;
}

#[device]
fn last<const N: usize>(values: [f32; N]) -> f32 {
    let mut found = 0.0;
    for k in 0..N {
        found = values[k] + (N / 4) as f32;
    }
    found
}

#[kernel(block = 64)]
pub fn counts(x: &Global<f32>, y: &mut Global<f32>) {
    const COLUMNS: usize = TAPS + 1;
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut tile = shared::<[[f32; COLUMNS]; Layout::ROWS]>();
    if thread_idx().x < Layout::ROWS {
        tile[thread_idx().x] = [1.0, x[i], 2.0, 0.5];
    }
    barrier();
    let mut window = [x[i]; TAPS];
    let count = TAPS;
    let mut next = 0;
    while next < TAPS {
        window[TAPS - 1 - next] += tile[next % Layout::ROWS][COLUMNS - 1] * (count * next) as f32;
        next += 1;
    }
    y[i] = window[0] + window[TAPS - 1] * (1 << TAPS) as f32 + TAPS as f32 + last::<4>([0.0, 1.0, 2.0, tile[1][2]]);
}

#[test]
fn a_usize_constant_counts_in_a_kernel() {
    check!(counts, floats(), |x: &[f32], i: usize| {
        let mut window = [x[i]; TAPS];
        for next in 0..TAPS {
            window[TAPS - 1 - next] += 0.5 * (TAPS * next) as f32;
        }
        window[0] + window[TAPS - 1] * 8.0 + 3.0 + 3.0
    });
}

#[kernel(block = 64)]
pub fn contained(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let n = (x[i] >> 24) as i32 - 100;
    let mut found = 0;
    if (-7..20).contains(&n) {
        found += 1;
    }
    if (0..=i as i32).contains(&(n - 3)) && !(..5).contains(&n) {
        found += 2;
    }
    let far = (50..).contains(&n);
    if far || (..=-90).contains(&n) {
        found += 4;
    }
    y[i] = found;
}

#[test]
fn a_range_is_asked_whether_it_contains_a_value() {
    check!(contained, integers(), |x: &[u32], i: usize| {
        let n = (x[i] >> 24) as i32 - 100;
        let mut found = u32::from((-7..20).contains(&n));
        if (0..=i as i32).contains(&(n - 3)) && !(..5).contains(&n) {
            found += 2;
        }
        if n >= 50 || n <= -90 {
            found += 4;
        }
        found
    });
}

#[device]
fn ordered<T: Number + Comparable>(a: T, b: T) -> (T, T) {
    if a < b { (a, b) } else { (b, a) }
}

#[kernel(block = 64)]
pub fn compared(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let (low, high) = ordered(x[i], x[127 - i]);
    let (few, many) = ordered(i, 63);
    y[i] = high - low + (many - few) as f32;
}

#[test]
fn a_generic_function_compares() {
    check!(compared, floats(), |x: &[f32], i: usize| {
        let (a, b) = (x[i], x[127 - i]);
        a.max(b) - a.min(b) + (i.max(63) - i.min(63)) as f32
    });
}

kernels!(counts, contained, compared);
