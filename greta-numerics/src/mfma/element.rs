//! One element of D = A * B + C, as the rules say it: plain, exact, and what the tiles must agree with.
//!
//! Source of the rules: MMA-Sim (arXiv 2511.10909), whose authors compared theirs with an MI300X. They leave open what
//! infinities, NaN and products past 2^128 give beyond the kind of the result, and the sign of zero; here NaN is always
//! [`NAN_BITS`] and an exact zero is +0.

use super::format::{Class, FRACTION_BITS, Parts, ZERO_EXPONENT};
use super::{NAN_BITS, NAN_BITS_F64};

/// Fractional bits of a product's significand, before and after it is aligned.
const PRODUCT_BITS: u32 = 2 * FRACTION_BITS;
const ALIGNED_BITS: u32 = 24;
/// Fractional bits at which the products' sum meets C.
const SUM_BITS: u32 = 31;
/// C is dropped by the 8-bit rule where its exponent is lower than the largest by more than this.
const DROP_DISTANCE: i32 = 25;

/// acc = C, then acc = `fma(A[k], B[k], acc)` for each k in order.
#[must_use]
pub fn dot_f32(a: &[f32], b: &[f32], c: f32) -> f32 {
    let sum = a.iter().zip(b).fold(c, |acc, (&a, &b)| a.mul_add(b, acc));
    if sum.is_nan() { f32::from_bits(NAN_BITS) } else { sum }
}

/// acc = C, then acc = `fma(A[k], B[k], acc)` for each k in order.
#[must_use]
pub fn dot_f64(a: &[f64], b: &[f64], c: f64) -> f64 {
    let sum = a.iter().zip(b).fold(c, |acc, (&a, &b)| a.mul_add(b, acc));
    if sum.is_nan() { f64::from_bits(NAN_BITS_F64) } else { sum }
}

/// The sum of C and all products, modulo 2^32.
#[must_use]
pub fn dot_i8(a: &[i8], b: &[i8], c: i32) -> i32 {
    a.iter().zip(b).fold(c, |acc, (&a, &b)| acc.wrapping_add(i32::from(a) * i32::from(b)))
}

/// The rule of f16, bf16 and xf32: groups of `group` products, an f32 after each.
///
/// Within a group, products are cut toward zero at 24 fractional bits of the largest exponent and summed; sum and
/// accumulator are rounded down to 31 and 24 fractional bits of the larger exponent of the two; their sum is rounded to
/// nearest even.
#[must_use]
pub fn dot_grouped(group: usize, a: &[Parts], b: &[Parts], c: f32) -> f32 {
    let group = group.max(1);
    a.chunks(group).zip(b.chunks(group)).fold(c, |acc, (a, b)| add_group(a, b, acc))
}

/// The rule of fp8 and bf8: groups of 16 products, those of even and of odd index summed apart.
#[must_use]
pub fn dot_fp8(a: &[Parts], b: &[Parts], c: f32) -> f32 {
    a.chunks(16).zip(b.chunks(16)).fold(c, |acc, (a, b)| add_group_fp8(a, b, acc))
}

/// One group of [`dot_grouped`].
pub(super) fn add_group(a: &[Parts], b: &[Parts], acc: f32) -> f32 {
    if let Some(special) = opt_special(a, b, acc) {
        return special;
    }
    let (sum, exponent) = sum_aligned(a.iter().zip(b));
    add_rounded(sum, exponent, acc)
}

/// One group of [`dot_fp8`].
pub(super) fn add_group_fp8(a: &[Parts], b: &[Parts], acc: f32) -> f32 {
    if let Some(special) = opt_special(a, b, acc) {
        return special;
    }
    let (even, even_exponent) = sum_aligned(a.iter().zip(b).step_by(2));
    let (odd, odd_exponent) = sum_aligned(a.iter().zip(b).skip(1).step_by(2));
    let exponent = even_exponent.max(odd_exponent);
    let sum = shift_down(even, exponent - even_exponent) + shift_down(odd, exponent - odd_exponent);
    let dropped = exponent_of(acc) < exponent.max(exponent_of(acc)) - DROP_DISTANCE;
    add_rounded(sum, exponent, if dropped { 0.0 } else { acc })
}

