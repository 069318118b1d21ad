//! The matrix instructions, one row each: shapes, formats, where they exist, cycles and layouts.
//!
//! Everything that differs from one MFMA to another is in its row of `table`, or follows from it: fragments, raw
//! intrinsics, HIP text, the interpreter, the documentation and its diagrams read it from here. Shapes and cycles follow
//! AMD's ISA documents of CDNA 2 to 4, its matrix instruction calculator and LLVM's scheduling models; builtins are
//! those of Clang.
//!
//! Not here: the sparse instructions, and gfx950's `f8f6f4` ones, whose scales and 4- and 6-bit formats the language has
//! no types for. gfx950 has the 8-bit rows of gfx942 too, but reads their operands by the OCP formats.

mod layout;
mod nvidia;
mod spread;
mod table;

pub use greta_numerics::mfma::Format;
pub use layout::{Coordinate, Layout, Sum, Term};
pub(crate) use nvidia::function as nvidia_function;
pub use nvidia::*;
pub use spread::{Product, Spread};
pub use table::*;

use crate::ir::{Scalar, Type};
use crate::ops::{Class, Effects, Op, OpRow, Slot, Spelling};
use crate::target::Target;

/// Lanes of a wave of AMD's matrix instructions.
pub const WAVE: u32 = 64;

/// Which operand of `D = A * B + C` a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Left factor, `m` rows and `k` columns.
    A,
    /// Right factor, `k` rows and `n` columns.
    B,
    /// Accumulator and result, `m` rows and `n` columns.
    C,
}

impl Role {
    /// A, B, C.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];
}

/// A matrix instruction: `D = A * B + C` on m × n × k tiles held by the lanes of a wave.
///
/// An instruction with several blocks multiplies as many independent tiles. They count as one matrix each: the blocks of
/// A and of C lie below each other, those of B beside each other.
#[derive(Debug)]
pub struct Mfma {
    /// Name of the raw intrinsic in Rust, and of gfx942's instruction after `v_`.
    pub name: &'static str,
    /// Name of its shape's type in Rust.
    pub shape: &'static str,
    /// Compiler builtin.
    pub builtin: &'static str,
    /// Rows of a block of A and C.
    pub m: u32,
    /// Columns of a block of B and C.
    pub n: u32,
    /// Columns of A, rows of B.
    pub k: u32,
    /// Independent tiles in one instruction.
    pub blocks: u32,
    /// Lanes of the wave.
    pub wave: u32,
    /// What the elements of A, B and C are, in this order.
    pub formats: [Format; 3],
    /// What a lane holds of A, B and C.
    pub operands: [Type; 3],
    /// Where the elements of A, B and C lie.
    pub layouts: [Layout; 3],
    /// The targets that have it.
    pub targets: &'static [Availability],
    slots: [Slot; 3],
}

/// That a target has an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// LLVM's name of the target.
    pub target: &'static str,
    /// Cycles that one SIMD is busy, where they are published.
    pub cycles: Option<u32>,
}

/// The sizes of an instruction's blocks, which are square.
#[derive(Clone, Copy)]
struct Tile {
    side: u32,
    k: u32,
    blocks: u32,
}

impl Mfma {
    const fn new(
        [name, shape, builtin]: [&'static str; 3],
        tile: Tile,
        formats: [Format; 3],
        targets: &'static [Availability],
    ) -> Self {
        let Tile { side, k, blocks } = tile;
        let held = side * k * blocks / WAVE;
        let operands = [
            Type::vector(scalar(formats[0]), held as u8),
            Type::vector(scalar(formats[1]), held as u8),
            Type::vector(scalar(formats[2]), (side * side * blocks / WAVE) as u8),
        ];
        Self {
            name,
            shape,
            builtin,
            m: side,
            n: side,
            k,
            blocks,
            wave: WAVE,
            formats,
            operands,
            layouts: Layout::of(tile, formats[2].bits()),
            targets,
            slots: [Slot::Is(operands[0]), Slot::Is(operands[1]), Slot::Is(operands[2])],
        }
    }

    /// Whether a target has the instruction.
    #[must_use]
    pub fn is_on(&self, target: &Target) -> bool {
        self.targets.iter().any(|on| on.target == target.name)
    }

    /// Cycles that one SIMD of a target is busy, if it has the instruction and they are published.
    #[must_use]
    pub fn opt_cycles(&self, target: &str) -> Option<u32> {
        self.targets.iter().find(|on| on.target == target)?.cycles
    }

    /// The names of the targets that have it.
    #[must_use]
    pub fn target_names(&self) -> Vec<&'static str> {
        self.targets.iter().map(|on| on.target).collect()
    }

