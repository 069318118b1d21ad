//! What a launch, and each worker in it, remembers: which buffers are watched, and the shadows of what is touched.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::Touch;
use super::blocks::{Blocks, Rounds};
use super::cells::{Cells, Rival, SITES_MAX, Stamp, THREADS_MAX};
use super::copies::{Copies, Progress};
use crate::encode::{Parts, Program};
use crate::frame::LANES;
use crate::memory::{Argument, Memory};
use crate::report::ReportKind;
use crate::tree::ParameterKind;

/// Elements of a page of a block's shadow of global memory.
const PAGE: usize = 256;

/// Why a launch cannot be sanitized: what is remembered of a touch has room for so many blocks, threads and sites.
pub(crate) fn opt_refusal(parts: &Parts, blocks: u64) -> Option<ReportKind> {
    let threads = parts.block.iter().map(|extent| u64::from(*extent)).product::<u64>();
    let name = if Rounds::of(blocks).opt_epoch(0, 0).is_none() {
        "sanitizing so large a grid"
    } else if threads > u64::from(THREADS_MAX) {
        "sanitizing so large a block"
    } else if parts.sites.len() > SITES_MAX {
        "sanitizing a kernel with so many accesses"
    } else {
        return None;
    };
    Some(ReportKind::Unsupported { name })
}

/// What the workers of a launch share.
pub(crate) struct LaunchShadow<'a> {
    /// Memory that the launch writes; arguments that overlap are one range.
    ranges: Vec<Blocks>,
    parameters: Vec<Watch<'a>>,
    /// Whether blocks run one after another, in order.
    pub(crate) in_order: bool,
    pub(super) grid: [u32; 3],
    pub(super) rounds: Rounds,
    /// What threads have printed in blocks that may have to run again.
    lines: Mutex<Vec<String>>,
}

/// What is known of an argument.
#[derive(Clone, Copy, Default)]
struct Watch<'a> {
    watched: Option<Watched>,
    /// From the start of an aligned allocation, in bytes.
    offset: usize,
    defined: Option<&'a [AtomicU8]>,
}

/// Where an argument's elements are among those of its range.
#[derive(Clone, Copy)]
struct Watched {
    range: usize,
    /// Bytes from the start of the range.
    start: usize,
    /// Bytes that one entry of the shadow stands for, as a power of two.
    shift: u32,
}

/// A buffer argument: which bytes, of elements of which size, and what the kernel does with it.
#[derive(Clone, Copy)]
struct View {
    parameter: usize,
    start: usize,
    end: usize,
    element: usize,
    written: bool,
    touches: [bool; 3],
}

impl<'a> LaunchShadow<'a> {
    /// Looks at the arguments of a launch.
    ///
    /// # Errors
    ///
    /// The buffers are too large to be watched.
    pub(crate) fn new(
        program: &Program,
        arguments: &[Argument<'a>],
        grid: [u32; 3],
        in_order: bool,
    ) -> Result<Self, ReportKind> {
        let rounds = Rounds::of(grid.iter().map(|&extent| u64::from(extent)).product());
        let mut views: Vec<View> = Vec::new();
        let mut parameters = vec![Watch::default(); arguments.len()];
        for (index, (argument, parameter)) in arguments.iter().zip(&program.parts.parameters).enumerate() {
            let (Argument::Buffer(memory), ParameterKind::Buffer { element, written }) = (argument, parameter.kind)
            else {
                continue;
            };
            let start = memory.pointer() as usize;
            let touches = [Touch::Read, Touch::Write, Touch::Atomic].map(|touch| program.parts.touches(index, touch));
            // An element of 64 bits is touched by its words.
            let element = element.scalar.bytes().min(4) as usize;
            views.push(View { parameter: index, start, end: start + memory.bytes(), element, written, touches });
            parameters[index] = Watch { watched: None, offset: memory.offset(), defined: opt_undefined(memory) };
        }
        views.sort_by_key(|view| view.start);
        let mut ranges = Vec::new();
        let mut rest = views.as_slice();
        while let Some(first) = rest.first() {
            let mut end = first.end;
            let more = rest[1..].iter().take_while(|view| {
                let overlaps = view.start < end;
                end = if overlaps { end.max(view.end) } else { end };
                overlaps
            });
            let (overlapping, others) = rest.split_at(1 + more.count());
            rest = others;
            if overlapping.iter().any(|view| view.written) {
                let shift = overlapping.iter().map(|view| (view.element | (view.start - first.start)).trailing_zeros());
                let shift = shift.min().unwrap_or(0);
                let has = |touch: usize| overlapping.iter().any(|view| view.touches[touch]);
                for view in overlapping {
                    let start = view.start - first.start;
                    parameters[view.parameter].watched = Some(Watched { range: ranges.len(), start, shift });
                }
                let blocks = Blocks::new(rounds, (end - first.start) >> shift, has(0), has(2));
                ranges.push(blocks.map_err(|bytes| ReportKind::SanitizerMemory { bytes })?);
            }
        }
        Ok(Self { ranges, parameters, in_order, grid, rounds, lines: Mutex::default() })
    }

    /// Prints what has been held back: the blocks do not run again.
    pub(crate) fn release(&self, print: fn(&str)) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.drain(..).for_each(|line| print(&line));
    }
}

