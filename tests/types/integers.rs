//! Integer arithmetic wraps at the type's width, shifts count modulo it, division truncates: all pairs of 8 bits, and
//! pairs of boundary and seeded values of the others.

use greta::prelude::*;

use crate::{blocks, devices, random_bits, whole_blocks};

/// Results for each pair of operands.
const RESULTS: usize = 12;

macro_rules! integers {
    ($($test:ident $kernel:ident $ty:ty;)*) => {
        $(
            /// Twelve results in the type, and the comparisons as bits.
            #[kernel(block = 256)]
            pub(crate) fn $kernel(a: &Global<$ty>, b: &Global<$ty>, y: &mut Global<$ty>, order: &mut Global<u32>) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                let (p, q) = (a[i], b[i]);
                y[12 * i] = p + q;
                y[12 * i + 1] = p - q;
                y[12 * i + 2] = p * q;
                y[12 * i + 3] = p & q;
                y[12 * i + 4] = p | q;
                y[12 * i + 5] = p ^ q;
                y[12 * i + 6] = p << q;
                y[12 * i + 7] = p >> q;
                y[12 * i + 8] = !p;
                y[12 * i + 9] = p.min(q) + p.max(q) * 3;
                if q != 0 {
                    y[12 * i + 10] = p / q;
                    y[12 * i + 11] = p % q;
                }
                let less = (p < q) as u32 | ((p <= q) as u32) << 1 | ((p > q) as u32) << 2;
                order[i] = less | ((p >= q) as u32) << 3 | ((p == q) as u32) << 4 | ((p != q) as u32) << 5;
            }

            #[test]
            #[allow(trivial_numeric_casts)]
            fn $test() {
                let pairs = pairs(<$ty>::BITS);
                let a: Vec<$ty> = pairs.iter().map(|pair| pair.0 as $ty).collect();
                let b: Vec<$ty> = pairs.iter().map(|pair| pair.1 as $ty).collect();
                for device in devices() {
                    let stream = device.stream().unwrap();
                    let (x, z) = (device.buffer_from(&a).unwrap(), device.buffer_from(&b).unwrap());
                    let mut y = device.zeroed::<$ty>(RESULTS * a.len()).unwrap();
                    let mut order = device.zeroed(a.len()).unwrap();
                    let arguments = $kernel::Args { a: &x, b: &z, y: &mut y, order: &mut order };
                    device.kernel($kernel::variant()).unwrap().launch(&stream, blocks(a.len()), arguments).unwrap();
                    let (y, order) = (y.read(&stream).unwrap(), order.read(&stream).unwrap());
                    for (i, (&p, &q)) in a.iter().zip(&b).enumerate() {
                        let expected = [
                            p.wrapping_add(q),
                            p.wrapping_sub(q),
                            p.wrapping_mul(q),
                            p & q,
                            p | q,
                            p ^ q,
                            p.wrapping_shl(q as u32),
                            p.wrapping_shr(q as u32),
                            !p,
                            p.min(q).wrapping_add(p.max(q).wrapping_mul(3)),
                            if q == 0 { 0 } else { p.wrapping_div(q) },
                            if q == 0 { 0 } else { p.wrapping_rem(q) },
                        ];
                        let given = &y[RESULTS * i..][..RESULTS];
                        assert_eq!(given, expected, "{p} and {q} on {}", device.info().name);
                        let less = u32::from(p < q) | u32::from(p <= q) << 1 | u32::from(p > q) << 2;
                        let all = less | u32::from(p >= q) << 3 | u32::from(p == q) << 4 | u32::from(p != q) << 5;
                        assert_eq!(order[i], all, "order of {p} and {q} on {}", device.info().name);
                    }
                }
            }
        )*
    };
}

/// Bits of the operands: all pairs of 8 bits; of more, boundary values with each other and seeded ones.
fn pairs(bits: u32) -> Vec<(u64, u64)> {
    let highest = u64::MAX >> (64 - bits);
    let sign = 1 << (bits - 1);
    let special = match bits {
        8 => (0..256).collect(),
        _ => [vec![0, 1, 2, 3, 7, 31, 32, 63, 64, 255, 0x1_0001], vec![sign - 1, sign, sign + 1, highest - 1, highest]]
            .concat(),
    };
    let mut pairs: Vec<(u64, u64)> = special.iter().flat_map(|&a| special.iter().map(move |&b| (a, b))).collect();
    let mut next = random_bits(u64::from(bits));
    // Divisors of all magnitudes.
    pairs.extend((0..if bits == 8 { 0 } else { 2000 }).map(|_| {
        let (a, b, magnitude) = (next(), next(), next());
        (a, b >> (magnitude % u64::from(bits)))
    }));
    whole_blocks(&pairs)
}

integers! {
    i8_arithmetic_is_rusts_for_all_pairs i8_arithmetic i8;
    u8_arithmetic_is_rusts_for_all_pairs u8_arithmetic u8;
    i16_arithmetic_is_rusts i16_arithmetic i16;
    u16_arithmetic_is_rusts u16_arithmetic u16;
    i32_arithmetic_is_rusts i32_arithmetic i32;
    u32_arithmetic_is_rusts u32_arithmetic u32;
    i64_arithmetic_is_rusts i64_arithmetic i64;
    u64_arithmetic_is_rusts u64_arithmetic u64;
}

macro_rules! negation {
    ($($test:ident $kernel:ident $ty:ty;)*) => {
        $(
            #[kernel(block = 256)]
            pub(crate) fn $kernel(a: &Global<$ty>, y: &mut Global<$ty>) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                let mut x = -a[i];
                x += 1;
                x *= 3;
                x >>= 1;
                y[i] = x;
            }

            #[test]
            fn $test() {
                let a: Vec<$ty> = pairs(<$ty>::BITS).iter().map(|pair| pair.0 as $ty).collect();
                for device in devices() {
                    let stream = device.stream().unwrap();
                    let (x, mut y) = (device.buffer_from(&a).unwrap(), device.zeroed::<$ty>(a.len()).unwrap());
                    let arguments = $kernel::Args { a: &x, y: &mut y };
                    device.kernel($kernel::variant()).unwrap().launch(&stream, blocks(a.len()), arguments).unwrap();
                    let expected: Vec<$ty> =
                        a.iter().map(|x| x.wrapping_neg().wrapping_add(1).wrapping_mul(3) >> 1).collect();
                    assert_eq!(y.read(&stream).unwrap(), expected, "{}", device.info().name);
                }
            }
        )*
    };
}

negation! {
    i8_negation_and_compound_assignment_wrap i8_negation i8;
    i16_negation_and_compound_assignment_wrap i16_negation i16;
    i32_negation_and_compound_assignment_wrap i32_negation i32;
    i64_negation_and_compound_assignment_wrap i64_negation i64;
}
