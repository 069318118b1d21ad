//! The gfx942 instruction set as data: encodings, operand kinds, and one row per instruction.
//!
//! A row says what an instruction is called, what it reads and writes, and which modifiers it takes.
//! [`Op`] is the row's name as a number, the tag that an executor matches on. Knows nothing of bit
//! positions (see [`crate::decode`]) nor of what an instruction does.

mod instruction;
mod operand;
mod table;
mod uses;

pub use instruction::{Detail, Dpp, Form, Instruction, Memory, Modifiers, Sdwa};
pub(crate) use operand::FLOATS;
pub use operand::{Operand, Place};
pub use table::{Op, ROWS};
pub use uses::{Range, Ranges};

/// The instruction formats of the ISA document, chapter 13. A VOP1, VOP2 or VOPC row is also
/// reached through VOP3, SDWA and DPP; which of them an instruction came from is its [`Form`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Encoding {
    /// Scalar, one source.
    Sop1,
    /// Scalar, two sources.
    Sop2,
    /// Scalar comparison.
    Sopc,
    /// Scalar with a 16-bit immediate.
    Sopk,
    /// Program control.
    Sopp,
    /// Scalar memory.
    Smem,
    /// Vector, one source.
    Vop1,
    /// Vector, two sources.
    Vop2,
    /// Vector comparison.
    Vopc,
    /// Vector, three sources, or two in the 64-bit format only.
    Vop3,
    /// Packed vector.
    Vop3p,
    /// Matrix, in the packed format.
    Mai,
    /// LDS.
    Ds,
    /// Memory of any kind, by 64-bit address.
    Flat,
    /// Global memory.
    Global,
    /// Scratch memory.
    Scratch,
    /// Memory through a buffer descriptor.
    Mubuf,
    /// The same, with a format in the instruction.
    Mtbuf,
}

impl Encoding {
    /// All of them, in the table's order.
    pub const ALL: [Self; 18] = [
        Self::Sop1,
        Self::Sop2,
        Self::Sopc,
        Self::Sopk,
        Self::Sopp,
        Self::Smem,
        Self::Vop1,
        Self::Vop2,
        Self::Vopc,
        Self::Vop3,
        Self::Vop3p,
        Self::Mai,
        Self::Ds,
        Self::Flat,
        Self::Global,
        Self::Scratch,
        Self::Mubuf,
        Self::Mtbuf,
    ];
}

/// What an operand holds: its width, and how a constant in its place is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// No operand.
    None,
    /// 16 bits, an integer.
    B16,
    /// 16 bits, a float.
    F16,
    /// 32 bits, an integer or bits.
    B32,
    /// 32 bits, a float; also any 32 bits whose sign and magnitude can be modified.
    F32,
    /// Two 16-bit integers.
    B16x2,
    /// Two 16-bit floats.
    F16x2,
    /// 64 bits, an integer or bits.
    B64,
    /// 64 bits, a float.
    F64,
    /// Two 32-bit integers.
    B32x2,
    /// Two 32-bit floats.
    F32x2,
    /// A bit per lane, in a pair of scalar registers.
    Mask,
    /// 3 registers.
    B96,
    /// 4 registers.
    B128,
    /// 8 registers.
    B256,
    /// 8 registers, four 64-bit floats.
    F64x4,
    /// 16 registers.
    B512,
    /// 32 registers.
    B1024,
}

impl Kind {
    /// How many 32-bit registers it takes.
    pub const fn dwords(self) -> u32 {
        match self {
            Self::None => 0,
            Self::B16 | Self::F16 | Self::B32 | Self::F32 | Self::B16x2 | Self::F16x2 => 1,
            Self::B64 | Self::F64 | Self::B32x2 | Self::F32x2 | Self::Mask => 2,
            Self::B96 => 3,
            Self::B128 => 4,
            Self::B256 | Self::F64x4 => 8,
            Self::B512 => 16,
            Self::B1024 => 32,
        }
    }

    /// Whether a source of this kind takes negation and absolute value.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64 | Self::F16x2 | Self::F32x2)
    }
}

