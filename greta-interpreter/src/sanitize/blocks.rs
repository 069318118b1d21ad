//! What the blocks of a launch did to the elements of the buffers that it writes, and whether two of them race.
//!
//! A block comes here when it first reads, writes or atomically updates an element; the rest is the block's own
//! business. Blocks run in parallel: of two that race, at least the later one to come finds the other. What lies before a
//! barrier of the grid races with nothing behind it: it is of an earlier *round*, and forgotten when the element is
//! touched again.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::Touch;
use super::cells::{EPOCH_MAX, Rival, Stamp};
use super::zeroed::opt_zeroed;

/// A number for each element of a range, zero at first.
type Column = Box<[AtomicU64]>;

/// How stamps' epochs tell blocks and rounds apart: the block's number in the lowest bits, above it the round, from 1 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    block_bits: u32,
}

impl Rounds {
    /// For a grid of so many blocks.
    pub(super) fn of(blocks: u64) -> Self {
        Self { block_bits: u64::BITS - blocks.saturating_sub(1).leading_zeros() }
    }

    /// The epoch of a block that has passed so many barriers of the grid, if stamps have room for it.
    pub(super) fn opt_epoch(self, meetings: u64, block: u64) -> Option<u64> {
        let round = (meetings + 1).checked_mul(1_u64.checked_shl(self.block_bits)?)?;
        Some(round | block).filter(|epoch| *epoch <= EPOCH_MAX)
    }

    /// The number of a stamp's block.
    pub(super) fn block(self, stamp: Stamp) -> u64 {
        stamp.epoch() & ((1 << self.block_bits) - 1)
    }

    fn is_same_round(self, a: Stamp, b: Stamp) -> bool {
        (a.epoch() ^ b.epoch()) >> self.block_bits == 0
    }

    /// Whether two stamps are of two blocks, with no barrier of the grid in between.
    fn are_rivals(self, a: Stamp, b: Stamp) -> bool {
        self.is_same_round(a, b) && a.epoch() != b.epoch()
    }
}

/// What is remembered of a range of elements.
pub(super) struct Blocks {
    rounds: Rounds,
    write: Column,
    reads: [Column; 2],
    atomics: [Column; 2],
}

impl Blocks {
    /// For `count` elements, of which some are read, or updated, as well as written.
    ///
    /// # Errors
    ///
    /// The bytes that this takes, if the machine does not give them.
    pub(super) fn new(rounds: Rounds, count: usize, read: bool, updated: bool) -> Result<Self, u128> {
        let columns = 1 + 2 * u128::from(read) + 2 * u128::from(updated);
        let bytes = count as u128 * columns * size_of::<AtomicU64>() as u128;
        let column = |wanted: bool| opt_zeroed(if wanted { count } else { 0 }).ok_or(bytes);
        let write = column(true)?;
        Ok(Self { rounds, write, reads: [column(read)?, column(read)?], atomics: [column(updated)?, column(updated)?] })
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.write.len()
    }

    /// Notes a block's first touch of a kind; that of another block that it races with, if there is one.
    pub(super) fn touch(&self, index: usize, touch: Touch, now: Stamp) -> Option<Rival> {
        let write = match touch {
            Touch::Write => Stamp(self.write[index].swap(now.0, SeqCst)),
            Touch::Read => self.note(&self.reads, index, now),
            Touch::Atomic => self.note(&self.atomics, index, now),
        };
        let mut rival = self.rounds.are_rivals(write, now).then_some(Rival { touch: Touch::Write, stamp: write });
        if touch != Touch::Read {
            rival = rival.or_else(|| self.opt_rival(&self.reads, index, now, Touch::Read));
        }
        if touch != Touch::Atomic {
            rival = rival.or_else(|| self.opt_rival(&self.atomics, index, now, Touch::Atomic));
        }
        rival
    }

    /// Adds a block to those of which two are kept; the last write.
    fn note(&self, columns: &[Column; 2], index: usize, now: Stamp) -> Stamp {
        if self.rounds.are_rivals(self.keep(&columns[0][index], now), now) {
            // Whether this block or an earlier one is the second does not matter.
            self.keep(&columns[1][index], now);
        }
        Stamp(self.write[index].load(SeqCst))
    }

    /// Puts a stamp where none of its round is; the one that is there then.
    fn keep(&self, place: &AtomicU64, now: Stamp) -> Stamp {
        let is_free = |there: u64| (!self.rounds.is_same_round(Stamp(there), now)).then_some(now.0);
        place.fetch_update(SeqCst, SeqCst, is_free).map_or_else(Stamp, |_| now)
    }

    fn opt_rival(&self, columns: &[Column; 2], index: usize, now: Stamp, touch: Touch) -> Option<Rival> {
        let found = columns.iter().filter(|column| !column.is_empty()).map(|column| column[index].load(SeqCst));
        let stamp = found.map(Stamp).find(|stamp| self.rounds.are_rivals(*stamp, now))?;
        Some(Rival { touch, stamp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_no_machine_can_watch_says_what_it_takes() {
        assert_eq!(Blocks::new(Rounds::of(1), usize::MAX / 4, true, false).err(), Some((usize::MAX / 4) as u128 * 24));
        assert_eq!(Blocks::new(Rounds::of(1), 7, true, true).unwrap().len(), 7);
    }

    /// The block that the last of some touches races with: meetings, block, kind.
    fn rival(touches: &[(u64, u64, Touch)]) -> Option<(u64, Touch)> {
        let rounds = Rounds::of(5);
        let blocks = Blocks::new(rounds, 1, true, true).unwrap();
        let mut last = None;
        for &(meetings, block, touch) in touches {
            last = blocks.touch(0, touch, Stamp::new(rounds.opt_epoch(meetings, block).unwrap(), 0, 0));
        }
        last.map(|rival| (rounds.block(rival.stamp), rival.touch))
    }

    #[test]
    fn blocks_race_within_a_round() {
        use Touch::{Atomic, Read, Write};
        assert_eq!(rival(&[(0, 4, Write), (0, 1, Read)]), Some((4, Write)));
        assert_eq!(rival(&[(0, 0, Read), (0, 1, Read), (0, 0, Write)]), Some((1, Read)));
        assert_eq!(rival(&[(3, 2, Atomic), (3, 0, Write)]), Some((2, Atomic)));
        assert_eq!(rival(&[(0, 1, Read), (0, 2, Read)]), None);
    }

    #[test]
    fn what_lies_before_a_meeting_races_with_nothing_behind_it() {
        use Touch::{Read, Write};
        assert_eq!(rival(&[(0, 4, Write), (1, 1, Read)]), None);
        assert_eq!(rival(&[(0, 4, Write), (1, 1, Read), (1, 2, Write)]), Some((1, Read)));
        assert_eq!(rival(&[(0, 1, Read), (0, 2, Read), (1, 3, Read), (1, 3, Write)]), None);
        assert_eq!(rival(&[(0, 1, Read), (0, 2, Read), (7, 3, Read), (7, 4, Read), (7, 3, Write)]), Some((4, Read)));
    }

    #[test]
    fn epochs_end_where_stamps_have_no_room() {
        assert_eq!(Rounds::of(1).opt_epoch(0, 0), Some(1));
        assert_eq!(Rounds::of(4096).opt_epoch(2, 4095), Some(3 * 4096 + 4095));
        assert_eq!(Rounds::of(4096).opt_epoch(EPOCH_MAX, 0), None);
        assert_eq!(Rounds::of(u64::MAX).opt_epoch(0, 0), None);
    }
}
