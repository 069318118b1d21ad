//! The atomic operations on memory, one row each.
//!
//! Each reads an element, computes a new value from it, and stores that, with no other thread in between; its result is
//! what was there before. All are *relaxed*: they order nothing but the accesses of their own element. On a buffer the
//! scope is the device, on shared memory the block. The elements are integers and floats of 32 and 64 bits.
//!
//! Which threads come first is not defined, so sums of floats differ in their last bits from run to run.

use crate::ir::Type;
use crate::ops::Class;

/// An atomic operation. [`Atomic::row`] says all about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atomic {
    /// Adds.
    Add,
    /// Subtracts.
    Sub,
    /// Keeps the smaller.
    Min,
    /// Keeps the larger.
    Max,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Stores.
    Exchange,
    /// Stores if what is there has the bits of the first operand.
    CompareExchange,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct AtomicRow {
    /// The operation.
    pub atomic: Atomic,
    /// Its name in Rust, in the printed IR and in messages.
    pub name: &'static str,
    /// What the elements may be.
    pub class: Class,
    /// How many operands it takes, each of the element's type.
    pub operands: usize,
    /// The compiler's builtin in HIP, for every element type; it takes an order and a scope last. `None`: the writer's
    /// own function.
    pub hip: Option<&'static str>,
    /// CUDA's function, which has overloads for some element types.
    pub cuda: &'static str,
    /// What it stores, of what is there (x) and the operands a and b.
    pub doc: &'static str,
}

const fn row(
    atomic: Atomic,
    name: &'static str,
    class: Class,
    hip: Option<&'static str>,
    cuda: &'static str,
    doc: &'static str,
) -> AtomicRow {
    let operands = if matches!(atomic, Atomic::CompareExchange) { 2 } else { 1 };
    AtomicRow { atomic, name, class, operands, hip, cuda, doc }
}

use Class::{Integer, Number};

const ROWS: [AtomicRow; 9] = [
    row(Atomic::Add, "atomic_add", Number, Some("__hip_atomic_fetch_add"), "atomicAdd", "x + a; integers wrap"),
    row(Atomic::Sub, "atomic_sub", Integer, Some("__hip_atomic_fetch_sub"), "atomicSub", "x - a; integers wrap"),
    row(
        Atomic::Min,
        "atomic_min",
        Number,
        Some("__hip_atomic_fetch_min"),
        "atomicMin",
        "the smaller of x and a; of a number and a NaN the number",
    ),
    row(
        Atomic::Max,
        "atomic_max",
        Number,
        Some("__hip_atomic_fetch_max"),
        "atomicMax",
        "the larger of x and a; of a number and a NaN the number",
    ),
    row(Atomic::And, "atomic_and", Integer, Some("__hip_atomic_fetch_and"), "atomicAnd", "x & a"),
    row(Atomic::Or, "atomic_or", Integer, Some("__hip_atomic_fetch_or"), "atomicOr", "x | a"),
    row(Atomic::Xor, "atomic_xor", Integer, Some("__hip_atomic_fetch_xor"), "atomicXor", "x ^ a"),
    row(Atomic::Exchange, "atomic_exchange", Number, Some("__hip_atomic_exchange"), "atomicExch", "a"),
    row(
        Atomic::CompareExchange,
        "atomic_compare_exchange",
        Number,
        None,
        "atomicCAS",
        "b if x and a have the same bits, else x",
    ),
];

impl Atomic {
    /// All of them.
    #[must_use]
    pub fn rows() -> &'static [AtomicRow] {
        &ROWS
    }

    /// The operation's row.
    #[must_use]
    pub fn row(self) -> &'static AtomicRow {
        &ROWS[self as usize]
    }
}

impl AtomicRow {
    /// Whether it works on elements of a type.
    #[must_use]
    pub fn admits(&self, ty: Type) -> bool {
        let scalar = ty.scalar;
        let kind = scalar.is_integer() || (self.class == Number && scalar.is_float());
        !ty.is_vector() && kind && matches!(scalar.bytes(), 4 | 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_where_its_operation_says() {
        for row in Atomic::rows() {
            assert_eq!(row.atomic.row().name, row.name);
        }
    }
}
