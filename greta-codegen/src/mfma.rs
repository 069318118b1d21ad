//! The matrix instructions, one row each: shapes, operand types, cycles and layouts.
//!
//! Everything that differs from one MFMA to another is in its row; fragments, HIP text, the interpreter and the
//! documentation read it from here. Layouts and cycles follow AMD's CDNA3 ISA document and its matrix instruction
//! calculator.

use crate::ir::{Scalar, Type};
use crate::ops::{Class, Effects, Op, OpRow, Slot, Spelling};
use crate::target::Target;

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

/// A matrix instruction: `D = A * B + C` on an m × n × k tile held by the 64 lanes of a wave.
#[derive(Debug)]
pub struct Mfma {
    /// Name of the raw intrinsic in Rust, and of the instruction after `v_`.
    pub name: &'static str,
    /// Compiler builtin.
    pub builtin: &'static str,
    /// Rows of A and C.
    pub m: u32,
    /// Columns of B and C.
    pub n: u32,
    /// Columns of A, rows of B.
    pub k: u32,
    /// Independent tiles in one instruction.
    pub blocks: u32,
    /// What a lane holds of A.
    pub a: Type,
    /// What a lane holds of B.
    pub b: Type,
    /// What a lane holds of C and D.
    pub c: Type,
    /// Cycles that one SIMD is busy.
    pub cycles: u32,
    /// Where the elements of A, B and C lie, in this order.
    pub layouts: [Layout; 3],
    /// LLVM names of the targets that have it.
    pub targets: &'static [&'static str],
    /// What fragments of its shape are on the other targets.
    pub spread: Spread,
    /// The device function that multiplies those.
    pub fragments: &'static str,
}

/// How the matrices of an instruction's shape lie over the lanes of a wave on targets that compute it with fused
/// multiply-adds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Lanes of the wave.
    pub wave: u32,
    /// What a lane holds of A, B and C.
    pub operands: [Type; 3],
    /// Where the elements of A, B and C lie, in this order.
    pub layouts: [Layout; 3],
}

/// Which element of an operand's matrix a lane holds in an element of its value: row and column are sums of terms.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Terms of the row.
    pub row: &'static [Term],
    /// Terms of the column.
    pub column: &'static [Term],
}

/// `of / divide % modulo * times`.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// What the term depends on.
    pub of: Coordinate,
    /// Divisor, rounded down.
    pub divide: u32,
    /// Modulus, after the division.
    pub modulo: u32,
    /// Factor, after the remainder.
    pub times: u32,
}

/// What a [`Term`] depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinate {
    /// The lane in its wave.
    Lane,
    /// The element of the lane's value.
    Register,
}

const fn lane(divide: u32, modulo: u32, times: u32) -> Term {
    Term { of: Coordinate::Lane, divide, modulo, times }
}

const fn register(divide: u32, modulo: u32, times: u32) -> Term {
    Term { of: Coordinate::Register, divide, modulo, times }
}

/// `v_mfma_f32_16x16x4_f32`: acc = C, then for each k in order acc = fma(A, B, acc).
pub static F32_16X16X4_F32: Mfma = Mfma {
    name: "mfma_f32_16x16x4f32",
    builtin: "__builtin_amdgcn_mfma_f32_16x16x4f32",
    m: 16,
    n: 16,
    k: 4,
    blocks: 1,
    a: Type::F32,
    b: Type::F32,
    c: Type::vector(Scalar::F32, 4),
    cycles: 32,
    layouts: [
        Layout { row: &[lane(1, 16, 1)], column: &[lane(16, 4, 1)] },
        Layout { row: &[lane(16, 4, 1)], column: &[lane(1, 16, 1)] },
        Layout { row: &[lane(16, 4, 4), register(1, 4, 1)], column: &[lane(1, 16, 1)] },
    ],
    targets: &["gfx90a", "gfx942", "gfx950"],
    fragments: "mma_f32_16x16x4",
    // A lane's column of C is its column of B, so of B only the two rows of the other half move.
    spread: Spread {
        wave: 32,
        operands: [Type::vector(Scalar::F32, 2), Type::vector(Scalar::F32, 2), Type::vector(Scalar::F32, 8)],
        layouts: [
            Layout { row: &[lane(1, 16, 1)], column: &[lane(16, 2, 2), register(1, 2, 1)] },
            Layout { row: &[lane(16, 2, 2), register(1, 2, 1)], column: &[lane(1, 16, 1)] },
            Layout { row: &[lane(16, 2, 8), register(1, 8, 1)], column: &[lane(1, 16, 1)] },
        ],
    },
};

/// All rows.
pub static MFMAS: &[&Mfma] = &[&F32_16X16X4_F32];

impl Mfma {
    /// Whether a target has the instruction.
    #[must_use]
    pub fn is_on(&self, target: &Target) -> bool {
        self.targets.contains(&target.name)
    }

    /// How fragments of the instruction's shape lie on a target: as the instruction wants them where there is one.
    #[must_use]
    pub fn spread_on(&self, target: &Target) -> Spread {
        if self.is_on(target) {
            Spread { wave: 64, operands: [self.a, self.b, self.c], layouts: self.layouts }
        } else {
            self.spread
        }
    }

    /// What a lane holds of an operand.
    #[must_use]
    pub fn operand(&self, role: Role) -> Type {
        match role {
            Role::A => self.a,
            Role::B => self.b,
            Role::C => self.c,
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
        let sum = |terms: &[Term]| {
            let value = |term: &Term| match term.of {
                Coordinate::Lane => lane,
                Coordinate::Register => register,
            };
            terms.iter().map(|term| value(term) / term.divide % term.modulo * term.times).sum()
        };
        let layout = self.layout(role);
        (sum(layout.row), sum(layout.column))
    }

    pub(crate) fn op_row(&'static self) -> OpRow {
        // One operand list for each distinct signature; a new row with another signature adds its own.
        const F32_F32_F32X4: &[Slot] =
            &[Slot::Is(Type::F32), Slot::Is(Type::F32), Slot::Is(Type::vector(Scalar::F32, 4))];
        OpRow {
            op: Op::Mfma(self),
            name: self.name,
            class: Class::None,
            operands: F32_F32_F32X4,
            result: Slot::Is(self.c),
            effects: Effects::Wave,
            hip: Spelling::Special,
            cuda: Spelling::Special,
            doc: "D = A * B + C on the matrix cores",
        }
    }
}

impl PartialEq for Mfma {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Mfma {}

impl std::hash::Hash for Mfma {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
