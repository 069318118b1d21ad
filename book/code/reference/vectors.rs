//! Vectors and vector accesses.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = x[i] + y[i], four elements a thread in one access of 16 bytes; len is a multiple of 4
#[kernel(block = 256)]
pub fn add_vectors(x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let i = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if i < len {
        let mut sum = x.load_vector::<f32x4>(i) + y.load_vector::<f32x4>(i);
        sum[3] = max(sum[3], 0.0);
        y.store_vector(i, sum);
    }
}
// ANCHOR_END: kernel

// ANCHOR: elements
/// y[i] = x[i] / |x[i]|
#[kernel(block = 256, require(x.len() == y.len()))]
pub fn normalized(x: &Global<f32x4>, y: &mut Global<f32x4>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < x.len() {
        let squares = x[i] * x[i];
        let length = (squares[0] + squares[1] + squares[2] + squares[3]).sqrt();
        y[i] = x[i] / f32x4::splat(length);
    }
}
// ANCHOR_END: elements

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_adds() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0, 2.0, 3.0, -4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
        let mut y = device.buffer_from(&[0.5; 8]).unwrap();
        let kernel = device.kernel(add_vectors::variant()).unwrap();
        kernel.launch(&stream, 1, add_vectors::Args { x: &x, y: &mut y, len: 8 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [1.5, 2.5, 3.5, 0.0, 5.5, 6.5, 7.5, 8.5]);
    }

    #[test]
    fn every_vector_has_length_1() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[f32x4([3.0, 0.0, 4.0, 0.0]), f32x4([-2.0; 4])]).unwrap();
        let mut y = device.buffer(2).unwrap();
        let kernel = device.kernel(normalized::variant()).unwrap();
        kernel.launch(&stream, 1, normalized::Args { x: &x, y: &mut y }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [f32x4([0.6, 0.0, 0.8, 0.0]), f32x4([-0.5; 4])]);
    }
}
