//! `for` and `#[unroll]`.

use greta::prelude::*;

// ANCHOR: kernel
/// y[r] = sum_c x[r, c], a block to a row
#[kernel(tile(BATCH = 4 in [1, 2, 4, 8]), block = 256)]
pub fn row_sums(x: &Global<f32>, y: &mut Global<f32>, columns: u32) {
    let row = block_idx().x * columns;
    let mut sum = 0.0;
    for base in (0..columns).step_by(BLOCK * BATCH) {
        #[unroll]
        for k in 0..BATCH {
            let column = base + k * BLOCK + thread_idx().x;
            if column < columns {
                sum += x[row + column];
            }
        }
    }
    let total = block_sum(sum);
    if thread_idx().x == 0 {
        y[block_idx().x] = total;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sums() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[0.5; 3 * 1500]).unwrap();
        let mut y = device.zeroed(3).unwrap();
        for kernel in row_sums::variants() {
            let kernel = device.kernel(kernel).unwrap();
            kernel.launch(&stream, 3, row_sums::Args { x: &x, y: &mut y, columns: 1500 }).unwrap();
            assert_eq!(y.read(&stream).unwrap(), [750.0; 3]);
        }
    }
}
