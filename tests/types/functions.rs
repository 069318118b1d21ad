//! Mathematical functions of `f64`: within what their rows state of Rust's, on `cpu` and as gfx942 machine code.

use greta::prelude::*;

use crate::{blocks, devices, random_bits, whole_blocks};

/// A function: its name, Rust's, and units in the last place that it may be off.
type Function = (&'static str, fn(f64) -> f64, u64);

/// What the kernel computes of each element, in its order. Rust's own functions are off by one themselves.
const FUNCTIONS: [Function; 13] = [
    ("exp", f64::exp, 2),
    ("exp2", f64::exp2, 2),
    ("log", |x| x.abs().ln(), 2),
    ("log2", |x| x.abs().log2(), 2),
    ("log10", |x| x.abs().log10(), 2),
    ("sin", f64::sin, 3),
    ("cos", f64::cos, 3),
    ("tan", f64::tan, 3),
    ("tanh", f64::tanh, 3),
    ("erf", libm::erf, 5),
    ("pow", |x| x.abs().powf(1.75), 3),
    ("sqrt", |x| x.abs().sqrt(), 0),
    ("rsqrt", |x| 1.0 / x.abs().sqrt(), 2),
];

#[kernel(block = 256)]
pub(crate) fn functions_of_f64(x: &Global<f64>, y: &mut Global<f64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    let size = v.abs();
    let first = i * 13;
    y[first] = v.exp();
    y[first + 1] = v.exp2();
    y[first + 2] = size.log();
    y[first + 3] = size.log2();
    y[first + 4] = size.log10();
    y[first + 5] = v.sin();
    y[first + 6] = v.cos();
    y[first + 7] = v.tan();
    y[first + 8] = v.tanh();
    y[first + 9] = v.erf();
    y[first + 10] = size.powf(1.75);
    y[first + 11] = size.sqrt();
    y[first + 12] = size.rsqrt();
}

/// Numbers around those where the functions turn, then any from 2^-20 to 2^6, of both signs.
fn inputs() -> Vec<f64> {
    let special = [0.5, 1.0, 2.0, 10.0, std::f64::consts::PI, std::f64::consts::FRAC_PI_2, 1e-300, 5e-324, 0.0];
    let special = special.into_iter().flat_map(|value| [value, -value, value * (1.0 + f64::EPSILON)]);
    let mut bits = random_bits(9);
    let random = (0..4000).map(|_| {
        let (fraction, exponent) = (bits(), bits() % 26);
        let size = f64::from_bits((1003 + exponent) << 52 | fraction >> 12);
        if fraction & 1 == 1 { -size } else { size }
    });
    whole_blocks(&special.chain(random).collect::<Vec<f64>>())
}

/// Units in the last place between two numbers; none between two that are no numbers.
fn distance(a: f64, b: f64) -> u64 {
    let place = |x: f64| {
        let size = (x.to_bits() & !(1 << 63)).cast_signed();
        if x.is_sign_negative() { -size } else { size }
    };
    if a.is_nan() && b.is_nan() { 0 } else { place(a).abs_diff(place(b)) }
}

#[test]
fn functions_of_f64_are_as_near_as_their_rows_say() {
    let x = inputs();
    for device in devices() {
        let stream = device.stream().unwrap();
        let input = device.buffer_from(&x).unwrap();
        let mut output = device.zeroed::<f64>(x.len() * FUNCTIONS.len()).unwrap();
        let arguments = functions_of_f64::Args { x: &input, y: &mut output };
        device.kernel(functions_of_f64::variant()).unwrap().launch(&stream, blocks(x.len()), arguments).unwrap();
        let output = output.read(&stream).unwrap();
        let mut worst = FUNCTIONS.map(|_| (0, 0.0));
        for (x, given) in x.iter().zip(output.chunks(FUNCTIONS.len())) {
            for (worst, (given, (_, function, _))) in worst.iter_mut().zip(given.iter().zip(FUNCTIONS)) {
                let distance = distance(*given, function(*x));
                if distance > worst.0 {
                    *worst = (distance, *x);
                }
            }
        }
        for ((name, _, allowed), (distance, at)) in FUNCTIONS.iter().zip(worst) {
            assert!(distance <= *allowed, "{name} of {at} is off by {distance} ulp on {}", device.info().name);
        }
    }
}
