//! A matrix product of `f32` where no matrix cores have that type: every thread computes a tile of its own by fused
//! multiply-adds, in order of k, from tiles of A and B that come by asynchronous copies as in `gemm_staged`.
//!
//! Shared memory holds columns of A beside those of B, so that what a thread multiplies in a step lies in quads. Copies
//! turn rows into columns element by element: eight lanes take eight columns of a row, a sector of memory. Columns are
//! padded by a quad, which spreads those eight over the banks.
//!
//! The lanes of a wave stand in 4 rows and 8 columns of quads; a thread's quads are as far apart as all lanes' quads are
//! long.

use greta::prelude::*;

use super::gemm_threads::{LANE_COLUMNS, LANE_ROWS};

/// Elements that lie side by side.
const QUAD: u32 = 4;
/// Columns that are copied side by side.
pub(super) const SECTOR: u32 = 8;
/// How far apart a thread's quads of rows are.
const ROW_STRIDE: u32 = QUAD * LANE_ROWS;
/// How far apart its quads of columns are.
const COLUMN_STRIDE: u32 = QUAD * LANE_COLUMNS;

/// A thread's first row within its wave's.
#[device]
pub(super) fn thread_row() -> u32 {
    lane_id() / LANE_COLUMNS * QUAD
}

/// A thread's first column within its wave's.
#[device]
pub(super) fn thread_column() -> u32 {
    lane_id() % LANE_COLUMNS * QUAD
}

/// Begins to copy the rows of B of the first stages, which the kernels ahead must not write: they may still run.
#[device]
pub(super) fn begin_turned_right(
    b: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    column: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
    all_rows: u32,
) {
    #[unroll]
    for stage in 0..tile.len() - 1 {
        let base = stage * tile[0].len();
        if base < k {
            turn_rows::<false>(b, tile, 0.0, stage, column, n, base, k, tile_rows, all_rows - tile_rows);
        }
    }
}

/// Begins to copy the rows of A of the first stages, a group of copies each; those of B are in the first.
#[device]
pub(super) fn begin_turned_left(
    a: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    row: u32,
    m: u32,
    k: u32,
    tile_rows: u32,
) {
    #[unroll]
    for stage in 0..tile.len() - 1 {
        let base = stage * tile[0].len();
        if base < k {
            turn_rows::<false>(a, tile, -0.0, stage, row, m, base, k, 0, tile_rows);
        }
        copy_async_commit();
    }
}

/// sums = A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a thread's begin at those of the
/// tile from `a_row` and `b_row` on. The copies of the first stages have begun. `WHOLE`: if all of the block's tiles lie within A and B.
///
/// What a step multiplies is loaded while the step before is multiplied, also for the next tile's first step.
#[device]
pub(super) fn multiply_turned<const WHOLE: bool>(
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
    all_rows: u32,
) {
    let mut left: [[f32x4; sums.len() / QUAD]; 2];
    let mut right: [[f32x4; sums[0].len() / QUAD]; 2];
    let mut stage = 0;
    let mut next = tile.len() - 1;
    if k > 0 {
        copy_async_wait(tile.len() - 2);
        barrier();
        load_quads(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0);
    }
    for base in (0..k).step_by(tile[0].len()) {
        #[unroll]
        for step in 0..tile[0].len() {
            if step + 1 < tile[0].len() {
                load_quads(tile, &mut left, &mut right, (step + 1) % 2, stage, a_row, b_row, step + 1);
            } else {
                copy_async_wait(tile.len() - 2);
                barrier();
                let following = select(stage + 1 == tile.len(), 0, stage + 1);
                // Past the last tile there is nothing to multiply: it is read once more.
                stage = select(base + tile[0].len() < k, following, stage);
                load_quads(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0);
            }
            if step == 0 {
                let ahead = base + (tile.len() - 1) * tile[0].len();
                copy_columns::<WHOLE>(a, b, tile, next, row, column, m, n, ahead, k, tile_rows, all_rows);
                copy_async_commit();
                next = select(next + 1 == tile.len(), 0, next + 1);
            }
            add_products(&left, &right, sums, step % 2);
        }
    }
}

