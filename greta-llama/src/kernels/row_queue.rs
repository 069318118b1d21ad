//! Rows of weights on their way through shared memory: what the decode kernels do where a device copies asynchronously.
//!
//! A block stays for one range of groups of rows, and its waves share each row: wave `w` takes the columns of a load of
//! each lane, then those WAVES such loads further on. So what a block has under way is one stretch of memory or two. A
//! lane's queue holds as many loads of 16 bytes of each row of a group as it has slots, and begins a new one as soon as it
//! has used the oldest; it runs on from one group to the next and never drains. A lane reads what it has copied itself, so
//! that takes no barrier; one for every BATCH groups joins the sums of the waves. The vector that the rows are multiplied
//! with is staged in shared memory, once, while the first copies are under way; lanes that take eight columns find them as
//! two parts that lie a wave's parts apart, so that no banks conflict.

use greta::prelude::*;

use super::weights::{WeightVector, lanes_sum};

/// Groups whose sums are joined together.
pub(super) const BATCH: u32 = 16;

/// Where a lane's queue is.
#[derive(KernelValue)]
pub(super) struct RowQueue {
    /// The slot of the oldest copy.
    slot: u32,
    /// The group of the next copy.
    group: u32,
    /// The load of its rows: a lane's columns are `(load * WAVE + lane_id()) * LANES` and those that follow.
    load: u32,
}

/// The groups of rows that a block takes.
#[derive(KernelValue)]
pub(super) struct Groups {
    pub(super) first: u32,
    pub(super) end: u32,
    /// Columns of a row.
    pub(super) columns: u32,
}

#[device]
impl Groups {
    /// This block's share of so many.
    pub(super) fn share(count: u32, columns: u32) -> Self {
        let share = |block: u32| {
            let (whole, rest) = (count / grid_dim().x, count % grid_dim().x);
            block * whole + min(block, rest)
        };
        Self { first: share(block_idx().x), end: share(block_idx().x + 1), columns }
    }
}

#[device]
impl RowQueue {
    /// Begins to copy the rows of the first groups. `start(group, r)` is where row `r` of a group begins; `starts` keeps
    /// those of the group that is copied.
    pub(super) fn begin<V: WeightVector>(
        w: &Global<V::Lane>,
        slots: &mut Shared<Shared<Shared<V::Lane>>>,
        starts: &mut Array<u32>,
        start: &impl Fn(u32, u32) -> u32,
        groups: &Groups,
        depth: u32,
    ) -> Self {
        // A wave for which the rows are too short has nothing to copy.
        let any = wave_id() * (WAVE * V::LANES) < groups.columns;
        let mut queue = Self { slot: 0, group: if any { groups.first } else { groups.end }, load: wave_id() };
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

    /// Begins to copy the wave's next columns of the rows to a slot, if there are more.
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
        if self.group < groups.end {
            let column = min((self.load * WAVE + lane_id()) * V::LANES, groups.columns - V::LANES);
            #[unroll]
            for r in 0..starts.len() {
                slots[wave_id() * depth + slot][r].copy_vector_async::<V>(lane_id() * V::LANES, w, starts[r] + column);
            }
            self.load += wave_count();
            if self.load * (WAVE * V::LANES) >= groups.columns {
                self.load = wave_id();
                self.group += 1;
                #[unroll]
                for r in 0..starts.len() {
                    starts[r] = start(self.group, r);
                }
            }
        }
        copy_async_commit();
    }

