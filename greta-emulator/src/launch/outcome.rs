//! What the workgroups of a launch leave: gathered from all threads, and in the order of the grid at the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::workgroup::{Stopped, Workgroup};
use super::{Launch, Report, Warning};
use crate::Module;
use crate::count::Count;
use crate::execute::Cause;
use crate::fault::{Fault, Line, Place};
use crate::host::Printed;
use crate::watch::Doubt;

/// Instructions that a fault shows before and after its own.
const NEIGHBOURS: usize = 2;

/// What a launch has left so far.
pub(super) struct Outcome<'a> {
    launch: &'a Launch<'a>,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    instructions: u64,
    count: Option<Count>,
    /// By place in the code, the first workgroup's.
    warnings: BTreeMap<u64, (u64, Warning)>,
    /// By workgroup, of those that printed.
    printed: BTreeMap<u64, Printed>,
    /// The first workgroup that stopped: where and why.
    stop: Option<(u64, Place, Cause)>,
    /// What the emulator itself lacked.
    failure: Option<Fault>,
}

impl<'a> Outcome<'a> {
    pub(super) fn new(launch: &'a Launch<'a>) -> Self {
        Self { launch, left: Mutex::default() }
    }

    /// The launch's result.
    pub(super) fn result(self) -> Result<Report, Fault> {
        let left = self.left.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = left.failure {
            return Err(failure);
        }
        let last = left.stop.as_ref().map_or(u64::MAX, |(index, ..)| *index);
        let mut printed = Printed::default();
        // Whether later workgroups ran at all is a matter of time.
        left.printed.range(..=last).for_each(|(_, text)| printed.extend(text));
        if let Some((_, place, cause)) = left.stop {
            return Err(Fault::Stopped { place: Box::new(place), cause, printed: Box::new(printed) });
        }
        Ok(Report {
            instructions: left.instructions,
            counters: left.count.map(|count| count.finish(self.launch.occupancy())),
            warnings: left.warnings.into_values().map(|(_, warning)| warning).collect(),
            printed,
        })
    }

    /// Takes what a workgroup said that runs no more.
    pub(super) fn add(&self, index: u64, group: &mut Workgroup<'_>) {
        for Doubt { wave, pc, cause } in group.take_doubts() {
            self.warn(index, wave, pc, cause);
        }
        let printed = group.take_printed();
        if !printed.is_empty() {
            self.left().printed.insert(index, printed);
        }
    }

    /// Takes what a worker's workgroups ran and counted.
    pub(super) fn add_work<'g>(&self, instructions: u64, groups: impl Iterator<Item = Workgroup<'g>>) {
        let mut left = self.left();
        left.instructions += instructions;
        for count in groups.filter_map(|mut group| group.take_count()) {
            left.count.get_or_insert_default().join(count);
        }
    }

    /// A workgroup stopped; the first in the grid is kept.
    pub(super) fn stop(&self, index: u64, Stopped { wave, pc, cause }: Stopped) {
        let place = self.place(index, wave, pc, &cause);
        let mut left = self.left();
        if left.stop.as_ref().is_none_or(|(other, ..)| index < *other) {
            left.stop = Some((index, place, cause));
        }
    }

    /// The emulator could not go on.
    pub(super) fn fail(&self, failure: Fault) {
        self.left().failure = Some(failure);
    }

    fn warn(&self, index: u64, wave: usize, pc: u64, cause: Cause) {
        let warning = Warning { place: self.place(index, wave, pc, &cause), cause };
        let mut left = self.left();
        let kept = left.warnings.entry(pc).or_insert_with(|| (index, warning.clone()));
        if index < kept.0 {
            *kept = (index, warning);
        }
    }

    fn place(&self, index: u64, wave: usize, pc: u64, cause: &Cause) -> Place {
        let Launch { module, kernel, .. } = self.launch;
        Place {
            kernel: kernel.metadata.name.clone(),
            workgroup: self.launch.position(index),
            wave,
            lane: cause.lane(),
            pc,
            listing: self.listing(pc),
            source: module.object.source_line(pc),
        }
    }

    /// The instruction at `pc` with those around it.
    fn listing(&self, pc: u64) -> Vec<Line> {
        let Module { object, program, .. } = self.launch.module;
        let start = object.function_start(pc).unwrap_or(self.launch.kernel.entry);
        let mut lines: Vec<Line> = Vec::new();
        for line in program.listing(start, object.text.end) {
            let Ok((offset, instruction)) = line else { break };
            if offset > pc && lines.iter().filter(|line| line.offset > pc).count() == NEIGHBOURS {
                break;
            }
            lines.push(Line { offset, text: instruction.to_string() });
            if offset <= pc && lines.len() > NEIGHBOURS + 1 {
                lines.remove(0);
            }
        }
        if lines.iter().all(|line| line.offset != pc) {
            let text = program.at(pc).map_or_else(|_| "no instruction".to_owned(), ToString::to_string);
            lines = vec![Line { offset: pc, text }];
        }
        lines
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
