//! A kernel between the IR and the program: device functions are inlined, expressions are flattened into operations on
//! registers, arrays are bound to their places, lazy operands have become branches. Control flow is still structured.
//!
//! A register holds the components of a value, a `Mut` variable or a register array. Whether it has one value for the
//! block or one per thread is found by `uniformity`, where it lives by `encode`.

use greta_codegen::ir::{Atomic, Literal, Location, Op, Scalar, Type};
use greta_codegen::mfma::Mfma;

use crate::lanewise::Lanewise;
use crate::sanitize::{CopyCall, Rule};
use crate::wide::Wide;

/// Index into [`Tree::registers`].
pub(crate) type Register = usize;
/// Index into [`Tree::regions`].
pub(crate) type Region = usize;
/// Index into [`Tree::accesses`].
pub(crate) type AccessId = usize;

/// The region of the kernel's body.
pub(crate) const ROOT: Region = 0;

/// A flattened kernel.
pub(crate) struct Tree {
    pub(crate) registers: Vec<RegisterInfo>,
    pub(crate) regions: Vec<RegionInfo>,
    pub(crate) accesses: Vec<Access>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) messages: Vec<Message>,
    pub(crate) body: Vec<Node>,
    pub(crate) shared_words: u64,
}

/// What is known of a register.
#[derive(Clone, Debug)]
pub(crate) struct RegisterInfo {
    /// Components.
    pub(crate) count: u32,
    /// Where it is declared.
    pub(crate) region: Region,
    /// Loops around its declaration.
    pub(crate) loop_depth: usize,
    pub(crate) origin: Origin,
    /// Whether all threads that can read it see one value. Starts true, `uniformity` makes it false.
    pub(crate) uniform: bool,
}

/// Where a register's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written once and read once.
    Temporary,
    /// Does not change once it has been read.
    Value,
    /// A `Mut` variable.
    Variable,
    /// A register array.
    Array,
    /// Set before the block runs.
    Special(Special),
    /// A scalar parameter: its position among the parameters.
    Parameter(usize),
    /// A 64-bit constant.
    Literal(u64),
}

/// A value that every block or thread starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    ThreadIdx(usize),
    LaneId,
    WaveId,
    BlockIdx(usize),
    GridDim(usize),
}

/// A stretch of control flow that some threads may enter, or leave, without the others.
#[derive(Clone, Debug)]
pub(crate) struct RegionInfo {
    pub(crate) parent: Region,
    /// Starts false, `uniformity` makes it true.
    pub(crate) divergent: bool,
}

/// A parameter of the kernel.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: ParameterKind,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ParameterKind {
    /// By value.
    Scalar(Scalar),
    /// A buffer of elements of a type; whether the kernel writes to it.
    Buffer { element: Type, written: bool },
}

impl Parameter {
    /// Whether it is a buffer that the kernel writes to.
    pub(crate) fn is_written(&self) -> bool {
        matches!(self.kind, ParameterKind::Buffer { written: true, .. })
    }
}

/// A value that an operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Every component has these bits.
    Constant(u32),
    /// Components of a register from `first` on; `step` 0 repeats the first.
    Register { register: Register, first: u32, step: u32 },
}

/// Components of a register that an operation writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) register: Register,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// The elements that a load or store touches.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) space: Space,
    /// The object's name.
    pub(crate) name: String,
    /// Indices, outermost first. The lane of a vector element is a last dimension.
    pub(crate) dims: Vec<Dim>,
    /// Dimensions that the author sees: without the lane.
    pub(crate) dimensions: u32,
    /// Components of the unit that the last index counts.
    pub(crate) unit: u32,
    /// Units touched, from the last index on.
    pub(crate) width: u32,
    pub(crate) packing: Packing,
    pub(crate) write: bool,
    /// Whether it is the store of an asynchronous copy.
    pub(crate) asynchronous: bool,
    pub(crate) location: Location,
}

