//! `C = A Bᵀ` on the matrix cores, any m, n and k: the prefill's projections.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16. Tiles of BK columns, rows of A above
//! rows of B, go from global memory through registers to shared memory; the next tile's loads are issued before the
//! current tile's products. Rows of the shared tile are padded by 4 words, which spreads 16 rows over the banks and
//! keeps them 16-byte aligned.
//!
//! With `chain >= k` every element is the chain `fma(a[k], b[k], ..)` from +0 in order of k, bit for bit: k is never
//! split, it is padded with a = -0, b = +0, since fma(-0, +0, acc) is acc for every acc (a = +0 would turn -0 into +0),
//! and totals start from -0, which leaves what is added to it as it is.
//! A chain of 4096 steps is 1e-6 off, of 11008 almost 2e-6. A shorter `chain` is started afresh every `chain` columns
//! and added to a running total, which keeps a layer of 4096 within 1e-6 for one addition per chain / 4 products.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound: 2 m n k flop; 512³: 1.6 µs, 4096³: 840 µs.
//! Reference: [`crate::reference::gemm_fma_chain`]; cases: [`crate::cases::gemm`].

use greta::prelude::*;

/// c[i, j] = sum_k a[i, k] * b[j, k]
/// a: [m, k] f32; b: [n, k] f32; c: [m, n] f32. The sum is one of chains of `chain` columns, rounded up to BK.
#[kernel(
    tile(
        BM = 64 in [16, 32, 64, 128],
        BN = 64 in [32, 64, 128],
        BK = 16 in [8, 16, 32],
        WM = 32 in [16, 32, 64],
        WN = 32 in [16, 32, 64],
    ),
    require(BM % WM == 0 && BN % WN == 0),
    require(BM / WM * (BN / WN) <= 16),
    require(BM * BK / 4 % (BM / WM * (BN / WN) * 64) == 0 && BN * BK / 4 % (BM / WM * (BN / WN) * 64) == 0),
    block = (BM / WM) * (BN / WN) * 64,
)]
pub fn gemm_f32(a: &Global<f32>, b: &Global<f32>, c: &mut Global<f32>, m: u32, n: u32, k: u32, chain: u32) {
    let mut tile = shared::<[[f32; BK + 4]; BM + BN]>();
    let (row, column) = (block_idx().y * BM, block_idx().x * BN);
    let wave_row = wave_id() / (BN / WN) * WM;
    let wave_column = wave_id() % (BN / WN) * WN;

    let mut next: [f32x4; (BM + BN) * BK / 4 / BLOCK];
    let mut sums = [[Accumulator::<F32_16x16x4>::zero(); WN / 16]; WM / 16];
    let mut totals = [[Accumulator::<F32_16x16x4>::splat(-0.0); WN / 16]; WM / 16];
    let mut links = 0;
    load_next(a, b, &mut next, row, column, m, n, 0, k, BM, BK);
    for base in (0..k).step_by(BK) {
        store_next(&next, &mut tile, k - base, BM, BK);
        barrier();
        if base + BK < k {
            load_next(a, b, &mut next, row, column, m, n, base + BK, k, BM, BK);
        }
        add_products(&tile, &mut sums, wave_row, BM + wave_column, BK);
        links += BK;
        if links >= chain || base + BK >= k {
            end_chain(&mut sums, &mut totals);
            links = 0;
        }
        barrier();
    }
    store_results(&totals, c, row + wave_row, column + wave_column, m, n);
}

/// The parts of the tile at column `base` that this thread carries, four columns each: rows of A from `row` on, then
/// rows of B from `column` on.
#[device]
fn load_next(
    a: &Global<f32>,
    b: &Global<f32>,
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
        next[i] = load_part(a, row + slot / tile_columns, m, base + slot % tile_columns, k);
    }
    #[unroll]
    for i in a_parts..next.len() {
        let slot = ((i - a_parts) * BLOCK + thread_idx().x) * 4;
        next[i] = load_part(b, column + slot / tile_columns, n, base + slot % tile_columns, k);
    }
}

/// Four columns of a row, from `column` on. Past the last row or column it is the last again, so that no load waits for
/// a condition: nobody stores such rows' results, and `store_next` replaces such columns.
#[device]
fn load_part(matrix: &Global<f32>, row: u32, rows: u32, column: u32, columns: u32) -> f32x4 {
    let start = min(row, rows - 1) * columns;
    let mut part = f32x4::splat(0.0);
    if columns % 4 == 0 {
        part = matrix.load_vector::<f32x4>(start + min(column, columns - 4));
    } else {
        #[unroll]
        for j in 0..4 {
            part[j] = matrix[start + min(column + j, columns - 1)];
        }
    }
    part
}

/// Writes this thread's parts to the tile. Columns past the `left` ones that are left become padding: -0 in rows of A,
/// +0 in rows of B, whose product leaves every sum as it is.
#[device]
fn store_next(next: &Array<f32x4>, tile: &mut Shared<Shared<f32>>, left: u32, tile_rows: u32, tile_columns: u32) {
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
        tile[row].store_vector(column, part);
    }
}

/// Adds the products of the tile's rows from `a_row` and from `b_row` on to a wave's sums.
#[device]
fn add_products(
    tile: &Shared<Shared<f32>>,
    sums: &mut Array<Array<Accumulator<F32_16x16x4>>>,
    a_row: u32,
    b_row: u32,
    tile_columns: u32,
) {
    #[unroll]
    for step in (0..tile_columns).step_by(4) {
        let mut a: [FragmentA<F32_16x16x4>; sums.len()];
        let mut b: [FragmentB<F32_16x16x4>; sums[0].len()];
        #[unroll]
        for i in 0..a.len() {
            a[i] = FragmentA::load(tile, a_row + i * 16, step);
        }
        #[unroll]
        for j in 0..b.len() {
            b[j] = FragmentB::load_transposed(tile, step, b_row + j * 16);
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

/// totals += sums, sums = 0
#[device]
fn end_chain(sums: &mut Array<Array<Accumulator<F32_16x16x4>>>, totals: &mut Array<Array<Accumulator<F32_16x16x4>>>) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for j in 0..sums[0].len() {
            #[unroll]
            for r in 0..4 {
                totals[i][j][r] += sums[i][j][r];
                sums[i][j][r] = 0.0;
            }
        }
    }
}

/// Writes a wave's results to c from `row`, `column` on.
#[device]
fn store_results(
    results: &Array<Array<Accumulator<F32_16x16x4>>>,
    c: &mut Global<f32>,
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
            for r in 0..4 {
                let (row, column) = (row + i * 16 + result.row(r), column + j * 16 + result.column(r));
                if row < m && column < n {
                    c[row * n + column] = result[r];
                }
            }
        }
    }
}