/// The marks of a memory's bytes, unless all are marked.
fn opt_undefined<'a>(memory: &Memory<'a>) -> Option<&'a [AtomicU8]> {
    let (defined, start) = memory.opt_defined()?;
    let range = start..start + memory.bytes();
    (!defined.is_complete(range.clone())).then(|| defined.slice(range))
}

/// What a worker remembers.
pub(crate) struct Session<'a> {
    pub(super) launch: &'a LaunchShadow<'a>,
    /// Counts barriers and blocks.
    pub(super) epoch: u64,
    /// The block's first.
    first: u64,
    /// The first after the last barrier of the grid, or the block's.
    met: u64,
    /// Barriers of the grid that the block has passed.
    meetings: u64,
    block: u64,
    /// What the launch knows the block by until the next of those barriers.
    launch_epoch: u64,
    shared: Cells,
    /// If the kernel has any.
    pub(super) copies: Option<Copies>,
    ranges: Vec<Pages>,
    /// Pages of elements; the first `taken` belong to ranges.
    cells: Vec<Cells>,
    taken: usize,
}

/// Which pages of a range a block has touched.
struct Pages {
    /// For each page its number among the cells.
    places: Vec<Option<u32>>,
    used: Vec<usize>,
}

/// What is wrong with a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It races with one of the same block.
    Race(Rival),
    /// It races with one of another block.
    BlockRace(Rival),
    /// A copy to the element, this one, is under way.
    UnderWay(Rival),
    /// Nobody has written what it reads.
    Undefined,
}

impl<'a> Session<'a> {
    pub(crate) fn new(launch: &'a LaunchShadow<'a>, program: &Program) -> Self {
        let pages = |range: &Blocks| Pages { places: vec![None; range.len().div_ceil(PAGE)], used: Vec::new() };
        Self {
            launch,
            epoch: 0,
            first: 0,
            met: 0,
            meetings: 0,
            block: 0,
            launch_epoch: 0,
            shared: Cells::new(program.parts.shared_elements),
            copies: program
                .parts
                .sites
                .iter()
                .any(|site| site.asynchronous)
                .then(|| Copies::new(program.parts.shared_elements, program.layout.waves as usize * LANES)),
            ranges: launch.ranges.iter().map(pages).collect(),
            cells: Vec::new(),
            taken: 0,
        }
    }

