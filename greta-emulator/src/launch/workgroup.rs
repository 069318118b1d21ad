//! One workgroup after another in the same registers: its waves as the hardware starts them, and the
//! turns that they take. Between two turns it can be left and taken up again.

use super::Launch;
use super::arguments::{ARGUMENTS_ADDRESS, PACKET_ADDRESS, QUEUE_ADDRESS};
use crate::count::Count;
use crate::execute::{Cause, Group, LANES, Limits, Status, Wave, is_waiting, run};
use crate::host::{Host, Printed};
use crate::memory::{Allocation, Snapshot, View};
use crate::object::UserSgprs;
use crate::watch::{Doubt, Watch};

/// Code that loads the arguments itself comes before code that has them preloaded.
const PRELOADED_ENTRY_BYTES: u64 = 256;
/// LDS is given out in pieces of this size.
const SHARED_GRANULE: u32 = 512;
/// A stack whose size is not known gets what a lane may have by default.
const DYNAMIC_STACK_BYTES: u32 = 16384;
/// Instructions that a wave runs before another one has its turn, so that waves can wait for each
/// other without a barrier; and where workgroups of a cooperative launch do.
const TURN: u64 = 1 << 16;
const COOPERATIVE_TURN: u64 = 1 << 12;

/// Where and why a wave stopped.
pub(super) struct Stopped {
    pub(super) wave: usize,
    pub(super) pc: u64,
    pub(super) cause: Cause,
}

/// How far a workgroup came.
pub(super) enum Progress {
    /// All waves have ended, after so many instructions in all.
    Ended { instructions: u64 },
    /// All turns were taken.
    Moved,
    /// It waits for what other workgroups write to memory: so does this wave, at this instruction.
    Waits { wave: usize, pc: u64 },
}

/// What the workgroups of a launch run in, one at a time.
pub(super) struct Workgroup<'a> {
    launch: &'a Launch<'a>,
    own: &'a Allocation,
    host: Host,
    group: Group<'a>,
    waves: Vec<Wave>,
}

impl<'a> Workgroup<'a> {
    pub(super) fn new(launch: &'a Launch<'a>, own: &'a Allocation, host: Host, memory: &'a Snapshot) -> Self {
        let descriptor = &launch.kernel.descriptor;
        let stack = if descriptor.dynamic_stack() { DYNAMIC_STACK_BYTES } else { 0 };
        let scratch_bytes = (descriptor.private_bytes + stack) as usize;
        let wave = || Wave::new(descriptor.accumulator_offset() as usize, descriptor.vgprs() as usize, scratch_bytes);
        let count = launch.block_threads().div_ceil(LANES as u64);
        let shared = vec![0; launch.shared_bytes().next_multiple_of(SHARED_GRANULE) as usize];
        let watch = launch.options.checks.then(|| Box::new(Watch::new(count as usize, shared.len())));
        let count_all = launch.options.counters.then(Box::<Count>::default);
        let group =
            Group { view: View::new(memory, own), shared, base: launch.module.address, watch, count: count_all };
        Self { launch, own, host, group, waves: (0..count).map(|_| wave()).collect() }
    }

    /// Runs the workgroup on: to its end, until it waits for others, or, in a cooperative launch, for a turn of each wave.
    pub(super) fn advance(&mut self) -> Result<Progress, Box<Stopped>> {
        let Launch { cooperative, options, .. } = *self.launch;
        let turn = if cooperative { COOPERATIVE_TURN } else { TURN };
        let limits = Limits { budget: options.budget, turn };
        loop {
            for (number, wave) in self.waves.iter_mut().enumerate() {
                run(wave, &mut self.group, &self.launch.module.program, self.launch.options.simd, limits)
                    .map_err(|(pc, cause)| Box::new(Stopped { wave: number, pc, cause }))?;
            }
            self.serve()?;
            if let Some(running) = self.waves.iter().find(|wave| wave.status == Status::Running) {
                let (wave, pc) = (running.number, running.pc);
                if self.is_waiting()? {
                    return Ok(Progress::Waits { wave, pc });
                }
                if cooperative {
                    return Ok(Progress::Moved);
                }
                continue;
            }
            self.check_barrier()?;
            // Waves that ended no longer count for a barrier.
            let waiting = self.waves.iter_mut().filter(|wave| wave.status == Status::AtBarrier);
            let released = waiting.map(|wave| wave.status = Status::Running).count();
            if released == 0 {
                return Ok(Progress::Ended { instructions: self.waves.iter().map(|wave| wave.instructions).sum() });
            }
        }
    }

