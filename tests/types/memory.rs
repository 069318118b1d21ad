//! Buffers, shared memory, register arrays, vectors and parameters of every type.

use greta::prelude::*;

use crate::{BLOCK_THREADS, blocks, devices, random_bits};

macro_rules! moves {
    ($($test:ident $kernel:ident $ty:ident $pair:ident $quad:ident $eight:ident $sixteen:ident, |$bits:ident| $value:expr;)*) => {
        $(
            /// Sixteen elements a thread: through shared memory reversed within the block, through a register array, and
            /// by vectors of every length; the first element becomes the parameter.
            #[kernel(block = 256)]
            pub(crate) fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>, first: $ty) {
                let thread = thread_idx().x;
                let i = (block_idx().x * BLOCK + thread) * 16;
                let pair = x.load_vector::<$pair>(i + 2);
                y.store_vector(i + 2, pair);
                let mut tile = shared::<[$ty; 256]>();
                tile[thread] = x[i];
                barrier();
                let mut kept = [x[i]; 2];
                kept[thread % 2] = tile[BLOCK - 1 - thread];
                y[i] = kept[0];
                y[i + 1] = kept[1];
                let quad = x.load_vector::<$quad>(i + 4);
                let mut turned = quad;
                turned[0] = quad[thread % 4];
                y.store_vector(i + 4, turned);
                let eight = x.load_vector::<$eight>(i + 8);
                y.store_vector(i + 8, eight);
                if i == 0 {
                    y[0] = first;
                }
                if thread == 1 {
                    y.store_vector(i, x.load_vector::<$sixteen>(i));
                }
            }

            #[test]
            fn $test() {
                let mut next = random_bits(5);
                let mut value = || { let $bits = next() >> 5; $value };
                let first: $ty = value();
                let values: Vec<$ty> = (0..2 * BLOCK_THREADS * 16).map(|_| value()).collect();
                for device in devices() {
                    let stream = device.stream().unwrap();
                    let (x, mut y) = (device.buffer_from(&values).unwrap(), device.zeroed::<$ty>(values.len()).unwrap());
                    let arguments = $kernel::Args { x: &x, y: &mut y, first };
                    let kernel = device.kernel($kernel::variant()).unwrap();
                    kernel.launch(&stream, blocks(2 * BLOCK_THREADS), arguments).unwrap();
                    let expected = expected(&values, first);
                    let given = y.read(&stream).unwrap();
                    for (i, (given, expected)) in given.iter().zip(&expected).enumerate() {
                        let literals = [given, expected].map(|value| greta::rt::LiteralValue::to_literal(*value));
                        assert_eq!(literals[0], literals[1], "element {i} on {}", device.info().name);
                    }
                }
            }
        )*
    };
}

fn expected<T: Copy>(values: &[T], first: T) -> Vec<T> {
    let mut result = values.to_vec();
    for thread in 0..values.len() / 16 {
        let (block, lane) = (thread / BLOCK_THREADS, thread % BLOCK_THREADS);
        if lane == 1 {
            continue;
        }
        let other = values[(block * BLOCK_THREADS + BLOCK_THREADS - 1 - lane) * 16];
        let mut kept = [values[thread * 16]; 2];
        kept[lane % 2] = other;
        result[thread * 16] = kept[0];
        result[thread * 16 + 1] = kept[1];
        result[thread * 16 + 4] = values[thread * 16 + 4 + lane % 4];
    }
    result[0] = first;
    result
}

moves! {
    i8_moves_through_every_memory move_i8 i8 i8x2 i8x4 i8x8 i8x16, |bits| bits as i8;
    i16_moves_through_every_memory move_i16 i16 i16x2 i16x4 i16x8 i16x16, |bits| bits as i16;
    i32_moves_through_every_memory move_i32 i32 i32x2 i32x4 i32x8 i32x16, |bits| bits as i32;
    i64_moves_through_every_memory move_i64 i64 i64x2 i64x4 i64x8 i64x16, |bits| bits as i64;
    u8_moves_through_every_memory move_u8 u8 u8x2 u8x4 u8x8 u8x16, |bits| bits as u8;
    u16_moves_through_every_memory move_u16 u16 u16x2 u16x4 u16x8 u16x16, |bits| bits as u16;
    u32_moves_through_every_memory move_u32 u32 u32x2 u32x4 u32x8 u32x16, |bits| bits as u32;
    u64_moves_through_every_memory move_u64 u64 u64x2 u64x4 u64x8 u64x16, |bits| bits;
    f16_moves_through_every_memory move_f16 f16 f16x2 f16x4 f16x8 f16x16, |bits| f16::from_bits(bits as u16);
    bf16_moves_through_every_memory move_bf16 bf16 bf16x2 bf16x4 bf16x8 bf16x16, |bits| bf16::from_bits(bits as u16);
    f32_moves_through_every_memory move_f32 f32 f32x2 f32x4 f32x8 f32x16, |bits| f32::from_bits(bits as u32);
    f64_moves_through_every_memory move_f64 f64 f64x2 f64x4 f64x8 f64x16, |bits| f64::from_bits(bits);
    fp8_moves_through_every_memory move_fp8 fp8 fp8x2 fp8x4 fp8x8 fp8x16, |bits| greta::prelude::fp8(bits as u8);
    bf8_moves_through_every_memory move_bf8 bf8 bf8x2 bf8x4 bf8x8 bf8x16, |bits| greta::prelude::bf8(bits as u8);
}
