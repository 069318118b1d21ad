//! Structs of kernel values, tuples.

use greta::prelude::*;

// ANCHOR: kernel
#[derive(KernelValue)]
struct Complex {
    re: f32,
    im: f32,
}

#[device]
fn product(a: Complex, b: Complex) -> Complex {
    Complex { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }
}

/// z[i] = z[i] * e^(i phase), z as pairs of real and imaginary part
#[kernel(block = 128)]
pub fn rotate(z: &mut Global<f32>, phase: f32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        let turn = Complex { re: cos(phase), im: sin(phase) };
        let Complex { re, im } = product(Complex { re: z[2 * i], im: z[2 * i + 1] }, turn);
        (z[2 * i], z[2 * i + 1]) = (re, im);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_turns_by_a_right_angle() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let mut z = device.buffer_from(&[1.0, 0.0, 0.0, 2.0]).unwrap();
        let kernel = device.kernel(rotate::variant()).unwrap();
        let args = rotate::Args { z: &mut z, phase: std::f32::consts::FRAC_PI_2, len: 2 };
        kernel.launch(&stream, 1, args).unwrap();
        for (value, wanted) in z.read(&stream).unwrap().into_iter().zip([0.0_f32, 1.0, -2.0, 0.0]) {
            assert!((value - wanted).abs() < 1e-6, "{value} is not {wanted}");
        }
    }
}
