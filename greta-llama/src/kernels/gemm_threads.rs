//! A matrix product of `f32` where no matrix cores have that type: every thread computes a tile of its own by fused
//! multiply-adds, in order of k. Tiles of A and B come as in `gemm_staged`.
//!
//! The lanes of a wave stand in 4 rows and 8 columns; a thread's rows are 4 apart and its columns 8, so that the lanes of
//! a row read the same 16 bytes of A and those of a column 8 rows of B in different banks.

use greta::prelude::*;

use super::gemm_staged::copy_stage;
use super::swizzle::swizzled;

/// Rows in which the lanes of a wave stand.
pub(super) const LANE_ROWS: u32 = 4;
/// Columns in which they stand.
pub(super) const LANE_COLUMNS: u32 = 8;

/// sums = A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a thread's are those of the tile
/// from `a_row` and `b_row` on, every fourth and every eighth. The copies of the first stages have begun. `quads` quads of columns stand one after the other in the
/// code: more hide more of the reads' latency, and take registers.
#[device]
pub(super) fn multiply_in_threads<const WHOLE: bool>(
    a: &Global<f32>,
    b: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    sums: &mut Array<Array<f32>>,
    row: u32,
    column: u32,
    a_row: u32,
    b_row: u32,
    m: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
    quads: u32,
) {
    let mut stage = 0;
    let mut next = tile.len() - 1;
    for base in (0..k).step_by(tile_columns) {
        copy_async_wait(tile.len() - 2);
        barrier();
        let ahead = base + (tile.len() - 1) * tile_columns;
        copy_stage::<f32x4, WHOLE>(a, b, tile, next, row, column, m, n, ahead, k, tile_rows, tile_columns);
        copy_async_commit();
        for first in (0..tile_columns).step_by(4 * quads) {
            #[unroll]
            for quad in 0..quads {
                add_quads(tile, sums, stage, a_row, b_row, first + 4 * quad, tile_columns);
            }
        }
        stage = select(stage + 1 == tile.len(), 0, stage + 1);
        next = select(next + 1 == tile.len(), 0, next + 1);
    }
}

/// Adds the products of four columns from `step` on.
#[device]
fn add_quads(
    tile: &Shared<Shared<Shared<f32>>>,
    sums: &mut Array<Array<f32>>,
    stage: u32,
    a_row: u32,
    b_row: u32,
    step: u32,
    tile_columns: u32,
) {
    let mut left: [f32x4; sums.len()];
    #[unroll]
    for i in 0..sums.len() {
        let row = a_row + i * LANE_ROWS;
        left[i] = tile[stage][row].load_vector::<f32x4>(swizzled(row, step, tile_columns, 4));
    }
    #[unroll]
    for j in 0..sums[0].len() {
        let row = b_row + j * LANE_COLUMNS;
        let right = tile[stage][row].load_vector::<f32x4>(swizzled(row, step, tile_columns, 4));
        #[unroll]
        for l in 0..4 {
            #[unroll]
            for i in 0..sums.len() {
                sums[i][j] = fma(left[i][l], right[l], sums[i][j]);
            }
        }
    }
}

/// Writes a thread's sums to c from `row`, `column` on, every fourth row and every eighth column.
#[device]
pub(super) fn store_sums(sums: &Array<Array<f32>>, c: &mut Global<f32>, row: u32, column: u32, m: u32, n: u32) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for j in 0..sums[0].len() {
            let (row, column) = (row + i * LANE_ROWS, column + j * LANE_COLUMNS);
            if row < m && column < n {
                c[row * n + column] = sums[i][j];
            }
        }
    }
}
