//! What a launch reports when a kernel breaks a rule of the IR, as data, and how it is shown.
//!
//! A report names the kernel, block, thread and place in the Rust source. It does no I/O: whoever renders it supplies
//! the text of the source file.

use greta_codegen::drawing::{Drawing, Mark};
use greta_codegen::ir::{Literal, Location, Scalar};

/// A rule that a kernel broke while it ran, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kernel}: {kind} (block {block:?}, thread {thread:?}, {location})")]
pub struct Report {
    /// The kernel's name.
    pub kernel: String,
    /// The block's position in the grid.
    pub block: [u32; 3],
    /// The thread's position in its block: the first thread that broke the rule; of a barrier, the first that did not
    /// reach it.
    pub thread: [u32; 3],
    /// Where in the Rust source.
    pub location: Location,
    /// Which rule, with the numbers.
    pub kind: ReportKind,
}

/// Which rule was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportKind {
    /// An access outside an object. The kernel's fault: guard the index, or pass a longer buffer.
    #[error("{access} of {object} at index {index}{}{}, limit {limit}", span_text(*.width), dimension_text(*.dimension, *.dimensions))]
    OutOfBounds {
        /// The buffer, array or vector variable.
        object: String,
        /// The index of the dimension that is too large.
        index: u32,
        /// How many elements the dimension has.
        limit: u64,
        /// Consecutive elements that the access touches, from `index` on.
        width: u32,
        /// Which dimension, from 0.
        dimension: u32,
        /// How many dimensions the object has.
        dimensions: u32,
        /// Read or write.
        access: Access,
    },
    /// A vector access whose index is no multiple of the vector's length. The kernel's fault.
    #[error("{access} of {width} elements of {object} at index {index}, which is not a multiple of {width}")]
    Misaligned {
        /// The buffer or array.
        object: String,
        /// The index.
        index: u32,
        /// The vector's length in elements.
        width: u32,
        /// Read or write.
        access: Access,
    },
    /// Only some threads of a block reached a barrier. The kernel's fault: move it out of the branch.
    #[error("barrier reached by {reached} of {threads} threads of the block")]
    DivergentBarrier {
        /// Threads that reached it.
        reached: u32,
        /// Threads of the block.
        threads: u32,
    },
    /// Blocks wait at a barrier of the grid, and others do not come to it. The kernel's fault: what decides about reaching the
    /// barrier is not the same in all blocks, because one changes it while another reads it.
    #[error("{}", apart_text(.waiting, .left))]
    BlocksApart {
        /// The blocks that wait, by barrier.
        waiting: Vec<Gathered>,
        /// The blocks that have ended.
        left: Vec<[u32; 3]>,
    },
    /// The element that counts who arrives at a barrier of the grid is not zero, but for its highest bit, when all have. The
    /// launcher's fault: it is zero before the first launch that uses it, and no launch but those of such kernels writes it.
    #[error(
        "{object} holds {count:#x} when all blocks have come to a grid barrier: its lower 31 bits were not zero before"
    )]
    Miscounted {
        /// The buffer.
        object: String,
        /// What it holds.
        count: u32,
    },
    /// Two threads access an element, at least one of them writes, and nothing puts the accesses in order. The kernel's
    /// fault: within a block put a barrier between them; blocks need elements of their own, or atomic updates.
    #[error("data race on {}: {access} and {} are in no order", element_text(.object, .index), .other.access)]
    Race {
        /// The buffer or array.
        object: String,
        /// The element's index in each dimension.
        index: Vec<u32>,
        /// What the report's thread does.
        access: Access,
        /// The earlier access.
        other: Party,
    },
    /// An access to an element while an asynchronous copy to it is under way. The kernel's fault: the thread that copies
    /// waits first; others do after the next barrier.
    #[error("{access} of {}, to which a copy is under way", element_text(.object, .index))]
    CopyUnderWay {
        /// The array in shared memory.
        object: String,
        /// The element's index in each dimension.
        index: Vec<u32>,
        /// What the report's thread does.
        access: Access,
        /// The copy.
        copy: Party,
    },
    /// A read of what was never written. The kernel's fault, or that of whoever left a buffer's contents unspecified.
    #[error("read of {}, which is undefined", element_text(.object, .index))]
    Undefined {
        /// The variable, buffer or array.
        object: String,
        /// The element's index in each dimension; empty for a variable.
        index: Vec<u32>,
    },
    /// A vector access to a view that starts where no vector can. The launcher's fault: start the view elsewhere.
    #[error("{access} of {bytes} B at once of {object}, a view that starts {offset} B into its buffer")]
    MisalignedView {
        /// The buffer.
        object: String,
        /// Where the view starts, in bytes.
        offset: u64,
        /// The vector's size in bytes.
        bytes: u32,
        /// Read or write.
        access: Access,
    },
    /// A shift by as many bits as the value has, or more. The kernel's fault.
    #[error("shift of {bits} bits by {count}")]
    ShiftRange {
        /// By how many.
        count: Literal,
        /// Bits of the value.
        bits: u32,
    },
    /// An integer division by zero. The kernel's fault.
    #[error("integer division by zero")]
    DivisionByZero,
    /// A loop that did not end within the iterations that it may take. The kernel's fault, or the limit is too low.
    #[error("a loop has not ended after {limit} iterations")]
    EndlessLoop {
        /// Iterations that a loop may take.
        limit: u64,
    },
    /// The sanitizer keeps tables beside the buffers that a launch writes. The machine's limit: launch on smaller buffers,
    /// or without the sanitizer.
    #[error(
        "the sanitizer takes {bytes} B to watch the buffers that this launch writes, which the machine does not give"
    )]
    SanitizerMemory {
        /// What it takes.
        bytes: u128,
    },
    /// A `for` whose step is zero or negative. The kernel's fault.
    #[error("range step {step} is not positive")]
    RangeStep {
        /// The step.
        step: Literal,
    },
    /// An assertion of the kernel's own that does not hold. The kernel's fault.
    #[error("{message}")]
    Failed {
        /// What it says.
        message: String,
    },
    /// A matrix instruction that not all lanes of a wave run. The kernel's fault: move it out of the branch, or make
    /// the block a multiple of the wave.
    #[error("{instruction} run by {active} of {wave} lanes of a wave")]
    PartialMfma {
        /// The instruction.
        instruction: &'static str,
        /// Lanes that run it.
        active: u32,
        /// Lanes of a wave.
        wave: u32,
    },
    /// A lane that reads the value of one that does not run the operation: it is behind a branch, has returned, or the
    /// block has no such thread. The kernel's fault: let the lane read itself instead.
    #[error("{operation} in lane {lane} reads lane {from}, which does not take part")]
    InactiveLane {
        /// The operation.
        operation: &'static str,
        /// The lane that reads.
        lane: u32,
        /// The lane that it reads.
        from: u32,
    },
    /// A buffer with more elements than an index can count. The launcher's fault: launch over parts of it.
    #[error("{name} has {elements} elements; a kernel counts at most {limit}")]
    BufferTooLong {
        /// The parameter.
        name: String,
        /// Elements of the buffer.
        elements: u64,
        /// Elements at most.
        limit: u64,
    },
    /// A buffer whose elements are changed atomically starts where none of them may. The launcher's fault: start it at a
    /// multiple of its elements' size.
    #[error("{name} is changed atomically and does not start at a multiple of {alignment} B")]
    BufferMisaligned {
        /// The parameter.
        name: String,
        /// Bytes of an element.
        alignment: u32,
    },
    /// The launch has the wrong number of arguments. The launcher's fault.
    #[error("{given} arguments given, the kernel has {expected} parameters")]
    ArgumentCount {
        /// Arguments given.
        given: usize,
        /// Parameters of the kernel.
        expected: usize,
    },
    /// An argument of the wrong kind. The launcher's fault.
    #[error("argument {index} ({name}): {given} given, {expected} expected")]
    ArgumentKind {
        /// The argument's position, from 0.
        index: usize,
        /// The parameter's name.
        name: String,
        /// What was given.
        given: Passed,
        /// What the kernel takes.
        expected: Passed,
    },
    /// Blocks that wait for each other run all at once, and there are too many for that. The launcher's fault: launch fewer,
    /// each of which does more.
    #[error("{blocks} blocks wait for each other at grid barriers; at most {limit} run at once here")]
    GridTooLarge {
        /// Blocks of the launch.
        blocks: u64,
        /// Blocks at most.
        limit: u64,
    },
    /// One thread block needs more memory than the interpreter gives it. The kernel's fault: use smaller arrays.
    #[error("a block needs {bytes} B for its variables and arrays; the interpreter's limit is {limit} B")]
    FrameTooLarge {
        /// Bytes needed.
        bytes: u64,
        /// Bytes at most.
        limit: u64,
    },
    /// A matrix instruction or type that the interpreter does not know. The interpreter's fault.
    #[error("{name} is not supported by the interpreter")]
    Unsupported {
        /// What it is.
        name: &'static str,
    },
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// The store of an asynchronous copy.
    Copy,
    /// An atomic update.
    Update,
    /// A prefetch, which reads nothing.
    Prefetch,
}

