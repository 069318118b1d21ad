//! Items in the body of a kernel.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = the polynomial of these coefficients at x[i]
#[kernel(block = 256)]
pub fn polynomial(x: &Global<f32>, y: &mut Global<f32>) {
    const COEFFICIENTS: [f32; 4] = [0.5, -1.0, 0.25, 2.0];

    #[device]
    fn step(sum: f32, at: f32, coefficient: f32) -> f32 {
        sum.mul_add(at, coefficient)
    }

    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < x.len() {
        let mut sum = 0.0;
        #[unroll]
        for k in (0..COEFFICIENTS.len()).rev() {
            sum = step(sum, x[i], COEFFICIENTS[k]);
        }
        y[i] = sum;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_values_of_the_polynomial() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[0.0, 1.0, -2.0]).unwrap();
        let mut y = device.zeroed(3).unwrap();
        let kernel = device.kernel(polynomial::variant()).unwrap();
        kernel.launch(&stream, 1, polynomial::Args { x: &x, y: &mut y }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [0.5, 1.75, -12.5]);
    }
}