/// What sets a row apart within its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// VOP3: the result may be clamped.
    pub const CLAMP: Self = Self(1);
    /// VOP3: the result may be multiplied by 2, 4 or 0.5.
    pub const OMOD: Self = Self(1 << 1);
    /// VOP3: `op_sel` chooses halves of both sources and of the result.
    pub const OP_SEL: Self = Self(1 << 2);
    /// VOP3: `op_sel` has a bit for a third source too.
    pub const OP_SEL4: Self = Self(1 << 3);
    /// VOP3P: `op_sel` and `op_sel_hi` choose halves.
    pub const OP_SEL_HI: Self = Self(1 << 4);
    /// VOP3P: `neg_hi` is absolute value, and `op_sel_hi` says that a source is 16 bits.
    pub const MIX: Self = Self(1 << 5);
    /// A second result, a mask: the carry or a flag per lane.
    pub const CARRY_OUT: Self = Self(1 << 6);
    /// The result goes to a scalar register.
    pub const SCALAR_DST: Self = Self(1 << 7);
    /// A literal always follows.
    pub const LITERAL: Self = Self(1 << 8);
    /// There is no VOP3 form.
    pub const NO_VOP3: Self = Self(1 << 9);
    /// There is no SDWA form.
    pub const NO_SDWA: Self = Self(1 << 10);
    /// There is no DPP form.
    pub const NO_DPP: Self = Self(1 << 11);
    /// The assembler's name has no suffix for the form.
    pub const NO_SUFFIX: Self = Self(1 << 12);
    /// Memory is read and written in one step; the old value comes back only when `sc0` is set.
    pub const ATOMIC: Self = Self(1 << 13);
    /// Memory is loaded to LDS rather than to registers.
    pub const LDS: Self = Self(1 << 14);
    /// Two offsets of 8 bits rather than one of 16.
    pub const OFFSET2: Self = Self(1 << 15);
    /// Global wave synchronisation.
    pub const GWS: Self = Self(1 << 16);
    /// The two offsets count 64 elements.
    pub const STRIDE64: Self = Self(1 << 17);

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One instruction of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The tag.
    pub op: Op,
    /// Its own format.
    pub encoding: Encoding,
    /// Its number in that format.
    pub opcode: u16,
    /// The ISA's name, without a suffix for the form.
    pub mnemonic: &'static str,
    /// The result.
    pub dst: Kind,
    /// The sources. Vector and scalar arithmetic: in order. SMEM: base, data. DS: address, data 0,
    /// data 1. FLAT, GLOBAL, SCRATCH, MUBUF, MTBUF: data alone, since addresses depend on the mode.
    pub src: [Kind; 3],
    /// What sets it apart.
    pub flags: Flags,
}

impl Row {
    /// How many sources it has, those it lacks in the middle included.
    pub fn source_count(&self) -> usize {
        self.src.iter().rposition(|&kind| kind != Kind::None).map_or(0, |last| last + 1)
    }
}

impl Op {
    /// The row of this instruction.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The instruction with this number in `encoding`. The packed and the matrix format share
    /// their numbers.
    pub fn find(encoding: Encoding, opcode: u32) -> Option<Self> {
        table::find(encoding, opcode)
    }
}

/// How long a matrix instruction keeps its unit, and on which kind of hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatrixTiming {
    /// Clocks; a pass is four.
    pub cycles: u32,
    /// Whether its elements are narrower than f32, xf32 among them: such results take a wait state longer.
    pub is_narrow: bool,
    /// Whether its elements are f64.
    pub is_double: bool,
}

impl MatrixTiming {
    /// Passes of four clocks.
    pub const fn passes(self) -> u32 {
        self.cycles / 4
    }
}

impl Op {
    /// The timing of a matrix instruction, by AMD's matrix instruction calculator for CDNA3; nothing
    /// for others.
    pub fn matrix_timing(self) -> Option<MatrixTiming> {
        let name = self.row().mnemonic;
        let shape = name.strip_prefix("v_mfma_").or_else(|| name.strip_prefix("v_smfmac_"))?;
        let is_double = name.ends_with("_f64");
        let is_narrow = !name.ends_with("_f32") && !is_double;
        let has_blocks = shape.contains("b_");
        let cycles = match (shape.contains("4x4x"), shape.contains("16x16x")) {
            (true, _) => 8 << u32::from(is_double),
            (_, true) => 16 << u32::from(has_blocks || !is_narrow),
            _ => 32 << u32::from(has_blocks || !is_narrow),
        };
        Some(MatrixTiming { cycles, is_narrow, is_double })
    }
}
