//! Launches: checks the arguments, spreads the blocks over the machine's cores, gathers the report.
//!
//! Blocks are handed out in the order of their numbers, a few at a time; those of a kernel with barriers of the grid run
//! all at once, each on a thread of its own. When some break a rule, those with higher numbers stop early and the report
//! of the lowest is returned: which one that is does not depend on timing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use greta_codegen::ir::Location;
use rayon::prelude::*;

use crate::encode::{EncodedSpace, Program};
use crate::execute::execute;
use crate::frame::{Buffer, Frame, Storage};
use crate::meeting::{Meeting, Standstill};
use crate::memory::Argument;
use crate::report::{Gathered, Passed, Report, ReportKind};
use crate::sanitize::{LaunchShadow, Session, Undo, opt_refusal};
use crate::tree::{Origin, Parameter, ParameterKind, Special, bits, scalar_words};

/// Blocks handed out at a time, at most.
const CHUNK_MAX: u64 = 64;

/// Blocks of a launch at most whose kernel has barriers of the grid: each takes a thread and a frame.
pub const RESIDENT_BLOCKS_MAX: u32 = 1 << 14;

/// Bytes of the stack of such a thread: calls of the interpreter are as deep as a kernel's statements are nested.
const BLOCK_STACK_BYTES: usize = 1 << 20;

/// Frames at most that a program keeps for its next launch: more than most machines run at once, fewer than may meet.
const IDLE_FRAMES_MAX: usize = 1 << 8;

/// Elements of a buffer at most: what an index of 32 bits can tell apart.
const ELEMENTS_MAX: u64 = 1 << 32;

