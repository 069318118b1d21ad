//! Integers and floats of every width.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = scale * x[i] + bias[i] / 128, from 8-bit floats and bytes to bf16; sums[i % 64] counts in 64 bits
#[kernel(block = 64)]
pub fn widen(x: &Global<fp8>, bias: &Global<i8>, y: &mut Global<bf16>, sums: &mut Global<u64>, scale: f32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        let shifted = bias[i] >> 1;
        y[i] = (x[i] as f32 * scale + shifted as f32 / 64.0) as bf16;
        sums[thread_idx().x] += bias[i] as u8 as u64;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_widens() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        // 1.0 and -2.0: an exponent with a bias of 8 and three bits of mantissa.
        let x = device.buffer_from(&[fp8(0x40), fp8(0xC8)]).unwrap();
        let bias = device.buffer_from(&[64_i8, -128]).unwrap();
        let mut y = device.zeroed::<bf16>(2).unwrap();
        let mut sums = device.buffer_from(&[u64::from(u32::MAX), 0]).unwrap();
        let kernel = device.kernel(widen::variant()).unwrap();
        let args = widen::Args { x: &x, bias: &bias, y: &mut y, sums: &mut sums, scale: 3.0, len: 2 };
        kernel.launch(&stream, 1, args).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [3.5, -7.0].map(bf16::from_f32));
        assert_eq!(sums.read(&stream).unwrap(), [u64::from(u32::MAX) + 64, 128]);
    }
}
