//! Joins the splits of `attention_decode`, and the output projection of what they give, plus the residual.
//!
//! Every block joins all heads into shared memory, a few hundred KB from the cache, while its first weights are under way;
//! then a wave takes ROWS rows, as in `gemv_add`. Launch: `ceil(n / (ROWS * WAVES))` blocks; fewer take more rows each.
//! Memory-bound: 4 B a weight, or 2; 4096 x 4096 in f32: 67 MB, 15.8 µs.
//! Reference: [`crate::reference::attention`], [`crate::reference::gemv`]; cases: [`crate::cases::attention`].

use greta::prelude::*;

use super::gemv_add::{load_rows, store_rows};
use super::row_products::{add_row_products, wave_sums};
use super::row_queue::{Groups, RowQueue};
use super::staged_vector::{stage_joined, staged_from};
use super::weights::WeightVector;

macro_rules! kernels {
    ($($kernel:ident: $weight:ident, $load:ident, $lanes:literal;)*) => {
        $(
            /// y[r] = sum_c w[r, c] * a[c] + residual[r]
            /// with a[h] = sum_s v[s, h] * partial[s, h] / sum_s v[s, h] * sums[s, h]
            /// and v[s, h] = exp(maxima[s, h] - max_s maxima[s, h])
            /// w: [n, heads * head_dim] weights; maxima, sums: [splits, heads] f32;
            /// partial: [splits, heads, head_dim] f32; residual, y: [n] f32; head_dim is a multiple of 8.
            #[kernel(
                tile(ROWS = 2 in [1, 2, 4, 8], DEPTH = 4 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8, 16]),
                require(w.len() == n * heads * head_dim, residual.len() == n, y.len() == n, head_dim % 8 == 0),
                require(maxima.len() == splits * heads, sums.len() == splits * heads, splits > 0),
                require(partial.len() == splits * heads * head_dim),
                shared = (heads * head_dim).next_multiple_of(64 * $lanes),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(
                w: &Global<$weight>,
                maxima: &Global<f32>,
                sums: &Global<f32>,
                partial: &Global<f32>,
                residual: &Global<f32>,
                y: &mut Global<f32>,
                n: u32,
                heads: u32,
                head_dim: u32,
                splits: u32,
            ) {
                let columns = heads * head_dim;
                let count = (n + ROWS - 1) / ROWS;
                let start = |group: u32, r: u32| min(group * ROWS + r, n - 1) * columns;
                let mut starts: [u32; ROWS];
                let mut values: [f32; ROWS];
                let mut terms: [f32; ROWS];
                let mut staged = shared_dynamic::<f32>();
                if has_copy_async() {
                    let mut slots = shared::<[[[$weight; $lanes * WAVE]; ROWS]; WAVES * DEPTH]>();
                    let groups = Groups::of_wave(count, columns);
                    let mut queue =
                        RowQueue::begin::<$load>(w, &mut slots, &mut starts, &start, &groups, DEPTH);
                    grid_dependents_launch();
                    grid_dependency_wait();
                    stage_joined(maxima, sums, partial, &mut staged, heads, head_dim, splits, $lanes);
                    barrier();
                    let mut products = [<$load as WeightVector>::zero(); ROWS];
                    for group in (groups.first..count).step_by(groups.stride) {
                        load_rows(residual, &mut terms, group * ROWS, n);
                        queue.multiply::<$load>(
                            w, &mut slots, &staged, &mut starts, &start, &mut products, &mut values, &groups, DEPTH,
                        );
                        if lane_id() == 0 {
                            store_rows(&values, &terms, y, group * ROWS, n);
                        }
                    }
                } else {
                    let mut stage: [[$load; ROWS]; DEPTH];
                    stage_joined(maxima, sums, partial, &mut staged, heads, head_dim, splits, $lanes);
                    barrier();
                    for group in (block_idx().x * WAVES + wave_id()..count).step_by(grid_dim().x * WAVES) {
                        #[unroll]
                        for r in 0..ROWS {
                            starts[r] = start(group, r);
                        }
                        let mut products = [<$load as WeightVector>::zero(); ROWS];
                        let columns_of = |column: u32| staged_from::<$load>(&staged, column, columns);
                        load_rows(residual, &mut terms, group * ROWS, n);
                        add_row_products(w, &columns_of, &starts, &mut stage, &mut products, columns);
                        wave_sums::<$load>(&products, &mut values);
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
    attention_output: f32, f32x4, 4;
    attention_output_bf16: bf16, bf16x8, 8;
    attention_output_f16: f16, f16x8, 8;
}
