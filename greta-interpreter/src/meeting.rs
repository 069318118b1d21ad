//! Where the blocks of a launch wait for each other: the barriers of the grid.
//!
//! A block runs, waits at a barrier or has left. Once none runs, those that wait go on if all are there, at one barrier;
//! otherwise the missing ones would never come, and all stop. So what a launch comes to does not depend on timing where
//! that of each block between two barriers does not. Blocks may be made to run in turn: then everything between two
//! barriers is as if one block ran after another.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Where a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Runs,
    /// At the barrier of this access.
    Waits(u32),
    Left,
}

/// Why nobody goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standstill {
    /// These blocks wait at the barriers of these accesses, and these have left.
    Apart { waiting: Vec<(u32, Vec<u64>)>, left: Vec<u64> },
    /// All blocks are at the barrier of this access, but the count of those that have come is this.
    Miscounted { access: u32, count: u32 },
}

/// The meeting of a launch's blocks.
#[derive(Debug)]
pub(crate) struct Meeting {
    state: Mutex<State>,
    /// Wakes a block: one for each.
    wakes: Vec<Condvar>,
    /// Whether blocks run in turn.
    in_turn: bool,
}

#[derive(Debug)]
struct State {
    places: Vec<Place>,
    running: usize,
    standstill: Option<Standstill>,
}

/// The bits of the count that are zero between barriers.
const COUNT: u32 = 0x7fff_ffff;

impl Meeting {
    pub(crate) fn new(blocks: usize, in_turn: bool) -> Self {
        let state = State { places: vec![Place::Runs; blocks], running: blocks, standstill: None };
        Self { state: Mutex::new(state), wakes: (0..blocks).map(|_| Condvar::new()).collect(), in_turn }
    }

    /// What a block adds to the count of those that have come: all blocks together flip the highest bit.
    pub(crate) fn share(&self, block: u64) -> u32 {
        let others = self.wakes.len() as u32 - 1;
        if block == 0 { (COUNT + 1).wrapping_sub(others) } else { 1 }
    }

    /// A block begins, or goes on: it waits for its turn. Whether it may run.
    pub(crate) fn begin(&self, block: u64) -> bool {
        self.wait_for(self.lock(), block as usize)
    }

    /// A block has come to the barrier of an access, and waits for the others; `count` is the count of those that have
    /// come. Whether it goes on.
    pub(crate) fn wait(&self, block: u64, access: u32, count: impl FnOnce() -> u32) -> bool {
        let mut state = self.lock();
        state.places[block as usize] = Place::Waits(access);
        state.running -= 1;
        if state.running == 0 && state.opt_common() == Some(access) {
            let count = count();
            if count & COUNT != 0 {
                state.standstill = Some(Standstill::Miscounted { access, count });
            } else {
                state.places.fill(Place::Runs);
                state.running = state.places.len();
            }
        }
        self.go_on(&mut state);
        self.wait_for(state, block as usize)
    }

    /// A block has left, at its end or because a rule was broken.
    pub(crate) fn leave(&self, block: u64) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.places[block as usize], Place::Left) == Place::Runs {
            state.running -= 1;
            self.go_on(&mut state);
        }
    }

    /// Why blocks stopped that waited, if they did.
    pub(crate) fn into_standstill(self) -> Option<Standstill> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).standstill
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, mut state: MutexGuard<'_, State>, block: usize) -> bool {
        loop {
            if state.standstill.is_some() {
                return false;
            }
            let is_its_turn = !self.in_turn || state.opt_first_running() == Some(block);
            if state.places[block] == Place::Runs && is_its_turn {
                return true;
            }
            state = self.wakes[block].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wakes those that may go on after a block has stopped to run.
    fn go_on(&self, state: &mut State) {
        if state.running == 0 && state.standstill.is_none() {
            state.standstill = state.opt_apart();
        }
        if state.running > 0 && self.in_turn {
            return state.opt_first_running().into_iter().for_each(|first| self.wakes[first].notify_one());
        }
        // Of blocks that run at once, all go on together or none does.
        if state.running == 0 || state.running == state.places.len() {
            self.wakes.iter().for_each(Condvar::notify_one);
        }
    }
}

