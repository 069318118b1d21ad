//! A matrix product whose tiles come by asynchronous copies, several tiles ahead of the one that is multiplied.
//!
//! Rows of a tile are padded by 16 bytes, which spreads eight of them over the banks. One barrier a tile: what it lets a
//! copy overwrite was multiplied before it.

use greta::codegen::trace::{MatrixShape, Value};
use greta::prelude::*;

use super::gemm_narrow_tile::Part;

/// Rows of blocks that go side by side, column after column.
const BAND: u32 = 8;

/// Which rows of C the block computes, in blocks' rows, where blocks go through bands of rows: those that run at a time
/// then read the same rows of A and of B, which the cache holds.
#[device]
pub(super) fn banded_row() -> u32 {
    let number = block_idx().y * grid_dim().x + block_idx().x;
    let band = number / (BAND * grid_dim().x) * BAND;
    band + number % (BAND * grid_dim().x) % min(grid_dim().y - band, BAND)
}

/// Which columns of C the block computes, in blocks' columns: the other half of [`banded_row`].
#[device]
pub(super) fn banded_column() -> u32 {
    let number = block_idx().y * grid_dim().x + block_idx().x;
    let band = number / (BAND * grid_dim().x) * BAND;
    number % (BAND * grid_dim().x) / min(grid_dim().y - band, BAND)
}

/// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a wave's are those of the tile
/// from `a_row` and `b_row` on.
///
/// The fragments of a step are loaded while the step before is multiplied, also those of the next tile's first step.
#[device]
pub(super) fn multiply_staged<P: Part, M: MatrixShape<A = P::Lane, B = P::Lane>>(
    a: &Global<P::Lane>,
    b: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
    sums: &mut Array<Array<Accumulator<M>>>,
    row: u32,
    column: u32,
    a_row: u32,
    b_row: u32,
    m: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    let mut left: [[FragmentA<M>; sums.len()]; 2];
    let mut right: [[FragmentB<M>; sums[0].len()]; 2];
    #[unroll]
    for stage in 0..tile.len() - 1 {
        copy_stage::<P>(a, b, tile, stage, row, column, m, n, stage * tile_columns, k, tile_rows, tile_columns);
        copy_async_commit();
    }
    let mut stage = 0;
    let mut next = tile.len() - 1;
    if k > 0 {
        copy_async_wait(tile.len() - 2);
        barrier();
        load_fragments(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0);
    }
    for base in (0..k).step_by(tile_columns) {
        #[unroll]
        for step in (0..tile_columns).step_by(M::K) {
            if step + M::K < tile_columns {
                load_fragments(tile, &mut left, &mut right, (step / M::K + 1) % 2, stage, a_row, b_row, step + M::K);
            } else {
                copy_async_wait(tile.len() - 2);
                barrier();
                let following = select(stage + 1 == tile.len(), 0, stage + 1);
                // Past the last tile there is nothing to multiply: it is read once more.
                stage = select(base + tile_columns < k, following, stage);
                load_fragments(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0);
            }
            if step == 0 {
                let ahead = base + (tile.len() - 1) * tile_columns;
                copy_stage::<P>(a, b, tile, next, row, column, m, n, ahead, k, tile_rows, tile_columns);
                copy_async_commit();
                next = select(next + 1 == tile.len(), 0, next + 1);
            }
            multiply_fragments(&left, &right, sums, step / M::K % 2);
        }
    }
}

/// Loads a step's fragments: those of a stage's rows from `a_row` and `b_row` on, from column `step` on.
#[device]
fn load_fragments<T: Value, M: MatrixShape<A = T, B = T>>(
    tile: &Shared<Shared<Shared<T>>>,
    left: &mut Array<Array<FragmentA<M>>>,
    right: &mut Array<Array<FragmentB<M>>>,
    slot: u32,
    stage: u32,
    a_row: u32,
    b_row: u32,
    step: u32,
) {
    #[unroll]
    for i in 0..left[0].len() {
        left[slot][i] = FragmentA::load_vector(&tile[stage], a_row + i * M::SIDE, step);
    }
    #[unroll]
    for j in 0..right[0].len() {
        right[slot][j] = FragmentB::load_transposed_vector(&tile[stage], step, b_row + j * M::SIDE);
    }
}

/// sums += left * right, of one step.
#[device]
fn multiply_fragments<M: MatrixShape>(
    left: &Array<Array<FragmentA<M>>>,
    right: &Array<Array<FragmentB<M>>>,
    sums: &mut Array<Array<Accumulator<M>>>,
    slot: u32,
) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for j in 0..sums[0].len() {
            sums[i][j] = mma(left[slot][i], right[slot][j], sums[i][j]);
        }
    }
}

/// Begins to copy the columns from `base` on of rows of A and rows of B to a stage; nothing from column k on.
#[device]
pub(super) fn copy_stage<P: Part>(
    a: &Global<P::Lane>,
    b: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
    stage: u32,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    base: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    copy_rows::<P>(a, tile, P::left_zero(), stage, row, m, base, k, 0, tile_rows, tile_columns);
    copy_rows::<P>(b, tile, P::zero(), stage, column, n, base, k, tile_rows, tile[0].len() - tile_rows, tile_columns);
}

/// Begins to copy columns from `base` on of a matrix's rows from `row` on, as many as `rows`, to those of a stage from
/// `first` on. Rows past the last are the last again: nobody stores their results. Where the columns end within the tile
/// or rows begin within a part, elements go through registers, zeros for columns past the last.
#[device]
fn copy_rows<P: Part>(
    matrix: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
    zero: P::Lane,
    stage: u32,
    row: u32,
    matrix_rows: u32,
    base: u32,
    k: u32,
    first: u32,
    rows: u32,
    tile_columns: u32,
) {
    if k % P::LANES == 0 && base + tile_columns <= k {
        let (i, j) = (thread_idx().x * P::LANES / tile_columns, thread_idx().x * P::LANES % tile_columns);
        let step = BLOCK * P::LANES / tile_columns;
        if row + rows <= matrix_rows {
            let from = (row + i) * k + base + j;
            #[unroll]
            for part in 0..rows / step {
                tile[stage][first + i + part * step].copy_vector_async::<P>(j, matrix, from + part * step * k);
            }
        } else {
            for part in 0..rows / step {
                let from = min(row + i + part * step, matrix_rows - 1) * k + base + j;
                tile[stage][first + i + part * step].copy_vector_async::<P>(j, matrix, from);
            }
        }
    } else if base < k {
        for slot in (thread_idx().x..rows * tile_columns).step_by(BLOCK) {
            let (i, j) = (slot / tile_columns, slot % tile_columns);
            let element = matrix[min(row + i, matrix_rows - 1) * k + min(base + j, k - 1)];
            tile[stage][first + i][j] = select(base + j < k, element, zero);
        }
    }
}
