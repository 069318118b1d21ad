//! Launches: a grid of workgroups over a kernel, from its descriptor and arguments to its end.
//!
//! Workgroups run on all cores, the waves of one in turn between barriers, so that a launch is
//! deterministic wherever its kernel is. Of several workgroups that stop, the first in the grid is
//! reported. Layouts of arguments and packets are those of LLVM's AMDGPU usage guide.

use std::sync::atomic::{AtomicU64, Ordering};

use greta_numerics::Simd;
use rayon::prelude::*;

use crate::Program;
use crate::execute::{Cause, Group, LANES, Status, Stop, Wave, check_mode, run};
use crate::memory::{Allocation, Memory, View};
use crate::object::{Argument, ArgumentKind, Kernel, UserSgprs};

/// Where a launch's arguments and packet are.
const ARGUMENTS_ADDRESS: u64 = 0x6000_0000_0000;
/// Bytes of the dispatch packet, of the queue's record and of hidden arguments.
const PACKET_BYTES: u64 = 256;
const QUEUE_BYTES: u64 = 256;
/// Code that loads the arguments itself comes before code that has them preloaded.
const PRELOADED_ENTRY_BYTES: u64 = 256;
/// LDS is given out in pieces of this size.
const SHARED_GRANULE: u32 = 512;
/// What most launches may do: some seconds of a wave.
const BUDGET: u64 = 1 << 32;

/// A kernel to run, and over what.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// The code of its object.
    pub program: &'a Program,
    /// Where the object's image is in memory.
    pub image_address: u64,
    /// Workgroups.
    pub grid: [u32; 3],
    /// Work-items of a workgroup.
    pub block: [u32; 3],
    /// LDS beyond what the kernel's descriptor asks for.
    pub dynamic_shared_bytes: u32,
    /// The explicit arguments as they are in memory.
    pub arguments: &'a [u8],
    /// Instructions that a wave may run.
    pub budget: u64,
    /// Host instructions to use.
    pub simd: Simd,
}

impl<'a> Launch<'a> {
    /// A launch without dynamic LDS, with the default budget, on the best instructions of the host.
    #[must_use]
    pub fn new(kernel: &'a Kernel, program: &'a Program, image_address: u64, arguments: &'a [u8]) -> Self {
        Self {
            kernel,
            program,
            image_address,
            grid: [1; 3],
            block: [64, 1, 1],
            dynamic_shared_bytes: 0,
            arguments,
            budget: BUDGET,
            simd: Simd::best(),
        }
    }

    fn block_threads(&self) -> u64 {
        self.block.iter().fold(1, |threads: u64, &size| threads.saturating_mul(u64::from(size)))
    }

    fn shared_bytes(&self) -> u32 {
        self.kernel.descriptor.shared_bytes.saturating_add(self.dynamic_shared_bytes)
    }
}

/// What a launch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Instructions that its waves ran.
    pub instructions: u64,
}