    /// The instructions of a target that take operands of the same formats.
    pub fn kin_on<'t>(&self, target: &'t Target) -> impl Iterator<Item = &'static Self> + use<'t, '_> {
        MFMAS.iter().copied().filter(|row| row.formats == self.formats && row.is_on(target))
    }

    /// How fragments of the instruction's shape lie on a target and are multiplied there: by this instruction, by another
    /// of the same shape, or without one where `f32` can do so; else as this instruction wants them, which the verifier
    /// refuses.
    #[must_use]
    pub fn spread_on(&'static self, target: &Target) -> Spread {
        let same_shape = |row: &&&'static Self| row.shape == self.shape && row.is_on(target);
        if self.is_on(target) {
            return Spread::of(self);
        }
        match MMAS.iter().find(same_shape) {
            Some(row) => Spread::of(row),
            None => spread::opt_fused(self).unwrap_or(Spread::of(self)),
        }
    }

    /// Whether fragments of the instruction's shape can be multiplied on a target.
    #[must_use]
    pub fn has_fragments_on(&'static self, target: &Target) -> bool {
        match self.spread_on(target).product {
            Product::Instruction(row) => row.is_on(target),
            Product::Fused(_) => true,
        }
    }

    /// What a lane holds of an operand.
    #[must_use]
    pub fn operand(&self, role: Role) -> Type {
        self.operands[role as usize]
    }

    /// Rows and columns of an operand, all blocks together.
    #[must_use]
    pub fn size(&self, role: Role) -> (u32, u32) {
        let Self { m, n, k, blocks, .. } = *self;
        match role {
            Role::A => (m * blocks, k),
            Role::B => (k, n * blocks),
            Role::C => (m * blocks, n),
        }
    }

    /// Where an operand's elements lie.
    #[must_use]
    pub fn layout(&self, role: Role) -> Layout {
        self.layouts[role as usize]
    }

    /// `(row, column)` in the operand's own matrix of what lane `lane` holds in element `register` of its value.
    #[must_use]
    pub fn coord(&self, role: Role, lane: u32, register: u32) -> (u32, u32) {
        let layout = self.layout(role);
        (layout.row.at(lane, register), layout.column.at(lane, register))
    }

    /// What the builtin takes for a factor where that is not the factor's own type: a register's bits.
    #[must_use]
    pub fn opt_bits(&self, role: Role) -> Option<Type> {
        let ty = self.operand(role);
        match (self.formats[role as usize], ty.bytes()) {
            (Format::I8 | Format::Fp8 | Format::Bf8, 4) => Some(Type::I32),
            (Format::I8 | Format::Fp8 | Format::Bf8, 8) => Some(Type::scalar(Scalar::I64)),
            (Format::I8 | Format::Fp8 | Format::Bf8, _) => Some(Type::vector(Scalar::I32, 4)),
            (Format::Bf16, 4 | 8) => Some(Type::vector(Scalar::I16, ty.lanes)),
            _ => None,
        }
    }

    pub(crate) fn op_row(&'static self) -> OpRow {
        OpRow {
            op: Op::Mfma(self),
            name: self.name,
            class: Class::None,
            operands: &self.slots,
            result: self.slots[Role::C as usize],
            effects: Effects::Wave,
            hip: Spelling::Special,
            cuda: Spelling::Special,
            doc: "D = A * B + C on the matrix cores",
        }
    }
}

/// The type of a format's numbers in a kernel.
const fn scalar(format: Format) -> Scalar {
    match format {
        Format::F64 => Scalar::F64,
        Format::F32 | Format::Xf32 => Scalar::F32,
        Format::F16 => Scalar::F16,
        Format::Bf16 => Scalar::Bf16,
        Format::Fp8 => Scalar::Fp8,
        Format::Bf8 => Scalar::Bf8,
        Format::I8 => Scalar::I8,
        Format::I32 => Scalar::I32,
    }
}

impl PartialEq for Mfma {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Mfma {}

impl PartialOrd for Mfma {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Mfma {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(other.name)
    }
}

impl std::hash::Hash for Mfma {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
