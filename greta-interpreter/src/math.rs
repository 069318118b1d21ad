//! Scalar functions of `f32`, in a form that the compiler vectorises where they are hot.
//!
//! Each is evaluated in `f64` and rounded once, which keeps it well within 1 ulp. No fused operation is used, so that
//! the results are the same on every host. Reference: N. Brisebarre et al., range reduction by a rounded multiple.

const LN_2: f64 = std::f64::consts::LN_2;

/// Adding and taking away this number rounds a small `f64` to an integer, which is left in its low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// e^x.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = clamp(f64::from(x), 200.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let remainder = x - (rounded - ROUND) * LN_2;
    scale(exp_small(remainder), rounded)
}

/// 2^x.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let x = clamp(f64::from(x), 300.0);
    let rounded = x + ROUND;
    let remainder = (x - (rounded - ROUND)) * LN_2;
    scale(exp_small(remainder), rounded)
}

/// Natural logarithm.
#[inline(always)]
pub(crate) fn log(x: f32) -> f32 {
    log_f64(x) as f32
}

/// Logarithm to base 2.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    (log_f64(x) * std::f64::consts::LOG2_E) as f32
}

/// 1 / sqrt(x).
#[inline(always)]
pub(crate) fn rsqrt(x: f32) -> f32 {
    (1.0 / f64::from(x).sqrt()) as f32
}

/// Of a number and a NaN the number, else the smaller; of two equal ones the first.
#[inline(always)]
pub(crate) fn min(a: f32, b: f32) -> f32 {
    if b < a || a.is_nan() { b } else { a }
}

/// Of a number and a NaN the number, else the larger; of two equal ones the first.
#[inline(always)]
pub(crate) fn max(a: f32, b: f32) -> f32 {
    if b > a || a.is_nan() { b } else { a }
}

/// x between -limit and limit; NaN stays.
#[inline(always)]
fn clamp(x: f64, limit: f64) -> f64 {
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

/// e^r for |r| <= ln(2) / 2; the Taylor series to r^9 leaves a relative error of 7e-12.
#[inline(always)]
fn exp_small(r: f64) -> f64 {
    let mut sum = 1.0 / 362_880.0;
    for coefficient in [1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    sum
}

/// value * 2^k, for the k in the low bits of `rounded`.
#[inline(always)]
fn scale(value: f64, rounded: f64) -> f32 {
    let power = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    (value * power) as f32
}

/// ln(x) = e ln(2) + 2 atanh(s), s = (m - 1) / (m + 1), for x = m 2^e and m within a factor sqrt(2) of 1.
#[inline(always)]
fn log_f64(x: f32) -> f64 {
    let wide = f64::from(x);
    // The exponent counts from the bits of sqrt(1/2), so that m lies between sqrt(1/2) and sqrt(2).
    let shifted = wide.to_bits().wrapping_sub(0x3FE6_A09E_667F_3BCD);
    let exponent = (shifted as i64) >> 52;
    let m = f64::from_bits(wide.to_bits().wrapping_sub((exponent << 52) as u64));
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 1.0 / 15.0;
    for coefficient in [1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0, 1.0] {
        sum = sum * square + coefficient;
    }
    let value = f64::from(exponent as i32) * LN_2 + 2.0 * s * sum;
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    let value = if x == f32::INFINITY { f64::INFINITY } else { value };
    if x < 0.0 || x.is_nan() { f64::NAN } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the exact value, which `exact` gives in `f64`.
    fn ulps(given: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if given.to_bits() == rounded.to_bits() || (given.is_nan() && exact.is_nan()) {
            return 0.0;
        }
        let ulp = f64::from(f32::from_bits((rounded.abs().to_bits() + 1).min(0x7F7F_FFFF))) - f64::from(rounded.abs());
        ((f64::from(given) - exact) / ulp.max(f64::from(f32::from_bits(1)))).abs()
    }

    fn samples() -> impl Iterator<Item = f32> {
        let special = [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE, f32::MAX];
        (0..u32::MAX).step_by(9973).map(f32::from_bits).chain(special)
    }

    #[test]
    fn functions_are_within_one_ulp_over_the_whole_range() {
        for x in samples() {
            let wide = f64::from(x);
            for (name, given, exact) in [
                ("exp", exp(x), wide.exp()),
                ("exp2", exp2(x), wide.exp2()),
                ("log", log(x), wide.ln()),
                ("log2", log2(x), wide.log2()),
                ("rsqrt", rsqrt(x), 1.0 / wide.sqrt()),
            ] {
                let error = ulps(given, exact);
                assert!(error <= 1.0, "{name}({x:e}) = {given:e}, exact {exact:e}: {error} ulp");
            }
        }
    }

    #[test]
    fn minimum_and_maximum_of_a_nan_and_a_number_are_the_number() {
        assert_eq!(min(f32::NAN, 1.0), 1.0);
        assert_eq!(min(1.0, f32::NAN), 1.0);
        assert_eq!(max(f32::NAN, 1.0), 1.0);
        assert_eq!(max(1.0, f32::NAN), 1.0);
        assert!(max(f32::NAN, f32::NAN).is_nan());
    }
}
