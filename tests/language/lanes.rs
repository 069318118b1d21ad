//! Shuffles, broadcasts, reductions and scans of every type that moves between lanes.

use crate::{device, integers, wave_width};
use greta::prelude::*;
use greta::rt::LiteralValue;

/// Results a thread of a kernel of `shuffled!`.
const SHUFFLES: usize = 6;
/// Results a thread of a kernel of `summed!`.
const SUMS: usize = 10;

/// Every way of moving between lanes, of values of any bits.
macro_rules! shuffled {
    ($test:ident, $kernel:ident: $ty:ident, |$bits:ident| $value:expr) => {
        #[kernel(block = 128)]
        pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let i = thread_idx().x;
            let first = i * 6;
            y[first] = shuffle(x[i], i * 7);
            y[first + 1] = shuffle_xor(x[i], 5);
            y[first + 2] = shuffle_down(x[i], 3);
            y[first + 3] = shuffle_up(x[i], i % 4);
            y[first + 4] = wave_broadcast(x[i], 9);
            y[first + 5] = shuffle(x[5], i);
        }

        #[test]
        fn $test() {
            let device = device();
            let stream = device.stream().unwrap();
            let input: Vec<$ty> = integers()
                .into_iter()
                .map(|word| {
                    let $bits = u64::from(word) << 32 | u64::from(word.rotate_left(11));
                    $value
                })
                .collect();
            let x = device.buffer_from(&input).unwrap();
            let mut y = device.zeroed::<$ty>(crate::LEN * SHUFFLES).unwrap();
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 1, $kernel::Args { x: &x, y: &mut y }).unwrap();
            let width = wave_width();
            for (i, given) in y.read(&stream).unwrap().chunks(SHUFFLES).enumerate() {
                let (start, lane) = (i / width * width, i % width);
                let down = if lane + 3 < width { lane + 3 } else { lane };
                let up = if i % 4 <= lane { lane - i % 4 } else { lane };
                let expected = [i * 7 % width, lane ^ 5, down, up, 9].map(|from| input[start + from]);
                let expected = expected.iter().chain([&input[5]]).map(|value| value.to_literal());
                assert!(given.iter().map(|value| value.to_literal()).eq(expected), "{given:?} in thread {i}");
            }
        }
    };
}

shuffled!(i8_move, shuffled_i8: i8, |bits| bits as i8);
shuffled!(u8_move, shuffled_u8: u8, |bits| bits as u8);
shuffled!(i16_move, shuffled_i16: i16, |bits| bits as i16);
shuffled!(u16_move, shuffled_u16: u16, |bits| bits as u16);
shuffled!(i64_move, shuffled_i64: i64, |bits| bits as i64);
shuffled!(u64_move, shuffled_u64: u64, |bits| bits);
shuffled!(f16_move, shuffled_f16: f16, |bits| f16::from_bits(bits as u16));
shuffled!(bf16_move, shuffled_bf16: bf16, |bits| bf16::from_bits(bits as u16));
shuffled!(f64_move, shuffled_f64: f64, |bits| f64::from_bits(bits));
shuffled!(fp8_move, shuffled_fp8: fp8, |bits| fp8(bits as u8));
shuffled!(bf8_move, shuffled_bf8: bf8, |bits| bf8(bits as u8));
shuffled!(truth_values_move, shuffled_bool: bool, |bits| bits % 3 == 0);

/// Every reduction and scan, of numbers whose sums fit the type.
macro_rules! summed {
    ($test:ident, $kernel:ident: $ty:ident, |$small:ident| $value:expr) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let v = x[i];
            let first = i * 10;
            y[first] = wave_sum(v);
            y[first + 1] = wave_max(v);
            y[first + 2] = wave_min(v);
            y[first + 3] = wave_scan_inclusive(v);
            y[first + 4] = wave_scan_exclusive(v);
            y[first + 5] = block_sum(v);
            y[first + 6] = block_max(v);
            y[first + 7] = block_min(v);
            y[first + 8] = block_scan_inclusive(v);
            y[first + 9] = block_scan_exclusive(v);
        }

        #[test]
        fn $test() {
            let device = device();
            let stream = device.stream().unwrap();
            let number = |$small: i8| -> $ty { $value };
            let small: Vec<i8> = integers().into_iter().map(|bits| (bits >> 5) as i8 % 2 + 1).collect();
            let input: Vec<$ty> = small.iter().map(|small| number(*small)).collect();
            let x = device.buffer_from(&input).unwrap();
            let mut y = device.zeroed::<$ty>(crate::LEN * SUMS).unwrap();
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 2, $kernel::Args { x: &x, y: &mut y }).unwrap();
            let width = wave_width();
            for (i, given) in y.read(&stream).unwrap().chunks(SUMS).enumerate() {
                let results = |width: usize| {
                    let start = i / width * width;
                    let all = &small[start..start + width];
                    let sum = |part: &[i8]| part.iter().sum::<i8>();
                    let [largest, smallest]: [fn($ty, $ty) -> $ty; 2] =
                        [|a, b| if b > a { b } else { a }, |a, b| if b < a { b } else { a }];
                    let end = |choose| all.iter().map(|small| number(*small)).reduce(choose).unwrap();
                    let sums = [sum(all), sum(&all[..=i - start]), sum(&all[..i - start])].map(number);
                    [sums[0], end(largest), end(smallest), sums[1], sums[2]]
                };
                assert_eq!(given, [results(width), results(64)].concat(), "in thread {i}");
            }
        }
    };
}

