//! Buffers of truth values and of vectors.

use crate::{check, device, floats, integers};
use greta::prelude::*;

/// Truth values, none of them predictable.
fn truths() -> Vec<bool> {
    integers().into_iter().map(|bits| bits.count_ones() % 2 == 1).collect()
}

#[kernel(block = 64)]
pub fn truth_buffers(x: &Global<bool>, y: &mut Global<bool>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut kept = shared::<[bool; BLOCK]>();
    kept[thread_idx().x] = x[i] ^ x[127 - i];
    barrier();
    y[i] = true;
    y[i] &= !(kept[BLOCK - 1 - thread_idx().x] && x[i] || i == 3);
}

#[test]
fn truth_values_are_loaded_and_stored() {
    check!(truth_buffers, truths(), |x: &[bool], i: usize| {
        let j = i / 64 * 64 + 63 - i % 64;
        !((x[j] ^ x[127 - j]) && x[i] || i == 3)
    });
}

#[test]
fn what_is_true_on_a_device_is_true_on_the_host() {
    let device = device();
    let stream = device.stream().unwrap();
    let mut buffer = device.buffer_from(&truths()).unwrap();
    assert_eq!(buffer.download().unwrap(), truths());
    assert_eq!(buffer.download_async(&stream).unwrap().wait().unwrap(), truths());
    let opposite: Vec<bool> = truths().into_iter().map(|value| !value).collect();
    buffer.upload(&opposite).unwrap();
    assert_eq!(buffer.view(1..9).unwrap().read(&stream).unwrap(), opposite[1..9]);
}

/// Vectors of a type, turned round in the buffer, through shared memory, and by their lanes.
macro_rules! turned {
    ($test:ident, $kernel:ident: $ty:ident of $lanes:literal, |$bits:ident| $value:expr) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let mut tile = shared::<[$ty; 64]>();
            tile[thread_idx().x] = x[x.len() - 1 - i];
            barrier();
            y[i] = tile[thread_idx().x ^ 1];
            y[i][1] = x.load_nontemporal(i)[$lanes - 1];
            y.store_nontemporal(i, y[i]);
        }

        #[test]
        fn $test() {
            let device = device();
            let stream = device.stream().unwrap();
            let mut bits = integers().into_iter().cycle().zip(1_u32..).map(|(value, i)| value.rotate_left(i));
            let mut lane = || {
                let $bits = bits.next().unwrap();
                $value
            };
            let input: Vec<$ty> = (0..crate::LEN).map(|_| $ty(std::array::from_fn(|_| lane()))).collect();
            let (x, mut y) = (device.buffer_from(&input).unwrap(), device.zeroed::<$ty>(crate::LEN).unwrap());
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 2, $kernel::Args { x: &x, y: &mut y }).unwrap();
            let expected: Vec<$ty> = (0..crate::LEN)
                .map(|i| {
                    let mut vector = input[127 - (i ^ 1)];
                    vector.0[1] = input[i].0[$lanes - 1];
                    vector
                })
                .collect();
            let given = y.read(&stream).unwrap();
            assert_eq!(given, expected);
            assert_ne!(given, input);
        }
    };
}

turned!(vectors_of_2_i8, turn_i8x2: i8x2 of 2, |bits| bits as i8);
turned!(vectors_of_16_u8, turn_u8x16: u8x16 of 16, |bits| bits as u8);
turned!(vectors_of_4_i16, turn_i16x4: i16x4 of 4, |bits| bits as i16);
turned!(vectors_of_8_i32, turn_i32x8: i32x8 of 8, |bits| bits as i32);
turned!(vectors_of_2_i64, turn_i64x2: i64x2 of 2, |bits| i64::from(bits as i32) << 20 | 5);
turned!(vectors_of_16_u64, turn_u64x16: u64x16 of 16, |bits| u64::from(bits) << 25);
turned!(vectors_of_8_f16, turn_f16x8: f16x8 of 8, |bits| f16::from_f32(bits as f32 / 1e6));
turned!(vectors_of_2_bf16, turn_bf16x2: bf16x2 of 2, |bits| bf16::from_f32(bits as f32));
turned!(vectors_of_4_f32, turn_f32x4: f32x4 of 4, |bits| bits as f32);
turned!(vectors_of_16_f32, turn_f32x16: f32x16 of 16, |bits| bits as f32);
turned!(vectors_of_32_f32, turn_f32x32: f32x32 of 32, |bits| bits as f32);
turned!(vectors_of_4_f64, turn_f64x4: f64x4 of 4, |bits| f64::from(bits) / 3.0);
turned!(vectors_of_8_fp8, turn_fp8x8: fp8x8 of 8, |bits| fp8(bits as u8 & 0x7f));
turned!(vectors_of_4_bf8, turn_bf8x4: bf8x4 of 4, |bits| bf8(bits as u8 & 0x7f));

/// y[i] = the sum of x[i]'s lanes, and of those of 2 x[127 - i].
#[kernel(block = 64)]
pub fn sums_of_lanes(x: &Global<f32x4>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let sum = x[i] + x[127 - i] * f32x4::splat(2.0);
    y[i] = (sum[0] + sum[1]) + (sum[2] + x[i][thread_idx().x % 4]);
}

#[test]
fn lanes_of_elements_are_read() {
    let input: Vec<f32x4> = floats().into_iter().map(|a| f32x4([a, a * 3.0, 0.5 - a, a * a])).collect();
    check!(sums_of_lanes, input, |x: &[f32x4], i: usize| {
        let sum = |lane: usize| x[i].0[lane] + x[127 - i].0[lane] * 2.0;
        (sum(0) + sum(1)) + (sum(2) + x[i].0[i % 4])
    });
}

crate::kernels!(
    truth_buffers,
    turn_i8x2,
    turn_u8x16,
    turn_i16x4,
    turn_i32x8,
    turn_i64x2,
    turn_u64x16,
    turn_f16x8,
    turn_bf16x2,
    turn_f32x4,
    turn_f32x16,
    turn_f32x32,
    turn_f64x4,
    turn_fp8x8,
    turn_bf8x4,
    sums_of_lanes,
);
