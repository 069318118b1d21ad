//! Device functions over several types.

use greta::prelude::*;

// ANCHOR: kernel
/// The value at `t` between `a` and `b`, eased at both ends.
#[device]
fn eased<F: Float + Castable>(a: F, b: F, t: F) -> F {
    let weight = t * t * (3.0 as F - 2.0 as F * t);
    a + (b - a) * weight
}

/// y[i] = x[i] between itself and 1, in f32 and in f16
#[kernel(block = 64)]
pub fn ease(x: &Global<f32>, y: &mut Global<f32>, half: &mut Global<f16>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < x.len() {
        y[i] = eased(x[i], 1.0, x[i]);
        half[i] = eased(x[i] as f16, 1.0, x[i] as f16);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_eased_in_both_types() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[0.0, 0.5, 1.0]).unwrap();
        let (mut y, mut half) = (device.zeroed(3).unwrap(), device.zeroed(3).unwrap());
        let args = ease::Args { x: &x, y: &mut y, half: &mut half };
        device.kernel(ease::variant()).unwrap().launch(&stream, 1, args).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [0.0, 0.75, 1.0]);
        assert_eq!(half.read(&stream).unwrap(), [0.0, 0.75, 1.0].map(f16::from_f32));
    }
}
