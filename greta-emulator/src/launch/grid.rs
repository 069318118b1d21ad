//! Which workgroup starts next, and whether those that run can ever end.
//!
//! Guarantees: no more workgroups run than the device holds at once, and those that do start in the order of the grid. A
//! launch whose workgroups all wait for each other is found to be stuck. Knows nothing of how a workgroup runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::outcome::Outcome;
use super::workgroup::Stopped;
use super::{Launch, product};
use crate::Fault;
use crate::execute::Cause;
use crate::memory::Snapshot;

/// How often all workgroups may be found waiting, one after another, until they count as stuck: some tenths of a second,
/// for what threads of the host write.
const POLLS: u64 = 1 << 13;

/// A launch under way.
pub(super) struct Grid<'a> {
    pub(super) launch: &'a Launch<'a>,
    pub(super) memory: Snapshot,
    pub(super) groups: u64,
    /// Those of them that the device holds at once.
    pub(super) places: u64,
    /// The workgroup that starts next.
    next: AtomicU64,
    /// The first one that does not start any more.
    end: AtomicU64,
    ended: AtomicU64,
    /// The first workgroup that stopped.
    stopped: AtomicU64,
    /// Turns in which a workgroup did something.
    moves: AtomicU64,
    waiting: Mutex<Waiting>,
    is_stuck: AtomicBool,
    pub(super) outcome: Outcome<'a>,
}

/// Workgroups that were found waiting since the last time that one did something.
#[derive(Default)]
struct Waiting {
    moves: u64,
    groups: u64,
    polls: u64,
}

impl<'a> Grid<'a> {
    pub(super) fn new(launch: &'a Launch<'a>, memory: Snapshot) -> Self {
        let groups = if launch.block_threads() == 0 { 0 } else { product(launch.grid) };
        Self {
            launch,
            memory,
            groups,
            places: launch.places().max(1),
            next: AtomicU64::new(0),
            end: AtomicU64::new(groups),
            ended: AtomicU64::new(0),
            stopped: AtomicU64::new(u64::MAX),
            moves: AtomicU64::new(0),
            waiting: Mutex::default(),
            is_stuck: AtomicBool::new(false),
            outcome: Outcome::new(launch),
        }
    }

    /// The next workgroup, if there is a place for it.
    pub(super) fn opt_next(&self) -> Option<u64> {
        let mut next = self.next.load(Ordering::SeqCst);
        while self.has_place(next) {
            match self.next.compare_exchange_weak(next, next + 1, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(index) => return Some(index),
                Err(other) => next = other,
            }
        }
        None
    }

    /// Whether there is a place for the workgroup that was the next one a moment ago.
    fn has_place(&self, next: u64) -> bool {
        // Since then others may have started and ended, even more than had started by then.
        let running = next.saturating_sub(self.ended.load(Ordering::SeqCst));
        next < self.end.load(Ordering::SeqCst) && running < self.places
    }

    /// How often a workgroup did something: what one waits for may have come when this has changed.
    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::SeqCst)
    }

    /// A workgroup did something.
    pub(super) fn moved(&self) {
        self.moves.fetch_add(1, Ordering::SeqCst);
    }

    /// A workgroup ended, or runs no more.
    pub(super) fn left(&self) {
        self.moved();
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    /// A workgroup was found to wait, and did nothing else, since there were so many moves; `marked` is what the last call
    /// for it left. Once all do without a move in between, nothing will ever move.
    pub(super) fn waits(&self, moves: u64, marked: &mut Option<u64>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if moves != self.moves() {
            return;
        }
        if waiting.moves != moves {
            *waiting = Waiting { moves, ..Waiting::default() };
        }
        if *marked != Some(moves) {
            waiting.groups += 1;
            *marked = Some(moves);
        }
        waiting.polls += 1;
        // In this order, as what has ended has started.
        let (ended, next) = (self.ended.load(Ordering::SeqCst), self.next.load(Ordering::SeqCst));
        let is_all = waiting.groups >= next - ended && !self.has_place(next);
        if is_all && waiting.polls >= POLLS {
            self.is_stuck.store(true, Ordering::SeqCst);
        }
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::SeqCst)
    }

    /// Why a workgroup does not end, if all are stuck and none has stopped for another reason.
    pub(super) fn opt_stuck(&self) -> Option<Cause> {
        if !self.is_stuck() || self.stopped.load(Ordering::SeqCst) != u64::MAX {
            return None;
        }
        let (ended, next) = (self.ended.load(Ordering::SeqCst), self.next.load(Ordering::SeqCst));
        Some(Cause::Stuck { waiting: next - ended, ended, unstarted: self.groups - next })
    }

    /// A workgroup stopped. Those that started before may stop earlier in the grid; none need start any more.
    pub(super) fn stop(&self, index: u64, stopped: Stopped) {
        self.end.store(0, Ordering::SeqCst);
        self.stopped.fetch_min(index, Ordering::SeqCst);
        self.outcome.stop(index, stopped);
    }

    /// The emulator could not go on.
    pub(super) fn fail(&self, failure: Fault) {
        self.end.store(0, Ordering::SeqCst);
        self.stopped.store(0, Ordering::SeqCst);
        self.outcome.fail(failure);
    }

    /// Whether a workgroup need not go on, since one before it in the grid stopped.
    pub(super) fn is_superfluous(&self, index: u64) -> bool {
        index > self.stopped.load(Ordering::SeqCst)
    }
}
