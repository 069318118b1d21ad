//! The asynchronous copies of one block: to which elements of shared memory they were begun, and since when their
//! threads have waited for them. The interpreter copies at once; a device may do so any time before the wait returns.

use super::cells::Stamp;
use crate::frame::{Frame, Handler, Inst, LANES};
use crate::level::{Body, Level};

/// What a thread calls beside the copies themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyCall {
    /// The copies since the last call are a group.
    Commit,
    /// At most so many groups, the last, are under way from now on.
    Wait(u32),
}

impl CopyCall {
    /// Groups that need not have arrived.
    pub(crate) fn groups(self) -> u32 {
        match self {
            Self::Commit => 0,
            Self::Wait(groups) => groups,
        }
    }
}

/// The handler of a call. `Inst::extra` is its number of groups.
pub(crate) fn copies(level: Level, call: CopyCall) -> Handler {
    match call {
        CopyCall::Commit => level.handler::<Call<true>>(),
        CopyCall::Wait(_) => level.handler::<Call<false>>(),
    }
}

/// How far a copy has come, as one thread may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is none, or it has arrived.
    Arrived,
    /// Its thread has not waited for it.
    UnderWay(Stamp),
    /// Its thread, another one, has waited for it, but there was no barrier since.
    Unordered(Stamp),
}

/// A copy and its group, counted per thread. Its stamp is all zeros if there is none.
#[derive(Clone, Copy, Debug, Default)]
struct Begun {
    stamp: Stamp,
    group: u32,
}

/// The groups of one thread's copies.
#[derive(Clone, Debug, Default)]
struct Groups {
    committed: u32,
    /// When the thread waited for each group, as far as it has.
    waited: Vec<u64>,
}

/// What is remembered of the copies to a number of elements by a number of threads.
#[derive(Debug)]
pub(super) struct Copies {
    begun: Box<[Begun]>,
    threads: Box<[Groups]>,
}

impl Copies {
    pub(super) fn new(elements: usize, threads: usize) -> Self {
        Self { begun: vec![Begun::default(); elements].into(), threads: vec![Groups::default(); threads].into() }
    }

    /// Another block starts: the copies of earlier ones are told by their epochs.
    pub(super) fn start(&mut self) {
        for groups in &mut self.threads {
            groups.committed = 0;
            groups.waited.clear();
        }
    }

    /// A thread begins a copy to an element, or stores to it if `asynchronous` is not set.
    #[inline(always)]
    pub(super) fn store(&mut self, index: usize, now: Stamp, asynchronous: bool) {
        let Some(begun) = self.begun.get_mut(index) else { return };
        *begun = Begun::default();
        if asynchronous {
            *begun = Begun { stamp: now, group: self.threads[now.thread() as usize].committed };
        }
    }

    /// How far the last copy to an element has come. The block's first epoch is `first`.
    #[inline(always)]
    pub(super) fn progress(&self, index: usize, now: Stamp, first: u64) -> Progress {
        let Some(begun) = self.begun.get(index).filter(|begun| begun.stamp.epoch() >= first) else {
            return Progress::Arrived;
        };
        let thread = begun.stamp.thread();
        match self.threads[thread as usize].waited.get(begun.group as usize) {
            None => Progress::UnderWay(begun.stamp),
            Some(epoch) if *epoch == now.epoch() && thread != now.thread() => Progress::Unordered(begun.stamp),
            Some(_) => Progress::Arrived,
        }
    }

    fn commit(&mut self, thread: usize) {
        self.threads[thread].committed += 1;
    }

    fn wait(&mut self, thread: usize, groups: u32, epoch: u64) {
        let Groups { committed, waited } = &mut self.threads[thread];
        let arrived = committed.saturating_sub(groups) as usize;
        waited.resize(arrived.max(waited.len()), epoch);
    }
}

struct Call<const COMMIT: bool>;

impl<const COMMIT: bool> Body for Call<COMMIT> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        for wave in 0..frame.waves {
            // SAFETY: there is a current mask for each wave.
            let mask = unsafe { *frame.masks.add(wave) };
            let session = frame.session();
            let epoch = session.epoch;
            let Some(copies) = &mut session.copies else { return false };
            for thread in (0..LANES).filter(|lane| mask >> lane & 1 != 0).map(|lane| wave * LANES + lane) {
                if COMMIT {
                    copies.commit(thread);
                } else {
                    copies.wait(thread, inst.extra, epoch);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_arrived_once_its_group_was_waited_for_and_others_have_met_its_thread() {
        let (mut copies, first) = (Copies::new(2, 2), Stamp::new(1, 0, 5));
        let second = Stamp::new(1, 0, 6);
        copies.store(0, first, true);
        copies.commit(0);
        copies.store(1, second, true);
        copies.commit(0);
        copies.wait(0, 1, 2);
        let seen = |copies: &Copies, epoch: u64, thread: u32| {
            [0, 1].map(|index| copies.progress(index, Stamp::new(epoch, thread, 7), 1))
        };
        assert_eq!(seen(&copies, 2, 0), [Progress::Arrived, Progress::UnderWay(second)]);
        assert_eq!(seen(&copies, 2, 1), [Progress::Unordered(first), Progress::UnderWay(second)]);
        assert_eq!(seen(&copies, 3, 1), [Progress::Arrived, Progress::UnderWay(second)]);
        copies.wait(0, 0, 3);
        assert_eq!(seen(&copies, 4, 1), [Progress::Arrived; 2]);
        copies.store(0, first, true);
        assert_eq!(copies.progress(0, Stamp::new(9, 1, 7), 9), Progress::Arrived, "the copy of an earlier block");
        copies.store(0, Stamp::new(9, 1, 7), false);
        assert_eq!(seen(&copies, 4, 1), [Progress::Arrived; 2]);
    }
}
