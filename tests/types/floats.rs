//! Arithmetic of floats rounds once for each operation: `f16` and `f64` as IEEE 754, `bf16` as `f32` and then to `bf16`.

use greta::prelude::*;

use crate::{blocks, devices, random_bits, whole_blocks};

const RESULTS: usize = 8;

macro_rules! floats {
    ($($test:ident $kernel:ident $ty:ident: $bits:ty, |$value:ident| $wide:expr, |$result:ident| $round:expr;)*) => {
        $(
            #[kernel(block = 256)]
            pub(crate) fn $kernel(a: &Global<$ty>, b: &Global<$ty>, y: &mut Global<$ty>, order: &mut Global<u32>) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                let (p, q) = (a[i], b[i]);
                y[8 * i] = p + q;
                y[8 * i + 1] = p - q;
                y[8 * i + 2] = p * q;
                y[8 * i + 3] = p / q;
                y[8 * i + 4] = p * q + p;
                y[8 * i + 5] = sqrt(p.abs());
                y[8 * i + 6] = -p.min(q).max(1.0 as $ty);
                y[8 * i + 7] = p.floor() + q.ceil();
                order[i] = (p < q) as u32 | ((p <= q) as u32) << 1 | ((p == q) as u32) << 2 | ((p != q) as u32) << 3;
            }

            #[test]
            fn $test() {
                let mut next = random_bits(1);
                let mut bits = || (next() >> 11) as $bits;
                let special = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-7, 3e4, 1e9, f32::INFINITY, f32::NAN, f32::MIN_POSITIVE];
                let special = special.map(|value| { let $result = value.into(); $round });
                let pairs: Vec<($ty, $ty)> = special
                    .iter()
                    .flat_map(|&a| special.map(|b| (a, b)))
                    .chain((0..4000).map(|_| ($ty::from_bits(bits()), $ty::from_bits(bits()))))
                    .collect();
                let (a, b): (Vec<$ty>, Vec<$ty>) = whole_blocks(&pairs).into_iter().unzip();
                for device in devices() {
                    let stream = device.stream().unwrap();
                    let (x, z) = (device.buffer_from(&a).unwrap(), device.buffer_from(&b).unwrap());
                    let mut y = device.zeroed::<$ty>(RESULTS * a.len()).unwrap();
                    let mut order = device.zeroed(a.len()).unwrap();
                    let arguments = $kernel::Args { a: &x, b: &z, y: &mut y, order: &mut order };
                    device.kernel($kernel::variant()).unwrap().launch(&stream, blocks(a.len()), arguments).unwrap();
                    let (y, order) = (y.read(&stream).unwrap(), order.read(&stream).unwrap());
                    for i in 0..a.len() {
                        let [p, q] = [a[i], b[i]].map(|$value| $wide);
                        let rounded = |$result| $round;
                        let product = { let $value = rounded(p * q); $wide };
                        let [down, up] = [rounded(p.floor()), rounded(q.ceil())].map(|$value| $wide);
                        let expected = [
                            p + q, p - q, p * q, p / q, product + p, p.abs().sqrt(), -p.min(q).max(1.0), down + up,
                        ];
                        for (result, expected) in expected.into_iter().map(rounded).enumerate() {
                            let given = y[RESULTS * i + result];
                            let same = given.to_bits() == expected.to_bits() || given.is_nan() && expected.is_nan();
                            let name = &device.info().name;
                            assert!(same, "result {result} of {} and {} is {given} on {name}", a[i], b[i]);
                        }
                        let compared = [p < q, p <= q, p == q, p != q].map(u32::from);
                        assert_eq!(order[i], (0..4).map(|bit| compared[bit] << bit).sum::<u32>(), "{p} and {q}");
                    }
                }
            }
        )*
    };
}

floats! {
    f16_arithmetic_rounds_each_operation_once f16_arithmetic f16: u16,
        |value| f32::from(value), |result| f16::from_f32(result);
    bf16_arithmetic_is_that_of_f32_rounded bf16_arithmetic bf16: u16,
        |value| f32::from(value), |result| bf16::from_f32(result);
    f64_arithmetic_rounds_each_operation_once f64_arithmetic f64: u64,
        |value| value, |result| result;
}

#[kernel(block = 256)]
pub(crate) fn f16_fma(a: &Global<f16>, b: &Global<f16>, c: &Global<f16>, y: &mut Global<f16>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = fma(a[i], b[i], c[i]);
}

#[test]
fn f16_fused_multiply_adds_round_once() {
    let mut next = random_bits(3);
    let mut values = || (0..4096).map(|_| f16::from_bits((next() >> 13) as u16)).collect::<Vec<f16>>();
    let [a, b, c] = [values(), values(), values()];
    for device in devices() {
        let stream = device.stream().unwrap();
        let [x, z, w] = [&a, &b, &c].map(|values| device.buffer_from(values).unwrap());
        let mut y = device.zeroed::<f16>(a.len()).unwrap();
        let arguments = f16_fma::Args { a: &x, b: &z, c: &w, y: &mut y };
        device.kernel(f16_fma::variant()).unwrap().launch(&stream, blocks(a.len()), arguments).unwrap();
        for (i, given) in y.read(&stream).unwrap().into_iter().enumerate() {
            // Products of f16 are exact in f64, and no sum's second rounding differs.
            let exact = f64::from(a[i]) * f64::from(b[i]) + f64::from(c[i]);
            let expected = f16::from_f64(exact);
            let same = given.to_bits() == expected.to_bits() || given.is_nan() && expected.is_nan();
            assert!(same, "{} * {} + {} is {given}, not {expected}, on {}", a[i], b[i], c[i], device.info().name);
        }
    }
}

#[kernel(block = 256)]
pub(crate) fn f64_quotients(a: &Global<f64>, b: &Global<f64>, y: &mut Global<f64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = a[i] / b[i];
}

#[test]
fn f64_quotients_below_the_normal_numbers_round_once() {
    let mut next = random_bits(9);
    let pairs: Vec<(f64, f64)> = (0..4096)
        .map(|_| {
            let (magnitude, divisor) = (next() % 54, 2 + next() % 500);
            // From 1 to 2^54 times the smallest subnormal number, exponents and significands alike.
            (f64::from_bits(next() >> 11 >> (53 - magnitude) | 1 << magnitude), divisor as f64)
        })
        .collect();
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    assert!(a.iter().zip(&b).filter(|(a, b)| a.is_normal() && (**a / **b).is_subnormal()).count() > 50);
    for device in devices() {
        let stream = device.stream().unwrap();
        let (x, z) = (device.buffer_from(&a).unwrap(), device.buffer_from(&b).unwrap());
        let mut y = device.zeroed::<f64>(a.len()).unwrap();
        let arguments = f64_quotients::Args { a: &x, b: &z, y: &mut y };
        device.kernel(f64_quotients::variant()).unwrap().launch(&stream, blocks(a.len()), arguments).unwrap();
        for (i, given) in y.read(&stream).unwrap().into_iter().enumerate() {
            assert_eq!(given.to_bits(), (a[i] / b[i]).to_bits(), "{:e} / {} on {}", a[i], b[i], device.info().name);
        }
    }
}
