//! Device functions: traits, generics, closures.

use greta::prelude::*;

// ANCHOR: kernel
#[device]
trait Activation {
    fn apply(value: f32) -> f32;
}

struct Silu;

#[device]
impl Activation for Silu {
    fn apply(value: f32) -> f32 {
        value / (1.0 + exp(-value))
    }
}

/// A(value) with its input and output scaled
#[device]
fn scaled<A: Activation>(value: f32, scale: impl Fn(f32) -> f32) -> f32 {
    scale(A::apply(scale(value)))
}

/// y[i] = s * silu(s * x[i])
#[kernel(block = 256)]
pub fn activated(x: &Global<f32>, y: &mut Global<f32>, s: f32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        y[i] = scaled::<Silu>(x[i], |value| value * s);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_scales() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0, -2.0]).unwrap();
        let mut y = device.zeroed(2).unwrap();
        let kernel = device.kernel(activated::variant()).unwrap();
        kernel.launch(&stream, 1, activated::Args { x: &x, y: &mut y, s: 2.0, len: 2 }).unwrap();
        let silu = |v: f64| v / (1.0 + (-v).exp());
        for (value, x) in y.read(&stream).unwrap().into_iter().zip([1.0, -2.0]) {
            assert!((f64::from(value) - 2.0 * silu(2.0 * x)).abs() < 1e-6);
        }
    }
}
