//! The transcendental instructions of f32: v_exp, v_log, v_rcp, v_rsq, v_sqrt, v_sin, v_cos.
//!
//! No public source gives the hardware's bits. These are at most 1 ulp off, which is what the CDNA3 ISA document states
//! for all but sine and cosine (chapter "Instructions", VOP1 notes "1ULP accuracy, denormals are flushed"), and so near
//! to correct rounding that over every f32 the largest error is 0.5002 ulp. Special cases are those of the same notes:
//!
//! - exp, log, rcp, rsq and sqrt take subnormal inputs for zeros of their sign and give zero for subnormal results, in
//!   every MODE. (LLVM's AMDGPU backend scales arguments around v_exp_f32, v_log_f32, v_sqrt_f32 and v_rcp_f32 for that
//!   reason.) sin and cos keep subnormals.
//! - An invalid operation (log, rsq, sqrt of a negative number, sin and cos of an infinity) gives 0xffc00000. A NaN comes
//!   out quiet with its payload.
//! - sin and cos take revolutions, over the full range: sin(-3.4e38) is +0 and sin(-0) is -0. Other whole and half
//!   revolutions give a sine of +0 here; the document says nothing of their sign.
//!
//! All are computed in f64 without fused operations, hence alike on all vector instructions. Series: exp and the
//! circular functions by Taylor, the logarithm by 2 artanh((m - 1) / (m + 1)); each is cut where the rest is below 1e-11
//! of the result (Abramowitz and Stegun 4.2.1, 4.3.65, 4.3.66, 4.1.27).

use crate::simd::{Kernel, Simd};

/// Lanes of a wave.
pub const LANES: usize = 64;

/// A transcendental instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// 2^x. `v_exp_f32`.
    Exp2,
    /// Logarithm to base 2. `v_log_f32`.
    Log2,
    /// 1 / x. `v_rcp_f32`.
    Reciprocal,
    /// 1 / sqrt(x). `v_rsq_f32`.
    ReciprocalSqrt,
    /// Square root. `v_sqrt_f32`.
    Sqrt,
    /// Sine of x revolutions. `v_sin_f32`.
    Sin,
    /// Cosine of x revolutions. `v_cos_f32`.
    Cos,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Exp2, Self::Log2, Self::Reciprocal, Self::ReciprocalSqrt, Self::Sqrt, Self::Sin, Self::Cos];

    /// Bits of the function of one value, given by its bits.
    #[must_use]
    pub fn of(self, x: u32) -> u32 {
        match self {
            Self::Exp2 => exp2(x),
            Self::Log2 => log2(x),
            Self::Reciprocal => reciprocal(x),
            Self::ReciprocalSqrt => reciprocal_sqrt(x),
            Self::Sqrt => sqrt(x),
            Self::Sin => sin(x),
            Self::Cos => cos(x),
        }
    }

    /// Bits of the function of every lane. The same as [`Function::of`] on each.
    #[must_use]
    pub fn of_lanes(self, simd: Simd, x: &[u32; LANES]) -> [u32; LANES] {
        let mut lanes = *x;
        match self {
            Self::Exp2 => simd.run(Wave(&mut lanes, exp2)),
            Self::Log2 => simd.run(Wave(&mut lanes, log2)),
            Self::Reciprocal => simd.run(Wave(&mut lanes, reciprocal)),
            Self::ReciprocalSqrt => simd.run(Wave(&mut lanes, reciprocal_sqrt)),
            Self::Sqrt => simd.run(Wave(&mut lanes, sqrt)),
            Self::Sin => simd.run(Wave(&mut lanes, sin)),
            Self::Cos => simd.run(Wave(&mut lanes, cos)),
        }
        lanes
    }
}

struct Wave<'t, F>(&'t mut [u32; LANES], F);

impl<F: Fn(u32) -> u32> Kernel for Wave<'_, F> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Self(lanes, function) = self;
        for lane in lanes {
            *lane = function(*lane);
        }
    }
}

/// Bits of the NaN of an invalid operation.
const INVALID: u32 = 0xffc0_0000;
const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 0x8000_0000;

/// Adding this to a small f64 rounds it to an integer, which is then in the low bits of the sum.
const SHIFT: f64 = 6_755_399_441_055_744.0;

