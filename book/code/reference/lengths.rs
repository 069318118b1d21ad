//! The lengths of buffers.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = x[i + 1] - x[i], in as many blocks as there happen to be
#[kernel(block = 256, require(y.len() + 1 == x.len()))]
pub fn differences(x: &Global<f32>, y: &mut Global<f32>) {
    for i in (block_idx().x * BLOCK + thread_idx().x..y.len()).step_by(grid_dim().x * BLOCK) {
        y[i] = x[i + 1] - x[i];
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_taken() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let squares: Vec<f32> = (0..1001).map(|i| (i * i) as f32).collect();
        let x = device.buffer_from(&squares).unwrap();
        let mut y = device.zeroed(1000).unwrap();
        let kernel = device.kernel(differences::variant()).unwrap();
        kernel.launch(&stream, 2, differences::Args { x: &x, y: &mut y }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), (0..1000).map(|i| (2 * i + 1) as f32).collect::<Vec<_>>());
    }
}
