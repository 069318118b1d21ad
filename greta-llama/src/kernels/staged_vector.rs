//! The vector that rows of weights are multiplied with, in shared memory: once a block, for all of its waves.
//!
//! Lanes that take eight columns find them as two parts that lie a wave's parts apart, so that no banks conflict. Columns
//! past the last are zero up to the end of a wave's last load.

use greta::prelude::*;

use super::attention_decode::LOWEST;
use super::weights::{WeightVector, lanes_sum};

/// Columns that a wave's loads of a row cover, `chunk` each.
#[device]
fn whole_loads(columns: u32, chunk: u32) -> u32 {
    (columns + chunk - 1) / chunk * chunk
}

/// Where a staged vector has the four columns from `column` on; `lanes` columns are a lane's.
#[device]
fn staged_place(column: u32, lanes: u32) -> u32 {
    let chunk = WAVE * lanes;
    column / chunk * chunk + column % lanes / 4 * (WAVE * 4) + column % chunk / lanes * 4
}

/// This lane's columns of a staged vector, of those from `base` on that the wave's next load covers.
#[device]
pub(super) fn staged<V: WeightVector>(x: &Shared<f32>, base: u32) -> V::Wide {
    let mut values = V::zero();
    #[unroll]
    for part in 0..V::LANES / 4 {
        let quad = x.load_vector::<f32x4>(base + part * (WAVE * 4) + lane_id() * 4);
        #[unroll]
        for j in 0..4 {
            values[part * 4 + j] = quad[j];
        }
    }
    values
}

/// As [`staged`] for the columns from `column` on of this lane; zeros past the last staged column, `columns` of them.
#[device]
pub(super) fn staged_from<V: WeightVector>(x: &Shared<f32>, column: u32, columns: u32) -> V::Wide {
    let last = whole_loads(columns, WAVE * V::LANES) - WAVE * V::LANES;
    let base = column - lane_id() * V::LANES;
    select(base <= last, staged::<V>(x, min(base, last)), V::zero())
}

/// Splits whose results a thread loads at once.
const SPLITS: u32 = 4;

/// Stages what the splits of `attention_decode` leave, joined: see there for the shapes. Zeros past the last column;
/// `head_dim` is a multiple of 4. The block sees it after the next barrier.
#[device]
pub(super) fn stage_joined(
    maxima: &Global<f32>,
    sums: &Global<f32>,
    partial: &Global<f32>,
    to: &mut Shared<f32>,
    heads: u32,
    head_dim: u32,
    splits: u32,
    lanes: u32,
) {
    let columns = heads * head_dim;
    #[unroll(2)]
    for column in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4) {
        let near = min(column, columns - 4);
        let head = near / head_dim;
        let mut largest = LOWEST;
        let mut sum = 0.0;
        let mut joined = f32x4::splat(0.0);
        for base in (0..splits).step_by(SPLITS) {
            let mut highs: [f32; SPLITS];
            let mut shares: [f32; SPLITS];
            let mut rows: [f32x4; SPLITS];
            #[unroll]
            for i in 0..SPLITS {
                let split = min(base + i, splits - 1);
                highs[i] = maxima[split * heads + head];
                shares[i] = sums[split * heads + head];
                rows[i] = partial.load_vector::<f32x4>(split * columns + near);
            }
            let mut highest = largest;
            #[unroll]
            for i in 0..SPLITS {
                highest = max(highest, highs[i]);
            }
            let shrink = exp(largest - highest);
            largest = highest;
            sum *= shrink;
            joined *= f32x4::splat(shrink);
            #[unroll]
            for i in 0..SPLITS {
                let weight = select(base + i < splits, exp(highs[i] - largest), 0.0);
                sum = fma(shares[i], weight, sum);
                joined = fma(rows[i], f32x4::splat(weight), joined);
            }
        }
        to.store_vector(
            staged_place(column, lanes),
            select(column < columns, joined / f32x4::splat(sum), f32x4::splat(0.0)),
        );
    }
}

/// Stages x, zeros past its last column; columns is a multiple of 4. A thread loads QUADS quads before it stores the first:
/// one after the other they would wait for memory as often. The block sees it after the next barrier.
#[device]
pub(super) fn stage<const QUADS: u32>(x: &Global<f32>, to: &mut Shared<f32>, columns: u32, lanes: u32) {
    let mut quads: [f32x4; QUADS];
    for base in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4 * QUADS) {
        #[unroll]
        for i in 0..QUADS {
            quads[i] = x.load_vector::<f32x4>(min(base + i * (BLOCK * 4), columns - 4));
        }
        #[unroll]
        for i in 0..QUADS {
            let column = base + i * (BLOCK * 4);
            if column < whole_loads(columns, WAVE * lanes) {
                to.store_vector(staged_place(column, lanes), select(column < columns, quads[i], f32x4::splat(0.0)));
            }
        }
    }
}

/// Quads of x that a thread loads at once in [`stage_normed`], and of the norm's weights that it holds.
pub(super) const NORMED_QUADS: u32 = 4;

/// As [`stage`] for x[c] * norm[c]; gives the sum of x[c]^2 over all columns, and the block sees what is staged. `scales`
/// are the norm's first quads: weights, which a kernel loads before it waits for x.
#[device]
pub(super) fn stage_normed(
    x: &Global<f32>,
    norm: &Global<f32>,
    scales: &mut Array<f32x4>,
    to: &mut Shared<f32>,
    columns: u32,
    lanes: u32,
) -> f32 {
    let mut squares = f32x4::splat(0.0);
    let mut quads: [f32x4; NORMED_QUADS];
    let pass = BLOCK * 4 * NORMED_QUADS;
    let whole = columns / pass * pass;
    for base in (0..whole).step_by(pass) {
        load_quads(x, &mut quads, base, columns);
        #[unroll]
        for i in 0..NORMED_QUADS {
            squares = fma(quads[i], quads[i], squares);
            to.store_vector(staged_place(base + quad_column(i), lanes), quads[i] * scales[i]);
        }
        if base + pass < columns {
            load_quads(norm, scales, base + pass, columns);
        }
    }
    if whole < columns {
        load_quads(x, &mut quads, whole, columns);
        #[unroll]
        for i in 0..NORMED_QUADS {
            let column = whole + quad_column(i);
            let values = select(column < columns, quads[i], f32x4::splat(0.0));
            squares = fma(values, values, squares);
            if column < whole_loads(columns, WAVE * lanes) {
                to.store_vector(staged_place(column, lanes), values * scales[i]);
            }
        }
    }
    block_sum(lanes_sum(squares))
}

/// This thread's quads of a vector from column `base` on; the last quad stands for those past it.
#[device]
pub(super) fn load_quads(vector: &Global<f32>, quads: &mut Array<f32x4>, base: u32, columns: u32) {
    #[unroll]
    for i in 0..quads.len() {
        quads[i] = vector.load_vector::<f32x4>(min(base + quad_column(i), columns - 4));
    }
}

/// Where the block's quads number `i` have this thread's.
#[device]
fn quad_column(i: u32) -> u32 {
    (i * BLOCK + thread_idx().x) * 4
}
