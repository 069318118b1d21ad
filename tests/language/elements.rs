//! Accumulators in arrays, and arrays that are written where they are passed.

use crate::{LEN, check, device, floats};
use greta::prelude::*;

/// y = [x, x + 1, …] * x^T, a product of 16 by 16 an accumulator, for a 16 by 4 matrix x
#[kernel(block = 64)]
pub(crate) fn accumulators(x: &Global<f32>, y: &mut Global<f32>, products: &mut Global<f32>) {
    let mut sums = [[Accumulator::<F32_16x16x4>::zero(); 2]; 2];
    let rows = x.rows(4);
    let b = FragmentB::load_transposed(&rows, 0, 0);
    for i in 0..2 {
        for j in 0..2 {
            let a = FragmentA::from_elements(|row, column| x[row * 4 + column] + (i * 2 + j) as f32);
            sums[i][j].mma(a, b);
            sums[i][j].mma(a, b);
        }
    }
    if block_idx().x == 0 {
        for i in 0..2 {
            for j in 0..2 {
                sums[i][j].store(&mut products.rows_mut(16), (i * 2 + j) * 16, 0);
            }
        }
    }
    y[block_idx().x * BLOCK + thread_idx().x] = 0.0;
}

#[test]
fn accumulators_in_an_array_are_added_to() {
    let device = device();
    let stream = device.stream().unwrap();
    // Small integers: every sum is exact.
    let input: Vec<f32> = (0..LEN).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
    let x = device.buffer_from(&input).unwrap();
    let (mut y, mut products) = (device.zeroed(LEN).unwrap(), device.zeroed(4 * 256).unwrap());
    let args = accumulators::Args { x: &x, y: &mut y, products: &mut products };
    device.kernel(accumulators::variant()).unwrap().launch(&stream, 2, args).unwrap();
    for (at, value) in products.read(&stream).unwrap().into_iter().enumerate() {
        let (added, row, column) = ((at / 256) as f32, at / 16 % 16, at % 16);
        let expected: f32 = (0..4).map(|k| 2.0 * (input[row * 4 + k] + added) * input[column * 4 + k]).sum();
        assert_eq!(value, expected, "[{added}][{row}][{column}]");
    }
}

#[device]
fn dot(a: [f32; 3], b: &[f32; 3]) -> f32 {
    let mut sum = 0.0;
    for k in 0..3 {
        sum += a[k] * b[k];
    }
    sum
}

#[derive(KernelValue)]
struct Plane {
    normal: [f32; 3],
}

#[device]
impl Plane {
    fn distance(&self, point: [f32; 3]) -> f32 {
        dot(point, &self.normal)
    }
}

/// A vector by another name.
type Quad = f32x4;

#[kernel(block = 64)]
pub(crate) fn passed_arrays(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let plane = Plane { normal: [0.5, x[127 - i], 2.0] };
    let lanes = Quad::new([x[i], 1.0, 2.0, 3.0]);
    y[i] = dot([1.0, x[i], 0.25], &[x[i], 2.0, 4.0]) + plane.distance([x[i], 1.0, 2.0]) + lanes[i % 4];
}

#[test]
fn arrays_are_written_where_they_are_passed() {
    check!(passed_arrays, floats(), |x: &[f32], i: usize| {
        let dot = |a: [f32; 3], b: [f32; 3]| (0..3).fold(0.0, |sum, k| sum + a[k] * b[k]);
        dot([1.0, x[i], 0.25], [x[i], 2.0, 4.0])
            + dot([x[i], 1.0, 2.0], [0.5, x[127 - i], 2.0])
            + [x[i], 1.0, 2.0, 3.0][i % 4]
    });
}

crate::kernels!(accumulators, passed_arrays);
