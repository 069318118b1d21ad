//! Loops over the 64 lanes of a register, and floating-point operations on one lane that Rust's own do
//! not give.
//!
//! Everything here is inlined into a caller that was compiled for the machine's vector instructions.

use greta_numerics::float16::{f16, f32_from_f16};

use super::rounding::fused_error;
use super::wave::{LANES, Lanes, WideLanes};

#[inline(always)]
pub(super) fn map1(a: &Lanes, f: impl Fn(u32) -> u32) -> Lanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn map2(a: &Lanes, b: &Lanes, f: impl Fn(u32, u32) -> u32) -> Lanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane], b[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn map3(a: &Lanes, b: &Lanes, c: &Lanes, f: impl Fn(u32, u32, u32) -> u32) -> Lanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane], b[lane], c[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn float1(a: &Lanes, f: impl Fn(f32) -> f32) -> Lanes {
    map1(a, |x| f(f32::from_bits(x)).to_bits())
}

#[inline(always)]
pub(super) fn float2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
    map2(a, b, |x, y| f(f32::from_bits(x), f32::from_bits(y)).to_bits())
}

#[inline(always)]
pub(super) fn float3(a: &Lanes, b: &Lanes, c: &Lanes, f: impl Fn(f32, f32, f32) -> f32) -> Lanes {
    map3(a, b, c, |x, y, z| f(f32::from_bits(x), f32::from_bits(y), f32::from_bits(z)).to_bits())
}

/// f16 operations are done in f32, which has more than twice the bits, and rounded once more.
#[inline(always)]
pub(super) fn half1(a: &Lanes, f: impl Fn(f32) -> f32) -> Lanes {
    map1(a, |x| to_half(f(from_half(x))))
}

#[inline(always)]
pub(super) fn half2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
    map2(a, b, |x, y| to_half(f(from_half(x), from_half(y))))
}

#[inline(always)]
pub(super) fn half3(a: &Lanes, b: &Lanes, c: &Lanes, f: impl Fn(f32, f32, f32) -> f32) -> Lanes {
    map3(a, b, c, |x, y, z| to_half(f(from_half(x), from_half(y), from_half(z))))
}

#[inline(always)]
pub(super) fn wide1(a: &WideLanes, f: impl Fn(u64) -> u64) -> WideLanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn wide2(a: &WideLanes, b: &WideLanes, f: impl Fn(u64, u64) -> u64) -> WideLanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane], b[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn wide3(a: &WideLanes, b: &WideLanes, c: &WideLanes, f: impl Fn(u64, u64, u64) -> u64) -> WideLanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(a[lane], b[lane], c[lane]);
    }
    result
}

#[inline(always)]
pub(super) fn double2(a: &WideLanes, b: &WideLanes, f: impl Fn(f64, f64) -> f64) -> WideLanes {
    wide2(a, b, |x, y| f(f64::from_bits(x), f64::from_bits(y)).to_bits())
}

pub(super) fn from_half(x: u32) -> f32 {
    f32_from_f16(x as u16)
}

pub(super) fn to_half(x: f32) -> u32 {
    u32::from(f16::from_f32_const(x).to_bits())
}

/// a * b + c of f16 values, rounded from f64, in which the product is exact.
pub(super) fn half_fma(a: f32, b: f32, c: f32) -> u32 {
    super::rounding::half_from_f64(f64::from(a).mul_add(f64::from(b), f64::from(c)))
}

/// The greater; the number if one is NaN; +0 rather than -0.
#[inline(always)]
pub(super) fn maximum(a: f32, b: f32) -> f32 {
    let zeros = f32::from_bits(a.to_bits() & b.to_bits());
    let greater = if a > b { a } else { b };
    let greater = if a == b { zeros } else { greater };
    let greater = if b.is_nan() { a } else { greater };
    if a.is_nan() { b } else { greater }
}

/// The smaller; the number if one is NaN; -0 rather than +0.
#[inline(always)]
pub(super) fn minimum(a: f32, b: f32) -> f32 {
    let zeros = f32::from_bits(a.to_bits() | b.to_bits());
    let smaller = if a < b { a } else { b };
    let smaller = if a == b { zeros } else { smaller };
    let smaller = if b.is_nan() { a } else { smaller };
    if a.is_nan() { b } else { smaller }
}

#[inline(always)]
pub(super) fn maximum_64(a: f64, b: f64) -> f64 {
    if a.is_nan() || b > a || (a == b && b.is_sign_positive()) { if b.is_nan() { a } else { b } } else { a }
}

#[inline(always)]
pub(super) fn minimum_64(a: f64, b: f64) -> f64 {
    if a.is_nan() || b < a || (a == b && b.is_sign_negative()) { if b.is_nan() { a } else { b } } else { a }
}

/// The middle one; the least if one is NaN.
#[inline(always)]
pub(super) fn median(a: f32, b: f32, c: f32) -> f32 {
    if a.is_nan() || b.is_nan() || c.is_nan() {
        return minimum(minimum(a, b), c);
    }
    maximum(minimum(a, b), minimum(maximum(a, b), c))
}

/// x * 2^n, rounded once.
pub(super) fn scale(x: f32, n: i32) -> f32 {
    (f64::from(x) * power(n.clamp(-300, 300))) as f32
}

