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
    /// An integer division by zero. The kernel's fault.
    #[error("integer division by zero")]
    DivisionByZero,
    /// A `for` whose end plus step does not fit the counter's type. The kernel's fault: end the range earlier.
    #[error("range end {} plus step {} overflows {}", .end, .step, .end.scalar().name())]
    RangeOverflow {
        /// The range's end.
        end: Literal,
        /// The step.
        step: Literal,
    },
    /// A `for` whose step is zero or negative. The kernel's fault.
    #[error("range step {step} is not positive")]
    RangeStep {
        /// The step.
        step: Literal,
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

/// Whether an access reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
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
        })
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

fn span_text(width: u32) -> String {
    if width == 1 { String::new() } else { format!(" ({width} elements)") }
}

fn dimension_text(dimension: u32, dimensions: u32) -> String {
    if dimensions == 1 { String::new() } else { format!(" of dimension {dimension}") }
}

impl Report {
    /// The report as a person reads it. `source` is the text of the file that [`Report::location`] names, if at hand.
    #[must_use]
    pub fn render(&self, source: Option<&str>) -> String {
        let mark = Mark { place: self.location.into(), label: self.label(), text: source };
        let note = format!("kernel {}, block {:?}, thread {:?}", self.kernel, self.block, self.thread);
        Drawing { title: self.kind.to_string(), marks: vec![mark], notes: vec![note] }.message()
    }

    fn label(&self) -> String {
        match &self.kind {
            ReportKind::OutOfBounds { index, limit, .. } => format!("index {index}, limit {limit}"),
            ReportKind::Misaligned { index, width, .. } => format!("index {index} is not a multiple of {width}"),
            ReportKind::DivergentBarrier { reached, threads } => {
                format!("{reached} of {threads} threads are here, {:?} is not", self.thread)
            }
            ReportKind::DivisionByZero => "the divisor is 0".to_owned(),
            ReportKind::PartialMfma { active, wave, .. } => format!("{active} of {wave} lanes are here"),
            _ => String::new(),
        }
    }
}