/// What is printed around values.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: Vec<String>,
    /// The types of the values.
    pub(crate) scalars: Vec<Scalar>,
    /// Whether the launch fails with it.
    pub(crate) fails: bool,
    pub(crate) location: Location,
}

/// One index of an access.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dim {
    pub(crate) index: Operand,
    /// What the index must stay below; `None` for the length of a buffer.
    pub(crate) extent: Option<u32>,
}

/// Where an object lives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Space {
    /// The buffer of a parameter.
    Global(usize),
    /// In the block's shared memory, from a word on.
    Shared(u64),
    /// A register array, or a vector.
    Register { register: Register, first: u32 },
}

/// What an atomic operation does with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) atomic: Atomic,
    pub(crate) scalar: Scalar,
}

/// How a word lies in a buffer. Elsewhere every component takes whole words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Words,
    /// A byte that is zero or not.
    Bool,
    /// The lowest bytes, extended by zero or sign when they are loaded.
    U8,
    I8,
    U16,
    I16,
}

impl Packing {
    /// How elements of a type lie in a buffer.
    pub(crate) fn of(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool => Self::Bool,
            Scalar::I8 => Self::I8,
            Scalar::I16 => Self::I16,
            _ if scalar.bytes() == 1 => Self::U8,
            _ if scalar.bytes() == 2 => Self::U16,
            _ => Self::Words,
        }
    }
}

/// Words of one component of a scalar type.
pub(crate) fn scalar_words(scalar: Scalar) -> u32 {
    scalar.bytes().div_ceil(4)
}

/// Words of a value.
pub(crate) fn words(ty: Type) -> u32 {
    u32::from(ty.lanes) * scalar_words(ty.scalar)
}

/// How a shuffle picks the lane that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shuffle {
    Index,
    Xor,
    Down,
    Up,
}

impl Shuffle {
    /// What a kernel calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Index => Op::Shuffle,
            Self::Xor => Op::ShuffleXor,
            Self::Down => Op::ShuffleDown,
            Self::Up => Op::ShuffleUp,
        }
        .row()
        .name
    }
}

/// What the lanes of a wave decide together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
    Any,
    All,
    /// The lanes for which it holds, as the bits of two words.
    Ballot,
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Node {
    /// The variable starts here; undefined.
    Declare(Register),
    Lanewise {
        row: Lanewise,
        dst: Target,
        src: [Operand; 3],
    },
    /// An operation with 64-bit values, on so many lanes.
    Wide {
        row: Wide,
        dst: Target,
        lanes: u32,
        src: [Operand; 3],
    },
    Load {
        dst: Target,
        access: AccessId,
    },
    /// Checks the indices alone.
    Prefetch {
        access: AccessId,
    },
    /// A barrier of the grid that counts in this element.
    GridBarrier {
        access: AccessId,
    },
    Store {
        access: AccessId,
        value: Operand,
    },
    /// Changes an element; the result is what was there before.
    Atomic {
        change: Change,
        dst: Target,
        access: AccessId,
        operands: [Operand; 2],
    },
    Shuffle {
        kind: Shuffle,
        dst: Target,
        value: Operand,
        lane: Operand,
        location: Location,
    },
    Vote {
        kind: Vote,
        dst: Target,
        condition: Operand,
    },
    Mfma {
        row: &'static Mfma,
        rule: greta_numerics::mfma::Rule,
        dst: Target,
        src: [Operand; 3],
        location: Location,
    },
    Barrier(Location),
    /// Only if checks of the sanitizer are wanted: elsewhere a copy is done at once.
    Copies(CopyCall),
    /// Prints a line for each thread, or fails with it.
    Print {
        message: usize,
        values: Vec<Operand>,
    },
    CheckDivisor {
        divisor: Operand,
        /// Components.
        count: u32,
        /// Whether each takes two words.
        wide: bool,
        location: Location,
    },
    CheckStep {
        step: Operand,
        scalar: Scalar,
        location: Location,
    },
    /// Reports a thread for which a component does not obey the rule.
    Check {
        value: Operand,
        count: u32,
        rule: Rule,
        location: Location,
    },
    Unsupported {
        name: &'static str,
        location: Location,
    },
    If {
        region: Region,
        condition: Operand,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Loop(Box<Loop>),
    /// An inlined function.
    Scope {
        region: Region,
        body: Vec<Node>,
    },
    /// Leaves the loop of a region.
    Break {
        at: Region,
        target: Region,
    },
    Continue {
        at: Region,
        target: Region,
    },
    /// Leaves the scope of a region, or the kernel.
    Return {
        at: Region,
        target: Region,
    },
}

/// A loop. Everything in it belongs to its region.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) region: Region,
    /// Run once.
    pub(crate) init: Vec<Node>,
    /// Run before each test.
    pub(crate) test: Vec<Node>,
    pub(crate) condition: Operand,
    pub(crate) body: Vec<Node>,
    /// Run after the body, and by `Continue`.
    pub(crate) advance: Vec<Node>,
    pub(crate) location: Location,
}

