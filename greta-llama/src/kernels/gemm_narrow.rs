//! `C = A Bᵀ` of `bf16`, `f16`, `fp8` and `i8` on the matrix cores, any m, n and k, summed in `f32` or `i32`.
//!
//! A block computes BM x BN of C, a wave WM x WN of it in fragments of 16 x 16. Tiles come through registers, the next
//! while one is multiplied (`gemm_narrow_tile`), or by asynchronous copies, STAGES - 1 of them ahead, where the target
//! has those (`gemm_staged`), or STAGES - 2 where four waves multiply tiles together, on Hopper (`gemm_groups`); results
//! then go through 16 rows of shared memory a wave, which variants need beside their tiles.
//! On gfx942 every element is what the matrix cores add up in order of k, bit for bit whatever
//! the tile: the f32 after every eight products of 16 bits, every sixteen of fp8; the sum modulo 2^32 of i8.
//! A residual is what the sums begin with: added at the end it would take registers that large tiles do not have.
//! Launch: grid (ceil(n / BN), ceil(m / BM)). Compute-bound: 2 m n k operations, at 1307 Top/s in 16 bits and 2615 in 8
//! on an MI300X: 4096³ 105 and 53 µs. Views of a, b and c begin at multiples of 16 bytes.
//! Reference: [`crate::reference::gemm_bf16`] and its kin; cases: [`crate::cases::gemm`].

use greta::codegen::definition::Known;
use greta::prelude::*;

use super::gemm_groups;
use super::gemm_narrow_tile::multiply;
use super::gemm_products::{STAGE_BYTES_MAX, add_residual, store_lines, store_results};
use super::gemm_staged::{are_tiles_whole, banded_column, banded_row, begin_left, begin_right, multiply_staged};

/// The variants known to be fast of 16 bits: few rows want a low tile; on an H100, of 132 multiprocessors, the smallest tile
/// that makes 128 blocks at the most, or else the `largest`.
const fn known_of_16_bits(largest: &'static [u32]) -> [Known; 5] {
    const fn on_hopper(tile: usize, values: &'static [u32]) -> Known {
        Known { target: "sm_90", sizes: &["m", "n"], up_to: tile.saturating_mul(128), values }
    }
    [
        Known { target: "gfx942", sizes: &["m"], up_to: 32, values: &[32, 64, 64, 16, 32, 4] },
        on_hopper(64 * 64, &[64, 64, 64, 32, 32, 4]),
        on_hopper(64 * 128, &[64, 128, 64, 32, 64, 3]),
        on_hopper(128 * 128, &[128, 128, 64, 64, 32, 3]),
        on_hopper(usize::MAX, largest),
    ]
}

const KNOWN_BF16: &[Known] = &known_of_16_bits(&[128, 256, 64, 16, 256, 4]);
const KNOWN_F16: &[Known] = &known_of_16_bits(&[128, 256, 64, 64, 64, 3]);

