//! How the matrices of an instruction's shape lie over a wave on a target, and what multiplies them there.

use super::layout::{lane, register};
use super::{F32_16X16X4_F32, Layout, Mfma, Role, Sum};
use crate::ir::{Scalar, Type};

/// How the matrices of a shape lie over the lanes of a wave.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Lanes of the wave.
    pub wave: u32,
    /// What a lane holds of A, B and C.
    pub operands: [Type; 3],
    /// Where the elements of A, B and C lie, in this order.
    pub layouts: [Layout; 3],
    /// What multiplies them.
    pub product: Product,
}

/// What multiplies fragments.
#[derive(Clone, Copy, Debug)]
pub enum Product {
    /// An instruction.
    Instruction(&'static Mfma),
    /// A device function of this name, of fused multiply-adds.
    Fused(&'static str),
}

impl Spread {
    /// As an instruction wants them.
    pub(super) const fn of(row: &'static Mfma) -> Self {
        let Mfma { wave, operands, layouts, .. } = *row;
        Self { wave, operands, layouts, product: Product::Instruction(row) }
    }

    /// How many elements of a factor a lane holds in one row of memory, A's rows and B's columns being such: what it
    /// loads in one access.
    pub(crate) fn run(&self, role: Role) -> u32 {
        let layout = self.layouts[role as usize];
        let (along, depth) = if role == Role::B { (layout.column, layout.row) } else { (layout.row, layout.column) };
        let held = u32::from(self.operands[role as usize].lanes);
        let follows = |&register: &u32| {
            along.at(0, register) == along.at(0, 0) && depth.at(0, register) == depth.at(0, 0) + register
        };
        (1..held).take_while(follows).count() as u32 + 1
    }
}

/// How fragments of a row's shape lie on targets that lack the instruction and can do without.
pub(super) fn opt_fused(row: &Mfma) -> Option<Spread> {
    (*row == F32_16X16X4_F32).then_some(F32_16X16X4)
}

/// A lane's column of C is its column of B, so of B only the two rows of the other half move.
const F32_16X16X4: Spread = Spread {
    wave: 32,
    operands: [Type::vector(Scalar::F32, 2), Type::vector(Scalar::F32, 2), Type::vector(Scalar::F32, 8)],
    layouts: [
        Layout { row: Sum::one(lane(1, 16, 1)), column: Sum::two(lane(16, 2, 2), register(1, 2, 1)) },
        Layout { row: Sum::two(lane(16, 2, 2), register(1, 2, 1)), column: Sum::one(lane(1, 16, 1)) },
        Layout { row: Sum::two(lane(16, 2, 8), register(1, 8, 1)), column: Sum::one(lane(1, 16, 1)) },
    ],
    product: Product::Fused("mma_f32_16x16x4"),
};