impl Operand {
    /// The components of a register from the first on.
    pub(crate) fn register(register: Register) -> Self {
        Self::Register { register, first: 0, step: 1 }
    }

    /// One component.
    pub(crate) fn component(self, index: u32) -> Self {
        match self {
            Self::Constant(bits) => Self::Constant(bits),
            Self::Register { register, first, step } => {
                Self::Register { register, first: first + index * step, step: 1 }
            }
        }
    }

    /// The first component, over and over.
    pub(crate) fn splat(self) -> Self {
        match self {
            Self::Constant(bits) => Self::Constant(bits),
            Self::Register { register, first, .. } => Self::Register { register, first, step: 0 },
        }
    }

    /// The bits, if it is a constant.
    pub(crate) fn opt_constant(self) -> Option<u32> {
        match self {
            Self::Constant(bits) => Some(bits),
            Self::Register { .. } => None,
        }
    }

    /// The register, if it is one.
    pub(crate) fn opt_register(self) -> Option<Register> {
        match self {
            Self::Constant(_) => None,
            Self::Register { register, .. } => Some(register),
        }
    }
}

impl Tree {
    /// Whether threads may part ways between `outer` and `inner`, a region inside of it; `outer` itself does not count.
    pub(crate) fn diverges(&self, inner: Region, outer: Region) -> bool {
        let mut region = inner;
        while region != outer && region != ROOT {
            if self.regions[region].divergent {
                return true;
            }
            region = self.regions[region].parent;
        }
        false
    }

    /// Whether an operand has the same value for all threads.
    pub(crate) fn is_uniform(&self, operand: Operand) -> bool {
        operand.opt_register().is_none_or(|register| self.registers[register].uniform)
    }
}

/// The word of a literal of at most 32 bits; the lower one of a wider literal. Integers are extended.
pub(crate) fn bits(literal: Literal) -> u32 {
    literal.opt_integer().map_or(literal.bits() as u32, |value| value as u32)
}

/// What a statement does with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Read(Register),
    Write(Register),
}