/// The products' largest exponent, and their sum with 24 fractional bits of it, each cut toward zero.
fn sum_aligned<'p>(pairs: impl Iterator<Item = (&'p Parts, &'p Parts)> + Clone) -> (i64, i32) {
    let exponent = pairs.clone().map(|(a, b)| a.exponent + b.exponent).max().unwrap_or(2 * ZERO_EXPONENT);
    let term = |(a, b): (&Parts, &Parts)| {
        let product = i64::from(a.significand * b.significand) << (ALIGNED_BITS - PRODUCT_BITS);
        let magnitude = shift_down(product.abs(), exponent - a.exponent - b.exponent);
        magnitude * product.signum()
    };
    (pairs.map(term).sum(), exponent)
}

/// Adds the accumulator to `sum * 2^(exponent - 24)` and rounds to f32.
fn add_rounded(sum: i64, exponent: i32, acc: f32) -> f32 {
    let largest = exponent.max(exponent_of(acc));
    let sum = shift_down(sum << (SUM_BITS - ALIGNED_BITS), largest - exponent);
    let acc = shift_down(significand_of(acc) << (ALIGNED_BITS - 23), largest - exponent_of(acc));
    let total = sum + (acc << (SUM_BITS - ALIGNED_BITS));
    // Less than 2^38: exact in f64, and so is the power of two, so that the conversion to f32 is the only rounding.
    (total as f64 * power_of_two(largest - SUM_BITS as i32)) as f32
}

/// What the group gives where infinities or NaN decide it: first those of the inputs and of the accumulator, which an
/// earlier group may have made infinite, then those that products of 2^128 or more stand for.
fn opt_special(a: &[Parts], b: &[Parts], acc: f32) -> Option<f32> {
    let mut inputs =
        Infinities { positive: acc == f32::INFINITY, negative: acc == f32::NEG_INFINITY, nan: acc.is_nan() };
    let mut products = Infinities::default();
    for (a, b) in a.iter().zip(b) {
        let sign = a.significand.signum() * b.significand.signum();
        match (a.class, b.class) {
            (Class::Nan, _) | (_, Class::Nan) => inputs.nan = true,
            (Class::Finite, Class::Finite) => {
                let top_bit = (a.significand * b.significand).unsigned_abs().checked_ilog2();
                if top_bit.is_some_and(|bit| bit as i32 - PRODUCT_BITS as i32 + a.exponent + b.exponent >= 128) {
                    products.add(sign);
                }
            }
            _ => inputs.add(sign),
        }
    }
    inputs.opt_sum().or_else(|| products.opt_sum())
}

/// Infinities to be added up.
#[derive(Default)]
struct Infinities {
    positive: bool,
    negative: bool,
    nan: bool,
}

impl Infinities {
    /// Adds an infinity of this sign; without one it is NaN.
    fn add(&mut self, sign: i32) {
        self.positive |= sign > 0;
        self.negative |= sign < 0;
        self.nan |= sign == 0;
    }

    fn opt_sum(&self) -> Option<f32> {
        match (self.positive, self.negative) {
            _ if self.nan => Some(f32::from_bits(NAN_BITS)),
            (true, true) => Some(f32::from_bits(NAN_BITS)),
            (true, false) => Some(f32::INFINITY),
            (false, true) => Some(f32::NEG_INFINITY),
            (false, false) => None,
        }
    }
}

/// Rounds `value / 2^places` down.
fn shift_down(value: i64, places: i32) -> i64 {
    value >> places.clamp(0, 63)
}

/// The exponent of a finite f32; -126 for zero and subnormals.
fn exponent_of(x: f32) -> i32 {
    ((x.to_bits() >> 23) & 0xff).max(1) as i32 - 127
}

/// The signed significand of a finite f32, with 23 fractional bits.
fn significand_of(x: f32) -> i64 {
    let bits = x.to_bits();
    let magnitude = i64::from(bits & 0x7f_ffff) | i64::from((bits >> 23) & 0xff != 0) << 23;
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

/// 2^exponent, for exponents of normal f64.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}
