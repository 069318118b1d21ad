//! Labelled loops and blocks that give a value.

use greta::prelude::*;

// ANCHOR: kernel
/// y[r] = the first column of row r whose value and its successor's are both above the limit, or columns; a thread to a row
#[kernel(block = 64, require(x.len() == rows * columns), require(columns > 0))]
pub fn first_pair(x: &Global<f32>, y: &mut Global<u32>, limit: f32, rows: u32, columns: u32) {
    let row = block_idx().x * BLOCK + thread_idx().x;
    if row >= rows {
        return;
    }
    let start = row * columns;
    y[row] = 'search: {
        for column in 0..columns - 1 {
            if x[start + column] <= limit {
                continue;
            }
            if x[start + column + 1] > limit {
                break 'search column;
            }
        }
        columns
    };
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_pairs() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[9.0, 0.0, 9.0, 9.0, 9.0, 0.0, 9.0, 0.0]).unwrap();
        let mut y = device.zeroed(2).unwrap();
        let kernel = device.kernel(first_pair::variant()).unwrap();
        let args = first_pair::Args { x: &x, y: &mut y, limit: 1.0, rows: 2, columns: 4 };
        kernel.launch(&stream, 1, args).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [2, 4]);
    }
}
