//! Constant tables, arrays in registers of several dimensions.

use greta::prelude::*;

// ANCHOR: kernel
const BLUR: [[f32; 3]; 3] = [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]];

/// y[r, c] = the mean of x around it, weighted; x: [rows, columns], y likewise, its border not written
#[kernel(block = (32, 4), require(x.len() == rows * columns), require(y.len() == x.len()))]
pub fn blur(x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32) {
    let column = block_idx().x * 32 + thread_idx().x;
    let row = block_idx().y * 4 + thread_idx().y;
    if row + 2 >= rows || column + 2 >= columns {
        return;
    }
    let mut around = [[0.0; 3]; 3];
    #[unroll]
    for r in 0..3 {
        #[unroll]
        for c in 0..3 {
            around[r][c] = x[(row + r) * columns + column + c];
        }
    }
    let mut sum = 0.0;
    #[unroll]
    for r in 0..3 {
        #[unroll]
        for c in 0..3 {
            sum += around[r][c] * BLUR[r][c];
        }
    }
    y[(row + 1) * columns + column + 1] = sum;
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_spreads_a_point() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let mut image = [0.0; 25];
        image[12] = 16.0;
        let x = device.buffer_from(&image).unwrap();
        let mut y = device.zeroed(25).unwrap();
        let kernel = device.kernel(blur::variant()).unwrap();
        kernel.launch(&stream, [1, 2, 1], blur::Args { x: &x, y: &mut y, rows: 5, columns: 5 }).unwrap();
        let y = y.read(&stream).unwrap();
        assert_eq!([&y[6..9], &y[11..14], &y[16..19]], [&[1.0, 2.0, 1.0], &[2.0, 4.0, 2.0], &[1.0, 2.0, 1.0]]);
    }
}
