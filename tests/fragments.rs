//! Fragments of every shape that several kinds of targets have: the same product of matrices on each of them, loaded from
//! shared and from global memory.

use greta::codegen::trace::{bf16, f16};
use greta::prelude::*;

/// A kernel that multiplies one block of a shape, and a test that runs it.
macro_rules! shapes {
    ($($kernel:ident, $test:ident: $shape:ident of $k:literal, $element:ident, $sum:ident, $make:expr;)*) => {
        $(
            /// c = a bᵀ + c and, below it, the same of a loaded from global memory; a, b: [16, k]; c: [32, 16].
            #[kernel(block = WAVE)]
            pub fn $kernel(a: &Global<$element>, b: &Global<$element>, c: &mut Global<$sum>) {
                let mut tile = shared::<[[$element; 32]; 32]>();
                for i in (thread_idx().x..16 * $k).step_by(BLOCK) {
                    tile[i / $k][i % $k] = a[i];
                    tile[16 + i / $k][i % $k] = b[i];
                }
                barrier();
                let right = FragmentB::<$shape>::load_transposed_vector(&tile, 0, 16);
                let left = FragmentA::<$shape>::load_vector(&tile, 0, 0);
                let mut sum = Accumulator::<$shape>::from_elements(|row, column| c[row * 16 + column]);
                sum.mma(left, right);
                sum.store(&mut c.rows_mut(16), 0, 0);
                let left = FragmentA::<$shape>::load_vector(&a.rows($k), 0, 0);
                let right = FragmentB::<$shape>::load_transposed_vector(&b.rows($k), 0, 0);
                let mut sum = Accumulator::<$shape>::from_elements(|row, column| c[(16 + row) * 16 + column]);
                sum.mma(left, right);
                sum.store(&mut c.rows_mut(16), 16, 0);
            }

            #[test]
            fn $test() {
                let number = |i: usize| (i * 37 % 11) as i32 - 5;
                let element: fn(i32) -> $element = $make;
                let a: Vec<i32> = (0..16 * $k).map(number).collect();
                let b: Vec<i32> = (0..16 * $k).map(|i| number(i * i + 3)).collect();
                let elements = |matrix: &[i32]| matrix.iter().map(|&x| element(x)).collect::<Vec<$element>>();
                for name in ["cpu", "cpu:sm_90"] {
                    let device = Device::open(name).unwrap();
                    let stream = device.stream().unwrap();
                    let before: Vec<$sum> = (0..512).map(|i| number(i) as $sum).collect();
                    let mut c = device.buffer_from(&before).unwrap();
                    let args = $kernel::Args {
                        a: &device.buffer_from(&elements(&a)).unwrap(),
                        b: &device.buffer_from(&elements(&b)).unwrap(),
                        c: &mut c,
                    };
                    device.kernel($kernel::variant()).unwrap().launch(&stream, 1, args).unwrap();
                    for (at, found) in c.read(&stream).unwrap().into_iter().enumerate() {
                        let (row, column) = (at / 16 % 16, at % 16);
                        let dot: i32 = (0..$k).map(|k| a[row * $k + k] * b[column * $k + k]).sum();
                        assert_eq!(found, (dot + number(at)) as $sum, "{name}, row {row}, column {column}");
                    }
                }
            }
        )*
    };
}

shapes! {
    multiply_bf16, bf16_lies_as_each_target_wants_it: Bf16_16x16x16 of 16, bf16, f32, |x| bf16::from_f32(x as f32);
    multiply_f16, f16_lies_as_each_target_wants_it: F16_16x16x16 of 16, f16, f32, |x| f16::from_f32(x as f32);
    multiply_xf32, xf32_lies_as_each_target_wants_it: Xf32_16x16x8 of 8, f32, f32, |x| x as f32;
    multiply_f32, f32_needs_no_instruction: F32_16x16x4 of 4, f32, f32, |x| x as f32;
    multiply_i8, i8_lies_as_each_target_wants_it: I8_16x16x32 of 32, i8, i32, |x| x as i8;
}
