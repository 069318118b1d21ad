//! Mathematical functions in precise and fast forms, and the methods of numbers.

use crate::{check, floats, integers};
use greta::prelude::*;

/// Whether two numbers differ by at most this many units in the last place of the second.
fn is_close(given: f32, wanted: f64, ulps: f64, absolute: f64) -> bool {
    let rounded = wanted as f32;
    let ulp = f64::from(f32::from_bits(rounded.abs().to_bits() + 1)) - f64::from(rounded.abs());
    (f64::from(given) - wanted).abs() <= (ulps * ulp).max(absolute)
}

/// The error function by its Maclaurin series (DLMF 7.6.1), for |x| <= 2.
fn erf_series(x: f64) -> f64 {
    let (mut sum, mut term) = (0.0, x);
    for n in 0..60 {
        sum += term / f64::from(2 * n + 1);
        term *= -x * x / f64::from(n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// A kernel that gives y[i] = f(x[i] * scale + offset), and the test that this is as near to plain Rust in `f64` as stated.
macro_rules! function {
    ($test:ident, $kernel:ident, $scale:literal, $offset:literal, |$v:ident| $body:expr, |$wide:ident| $reference:expr,
        ulps $ulps:expr, absolute $absolute:expr) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<f32>, y: &mut Global<f32>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let $v = x[i] * $scale + $offset;
            y[i] = $body;
        }

        #[test]
        fn $test() {
            let device = crate::device();
            let stream = device.stream().unwrap();
            let input = floats();
            let x = device.buffer_from(&input).unwrap();
            let mut y = device.zeroed(crate::LEN).unwrap();
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 2, $kernel::Args { x: &x, y: &mut y }).unwrap();
            for (x, given) in input.iter().zip(y.read(&stream).unwrap()) {
                let $wide = f64::from(x * $scale + $offset);
                let wanted: f64 = $reference;
                let ulps: f64 = $ulps;
                assert!(is_close(given, wanted, ulps, $absolute), "of {}: {given} is not {wanted}", $wide);
            }
        }
    };
}

function!(log10_is_near, log10_near, 50.0, 51.0, |v| v.log10(), |v| v.log10(), ulps 2.0, absolute 0.0);
function!(ln_is_near, ln_near, 50.0, 51.0, |v| v.ln(), |v| v.ln(), ulps 2.0, absolute 0.0);
function!(tan_is_near, tan_near, 20.0, 0.0, |v| tan(v), |v| v.tan(), ulps 4.0, absolute 0.0);
function!(pow_is_near, pow_near, 5.0, 6.0, |v| pow(v, 2.5) + v.powf(-1.5), |v| v.powf(2.5) + v.powf(-1.5),
    ulps 5.0, absolute 0.0);
function!(erf_is_odd_and_near, erf_near, 2.0, 0.0, |v| erf(v) + erf(-v) + v.erf(), |v| erf_series(v),
    ulps 4.0, absolute 0.0);
function!(fast_exp_is_near, fast_exp_near, 20.0, 0.0, |v| fast_exp(v), |v| v.exp(), ulps (2.0 + 1.2 * v.abs()).max(6.0), absolute 0.0);
function!(fast_exp2_is_near, fast_exp2_near, 20.0, 0.0, |v| v.fast_exp2(), |v| v.exp2(), ulps 2.0, absolute 0.0);
function!(fast_logs_are_near, fast_log_near, 9.0, 10.0, |v| fast_log(v) + fast_log2(v) - fast_log10(v),
    |v| v.ln() + v.log2() - v.log10(), ulps 6.0, absolute 2e-6);
function!(fast_circular_functions_are_near, fast_circle, 3.1, 0.0, |v| fast_sin(v) + fast_cos(v) * 2.0,
    |v| v.sin() + v.cos() * 2.0, ulps 0.0, absolute 2e-6);
