//! A tile abstraction of one's own: a struct of handles with methods. It is plain Rust, and none of it is left in the HIP.
//!
//! `cargo run --example tile` transposes a matrix through shared memory, checks the result and prints the HIP C++.

use greta::prelude::*;

/// Rows and columns of a tile.
const SIDE: u32 = 32;

// ANCHOR: tile
/// A tile of a matrix in shared memory. Its rows are one element longer than the tile, so that a column lies in as many
/// banks as a row does.
#[derive(KernelValue)]
struct SharedTile {
    cells: Shared<Shared<f32>>,
}

/// Where a thread of a block of (32, 8) begins in a tile.
#[derive(KernelValue)]
struct Corner {
    row: u32,
    column: u32,
}

/// A matrix that a launch describes: its rows and columns.
#[derive(KernelValue, Clone, Copy)]
pub struct Extent {
    rows: u32,
    columns: u32,
}

#[device]
impl Extent {
    fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows }
    }

    fn contains(self, row: u32, column: u32) -> bool {
        row < self.rows && column < self.columns
    }
}

#[device]
impl SharedTile {
    /// Loads the tile that begins at `corner`; what lies outside of the matrix is left out.
    fn load(&mut self, from: &Global<f32>, extent: Extent, corner: Corner) {
        for step in (0..SIDE).step_by(8) {
            let row = thread_idx().y + step;
            if extent.contains(corner.row + row, corner.column + thread_idx().x) {
                let index = (corner.row + row) * extent.columns + corner.column + thread_idx().x;
                self.cells[row][thread_idx().x] = from[index];
            }
        }
    }

    /// Stores the transposed tile to where `corner` is in the transposed matrix.
    fn store_transposed(&self, to: &mut Global<f32>, extent: Extent, corner: Corner) {
        let target = extent.transposed();
        for step in (0..SIDE).step_by(8) {
            let row = thread_idx().y + step;
            if target.contains(corner.column + row, corner.row + thread_idx().x) {
                let index = (corner.column + row) * target.columns + corner.row + thread_idx().x;
                to[index] = self.cells[thread_idx().x][row];
            }
        }
    }
}

/// y[c, r] = x[r, c]
///
/// x: [rows, columns] f32, y: [columns, rows] f32. Grid: a block a tile of 32 by 32. Memory-bound: 8 B an element.
#[kernel(block = (32, 8))]
pub fn transpose(x: &Global<f32>, y: &mut Global<f32>, extent: Extent) {
    let corner = Corner { row: block_idx().y * SIDE, column: block_idx().x * SIDE };
    let mut tile = SharedTile { cells: shared::<[[f32; SIDE + 1]; SIDE]>() };
    tile.load(x, extent, corner);
    barrier();
    tile.store_transposed(y, extent, corner);
}
// ANCHOR_END: tile

fn main() -> Result<(), greta::Error> {
    let extent = Extent { rows: 100, columns: 75 };
    let elements = extent.rows * extent.columns;
    let input: Vec<f32> = (0..elements).map(|i| i as f32).collect();
    let device = Device::open_default()?;
    let stream = device.stream()?;
    let (x, mut y) = (device.buffer_from(&input)?, device.zeroed(elements as usize)?);
    let grid = (extent.columns.div_ceil(SIDE), extent.rows.div_ceil(SIDE));
    device.kernel(transpose::variant())?.launch(&stream, grid, transpose::Args { x: &x, y: &mut y, extent })?;
    let result = y.read(&stream)?;
    for (index, value) in (0..).zip(&input) {
        let (row, column) = (index / extent.columns, index % extent.columns);
        assert_eq!(result[(column * extent.rows + row) as usize], *value, "row {row}, column {column}");
    }
    println!("{}", transpose::variant().hip().expect("the kernel has one variant, which is valid"));
    println!("// {}: {} elements are where they belong", device.info().name, elements);
    Ok(())
}
