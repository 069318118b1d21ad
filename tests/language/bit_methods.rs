//! Methods on the bits of integers of every width: what Rust's give.

use crate::{device, integers};
use greta::prelude::*;

/// Results a thread of a kernel below.
const RESULTS: usize = 14;

/// Every method, on a type whose products have another one.
macro_rules! of_bits {
    ($test:ident, $kernel:ident: $ty:ident, twice $twice:ident) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let (a, b) = (x[i], x[127 - i]);
            let first = i * RESULTS;
            y[first] = a.leading_zeros() as $ty;
            y[first + 1] = a.trailing_zeros() as $ty;
            y[first + 2] = a.count_ones() as $ty;
            y[first + 3] = a.reverse_bits();
            y[first + 4] = a.mul_hi(b);
            y[first + 5] = a.abs_diff(b) as $ty;
            y[first + 6] = a.saturating_add(b);
            y[first + 7] = a.saturating_sub(b);
            y[first + 8] = a.wrapping_add(b);
            y[first + 9] = a.wrapping_sub(b);
            y[first + 10] = a.wrapping_mul(b);
            y[first + 11] = a.wrapping_neg();
            y[first + 12] = a.rotate_left(i);
            y[first + 13] = a.rotate_right(5);
        }

        #[test]
        fn $test() {
            let device = device();
            let stream = device.stream().unwrap();
            // All powers of two and their neighbours, the ends of the type, then anything.
            let mut input: Vec<$ty> = (0..$ty::BITS).map(|bit| (1 as $ty) << bit).collect();
            input.extend([0, 1, 2, $ty::MAX, $ty::MIN, $ty::MAX - 1, $ty::MIN + 1]);
            let more =
                integers().into_iter().map(|bits| (u64::from(bits) << 32 | u64::from(bits.rotate_left(9))) as $ty);
            input.extend(more.take(crate::LEN - input.len()));
            let x = device.buffer_from(&input).unwrap();
            let mut y = device.zeroed::<$ty>(crate::LEN * RESULTS).unwrap();
            let kernel = device.kernel($kernel::variant()).unwrap();
            kernel.launch(&stream, 2, $kernel::Args { x: &x, y: &mut y }).unwrap();
            for (i, given) in y.read(&stream).unwrap().chunks(RESULTS).enumerate() {
                let (a, b) = (input[i], input[127 - i]);
                let expected: [$ty; RESULTS] = [
                    a.leading_zeros() as $ty,
                    a.trailing_zeros() as $ty,
                    a.count_ones() as $ty,
                    a.reverse_bits(),
                    ((a as $twice * b as $twice) >> $ty::BITS) as $ty,
                    a.abs_diff(b) as $ty,
                    a.saturating_add(b),
                    a.saturating_sub(b),
                    a.wrapping_add(b),
                    a.wrapping_sub(b),
                    a.wrapping_mul(b),
                    a.wrapping_neg(),
                    a.rotate_left(i as u32),
                    a.rotate_right(5),
                ];
                assert_eq!(given, expected, "of {a} and {b}");
            }
        }
    };
}

of_bits!(of_i8, bits_of_i8: i8, twice i16);
of_bits!(of_u8, bits_of_u8: u8, twice u16);
of_bits!(of_i16, bits_of_i16: i16, twice i32);
of_bits!(of_u16, bits_of_u16: u16, twice u32);
of_bits!(of_i32, bits_of_i32: i32, twice i64);
of_bits!(of_u32, bits_of_u32: u32, twice u64);
of_bits!(of_i64, bits_of_i64: i64, twice i128);
of_bits!(of_u64, bits_of_u64: u64, twice u128);

crate::kernels!(bits_of_i8, bits_of_u8, bits_of_i16, bits_of_u16, bits_of_i32, bits_of_u32, bits_of_i64, bits_of_u64,);