impl Program {
    /// Runs the kernel on a grid of blocks and waits for it. What the kernel writes is in the buffers afterwards.
    ///
    /// # Errors
    ///
    /// The first rule that the lowest block which broke one broke; the buffers then hold part of the results.
    pub fn run(&self, grid: [u32; 3], arguments: &[Argument<'_>]) -> Result<(), Box<Report>> {
        if let Some(kind) = &self.parts.refusal {
            return Err(self.report(0, grid, 0, self.parts.location, kind.clone()));
        }
        self.check(arguments).map_err(|kind| self.report(0, grid, 0, self.parts.location, kind))?;
        let blocks = grid.iter().map(|&extent| u128::from(extent)).product::<u128>();
        let blocks = u64::try_from(blocks).unwrap_or(u64::MAX);
        if blocks == 0 || self.layout.full[0] == 0 {
            return Ok(());
        }
        if !self.parts.meetings.is_empty() && blocks > RESIDENT_BLOCKS_MAX.into() {
            let kind = ReportKind::GridTooLarge { blocks, limit: RESIDENT_BLOCKS_MAX.into() };
            return Err(self.report(0, grid, 0, self.parts.location, kind));
        }
        // A single block runs on this thread, without asking how many there are: that would start them.
        let workers = if blocks == 1 { 1 } else { rayon::current_num_threads() };
        let workers = workers.min(usize::try_from(blocks).unwrap_or(usize::MAX));
        if !self.parts.checked.sanitize {
            return self.pass(grid, blocks, arguments, workers, None);
        }
        if let Some(kind) = opt_refusal(&self.parts, blocks) {
            return Err(self.report(0, grid, 0, self.parts.location, kind));
        }
        // What blocks that run in parallel find may depend on timing: it is looked for again in the order of the blocks.
        let shadow = |in_order: bool| {
            let refused = |kind| self.report(0, grid, 0, self.parts.location, kind);
            LaunchShadow::new(self, arguments, grid, in_order).map_err(refused)
        };
        if workers > 1
            && let Some(undo) = Undo::opt_new(arguments, |index| self.parts.parameters[index].is_written())
        {
            let shadow = shadow(false)?;
            if self.pass(grid, blocks, arguments, workers, Some(&shadow)).is_ok() {
                shadow.release(self.print);
                return Ok(());
            }
            undo.restore();
        }
        self.pass(grid, blocks, arguments, 1, Some(&shadow(true)?))
    }

    /// Runs all blocks once.
    fn pass(
        &self,
        grid: [u32; 3],
        blocks: u64,
        arguments: &[Argument<'_>],
        workers: usize,
        shadow: Option<&LaunchShadow<'_>>,
    ) -> Result<(), Box<Report>> {
        let launch = Launch {
            shadow,
            program: self,
            grid,
            blocks,
            buffers: self.buffers(arguments),
            scalars: arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Scalar(value) => (bits(*value), (value.bits() >> 32) as u32),
                    Argument::Buffer(_) => (0, 0),
                })
                .collect(),
            next: AtomicU64::new(0),
            stop: AtomicU64::new(u64::MAX),
            first: Mutex::new(None),
        };
        if !self.parts.meetings.is_empty() {
            launch.work_together();
        } else if workers == 1 {
            launch.work(blocks);
        } else {
            let chunk = (blocks / (workers as u64 * 8)).clamp(1, CHUNK_MAX);
            (0..workers).into_par_iter().with_max_len(1).for_each(|_| launch.work(chunk));
        }
        match launch.first.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some((_, report)) => Err(report),
            None => Ok(()),
        }
    }

    fn check(&self, arguments: &[Argument<'_>]) -> Result<(), ReportKind> {
        let parameters = &self.parts.parameters;
        if arguments.len() != parameters.len() {
            return Err(ReportKind::ArgumentCount { given: arguments.len(), expected: parameters.len() });
        }
        for (index, (argument, parameter)) in arguments.iter().zip(parameters).enumerate() {
            let (given, expected) = (passed(argument), expected(parameter));
            let fits = given == expected || (given, expected) == (Passed::MutableBuffer, Passed::Buffer);
            if !fits {
                return Err(ReportKind::ArgumentKind { index, name: parameter.name.clone(), given, expected });
            }
            if let (Argument::Buffer(memory), ParameterKind::Buffer { element, .. }) = (argument, parameter.kind) {
                let elements = memory.bytes() as u64 / u64::from(element.bytes());
                if elements > ELEMENTS_MAX {
                    let name = parameter.name.clone();
                    return Err(ReportKind::BufferTooLong { name, elements, limit: ELEMENTS_MAX });
                }
            }
        }
        self.check_atomics(arguments)
    }

    /// Atomic operations need elements where the host has such operations too.
    fn check_atomics(&self, arguments: &[Argument<'_>]) -> Result<(), ReportKind> {
        let updates = self.parts.atomics.iter().map(|atomic| (atomic.access, atomic.change.scalar.bytes()));
        let counts = self.parts.meetings.iter().map(|&access| (access, size_of::<u32>() as u32));
        for (access, alignment) in updates.chain(counts) {
            let EncodedSpace::Global(parameter) = self.parts.accesses[access as usize].space else { continue };
            let index = parameter as usize;
            if let Argument::Buffer(memory) = &arguments[index]
                && !(memory.pointer() as usize).is_multiple_of(alignment as usize)
            {
                return Err(ReportKind::BufferMisaligned {
                    name: self.parts.parameters[index].name.clone(),
                    alignment,
                });
            }
        }
        Ok(())
    }

    fn buffers(&self, arguments: &[Argument<'_>]) -> Vec<Buffer> {
        let views = arguments.iter().zip(&self.parts.parameters).map(|(argument, parameter)| {
            match (argument, parameter.kind) {
                (Argument::Buffer(memory), ParameterKind::Buffer { element, .. }) => {
                    Buffer { pointer: memory.pointer(), elements: memory.bytes() as u64 / u64::from(element.bytes()) }
                }
                _ => Buffer { pointer: std::ptr::null_mut(), elements: 0 },
            }
        });
        views.collect()
    }

    /// The position of a thread in its block.
    pub(crate) fn thread_position(&self, thread: u32) -> [u32; 3] {
        let [x, y, _] = self.parts.block.map(|extent| extent.max(1));
        [thread % x, thread / x % y, thread / x / y]
    }

    fn report(&self, number: u64, grid: [u32; 3], thread: u32, location: Location, kind: ReportKind) -> Box<Report> {
        let thread = self.thread_position(thread);
        Box::new(Report { kernel: self.parts.kernel.clone(), block: position(number, grid), thread, location, kind })
    }
}

/// The position of a block in the grid.
pub(crate) fn position(number: u64, grid: [u32; 3]) -> [u32; 3] {
    let [x, y, _] = grid.map(|extent| u64::from(extent.max(1)));
    [(number % x) as u32, (number / x % y) as u32, (number / x / y) as u32]
}

fn passed(argument: &Argument<'_>) -> Passed {
    match argument {
        Argument::Scalar(value) => Passed::Scalar(value.scalar()),
        Argument::Buffer(memory) if memory.is_writable() => Passed::MutableBuffer,
        Argument::Buffer(_) => Passed::Buffer,
    }
}

fn expected(parameter: &Parameter) -> Passed {
    match parameter.kind {
        ParameterKind::Scalar(scalar) => Passed::Scalar(scalar),
        ParameterKind::Buffer { written: true, .. } => Passed::MutableBuffer,
        ParameterKind::Buffer { written: false, .. } => Passed::Buffer,
    }
}

/// One launch, shared by the threads that work on it.
struct Launch<'a> {
    shadow: Option<&'a LaunchShadow<'a>>,
    program: &'a Program,
    grid: [u32; 3],
    blocks: u64,
    buffers: Vec<Buffer>,
    /// The words of each argument, the second of those of 64 bits only.
    scalars: Vec<(u32, u32)>,
    /// The first block that has not been handed out.
    next: AtomicU64,
    /// The lowest block that broke a rule.
    stop: AtomicU64,
    first: Mutex<Option<(u64, Box<Report>)>>,
}

// SAFETY: the buffers' pointers come from `Memory`, which may be shared by threads; see `access` on races.
unsafe impl Sync for Launch<'_> {}

impl Launch<'_> {
    /// Runs blocks, `chunk` at a time, until none is left.
    fn work(&self, chunk: u64) {
        self.with_frame(None, |frame| {
            loop {
                let first = self.next.fetch_add(chunk, Ordering::Relaxed);
                if first >= self.blocks {
                    break;
                }
                for number in first..(first + chunk).min(self.blocks) {
                    if self.is_over(number) {
                        break;
                    }
                    self.block(frame, number);
                }
            }
        });
    }

    /// Runs all blocks at once, for them to wait for each other; where they are to run in order, in turn between waits.
    fn work_together(&self) {
        let in_turn = self.shadow.is_some_and(|shadow| shadow.in_order);
        let meeting = Meeting::new(self.blocks as usize, in_turn);
        let run = |number: u64| {
            // Also if the interpreter has a bug and panics, the others do not wait for this block.
            let _place = Attending { meeting: &meeting, number };
            if meeting.begin(number) && !self.is_over(number) {
                self.with_frame(Some(&meeting), |frame| self.block(frame, number));
            }
        };
        std::thread::scope(|scope| {
            for number in 0..self.blocks {
                let thread = std::thread::Builder::new().stack_size(BLOCK_STACK_BYTES);
                if thread.spawn_scoped(scope, move || run(number)).is_err() {
                    let kind = ReportKind::GridTooLarge { blocks: self.blocks, limit: number };
                    self.note(0, self.program.report(0, self.grid, 0, self.program.parts.location, kind));
                    (number..self.blocks).for_each(|number| meeting.leave(number));
                    break;
                }
            }
        });
        if let Some(standstill) = meeting.into_standstill() {
            self.note_standstill(standstill);
        }
    }

    /// Reports that blocks wait for others that do not come, unless a rule was broken: then that is why.
    fn note_standstill(&self, standstill: Standstill) {
        let access = |number: u32| &self.program.parts.accesses[number as usize];
        let positions = |blocks: &[u64]| blocks.iter().map(|&number| position(number, self.grid)).collect();
        let (first, location, kind) = match &standstill {
            Standstill::Apart { waiting, left } => {
                let gathered = |(number, blocks): &(u32, Vec<u64>)| Gathered {
                    location: access(*number).location,
                    blocks: positions(blocks),
                };
                let kind =
                    ReportKind::BlocksApart { waiting: waiting.iter().map(gathered).collect(), left: positions(left) };
                (waiting[0].1[0], access(waiting[0].0).location, kind)
            }
            Standstill::Miscounted { access: number, count } => {
                let access = access(*number);
                (0, access.location, ReportKind::Miscounted { object: access.name.clone(), count: *count })
            }
        };
        if self.stop.load(Ordering::Relaxed) == u64::MAX {
            self.note(first, self.program.report(first, self.grid, 0, location, kind));
        }
    }

    /// Whether a lower block broke a rule, so that this one need not run.
    fn is_over(&self, number: u64) -> bool {
        self.stop.load(Ordering::Relaxed) < number
    }

    /// Gives a frame that is ready but for what differs between blocks, which meet there, if at all.
    fn with_frame(&self, meeting: Option<&Meeting>, run: impl FnOnce(&mut Frame<'_>)) {
        let program = self.program;
        let idle = program.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let mut storage = idle.unwrap_or_else(|| Storage::new(program));
        let session = self.shadow.map(|shadow| Session::new(shadow, program));
        let mut frame = Frame::new(program, &mut storage, &self.buffers, &self.stop, session);
        frame.meeting = meeting;
        for &(origin, word) in &program.parts.specials {
            match origin {
                Origin::Parameter(index) => {
                    let (low, high) = self.scalars[index];
                    frame.set_word(word, low);
                    if let ParameterKind::Scalar(scalar) = program.parts.parameters[index].kind
                        && scalar_words(scalar) == 2
                    {
                        frame.set_word(word + 1, high);
                    }
                }
                Origin::Special(Special::GridDim(axis)) => frame.set_word(word, self.grid[axis]),
                _ => {}
            }
        }
        run(&mut frame);
        let mut idle = program.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < IDLE_FRAMES_MAX {
            idle.push(storage);
        }
    }

    fn block(&self, frame: &mut Frame<'_>, number: u64) {
        let program = self.program;
        frame.number = number;
        frame.grid = self.grid;
        frame.reset();
        if let Some(session) = &mut frame.session {
            session.start(number);
        }
        let position = position(number, self.grid);
        for &(origin, word) in &program.parts.specials {
            if let Origin::Special(Special::BlockIdx(axis)) = origin {
                frame.set_word(word, position[axis]);
            }
        }
        if execute(frame) {
            return;
        }
        let Some(fault) = frame.fault.take() else { return };
        self.note(number, program.report(number, self.grid, fault.thread, fault.location, fault.kind));
    }

    /// Notes a block's report, if it is the lowest so far.
    fn note(&self, number: u64, report: Box<Report>) {
        self.stop.fetch_min(number, Ordering::Relaxed);
        let mut first = self.first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if first.as_ref().is_none_or(|(other, _)| number < *other) {
            *first = Some((number, report));
        }
    }
}

/// A block's place in the meeting of a launch, which it leaves in the end.
struct Attending<'a> {
    meeting: &'a Meeting,
    number: u64,
}

impl Drop for Attending<'_> {
    fn drop(&mut self) {
        self.meeting.leave(self.number);
    }
}
