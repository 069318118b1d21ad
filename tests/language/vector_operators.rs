//! Operators of vectors of integers: what Rust's give, lane by lane.

use crate::{device, integers};
use greta::prelude::*;

/// Results a thread of a kernel below.
const RESULTS: usize = 12;

/// Every operator of integers and its form that assigns, on vectors of a type of so many bits.
macro_rules! operators {
    ($test:ident, $kernel:ident: $ty:ident of $lanes:literal $lane:ident, bits $bits:literal) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let (a, b) = (x[i], x[127 - i]);
            // Within the width: more is an error under the sanitizer.
            let count = b & $ty::splat($bits - 1);
            let divisor = b | $ty::splat(1);
            let first = i * 12;
            y[first] = !a;
            y[first + 1] = a & b;
            y[first + 2] = (a | b) ^ $ty::splat(5);
            y[first + 3] = a << count;
            y[first + 4] = a >> count;
            y[first + 5] = a % divisor;
            y[first + 6] = $ty::splat(100) % divisor << $ty::splat(1);
            let mut all = a;
            all &= b;
            all |= a << $ty::splat(2);
            all ^= !b;
            y[first + 7] = all;
            all <<= count;
            y[first + 8] = all;
            all >>= $ty::splat(3);
            y[first + 9] = all;
            all %= divisor;
            y[first + 10] = all;
            y[first + 11] = a;
            y[first + 11] ^= b;
            y[first + 11] >>= count;
            y[first + 11][1] %= 7;
        }

        #[test]
        fn $test() {
            let device = device();
            let stream = device.stream().unwrap();
            let mut bits = integers().into_iter().cycle().zip(1_u32..).map(|(value, i)| {
                let value = value.rotate_left(i);
                (u64::from(value) << 32 | u64::from(value.wrapping_mul(0x9e37_79b9))) as $lane
            });
            // The quotient of these two does not fit a signed type.
            let (smallest, ones) = ($lane::MIN, (0 as $lane).wrapping_sub(1));
            let input: Vec<$ty> = (0..crate::LEN)
                .map(|i| match i {
                    0 => $ty([smallest; $lanes]),
                    127 => $ty([ones; $lanes]),
                    _ => $ty(std::array::from_fn(|_| bits.next().unwrap())),
                })
                .collect();
            let x = device.buffer_from(&input).unwrap();
            let mut y = device.zeroed::<$ty>(crate::LEN * RESULTS).unwrap();
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 2, $kernel::Args { x: &x, y: &mut y }).unwrap();
            let given = y.read(&stream).unwrap();
            for (i, given) in given.chunks(RESULTS).enumerate() {
                for lane in 0..$lanes {
                    let (a, b) = (input[i].0[lane], input[127 - i].0[lane]);
                    let (count, divisor) = ((b & ($bits - 1)) as u32, b | 1);
                    let all = (a & b | a << 2) ^ !b;
                    let turned = (a ^ b) >> count;
                    let shifted = (all << count) >> 3;
                    let expected: [$lane; RESULTS] = [
                        !a,
                        a & b,
                        (a | b) ^ 5,
                        a << count,
                        a >> count,
                        a.wrapping_rem(divisor),
                        (100 % divisor) << 1,
                        all,
                        all << count,
                        shifted,
                        shifted.wrapping_rem(divisor),
                        if lane == 1 { turned % 7 } else { turned },
                    ];
                    for (result, (given, expected)) in given.iter().zip(expected).enumerate() {
                        assert_eq!(
                            given.0[lane], expected,
                            "result {result} of {a} and {b}, lane {lane} of thread {i}"
                        );
                    }
                }
            }
        }
    };
}

operators!(of_i8, operators_i8x4: i8x4 of 4 i8, bits 8);
operators!(of_u8, operators_u8x16: u8x16 of 16 u8, bits 8);
operators!(of_i16, operators_i16x2: i16x2 of 2 i16, bits 16);
operators!(of_u16, operators_u16x8: u16x8 of 8 u16, bits 16);
operators!(of_i32, operators_i32x4: i32x4 of 4 i32, bits 32);
operators!(of_u32, operators_u32x2: u32x2 of 2 u32, bits 32);
operators!(of_i64, operators_i64x2: i64x2 of 2 i64, bits 64);
operators!(of_u64, operators_u64x4: u64x4 of 4 u64, bits 64);

crate::kernels!(
    operators_i8x4,
    operators_u8x16,
    operators_i16x2,
    operators_u16x8,
    operators_i32x4,
    operators_u32x2,
    operators_i64x2,
    operators_u64x4,
);
