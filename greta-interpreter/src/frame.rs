//! The state of one thread block while it runs, and the instructions that change it.
//!
//! A frame is one array of 32-bit words. First come the words that hold one value for the whole block (constants,
//! parameters, indices, uniform variables), then slots of `waves * 64` words with one value per thread. A vector or a
//! register array is consecutive words or slots, one per component. `bool` is 0 or 1.
//!
//! Threads run in chunks of 64, called waves here whatever the target's wave; `mask[w]` has a bit for each thread of
//! chunk `w` that takes part in the current statement. No instruction runs while all masks are zero.

use greta_codegen::ir::Location;

use crate::encode::{EncodedDim, Program};
use crate::meeting::Meeting;
use crate::report::ReportKind;
use crate::sanitize::Session;

/// Threads of a chunk.
pub(crate) const LANES: usize = 64;

/// Every byte of what no statement has defined yet.
const UNDEFINED: u8 = 0xff;

/// Runs one instruction; true when it broke a rule, with the fault in the frame.
///
/// # Safety
///
/// The instruction must be one that `encode` made for the program that the frame was made for.
pub(crate) type Handler = unsafe fn(&mut Frame<'_>, &Inst) -> bool;

/// One instruction: a handler and the words it works on. What each field means is up to the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    pub(crate) run: Handler,
    /// First word of the result.
    pub(crate) dst: u32,
    /// First words of the operands.
    pub(crate) src: [u32; 3],
    /// Words from one component of the result to the next.
    pub(crate) dst_step: u32,
    /// Words from one component of an operand to the next; 0 repeats it.
    pub(crate) src_step: [u32; 3],
    /// Components.
    pub(crate) count: u32,
    /// Index into a table of the program's, or a small number.
    pub(crate) extra: u32,
}

/// A cache line of words: the unit of allocation, so that slots are aligned for vector loads.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line([u32; 16]);

impl Line {
    pub(crate) const ZERO: Self = Self([0; 16]);
}

/// A buffer argument as handlers see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) pointer: *mut u8,
    /// Length in elements of the parameter's type.
    pub(crate) elements: u64,
}

/// The rule that was broken, by which thread of the block.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) thread: u32,
    pub(crate) location: Location,
    pub(crate) kind: ReportKind,
}

/// The memory of a frame, kept from block to block and launch to launch.
pub(crate) struct Storage {
    words: Vec<Line>,
    shared: Vec<Line>,
    scratch: Vec<Line>,
    masks: Vec<u64>,
}

impl Storage {
    pub(crate) fn new(program: &Program) -> Self {
        let lines = |words: u32| vec![Line::ZERO; (words as usize).div_ceil(16)];
        let mut storage = Self {
            words: lines(program.layout.words),
            shared: lines(program.layout.shared_words),
            scratch: lines(LANES as u32),
            masks: vec![0; program.layout.mask_words as usize],
        };
        // SAFETY: `words` has at least `layout.words` words, and every preset lies below that.
        unsafe {
            let words = storage.words.as_mut_ptr().cast::<u32>();
            for (offset, value) in &program.layout.presets {
                words.add(*offset as usize).write(*value);
            }
        }
        storage
    }
}

/// One thread block as it runs.
pub(crate) struct Frame<'a> {
    pub(crate) program: &'a Program,
    /// `layout.words` words.
    pub(crate) words: *mut u32,
    /// `layout.shared_words` words.
    pub(crate) shared: *mut u32,
    /// Room for one word for each lane of a wave.
    pub(crate) scratch: *mut u32,
    /// The current masks, then the masks that control flow has put aside; `layout.mask_words` in all.
    pub(crate) masks: *mut u64,
    /// Chunks of the block.
    pub(crate) waves: usize,
    pub(crate) buffers: &'a [Buffer],
    /// The lowest number of a block that broke a rule so far.
    pub(crate) stop: &'a std::sync::atomic::AtomicU64,
    /// This block's number.
    pub(crate) number: u64,
    /// The launch's grid.
    pub(crate) grid: [u32; 3],
    pub(crate) fault: Option<Box<Fault>>,
    /// Where the block waits for those of the launch, if the kernel has barriers of the grid.
    pub(crate) meeting: Option<&'a Meeting>,
    /// What the sanitizer remembers, if the program was compiled for it.
    pub(crate) session: Option<Session<'a>>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(
        program: &'a Program,
        storage: &'a mut Storage,
        buffers: &'a [Buffer],
        stop: &'a std::sync::atomic::AtomicU64,
        session: Option<Session<'a>>,
    ) -> Self {
        Self {
            program,
            words: storage.words.as_mut_ptr().cast(),
            shared: storage.shared.as_mut_ptr().cast(),
            scratch: storage.scratch.as_mut_ptr().cast(),
            masks: storage.masks.as_mut_ptr(),
            waves: program.layout.waves as usize,
            buffers,
            stop,
            number: 0,
            grid: [1; 3],
            fault: None,
            meeting: None,
            session,
        }
    }

    /// Sets a word that all threads share.
    pub(crate) fn set_word(&mut self, offset: u32, value: u32) {
        assert!(offset < self.program.layout.words, "invariant: a word lies in its frame");
        // SAFETY: just checked against the number of words that `words` has.
        unsafe { self.words.add(offset as usize).write(value) };
    }

    /// Makes all threads active and forgets what an earlier block left behind, so that undefined
    /// values are the same every time: floats that are not a number, and integers that are out of every range.
    pub(crate) fn reset(&mut self) {
        let layout = &self.program.layout;
        // SAFETY: the ranges are those that `Storage::new` allocated; `variables <= words`.
        unsafe {
            self.words
                .add(layout.variables as usize)
                .write_bytes(UNDEFINED, (layout.words - layout.variables) as usize);
            self.shared.write_bytes(UNDEFINED, layout.shared_words as usize);
            self.masks.copy_from_nonoverlapping(layout.full.as_ptr(), self.waves);
        }
    }

    /// Notes the rule that was broken; always true, for the handler to return.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, wave: usize, lane: usize, location: Location, kind: ReportKind) -> bool {
        let thread = (wave * LANES + lane) as u32;
        self.fault = Some(Box::new(Fault { thread, location, kind }));
        true
    }

    /// What the sanitizer remembers.
    #[inline(always)]
    pub(crate) fn session(&mut self) -> &mut Session<'a> {
        self.session.as_mut().expect("invariant: only a program that is sanitized asks for it")
    }

    /// One index of an access, for one thread.
    pub(crate) fn index(&self, dim: &EncodedDim, thread: usize) -> u32 {
        // SAFETY: the access's words lie in the frame.
        unsafe { *self.words.add(dim.word as usize + if dim.varying { thread } else { 0 }) }
    }

    /// The first thread that takes part in the current statement, as (wave, lane).
    pub(crate) fn first_active(&self) -> (usize, usize) {
        for wave in 0..self.waves {
            // SAFETY: there is a current mask for each wave.
            let mask = unsafe { *self.masks.add(wave) };
            if mask != 0 {
                return (wave, mask.trailing_zeros() as usize);
            }
        }
        (0, 0)
    }
}
