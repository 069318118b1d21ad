//! Everything that can be wrong with a program or its launch. One enum, with data; text only in
//! `Display`. Knows nothing of how a fault is shown to a person.

use std::fmt;

use crate::execute::Cause;
use crate::host::Printed;
use crate::object::SourceLine;

/// What is wrong with a program. Unless a variant says otherwise the fault is the program's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are neither an ELF file nor a bundle of them. Pass what the compiler returned.
    #[error("neither an ELF file nor an offload bundle: it starts with {start:02x?}")]
    NotAnObject {
        /// The first bytes.
        start: Vec<u8>,
    },
    /// The bundle ends before what its header promises. It was cut short or is corrupt.
    #[error("the offload bundle is malformed at byte {offset}")]
    MalformedBundle {
        /// Where in the bundle, decompressed if it was compressed.
        offset: usize,
    },
    /// The bundle's compression is unknown or its data are corrupt.
    #[error("the offload bundle cannot be decompressed: version {version}, method {method}")]
    Compression {
        /// The format's version.
        version: u16,
        /// The compression method.
        method: u16,
    },
    /// The bundle has no code for this processor. Compile for it.
    #[error("the offload bundle has nothing for {wanted}; it has {}", found.join(", "))]
    NoBundleEntry {
        /// The processor.
        wanted: &'static str,
        /// The bundle's entries.
        found: Vec<String>,
    },
    /// The ELF file is malformed. It was cut short or is corrupt.
    #[error("the code object is malformed: {0}")]
    MalformedElf(#[from] object::read::Error),
    /// A segment's bytes are not in the file. It was cut short or is corrupt.
    #[error("the code object ends before its segment at byte {offset}")]
    TruncatedSegment {
        /// Where in the file the segment would be.
        offset: u64,
    },
    /// The ELF file is for another machine. Compile for gfx942.
    #[error(
        "the code object is for machine {machine}, processor {processor:#x}; gfx942 is machine 224, processor 0x4c"
    )]
    WrongTarget {
        /// `e_machine`.
        machine: u16,
        /// The processor in `e_flags`.
        processor: u32,
    },
    /// The object was compiled for a gfx942 that is set up otherwise. Compile without naming the feature.
    #[error("the code object is for gfx942:{given}; this one is gfx942:{wanted}")]
    WrongFeature {
        /// What the object needs.
        given: &'static str,
        /// What the device has.
        wanted: &'static str,
    },
    /// The object asks for more memory than an object may.
    #[error("the code object takes {given} B in memory; at most {limit} B are allowed")]
    ImageTooLarge {
        /// What it asks for.
        given: u64,
        /// What it may have.
        limit: u64,
    },
    /// The object's metadata cannot be read. It was made by a compiler of another format, or is corrupt.
    #[error("the code object's metadata are malformed: {0}")]
    MalformedMetadata(#[from] rmp_serde::decode::Error),
    /// The object has no metadata note.
    #[error("the code object has no metadata")]
    NoMetadata,
    /// The kernel's descriptor is missing, outside of the object, or its entry is no code.
    #[error("kernel {kernel} has no valid descriptor (symbol {symbol})")]
    NoDescriptor {
        /// The kernel.
        kernel: String,
        /// The descriptor's symbol.
        symbol: String,
    },
    /// A relocation is of a kind that an executable object does not have, or lies outside of it.
    #[error("relocation of type {kind} at {offset:#x} is not supported or out of the object")]
    Relocation {
        /// Its number in the ELF ABI.
        kind: u32,
        /// Where it applies.
        offset: u64,
    },
    /// The object needs a symbol that it does not define. Link it.
    #[error("undefined symbol {name}")]
    UndefinedSymbol {
        /// The symbol.
        name: String,
    },
    /// gfx942 has no such instruction: the program jumped into data, or the decoder lacks a row.
    #[error("unknown instruction at {address:#x}: {}", hex(words))]
    UnknownInstruction {
        /// Offset in the object's image.
        address: u64,
        /// The words there.
        words: Vec<u32>,
    },
    /// The launch asks for more than a workgroup or a grid may have. Ask for less.
    #[error("kernel {kernel}: the launch has {given} {resource}; at most {limit} are allowed")]
    LaunchTooLarge {
        /// The kernel.
        kernel: String,
        /// Of what.
        resource: &'static str,
        /// How many.
        given: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The arguments are larger than those of a kernel may be, by their number or by what the object says of them.
    #[error("kernel {kernel} has {bytes} B of arguments; at most {limit} B can be placed")]
    ArgumentsTooLarge {
        /// The kernel.
        kernel: String,
        /// Bytes that they take.
        bytes: u64,
        /// Bytes that they may take.
        limit: u64,
    },
    /// The machine that runs the emulator has no memory left for the object or the launch. Give it more, or ask for less.
    #[error("no {bytes} B of memory are left for {purpose}")]
    OutOfMemory {
        /// Bytes that are needed at once.
        bytes: u64,
        /// What for.
        purpose: &'static str,
    },
    /// A wave could not go on.
    #[error("{place}: {cause}{}", place.context())]
    Stopped {
        /// Where it was.
        place: Box<Place>,
        /// Why.
        cause: Cause,
        /// What the launch printed up to there.
        printed: Box<Printed>,
    },
}

/// Where a wave was when it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The kernel.
    pub kernel: String,
    /// The workgroup's position in the grid.
    pub workgroup: [u32; 3],
    /// The wave's number in the workgroup.
    pub wave: usize,
    /// The lane at fault, if it is a single one.
    pub lane: Option<usize>,
    /// Offset of the instruction in the object's image.
    pub pc: u64,
    /// The instruction with its neighbours, in order.
    pub listing: Vec<Line>,
    /// The line of the source, where the object has line information.
    pub source: Option<SourceLine>,
}

/// An instruction of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its offset in the object's image.
    pub offset: u64,
    /// What it is, as LLVM writes it.
    pub text: String,
}

impl Place {
    /// The instruction as text.
    pub fn instruction(&self) -> &str {
        self.listing.iter().find(|line| line.offset == self.pc).map_or("no instruction", |line| &line.text)
    }

    /// The source line and the listing, a line of text each.
    pub fn context(&self) -> String {
        let source = self.source.iter().map(|line| format!("\n  at {line}"));
        let mark = |offset: u64| if offset == self.pc { '>' } else { ' ' };
        let lines =
            self.listing.iter().map(|Line { offset, text }| format!("\n  {} {offset:#x}  {text}", mark(*offset)));
        source.chain(lines).collect()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, workgroup, wave, lane, pc, .. } = self;
        write!(f, "kernel {kernel}, workgroup {workgroup:?}, wave {wave}")?;
        if let Some(lane) = lane {
            write!(f, ", lane {lane}")?;
        }
        write!(f, ", pc {pc:#x}, {}", self.instruction())
    }
}

/// Words of code as LLVM's listings have them.
pub(crate) fn hex(words: &[u32]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("{word:08X}")).collect();
    words.join(" ")
}
