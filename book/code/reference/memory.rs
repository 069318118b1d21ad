//! Global buffers, shared arrays, register arrays, barriers.

use greta::prelude::*;

// ANCHOR: kernel
/// y[c, r] = x[r, c], a tile at a time through shared memory
#[kernel(tile(SIDE = 32 in [16, 32]), block = (SIDE, 8))]
pub fn transpose(x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32) {
    // A column more than needed: the threads of a wave read down a column of the tile, in different banks.
    let mut tile = shared::<[[f32; SIDE + 1]; SIDE]>();
    let (column, row) = (block_idx().x * SIDE, block_idx().y * SIDE);
    let (tx, ty) = (thread_idx().x, thread_idx().y);
    for r in (ty..SIDE).step_by(8) {
        if row + r < rows && column + tx < columns {
            tile[r][tx] = x[(row + r) * columns + column + tx];
        }
    }
    barrier();
    for c in (ty..SIDE).step_by(8) {
        if column + c < columns && row + tx < rows {
            y[(column + c) * rows + row + tx] = tile[tx][c];
        }
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_transposes() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let (rows, columns) = (40, 70);
        let values: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
        let x = device.buffer_from(&values).unwrap();
        let mut y = device.zeroed(values.len()).unwrap();
        for variant in transpose::variants() {
            let side = variant.values()[0];
            let kernel = device.kernel(variant).unwrap();
            let args = transpose::Args { x: &x, y: &mut y, rows: rows as u32, columns: columns as u32 };
            kernel.launch(&stream, [70_u32.div_ceil(side), 40_u32.div_ceil(side), 1], args).unwrap();
            let result = y.read(&stream).unwrap();
            for (i, value) in result.iter().enumerate() {
                assert_eq!(*value, values[i % rows * columns + i / rows]);
            }
        }
    }
}
