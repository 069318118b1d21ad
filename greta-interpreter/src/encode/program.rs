//! The program that `encode` makes of a kernel.

use std::sync::Mutex;

use greta_codegen::ir::{Kernel, Literal, Location, Scalar};

use crate::encode::Source;
use crate::frame::{Inst, Storage};
use crate::level::Level;
use crate::matrix::MatrixTable;
use crate::report::ReportKind;
use crate::sanitize::{Check, Site, Touch};
use crate::tree::{Change, Message, Origin, Packing, Parameter};

/// A kernel compiled for the interpreter. Made once, run any number of times, from any thread.
pub struct Program {
    pub(crate) parts: Parts,
    pub(crate) layout: Layout,
    /// Frames' memory that no launch is using.
    pub(crate) idle: Mutex<Vec<Storage>>,
    /// Takes each line that the kernel prints.
    pub(crate) print: fn(&str),
}

/// What a program checks beyond what every program does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Races, undefined memory, alignment of views, shifts out of range.
    pub sanitize: bool,
    /// Iterations that one execution of a loop may take; `None` for any number.
    pub loop_limit: Option<u64>,
}

/// What a program is made of.
pub(crate) struct Parts {
    pub(crate) kernel: String,
    pub(crate) location: Location,
    pub(crate) block: [u32; 3],
    pub(crate) wave: u32,
    pub(crate) insts: Vec<Inst>,
    pub(crate) code: Vec<Code>,
    pub(crate) accesses: Vec<EncodedAccess>,
    pub(crate) atomics: Vec<EncodedAtomic>,
    /// The accesses in which barriers of the grid count.
    pub(crate) meetings: Vec<u32>,
    pub(crate) messages: Vec<EncodedMessage>,
    pub(crate) locations: Vec<Location>,
    pub(crate) steps: Vec<Step>,
    pub(crate) matrices: Vec<MatrixTable>,
    pub(crate) unsupported: Vec<(&'static str, Location)>,
    pub(crate) checked: Checks,
    /// Accesses that the sanitizer tracks.
    pub(crate) sites: Vec<Site>,
    pub(crate) checks: Vec<Check>,
    /// Elements of shared memory that the sanitizer tells apart.
    pub(crate) shared_elements: usize,
    pub(crate) parameters: Vec<Parameter>,
    /// Words set for each launch or block.
    pub(crate) specials: Vec<(Origin, u32)>,
    /// Why the kernel cannot run.
    pub(crate) refusal: Option<ReportKind>,
    pub(crate) level: Level,
}

/// Sizes of a frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Words in all.
    pub(crate) words: u32,
    /// First word that a new block finds zeroed.
    pub(crate) variables: u32,
    /// Chunks of 64 threads.
    pub(crate) waves: u32,
    pub(crate) shared_words: u32,
    pub(crate) mask_words: u32,
    /// The masks of all threads.
    pub(crate) full: Vec<u64>,
    /// Words that never change, with their values.
    pub(crate) presets: Vec<(u32, u32)>,
}

/// A step of a program.
pub(crate) enum Code {
    /// Instructions `start..end`.
    Run {
        start: u32,
        end: u32,
    },
    /// Threads agree on the condition.
    If {
        condition: u32,
        then: Box<[Code]>,
        otherwise: Box<[Code]>,
    },
    /// They may not; the others' masks are put aside in `mask`.
    IfDivergent {
        condition: u32,
        mask: u32,
        then: Box<[Code]>,
        otherwise: Box<[Code]>,
    },
    Loop(Box<LoopCode>),
    /// An inlined function; threads that return before the others wait in `mask`.
    Scope {
        mask: Option<u32>,
        body: Box<[Code]>,
    },
    /// All active threads leave the innermost loop.
    Break,
    Continue,
    Return,
    /// The active threads go on at the end of the region that `mask` belongs to.
    Leave {
        mask: u32,
    },
    /// The active threads leave the kernel.
    Exit,
}

