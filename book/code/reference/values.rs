//! Numbers, casts, operators.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = x[i] in steps of `step`, as a signed byte's value; what does not fit is clamped, NaN becomes 0.
#[kernel(block = 256)]
pub fn quantize(x: &Global<f32>, y: &mut Global<i32>, step: f32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i >= len {
        return;
    }
    let scaled = (x[i] / step).floor();
    let mut level = scaled as i32;
    level = level.max(-128).min(127);
    let parity = (level & 1) << 8;
    y[i] = level | parity;
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_clamps() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[0.5, -1e9, 1e9, f32::NAN]).unwrap();
        let mut y = device.zeroed(4).unwrap();
        let kernel = device.kernel(quantize::variant()).unwrap();
        kernel.launch(&stream, 1, quantize::Args { x: &x, y: &mut y, step: 0.25, len: 4 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [2, -128, 127 | 256, 0]);
    }
}
