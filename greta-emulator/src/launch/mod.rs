//! Launches: a grid of workgroups over a kernel, from its descriptor and arguments to its end.
//!
//! Workgroups start in the order of the grid and run on all cores; the waves of one take turns, so
//! that a launch is deterministic wherever its kernel is. A workgroup that waits for others lets them
//! run, as many as the device holds at once. Of several workgroups that stop, the first in the grid is
//! reported. Knows nothing of streams.

mod arguments;
mod grid;
mod outcome;
mod worker;
mod workgroup;

use std::fmt;

use greta_numerics::Simd;

use crate::count::Counters;
use crate::execute::Cause;
use crate::fault::{Fault, Place};
use crate::host::Printed;
use crate::memory::Memory;
use crate::object::Kernel;
use crate::{COMPUTE_UNITS, Module, Occupancy};
use arguments::Own;
use grid::Grid;

/// Threads of a workgroup, bytes of LDS, bytes of scratch a lane, workgroups: more than gfx942 has
/// are refused.
const BLOCK_LIMIT: u64 = 1024;
const SHARED_LIMIT: u64 = 65536;
const SCRATCH_LIMIT: u64 = 1 << 20;
const GRID_LIMIT: u64 = 1 << 48;

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
    /// Whether all workgroups run at the same time, so that any of them may wait for any other. More than the device holds
    /// at once are refused.
    pub cooperative: bool,
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
    /// A launch, not cooperative, of one workgroup of one wave without dynamic LDS.
    #[must_use]
    pub fn new(module: &'a Module, kernel: &'a Kernel, arguments: &'a [u8]) -> Self {
        let options = Options::default();
        let (grid, block) = ([1; 3], [64, 1, 1]);
        Self { module, kernel, grid, block, dynamic_shared_bytes: 0, cooperative: false, arguments, options }
    }

    fn block_threads(&self) -> u64 {
        product(self.block)
    }

    fn shared_bytes(&self) -> u32 {
        self.kernel.descriptor.shared_bytes.saturating_add(self.dynamic_shared_bytes)
    }

    fn occupancy(&self) -> Occupancy {
        let threads = u32::try_from(self.block_threads()).unwrap_or(u32::MAX);
        self.kernel.occupancy(threads, self.dynamic_shared_bytes)
    }

    /// Workgroups of the grid that the device holds at once.
    fn places(&self) -> u64 {
        let groups = product(self.grid);
        match groups > COMPUTE_UNITS.into() {
            true => groups.min(u64::from(self.occupancy().workgroups) * u64::from(COMPUTE_UNITS)),
            // Each compute unit holds one.
            false => groups,
        }
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
        let (given, limit) = (product(self.grid), self.places());
        if self.cooperative && given > limit {
            let resource = "workgroups at once";
            return Err(Fault::LaunchTooLarge { kernel: kernel.clone(), resource, given, limit });
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
    let grid = Grid::new(launch, memory.snapshot());
    let workers = grid.groups.min(rayon::current_num_threads() as u64).max(1);
    // What a worker's workgroups print goes through memory that is the worker's own.
    let owns: Vec<Own> = (0..workers).map(|_| arguments::place(launch)).collect::<Result<_, _>>()?;
    match <[Own; 1]>::try_from(owns) {
        Ok([own]) => worker::work(&grid, own),
        Err(owns) => rayon::scope(|scope| owns.into_iter().for_each(|own| scope.spawn(|_| worker::work(&grid, own)))),
    }
    grid.outcome.result()
}
