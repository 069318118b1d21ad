//! Rows of weights on their way through shared memory: what the decode kernels of few rows do where a device copies
//! asynchronously.
//!
//! Blocks stay for many groups of rows, a wave to a group. A lane's queue holds as many loads of 16 bytes of each row as it
//! has slots, and begins a new one as soon as it has used the oldest; it runs on from the last columns of a group to the
//! first of the wave's next, so it never drains. A lane reads what it has copied itself: no barrier. The vector that the
//! rows are multiplied with is staged once a block, while the first copies are under way: [`super::staged_vector`].

use greta::prelude::*;

use super::row_products::wave_sums;
use super::staged_vector::staged;
use super::weights::WeightVector;

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
