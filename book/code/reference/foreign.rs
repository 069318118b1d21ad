//! Device functions in the target's own language.

use greta::prelude::*;

// ANCHOR: kernel
/// 1 / value, within 1 ulp.
#[device(hip = "return __builtin_amdgcn_rcpf(value);", cuda = "return __frcp_rn(value);")]
fn reciprocal(value: f32) -> f32 {
    1.0 / value
}

/// y[i] = 1 / x[i]
#[kernel(block = 64, require(y.len() == x.len()))]
pub fn reciprocals(x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        y[i] = reciprocal(x[i]);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_runs_what_stands_in_rust() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[4.0, -0.5]).unwrap();
        let mut y = device.zeroed(2).unwrap();
        let kernel = device.kernel(reciprocals::variant()).unwrap();
        kernel.launch(&stream, 1, reciprocals::Args { x: &x, y: &mut y, len: 2 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [0.25, -2.0]);
    }
}