/// An access that another one races with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// What was done.
    pub access: Access,
    /// By a thread of which block.
    pub block: [u32; 3],
    /// By which of its threads.
    pub thread: [u32; 3],
    /// Where in the Rust source.
    pub location: Location,
}

/// Blocks at a barrier of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Where the barrier stands in the Rust source.
    pub location: Location,
    /// The positions of the blocks, in the order of their numbers.
    pub blocks: Vec<[u32; 3]>,
}

/// What is passed for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A scalar.
    Scalar(Scalar),
    /// A buffer that is only read.
    Buffer,
    /// A buffer that is written.
    MutableBuffer,
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Copy => "asynchronous copy",
            Self::Update => "atomic update",
            Self::Prefetch => "prefetch",
        })
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by block {:?}, thread {:?}", self.access, self.block, self.thread)
    }
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Buffer => f.write_str("buffer"),
            Self::MutableBuffer => f.write_str("writable buffer"),
        }
    }
}

/// `tile[3][5]`.
fn element_text(object: &str, index: &[u32]) -> String {
    index.iter().fold(object.to_owned(), |text, index| format!("{text}[{index}]"))
}

/// Positions that a message lists at most.
const BLOCKS_SHOWN: usize = 8;

fn apart_text(waiting: &[Gathered], left: &[[u32; 3]]) -> String {
    let mut parts: Vec<String> = waiting
        .iter()
        .map(|Gathered { location, blocks }| {
            format!("{} at the grid barrier at {location}", blocks_text(blocks, "wait"))
        })
        .collect();
    if !left.is_empty() {
        parts.push(blocks_text(left, "ended"));
    }
    parts.join("; ")
}

