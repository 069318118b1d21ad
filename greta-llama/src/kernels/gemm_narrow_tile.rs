//! The parts of a matrix product of narrow types that its kernels share: tiles of rows of A above rows of B, from global
//! memory through registers to shared memory, 16 bytes a thread.
//!
//! Rows of a tile are padded by 16 bytes. Columns past the last are zeros, which leave every sum as it is. The order of
//! products is that of k, whatever the tile.

use greta::codegen::trace::{IntoKernelValue, MatrixShape, Val, Vector};
use greta::prelude::*;

use super::gemm_products::add_products;

/// What a thread carries: 16 bytes of a row.
pub trait Part: Vector {
    /// How many elements.
    const LANES: u32;
    /// A zero.
    fn zero() -> Val<Self::Lane>;
    /// What times [`Part::zero`] leaves every sum as it is.
    fn left_zero() -> Val<Self::Lane>;
    /// Zeros.
    fn zeros() -> Val<Self>;
}

macro_rules! parts {
    ($($part:ident of $lane:ident $lanes:literal, $left_zero:expr;)*) => {
        $(impl Part for $part {
            const LANES: u32 = $lanes;

            fn left_zero() -> Val<$lane> {
                $left_zero.into_val()
            }

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
    f32x4 of f32 4, -0.0_f32;
    bf16x8 of bf16 8, bf16::ZERO;
    f16x8 of f16 8, f16::ZERO;
    fp8x16 of fp8 16, fp8::default();
    i8x16 of i8 16, 0_i8;
}

/// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on; a wave's are those of the tile
/// from `a_row` and `b_row` on.
#[device]
pub(super) fn multiply<P: Part, M: MatrixShape<A = P::Lane, B = P::Lane>>(
    a: &Global<P::Lane>,
    b: &Global<P::Lane>,
    tile: &mut Shared<Shared<Shared<P::Lane>>>,
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
        add_products(tile, sums, 0, a_row, b_row, tile_columns);
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
fn store_next<P: Part>(next: &Array<P>, tile: &mut Shared<Shared<Shared<P::Lane>>>, left: u32, tile_columns: u32) {
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
        tile[0][row].store_vector(column, part);
    }
}
