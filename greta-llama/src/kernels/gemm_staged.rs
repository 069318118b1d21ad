//! A matrix product whose tiles come by asynchronous copies, several tiles ahead of the one that is multiplied.
//!
//! Rows of a tile are swizzled (see `swizzle`), which spreads eight of them over the banks. One barrier a tile: what it lets a
//! copy overwrite was multiplied before it.

use greta::codegen::trace::MatrixShape;
use greta::prelude::*;

use super::gemm_narrow_tile::Part;
use super::swizzle::{SwizzledRows, swizzled};

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

/// Whether the block's tiles lie within A and B: then nothing is to be looked at on the way, and `WHOLE` is right.
#[device]
pub(super) fn are_tiles_whole(
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
    all_rows: u32,
    tile_columns: u32,
) -> bool {
    row + tile_rows <= m && column + (all_rows - tile_rows) <= n && k % tile_columns == 0
}

/// Begins to copy the rows of B of the first `stages` stages, which the kernels ahead must not write: they may still run.
#[device]
pub(super) fn begin_right<P: Part, const WHOLE: bool>(
    b: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
    stages: u32,
    column: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    let rows = tile[0].len() - tile_rows;
    #[unroll]
    for stage in 0..stages {
        let base = stage * tile_columns;
        copy_rows::<P, WHOLE>(b, tile, P::zero(), stage, column, n, base, k, tile_rows, rows, tile_columns);
    }
}

/// Begins to copy the rows of A of the first `stages` stages, a group of copies each; those of B are in the first.
#[device]
pub(super) fn begin_left<P: Part, const WHOLE: bool>(
    a: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
    stages: u32,
    row: u32,
    m: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    #[unroll]
    for stage in 0..stages {
        let base = stage * tile_columns;
        copy_rows::<P, WHOLE>(a, tile, P::left_zero(), stage, row, m, base, k, 0, tile_rows, tile_columns);
        copy_async_commit();
    }
}

/// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a wave's are those of the tile
/// from `a_row` and `b_row` on. The copies of the first stages have begun. `WHOLE`: if [`are_tiles_whole`].
///
/// The fragments of a step are loaded while the step before is multiplied, also those of the next tile's first step.
#[device]
pub(super) fn multiply_staged<P: Part, M: MatrixShape<A = P::Lane, B = P::Lane>, const WHOLE: bool>(
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
    let mut stage = 0;
    let mut next = tile.len() - 1;
    if k > 0 {
        copy_async_wait(tile.len() - 2);
        barrier();
        load_fragments::<P, M>(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0, tile_columns);
    }
    for base in (0..k).step_by(tile_columns) {
        #[unroll]
        for step in (0..tile_columns).step_by(M::K) {
            if step + M::K < tile_columns {
                let slot = (step / M::K + 1) % 2;
                load_fragments::<P, M>(
                    tile,
                    &mut left,
                    &mut right,
                    slot,
                    stage,
                    a_row,
                    b_row,
                    step + M::K,
                    tile_columns,
                );
            } else {
                copy_async_wait(tile.len() - 2);
                barrier();
                let following = select(stage + 1 == tile.len(), 0, stage + 1);
                // Past the last tile there is nothing to multiply: it is read once more.
                stage = select(base + tile_columns < k, following, stage);
                load_fragments::<P, M>(tile, &mut left, &mut right, 0, stage, a_row, b_row, 0, tile_columns);
            }
            if step == 0 {
                let ahead = base + (tile.len() - 1) * tile_columns;
                copy_stage::<P, WHOLE>(a, b, tile, next, row, column, m, n, ahead, k, tile_rows, tile_columns);
                copy_async_commit();
                next = select(next + 1 == tile.len(), 0, next + 1);
            }
            multiply_fragments(&left, &right, sums, step / M::K % 2);
        }
    }
}

/// Loads a step's fragments: those of a stage's rows from `a_row` and `b_row` on, from column `step` on.
#[device]
fn load_fragments<P: Part, M: MatrixShape<A = P::Lane, B = P::Lane>>(
    tile: &Shared<Shared<Shared<P::Lane>>>,
    left: &mut Array<Array<FragmentA<M>>>,
    right: &mut Array<Array<FragmentB<M>>>,
    slot: u32,
    stage: u32,
    a_row: u32,
    b_row: u32,
    step: u32,
    tile_columns: u32,
) {
    #[unroll]
    for i in 0..left[0].len() {
        left[slot][i] =
            FragmentA::load_vector(&SwizzledRows::new(tile[stage], tile_columns, P::LANES), a_row + i * M::SIDE, step);
    }
    #[unroll]
    for j in 0..right[0].len() {
        right[slot][j] = FragmentB::load_transposed_vector(
            &SwizzledRows::new(tile[stage], tile_columns, P::LANES),
            step,
            b_row + j * M::SIDE,
        );
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
pub(super) fn copy_stage<P: Part, const WHOLE: bool>(
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
    copy_rows::<P, WHOLE>(a, tile, P::left_zero(), stage, row, m, base, k, 0, tile_rows, tile_columns);
    copy_rows::<P, WHOLE>(
        b,
        tile,
        P::zero(),
        stage,
        column,
        n,
        base,
        k,
        tile_rows,
        tile[0].len() - tile_rows,
        tile_columns,
    );
}

/// Begins to copy columns from `base` on of a matrix's rows from `row` on, as many as `rows`, to those of a stage from
/// `first` on. Rows past the last are the last again: nobody stores their results. Where the columns end within the tile
/// or rows begin within a part, elements go through registers, zeros for columns past the last.
#[device]
fn copy_rows<P: Part, const WHOLE: bool>(
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
    let (i, j) = (thread_idx().x * P::LANES / tile_columns, thread_idx().x * P::LANES % tile_columns);
    let step = BLOCK * P::LANES / tile_columns;
    if WHOLE {
        if base < k {
            let from = (row + i) * k + base + j;
            #[unroll]
            for part in 0..rows / step {
                let to = swizzled(first + i + part * step, j, tile_columns, P::LANES);
                tile[stage][first + i + part * step].copy_vector_async::<P>(to, matrix, from + part * step * k);
            }
        }
    } else if k % P::LANES == 0 && base + tile_columns <= k {
        for part in 0..rows / step {
            let from = min(row + i + part * step, matrix_rows - 1) * k + base + j;
            let to = swizzled(first + i + part * step, j, tile_columns, P::LANES);
            tile[stage][first + i + part * step].copy_vector_async::<P>(to, matrix, from);
        }
    } else if base < k {
        for slot in (thread_idx().x..rows * tile_columns).step_by(BLOCK) {
            let (i, j) = (slot / tile_columns, slot % tile_columns);
            let element = matrix[min(row + i, matrix_rows - 1) * k + min(base + j, k - 1)];
            let to = swizzled(first + i, j, tile_columns, P::LANES);
            tile[stage][first + i][to] = select(base + j < k, element, zero);
        }
    }
}
