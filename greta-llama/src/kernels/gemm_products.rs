//! The parts that every matrix product on fragments shares: the products of a tile in shared memory, and the results' way
//! out. Knows nothing of how the tile came there.

use greta::codegen::target::GFX942;
use greta::codegen::trace::{MatrixShape, Value, Vector};
use greta::prelude::*;

/// What a tile of A above one of B may take of shared memory: it is in there once at the least.
pub(super) const STAGE_BYTES_MAX: u32 = GFX942.shared_bytes_max;

/// Adds the products of a stage's rows from `a_row` and from `b_row` on to a wave's sums.
#[device]
pub(super) fn add_products<T: Value, M: MatrixShape<A = T, B = T>>(
    tile: &Shared<Shared<Shared<T>>>,
    sums: &mut Array<Array<Accumulator<M>>>,
    stage: u32,
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
            a[i] = FragmentA::load_vector(&tile[stage], a_row + i * M::SIDE, step);
        }
        #[unroll]
        for j in 0..b.len() {
            b[j] = FragmentB::load_transposed_vector(&tile[stage], step, b_row + j * M::SIDE);
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

/// Adds the elements of `residual` from `row`, `column` on to a wave's sums.
#[device]
pub(super) fn add_residual<M: MatrixShape<C = f32>>(
    sums: &mut Array<Array<Accumulator<M>>>,
    residual: &Global<f32>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for j in 0..sums[0].len() {
            #[unroll]
            for r in 0..sums[0][0].len() {
                let (row, column) =
                    (row + i * M::SIDE + sums[i][j].row(r), column + j * M::SIDE + sums[i][j].column(r));
                if row < m && column < n {
                    sums[i][j][r] += residual[row * n + column];
                }
            }
        }
    }
}

/// Writes a wave's results to c from `row`, `column` on: what a thread holds side by side in one access, where rows of c
/// are whole numbers of that.
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
            if result.run_len() > 1 && n % result.run_len() == 0 {
                #[unroll]
                for r in (0..result.len()).step_by(result.run_len()) {
                    let (row, column) = (row + i * M::SIDE + result.row(r), column + j * M::SIDE + result.column(r));
                    if row < m && column < n {
                        c.store_vector(row * n + column, result.run(r));
                    }
                }
            } else {
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
}

/// As [`store_results`], by way of the wave's slab of shared memory, where rows of c are whole numbers of 16 bytes: the
/// lanes of a row then write whole lines of memory. From registers they write 32 bytes of a row in an access, which
/// takes four times as many.
#[device]
pub(super) fn store_lines<M: MatrixShape, V: Vector<Lane = M::C>>(
    results: &Array<Array<Accumulator<M>>>,
    slabs: &mut Shared<Shared<Shared<M::C>>>,
    c: &mut Global<M::C>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
) {
    let columns = slabs[0][0].len();
    #[unroll]
    for i in 0..results.len() {
        #[unroll]
        for first in (0..results[0].len()).step_by(columns / M::SIDE) {
            #[unroll]
            for j in 0..columns / M::SIDE {
                let result = results[i][first + j];
                #[unroll]
                for r in (0..result.len()).step_by(result.run_len()) {
                    let to = slab_column(result.row(r), j * M::SIDE + result.column(r), columns);
                    slabs[wave_id()][result.row(r)].store_vector(to, result.run(r));
                }
            }
            barrier();
            #[unroll]
            for part in (0..M::SIDE * columns / 4).step_by(WAVE) {
                let (slab_row, from) = ((part + lane_id()) / (columns / 4), (part + lane_id()) % (columns / 4) * 4);
                let values = slabs[wave_id()][slab_row].load_vector::<V>(slab_column(slab_row, from, columns));
                let (row, column) = (row + i * M::SIDE + slab_row, column + first * M::SIDE + from);
                if row < m && column < n {
                    c.store_vector(row * n + column, values);
                }
            }
            barrier();
        }
    }
}

/// Where an element lies in its row of a slab: four rows at a time differ, so that the eight lanes of a row reach all banks.
#[device]
fn slab_column(row: u32, column: u32, columns: u32) -> u32 {
    column ^ row % min(columns / 8, 4) * 8
}
