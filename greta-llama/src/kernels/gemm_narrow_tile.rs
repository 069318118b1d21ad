//! The parts of a matrix product of narrow types that its kernels share: tiles of rows of A above rows of B, from global
//! memory through registers to shared memory, 16 bytes a thread, their products on the matrix cores, and the results' way
//! out.
//!
//! Rows of a tile are padded by 16 bytes. Columns past the last are zeros, which leave every sum as it is. The order of
//! products is that of k, whatever the tile.

use greta::codegen::trace::{IntoVal, MatrixShape, Val, Value, Vector};
use greta::prelude::*;

/// What a thread carries: 16 bytes of a row.
pub trait Part: Vector {
    /// How many elements.
    const LANES: u32;
    /// A zero.
    fn zero() -> Val<Self::Lane>;
    /// Zeros.
    fn zeros() -> Val<Self>;
}

macro_rules! parts {
    ($($part:ident of $lane:ident $lanes:literal;)*) => {
        $(impl Part for $part {
            const LANES: u32 = $lanes;

            fn zero() -> Val<$lane> {
                <$lane>::default().into_val()
            }

            #[track_caller]
            fn zeros() -> Val<$part> {
                $part::splat(<$lane>::default())
            }
        })*
    };
}

parts! {
    bf16x8 of bf16 8;
    f16x8 of f16 8;
    fp8x16 of fp8 16;
    i8x16 of i8 16;
}

/// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a wave's are those of the tile
/// from `a_row` and `b_row` on.
#[device]
pub(super) fn multiply<P: Part, M: MatrixShape<A = P::Lane, B = P::Lane>>(
    a: &Global<P::Lane>,
    b: &Global<P::Lane>,
    tile: &mut Shared<Shared<P::Lane>>,
    next: &mut Array<P>,
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
    if k > 0 {
        load_next(a, b, next, row, column, m, n, 0, k, tile_rows, tile_columns);
    }
    for base in (0..k).step_by(tile_columns) {
        store_next(next, tile, k - base, tile_columns);
        barrier();
        if base + tile_columns < k {
            load_next(a, b, next, row, column, m, n, base + tile_columns, k, tile_rows, tile_columns);
        }
        add_products(tile, sums, a_row, b_row, tile_columns);
        barrier();
    }
}

/// The parts of the tile at column `base` that this thread carries: rows of A from `row` on, then rows of B from
/// `column` on.
#[device]
fn load_next<P: Part>(
    a: &Global<P::Lane>,
    b: &Global<P::Lane>,
    next: &mut Array<P>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    base: u32,
    k: u32,
    tile_rows: u32,
    tile_columns: u32,
) {
    let a_parts = tile_rows * tile_columns / P::LANES / BLOCK;
    #[unroll]
    for i in 0..a_parts {
        let slot = (i * BLOCK + thread_idx().x) * P::LANES;
        next[i] = load_part::<P>(a, row + slot / tile_columns, m, base + slot % tile_columns, k);
    }
    #[unroll]
    for i in a_parts..next.len() {
        let slot = ((i - a_parts) * BLOCK + thread_idx().x) * P::LANES;
        next[i] = load_part::<P>(b, column + slot / tile_columns, n, base + slot % tile_columns, k);
    }
}

/// A part of a row, from `column` on. Past the last row or column it is the last again, so that no load waits for a
/// condition: nobody stores such rows' results, and `store_next` replaces such columns.
#[device]
fn load_part<P: Part>(matrix: &Global<P::Lane>, row: u32, rows: u32, column: u32, columns: u32) -> P {
    let start = min(row, rows - 1) * columns;
    let mut part = P::zeros();
    if columns % P::LANES == 0 {
        part = matrix.load_vector::<P>(start + min(column, columns - P::LANES));
    } else {
        #[unroll]
        for j in 0..P::LANES {
            part[j] = matrix[start + min(column + j, columns - 1)];
        }
    }
    part
}

/// Writes this thread's parts to the tile, with zeros for columns past the `left` ones that are left.
#[device]
fn store_next<P: Part>(next: &Array<P>, tile: &mut Shared<Shared<P::Lane>>, left: u32, tile_columns: u32) {
    #[unroll]
    for i in 0..next.len() {
        let slot = (i * BLOCK + thread_idx().x) * P::LANES;
        let (row, column) = (slot / tile_columns, slot % tile_columns);
        let mut part = next[i];
        if left < tile_columns {
            #[unroll]
            for j in 0..P::LANES {
                part[j] = select(column + j < left, part[j], P::zero());
            }
        }
        tile[row].store_vector(column, part);
    }
}

/// Adds the products of the tile's rows from `a_row` and from `b_row` on to a wave's sums.
#[device]
fn add_products<T: Value, M: MatrixShape<A = T, B = T>>(
    tile: &Shared<Shared<T>>,
    sums: &mut Array<Array<Accumulator<M>>>,
    a_row: u32,
    b_row: u32,
    tile_columns: u32,
) {
    #[unroll]
    for step in (0..tile_columns).step_by(M::K) {
        let mut a: [FragmentA<M>; sums.len()];
        let mut b: [FragmentB<M>; sums[0].len()];
        #[unroll]
        for i in 0..a.len() {
            a[i] = FragmentA::load_vector(tile, a_row + i * M::SIDE, step);
        }
        #[unroll]
        for j in 0..b.len() {
            b[j] = FragmentB::load_transposed_vector(tile, step, b_row + j * M::SIDE);
        }
        #[unroll]
        for i in 0..a.len() {
            #[unroll]
            for j in 0..b.len() {
                sums[i][j] = mma(a[i], b[j], sums[i][j]);
            }
        }
    }
}

/// Writes a wave's results to c from `row`, `column` on.
#[device]
pub(super) fn store_results<M: MatrixShape>(
    results: &Array<Array<Accumulator<M>>>,
    c: &mut Global<M::C>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
) {
    #[unroll]
    for i in 0..results.len() {
        #[unroll]
        for j in 0..results[0].len() {
            let result = results[i][j];
            #[unroll]
            for r in 0..result.len() {
                let (row, column) = (row + i * M::SIDE + result.row(r), column + j * M::SIDE + result.column(r));
                if row < m && column < n {
                    c[row * n + column] = result[r];
                }
            }
        }
    }
}
