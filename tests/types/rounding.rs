//! `as` to a short float rounds once: numbers halfway between two of its numbers, and those next to them, which look
//! halfway to an `f32`.

use greta::prelude::*;

use crate::{blocks, devices, whole_blocks};

/// A number, and the code that it rounds to.
type Case<From, To> = (From, To);

/// Of each two neighbours among these numbers the middle and what is next to it; the middle goes to the even code.
fn halves<To: Copy>(codes: impl Iterator<Item = (bool, To)>, value: fn(To) -> f64) -> Vec<Case<f64, To>> {
    let codes: Vec<(bool, To)> = codes.collect();
    let between = |pair: &[(bool, To)]| {
        let ((_, low), (is_even, high)) = (pair[0], pair[1]);
        let middle = f64::midpoint(value(low), value(high));
        let even = if is_even { high } else { low };
        [(middle.next_down(), low), (middle, even), (middle.next_up(), high)]
    };
    let positive: Vec<_> = codes.windows(2).flat_map(between).collect();
    assert!(positive.len() > 300, "all pairs are there");
    positive
}

/// Runs `kernel` on the numbers of `cases` on every device and compares codes.
macro_rules! round {
    ($test:ident, $kernel:ident: $from:ident => $to:ident, $cases:expr) => {
        #[kernel(block = 256)]
        pub(crate) fn $kernel(x: &Global<$from>, y: &mut Global<$to>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            y[i] = x[i] as $to;
        }

        #[test]
        fn $test() {
            let cases: Vec<Case<$from, $to>> = $cases;
            let numbers = whole_blocks(&cases.iter().map(|case| case.0).collect::<Vec<_>>());
            for device in devices() {
                let stream = device.stream().unwrap();
                let x = device.buffer_from(&numbers).unwrap();
                let mut y = device.zeroed::<$to>(numbers.len()).unwrap();
                let arguments = $kernel::Args { x: &x, y: &mut y };
                device.kernel($kernel::variant()).unwrap().launch(&stream, blocks(numbers.len()), arguments).unwrap();
                for ((number, expected), given) in cases.iter().zip(y.read(&stream).unwrap()) {
                    let name = &device.info().name;
                    assert!(given == *expected, "{number:?} is {given:?}, not {expected:?}, on {name}");
                }
            }
        }
    };
}

/// The codes of a positive sign up to the last one of a number.
macro_rules! codes {
    ($to:ident, $last:expr) => {
        (0..=$last).map(|code| (code % 2 == 0, $to::from_bits(code)))
    };
}

round!(f64_is_rounded_once_to_f16, halves_to_f16: f64 => f16,
    halves(codes!(f16, 0x7bff), f64::from));
round!(f64_is_rounded_once_to_bf16, halves_to_bf16: f64 => bf16,
    halves(codes!(bf16, 0x7f7f), f64::from));
round!(f64_is_rounded_once_to_fp8, halves_to_fp8: f64 => fp8,
    halves((0..0x80).map(|code| (code % 2 == 0, fp8(code))), |value| value.to_f32().into()));
round!(f64_is_rounded_once_to_bf8, halves_to_bf8: f64 => bf8,
    halves((0..0x80).map(|code| (code % 2 == 0, bf8(code))), |value| value.to_f32().into()));

/// The integers among the halves of `bf16`, and what is next to them.
macro_rules! integer_halves {
    ($ty:ident) => {
        halves(codes!(bf16, 0x7f7f), f64::from)
            .chunks(3)
            .filter(|case| case[1].0 >= 512.0 && case[1].0 < $ty::MAX as f64)
            .flat_map(|case| {
                let middle = case[1].0 as $ty;
                [(middle - 1, case[0].1), (middle, case[1].1), (middle + 1, case[2].1)]
            })
            .collect()
    };
}

round!(i32_is_rounded_once_to_bf16, halves_of_i32: i32 => bf16, integer_halves!(i32));
round!(u32_is_rounded_once_to_bf16, halves_of_u32: u32 => bf16, integer_halves!(u32));
round!(i64_is_rounded_once_to_bf16, halves_of_i64: i64 => bf16, {
    let positive: Vec<Case<i64, bf16>> = integer_halves!(i64);
    let negative = positive.iter().map(|(number, code)| (-number, -*code));
    negative.chain(positive.iter().copied()).collect()
});
round!(u64_is_rounded_once_to_bf16, halves_of_u64: u64 => bf16, integer_halves!(u64));

/// Just above 1 + 2^-8, which lies between two `bf16`: what is above it by less than an `f32` shows.
#[kernel(block = 64)]
pub(crate) fn rounded_literals(y: &mut Global<bf16>, z: &mut Global<bf8>) {
    if thread_idx().x == 0 {
        y[0] = 1.003_906_250_93 as bf16;
        y[1] = bf16_of(1.003_906_250_93);
        y[2] = 16_842_753 as bf16;
        z[0] = 1.125_000_000_1 as bf8;
    }
}

#[device]
fn bf16_of(value: bf16) -> bf16 {
    value
}

#[test]
fn literals_are_rounded_once() {
    assert_eq!(bf16::from_f32(1.003_906_250_93_f64 as f32).to_f32(), 1.0, "an f32 does not show it");
    for device in devices() {
        let stream = device.stream().unwrap();
        let (mut y, mut z) = (device.zeroed(3).unwrap(), device.zeroed(1).unwrap());
        let arguments = rounded_literals::Args { y: &mut y, z: &mut z };
        device.kernel(rounded_literals::variant()).unwrap().launch(&stream, 1, arguments).unwrap();
        let above = 1.0 + bf16::EPSILON.to_f32();
        let given: Vec<f32> = y.read(&stream).unwrap().into_iter().map(bf16::to_f32).collect();
        assert_eq!(given, [above, above, 16_777_216.0 * above]);
        assert_eq!(z.read(&stream).unwrap()[0].to_f32(), 1.25);
    }
}
