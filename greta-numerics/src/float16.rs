//! f16 and bf16: conversions from f32 rounded once, and back exactly. Subnormals are kept.
//!
//! The arithmetic is crate `half`'s; this file fixes which of its conversions the rest of greta means.

pub use half::{bf16, f16};

/// `x` as f16 bits, rounded to nearest even; too large becomes infinity. `v_cvt_f16_f32` in the default mode.
#[must_use]
pub fn f16_from_f32(x: f32) -> u16 {
    f16::from_f32_const(x).to_bits()
}

/// `x` as f16 bits, rounded once to nearest even; too large becomes infinity.
#[must_use]
pub fn f16_from_f64(x: f64) -> u16 {
    f16_from_f32(f32_to_odd(x))
}

/// `x` as bf16 bits, rounded once to nearest even; too large becomes infinity.
#[must_use]
pub fn bf16_from_f64(x: f64) -> u16 {
    bf16_from_f32(f32_to_odd(x))
}

/// `x` as f64: itself, or of the two values next to it the one whose last bit is 1, for an `x` of 64 bits.
#[must_use]
pub fn f64_to_odd(x: i128) -> f64 {
    let nearest = x as f64;
    if nearest as i128 == x {
        return nearest;
    }
    let past = (nearest as i128).abs() > x.abs();
    f64::from_bits((nearest.to_bits() - u64::from(past)) | 1)
}

/// `x` as f32: itself, or of the two values next to it the one whose last bit is 1. Rounding that to a format of 22 bits
/// or fewer gives what rounding `x` would.
#[must_use]
pub fn f32_to_odd(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) == x || x.is_nan() {
        return nearest;
    }
    let past = f64::from(nearest).abs() > x.abs();
    f32::from_bits((nearest.to_bits() - u32::from(past)) | 1)
}

/// `x` as f16 bits, rounded toward zero; too large becomes the largest finite value, infinity stays.
/// `v_cvt_pkrtz_f16_f32`.
#[must_use]
pub fn f16_from_f32_toward_zero(x: f32) -> u16 {
    let nearest = f16_from_f32(x);
    // Nearest is off by at most one step; the code of one step less in magnitude is the code less one.
    let rounded_up = f32_from_f16(nearest).abs() > x.abs();
    nearest - u16::from(rounded_up)
}

/// The value of f16 bits. Exact.
#[must_use]
pub fn f32_from_f16(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32_const()
}

/// `x` as bf16 bits, rounded to nearest even; too large becomes infinity.
#[must_use]
pub fn bf16_from_f32(x: f32) -> u16 {
    bf16::from_f32_const(x).to_bits()
}

/// The value of bf16 bits. Exact.
#[must_use]
pub fn f32_from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// `x` with the 13 low bits cleared: what an xf32 matrix instruction sees of it.
#[must_use]
pub fn xf32_truncate(x: f32) -> f32 {
    f32::from_bits(x.to_bits() & !0x1fff)
}
