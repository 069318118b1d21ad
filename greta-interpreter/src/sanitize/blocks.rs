//! What the blocks of a launch did to the elements of the buffers that it writes, and whether two of them race.
//!
//! A block comes here when it first reads, writes or atomically updates an element; the rest is the block's own
//! business. Blocks run in parallel: of two that race, at least the later one to come finds the other.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::Touch;
use super::cells::{Rival, Stamp};

/// A number for each element of a range, zero at first. Pages that nobody touches take no memory.
type Column = Box<[AtomicU64]>;

fn column(count: usize) -> Column {
    // Zeroed by the allocator, which need not touch the memory for it.
    let words = Box::into_raw(vec![0_u64; count].into_boxed_slice());
    const { assert!(align_of::<AtomicU64>() == align_of::<u64>()) };
    // SAFETY: an `AtomicU64` is laid out as a `u64`, and nobody else has the box.
    unsafe { Box::from_raw(words as *mut [AtomicU64]) }
}

/// What is remembered of a range of elements. A stamp's epoch is the block's number plus one.
pub(super) struct Blocks {
    write: Column,
    reads: [Column; 2],
    atomics: [Column; 2],
}

impl Blocks {
    /// For `count` elements, of which some are read, or updated, as well as written.
    pub(super) fn new(count: usize, read: bool, updated: bool) -> Self {
        let columns = |wanted: bool| [(); 2].map(|()| column(if wanted { count } else { 0 }));
        Self { write: column(count), reads: columns(read), atomics: columns(updated) }
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
