//! The parts of a matrix product of f32 that its kernels share: tiles of rows of A above rows of B, from global memory
//! through registers to shared memory.
//!
//! Rows of a tile are padded by 2 words: then 16 rows start at 16 even banks, so that 32 lanes, which read 2 columns of 16
//! rows, reach 32 banks. Rows that are 16-byte aligned start at 8 banks at the most, where two rows meet each time. Columns
//! past the last are padded with a = -0, b = +0, since fma(-0, +0, acc) is acc for every acc (a = +0 would turn -0 into
//! +0). Knows nothing of how sums are joined.

use greta::prelude::*;

use super::weights::WeightVector;

/// The parts of the tile at column `base` that this thread carries, four columns each: rows of A from `row` on, then
/// rows of B from `column` on. `WHOLE`: if all rows lie within A and B, and rows are whole numbers of parts.
#[device]
pub(super) fn load_next<V: WeightVector<Wide = f32x4>, const WHOLE: bool>(
    a: &Global<f32>,
    b: &Global<V::Lane>,
    next: &mut Array<f32x4>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    base: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    let a_parts = tile_rows * tile_columns / 4 / BLOCK;
    #[unroll]
    for i in 0..a_parts {
        let slot = (i * BLOCK + thread_idx().x) * 4;
        next[i] = load_part::<f32x4, WHOLE>(a, row + slot / tile_columns, m, base + slot % tile_columns, k);
    }
    #[unroll]
    for i in a_parts..next.len() {
        let slot = ((i - a_parts) * BLOCK + thread_idx().x) * 4;
        next[i] = load_part::<V, WHOLE>(b, column + slot / tile_columns, n, base + slot % tile_columns, k);
    }
}

/// Four columns of a row in f32, from `column` on. Past the last row or column it is the last again, so that no load waits for
/// a condition: nobody stores such rows' results, and `store_next` replaces such columns.
#[device]
fn load_part<V: WeightVector<Wide = f32x4>, const WHOLE: bool>(
    matrix: &Global<V::Lane>,
    row: u32,
    rows: u32,
    column: u32,
    columns: u32,
) -> f32x4 {
    let start = if WHOLE { row } else { min(row, rows - 1) } * columns;
    let mut part = f32x4::splat(0.0);
    if WHOLE || columns % 4 == 0 {
        part = V::widen(matrix.load_vector::<V>(start + if WHOLE { column } else { min(column, columns - 4) }));
    } else {
        #[unroll]
        for j in 0..4 {
            part[j] = V::widen_one(matrix[start + min(column + j, columns - 1)]);
        }
    }
    part
}

/// Writes this thread's parts to the tile. Columns past the `left` ones that are left become padding: -0 in rows of A,
/// +0 in rows of B, whose product leaves every sum as it is.
#[device]
pub(super) fn store_next(
    next: &Array<f32x4>,
    tile: &mut Shared<Shared<Shared<f32>>>,
    left: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    #[unroll]
    for i in 0..next.len() {
        let slot = (i * BLOCK + thread_idx().x) * 4;
        let (row, column) = (slot / tile_columns, slot % tile_columns);
        let mut part = next[i];
        if left < tile_columns {
            #[unroll]
            for j in 0..4 {
                part[j] = select(column + j < left, part[j], select(row < tile_rows, -0.0, 0.0));
            }
        }
        tile[0][row].store_vector(column, f32x2::new([part[0], part[1]]));
        tile[0][row].store_vector(column + 2, f32x2::new([part[2], part[3]]));
    }
}