/// A kernel, and what it adds to the product if it does; the types of A and B, of C and of 16 bytes of C, 16 bytes of the
/// former, the shape of a fragment; the depths of a tile; the variants known to be fast.
macro_rules! kernels {
    ($(
        $kernel:ident$( + $residual:ident)?: $element:ident, $sum:ident in $four:ident, $part:ident of $lanes:literal, $shape:ident,
        BK = $depth:literal in $depths:tt, WN in $widths:tt, $known:expr$(, $groups:ident)?;
    )*) => {
        $(
            #[doc = concat!("c[i, j] = sum_k a[i, k] * b[j, k]" $(, " + ", stringify!($residual), "[i, j]")?)]
            #[doc = concat!(
                "a: [m, k] ", stringify!($element), "; b: [n, k] ", stringify!($element), "; c" $(, ", ", stringify!($residual))?,
                ": [m, n] ", stringify!($sum), "."
            )]
            #[kernel(
                tile(
                    BM = 64 in [32, 64, 128, 256],
                    BN = 64 in [32, 64, 128, 256],
                    BK = $depth in $depths,
                    WM = 32 in [16, 32, 64],
                    WN = 32 in $widths,
                    STAGES = 4 in [3, 4],
                ),
                known = $known,
                require(BM % WM == 0 && BN % WN == 0),
                require(BM / WM * (BN / WN) <= 16, WM * WN <= 64 * 64),
                require((BM + BN) * (BK + $lanes) * 16 / $lanes <= STAGE_BYTES_MAX),
                require(BM * BK / $lanes % (BM / WM * (BN / WN) * 64) == 0),
                require(BN * BK / $lanes % (BM / WM * (BN / WN) * 64) == 0),
                require(a.len() == m * k, b.len() == n * k, c.len() == m * n $(, $residual.len() == m * n)?, m > 0 && n > 0),
                block = (BM / WM) * (BN / WN) * WAVE,
            )]
            pub fn $kernel(
                a: &Global<$element>,
                b: &Global<$element>,
                $($residual: &Global<$sum>,)?
                c: &mut Global<$sum>,
                m: u32,
                n: u32,
                k: u32,
            ) {
                let wave_row = wave_id() / (BN / WN) * WM;
                let wave_column = wave_id() % (BN / WN) * WN;
                if has_copy_async() {
                    let (row, column) = (banded_row() * BM, banded_column() * BN);
                    let is_whole = are_tiles_whole(row, column, m, n, k, BM, BM + BN, BK);
                    let mut tile = shared::<[[[$element; BK]; BM + BN]; STAGES]>();
                    let mut slabs = shared::<[[[$sum; min(WN, 64)]; 16]; (BM / WM) * (BN / WN)]>();
                    $(let in_groups = has_warpgroup_mma()
                        && BM % $groups::HEIGHT == 0
                        && WM * $groups::WAVES == $groups::HEIGHT
                        && WN == $groups::WIDTH
                        && BK == $groups::DEPTH;)?
                    let stages = STAGES - 1$( - if in_groups { $groups::SPARE_STAGES } else { 0 })?;
                    if is_whole {
                        begin_right::<$part, true>(b, &mut tile, stages, column, n, k, BM, BK);
                    } else {
                        begin_right::<$part, false>(b, &mut tile, stages, column, n, k, BM, BK);
                    }
                    grid_dependency_wait();
                    let mut sums = [[Accumulator::<$shape>::zero(); WN / 16]; WM / 16];
                    $(add_residual(&mut sums, $residual, row + wave_row, column + wave_column, m, n);)?
                    if is_whole {
                        begin_left::<$part, true>(a, &mut tile, stages, row, m, k, BM, BK);
                        $(if in_groups {
                            $groups::multiply_in_groups::<true>(a, b, &mut tile, &mut sums, row, column, m, n, k, BM);
                        } else)? {
                            multiply_staged::<$part, $shape, true>(
                                a, b, &mut tile, &mut sums, row, column, wave_row, BM + wave_column, m, n, k, BM, BK,
                            );
                        }
                    } else {
                        begin_left::<$part, false>(a, &mut tile, stages, row, m, k, BM, BK);
                        $(if in_groups {
                            $groups::multiply_in_groups::<false>(a, b, &mut tile, &mut sums, row, column, m, n, k, BM);
                        } else)? {
                            multiply_staged::<$part, $shape, false>(
                                a, b, &mut tile, &mut sums, row, column, wave_row, BM + wave_column, m, n, k, BM, BK,
                            );
                        }
                    }
                    if n % 4 == 0 {
                        store_lines::<$shape, $four>(&sums, &mut slabs, c, row + wave_row, column + wave_column, m, n);
                    } else {
                        store_results(&sums, c, row + wave_row, column + wave_column, m, n);
                    }
                } else {
                    let mut tile = shared::<[[[$element; BK + $lanes]; BM + BN]; 1]>();
                    let (row, column) = (block_idx().y * BM, block_idx().x * BN);
                    let mut next: [$part; (BM + BN) * BK / $lanes / BLOCK];
                    let mut sums = [[Accumulator::<$shape>::zero(); WN / 16]; WM / 16];
                    $(add_residual(&mut sums, $residual, row + wave_row, column + wave_column, m, n);)?
                    multiply(
                        a, b, &mut tile, &mut next, &mut sums, row, column, wave_row, BM + wave_column, m, n, k, BM, BK,
                    );
                    store_results(&sums, c, row + wave_row, column + wave_column, m, n);
                }
            }
        )*
    };
}

kernels! {
    gemm_bf16: bf16, f32 in f32x4, bf16x8 of 8, Bf16_16x16x16,
        BK = 32 in [32, 64], WN in [16, 32, 64, 256], KNOWN_BF16, gemm_groups;
    gemm_bf16_add + residual: bf16, f32 in f32x4, bf16x8 of 8, Bf16_16x16x16,
        BK = 32 in [32, 64], WN in [16, 32, 64, 256], KNOWN_BF16, gemm_groups;
    gemm_f16: f16, f32 in f32x4, f16x8 of 8, F16_16x16x16, BK = 32 in [32, 64], WN in [16, 32, 64], KNOWN_F16;
    gemm_fp8: fp8, f32 in f32x4, fp8x16 of 16, Fp8_16x16x32, BK = 64 in [64, 128], WN in [16, 32, 64], &[];
    gemm_i8: i8, i32 in i32x4, i8x16 of 16, I8_16x16x32, BK = 64 in [64, 128], WN in [16, 32, 64], &[];
}
