//! Rows of weights on their way through shared memory: what the decode kernels do where a device copies asynchronously.
//!
//! Blocks stay for many groups of rows, a wave to a group. A lane's queue holds as many loads of 16 bytes of each row as it
//! has slots, and begins a new one as soon as it has used the oldest; it runs on from the last columns of a group to the
//! first of the wave's next, so it never drains. A lane reads what it has copied itself: no barrier. The vector that the
//! rows are multiplied with is staged in shared memory, once a block, while the first copies are under way; lanes that take
//! eight columns find them as two parts that lie a wave's parts apart, so that no banks conflict.

use greta::prelude::*;

use super::attention_decode::LOWEST;
use super::row_products::wave_sums;
use super::weights::{WeightVector, lanes_sum};

/// Where a wave's queue is.
#[derive(KernelValue)]
pub(super) struct RowQueue {
    /// The slot of the oldest copy.
    slot: u32,
    /// The group of the next copy.
    group: u32,
    /// Its columns begin here.
    column: u32,
}

/// The groups of rows that a wave takes: one, then every `stride`-th.
#[derive(KernelValue)]
pub(super) struct Groups {
    pub(super) first: u32,
    pub(super) stride: u32,
    /// How many there are for all waves.
    pub(super) count: u32,
    /// Columns of a row.
    pub(super) columns: u32,
}

#[device]
impl Groups {
    /// This wave's. Neighbouring groups go to different blocks, so that all have as many, or one more.
    pub(super) fn of_wave(count: u32, columns: u32) -> Self {
        let first = wave_id() * grid_dim().x + block_idx().x;
        Self { first, stride: grid_dim().x * wave_count(), count, columns }
    }
}

#[device]
impl RowQueue {
    /// Begins to copy the rows of the first group. `start(group, r)` is where row `r` of a group begins; `starts` keeps
    /// those of the group that is copied.
    pub(super) fn begin<V: WeightVector>(
        w: &Global<V::Lane>,
        slots: &mut Shared<Shared<Shared<V::Lane>>>,
        starts: &mut Array<u32>,
        start: &impl Fn(u32, u32) -> u32,
        groups: &Groups,
        depth: u32,
    ) -> Self {
        let mut queue = Self { slot: 0, group: groups.first, column: 0 };
        #[unroll]
        for r in 0..starts.len() {
            starts[r] = start(groups.first, r);
        }
        #[unroll]
        for slot in 0..depth {
            queue.copy::<V>(w, slots, starts, start, groups, depth, slot);
        }
        queue
    }

    /// Begins to copy the next columns of the rows to a slot, if there are more rows.
    fn copy<V: WeightVector>(
        &mut self,
        w: &Global<V::Lane>,
        slots: &mut Shared<Shared<Shared<V::Lane>>>,
        starts: &mut Array<u32>,
        start: &impl Fn(u32, u32) -> u32,
        groups: &Groups,
        depth: u32,
        slot: u32,
    ) {
        if self.group < groups.count {
            let column = min(self.column + lane_id() * V::LANES, groups.columns - V::LANES);
            #[unroll]
            for r in 0..starts.len() {
                slots[wave_id() * depth + slot][r].copy_vector_async::<V>(lane_id() * V::LANES, w, starts[r] + column);
            }
            self.column += WAVE * V::LANES;
            if self.column >= groups.columns {
                self.column = 0;
                self.group += groups.stride;
                #[unroll]
                for r in 0..starts.len() {
                    starts[r] = start(self.group, r);
                }
            }
        }
        copy_async_commit();
    }

    /// values[r] = row r of the oldest group times x.
    pub(super) fn multiply<V: WeightVector>(
        &mut self,
        w: &Global<V::Lane>,
        slots: &mut Shared<Shared<Shared<V::Lane>>>,
        x: &Shared<f32>,
        starts: &mut Array<u32>,
        start: &impl Fn(u32, u32) -> u32,
        sums: &mut Array<V::Wide>,
        values: &mut Array<f32>,
        groups: &Groups,
        depth: u32,
    ) {
        #[unroll]
        for r in 0..sums.len() {
            sums[r] = V::zero();
        }
        #[unroll(4)]
        for base in (0..groups.columns).step_by(WAVE * V::LANES) {
            copy_async_wait(depth - 1);
            let columns = staged::<V>(x, base);
            #[unroll]
            for r in 0..sums.len() {
                let weights = slots[wave_id() * depth + self.slot][r].load_vector::<V>(lane_id() * V::LANES);
                sums[r] = fma(V::widen(weights), columns, sums[r]);
            }
            let slot = self.slot;
            self.copy::<V>(w, slots, starts, start, groups, depth, slot);
            self.slot = (slot + 1) % depth;
        }
        wave_sums::<V>(sums, values);
    }
}

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
fn staged<V: WeightVector>(x: &Shared<f32>, base: u32) -> V::Wide {
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

/// As [`stage`] for x[c] * norm[c]; gives the sum of x[c]^2 over all columns, and the block sees what is staged.
#[device]
pub(super) fn stage_normed<const QUADS: u32>(
    x: &Global<f32>,
    norm: &Global<f32>,
    to: &mut Shared<f32>,
    columns: u32,
    lanes: u32,
) -> f32 {
    let mut squares = f32x4::splat(0.0);
    let mut quads: [f32x4; QUADS];
    let mut scales: [f32x4; QUADS];
    for base in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4 * QUADS) {
        #[unroll]
        for i in 0..QUADS {
            let near = min(base + i * (BLOCK * 4), columns - 4);
            quads[i] = x.load_vector::<f32x4>(near);
            scales[i] = norm.load_vector::<f32x4>(near);
        }
        #[unroll]
        for i in 0..QUADS {
            let column = base + i * (BLOCK * 4);
            let values = select(column < columns, quads[i], f32x4::splat(0.0));
            squares = fma(values, values, squares);
            if column < whole_loads(columns, WAVE * lanes) {
                to.store_vector(staged_place(column, lanes), values * scales[i]);
            }
        }
    }
    block_sum(lanes_sum(squares))
}