function!(fast_roots_are_near, fast_roots, 9.0, 10.0, |v| fast_sqrt(v) + v.fast_rsqrt() + fast_recip(v),
    |v| v.sqrt() + 1.0 / v.sqrt() + 1.0 / v, ulps 4.0, absolute 0.0);
function!(fast_quotients_are_near, fast_quotients, 9.0, 10.0, |v| fast_div(v - 3.0, v), |v| (v - 3.0) / v,
    ulps 4.0, absolute 1e-6);
function!(fast_tanh_is_near, fast_tanh_near, 12.0, 0.0, |v| v.fast_tanh(), |v| v.tanh(), ulps 0.0, absolute 1e-6);
function!(fast_pow_is_near, fast_pow_near, 3.0, 4.0, |v| fast_pow(v, 1.5), |v| v.powf(1.5), ulps 16.0, absolute 0.0);

#[kernel(block = 64)]
pub fn roundings(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // Halves come up too.
    let v = (x[i] * 20.0).floor() / 2.0;
    y[i] = v.round() * 3.0 + trunc(x[i] * 9.0) + v.copysign(-1.0) * 0.25 + v.ceil() + v.clamp(-2.0, 3.5);
}

#[test]
fn rounding_is_that_of_rust() {
    check!(roundings, floats(), |x: &[f32], i: usize| {
        let v = (x[i] * 20.0).floor() / 2.0;
        v.round() * 3.0 + (x[i] * 9.0).trunc() + v.copysign(-1.0) * 0.25 + v.ceil() + v.clamp(-2.0, 3.5)
    });
}

#[kernel(block = 64)]
pub fn powers(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i] + 1.5;
    y[i] = v.powi(3) + v.powi(-2) + v.powi(0) + v.recip();
}

#[test]
fn known_powers_are_multiplications() {
    check!(powers, floats(), |x: &[f32], i: usize| {
        let v = x[i] + 1.5;
        v * (v * v) + 1.0 / (v * v) + 1.0 + 1.0 / v
    });
}

#[kernel(block = 64)]
pub fn float_bits(x: &Global<f32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let nan = f32_from_bits(0x7FC0_0000 + i);
    y[i] =
        x[i].to_bits() ^ f32_from_bits(x[i].to_bits() >> 1).to_bits() + nan.is_nan() as u32 * 3 + x[i].is_nan() as u32;
}

#[test]
fn floats_and_their_bits() {
    check!(float_bits, floats(), |x: &[f32], i: usize| x[i].to_bits() ^ ((x[i].to_bits() >> 1) + 3));
}

#[kernel(block = 64)]
pub fn integer_bits(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i] >> (i % 33 % 32);
    let w = v as i32;
    let zeros = v.leading_zeros() + v.trailing_zeros() * 64 + (v * 8).trailing_zeros() * 4096 + w.leading_zeros();
    let ones = v.count_ones() + (v.leading_zeros() - 40);
    y[i] = zeros ^ ones ^ v.reverse_bits() ^ w.reverse_bits() as u32;
}

#[test]
fn bits_are_counted_and_reversed() {
    check!(integer_bits, integers(), |x: &[u32], i: usize| {
        let v = x[i] >> (i as u32 % 33 % 32);
        let w = v as i32;
        let eightfold = v.wrapping_mul(8);
        let zeros = v.leading_zeros() + v.trailing_zeros() * 64 + eightfold.trailing_zeros() * 4096 + w.leading_zeros();
        let ones = v.count_ones().wrapping_add(v.leading_zeros().wrapping_sub(40));
        zeros ^ ones ^ v.reverse_bits() ^ w.reverse_bits() as u32
    });
}

