//! D = A * B + C as gfx942's matrix cores round it.
//!
//! An instruction is a [`Rule`], a [`Format`] for A and B and a [`Shape`]; all three are data. [`multiply`] computes a
//! tile in place of C, [`dot_f32`], [`dot_grouped`] and their kin one element. Matrices are logical: which lane and
//! register holds an element is said by the instruction's row elsewhere. A tile agrees with its elements bit for bit on
//! every [`Simd`]; where a result is NaN its bits are [`NAN_BITS`].

mod chain;
mod element;
mod format;
mod grouped;

pub use element::{dot_f32, dot_f64, dot_fp8, dot_grouped, dot_i8};
pub use format::{Class, Format, Parts};

use crate::simd::Simd;

/// Bits of every NaN in a result. Those of the hardware are not known.
pub const NAN_BITS: u32 = 0x7fc0_0000;
/// The same in f64.
pub const NAN_BITS_F64: u64 = 0x7ff8_0000_0000_0000;

/// The largest group that the hardware sums at once.
const GROUP_MAX: usize = 16;

/// How the products of one element of D are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A chain of f32 fused multiply-adds, k ascending.
    F32,
    /// A chain of f64 fused multiply-adds, k ascending.
    F64,
    /// f16, bf16 and xf32: exact sums of `group` products cut to a common exponent, an f32 after each.
    Grouped {
        /// Products in a group: 1 to 16.
        group: u8,
    },
    /// fp8 and bf8: groups of 16, products of even and of odd k cut to exponents of their own.
    Fp8,
    /// i8: sums modulo 2^32.
    I8,
}

impl Rule {
    /// The rule of gfx942 for operands of format `a` and an instruction whose tile is `k` deep. `None` for [`Format::I32`].
    #[must_use]
    pub const fn of(a: Format, k: usize) -> Option<Self> {
        match a {
            Format::F64 => Some(Self::F64),
            Format::F32 => Some(Self::F32),
            Format::Xf32 => Some(Self::Grouped { group: 4 }),
            Format::F16 | Format::Bf16 => Some(Self::Grouped { group: if k < 8 { 4 } else { 8 } }),
            Format::Fp8 | Format::Bf8 => Some(Self::Fp8),
            Format::I8 => Some(Self::I8),
            Format::I32 => None,
        }
    }
}

/// Sizes of a tile: A is m × k, B is k × n, C and D are m × n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
}

/// How the elements of A follow each other. B and C are row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Row by row: A[i, k] at i * K + k.
    Rows,
    /// Column by column: A[i, k] at k * M + i, as a register of lanes holds it.
    Columns,
}

/// Bits of a matrix's elements, by their size.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'t> {
    /// fp8, bf8, i8.
    Bits8(&'t [u8]),
    /// f16, bf16.
    Bits16(&'t [u16]),
    /// f32, xf32.
    Bits32(&'t [u32]),
    /// f64.
    Bits64(&'t [u64]),
}

impl Elements<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bits8(elements) => elements.len(),
            Self::Bits16(elements) => elements.len(),
            Self::Bits32(elements) => elements.len(),
            Self::Bits64(elements) => elements.len(),
        }
    }
}

/// C, which D replaces.
#[derive(Debug)]
pub enum Accumulator<'t> {
    /// f32 or i32.
    Bits32(&'t mut [u32]),
    /// f64.
    Bits64(&'t mut [u64]),
}

/// The left factor.
#[derive(Clone, Copy, Debug)]
pub struct Left<'t> {
    /// What its bits mean.
    pub format: Format,
    /// Its elements.
    pub elements: Elements<'t>,
    /// Their order.
    pub order: Order,
}

/// The right factor, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Right<'t> {
    /// What its bits mean.
    pub format: Format,
    /// Its elements.
    pub elements: Elements<'t>,
}

