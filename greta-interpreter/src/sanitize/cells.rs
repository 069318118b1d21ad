//! What the threads of one block did to elements since the last barrier, and whether two of them race.
//!
//! Each element has the last write, two reads and two atomic updates, of different threads where there are two: enough
//! to know whether another thread than a given one was there. Nothing is cleared at a barrier or between blocks: an
//! epoch that only grows tells what is old.

use super::Touch;

const SITE_BITS: u32 = 18;
const THREAD_BITS: u32 = 10;

/// Sites that a program may have.
pub(super) const SITES_MAX: usize = 1 << SITE_BITS;
/// Threads that a block may have.
pub(super) const THREADS_MAX: u32 = 1 << THREAD_BITS;
/// The largest epoch, or number of a block.
pub(super) const EPOCH_MAX: u64 = (1 << (u64::BITS - SITE_BITS - THREAD_BITS)) - 1;

/// When an element was touched, by which thread, at which site, in one word. All zeros: never; epochs start at 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Stamp(pub(super) u64);

impl Stamp {
    #[inline(always)]
    pub(super) fn new(epoch: u64, thread: u32, site: u32) -> Self {
        Self(epoch << (SITE_BITS + THREAD_BITS) | u64::from(thread) << SITE_BITS | u64::from(site))
    }

    #[inline(always)]
    pub(super) fn epoch(self) -> u64 {
        self.0 >> (SITE_BITS + THREAD_BITS)
    }

    pub(super) fn thread(self) -> u32 {
        (self.0 >> SITE_BITS) as u32 & (THREADS_MAX - 1)
    }

    pub(super) fn site(self) -> u32 {
        self.0 as u32 & (SITES_MAX as u32 - 1)
    }

    /// Whether both are of one epoch.
    #[inline(always)]
    fn meets(self, other: Self) -> bool {
        (self.0 ^ other.0) >> (SITE_BITS + THREAD_BITS) == 0
    }

    /// Whether both are of one epoch and of different threads.
    #[inline(always)]
    fn is_rival(self, other: Self) -> bool {
        let difference = (self.0 ^ other.0) >> SITE_BITS;
        difference.wrapping_sub(1) < u64::from(THREADS_MAX) - 1
    }
}

/// An earlier touch that the present one races with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rival {
    pub(super) touch: Touch,
    pub(super) stamp: Stamp,
}

/// What is remembered of a number of elements.
#[derive(Debug)]
pub(super) struct Cells {
    write: Box<[Stamp]>,
    reads: [Box<[Stamp]>; 2],
    atomics: [Box<[Stamp]>; 2],
}

impl Cells {
    pub(super) fn new(count: usize) -> Self {
        let column = || vec![Stamp::default(); count].into_boxed_slice();
        Self { write: column(), reads: [column(), column()], atomics: [column(), column()] }
    }

    /// Whether somebody has written the element in or after an epoch.
    #[inline(always)]
    pub(super) fn is_written_since(&self, index: usize, epoch: u64) -> bool {
        self.write[index].epoch() >= epoch || self.atomics[0][index].epoch() >= epoch
    }

    /// The epoch of the last touch of a kind.
    #[inline(always)]
    pub(super) fn last(&self, index: usize, touch: Touch) -> u64 {
        match touch {
            Touch::Read => self.reads[0][index].epoch(),
            Touch::Write => self.write[index].epoch(),
            Touch::Atomic => self.atomics[0][index].epoch(),
        }
    }

    /// Notes a touch; the earlier one that it races with, if there is one.
    #[inline(always)]
    pub(super) fn touch(&mut self, index: usize, touch: Touch, now: Stamp) -> Option<Rival> {
        let write = self.write[index];
        let mut rival = write.is_rival(now).then_some(Rival { touch: Touch::Write, stamp: write });
        if touch != Touch::Read {
            rival = rival.or_else(|| opt_rival(&self.reads, index, now, Touch::Read));
        }
        if touch != Touch::Atomic {
            rival = rival.or_else(|| opt_rival(&self.atomics, index, now, Touch::Atomic));
        }
        match touch {
            Touch::Write => self.write[index] = now,
            Touch::Read => note(&mut self.reads, index, now),
            Touch::Atomic => note(&mut self.atomics, index, now),
        }
        rival
    }
}

#[inline(always)]
fn opt_rival(columns: &[Box<[Stamp]>; 2], index: usize, now: Stamp, touch: Touch) -> Option<Rival> {
    let first = columns[0][index];
    if !first.meets(now) {
        return None;
    }
    let stamp = if first.is_rival(now) { first } else { columns[1][index] };
    stamp.is_rival(now).then_some(Rival { touch, stamp })
}

#[inline(always)]
fn note(columns: &mut [Box<[Stamp]>; 2], index: usize, now: Stamp) {
    let first = columns[0][index];
    if !first.meets(now) {
        columns[0][index] = now;
    } else if first.is_rival(now) {
        columns[1][index] = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rival of the last of some touches: epoch, thread, kind. The site is the position, from 1.
    fn rival(touches: &[(u64, u32, Touch)]) -> Option<(u32, Touch)> {
        let mut cells = Cells::new(1);
        let mut last = None;
        for (site, &(epoch, thread, touch)) in (1..).zip(touches) {
            last = cells.touch(0, touch, Stamp::new(epoch, thread, site));
        }
        last.map(|rival| (rival.stamp.site(), rival.touch))
    }

    #[test]
    fn a_stamp_keeps_its_parts() {
        let stamp = Stamp::new(EPOCH_MAX, THREADS_MAX - 1, SITES_MAX as u32 - 1);
        assert_eq!((stamp.epoch(), stamp.thread(), stamp.site()), (EPOCH_MAX, 1023, SITES_MAX as u32 - 1));
    }

    #[test]
    fn threads_race_in_one_epoch_if_one_of_them_writes() {
        use Touch::{Atomic, Read, Write};
        assert_eq!(rival(&[(1, 0, Write), (1, 1, Read)]), Some((1, Write)));
        assert_eq!(rival(&[(1, 0, Read), (1, 1, Write)]), Some((1, Read)));
        assert_eq!(rival(&[(1, 0, Write), (1, 1, Write)]), Some((1, Write)));
        assert_eq!(rival(&[(1, 0, Read), (1, 1, Read)]), None);
        assert_eq!(rival(&[(1, 0, Write), (2, 1, Read)]), None);
        assert_eq!(rival(&[(1, 0, Write), (1, 0, Read)]), None);
        // The writer was the first reader too; the second reader counts.
        assert_eq!(rival(&[(1, 0, Read), (1, 1, Read), (1, 0, Write)]), Some((2, Read)));
        assert_eq!(rival(&[(1, 0, Atomic), (1, 1, Atomic)]), None);
        assert_eq!(rival(&[(1, 0, Atomic), (1, 1, Read)]), Some((1, Atomic)));
        assert_eq!(rival(&[(1, 0, Read), (1, 1, Atomic)]), Some((1, Read)));
        assert_eq!(rival(&[(1, 0, Write), (1, 1, Atomic)]), Some((1, Write)));
        assert_eq!(rival(&[(1, 0, Atomic), (1, 1, Atomic), (1, 0, Write)]), Some((2, Atomic)));
    }
}
