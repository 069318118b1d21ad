//! Launches: a grid of workgroups over a kernel, from its descriptor and arguments to its end.
//!
//! Workgroups start in the order of the grid and run on all cores; the waves of one take turns, so
//! that a launch is deterministic wherever its kernel is. Of several workgroups that stop, the first
//! in the grid is reported. Knows nothing of streams.

mod arguments;
mod workgroup;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use greta_numerics::Simd;

use crate::Module;
use crate::count::{Count, Counters};
use crate::execute::Cause;
use crate::fault::{Fault, Line, Place};
use crate::host::Printed;
use crate::memory::{Memory, Snapshot};
use crate::object::Kernel;
use crate::watch::Doubt;
use arguments::Own;
use workgroup::Workgroup;

/// Threads of a workgroup, bytes of LDS, bytes of scratch a lane, workgroups: more than gfx942 has
/// are refused.
const BLOCK_LIMIT: u64 = 1024;
const SHARED_LIMIT: u64 = 65536;
const SCRATCH_LIMIT: u64 = 1 << 20;
const GRID_LIMIT: u64 = 1 << 48;
/// Instructions that a fault shows before and after its own.
const NEIGHBOURS: usize = 2;

/// A kernel to run, and over what.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The object, in memory.
    pub module: &'a Module,
    /// One of its kernels.
    pub kernel: &'a Kernel,
    /// Workgroups.
    pub grid: [u32; 3],
    /// Work-items of a workgroup.
    pub block: [u32; 3],
    /// LDS beyond what the kernel's descriptor asks for.
    pub dynamic_shared_bytes: u32,
    /// The explicit arguments as they are in memory. Hidden ones are added.
    pub arguments: &'a [u8],
    /// How to run it.
    pub options: Options,
}

/// How a launch runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Instructions that a wave may run before it counts as endless.
    pub budget: u64,
    /// Whether to look for what the hardware does not tell: registers whose load is outstanding, missing
    /// wait states, races for LDS, barriers that a wave never reaches, and reads of what was never
    /// written. Takes several times as long.
    pub checks: bool,
    /// Whether to count what the launch asks of the hardware. Takes several times as long.
    pub counters: bool,
    /// Host instructions to use. All give the same bits.
    pub simd: Simd,
}

impl Default for Options {
    /// A budget of 2^30, which is some ten seconds of a wave, no checks, no counters, and the best instructions of the host.
    fn default() -> Self {
        Self { budget: 1 << 30, checks: false, counters: false, simd: Simd::best() }
    }
}

impl<'a> Launch<'a> {
    /// A launch of one workgroup of one wave without dynamic LDS.
    #[must_use]
    pub fn new(module: &'a Module, kernel: &'a Kernel, arguments: &'a [u8]) -> Self {
        let options = Options::default();
        Self { module, kernel, grid: [1; 3], block: [64, 1, 1], dynamic_shared_bytes: 0, arguments, options }
    }

    fn block_threads(&self) -> u64 {
        product(self.block)
    }

    fn shared_bytes(&self) -> u32 {
        self.kernel.descriptor.shared_bytes.saturating_add(self.dynamic_shared_bytes)
    }

    fn position(&self, index: u64) -> [u32; 3] {
        let [x, y, _] = self.grid.map(|size| u64::from(size).max(1));
        [(index % x) as u32, (index / x % y) as u32, (index / x / y) as u32]
    }

    fn check(&self) -> Result<(), Fault> {
        let kernel = &self.kernel.metadata.name;
        for (resource, given, limit) in [
            ("threads a workgroup", self.block_threads(), BLOCK_LIMIT),
            ("bytes of LDS", u64::from(self.shared_bytes()), SHARED_LIMIT),
            ("bytes of scratch a lane", u64::from(self.kernel.descriptor.private_bytes), SCRATCH_LIMIT),
            ("workgroups", product(self.grid), GRID_LIMIT),
        ] {
            if given > limit {
                return Err(Fault::LaunchTooLarge { kernel: kernel.clone(), resource, given, limit });
            }
        }
        Ok(())
    }
}

fn product(sizes: [u32; 3]) -> u64 {
    sizes.iter().fold(1, |product: u64, &size| product.saturating_mul(u64::from(size)))
}

/// What a launch did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Instructions that its waves ran.
    pub instructions: u64,
    /// What was counted, if it was asked for.
    pub counters: Option<Counters>,
    /// What checks found doubtful, each place in the code once, in the order of the code.
    pub warnings: Vec<Warning>,
    /// What it printed, workgroup after workgroup.
    pub printed: Printed,
}

