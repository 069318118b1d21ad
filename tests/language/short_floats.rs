//! Float literals beside numbers of 16 bits: they take the type that their use asks for.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue)]
struct Line {
    slope: f16,
    start: f16,
}

#[device]
fn twice(value: f16) -> f16 {
    2.0 * value
}

/// Every place in which a literal stands beside, or becomes, a number of 16 bits.
#[kernel(block = 64)]
pub fn literals_of_half(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let a = x[i] as f16;
    let mut sum = 0.1;
    sum += a / 3.0;
    sum = sum * 1.5 + twice(0.7) - -0.25;
    let weights: [f16; 2] = [0.3; 2];
    let line = Line { slope: 1.7, start: 0.01 };
    let side = if a < 0.0 { -1.1 } else { a };
    y[i] = (fma(sum, weights[1], line.start) + a.max(0.2) * line.slope + side) as f32;
}

#[test]
fn float_literals_beside_f16_are_its_nearest_numbers() {
    check!(literals_of_half, floats(), |x: &[f32], i: usize| {
        let h = f16::from_f32;
        let a = h(x[i]);
        let sum = (h(0.1) + a / h(3.0)) * h(1.5) + h(2.0) * h(0.7) - h(-0.25);
        // Of factors of 11 bits the product is exact, and with the sum it has fewer bits than an `f64`.
        let fused = f64::from(sum.to_f32()) * f64::from(h(0.3).to_f32()) + f64::from(h(0.01).to_f32());
        let side = if x[i] < 0.0 { h(-1.1) } else { a };
        let largest = if a.to_f32() > h(0.2).to_f32() { a } else { h(0.2) };
        (f16::from_f64(fused) + largest * h(1.7) + side).to_f32()
    });
}

/// 1 + 2^-11 lies between two f16: what is above it by less than an f32 shows is still above.
#[kernel(block = 64)]
pub fn literals_round_once(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = ((x[i] as f16) * 1.000_488_281_26) as f32;
}

#[test]
fn a_float_literal_is_rounded_once() {
    assert_eq!(f16::from_f32(1.000_488_281_26_f64 as f32).to_f32(), 1.0, "an f32 does not show it");
    check!(literals_round_once, vec![1.0_f32; crate::LEN], |_: &[f32], _: usize| 1.0 + f16::EPSILON.to_f32());
}

#[kernel(block = 64)]
pub fn literals_of_brain(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let a = x[i] as bf16;
    let mut sum = 1.0 - a;
    sum *= 0.3;
    y[i] = if sum >= 0.1 { sum as f32 } else { (sum + 100.5) as f32 };
}

#[test]
fn float_literals_beside_bf16_are_its_nearest_numbers() {
    check!(literals_of_brain, floats(), |x: &[f32], i: usize| {
        let b = bf16::from_f32;
        let sum = (b(1.0) - b(x[i])) * b(0.3);
        if sum.to_f32() >= b(0.1).to_f32() { sum.to_f32() } else { (sum + b(100.5)).to_f32() }
    });
}

/// Literals of which nothing says the type take Rust's default.
#[kernel(block = 64)]
pub fn literals_by_default(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let tenth = 0.1;
    let table = [0.1, -0.2];
    y[i] = if tenth * 10.0 > table[0] - table[1] { x[i] } else { (tenth * 0.1) as f32 };
}

#[test]
fn literals_without_a_use_are_f64() {
    check!(literals_by_default, floats(), |x: &[f32], i: usize| {
        let (tenth, table) = (0.1_f64, [0.1_f64, -0.2]);
        if tenth * 10.0 > table[0] - table[1] { x[i] } else { (tenth * 0.1) as f32 }
    });
}

/// Numbers of more bits than an `f32` has.
#[kernel(block = 64)]
pub fn casts_round_once(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let bit = i % 2;
    let close = 1.003_906_25f64 + bit as f64 * 1e-12;
    let long = (1i64 << 60) + (1 << 52) + bit as i64;
    y[i] = x[i] + (close as bf16) as f32 + (long as bf16) as f32 * 1e-18 + (bit + 16_842_752) as bf16 as f32 * 1e-8;
}

#[test]
fn casts_to_bf16_round_once() {
    check!(casts_round_once, floats(), |x: &[f32], i: usize| {
        let next = 1.0 + (i % 2) as f32 * bf16::EPSILON.to_f32();
        x[i] + next + next * (1_u64 << 60) as f32 * 1e-18 + next * 16_777_216.0 * 1e-8
    });
}

crate::kernels!(casts_round_once, literals_of_half, literals_round_once, literals_of_brain, literals_by_default);