/// 2^n where it is a normal number.
fn power(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// x * 2^n, rounded once: no step but the last gives a subnormal.
pub(super) fn scale_64(x: f64, n: i32) -> f64 {
    let (mut x, mut n) = (x, n.clamp(-2200, 2200));
    while n > 1023 {
        x *= power(1023);
        n -= 1023;
    }
    while n < -1022 {
        x *= power(-969);
        n += 969;
    }
    x * power(n)
}

/// (x * y + z) / 2^n rounded once, also where that is subnormal.
pub(super) fn multiply_add_down(x: f64, y: f64, z: f64, n: i32) -> f64 {
    let sum = x.mul_add(y, z);
    let scaled = scale_64(sum, -n);
    // Bits that the subnormal number has no room for.
    let lost = 1 + n - exponent_64(sum);
    if lost <= 0 || lost > 53 || !sum.is_finite() {
        return scaled;
    }
    // Whether the exact sum lies beyond the rounded one: with a quarter of a unit for that, one rounding decides.
    let beyond = fused_error(x, y, z, sum) * 1_f64.copysign(sum);
    let significand = (sum.to_bits() & ((1 << 52) - 1) | 1 << 52) << 2;
    let exact = if beyond < 0.0 { significand - 1 } else { significand + u64::from(beyond > 0.0) };
    let (kept, rest, half) = (exact >> (lost + 2), exact & ((1 << (lost + 2)) - 1), 1 << (lost + 1));
    let rounds_up = rest > half || rest == half && kept & 1 != 0;
    f64::from_bits(kept + u64::from(rounds_up)).copysign(sum)
}

/// The biased exponent's field.
pub(super) fn exponent(x: f32) -> i32 {
    (x.to_bits() >> 23 & 0xff) as i32
}

pub(super) fn exponent_64(x: f64) -> i32 {
    (x.to_bits() >> 52 & 0x7ff) as i32
}

/// `v_frexp_exp` and `v_frexp_mant`: x = mantissa * 2^exponent, mantissa from 0.5 to 1.
pub(super) fn split_64(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let is_subnormal = exponent_64(x) == 0;
    let normal = if is_subnormal { x * power(64) } else { x };
    let exponent = exponent_64(normal) - 1022;
    let mantissa = f64::from_bits(normal.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (mantissa, if is_subnormal { exponent - 64 } else { exponent })
}

/// x - floor(x), below 1.
pub(super) fn fraction(x: f32) -> f32 {
    if x.is_finite() { minimum(x - x.floor(), f32::from_bits(0x3f7f_ffff)) } else { f32::NAN }
}

/// `v_div_fixup`: a quotient with the special cases of numerator and denominator. It underflows if the exponents say so.
pub(super) fn fix_quotient(quotient: f64, denominator: f64, numerator: f64, underflows: bool) -> f64 {
    let sign = if denominator.is_sign_negative() == numerator.is_sign_negative() { 1.0 } else { -1.0 };
    if numerator.is_nan() {
        numerator
    } else if denominator.is_nan() {
        denominator
    } else if (denominator == 0.0 && numerator == 0.0) || (denominator.is_infinite() && numerator.is_infinite()) {
        -f64::NAN
    } else if denominator == 0.0 || numerator.is_infinite() {
        sign * f64::INFINITY
    } else if denominator.is_infinite() || numerator == 0.0 || underflows {
        sign * 0.0
    } else if !quotient.is_finite() {
        // The steps before overflow along with the quotient, and some of them are inf - inf.
        sign * f64::INFINITY
    } else {
        sign * quotient.abs()
    }
}

/// `v_div_scale` of one lane: the scaled value, and whether `v_div_fmas` must scale back.
pub(super) fn scale_quotient(value: f32, denominator: f32, numerator: f32) -> (f32, bool) {
    let is_denominator = value.to_bits() == denominator.to_bits();
    let is_numerator = value.to_bits() == numerator.to_bits();
    if numerator == 0.0 || denominator == 0.0 {
        (f32::NAN, false)
    } else if exponent(numerator) - exponent(denominator) >= 96 {
        (if is_denominator { scale(value, 64) } else { value }, true)
    } else if denominator.is_subnormal() {
        (scale(value, 64), false)
    } else {
        let small_inverse = (1.0 / f64::from(denominator)).abs() < f64::from(f32::MIN_POSITIVE);
        let small_quotient = (f64::from(numerator) / f64::from(denominator)).abs() < f64::from(f32::MIN_POSITIVE);
        match (small_inverse, small_quotient) {
            // Down, so that the quotient is 2^64 too large, which `v_div_fmas` takes back.
            (true, true) => (if is_denominator { scale(value, -64) } else { value }, true),
            (true, false) => (scale(value, -64), false),
            (false, true) => (if is_numerator { scale(value, 64) } else { value }, true),
            _ if exponent(numerator) <= 23 => (scale(value, 64), false),
            _ => (value, false),
        }
    }
}

/// The same in f64.
pub(super) fn scale_quotient_64(value: f64, denominator: f64, numerator: f64) -> (f64, bool) {
    let is_denominator = value.to_bits() == denominator.to_bits();
    let is_numerator = value.to_bits() == numerator.to_bits();
    let difference = exponent_64(numerator) - exponent_64(denominator);
    if numerator == 0.0 || denominator == 0.0 {
        (f64::NAN, false)
    } else if difference >= 768 {
        (if is_denominator { scale_64(value, 128) } else { value }, true)
    } else if denominator.is_subnormal() {
        (scale_64(value, 128), false)
    } else {
        let small_inverse = (1.0 / denominator).abs() < f64::MIN_POSITIVE;
        let small_quotient = (numerator / denominator).abs() < f64::MIN_POSITIVE;
        match (small_inverse, small_quotient) {
            (true, true) => (if is_denominator { scale_64(value, -128) } else { value }, true),
            (true, false) => (scale_64(value, -128), false),
            (false, true) => (if is_numerator { scale_64(value, 128) } else { value }, true),
            _ if exponent_64(numerator) <= 53 => (scale_64(value, 128), false),
            _ => (value, false),
        }
    }
}