/// Something that is no fault on the hardware and yet probably wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What.
    pub cause: Cause,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.cause)?;
        self.place.source.as_ref().map_or(Ok(()), |line| write!(f, ", at {line}"))
    }
}

/// Runs a launch to its end.
///
/// # Errors
/// Where and why a wave stopped, or what the launch has too much of. When a wave stopped, others may
/// have written memory.
pub fn launch(memory: &Memory, launch: &Launch<'_>) -> Result<Report, Fault> {
    launch.check()?;
    let groups = if launch.block_threads() == 0 { 0 } else { product(launch.grid) };
    let workers = groups.min(rayon::current_num_threads() as u64).max(1);
    // What a worker's workgroups print goes through memory that is the worker's own.
    let owns: Vec<Own> = (0..workers).map(|_| arguments::place(launch)).collect::<Result<_, _>>()?;
    let grid = Grid { launch, memory: memory.snapshot(), groups, next: AtomicU64::new(0), outcome: Mutex::default() };
    match <[Own; 1]>::try_from(owns) {
        Ok([own]) => grid.work(own),
        Err(owns) => rayon::scope(|scope| owns.into_iter().for_each(|own| scope.spawn(|_| grid.work(own)))),
    }
    let outcome = grid.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.result(launch)
}

/// A launch under way.
struct Grid<'a> {
    launch: &'a Launch<'a>,
    memory: Snapshot,
    groups: u64,
    /// The workgroup that starts next.
    next: AtomicU64,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    instructions: u64,
    count: Option<Count>,
    /// By place in the code, the first workgroup's.
    warnings: BTreeMap<u64, (u64, Warning)>,
    /// By workgroup, of those that printed.
    printed: BTreeMap<u64, Printed>,
    /// The first workgroup that stopped: where and why.
    stop: Option<(u64, Place, Cause)>,
}

impl Outcome {
    fn result(self, launch: &Launch<'_>) -> Result<Report, Fault> {
        let last = self.stop.as_ref().map_or(u64::MAX, |(index, ..)| *index);
        let mut printed = Printed::default();
        // Whether later workgroups ran at all is a matter of time.
        self.printed.range(..=last).for_each(|(_, text)| printed.extend(text));
        if let Some((_, place, cause)) = self.stop {
            return Err(Fault::Stopped { place: Box::new(place), cause, printed: Box::new(printed) });
        }
        let occupancy = || launch.kernel.occupancy(launch.block_threads() as u32, launch.dynamic_shared_bytes);
        Ok(Report {
            instructions: self.instructions,
            counters: self.count.map(|count| count.finish(occupancy())),
            warnings: self.warnings.into_values().map(|(_, warning)| warning).collect(),
            printed,
        })
    }
}

impl Grid<'_> {
    /// Runs workgroups until none is left.
    fn work(&self, own: Own) {
        let Own { memory, host } = own;
        let mut group = Workgroup::new(self.launch, &memory, host, &self.memory);
        let mut instructions = 0;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.groups {
                break;
            }
            let result = group.run(index);
            for Doubt { wave, pc, cause } in group.take_doubts() {
                self.warn(index, wave, pc, cause);
            }
            let printed = group.take_printed();
            if !printed.is_empty() {
                self.outcome().printed.insert(index, printed);
            }
            match result {
                Ok(count) => instructions += count,
                Err(stopped) => {
                    // Those that started before may stop earlier in the grid; none need start any more.
                    self.next.fetch_max(self.groups, Ordering::Relaxed);
                    self.stop(index, *stopped);
                }
            }
        }
        let mut outcome = self.outcome();
        outcome.instructions += instructions;
        if let Some(count) = group.take_count() {
            outcome.count.get_or_insert_default().join(count);
        }
    }

    fn stop(&self, index: u64, workgroup::Stopped { wave, pc, cause }: workgroup::Stopped) {
        let place = self.place(index, wave, pc, &cause);
        let mut outcome = self.outcome();
        if outcome.stop.as_ref().is_none_or(|(other, ..)| index < *other) {
            outcome.stop = Some((index, place, cause));
        }
    }

    fn warn(&self, index: u64, wave: usize, pc: u64, cause: Cause) {
        let warning = Warning { place: self.place(index, wave, pc, &cause), cause };
        let mut outcome = self.outcome();
        let kept = outcome.warnings.entry(pc).or_insert_with(|| (index, warning.clone()));
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

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