impl Node {
    /// Everything that the statement and those inside of it read and write, roughly in order.
    pub(crate) fn touches(&self, accesses: &[Access], note: &mut impl FnMut(Touch)) {
        let read = |operand: Operand, note: &mut dyn FnMut(Touch)| {
            if let Some(register) = operand.opt_register() {
                note(Touch::Read(register));
            }
        };
        match self {
            Self::Declare(register) => note(Touch::Write(*register)),
            Self::Lanewise { row, dst, src } => {
                src[..row.arity()].iter().for_each(|operand| read(*operand, note));
                note(Touch::Write(dst.register));
            }
            Self::Wide { row, dst, src, .. } => {
                src[..row.operands().len()].iter().for_each(|operand| read(*operand, note));
                note(Touch::Write(dst.register));
            }
            Self::Load { dst, access } => {
                let access = &accesses[*access];
                access.dims.iter().for_each(|dim| read(dim.index, note));
                if let Space::Register { register, .. } = access.space {
                    note(Touch::Read(register));
                }
                note(Touch::Write(dst.register));
            }
            Self::Prefetch { access } | Self::GridBarrier { access } => {
                accesses[*access].dims.iter().for_each(|dim| read(dim.index, note))
            }
            Self::Store { access, value } => {
                let access = &accesses[*access];
                access.dims.iter().for_each(|dim| read(dim.index, note));
                read(*value, note);
                if let Space::Register { register, .. } = access.space {
                    note(Touch::Write(register));
                }
            }
            Self::Atomic { dst, access, operands, .. } => {
                accesses[*access].dims.iter().for_each(|dim| read(dim.index, note));
                operands.iter().for_each(|operand| read(*operand, note));
                note(Touch::Write(dst.register));
            }
            Self::Shuffle { dst, value, lane, .. } => {
                read(*value, note);
                read(*lane, note);
                note(Touch::Write(dst.register));
            }
            Self::Vote { dst, condition, .. } => {
                read(*condition, note);
                note(Touch::Write(dst.register));
            }
            Self::Mfma { dst, src, .. } => {
                src.iter().for_each(|operand| read(*operand, note));
                note(Touch::Write(dst.register));
            }
            Self::CheckDivisor { divisor: value, .. }
            | Self::Check { value, .. }
            | Self::CheckStep { step: value, .. } => read(*value, note),
            Self::Print { values, .. } => values.iter().for_each(|value| read(*value, note)),
            Self::If { condition, .. } => read(*condition, note),
            Self::Loop(repeated) => read(repeated.condition, note),
            Self::Barrier(_)
            | Self::Copies(_)
            | Self::Unsupported { .. }
            | Self::Scope { .. }
            | Self::Break { .. }
            | Self::Continue { .. }
            | Self::Return { .. } => {}
        }
        for nodes in self.inner() {
            nodes.iter().for_each(|node| node.touches(accesses, note));
        }
    }

    /// The operands of the statement itself.
    pub(crate) fn operands_mut(&mut self) -> Vec<&mut Operand> {
        match self {
            Self::Lanewise { row, src, .. } => src[..row.arity()].iter_mut().collect(),
            Self::Wide { row, src, .. } => src[..row.operands().len()].iter_mut().collect(),
            Self::Store { value, .. } => vec![value],
            Self::Atomic { operands, .. } => operands.iter_mut().collect(),
            Self::Shuffle { value, lane, .. } => vec![value, lane],
            Self::Mfma { src, .. } => src.iter_mut().collect(),
            Self::CheckDivisor { divisor: value, .. }
            | Self::Check { value, .. }
            | Self::CheckStep { step: value, .. } => vec![value],
            Self::Print { values, .. } => values.iter_mut().collect(),
            Self::Vote { condition, .. } | Self::If { condition, .. } => vec![condition],
            Self::Loop(repeated) => vec![&mut repeated.condition],
            Self::Declare(_)
            | Self::Load { .. }
            | Self::Prefetch { .. }
            | Self::GridBarrier { .. }
            | Self::Barrier(_)
            | Self::Copies(_)
            | Self::Unsupported { .. }
            | Self::Scope { .. }
            | Self::Break { .. }
            | Self::Continue { .. }
            | Self::Return { .. } => Vec::new(),
        }
    }

    /// The statements inside of the statement.
    pub(crate) fn inner(&self) -> Vec<&Vec<Self>> {
        match self {
            Self::If { then, otherwise, .. } => vec![then, otherwise],
            Self::Loop(repeated) => vec![&repeated.init, &repeated.test, &repeated.body, &repeated.advance],
            Self::Scope { body, .. } => vec![body],
            _ => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(crate) fn inner_mut(&mut self) -> Vec<&mut Vec<Self>> {
        match self {
            Self::If { then, otherwise, .. } => vec![then, otherwise],
            Self::Loop(repeated) => {
                vec![&mut repeated.init, &mut repeated.test, &mut repeated.body, &mut repeated.advance]
            }
            Self::Scope { body, .. } => vec![body],
            _ => Vec::new(),
        }
    }
}
