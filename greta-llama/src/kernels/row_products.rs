//! Products of a few rows of a matrix with one vector, a wave to the rows: what the decode kernels share.
//!
//! A lane takes four columns, 16 bytes, then the four that are 256 further on. `stage` holds `stage.len()` such loads
//! of every row, all under way before the first is used: bytes in flight are what a memory-bound kernel needs. Each
//! lane keeps four partial sums a row, so a sum of 11008 terms is 256 chains of 43 and a tree, and its error stays
//! below 1e-6. Columns past the last count as zero; the order of additions depends on the columns alone.

use greta::prelude::*;

/// sums[r] += w[starts[r] + c] * x[c] over the columns c of this lane; columns is a multiple of 4.
#[device]
fn add_row_products(
    w: &Global<f32>,
    x: &Global<f32>,
    starts: &Array<u32>,
    stage: &mut Array<Array<f32x4>>,
    sums: &mut Array<f32x4>,
    columns: u32,
) {
    for base in (0..columns).step_by(stage.len() * WAVE * 4) {
        load_stage(w, starts, stage, base, columns);
        #[unroll]
        for d in 0..stage.len() {
            let column = base + (d * WAVE + lane_id()) * 4;
            let values = select(column < columns, x.load_vector::<f32x4>(min(column, columns - 4)), f32x4::splat(0.0));
            #[unroll]
            for r in 0..sums.len() {
                sums[r] = fma(stage[d][r], values, sums[r]);
            }
        }
    }
}

/// As add_row_products for the rows from `first` on, of which `n` exist, with any number of columns. A row past the
/// last stands for the last one. Rows whose length is no multiple of 4 are read word by word.
#[device]
pub(super) fn multiply_rows(
    w: &Global<f32>,
    x: &Global<f32>,
    starts: &mut Array<u32>,
    stage: &mut Array<Array<f32x4>>,
    sums: &mut Array<f32x4>,
    first: u32,
    n: u32,
    k: u32,
) {
    #[unroll]
    for r in 0..starts.len() {
        starts[r] = min(first + r, n - 1) * k;
    }
    if k % 4 == 0 {
        add_row_products(w, x, starts, stage, sums, k);
    } else {
        for column in (lane_id()..k).step_by(WAVE) {
            let value = x[column];
            #[unroll]
            for r in 0..sums.len() {
                sums[r][0] = fma(w[starts[r] + column], value, sums[r][0]);
            }
        }
    }
}

/// add_row_products with x[c] * norm[c] for x[c]; gives the sum of x[c]^2 over the columns of this lane.
#[device]
pub(super) fn add_normed_row_products(
    w: &Global<f32>,
    x: &Global<f32>,
    norm: &Global<f32>,
    starts: &Array<u32>,
    stage: &mut Array<Array<f32x4>>,
    sums: &mut Array<f32x4>,
    columns: u32,
) -> f32 {
    let mut squares = f32x4::splat(0.0);
    for base in (0..columns).step_by(stage.len() * WAVE * 4) {
        load_stage(w, starts, stage, base, columns);
        #[unroll]
        for d in 0..stage.len() {
            let column = base + (d * WAVE + lane_id()) * 4;
            let near = min(column, columns - 4);
            let values = select(column < columns, x.load_vector::<f32x4>(near), f32x4::splat(0.0));
            let scaled = values * norm.load_vector::<f32x4>(near);
            squares = fma(values, values, squares);
            #[unroll]
            for r in 0..sums.len() {
                sums[r] = fma(stage[d][r], scaled, sums[r]);
            }
        }
    }
    lanes_sum(squares)
}

/// Loads this lane's columns of every row into the stage, the last ones again where there are no more.
#[device]
fn load_stage(w: &Global<f32>, starts: &Array<u32>, stage: &mut Array<Array<f32x4>>, base: u32, columns: u32) {
    #[unroll]
    for d in 0..stage.len() {
        let column = min(base + (d * WAVE + lane_id()) * 4, columns - 4);
        #[unroll]
        for r in 0..starts.len() {
            stage[d][r] = w.load_vector::<f32x4>(starts[r] + column);
        }
    }
}

/// v[0] + v[1] + v[2] + v[3], as a tree.
#[device]
pub(super) fn lanes_sum(v: f32x4) -> f32 {
    (v[0] + v[1]) + (v[2] + v[3])
}
