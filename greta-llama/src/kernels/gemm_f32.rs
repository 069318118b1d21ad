//! `C = A Bᵀ` on the matrix cores, any m, n and k: the prefill's projections.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16. Tiles of BK columns go from global
//! memory through registers to shared memory; the next tile's loads are issued before the current tile's products.
//! Rows of shared tiles are padded by 4 words, which spreads 16 rows over the banks and keeps them 16-byte aligned.
//!
//! With FLUSH = 0 every element is the chain fma(a[k], b[k], ..) from +0 in order of k, bit for bit: k is never split,
//! and k is padded with a = -0, b = +0, since fma(-0, +0, acc) is acc for every acc (a = +0 would turn -0 into +0).
//! A chain of 4096 steps is 1e-6 off, of 11008 almost 2e-6. With FLUSH > 0 the chain starts afresh every FLUSH columns
//! and is added to a running total, which keeps a layer of 4096 within 1e-6 for one addition per FLUSH / 4 products.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound: 2 m n k flop; 512³: 1.6 µs, 4096³: 840 µs.

use greta::prelude::*;

/// c[i, j] = sum_k a[i, k] * b[j, k]
/// a: [m, k] f32; b: [n, k] f32; c: [m, n] f32.
#[kernel(
    tile(
        BM = 64 in [32, 64, 128],
        BN = 64 in [32, 64, 128],
        BK = 16 in [8, 16, 32],
        WM = 32 in [16, 32, 64],
        WN = 32 in [16, 32, 64],
        FLUSH = 0 in [0, 64, 128, 256],
    ),
    require(BM % WM == 0 && BN % WN == 0),
    require(BM / WM * (BN / WN) <= 16),
    require(BM * BK / 4 % (BM / WM * (BN / WN) * 64) == 0 && BN * BK / 4 % (BM / WM * (BN / WN) * 64) == 0),
    block = (BM / WM) * (BN / WN) * 64,
)]
pub fn gemm_f32(a: &Global<f32>, b: &Global<f32>, c: &mut Global<f32>, m: u32, n: u32, k: u32) {
    let mut a_tile = shared::<[[f32; BK + 4]; BM]>();
    let mut b_tile = shared::<[[f32; BK + 4]; BN]>();
    let (row0, column0) = (block_idx().y * BM, block_idx().x * BN);
    let lane = lane_id();
    let (minor, major) = (lane % 16, lane / 16);
    let wave_row = wave_id() / (BN / WN) * WM;
    let wave_column = wave_id() % (BN / WN) * WN;

    let mut a_next = [f32x4::splat(0.0); BM * BK / 4 / BLOCK];
    let mut b_next = [f32x4::splat(0.0); BN * BK / 4 / BLOCK];
    let mut sums = [[f32x4::splat(0.0); WN / 16]; WM / 16];
    let mut totals = [[f32x4::splat(0.0); WN / 16]; WM / 16];
    load_rows(a, &mut a_next, row0, m, 0, k, BK, -0.0);
    load_rows(b, &mut b_next, column0, n, 0, k, BK, 0.0);
    for base in (0..k).step_by(BK) {
        #[unroll]
        for i in 0..BM * BK / 4 / BLOCK {
            let slot = (i * BLOCK + thread_idx().x) * 4;
            a_tile[slot / BK].store_vector(slot % BK, a_next[i]);
        }
        #[unroll]
        for i in 0..BN * BK / 4 / BLOCK {
            let slot = (i * BLOCK + thread_idx().x) * 4;
            b_tile[slot / BK].store_vector(slot % BK, b_next[i]);
        }
        barrier();
        if base + BK < k {
            load_rows(a, &mut a_next, row0, m, base + BK, k, BK, -0.0);
            load_rows(b, &mut b_next, column0, n, base + BK, k, BK, 0.0);
        }
        #[unroll]
        for step in 0..BK / 4 {
            let mut a_fragment = [0.0; WM / 16];
            let mut b_fragment = [0.0; WN / 16];
            #[unroll]
            for i in 0..WM / 16 {
                a_fragment[i] = a_tile[wave_row + i * 16 + minor][step * 4 + major];
            }
            #[unroll]
            for j in 0..WN / 16 {
                b_fragment[j] = b_tile[wave_column + j * 16 + minor][step * 4 + major];
            }
            #[unroll]
            for i in 0..WM / 16 {
                #[unroll]
                for j in 0..WN / 16 {
                    sums[i][j] = mfma_f32_16x16x4f32(a_fragment[i], b_fragment[j], sums[i][j]);
                }
            }
        }
        if FLUSH > 0 {
            if (base + BK) % FLUSH == 0 || base + BK >= k {
                #[unroll]
                for i in 0..WM / 16 {
                    #[unroll]
                    for j in 0..WN / 16 {
                        totals[i][j] += sums[i][j];
                        sums[i][j] = f32x4::splat(0.0);
                    }
                }
            }
        }
        barrier();
    }
    #[unroll]
    for i in 0..WM / 16 {
        #[unroll]
        for j in 0..WN / 16 {
            let result = if FLUSH > 0 { totals[i][j] } else { sums[i][j] };
            let column = column0 + wave_column + j * 16 + minor;
            #[unroll]
            for r in 0..4 {
                let row = row0 + wave_row + i * 16 + major * 4 + r;
                if row < m && column < n {
                    c[row * n + column] = result[r];
                }
            }
        }
    }
}

/// The part of a tile that this thread carries: four columns of each of its rows. Rows past the last repeat it, since
/// nobody stores their results; columns past the last are `padding`.
#[device]
fn load_rows(
    matrix: &Global<f32>,
    next: &mut Array<f32x4>,
    row0: u32,
    rows: u32,
    base: u32,
    k: u32,
    tile_columns: u32,
    padding: f32,
) {
    #[unroll]
    for i in 0..next.len() {
        let slot = (i * BLOCK + thread_idx().x) * 4;
        let row = min(row0 + slot / tile_columns, rows - 1);
        let column = base + slot % tile_columns;
        let mut part = f32x4::splat(padding);
        if k % 4 == 0 {
            if column < k {
                part = matrix.load_vector::<f32x4>(row * k + column);
            }
        } else {
            #[unroll]
            for j in 0..4 {
                if column + j < k {
                    part[j] = matrix[row * k + column + j];
                }
            }
        }
        next[i] = part;
    }
}
