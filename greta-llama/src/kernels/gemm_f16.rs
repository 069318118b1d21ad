//! `C = A Bᵀ` of `f16` on the matrix cores, any m, n and k, summed in `f32`.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16; see `gemm_narrow_tile`. Every element is
//! the f32 that gfx942 rounds to after every eight products, in order of k and bit for bit whatever the tile.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound at 1307 TFLOP/s: 2 m n k operations; 4096³: 105 µs.
//! Reference: [`crate::reference::gemm_f16`]; cases: [`crate::cases::gemm`].

use greta::prelude::*;

use super::gemm_narrow_tile::{multiply, store_results};

/// c[i, j] = sum_k a[i, k] * b[j, k]
/// a: [m, k] f16; b: [n, k] f16; c: [m, n] f32.
#[kernel(
    tile(
        BM = 64 in [32, 64, 128],
        BN = 64 in [32, 64, 128],
        BK = 32 in [16, 32, 64],
        WM = 32 in [16, 32, 64],
        WN = 32 in [16, 32, 64],
    ),
    require(BM % WM == 0 && BN % WN == 0),
    require(BM / WM * (BN / WN) <= 16),
    require(BM * BK / 8 % (BM / WM * (BN / WN) * 64) == 0 && BN * BK / 8 % (BM / WM * (BN / WN) * 64) == 0),
    require(a.len() == m * k, b.len() == n * k, c.len() == m * n),
    block = (BM / WM) * (BN / WN) * WAVE,
)]
pub fn gemm_f16(a: &Global<f16>, b: &Global<f16>, c: &mut Global<f32>, m: u32, n: u32, k: u32) {
    let mut tile = shared::<[[f16; BK + 8]; BM + BN]>();
    let (row, column) = (block_idx().y * BM, block_idx().x * BN);
    let wave_row = wave_id() / (BN / WN) * WM;
    let wave_column = wave_id() % (BN / WN) * WN;
    let mut next: [f16x8; (BM + BN) * BK / 8 / BLOCK];
    let mut sums = [[Accumulator::<F16_16x16x16>::zero(); WN / 16]; WM / 16];
    multiply(a, b, &mut tile, &mut next, &mut sums, row, column, wave_row, BM + wave_column, m, n, k, BM, BK);
    store_results(&sums, c, row + wave_row, column + wave_column, m, n);
}
