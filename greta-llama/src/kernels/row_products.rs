//! Products of a few rows of a matrix with one vector, a wave to the rows: what the decode kernels share.
//!
//! A lane takes 16 bytes of weights, four columns or eight, then those that are WAVE such loads further on. `stage` holds
//! `stage.len()` such loads of every row, all under way before the first is used: bytes in flight are what a memory-bound
//! kernel needs. Each lane keeps as many partial sums a row, so a sum of 11008 terms is 256 chains of 43 and a tree, and
//! its error stays below 1e-6. Columns past the last count as zero; the order of additions depends on the columns and the
//! weights' type alone. Loads of a stage are begun together or, where x is staged in shared memory, each as soon as it has
//! been used.

use greta::prelude::*;

use super::staged_vector::staged;
use super::weights::WeightVector;

/// sums[r] += w[starts[r] + c] * x[c] over the columns c of this lane; columns is a multiple of those of a load. `values`
/// gives x from a column of this lane on, zeros past the last.
#[device]
pub(super) fn add_row_products<V: WeightVector>(
    w: &Global<V::Lane>,
    values: &impl Fn(u32) -> V::Wide,
    starts: &Array<u32>,
    stage: &mut Array<Array<V>>,
    sums: &mut Array<V::Wide>,
    columns: u32,
) {
    for base in (0..columns).step_by(stage.len() * WAVE * V::LANES) {
        load_stage(w, starts, stage, base, columns);
        #[unroll]
        for d in 0..stage.len() {
            let values = values(base + (d * WAVE + lane_id()) * V::LANES);
            add_load(stage, d, values, sums);
        }
    }
}

/// As add_row_products for the rows from `first` on, of which `n` exist, with any number of columns. A row past the
/// last stands for the last one. Rows that are no multiple of a load long are read weight by weight.
#[device]
pub(super) fn multiply_rows<V: WeightVector>(
    w: &Global<V::Lane>,
    x: &Global<f32>,
    starts: &mut Array<u32>,
    stage: &mut Array<Array<V>>,
    sums: &mut Array<V::Wide>,
    first: u32,
    n: u32,
    k: u32,
) {
    #[unroll]
    for r in 0..starts.len() {
        starts[r] = min(first + r, n - 1) * k;
    }
    if k % V::LANES == 0 {
        let values = |column: u32| {
            let near = x.load_vector::<V::Wide>(min(column, k - V::LANES));
            select(column < k, near, V::zero())
        };
        add_row_products(w, &values, starts, stage, sums, k);
    } else {
        for column in (lane_id()..k).step_by(WAVE) {
            let value = x[column];
            #[unroll]
            for r in 0..sums.len() {
                sums[r][0] = fma(V::widen_one(w[starts[r] + column]), value, sums[r][0]);
            }
        }
    }
}

/// sums[r] += load d of row r times the values of its columns.
#[device]
fn add_load<V: WeightVector>(stage: &Array<Array<V>>, d: u32, values: V::Wide, sums: &mut Array<V::Wide>) {
    #[unroll]
    for r in 0..sums.len() {
        sums[r] = fma(V::widen(stage[d][r]), values, sums[r]);
    }
}

/// add_row_products with x[c] * norm[c] for x[c]; gives the sum of x[c]^2 over the columns of this lane.
#[device]
pub(super) fn add_normed_row_products<V: WeightVector>(
    w: &Global<V::Lane>,
    x: &Global<f32>,
    norm: &Global<f32>,
    starts: &Array<u32>,
    stage: &mut Array<Array<V>>,
    sums: &mut Array<V::Wide>,
    columns: u32,
) -> f32 {
    let mut squares = V::zero();
    for base in (0..columns).step_by(stage.len() * WAVE * V::LANES) {
        load_stage(w, starts, stage, base, columns);
        #[unroll]
        for d in 0..stage.len() {
            let column = base + (d * WAVE + lane_id()) * V::LANES;
            let near = min(column, columns - V::LANES);
            let values = select(column < columns, x.load_vector::<V::Wide>(near), V::zero());
            let scaled = values * norm.load_vector::<V::Wide>(near);
            squares = fma(values, values, squares);
            add_load(stage, d, scaled, sums);
        }
    }
    V::lanes_sum(squares)
}

/// sums[r] += row r times x, which is staged. `stage` holds the first loads, which [`load_stage`] begins; each is begun
/// anew, a stage further on, as soon as it has been used.
#[device]
pub(super) fn add_staged_row_products<V: WeightVector>(
    w: &Global<V::Lane>,
    x: &Shared<f32>,
    starts: &Array<u32>,
    stage: &mut Array<Array<V>>,
    sums: &mut Array<V::Wide>,
    columns: u32,
) {
    let round = stage.len() * WAVE * V::LANES;
    let whole = columns / round * round;
    for base in (0..whole).step_by(round) {
        #[unroll]
        for d in 0..stage.len() {
            let first = base + d * (WAVE * V::LANES);
            let values = staged::<V>(x, first);
            add_load(stage, d, values, sums);
            if first + round < columns {
                let next = min(first + round + lane_id() * V::LANES, columns - V::LANES);
                #[unroll]
                for r in 0..sums.len() {
                    stage[d][r] = w.load_vector::<V>(starts[r] + next);
                }
            }
        }
    }
    if whole < columns {
        #[unroll]
        for d in 0..stage.len() {
            let first = whole + d * (WAVE * V::LANES);
            if first < columns {
                let values = staged::<V>(x, first);
                add_load(stage, d, values, sums);
            }
        }
    }
}

/// Loads this lane's columns of every row into the stage, the last ones again where there are no more.
#[device]
pub(super) fn load_stage<V: WeightVector>(
    w: &Global<V::Lane>,
    starts: &Array<u32>,
    stage: &mut Array<Array<V>>,
    base: u32,
    columns: u32,
) {
    #[unroll]
    for d in 0..stage.len() {
        let column = min(base + (d * WAVE + lane_id()) * V::LANES, columns - V::LANES);
        #[unroll]
        for r in 0..starts.len() {
            stage[d][r] = w.load_vector::<V>(starts[r] + column);
        }
    }
}

/// values[r] = the sum of sums[r] over the wave.
#[device]
pub(super) fn wave_sums<V: WeightVector>(sums: &Array<V::Wide>, values: &mut Array<f32>) {
    #[unroll]
    for r in 0..sums.len() {
        values[r] = wave_sum(V::lanes_sum(sums[r]));
    }
}