    /// A thread prints a line: at once, or when it is known that the blocks do not run again.
    pub(crate) fn print(&self, line: String, print: fn(&str)) {
        if self.launch.in_order {
            return print(&line);
        }
        self.launch.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Another block starts.
    pub(crate) fn start(&mut self, block: u64) {
        self.block = block;
        self.launch_epoch =
            self.launch.rounds.opt_epoch(0, block).expect("invariant: a launch that sanitizes has fewer blocks");
        self.pass();
        self.first = self.epoch;
        self.met = self.epoch;
        self.meetings = 0;
        self.taken = 0;
        if let Some(copies) = &mut self.copies {
            copies.start();
        }
        for Pages { places, used } in &mut self.ranges {
            used.drain(..).for_each(|page| places[page] = None);
        }
    }

    /// All threads of the block have passed a barrier.
    pub(crate) fn pass(&mut self) {
        self.epoch += 1;
    }

    /// All threads of the launch have passed a barrier. False if no more such barriers can be told apart.
    pub(crate) fn meet(&mut self) -> bool {
        self.pass();
        self.met = self.epoch;
        self.meetings += 1;
        let epoch = self.launch.rounds.opt_epoch(self.meetings, self.block);
        self.launch_epoch = epoch.unwrap_or(self.launch_epoch);
        epoch.is_some()
    }

    /// A thread touches an element of shared memory at a site, perhaps by an asynchronous copy.
    #[inline(always)]
    pub(super) fn touch_shared(
        &mut self,
        index: usize,
        touch: Touch,
        [thread, site]: [u32; 2],
        asynchronous: bool,
    ) -> Option<Wrong> {
        if touch != Touch::Write && !self.shared.is_written_since(index, self.first) {
            return Some(Wrong::Undefined);
        }
        let now = Stamp::new(self.epoch, thread, site);
        let rival = self.shared.touch(index, touch, now).map(Wrong::Race);
        let Some(copies) = &mut self.copies else { return rival };
        let copied = |stamp| Rival { touch: Touch::Write, stamp };
        let wrong = rival.or_else(|| match copies.progress(index, now, self.first) {
            Progress::Arrived => None,
            Progress::UnderWay(copy) => Some(Wrong::UnderWay(copied(copy))),
            Progress::Unordered(copy) => Some(Wrong::Race(copied(copy))),
        });
        if touch == Touch::Write {
            copies.store(index, now, asynchronous);
        }
        wrong
    }

    /// A thread touches `bytes` bytes of a buffer, from byte `start` on.
    #[inline(always)]
    pub(super) fn touch_global(
        &mut self,
        parameter: u32,
        [start, bytes]: [usize; 2],
        touch: Touch,
        thread: u32,
        site: u32,
    ) -> Option<Wrong> {
        let watch = self.launch.parameters[parameter as usize];
        if let Some(marks) = watch.defined {
            let marks = &marks[start..start + bytes];
            match touch {
                Touch::Write => marks.iter().for_each(|mark| mark.store(1, Relaxed)),
                _ if marks.iter().any(|mark| mark.load(Relaxed) == 0) => return Some(Wrong::Undefined),
                _ => {}
            }
        }
        let watched = watch.watched?;
        let first = (watched.start + start) >> watched.shift;
        (first..first + (bytes >> watched.shift))
            .find_map(|index| self.touch_watched(watched.range, index, touch, thread, site))
    }

    #[inline(always)]
    fn touch_watched(&mut self, range: usize, index: usize, touch: Touch, thread: u32, site: u32) -> Option<Wrong> {
        let place = match self.ranges[range].places[index / PAGE] {
            Some(place) => place,
            None => self.take_page(range, index / PAGE),
        };
        let cells = &mut self.cells[place as usize];
        let known = cells.last(index % PAGE, touch) >= self.met;
        let rival = cells.touch(index % PAGE, touch, Stamp::new(self.epoch, thread, site));
        if rival.is_some() || known {
            return rival.map(Wrong::Race);
        }
        let stamp = Stamp::new(self.launch_epoch, thread, site);
        self.launch.ranges[range].touch(index, touch, stamp).map(Wrong::BlockRace)
    }

    /// Gives a page of a range its cells.
    #[cold]
    fn take_page(&mut self, range: usize, page: usize) -> u32 {
        if self.taken == self.cells.len() {
            self.cells.push(Cells::new(PAGE));
        }
        let place = self.taken as u32;
        self.taken += 1;
        let Pages { places, used } = &mut self.ranges[range];
        places[page] = Some(place);
        used.push(page);
        place
    }

    /// Bytes from an aligned address to the start of a buffer.
    pub(super) fn offset(&self, parameter: u32) -> usize {
        self.launch.parameters[parameter as usize].offset
    }

    /// Whether accesses to a buffer are of interest.
    pub(super) fn is_watched(&self, parameter: u32) -> bool {
        let watch = &self.launch.parameters[parameter as usize];
        watch.watched.is_some() || watch.defined.is_some()
    }
}
