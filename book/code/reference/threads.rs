//! Indices, waves, blocks.

use greta::prelude::*;

// ANCHOR: kernel
/// y[r, c] = exp(x[r, c] - max_c x[r, c]) / sum_c exp(x[r, c] - max_c x[r, c]), a block to a row
#[kernel(block = 256)]
pub fn softmax_row(x: &Global<f32>, y: &mut Global<f32>, columns: u32) {
    let row = block_idx().x * columns;
    let mut largest = f32::NEG_INFINITY;
    for c in (thread_idx().x..columns).step_by(BLOCK) {
        largest = largest.max(x[row + c]);
    }
    let largest = block_max(largest);
    let mut sum = 0.0;
    for c in (thread_idx().x..columns).step_by(BLOCK) {
        sum += exp(x[row + c] - largest);
    }
    let scale = 1.0 / block_sum(sum);
    for c in (thread_idx().x..columns).step_by(BLOCK) {
        y[row + c] = exp(x[row + c] - largest) * scale;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let values: Vec<f32> = (0..2 * 300).map(|i| (i % 37) as f32 / 10.0).collect();
        let x = device.buffer_from(&values).unwrap();
        let mut y = device.zeroed(values.len()).unwrap();
        let kernel = device.kernel(softmax_row::variant()).unwrap();
        kernel.launch(&stream, 2, softmax_row::Args { x: &x, y: &mut y, columns: 300 }).unwrap();
        for row in y.read(&stream).unwrap().chunks(300) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