/// Runs a launch to its end.
///
/// # Errors
/// Where and why a wave stopped. Other workgroups may have written memory.
pub fn launch(memory: &Memory, launch: &Launch<'_>) -> Result<Statistics, Box<Stop>> {
    let own =
        arguments(launch).ok_or_else(|| Box::new(stop(launch, 0, 0, launch.kernel.entry, Cause::Unimplemented)))?;
    let count = launch.grid.iter().fold(1, |groups: u64, &size| groups.saturating_mul(u64::from(size)));
    for (resource, given, limit) in [
        ("threads a workgroup", launch.block_threads(), 1024),
        ("bytes of LDS", u64::from(launch.shared_bytes()), 65536),
        ("bytes of scratch a lane", u64::from(launch.kernel.descriptor.private_bytes), 1 << 20),
        ("workgroups", count, 1 << 48),
    ] {
        if given > limit {
            let cause = Cause::LaunchTooLarge { resource, given, limit };
            return Err(Box::new(stop(launch, 0, 0, launch.kernel.entry, cause)));
        }
    }
    if launch.block_threads() == 0 {
        return Ok(Statistics::default());
    }
    let first_stopped = AtomicU64::new(u64::MAX);
    let outcome = |index: u64| {
        if index > first_stopped.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let result = run_workgroup(memory, &own, launch, index);
        if result.is_err() {
            first_stopped.fetch_min(index, Ordering::Relaxed);
        }
        result.map_err(|error| (index, error))
    };
    let merge = |a: Result<u64, (u64, Box<Stop>)>, b: Result<u64, (u64, Box<Stop>)>| match (a, b) {
        (Ok(a), Ok(b)) => Ok(a + b),
        (Err(a), Err(b)) => Err(if a.0 <= b.0 { a } else { b }),
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let instructions = (0..count).into_par_iter().map(outcome).reduce(|| Ok(0), merge);
    instructions.map(|instructions| Statistics { instructions }).map_err(|(_, stop)| stop)
}

fn workgroup_position(launch: &Launch<'_>, index: u64) -> [u32; 3] {
    let [x, y, _] = launch.grid.map(|size| u64::from(size).max(1));
    [(index % x) as u32, (index / x % y) as u32, (index / x / y) as u32]
}

fn stop(launch: &Launch<'_>, index: u64, wave: usize, pc: u64, cause: Cause) -> Stop {
    Stop {
        kernel: launch.kernel.metadata.name.clone(),
        workgroup: workgroup_position(launch, index),
        wave,
        pc,
        instruction: launch.program.at(pc).map_or_else(|_| "no instruction".to_owned(), ToString::to_string),
        cause,
    }
}

/// Runs one workgroup and returns how many instructions its waves ran.
fn run_workgroup(memory: &Memory, own: &Allocation, launch: &Launch<'_>, index: u64) -> Result<u64, Box<Stop>> {
    let failed = |wave: usize, (pc, cause): (u64, Cause)| Box::new(stop(launch, index, wave, pc, cause));
    let shared_bytes = launch.shared_bytes().next_multiple_of(SHARED_GRANULE) as usize;
    let mut group = Group { view: View::new(memory, own), shared: vec![0; shared_bytes], base: launch.image_address };
    let count = launch.block_threads().div_ceil(LANES as u64) as usize;
    let mut waves = Vec::with_capacity(count);
    for number in 0..count {
        let wave = start_wave(launch, own, workgroup_position(launch, index), number);
        waves.push(wave.map_err(|cause| failed(number, (launch.kernel.entry, cause)))?);
    }
    loop {
        for (number, wave) in waves.iter_mut().enumerate() {
            run(wave, &mut group, launch.program, launch.simd, launch.budget).map_err(|stop| failed(number, stop))?;
        }
        // Waves that ended no longer count for a barrier.
        let waiting = waves.iter_mut().filter(|wave| wave.status == Status::AtBarrier);
        let released = waiting.map(|wave| wave.status = Status::Running).count();
        if released == 0 {
            return Ok(waves.iter().map(|wave| wave.instructions).sum());
        }
    }
}

/// A wave as the hardware starts it.
fn start_wave(launch: &Launch<'_>, own: &Allocation, workgroup: [u32; 3], number: usize) -> Result<Wave, Cause> {
    let descriptor = &launch.kernel.descriptor;
    // A stack of unknown size gets what a lane may have by default.
    let scratch_bytes = descriptor.private_bytes + if descriptor.dynamic_stack() { 16384 } else { 0 };
    let mut wave = Wave::new(descriptor.accumulator_offset() as usize, scratch_bytes as usize);
    wave.mode = u32::from(descriptor.float_mode());
    check_mode(wave.mode)?;
    wave.pc = launch.kernel.entry;
    let next = start_scalars(launch, own, &mut wave);
    let first = next.max(descriptor.user_sgpr_count() as usize);
    let ids = workgroup.into_iter().zip(descriptor.workgroup_ids()).filter(|(_, is_enabled)| *is_enabled);
    for (register, (id, _)) in (first..).zip(ids) {
        wave.scalars[register & 127] = id;
    }
    let [x, y, _] = launch.block.map(|size| u64::from(size).max(1));
    let mut exec = 0;
    for lane in 0..LANES {
        let item = (number * LANES + lane) as u64;
        if item < launch.block_threads() {
            exec |= 1 << lane;
            wave.vectors[0][lane] = ((item % x) | ((item / x % y) << 10) | (item / x / y) << 20) as u32;
        }
    }
    wave.set_exec(exec);
    Ok(wave)
}

/// Sets the user registers and returns how many.
fn start_scalars(launch: &Launch<'_>, own: &Allocation, wave: &mut Wave) -> usize {
    let kernarg = own.address() + PACKET_BYTES + QUEUE_BYTES;
    let mut next = 0;
    let mut put = |wave: &mut Wave, values: &[u32]| {
        for &value in values {
            wave.scalars[next & 127] = value;
            next += 1;
        }
    };
    let pair = |value: u64| [value as u32, (value >> 32) as u32];
    for user in launch.kernel.descriptor.user_sgprs() {
        match user {
            UserSgprs::PrivateSegmentBuffer => put(wave, &[0; 4]),
            UserSgprs::DispatchPointer => put(wave, &pair(own.address())),
            UserSgprs::QueuePointer => put(wave, &pair(own.address() + PACKET_BYTES)),
            UserSgprs::KernargPointer => put(wave, &pair(kernarg)),
            UserSgprs::DispatchId | UserSgprs::FlatScratchInit => put(wave, &[0; 2]),
            UserSgprs::PrivateSegmentSize => put(wave, &[launch.kernel.descriptor.private_bytes]),
            UserSgprs::Kernarg { offset, count } => {
                for index in usize::from(offset)..usize::from(offset) + usize::from(count) {
                    let bytes = launch.arguments.get(index * 4..).unwrap_or_default();
                    let word = bytes.iter().take(4).rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
                    put(wave, &[word]);
                }
                wave.pc = launch.kernel.entry + if count > 0 { PRELOADED_ENTRY_BYTES } else { 0 };
            }
        }
    }
    next
}

/// The launch's own memory: dispatch packet, queue record, arguments.
fn arguments(launch: &Launch<'_>) -> Option<Allocation> {
    let hidden = &launch.kernel.metadata.arguments;
    let end = hidden.iter().map(|argument| u64::from(argument.offset) + u64::from(argument.bytes)).max().unwrap_or(0);
    let bytes = end.max(launch.arguments.len() as u64).max(u64::from(launch.kernel.descriptor.kernarg_bytes));
    // Compilers load whole tuples of registers, up to 64 bytes, where only their start is used.
    let own = Allocation::new(ARGUMENTS_ADDRESS, PACKET_BYTES + QUEUE_BYTES + bytes.checked_next_multiple_of(64)?)?;
    let kernarg = ARGUMENTS_ADDRESS + PACKET_BYTES + QUEUE_BYTES;
    let mut is_written = own.write(kernarg, launch.arguments);
    for argument in hidden.iter().filter(|argument| argument.kind.is_hidden()) {
        let value = hidden_value(launch, argument).to_le_bytes();
        let value = &value[..(argument.bytes as usize).min(8)];
        is_written &= own.write(kernarg + u64::from(argument.offset), value);
    }
    for (index, &size) in launch.block.iter().enumerate() {
        is_written &= own.write(ARGUMENTS_ADDRESS + 4 + 2 * index as u64, &(size as u16).to_le_bytes());
        let items = size.wrapping_mul(launch.grid[index]);
        is_written &= own.write(ARGUMENTS_ADDRESS + 12 + 4 * index as u64, &items.to_le_bytes());
    }
    let sizes = [launch.kernel.descriptor.private_bytes, launch.shared_bytes()];
    for (index, size) in sizes.into_iter().enumerate() {
        is_written &= own.write(ARGUMENTS_ADDRESS + 24 + 4 * index as u64, &size.to_le_bytes());
    }
    is_written &= own.write(ARGUMENTS_ADDRESS + 40, &kernarg.to_le_bytes());
    is_written.then_some(own)
}

fn hidden_value(launch: &Launch<'_>, argument: &Argument) -> u64 {
    let dimensions = launch.grid.iter().zip(&launch.block).rposition(|(&grid, &block)| grid > 1 || block > 1);
    match argument.kind {
        ArgumentKind::HiddenBlockCountX => u64::from(launch.grid[0]),
        ArgumentKind::HiddenBlockCountY => u64::from(launch.grid[1]),
        ArgumentKind::HiddenBlockCountZ => u64::from(launch.grid[2]),
        ArgumentKind::HiddenGroupSizeX => u64::from(launch.block[0]),
        ArgumentKind::HiddenGroupSizeY => u64::from(launch.block[1]),
        ArgumentKind::HiddenGroupSizeZ => u64::from(launch.block[2]),
        ArgumentKind::HiddenGridDims => dimensions.map_or(1, |last| last as u64 + 1),
        ArgumentKind::HiddenDynamicLdsSize => u64::from(launch.dynamic_shared_bytes),
        ArgumentKind::HiddenPrivateBase => 2 << 16,
        ArgumentKind::HiddenSharedBase => 1 << 16,
        ArgumentKind::HiddenQueuePtr => ARGUMENTS_ADDRESS + PACKET_BYTES,
        // Offsets and remainders are 0: HIP's grids are of whole workgroups.
        _ => 0,
    }
}
