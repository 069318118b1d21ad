//! `C = A Bᵀ` on the matrix cores, any m, n and k, as a sum of short chains: the prefill's projections.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16. The next tile's loads are issued before
//! the current tile's products and waited for after them; see `gemm_tile`.
//!
//! `gemm_f32` but for rounding: the chain of fused multiply-adds starts afresh every CHAIN columns and is added to a
//! total, for one addition per CHAIN / 4 products. Sixteen tokens of Llama-2-7B are 4.2e-7 off in the norm with 128
//! columns, 2.2e-6, over tolerance, with chains that are never broken. CHAIN is the one tile parameter that changes
//! results. Totals start from -0, which leaves what is added to it as it is. Weights of 16 bits are widened on their way
//! to shared memory: the product is that of the same numbers in f32.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound: 2 m n k flop; 512³: 1.6 µs, 4096³: 840 µs.
//! Reference: [`crate::reference::gemm_fma_chain`]; cases: [`crate::cases::gemm`].

use greta::prelude::*;

use super::gemm_products::{add_products, store_results};
use super::gemm_tile::{load_next, store_next};

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident;)*) => {
        $(
            /// c[i, j] = sum_k a[i, k] * b[j, k]
            /// a: [m, k] f32; b: [n, k] weights; c: [m, n] f32. Chains of CHAIN columns are summed by themselves.
            #[kernel(
                tile(
                    BM = 64 in [16, 32, 64, 128],
                    BN = 64 in [32, 64, 128],
                    BK = 16 in [8, 16, 32],
                    WM = 32 in [16, 32, 64],
                    WN = 32 in [16, 32, 64],
                    CHAIN = 128 in [64, 128, 256],
                ),
                require(BM % WM == 0 && BN % WN == 0),
                require(BM / WM * (BN / WN) <= 16),
                require(BM * BK / 4 % (BM / WM * (BN / WN) * 64) == 0),
                require(BN * BK / 4 % (BM / WM * (BN / WN) * 64) == 0),
                require(a.len() == m * k, b.len() == n * k, c.len() == m * n),
                block = (BM / WM) * (BN / WN) * WAVE,
            )]
            pub fn $kernel(a: &Global<f32>, b: &Global<$weight>, c: &mut Global<f32>, m: u32, n: u32, k: u32) {
                let mut tile = shared::<[[[f32; BK + 2]; BM + BN]; 1]>();
                let (row, column) = (block_idx().y * BM, block_idx().x * BN);
                let wave_row = wave_id() / (BN / WN) * WM;
                let wave_column = wave_id() % (BN / WN) * WN;

                let mut next: [f32x4; (BM + BN) * BK / 4 / BLOCK];
                let mut sums = [[Accumulator::<F32_16x16x4>::zero(); WN / 16]; WM / 16];
                let mut totals = [[Accumulator::<F32_16x16x4>::splat(-0.0); WN / 16]; WM / 16];
                if k > 0 {
                    load_next::<$load, false>(a, b, &mut next, row, column, m, n, 0, k, BM, BK);
                }
                for base in (0..k).step_by(BK) {
                    store_next(&next, &mut tile, k - base, BM, BK);
                    barrier();
                    if base + BK < k {
                        load_next::<$load, false>(a, b, &mut next, row, column, m, n, base + BK, k, BM, BK);
                    }
                    add_products(&tile, &mut sums, 0, wave_row, BM + wave_column, BK);
                    if (base + BK) % CHAIN == 0 || base + BK >= k {
                        end_chain(&mut sums, &mut totals);
                    }
                    barrier();
                }
                store_results(&totals, c, row + wave_row, column + wave_column, m, n);
            }
        )*
    };
}

kernels! {
    gemm_f32_blocked: f32, f32x4;
    gemm_f32_blocked_bf16: bf16, bf16x4;
    gemm_f32_blocked_f16: f16, f16x4;
}

/// totals += sums, sums = 0
#[device]
fn end_chain(sums: &mut Array<Array<Accumulator<F32_16x16x4>>>, totals: &mut Array<Array<Accumulator<F32_16x16x4>>>) {
    #[unroll]
    for i in 0..sums.len() {
        #[unroll]
        for j in 0..sums[0].len() {
            #[unroll]
            for r in 0..sums[0][0].len() {
                totals[i][j][r] += sums[i][j][r];
                sums[i][j][r] = 0.0;
            }
        }
    }
}