/// Loads what a thread multiplies in step `step` of a stage.
#[device]
fn load_quads(
    tile: &Shared<Shared<Shared<f32>>>,
    left: &mut Array<Array<f32x4>>,
    right: &mut Array<Array<f32x4>>,
    slot: u32,
    stage: u32,
    a_row: u32,
    b_row: u32,
    step: u32,
) {
    #[unroll]
    for i in 0..left[0].len() {
        left[slot][i] = tile[stage][step].load_vector::<f32x4>(a_row + i * ROW_STRIDE);
    }
    #[unroll]
    for j in 0..right[0].len() {
        right[slot][j] = tile[stage][step].load_vector::<f32x4>(b_row + j * COLUMN_STRIDE);
    }
}

/// sums += left * right, of one step: squares of two by two, to and fro, so that an addition reads little that the one
/// before has not read. The order of the additions decides how often operands meet in a bank of registers: on an H100
/// row after row is 12 % slower.
#[device]
fn add_products(left: &Array<Array<f32x4>>, right: &Array<Array<f32x4>>, sums: &mut Array<Array<f32>>, slot: u32) {
    #[unroll]
    for j in (0..sums[0].len()).step_by(2) {
        #[unroll]
        for pair in (0..sums.len()).step_by(2) {
            let i = select(j % 4 == 0, pair, sums.len() - 2 - pair);
            add_product(left, right, sums, slot, i, j);
            add_product(left, right, sums, slot, i + 1, j);
            add_product(left, right, sums, slot, i + 1, j + 1);
            add_product(left, right, sums, slot, i, j + 1);
        }
    }
}

#[device]
fn add_product(
    left: &Array<Array<f32x4>>,
    right: &Array<Array<f32x4>>,
    sums: &mut Array<Array<f32>>,
    slot: u32,
    i: u32,
    j: u32,
) {
    sums[i][j] = fma(left[slot][i / QUAD][i % QUAD], right[slot][j / QUAD][j % QUAD], sums[i][j]);
}

/// Begins to copy the columns from `base` on of rows of A and rows of B to a stage; nothing from column k on.
#[device]
fn copy_columns<const WHOLE: bool>(
    a: &Global<f32>,
    b: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    stage: u32,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    base: u32,
    k: u32,
    tile_rows: u32,
    all_rows: u32,
) {
    if base < k {
        turn_rows::<WHOLE>(a, tile, -0.0, stage, row, m, base, k, 0, tile_rows);
        turn_rows::<WHOLE>(b, tile, 0.0, stage, column, n, base, k, tile_rows, all_rows - tile_rows);
    }
}

/// Begins to copy columns from `base` on of a matrix's rows from `row` on, as many as `rows`, to a stage's columns, from
/// element `first` on. Rows past the last are the last again: nobody stores their results. Columns past the last are
/// `zero`.
#[device]
fn turn_rows<const WHOLE: bool>(
    matrix: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    zero: f32,
    stage: u32,
    row: u32,
    matrix_rows: u32,
    base: u32,
    k: u32,
    first: u32,
    rows: u32,
) {
    let (i, j) = (thread_idx().x / SECTOR, thread_idx().x % SECTOR);
    #[unroll]
    for sector in (0..tile[0].len()).step_by(SECTOR) {
        let column = sector + j;
        if WHOLE {
            let from = (row + i) * k + base + column;
            #[unroll]
            for part in (0..rows).step_by(BLOCK / SECTOR) {
                tile[stage][column].copy_async(first + i + part, matrix, from + part * k);
            }
        } else {
            for part in (0..rows).step_by(BLOCK / SECTOR) {
                if base + column < k {
                    let from = min(row + i + part, matrix_rows - 1) * k + base + column;
                    tile[stage][column].copy_async(first + i + part, matrix, from);
                } else {
                    tile[stage][column][first + i + part] = zero;
                }
            }
        }
    }
}

/// Writes a thread's sums to c from `row`, `column` on, quads in one access where rows of c are whole numbers of them.
#[device]
pub(super) fn store_quads(sums: &Array<Array<f32>>, c: &mut Global<f32>, row: u32, column: u32, m: u32, n: u32) {
    #[unroll]
    for i in 0..sums.len() {
        let row = row + i / QUAD * ROW_STRIDE + i % QUAD;
        #[unroll]
        for j in (0..sums[0].len()).step_by(QUAD) {
            let column = column + j / QUAD * COLUMN_STRIDE;
            if n % QUAD == 0 {
                if row < m && column < n {
                    c.store_vector(
                        row * n + column,
                        f32x4::new([sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]]),
                    );
                }
            } else {
                #[unroll]
                for l in 0..QUAD {
                    if row < m && column + l < n {
                        c[row * n + column + l] = sums[i][j + l];
                    }
                }
            }
        }
    }
}
