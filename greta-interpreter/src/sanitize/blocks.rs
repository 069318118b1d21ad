//! What the blocks of a launch did to the elements of the buffers that it writes, and whether two of them race.
//!
//! A block comes here when it first reads, writes or atomically updates an element; the rest is the block's own
//! business. Blocks run in parallel: of two that race, at least the later one to come finds the other.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::Touch;
use super::cells::{Rival, Stamp};
use super::zeroed::opt_zeroed;

/// A number for each element of a range, zero at first.
type Column = Box<[AtomicU64]>;

/// What is remembered of a range of elements. A stamp's epoch is the block's number plus one.
pub(super) struct Blocks {
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
    pub(super) fn new(count: usize, read: bool, updated: bool) -> Result<Self, u128> {
        let columns = 1 + 2 * u128::from(read) + 2 * u128::from(updated);
        let bytes = count as u128 * columns * size_of::<AtomicU64>() as u128;
        let column = |wanted: bool| opt_zeroed(if wanted { count } else { 0 }).ok_or(bytes);
        let write = column(true)?;
        Ok(Self { write, reads: [column(read)?, column(read)?], atomics: [column(updated)?, column(updated)?] })
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
        let mut rival = is_rival(write, now).then_some(Rival { touch: Touch::Write, stamp: write });
        if touch != Touch::Read {
            rival = rival.or_else(|| opt_rival(&self.reads, index, now, Touch::Read));
        }
        if touch != Touch::Atomic {
            rival = rival.or_else(|| opt_rival(&self.atomics, index, now, Touch::Atomic));
        }
        rival
    }

    /// Adds a block to those of which two are kept; the last write.
    fn note(&self, columns: &[Column; 2], index: usize, now: Stamp) -> Stamp {
        let first = columns[0][index].compare_exchange(0, now.0, SeqCst, SeqCst).unwrap_or_else(|first| first);
        if is_rival(Stamp(first), now) {
            // Whether this block or an earlier one is the second does not matter.
            let _ = columns[1][index].compare_exchange(0, now.0, SeqCst, SeqCst);
        }
        Stamp(self.write[index].load(SeqCst))
    }
}

fn is_rival(stamp: Stamp, now: Stamp) -> bool {
    stamp.epoch() != 0 && stamp.epoch() != now.epoch()
}

fn opt_rival(columns: &[Column; 2], index: usize, now: Stamp, touch: Touch) -> Option<Rival> {
    let found = columns.iter().filter(|column| !column.is_empty()).map(|column| column[index].load(SeqCst));
    found.map(Stamp).find(|stamp| is_rival(*stamp, now)).map(|stamp| Rival { touch, stamp })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_no_machine_can_watch_says_what_it_takes() {
        assert_eq!(Blocks::new(usize::MAX / 4, true, false).err(), Some((usize::MAX / 4) as u128 * 24));
        assert_eq!(Blocks::new(7, true, true).unwrap().len(), 7);
    }
}