#[inline(always)]
fn exp2(x: u32) -> u32 {
    let flushed = f32::from_bits(flush(x));
    // Beyond these the result is infinite or flushed. NaN becomes a number here and is put back at the end.
    let y = f64::from(flushed.clamp(-150.0, 150.0));
    let shifted = y + SHIFT;
    let whole = shifted.to_bits().wrapping_sub(SHIFT.to_bits());
    let rest = (y - (shifted - SHIFT)) * std::f64::consts::LN_2;
    let power = horner(
        rest,
        [
            1.0,
            1.0,
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5040.0,
            1.0 / 40_320.0,
            1.0 / 362_880.0,
        ],
    );
    let result = power * f64::from_bits(whole.wrapping_add(1023) << 52);
    keep_nan(x, flush((result as f32).to_bits()))
}

#[inline(always)]
fn log2(x: u32) -> u32 {
    // Significand between the square roots of 1/2 and 2, so that the logarithm keeps its precision around 1.
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let flushed = flush(x);
    let exponent = flushed.wrapping_sub(SQRT_HALF) as i32 >> 23;
    let significand = f64::from(f32::from_bits(flushed.wrapping_sub((exponent << 23) as u32)));
    let t = (significand - 1.0) / (significand + 1.0);
    let series = horner(t * t, [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0]);
    let result = f64::from(exponent) + 2.0 * std::f64::consts::LOG2_E * t * series;
    let result = (result as f32).to_bits();
    let result = if flushed == INFINITY { INFINITY } else { result };
    let result = if flushed > SIGN { INVALID } else { result };
    let result = if flushed & !SIGN == 0 { INFINITY | SIGN } else { result };
    keep_nan(x, result)
}

#[inline(always)]
fn reciprocal(x: u32) -> u32 {
    keep_nan(x, flush((1.0 / f32::from_bits(flush(x))).to_bits()))
}

#[inline(always)]
fn reciprocal_sqrt(x: u32) -> u32 {
    let flushed = flush(x);
    let result = (1.0 / f64::from(f32::from_bits(flushed)).sqrt()) as f32;
    keep_nan(x, if flushed > SIGN { INVALID } else { result.to_bits() })
}

#[inline(always)]
fn sqrt(x: u32) -> u32 {
    let flushed = flush(x);
    keep_nan(x, if flushed > SIGN { INVALID } else { f32::from_bits(flushed).sqrt().to_bits() })
}

#[inline(always)]
fn sin(x: u32) -> u32 {
    let result = quarter_wave(x, 0);
    finish_circular(x, if x & !SIGN == 0 { x } else { result })
}

#[inline(always)]
fn cos(x: u32) -> u32 {
    finish_circular(x, quarter_wave(x, 1))
}

/// The sine of x revolutions and `quarters` quarters. Finite x alone.
#[inline(always)]
fn quarter_wave(x: u32, quarters: u64) -> u32 {
    let value = f32::from_bits(x);
    // From 2^23 on there are whole revolutions only.
    let turns = if value.abs() < 8_388_608.0 { f64::from(value) } else { 0.0 };
    let shifted = 4.0 * turns + SHIFT;
    let quadrant = shifted.to_bits().wrapping_add(quarters);
    let angle = (turns - 0.25 * (shifted - SHIFT)) * std::f64::consts::TAU;
    let square = angle * angle;
    let sine =
        angle * horner(square, [1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0, -1.0 / 39_916_800.0]);
    let cosine = horner(
        square,
        [1.0, -1.0 / 2.0, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40_320.0, -1.0 / 3_628_800.0, 1.0 / 479_001_600.0],
    );
    let magnitude = if quadrant & 1 == 0 { sine } else { cosine };
    let signed = if quadrant & 2 == 0 { magnitude } else { -magnitude };
    // Adding zero makes -0 positive.
    ((signed + 0.0) as f32).to_bits()
}

#[inline(always)]
fn finish_circular(x: u32, result: u32) -> u32 {
    keep_nan(x, if x & !SIGN == INFINITY { INVALID } else { result })
}

/// Zero of its sign for a subnormal.
#[inline(always)]
fn flush(x: u32) -> u32 {
    if x & INFINITY == 0 { x & SIGN } else { x }
}

/// `result`, unless `x` is NaN: then that, quiet.
#[inline(always)]
fn keep_nan(x: u32, result: u32) -> u32 {
    if x & !SIGN > INFINITY { x | 0x0040_0000 } else { result }
}

/// The polynomial with these coefficients, lowest first.
#[inline(always)]
fn horner<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = 0.0;
    for index in (0..N).rev() {
        sum = sum * x + coefficients[index];
    }
    sum
}
