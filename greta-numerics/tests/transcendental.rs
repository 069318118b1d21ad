//! Transcendentals against f64 over all binades, their special cases, and lanes against scalars.

use greta_numerics::Simd;
use greta_numerics::transcendental::{Function, LANES};

/// Steps over the bits of f32: a prime, so that all binades and low bits are met. 17 million values.
const STEP: usize = 251;

/// What the instruction means, in f64.
fn exact(function: Function, x: f64) -> f64 {
    let turns = x - x.round();
    match function {
        Function::Exp2 => x.exp2(),
        Function::Log2 => x.log2(),
        Function::Reciprocal => 1.0 / x,
        Function::ReciprocalSqrt => 1.0 / x.sqrt(),
        Function::Sqrt => x.sqrt(),
        // Half a revolution less a little is a little less than none, the other way around: no digits are lost at zeros.
        Function::Sin if turns.abs() > 0.25 => (std::f64::consts::TAU * (0.5 * turns.signum() - turns)).sin(),
        Function::Sin => (std::f64::consts::TAU * turns).sin(),
        Function::Cos => (std::f64::consts::TAU * (0.25 - turns.abs())).sin(),
    }
}

/// The distance in units of the last place of the exact value's binade.
fn ulp_error(given: f32, exact: f64) -> f64 {
    let exponent = exact.abs().log2().floor().max(-126.0) as i32;
    (f64::from(given) - exact).abs() / 2.0_f64.powi(exponent - 23)
}

fn flushes(function: Function) -> bool {
    !matches!(function, Function::Sin | Function::Cos)
}

#[test]
fn errors_stay_within_one_ulp_in_every_binade() {
    for function in Function::ALL {
        let (mut worst, mut at, mut count) = (0.0, 0.0, 0_u64);
        for bits in (0..=u32::MAX).step_by(STEP) {
            let x = f32::from_bits(bits);
            if !x.is_finite() || x == 0.0 || (flushes(function) && x.is_subnormal()) {
                continue;
            }
            let exact = exact(function, x.into());
            let given = f32::from_bits(function.of(bits));
            let tiny = exact.abs() < f64::from(f32::MIN_POSITIVE);
            if exact.is_nan() {
                assert!(given.is_nan(), "{function:?}({x}) = {given}");
            } else if tiny && flushes(function) {
                assert_eq!(given, 0.0, "{function:?}({x}) = {given}");
            } else if exact.abs() > f64::from(f32::MAX) {
                assert!(given.abs() >= f32::MAX, "{function:?}({x}) = {given}");
            } else {
                count += 1;
                let error = if exact == 0.0 { f64::from(given.abs()) } else { ulp_error(given, exact) };
                if error > worst {
                    (worst, at) = (error, x);
                }
            }
        }
        println!("{function:?}: {worst:.6} ulp at {at:e}, {count} values");
        assert!(worst <= 0.501, "{function:?}: {worst} ulp at {at:e}");
        assert!(count > 100_000, "{function:?}: only {count} values");
    }
}

#[test]
fn lanes_agree_with_scalars_on_all_vector_instructions() {
    for function in Function::ALL {
        for simd in Simd::available() {
            for start in (0..=u32::MAX).step_by(LANES * 997 * 64) {
                let x: [u32; LANES] = std::array::from_fn(|lane| start.wrapping_add(lane as u32 * 997 * 61));
                assert_eq!(function.of_lanes(simd, &x), x.map(|x| function.of(x)), "{function:?} {simd:?} {start:x}");
            }
        }
    }
}

#[test]
fn special_cases_are_those_of_the_isa_document() {
    use Function::{Cos, Exp2, Log2, Reciprocal, ReciprocalSqrt, Sin, Sqrt};
    let cases = [
        (Exp2, 0xff80_0000, 0x0000_0000),
        (Exp2, 0x8000_0000, 0x3f80_0000),
        (Exp2, 0x7f80_0000, 0x7f80_0000),
        (Exp2, 0x807f_ffff, 0x3f80_0000),
        (Exp2, 0x7f7f_ffff, 0x7f80_0000),
        (Exp2, 0xff7f_ffff, 0x0000_0000),
        (Exp2, (-126.0_f32).to_bits(), 0x0080_0000),
        (Exp2, (-126.5_f32).to_bits(), 0x0000_0000),
        (Log2, 0xff80_0000, 0xffc0_0000),
        (Log2, 0xbf80_0000, 0xffc0_0000),
        (Log2, 0x8000_0000, 0xff80_0000),
        (Log2, 0x0000_0000, 0xff80_0000),
        (Log2, 0x3f80_0000, 0x0000_0000),
        (Log2, 0x7f80_0000, 0x7f80_0000),
        (Log2, 0x007f_ffff, 0xff80_0000),
        (Log2, 0x807f_ffff, 0xff80_0000),
        (Reciprocal, 0xff80_0000, 0x8000_0000),
        (Reciprocal, 0xc000_0000, 0xbf00_0000),
        (Reciprocal, 0x8000_0000, 0xff80_0000),
        (Reciprocal, 0x0000_0000, 0x7f80_0000),
        (Reciprocal, 0x7f80_0000, 0x0000_0000),
        (Reciprocal, 0x0000_0001, 0x7f80_0000),
        (Reciprocal, 0xff7f_ffff, 0x8000_0000),
        (ReciprocalSqrt, 0xff80_0000, 0xffc0_0000),
        (ReciprocalSqrt, 0x8000_0000, 0xff80_0000),
        (ReciprocalSqrt, 0x0000_0000, 0x7f80_0000),
        (ReciprocalSqrt, 0x4080_0000, 0x3f00_0000),
        (ReciprocalSqrt, 0x7f80_0000, 0x0000_0000),
        (Sqrt, 0xff80_0000, 0xffc0_0000),
        (Sqrt, 0x8000_0000, 0x8000_0000),
        (Sqrt, 0x0000_0000, 0x0000_0000),
        (Sqrt, 0x4080_0000, 0x4000_0000),
        (Sqrt, 0x7f80_0000, 0x7f80_0000),
        (Sqrt, 0x807f_ffff, 0x8000_0000),
        (Sin, 0xff80_0000, 0xffc0_0000),
        (Sin, 0xff7f_ffff, 0x0000_0000),
        (Sin, 0x8000_0000, 0x8000_0000),
        (Sin, 0x3e80_0000, 0x3f80_0000),
        (Sin, 0x7f80_0000, 0xffc0_0000),
        (Sin, 0x0000_0001, 0x0000_0006),
        (Cos, 0xff80_0000, 0xffc0_0000),
        (Cos, 0xff7f_ffff, 0x3f80_0000),
        (Cos, 0x8000_0000, 0x3f80_0000),
        (Cos, 0x3e80_0000, 0x0000_0000),
        (Cos, 0x7f80_0000, 0xffc0_0000),
    ];
    for (function, x, wanted) in cases {
        let given = function.of(x);
        assert_eq!(given, wanted, "{function:?}({x:08x}) = {given:08x}, not {wanted:08x}");
    }
    for function in Function::ALL {
        assert_eq!(function.of(0x7fa0_1234), 0x7fe0_1234, "{function:?} of a signalling NaN");
        assert_eq!(function.of(0xffc0_0001), 0xffc0_0001, "{function:?} of a quiet NaN");
    }
}