    /// The products of the oldest group's rows with x: partial[w][place][r] gets the sum over the columns of wave w.
    pub(super) fn multiply<V: WeightVector>(
        &mut self,
        w: &Global<V::Lane>,
        slots: &mut Shared<Shared<Shared<V::Lane>>>,
        x: &Shared<f32>,
        starts: &mut Array<u32>,
        start: &impl Fn(u32, u32) -> u32,
        sums: &mut Array<V::Wide>,
        partial: &mut Shared<Shared<Shared<f32>>>,
        place: u32,
        groups: &Groups,
        depth: u32,
    ) {
        #[unroll]
        for r in 0..sums.len() {
            sums[r] = V::zero();
        }
        for load in (wave_id()..div_up(groups.columns, WAVE * V::LANES)).step_by(wave_count()) {
            copy_async_wait(depth - 1);
            let values = staged::<V>(x, load * (WAVE * V::LANES));
            #[unroll]
            for r in 0..sums.len() {
                let weights = slots[wave_id() * depth + self.slot][r].load_vector::<V>(lane_id() * V::LANES);
                sums[r] = fma(V::widen(weights), values, sums[r]);
            }
            let slot = self.slot;
            self.copy::<V>(w, slots, starts, start, groups, depth, slot);
            self.slot = (slot + 1) % depth;
        }
        #[unroll]
        for r in 0..sums.len() {
            let sum = wave_sum(V::lanes_sum(sums[r]));
            if lane_id() == 0 {
                partial[wave_id()][place][r] = sum;
            }
        }
    }
}

/// values[r] = the sum of partial[w][place][r] over the waves w.
#[device]
pub(super) fn join_waves(partial: &Shared<Shared<Shared<f32>>>, place: u32, values: &mut Array<f32>) {
    #[unroll]
    for r in 0..values.len() {
        let mut sum = 0.0;
        #[unroll]
        for wave in 0..wave_count() {
            sum += partial[wave][place][r];
        }
        values[r] = sum;
    }
}

#[device]
fn div_up(a: u32, b: u32) -> u32 {
    (a + b - 1) / b
}

/// Columns that a wave's loads of a row cover, `chunk` each.
#[device]
fn whole_loads(columns: u32, chunk: u32) -> u32 {
    div_up(columns, chunk) * chunk
}

/// Where a staged vector has the four columns from `column` on; `lanes` columns are a lane's.
#[device]
pub(super) fn staged_place(column: u32, lanes: u32) -> u32 {
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
    for column in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4) {
        let near = min(column, columns - 4);
        let head = near / head_dim;
        let mut largest = maxima[head];
        #[unroll(4)]
        for s in 1..splits {
            largest = max(largest, maxima[s * heads + head]);
        }
        let mut sum = 0.0;
        let mut joined = f32x4::splat(0.0);
        #[unroll(4)]
        for s in 0..splits {
            let weight = exp(maxima[s * heads + head] - largest);
            sum = fma(sums[s * heads + head], weight, sum);
            joined = fma(partial.load_vector::<f32x4>(s * columns + near), f32x4::splat(weight), joined);
        }
        to.store_vector(
            staged_place(column, lanes),
            select(column < columns, joined / f32x4::splat(sum), f32x4::splat(0.0)),
        );
    }
}

/// Stages x, zeros past its last column; columns is a multiple of 4. The block sees it after the next barrier.
#[device]
pub(super) fn stage(x: &Global<f32>, to: &mut Shared<f32>, columns: u32, lanes: u32) {
    for column in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4) {
        let values = x.load_vector::<f32x4>(min(column, columns - 4));
        to.store_vector(staged_place(column, lanes), select(column < columns, values, f32x4::splat(0.0)));
    }
}

/// As [`stage`] for x[c] * norm[c]; gives the sum of x[c]^2 over all columns, and the block sees what is staged.
#[device]
pub(super) fn stage_normed(x: &Global<f32>, norm: &Global<f32>, to: &mut Shared<f32>, columns: u32, lanes: u32) -> f32 {
    let mut squares = f32x4::splat(0.0);
    for column in (thread_idx().x * 4..whole_loads(columns, WAVE * lanes)).step_by(BLOCK * 4) {
        let near = min(column, columns - 4);
        let values = select(column < columns, x.load_vector::<f32x4>(near), f32x4::splat(0.0));
        squares = fma(values, values, squares);
        to.store_vector(staged_place(column, lanes), values * norm.load_vector::<f32x4>(near));
    }
    block_sum(lanes_sum(squares))
}