/// Why a tile was not computed: the caller's fault, and nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A slice is not as long as its matrix.
    #[error("{operand} has {given} elements; its matrix has {wanted}")]
    Length {
        /// A, B or C.
        operand: char,
        /// Elements in the slice.
        given: usize,
        /// Rows times columns.
        wanted: usize,
    },
    /// The rule does not take these formats, or the elements do not have their size.
    #[error("{rule:?} does not take operands of {a:?} and {b:?} with elements of these sizes")]
    Operands {
        /// The rule asked for.
        rule: Rule,
        /// Format of A.
        a: Format,
        /// Format of B.
        b: Format,
    },
}

/// D = A * B + C in place of C.
///
/// # Errors
///
/// Where a slice's length is not that of its matrix, or the rule does not go with the formats; then C is untouched.
pub fn multiply(
    simd: Simd,
    rule: Rule,
    shape: Shape,
    a: Left<'_>,
    b: Right<'_>,
    c: Accumulator<'_>,
) -> Result<(), Mismatch> {
    let Shape { m, n, k } = shape;
    let c_len = match &c {
        Accumulator::Bits32(c) => c.len(),
        Accumulator::Bits64(c) => c.len(),
    };
    for (operand, given, rows, columns) in
        [('A', a.elements.len(), m, k), ('B', b.elements.len(), k, n), ('C', c_len, m, n)]
    {
        let wanted = rows.saturating_mul(columns);
        if given != wanted {
            return Err(Mismatch::Length { operand, given, wanted });
        }
    }
    if m == 0 || n == 0 || k == 0 {
        return Ok(());
    }
    let tile = Tile { shape, order: a.order };
    use Elements::{Bits8, Bits16, Bits32, Bits64};
    match (rule, a.format, b.format, a.elements, b.elements, c) {
        (Rule::F32, Format::F32, Format::F32, Bits32(a), Bits32(b), Accumulator::Bits32(c)) => {
            chain::multiply_f32(simd, tile, a, b, c);
        }
        (Rule::F64, Format::F64, Format::F64, Bits64(a), Bits64(b), Accumulator::Bits64(c)) => {
            chain::multiply_f64(simd, tile, a, b, c);
        }
        (Rule::I8, Format::I8, Format::I8, Bits8(a), Bits8(b), Accumulator::Bits32(c)) => {
            chain::multiply_i8(simd, tile, a, b, c);
        }
        (Rule::Grouped { .. } | Rule::Fp8, a_format, b_format, a, b, Accumulator::Bits32(c))
            if a_format.bits() == b_format.bits() =>
        {
            let wrong = Mismatch::Operands { rule, a: a_format, b: b_format };
            let layouts = a_format.layout().zip(b_format.layout()).ok_or(wrong)?;
            let group = match rule {
                Rule::Grouped { group } => grouped::Group::Whole(usize::from(group).clamp(1, GROUP_MAX)),
                _ => grouped::Group::EvenOdd,
            };
            match (a, b, a_format.bits()) {
                (Bits8(a), Bits8(b), 8) => grouped::multiply(simd, group, tile, layouts, a, b, c),
                (Bits16(a), Bits16(b), 16) => grouped::multiply(simd, group, tile, layouts, a, b, c),
                (Bits32(a), Bits32(b), 32) => grouped::multiply(simd, group, tile, layouts, a, b, c),
                _ => return Err(wrong),
            }
        }
        _ => return Err(Mismatch::Operands { rule, a: a.format, b: b.format }),
    }
    Ok(())
}

/// Shape and order of a tile whose slices have the lengths they should.
#[derive(Clone, Copy)]
struct Tile {
    shape: Shape,
    order: Order,
}

impl Tile {
    /// Where A[i, 0] is, and how far A[i, k + 1] from A[i, k].
    #[inline(always)]
    fn a_row(self, i: usize) -> (usize, usize) {
        match self.order {
            Order::Rows => (i * self.shape.k, 1),
            Order::Columns => (i, self.shape.m),
        }
    }
}
