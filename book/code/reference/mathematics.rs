//! Functions of floats, precise and fast.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = x[i] / (1 + e^-x[i]) by the precise functions, z[i] the same by the fast ones
#[kernel(block = 256, require(y.len() == x.len() && z.len() == x.len()))]
pub fn silu_twice(x: &Global<f32>, y: &mut Global<f32>, z: &mut Global<f32>, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        let v = x[i];
        y[i] = v / (1.0 + exp(-v));
        z[i] = fast_div(v, 1.0 + fast_exp(-v));
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_is_near_precise() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[-3.0, -0.5, 0.25, 4.0]).unwrap();
        let (mut y, mut z) = (device.zeroed(4).unwrap(), device.zeroed(4).unwrap());
        let kernel = device.kernel(silu_twice::variant()).unwrap();
        kernel.launch(&stream, 1, silu_twice::Args { x: &x, y: &mut y, z: &mut z, len: 4 }).unwrap();
        for (y, z) in y.read(&stream).unwrap().into_iter().zip(z.read(&stream).unwrap()) {
            assert!((y - z).abs() <= 1e-6 * y.abs() && y != 0.0, "{y} {z}");
        }
    }
}