summed!(i8_sums, summed_i8: i8, |small| small);
summed!(u8_sums, summed_u8: u8, |small| small as u8);
summed!(i16_sums, summed_i16: i16, |small| i16::from(small) * -200);
summed!(u16_sums, summed_u16: u16, |small| small as u16 * 400);
summed!(i64_sums, summed_i64: i64, |small| i64::from(small) * -(1 << 50));
summed!(u64_sums, summed_u64: u64, |small| small as u64 * (1 << 56));
summed!(f16_sums, summed_f16: f16, |small| f16::from_f32(f32::from(small) / 4.0));
summed!(bf16_sums, summed_bf16: bf16, |small| bf16::from_f32(f32::from(small) / 4.0));
summed!(f64_sums, summed_f64: f64, |small| f64::from(small) * (1.0 + f64::EPSILON * 64.0));

/// y[i] = the bits that x[i] has in all threads of the block, and those that it has in any.
#[kernel(block = 64)]
pub fn bits_of_64(x: &Global<u64>, y: &mut Global<u64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let all = block_and(x[i] | 0xff << 30);
    let any = wave_or(x[i] & 0xf0f0 << 40);
    y[i] = all ^ any;
}

#[test]
fn bits_of_64_are_reduced() {
    let device = device();
    let stream = device.stream().unwrap();
    let input: Vec<u64> = integers().into_iter().map(|word| u64::from(word).rotate_left(word % 64)).collect();
    let (x, mut y) = (device.buffer_from(&input).unwrap(), device.zeroed(crate::LEN).unwrap());
    let kernel = device.kernel(bits_of_64::variant()).unwrap();
    kernel.launch(&stream, 2, bits_of_64::Args { x: &x, y: &mut y }).unwrap();
    for (i, given) in y.read(&stream).unwrap().into_iter().enumerate() {
        let part = |width: usize| &input[i / width * width..][..width];
        let all = part(64).iter().fold(u64::MAX, |bits, x| bits & (x | 0xff << 30));
        let any = part(wave_width()).iter().fold(0, |bits, x| bits | x & 0xf0f0 << 40);
        assert_eq!(given, all ^ any, "in thread {i}");
    }
}

/// Floats to their bits and back.
#[kernel(block = 64)]
pub fn bits_of_floats(x: &Global<f64>, y: &mut Global<f64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let half = f16_from_bits((x[i] as f16).to_bits() ^ 1) as f64;
    let brain = bf16_from_bits((x[i] as bf16).to_bits() ^ 1) as f64;
    y[i] = f64_from_bits(x[i].to_bits() ^ 1) - half * brain;
}

#[test]
fn floats_of_every_width_have_bits() {
    let input: Vec<f64> = crate::floats().into_iter().map(|x| f64::from(x) / 3.0).collect();
    crate::check!(bits_of_floats, input, |x: &[f64], i: usize| {
        let half = f16::from_bits(f16::from_f64(x[i]).to_bits() ^ 1).to_f64();
        let brain = bf16::from_bits(bf16::from_f32(x[i] as f32).to_bits() ^ 1).to_f64();
        f64::from_bits(x[i].to_bits() ^ 1) - half * brain
    });
}

crate::kernels!(
    shuffled_i8,
    shuffled_u8,
    shuffled_i16,
    shuffled_u16,
    shuffled_i64,
    shuffled_u64,
    shuffled_f16,
    shuffled_bf16,
    shuffled_fp8,
    shuffled_bf8,
    shuffled_f64,
    shuffled_bool,
    summed_i8,
    summed_u8,
    summed_i16,
    summed_u16,
    summed_i64,
    summed_u64,
    summed_f16,
    summed_bf16,
    summed_f64,
    bits_of_64,
    bits_of_floats,
);
