//! Literals, operators, conversions, vectors.

use crate::{check, floats, integers};
use greta::prelude::*;

#[kernel(block = 64)]
pub fn literals(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let tenth = 0.1;
    y[i] = x[i] * 2.5e-3 + tenth - 1_000.0 + -0.3f32;
}

#[test]
fn a_float_literal_is_the_nearest_f32() {
    check!(literals, floats(), |x: &[f32], i: usize| x[i] * 2.5e-3 + 0.1 - 1_000.0 + -0.3f32);
}

#[kernel(block = 64)]
pub fn arithmetic(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    y[i] = -(v * v - v / 3.0) * (1.0 + v);
}

#[test]
fn float_arithmetic_rounds_each_operation() {
    check!(arithmetic, floats(), |x: &[f32], i: usize| {
        let v: f32 = x[i];
        -(v * v - v / 3.0) * (1.0 + v)
    });
}

#[kernel(block = 64)]
pub fn wrapping(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    let signed = v as i32 * 3 - 7;
    y[i] = v * v + 0xffff_ffff - (signed as u32) + v / 7 + v % 11 + (signed / 5) as u32 + (signed % 5) as u32;
}

#[test]
fn integer_arithmetic_wraps_and_division_truncates() {
    check!(wrapping, integers(), |x: &[u32], i: usize| {
        let v: u32 = x[i];
        let signed = (v as i32).wrapping_mul(3).wrapping_sub(7);
        v.wrapping_mul(v)
            .wrapping_add(0xffff_ffff)
            .wrapping_sub(signed as u32)
            .wrapping_add(v / 7)
            .wrapping_add(v % 11)
            .wrapping_add((signed / 5) as u32)
            .wrapping_add((signed % 5) as u32)
    });
}

#[kernel(block = 64)]
pub fn bits(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    let mut r = (v & 0xff00) | (v >> 24) ^ (v << 3);
    r ^= !v;
    r <<= v & 7;
    y[i] = r | ((v as i32 >> 5) as u32 & 0xf0);
}

#[test]
fn bit_operations_follow_rusts_precedence_and_sign() {
    check!(bits, integers(), |x: &[u32], i: usize| {
        let v: u32 = x[i];
        let mut r = (v & 0xff00) | (v >> 24) ^ (v << 3);
        r ^= !v;
        r <<= v & 7;
        r | ((v as i32 >> 5) as u32 & 0xf0)
    });
}

#[kernel(block = 64)]
pub fn comparisons(x: &Global<f32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let (a, b) = (x[i], x[127 - i]);
    let both = (a < b) as u32 + (a <= b) as u32 * 2 + (a > b) as u32 * 4 + (a >= b) as u32 * 8;
    y[i] = both + (a == b) as u32 * 16 + (a != b) as u32 * 32 + (!(a < b) | (b == a) & true) as u32 * 64;
}

#[test]
fn comparisons_give_bools_that_cast_to_0_and_1() {
    check!(comparisons, floats(), |x: &[f32], i: usize| {
        let (a, b) = (x[i], x[127 - i]);
        let both = (a < b) as u32 + (a <= b) as u32 * 2 + (a > b) as u32 * 4 + (a >= b) as u32 * 8;
        both + (a == b) as u32 * 16 + (a != b) as u32 * 32 + (!(a < b) | (b == a) & true) as u32 * 64
    });
}

#[kernel(block = 64)]
pub fn casts(x: &Global<f32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i] * 1.0e10;
    y[i] = (v as u32) ^ (v as i32 as u32) ^ ((i as f32 * 1.5) as u32);
}

#[test]
fn float_to_integer_casts_saturate() {
    check!(casts, floats(), |x: &[f32], i: usize| {
        let v = x[i] * 1.0e10;
        (v as u32) ^ (v as i32 as u32) ^ ((i as f32 * 1.5) as u32)
    });
}

#[kernel(block = 64)]
pub fn vectors(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut v = x.load_vector::<f32x4>(i / 4 * 4);
    v = v * f32x4::splat(0.5) + f32x4::new([1.0, 2.0, 3.0, 4.0]);
    v[1] = v[0] * v[3];
    v[2] += 1.0;
    if i % 4 == 0 {
        y.store_vector(i, v);
    }
}

#[test]
fn vectors_are_elementwise_and_their_lanes_are_assigned() {
    check!(vectors, floats(), |x: &[f32], i: usize| {
        let base = i / 4 * 4;
        let mut v: Vec<f32> = (0..4).map(|lane| x[base + lane] * 0.5 + [1.0, 2.0, 3.0, 4.0][lane]).collect();
        v[1] = v[0] * v[3];
        v[2] += 1.0;
        v[i % 4]
    });
}

const SCALE: f32 = 0.125;

#[kernel(block = 64)]
pub fn host_constants(x: &Global<f32>, y: &mut Global<f32>) {
    const OFFSET: u32 = 5;
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut largest = -f32::INFINITY;
    largest = largest.max(x[i] * SCALE + SCALE);
    y[i] = largest + (i + OFFSET) as f32;
}

#[test]
fn rust_constants_are_values_of_their_type() {
    check!(host_constants, floats(), |x: &[f32], i: usize| x[i] * SCALE + SCALE + (i + 5) as f32);
}

#[kernel(block = 64)]
pub fn math(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i].abs() + 0.5;
    y[i] = sqrt(v) + v.floor() + ceil(v) + fma(v, v, 1.0) + v.mul_add(2.0, v).min(0.75).max(-x[i]);
}

#[test]
fn exact_functions_are_exact() {
    check!(math, floats(), |x: &[f32], i: usize| {
        let v = x[i].abs() + 0.5;
        v.sqrt() + v.floor() + v.ceil() + v.mul_add(v, 1.0) + v.mul_add(2.0, v).min(0.75).max(-x[i])
    });
}

#[kernel(tile(PARTS = 12 in [12]), block = 64)]
pub(crate) fn parts(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // A length is a constant: so is the quotient of two.
    let mut counts = [0; PARTS.div_ceil(5)];
    counts[i % 3] = x[i].div_ceil(i + 1);
    let long = (x[i] as u64 * 77_777).div_ceil(x[i] as u64 % 1000 + 1);
    y[i] = counts[0] + counts[1] * 3 + counts[2] * 5 + (x[i] >> 3).next_multiple_of(i + 2) + long as u32;
}

#[test]
fn quotients_are_rounded_up() {
    check!(parts, integers(), |x: &[u32], i: usize| {
        let n = i as u32;
        let long = (u64::from(x[i]) * 77_777).div_ceil(u64::from(x[i]) % 1000 + 1) as u32;
        let count = x[i].div_ceil(n + 1).wrapping_mul([1, 3, 5][i % 3]);
        count.wrapping_add((x[i] >> 3).next_multiple_of(n + 2)).wrapping_add(long)
    });
}

crate::kernels!(parts, literals, arithmetic, wrapping, bits, comparisons, casts, vectors, host_constants, math);