#[kernel(block = 64)]
pub fn integer_methods(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    let (a, b) = (v as i32, (v * 77) as i32);
    let high = v.mul_hi(0xDEAD_BEEF) ^ a.mul_hi(b) as u32;
    let differences = v.abs_diff(1 << 31) ^ a.abs_diff(b) ^ a.abs() as u32;
    let saturated = v.saturating_add(1 << 31) ^ v.saturating_sub(1 << 31);
    y[i] = high ^ differences ^ saturated ^ a.clamp(-1000, 1 << 30) as u32;
}

#[test]
fn integers_have_the_methods_of_rust() {
    check!(integer_methods, integers(), |x: &[u32], i: usize| {
        let v = x[i];
        let (a, b) = (v as i32, v.wrapping_mul(77) as i32);
        let high = ((u64::from(v) * 0xDEAD_BEEF) >> 32) as u32 ^ ((i64::from(a) * i64::from(b)) >> 32) as u32;
        let differences = v.abs_diff(1 << 31) ^ a.abs_diff(b) ^ a.wrapping_abs() as u32;
        let saturated = v.saturating_add(1 << 31) ^ v.saturating_sub(1 << 31);
        high ^ differences ^ saturated ^ a.clamp(-1000, 1 << 30) as u32
    });
}

/// What the methods of a number of another width give, in 32 bits.
macro_rules! of_width {
    ($kernel:ident, $test:ident, $ty:ident, $bits:literal, $low:literal, $high:literal) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<u32>, y: &mut Global<u32>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let v = (x[i] as $ty) << (i % $bits) as $ty;
            let within = v.clamp($low, $high);
            let wide = (v.abs() as i64 * 3) ^ within as i64;
            y[i] = (wide ^ (wide >> 32)) as u32;
        }

        #[test]
        fn $test() {
            check!($kernel, integers(), |x: &[u32], i: usize| {
                let v = (x[i] as $ty).wrapping_shl(i as u32 % $bits);
                let wide = (v.wrapping_abs() as i64).wrapping_mul(3) ^ v.clamp($low, $high) as i64;
                (wide ^ (wide >> 32)) as u32
            });
        }
    };
}

of_width!(methods_of_i8, bytes_have_the_methods_of_rust, i8, 8, -100, 90);
of_width!(methods_of_i16, short_integers_have_the_methods_of_rust, i16, 16, -20_000, 30_000);
of_width!(methods_of_i64, long_integers_have_the_methods_of_rust, i64, 64, -9_000_000_000_000, 1_000_000_000_000);

/// y: 1 for each that is not a number, 2 for a clamped number that is within, for f16, bf16 and f64.
#[kernel(block = 64)]
pub fn other_floats(x: &Global<f32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = if i % 3 == 0 { f32_from_bits(0x7FC0_0001) } else { x[i] * 8.0 };
    let (half, brain, double) = (v as f16, v as bf16, v as f64);
    let within =
        (half.clamp(-4.0 as f16, 4.0 as f16) == half) as u32 + (brain.clamp(-4.0 as bf16, 4.0 as bf16) == brain) as u32;
    y[i] = half.is_nan() as u32
        + brain.is_nan() as u32 * 4
        + double.is_nan() as u32 * 16
        + (within + (double.clamp(-4.0, 4.0) == double) as u32) * 64;
}

#[test]
fn floats_of_other_widths_are_clamped_and_may_be_no_numbers() {
    check!(other_floats, floats(), |x: &[f32], i: usize| {
        let v = x[i] * 8.0;
        if i % 3 == 0 {
            21
        } else if (-4.0..=4.0).contains(&v) {
            192
        } else {
            0
        }
    });
}

crate::kernels!(
    methods_of_i8,
    methods_of_i16,
    methods_of_i64,
    other_floats,
    log10_near,
    ln_near,
    tan_near,
    pow_near,
    erf_near,
    fast_exp_near,
    fast_exp2_near,
    fast_log_near,
    fast_circle,
    fast_roots,
    fast_quotients,
    fast_tanh_near,
    fast_pow_near,
    roundings,
    powers,
    float_bits,
    integer_bits,
    integer_methods,
);
