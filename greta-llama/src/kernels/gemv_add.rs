//! Matrix times vector plus the residual: the decode step's output projections.
//!
//! A wave takes ROWS rows and all of `k`, 16 bytes a lane, ROWS * DEPTH loads in flight; see `row_products`, and
//! `row_queue` for devices that copy asynchronously. Launch: `ceil(n / (ROWS * WAVES))` blocks; fewer take more rows each.
//! Memory-bound: 4 B a weight, or 2; 4096 x 4096 in f32: 67 MB, 15.8 µs; 4096 x 11008: 180 MB, 42.3 µs.
//! Reference: [`crate::reference::gemv`]; cases: [`crate::cases::gemv`].

use greta::prelude::*;

use super::row_products::{multiply_rows, wave_sums};
use super::row_queue::{Groups, RowQueue};
use super::staged_vector::stage;
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// y[r] = sum_c w[r, c] * x[c] + residual[r]
            /// w: [n, k] weights; x: [k] f32; residual, y: [n] f32.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4, 8], DEPTH = 4 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8, 16]),
                require(w.len() == n * k, x.len() == k, residual.len() == n, y.len() == n),
                shared = k.next_multiple_of(32 * $lanes),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(
                w: &Global<$weight>,
                x: &Global<f32>,
                residual: &Global<f32>,
                y: &mut Global<f32>,
                n: u32,
                k: u32,
            ) {
                let mut starts: [u32; ROWS];
                let mut values: [f32; ROWS];
                let mut terms: [f32; ROWS];
                let count = (n + ROWS - 1) / ROWS;
                if has_copy_async() {
                    let mut slots = shared::<[[[$weight; $lanes * WAVE]; ROWS]; WAVES * DEPTH]>();
                    let mut staged = shared_dynamic::<f32>();
                    let aligned = k % $lanes == 0;
                    let count = if aligned { count } else { 0 };
                    let groups = Groups::of_wave(count, k);
                    let start = |group: u32, r: u32| min(group * ROWS + r, n - 1) * k;
                    let mut queue =
                        RowQueue::begin::<$load>(w, &mut slots, &mut starts, &start, &groups, DEPTH);
                    grid_dependents_launch();
                    grid_dependency_wait();
                    if aligned {
                        stage::<8>(x, &mut staged, k, $lanes);
                    }
                    barrier();
                    let mut sums = [<$load as WeightVector>::zero(); ROWS];
                    for group in (groups.first..count).step_by(groups.stride) {
                        load_rows(residual, &mut terms, group * ROWS, n);
                        queue.multiply::<$load>(
                            w, &mut slots, &staged, &mut starts, &start, &mut sums, &mut values, &groups, DEPTH,
                        );
                        if lane_id() == 0 {
                            store_rows(&values, &terms, y, group * ROWS, n);
                        }
                    }
                }
                if !has_copy_async() || k % $lanes != 0 {
                    let mut stage: [[$load; ROWS]; DEPTH];
                    for group in (block_idx().x * WAVES + wave_id()..count).step_by(grid_dim().x * WAVES) {
                        let mut sums = [<$load as WeightVector>::zero(); ROWS];
                        load_rows(residual, &mut terms, group * ROWS, n);
                        multiply_rows(w, x, &mut starts, &mut stage, &mut sums, group * ROWS, n, k);
                        wave_sums::<$load>(&sums, &mut values);
                        if lane_id() == 0 {
                            store_rows(&values, &terms, y, group * ROWS, n);
                        }
                    }
                }
            }
        )*
    };
}

kernels! {
    gemv_add: f32, f32x4, 4;
    gemv_add_bf16: bf16, bf16x8, 8;
    gemv_add_f16: f16, f16x8, 8;
}

/// terms[r] = residual[first + r]; the last row stands for those past it.
#[device]
pub(super) fn load_rows(residual: &Global<f32>, terms: &mut Array<f32>, first: u32, n: u32) {
    #[unroll]
    for r in 0..terms.len() {
        terms[r] = residual[min(first + r, n - 1)];
    }
}

/// y[r] = values[r - first] + terms[r - first] for the rows from `first` on, of which `n` exist.
#[device]
pub(super) fn store_rows(values: &Array<f32>, terms: &Array<f32>, y: &mut Global<f32>, first: u32, n: u32) {
    #[unroll]
    for r in 0..values.len() {
        let row = first + r;
        if row < n {
            y[row] = values[r] + terms[r];
        }
    }
}
