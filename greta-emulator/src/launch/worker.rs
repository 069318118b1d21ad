//! A thread's share of a launch: workgroups one after the other, and those that wait for others in turn.
//!
//! Guarantees: a workgroup stays with the thread that started it. Knows nothing of why a workgroup waits.

use std::cell::OnceCell;
use std::collections::VecDeque;

use super::arguments::{self, Own};
use super::grid::Grid;
use super::workgroup::{Progress, Stopped, Workgroup};
use crate::Fault;
use crate::memory::Allocation;

/// Memory of workgroups beside the first, made when one waits.
type Spare = OnceCell<Box<[OnceCell<Allocation>]>>;

/// Runs workgroups until none is left.
pub(super) fn work(grid: &Grid<'_>, own: Own) {
    let Own { memory, host } = own;
    let spare = Spare::new();
    let free = vec![Workgroup::new(grid.launch, &memory, host, &grid.memory)];
    let mut worker = Worker { grid, free, parked: VecDeque::new(), spare: &spare, used: 0, instructions: 0 };
    worker.run();
    let Worker { instructions, free, parked, .. } = worker;
    grid.outcome.add_work(instructions, free.into_iter().chain(parked.into_iter().map(|parked| parked.group)));
}

struct Worker<'w> {
    grid: &'w Grid<'w>,
    /// What workgroups run in that have ended.
    free: Vec<Workgroup<'w>>,
    /// Those that have not, the one that waits longest first.
    parked: VecDeque<Parked<'w>>,
    spare: &'w Spare,
    /// How many of the spare ones are used.
    used: usize,
    instructions: u64,
}

/// A workgroup between two turns.
struct Parked<'w> {
    index: u64,
    group: Workgroup<'w>,
    /// The wave and the instruction where it was found waiting, if it was.
    opt_waits_at: Option<(usize, u64)>,
    /// The moves of the grid when it was found waiting again.
    marked: Option<u64>,
}

impl<'w> Worker<'w> {
    fn run(&mut self) {
        while let Some(mut parked) = self.opt_next() {
            match self.goes_on(&mut parked).and_then(|goes_on| goes_on.then(|| parked.group.advance()).transpose()) {
                Ok(Some(Progress::Ended { instructions })) => {
                    self.instructions += instructions;
                    self.leave(parked);
                }
                Ok(Some(Progress::Moved)) => self.park(parked, None),
                Ok(Some(Progress::Waits { wave, pc })) => self.park(parked, Some((wave, pc))),
                Ok(None) => {
                    self.parked.push_back(parked);
                    // What it waits for may be another thread's to do.
                    std::thread::yield_now();
                }
                Err(stopped) => {
                    self.grid.stop(parked.index, *stopped);
                    self.leave(parked);
                }
            }
        }
        self.report_stuck();
    }

    /// Whether a workgroup goes on that may have been found waiting when it ran last.
    fn goes_on(&self, parked: &mut Parked<'_>) -> Result<bool, Box<Stopped>> {
        let moves = self.grid.moves();
        if parked.opt_waits_at.is_some() && parked.group.is_waiting()? {
            self.grid.waits(moves, &mut parked.marked);
            return Ok(false);
        }
        // Before it does anything, so that no other thread takes it for one that waits.
        if parked.opt_waits_at.is_some() {
            self.grid.moved();
        }
        Ok(true)
    }

    /// Leaves a workgroup that did something for others.
    fn park(&mut self, mut parked: Parked<'w>, opt_waits_at: Option<(usize, u64)>) {
        self.grid.moved();
        parked.opt_waits_at = opt_waits_at;
        self.parked.push_back(parked);
    }

    /// A workgroup that can go on: a new one if there is a place, or else one of its own.
    fn opt_next(&mut self) -> Option<Parked<'w>> {
        if self.grid.is_stuck() {
            return None;
        }
        if let Some(index) = self.grid.opt_next() {
            match self.group() {
                Ok(mut group) => {
                    group.start(index);
                    return Some(Parked { index, group, opt_waits_at: None, marked: None });
                }
                Err(failure) => {
                    self.grid.fail(failure);
                    self.grid.left();
                }
            }
        }
        loop {
            let parked = self.parked.pop_front()?;
            if !self.grid.is_superfluous(parked.index) {
                return Some(parked);
            }
            self.leave(parked);
        }
    }

    /// What a workgroup can run in.
    fn group(&mut self) -> Result<Workgroup<'w>, Fault> {
        if let Some(group) = self.free.pop() {
            return Ok(group);
        }
        let Grid { launch, memory, places, .. } = self.grid;
        let spare = self.spare.get_or_init(|| (0..*places).map(|_| OnceCell::new()).collect());
        let Own { memory: own, host } = arguments::place(launch)?;
        let own = spare[self.used].get_or_init(|| own);
        self.used += 1;
        Ok(Workgroup::new(launch, own, host, memory))
    }

    /// Takes what a workgroup left that runs no more.
    fn leave(&mut self, Parked { index, mut group, .. }: Parked<'w>) {
        self.grid.outcome.add(index, &mut group);
        self.grid.left();
        self.free.push(group);
    }

    /// Stops the first of its own workgroups, if all are stuck.
    fn report_stuck(&self) {
        let first = self.parked.iter().min_by_key(|parked| parked.index);
        if let Some((parked, cause)) = first.zip(self.grid.opt_stuck()) {
            let (wave, pc) = parked.opt_waits_at.unwrap_or_default();
            self.grid.outcome.stop(parked.index, Stopped { wave, pc, cause });
        }
    }
}
