//! Barriers of the grid.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = x[i] / sum(x); parts has an element for each block
#[kernel(block = 256, require(y.len() == x.len() && arrivals.len() == 1))]
pub fn shares(x: &Global<f32>, parts: &mut Global<f32>, y: &mut Global<f32>, arrivals: &mut Global<u32>) {
    let own = block_idx().x * BLOCK + thread_idx().x;
    let threads = grid_dim().x * BLOCK;
    let mut part = 0.0;
    for i in (own..x.len()).step_by(threads) {
        part += x[i];
    }
    part = block_sum(part);
    if thread_idx().x == 0 {
        parts[block_idx().x] = part;
    }
    grid_barrier(arrivals);
    let mut sum = 0.0;
    for block in 0..grid_dim().x {
        sum += parts[block];
    }
    for i in (own..x.len()).step_by(threads) {
        y[i] = x[i] / sum;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_divided_by_the_sum_of_all() {
        for name in ["cpu", "cpu:sm_90"] {
            let device = Device::open(name).unwrap();
            let stream = device.stream().unwrap();
            let values: Vec<f32> = (0..3000).map(|i| (i * 37 % 101) as f32).collect();
            let x = device.buffer_from(&values).unwrap();
            let (mut parts, mut y) = (device.zeroed(3).unwrap(), device.zeroed(values.len()).unwrap());
            let mut arrivals = device.zeroed(1).unwrap();
            let kernel = device.kernel(shares::variant()).unwrap();
            let sum: f32 = values.iter().sum();
            for _ in 0..2 {
                let args = shares::Args { x: &x, parts: &mut parts, y: &mut y, arrivals: &mut arrivals };
                kernel.launch(&stream, 3, args).unwrap();
                let expected: Vec<f32> = values.iter().map(|value| value / sum).collect();
                assert_eq!(y.read(&stream).unwrap(), expected);
            }
        }
    }
}
