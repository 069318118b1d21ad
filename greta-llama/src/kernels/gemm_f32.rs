//! `C = A Bᵀ` on the matrix cores, any m, n and k, exactly the chain of fused multiply-adds.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16. The next tile's loads are issued before
//! the current tile's products and waited for after them; see `gemm_tile`. Where there are asynchronous copies but no matrix
//! cores for f32, on NVIDIA, threads multiply: `gemm_threads`, or `gemm_turned` for tiles of BK = 8.
//!
//! Every element is the chain `fma(a[k], b[k], ..)` from +0 in order of k, bit for bit: k is never split. A chain of
//! 4096 steps is 1e-6 off, of 11008 almost 2e-6: `gemm_f32_blocked` is nearer to the real product.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound: 2 m n k flop; 512³: 1.6 µs, 4096³: 840 µs.
//! Views of a, b and c begin at multiples of 16 bytes.
//! Reference: [`crate::reference::gemm_fma_chain`]; cases: [`crate::cases::gemm`].

use greta::codegen::definition::Known;
use greta::prelude::*;

use super::gemm_products::{STAGE_BYTES_MAX, add_products, store_results};
use super::gemm_staged::{are_tiles_whole, banded_column, banded_row, begin_left, begin_right};
use super::gemm_threads::{LANE_COLUMNS, LANE_ROWS, multiply_in_threads, store_sums};
use super::gemm_tile::{load_next, store_next};
use super::gemm_turned::{SECTOR, multiply_turned, store_quads, thread_column, thread_row};

/// The fastest on an H100 for squares of 512, 1024, and 2048 and 4096.
const KNOWN: &[Known] = &[
    Known { target: "sm_90", sizes: &["m", "n"], up_to: 512 * 512, values: &[32, 32, 64, 16, 32, 3, 4] },
    Known { target: "sm_90", sizes: &["m", "n"], up_to: 1024 * 1024, values: &[64, 32, 32, 32, 32, 4, 4] },
    Known { target: "sm_90", sizes: &["m", "n"], up_to: usize::MAX, values: &[128, 128, 8, 64, 64, 3, 1] },
];

/// c[i, j] = sum_k a[i, k] * b[j, k]
/// a: [m, k] f32; b: [n, k] f32; c: [m, n] f32.
#[kernel(
    tile(
        BM = 64 in [16, 32, 64, 128],
        BN = 64 in [32, 64, 128],
        BK = 16 in [8, 16, 32, 64],
        WM = 32 in [16, 32, 64],
        WN = 32 in [16, 32, 64],
        STAGES = 3 in [3, 4],
        QUADS = 1 in [1, 2, 4],
    ),
    known = KNOWN,
    require(BM % WM == 0 && BN % WN == 0),
    require(BM / WM * (BN / WN) <= 16),
    require(BK % (4 * QUADS) == 0 && (BK > SECTOR || WN >= 32 && STAGES == 3)),
    require((BM + BN) * (BK + 4) * 4 <= STAGE_BYTES_MAX),
    require(BM * BK / 4 % (BM / WM * (BN / WN) * 64) == 0 && BN * BK / 4 % (BM / WM * (BN / WN) * 64) == 0),
    require(a.len() == m * k, b.len() == n * k, c.len() == m * n, m > 0 && n > 0),
    block = (BM / WM) * (BN / WN) * WAVE,
)]
pub fn gemm_f32(a: &Global<f32>, b: &Global<f32>, c: &mut Global<f32>, m: u32, n: u32, k: u32) {
    let wave_row = wave_id() / (BN / WN) * WM;
    let wave_column = wave_id() % (BN / WN) * WN;
    if has_copy_async() && BK == SECTOR {
        let (row, column) = (banded_row() * BM, banded_column() * BN);
        let mut tile = shared::<[[[f32; BM + BN + 4]; BK]; 2]>();
        let mut next: [f32x4; (BM + BN) * BK / 4 / BLOCK];
        grid_dependency_wait();
        let (a_row, b_row) = (wave_row + thread_row(), BM + wave_column + thread_column());
        let mut sums = [[0.0; WN / LANE_COLUMNS]; WM / LANE_ROWS];
        if are_tiles_whole(row, column, m, n, k, BM, BM + BN, BK) {
            multiply_turned::<true>(a, b, &mut tile, &mut next, &mut sums, row, column, a_row, b_row, m, n, k, BM);
        } else {
            multiply_turned::<false>(a, b, &mut tile, &mut next, &mut sums, row, column, a_row, b_row, m, n, k, BM);
        }
        store_quads(&sums, c, row + a_row, column + b_row - BM, m, n);
    } else if has_copy_async() {
        let (row, column) = (banded_row() * BM, banded_column() * BN);
        let is_whole = are_tiles_whole(row, column, m, n, k, BM, BM + BN, BK);
        let mut tile = shared::<[[[f32; BK]; BM + BN]; STAGES]>();
        if is_whole {
            begin_right::<f32x4, true>(b, &mut tile, STAGES - 1, column, n, k, BM, BK);
        } else {
            begin_right::<f32x4, false>(b, &mut tile, STAGES - 1, column, n, k, BM, BK);
        }
        grid_dependency_wait();
        let (a_row, b_row) = (wave_row + lane_id() / LANE_COLUMNS, wave_column + lane_id() % LANE_COLUMNS);
        let mut sums = [[0.0; WN / LANE_COLUMNS]; WM / LANE_ROWS];
        if is_whole {
            begin_left::<f32x4, true>(a, &mut tile, STAGES - 1, row, m, k, BM, BK);
            multiply_in_threads::<true>(
                a,
                b,
                &mut tile,
                &mut sums,
                row,
                column,
                a_row,
                BM + b_row,
                m,
                n,
                k,
                BM,
                BK,
                QUADS,
            );
        } else {
            begin_left::<f32x4, false>(a, &mut tile, STAGES - 1, row, m, k, BM, BK);
            multiply_in_threads::<false>(
                a,
                b,
                &mut tile,
                &mut sums,
                row,
                column,
                a_row,
                BM + b_row,
                m,
                n,
                k,
                BM,
                BK,
                QUADS,
            );
        }
        store_sums(&sums, c, row + a_row, column + b_row, m, n);
    } else {
        let mut tile = shared::<[[[f32; BK + 2]; BM + BN]; 1]>();
        let (row, column) = (block_idx().y * BM, block_idx().x * BN);
        let mut next: [f32x4; (BM + BN) * BK / 4 / BLOCK];
        let mut sums = [[Accumulator::<F32_16x16x4>::zero(); WN / 16]; WM / 16];
        if k > 0 {
            load_next::<f32x4, false>(a, b, &mut next, row, column, m, n, 0, k, BM, BK);
        }
        for base in (0..k).step_by(BK) {
            store_next(&next, &mut tile, k - base, BM, BK);
            barrier();
            if base + BK < k {
                load_next::<f32x4, false>(a, b, &mut next, row, column, m, n, base + BK, k, BM, BK);
            }
            add_products(&tile, &mut sums, 0, wave_row, BM + wave_column, BK);
            barrier();
        }
        store_results(&sums, c, row + wave_row, column + wave_column, m, n);
    }
}
