//! How the matrices of an instruction's shape lie over a wave on targets that compute it with fused multiply-adds.

use super::layout::{lane, register};
use super::{F32_16X16X4_F32, Layout, Mfma, Sum};
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
    /// The device function that multiplies them where no instruction does.
    pub function: Option<&'static str>,
}

/// How fragments of a row's shape lie on targets that lack the instruction and can do without.
pub(super) fn opt_spread(row: &Mfma) -> Option<Spread> {
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
    function: Some("mma_f32_16x16x4"),
};