/// A loop. With `masks`, threads may leave it one by one: those that left wait in the first mask, those that go on with
/// the next iteration in the second.
pub(crate) struct LoopCode {
    pub(crate) masks: Option<u32>,
    pub(crate) test: Box<[Code]>,
    pub(crate) condition: Condition,
    pub(crate) body: Box<[Code]>,
    pub(crate) advance: Box<[Code]>,
    pub(crate) location: Location,
}

/// What a loop tests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    Always,
    /// A word.
    Uniform(u32),
    /// A slot.
    Varying(u32),
}

/// A load or store.
#[derive(Clone, Debug)]
pub(crate) struct EncodedAccess {
    pub(crate) space: EncodedSpace,
    pub(crate) dims: Vec<EncodedDim>,
    pub(crate) name: String,
    pub(crate) dimensions: u32,
    pub(crate) unit: u32,
    pub(crate) width: u32,
    /// Words from one component of the stored value to the next.
    pub(crate) value_step: u32,
    /// Whether the stored value differs from thread to thread.
    pub(crate) value_varying: bool,
    pub(crate) packing: Packing,
    pub(crate) write: bool,
    /// Whether it is the store of an asynchronous copy.
    pub(crate) asynchronous: bool,
    pub(crate) location: Location,
}

/// A message and where its values are.
#[derive(Clone, Debug)]
pub(crate) struct EncodedMessage {
    pub(crate) message: Message,
    pub(crate) values: Vec<Source>,
}

/// An atomic operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedAtomic {
    /// Which element, by its access.
    pub(crate) access: u32,
    pub(crate) change: Change,
    /// Which operands differ from thread to thread.
    pub(crate) varying: [bool; 2],
}

/// One index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedDim {
    pub(crate) word: u32,
    pub(crate) varying: bool,
    /// `None`: the buffer's length.
    pub(crate) extent: Option<u32>,
}

/// Where the elements are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EncodedSpace {
    /// A buffer, by its parameter.
    Global(u32),
    /// Shared memory, from a word on.
    Shared(u32),
    /// The frame, from a word on, with so many words from one component to the next.
    Register { word: u32, step: u32 },
}

/// The step of a loop, to be checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) scalar: Scalar,
    pub(crate) varying: bool,
    pub(crate) location: Location,
}

impl Program {
    /// Compiles a kernel of verified IR for waves of `wave` lanes.
    ///
    /// # Panics
    ///
    /// On IR that the verifier refuses, and if `wave` does not divide 64.
    #[must_use]
    pub fn new(kernel: &Kernel, wave: u32) -> Self {
        Self::with_checks(kernel, wave, Checks::default())
    }

    /// As [`Program::new`], with more checks.
    #[must_use]
    pub fn with_checks(kernel: &Kernel, wave: u32, checks: Checks) -> Self {
        assert!(wave > 0 && 64 % wave == 0, "invariant: a wave has 32 or 64 lanes");
        super::encode(kernel, wave, Level::detect(), checks)
    }

    /// The same program, with every line that the kernel prints given to `print`, from any thread. Lines are dropped
    /// otherwise.
    #[must_use]
    pub fn with_print(self, print: fn(&str)) -> Self {
        Self { print, ..self }
    }

    /// The kernel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parts.kernel
    }

    pub(super) fn from_parts(parts: Parts, layout: Layout) -> Self {
        Self { parts, layout, idle: Mutex::new(Vec::new()), print: |_| {} }
    }
}

impl Parts {
    /// Whether the kernel touches a parameter's buffer so.
    pub(crate) fn touches(&self, parameter: usize, touch: Touch) -> bool {
        self.sites.iter().any(|site| {
            let space = self.accesses[site.access as usize].space;
            site.touch == touch && matches!(space, EncodedSpace::Global(index) if index as usize == parameter)
        })
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("kernel", &self.parts.kernel)
            .field("instructions", &self.parts.insts.len())
            .field("words", &self.layout.words)
            .finish_non_exhaustive()
    }
}

impl Step {
    /// The step as a literal of the counter's type.
    pub(crate) fn literal(&self, bits: u64) -> Literal {
        Literal::from_bits(self.scalar, bits)
    }
}