    /// Whether every wave that runs waits for what others write to memory. If so, the workgroup wrote nothing.
    pub(super) fn is_waiting(&mut self) -> Result<bool, Box<Stopped>> {
        let Launch { module, options, .. } = self.launch;
        for (number, wave) in self.waves.iter_mut().enumerate().filter(|(_, wave)| wave.status == Status::Running) {
            let waits = is_waiting(wave, &mut self.group, &module.program, options.simd, options.budget);
            if !waits.map_err(|(pc, cause)| Box::new(Stopped { wave: number, pc, cause }))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Answers what the waves ask of the host.
    fn serve(&mut self) -> Result<(), Box<Stopped>> {
        self.host.serve(self.own).map_err(|service| {
            // The call does not say which wave made it; it is one of those that wait.
            let (wave, pc) =
                self.waves.iter().find(|wave| wave.status == Status::Running).map_or((0, 0), |it| (it.number, it.pc));
            Box::new(Stopped { wave, pc, cause: Cause::HostCall { service } })
        })
    }

    /// What the last workgroup printed.
    pub(super) fn take_printed(&mut self) -> Printed {
        self.host.finish(self.own, &self.launch.module.object)
    }

    /// With checks, a barrier that a wave cannot reach is a fault.
    fn check_barrier(&mut self) -> Result<(), Box<Stopped>> {
        let Some(watch) = &mut self.group.watch else { return Ok(()) };
        watch.pass_barrier();
        let find = |status: Status| self.waves.iter().find(|wave| wave.status == status);
        match (find(Status::AtBarrier), find(Status::Ended)) {
            (Some(waiting), Some(ended)) => {
                let cause = Cause::BarrierNotReached { ended_wave: ended.number };
                Err(Box::new(Stopped { wave: waiting.number, pc: waiting.pc.wrapping_sub(4), cause }))
            }
            _ => Ok(()),
        }
    }

    /// What was doubtful in the last workgroup.
    pub(super) fn take_doubts(&mut self) -> Vec<Doubt> {
        self.group.watch.as_mut().map(|watch| std::mem::take(&mut watch.doubts)).unwrap_or_default()
    }

    /// What was counted in all workgroups.
    pub(super) fn take_count(&mut self) -> Option<Count> {
        self.group.count.take().map(|count| *count)
    }

    /// Makes it the workgroup of this number in the grid, before its first instruction.
    pub(super) fn start(&mut self, index: u64) {
        self.group.shared.fill(0);
        self.host.start(self.own);
        for (number, wave) in self.waves.iter_mut().enumerate() {
            start_wave(wave, self.launch, self.own, self.launch.position(index), number);
        }
        if let Some(watch) = &mut self.group.watch {
            watch.start(&self.waves);
        }
        if let Some(count) = &mut self.group.count {
            count.start(self.waves.len());
        }
    }
}

/// A wave as the hardware starts it.
fn start_wave(wave: &mut Wave, launch: &Launch<'_>, own: &Allocation, workgroup: [u32; 3], number: usize) {
    let descriptor = &launch.kernel.descriptor;
    wave.reset();
    wave.number = number;
    wave.mode = descriptor.mode();
    wave.pc = launch.kernel.entry;
    let next = start_scalars(launch, own, wave);
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
}

/// Sets the user registers and returns how many.
fn start_scalars(launch: &Launch<'_>, own: &Allocation, wave: &mut Wave) -> usize {
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
            UserSgprs::DispatchPointer => put(wave, &pair(PACKET_ADDRESS)),
            UserSgprs::QueuePointer => put(wave, &pair(QUEUE_ADDRESS)),
            UserSgprs::KernargPointer => put(wave, &pair(ARGUMENTS_ADDRESS)),
            UserSgprs::DispatchId | UserSgprs::FlatScratchInit => put(wave, &[0; 2]),
            UserSgprs::PrivateSegmentSize => put(wave, &[launch.kernel.descriptor.private_bytes]),
            UserSgprs::Kernarg { offset, count } => {
                for index in u64::from(offset)..u64::from(offset) + u64::from(count) {
                    let mut word = [0; 4];
                    own.read(ARGUMENTS_ADDRESS + index * 4, &mut word);
                    put(wave, &[u32::from_le_bytes(word)]);
                }
                wave.pc = launch.kernel.entry + if count > 0 { PRELOADED_ENTRY_BYTES } else { 0 };
            }
        }
    }
    next
}
