//! Which element of a matrix a lane holds in which element of its value, as sums that hosts and kernels can compute.
//!
//! Lanes of a factor run along its rows (A) or columns (B), all blocks in turn, and then along k; a lane's elements are
//! consecutive k. Lanes of the result run along its columns; its rows come in groups of as many as 128 bits hold, one
//! group to a lane, over the blocks where lanes are left, then over further registers.

use super::{Tile, WAVE};

/// Which element of an operand's matrix a lane holds in an element of its value.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Its row.
    pub row: Sum,
    /// Its column.
    pub column: Sum,
}

/// A sum of terms. Unused ones are [`Term::ZERO`].
#[derive(Clone, Copy, Debug)]
pub struct Sum(pub [Term; 4]);

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

impl Term {
    /// A term that adds nothing.
    pub const ZERO: Self = lane(1, 1, 0);

    /// Whether it adds nothing: what it takes the remainder of has no other.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.times == 0 || self.modulo <= 1
    }
}

impl Sum {
    /// One term.
    #[must_use]
    pub const fn one(term: Term) -> Self {
        Self([term, Term::ZERO, Term::ZERO, Term::ZERO])
    }

    /// Two terms.
    #[must_use]
    pub const fn two(first: Term, second: Term) -> Self {
        Self([first, second, Term::ZERO, Term::ZERO])
    }

    /// The terms that add something.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.0.iter().filter(|term| !term.is_zero())
    }

    /// Its value for a lane and an element.
    #[must_use]
    pub fn at(&self, lane: u32, register: u32) -> u32 {
        let value = |term: &Term| {
            let of = if term.of == Coordinate::Lane { lane } else { register };
            of / term.divide % term.modulo * term.times
        };
        self.terms().map(value).sum()
    }
}

impl Layout {
    /// The layouts of A, B and C; C's elements have `bits` bits.
    pub(super) const fn of(tile: Tile, bits: u32) -> [Self; 3] {
        let (along, depth) = factor(tile);
        [Self { row: along, column: depth }, Self { row: depth, column: along }, result(tile, bits)]
    }
}

/// `lane / divide % modulo * times`.
pub(super) const fn lane(divide: u32, modulo: u32, times: u32) -> Term {
    Term { of: Coordinate::Lane, divide, modulo, times }
}

/// `register / divide % modulo * times`.
pub(super) const fn register(divide: u32, modulo: u32, times: u32) -> Term {
    Term { of: Coordinate::Register, divide, modulo, times }
}

/// A's row or B's column, and k.
const fn factor(Tile { side, k, blocks }: Tile) -> (Sum, Sum) {
    let along = side * blocks;
    let held = along * k / WAVE;
    (Sum::one(lane(1, along, 1)), Sum::two(lane(along, WAVE / along, held), register(1, held, 1)))
}

const fn result(Tile { side, blocks, .. }: Tile, bits: u32) -> Layout {
    let group = if bits == 64 { 1 } else { 4 };
    // Lanes that no group of a block's rows needs hold further blocks.
    let (lane_groups, block_groups) = (WAVE / side, side / group);
    let lane_blocks = if block_groups < lane_groups { lane_groups / block_groups } else { 1 };
    let row_lanes = lane_groups / lane_blocks;
    let held = side * side * blocks / WAVE;
    let (group_registers, step) = (if held < group { held } else { group }, group * row_lanes);
    let row = Sum([
        lane(side, lane_blocks, side),
        lane(side * lane_blocks, row_lanes, group),
        register(1, group_registers, 1),
        register(group, held / group_registers, step),
    ]);
    Layout { row, column: Sum::one(lane(1, side, 1)) }
}