/// `2 blocks wait ([0, 0, 0], [1, 0, 0])`.
fn blocks_text(blocks: &[[u32; 3]], verb: &str) -> String {
    let mut shown: Vec<String> = blocks.iter().take(BLOCKS_SHOWN).map(|block| format!("{block:?}")).collect();
    if blocks.len() > BLOCKS_SHOWN {
        shown.push("…".to_owned());
    }
    let noun = if blocks.len() == 1 { "block" } else { "blocks" };
    format!("{} {noun} {verb} ({})", blocks.len(), shown.join(", "))
}

fn span_text(width: u32) -> String {
    if width == 1 { String::new() } else { format!(" ({width} elements)") }
}

fn dimension_text(dimension: u32, dimensions: u32) -> String {
    if dimensions == 1 { String::new() } else { format!(" of dimension {dimension}") }
}

impl Report {
    /// The source files that it names, some perhaps twice.
    pub fn files(&self) -> impl Iterator<Item = &'static str> {
        [self.location.file].into_iter().chain(self.opt_other().map(|other| other.location.file))
    }

    /// The report as a person reads it. `text` gives the text of a file that [`Report::files`] names, if it is at hand.
    pub fn render<'a>(&self, text: impl Fn(&str) -> Option<&'a str>) -> String {
        let mark = |location: Location, label| Mark { place: location.into(), label, text: text(location.file) };
        let mut marks = vec![mark(self.location, self.label())];
        marks.extend(self.opt_other().map(|other| mark(other.location, other.to_string())));
        let mut notes = vec![format!("kernel {}, block {:?}, thread {:?}", self.kernel, self.block, self.thread)];
        notes.extend(self.opt_help().map(str::to_owned));
        Drawing { title: self.kind.to_string(), marks, notes }.message()
    }

    fn opt_other(&self) -> Option<&Party> {
        match &self.kind {
            ReportKind::Race { other, .. } | ReportKind::CopyUnderWay { copy: other, .. } => Some(other),
            _ => None,
        }
    }

    fn opt_help(&self) -> Option<&'static str> {
        match &self.kind {
            ReportKind::CopyUnderWay { .. } | ReportKind::Race { other: Party { access: Access::Copy, .. }, .. } => {
                Some("call `copy_async_wait` first, then `barrier()` if other threads are to see what was copied")
            }
            ReportKind::Race { other, .. } if other.block == self.block && other.location == self.location => {
                Some("let each thread have elements of its own, or update atomically")
            }
            ReportKind::Race { other, .. } if other.block == self.block => {
                Some("put `barrier()` between the two accesses, or let each thread have elements of its own")
            }
            ReportKind::Race { .. } => Some(
                "blocks run in any order: let each have elements of its own, update atomically, put `grid_barrier()` between, \
                 or launch twice",
            ),
            ReportKind::BlocksApart { .. } => Some(
                "let all blocks read alike what decides about reaching the barrier, and change it only after another one",
            ),
            ReportKind::Miscounted { .. } => {
                Some("make the buffer zero before its first launch, and let one launch at a time use it")
            }
            _ => None,
        }
    }

    fn label(&self) -> String {
        match &self.kind {
            ReportKind::OutOfBounds { index, limit, .. } => format!("index {index}, limit {limit}"),
            ReportKind::Misaligned { index, width, .. } => format!("index {index} is not a multiple of {width}"),
            ReportKind::DivergentBarrier { reached, threads } => {
                format!("{reached} of {threads} threads are here, {:?} is not", self.thread)
            }
            ReportKind::BlocksApart { .. } => "waits for ever".to_owned(),
            ReportKind::DivisionByZero => "the divisor is 0".to_owned(),
            ReportKind::PartialMfma { active, wave, .. } => format!("{active} of {wave} lanes are here"),
            ReportKind::Race { access, .. } | ReportKind::CopyUnderWay { access, .. } => {
                Party { access: *access, block: self.block, thread: self.thread, location: self.location }.to_string()
            }
            ReportKind::InactiveLane { from, .. } => format!("lane {from} is not here"),
            ReportKind::EndlessLoop { .. } => "this loop".to_owned(),
            ReportKind::Undefined { .. } => "nothing was written here before".to_owned(),
            ReportKind::MisalignedView { offset, bytes, .. } => {
                format!("{offset} is not a multiple of {}", (*bytes).min(16))
            }
            ReportKind::ShiftRange { bits, .. } => format!("less than {bits} is allowed"),
            _ => String::new(),
        }
    }
}
