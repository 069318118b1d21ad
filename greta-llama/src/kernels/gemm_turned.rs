//! A matrix product of `f32` where no matrix cores have that type: every thread computes a tile of its own by fused
//! multiply-adds, in order of k.
//!
//! Shared memory holds columns of A beside those of B, so that what a thread multiplies in a step lies in quads. Threads
//! load quads of rows into registers, a tile ahead, and write them as columns: two lanes take the eight columns of a row, a
//! sector of memory. Columns are padded by a quad, which spreads what a wave writes over the banks.
//!
//! Neighbouring rows stand swapped. An H100 reads one operand a cycle from each of its two banks of registers, the even and
//! the odd ones. Quads lie in registers as they were loaded and as they will be stored: a sum would share the bank of its
//! operand of B in every multiply-add, and shares it in none where the operands are swapped.
//!
//! The lanes of a wave stand in 4 rows and 8 columns of quads; a thread's quads are as far apart as all lanes' quads are
//! long.

use greta::prelude::*;

use super::gemm_threads::{LANE_COLUMNS, LANE_ROWS};
use super::gemm_tile::load_next;

/// Elements that lie side by side.
const QUAD: u32 = 4;
/// Columns of a tile.
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

/// sums = A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a thread's begin at those of the
/// tile from `a_row` and `b_row` on. `next`: what a thread carries of a tile. `WHOLE`: if all of the block's tiles lie
/// within A and B.
///
/// What a step multiplies is loaded while the step before is multiplied, also for the next tile's first step. A tile's
/// loads are issued a whole tile before they are stored.
#[device]
pub(super) fn multiply_turned<const WHOLE: bool>(
    a: &Global<f32>,
    b: &Global<f32>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    next: &mut Array<f32x4>,
    sums: &mut Array<Array<f32>>,
    row: u32,
    column: u32,
    a_row: u32,
    b_row: u32,
    m: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
) {
    let mut left: [[f32x4; sums.len() / QUAD]; 2];
    let mut right: [[f32x4; sums[0].len() / QUAD]; 2];
    let mut stage = 0;
    if k > 0 {
        load_next::<f32x4, WHOLE>(a, b, next, row, column, m, n, 0, k, tile_rows, SECTOR);
        store_columns::<WHOLE>(next, tile, stage, 0, k, tile_rows);
        load_next::<f32x4, WHOLE>(a, b, next, row, column, m, n, clamped::<WHOLE>(SECTOR, k), k, tile_rows, SECTOR);
        barrier();
        load_quads(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0);
    }
    for base in (0..k).step_by(SECTOR) {
        #[unroll]
        for step in 0..SECTOR {
            if step + 1 == SECTOR {
                stage = 1 - stage;
                store_columns::<WHOLE>(next, tile, stage, base + SECTOR, k, tile_rows);
                let ahead = clamped::<WHOLE>(base + 2 * SECTOR, k);
                load_next::<f32x4, WHOLE>(a, b, next, row, column, m, n, ahead, k, tile_rows, SECTOR);
                barrier();
            }
            load_quads(tile, &mut left, &mut right, (step + 1) % 2, stage, a_row, b_row, (step + 1) % SECTOR);
            add_products(&left, &right, sums, step % 2);
        }
    }
}

/// Where the tile at column `base` begins, past the last one the last again: nobody multiplies it. Where tiles are not
/// whole, `load_next` looks at every part.
#[device]
fn clamped<const WHOLE: bool>(base: u32, k: u32) -> u32 {
    if WHOLE { min(base, k - SECTOR) } else { base }
}

/// Writes what a thread carries of the tile at column `base` to a stage's columns, neighbouring rows swapped. Columns from
/// column k on become padding: -0 in rows of A, +0 in rows of B, whose product leaves every sum as it is.
#[device]
fn store_columns<const WHOLE: bool>(
    next: &Array<f32x4>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    stage: u32,
    base: u32,
    k: u32,
    tile_rows: u32,
) {
    #[unroll]
    for i in 0..next.len() {
        let place = (i * BLOCK + thread_idx().x) * QUAD;
        let (row, column) = (place / SECTOR, place % SECTOR);
        #[unroll]
        for l in 0..QUAD {
            let mut element = next[i][l];
            if !WHOLE {
                element = select(base + column + l < k, element, select(row < tile_rows, -0.0, 0.0));
            }
            tile[stage][column + l][row ^ 1] = element;
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

/// sums += left * right, of one step: row after row, columns to and fro, so that an addition reads little that the one
/// before has not read. Compilers keep to much of that order, which decides how often operands meet in a bank.
#[device]
fn add_products(left: &Array<Array<f32x4>>, right: &Array<Array<f32x4>>, sums: &mut Array<Array<f32>>, slot: u32) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for pace in 0..sums[0].len() {
            let j = select(i % 2 == 0, pace, sums[0].len() - 1 - pace);
            // Operands stand where their neighbours would.
            let (a, b) = (left[slot][i / QUAD][(i % QUAD) ^ 1], right[slot][j / QUAD][(j % QUAD) ^ 1]);
            sums[i][j] = fma(a, b, sums[i][j]);
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