impl State {
    fn opt_first_running(&self) -> Option<usize> {
        self.places.iter().position(|place| *place == Place::Runs)
    }

    /// The access of the barrier at which all blocks wait.
    fn opt_common(&self) -> Option<u32> {
        match self.places[0] {
            Place::Waits(access) if self.places.iter().all(|place| *place == self.places[0]) => Some(access),
            _ => None,
        }
    }

    /// Who waits where, if anybody does.
    fn opt_apart(&self) -> Option<Standstill> {
        let (mut waiting, mut left): (Vec<(u32, Vec<u64>)>, Vec<u64>) = Default::default();
        for (block, place) in (0..).zip(&self.places) {
            match *place {
                Place::Waits(access) => match waiting.iter_mut().find(|(other, _)| *other == access) {
                    Some((_, blocks)) => blocks.push(block),
                    None => waiting.push((access, vec![block])),
                },
                Place::Left => left.push(block),
                Place::Runs => {}
            }
        }
        (!waiting.is_empty()).then_some(Standstill::Apart { waiting, left })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Runs blocks, each a sequence of barriers, and notes in which order they were between them.
    fn run(in_turn: bool, blocks: &[&[u32]]) -> (Vec<u64>, Option<Standstill>) {
        let (meeting, count) = (Meeting::new(blocks.len(), in_turn), AtomicU32::new(0));
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (block, barriers) in (0..).zip(blocks) {
                let (meeting, order, count) = (&meeting, &order, &count);
                scope.spawn(move || {
                    let mut runs = meeting.begin(block);
                    for &access in *barriers {
                        if !runs {
                            break;
                        }
                        order.lock().unwrap().push(block);
                        count.fetch_add(meeting.share(block), Ordering::Relaxed);
                        runs = meeting.wait(block, access, || count.load(Ordering::Relaxed));
                    }
                    meeting.leave(block);
                });
            }
        });
        (order.into_inner().unwrap(), meeting.into_standstill())
    }

    #[test]
    fn blocks_in_turn_run_in_order_between_barriers() {
        assert_eq!(run(true, &[&[1, 2], &[1, 2], &[1, 2]]), (vec![0, 1, 2, 0, 1, 2], None));
    }

    #[test]
    fn all_blocks_meet() {
        let (mut order, standstill) = run(false, &[[1; 50].as_slice(); 20]);
        assert_eq!((order.len(), standstill), (1000, None));
        for round in order.chunks_mut(20) {
            round.sort_unstable();
            assert!((0..20).eq(round.iter().copied()), "{round:?}");
        }
    }

    #[test]
    fn who_waits_for_a_block_that_has_left_stops() {
        for in_turn in [false, true] {
            let (_, standstill) = run(in_turn, &[&[1, 2], &[1], &[1, 2]]);
            assert_eq!(standstill, Some(Standstill::Apart { waiting: vec![(2, vec![0, 2])], left: vec![1] }));
        }
    }

    #[test]
    fn barriers_at_different_places_are_none() {
        let (_, standstill) = run(false, &[&[1], &[2], &[1]]);
        assert_eq!(standstill, Some(Standstill::Apart { waiting: vec![(1, vec![0, 2]), (2, vec![1])], left: vec![] }));
    }

    #[test]
    fn a_count_that_did_not_start_at_zero_is_found() {
        let meeting = Meeting::new(1, false);
        assert!(!meeting.wait(0, 3, || 0x8000_0005));
        meeting.leave(0);
        let found = Standstill::Miscounted { access: 3, count: 0x8000_0005 };
        assert_eq!(meeting.into_standstill(), Some(found));
    }
}
