//! Expressions: trees whose leaves are literals, constants and variables.

use super::{Atomic, ConstantId, FunctionId, Literal, Location, Op, Type, VarId};

/// An expression, its type and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of its value. Meaningless for an effect without a value (`Op::Barrier`, a call that returns nothing).
    pub ty: Type,
    /// Where it was written.
    pub location: Location,
}

/// What an expression computes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant value.
    Literal(Literal),
    /// A named compile-time constant of the kernel: a tile parameter, `BLOCK`, `WAVE`.
    Constant(ConstantId),
    /// The value of a `Let`, `Mut`, `Counter` or `Scalar` variable.
    Var(VarId),
    /// An element, or a vector's worth of consecutive elements, of a memory object.
    Load(Place),
    /// An atomic change of an element of a buffer or shared array; what was there before.
    Atomic(Atomic, Place, Vec<Expr>),
    /// An operation of the table in [`crate::ops`].
    Op(Op, Vec<Expr>),
    /// `lhs && rhs`; `rhs` is evaluated only where `lhs` is true.
    And(Box<Expr>, Box<Expr>),
    /// `lhs || rhs`; `rhs` is evaluated only where `lhs` is false.
    Or(Box<Expr>, Box<Expr>),
    /// `condition ? then : otherwise`; only the side that is taken is evaluated.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Rust's `as` from the operand's type to the expression's own.
    Cast(Box<Expr>),
    /// A vector from as many scalars as it has lanes.
    Vector(Vec<Expr>),
    /// A vector with every lane equal to the scalar operand.
    Splat(Box<Expr>),
    /// One lane of a vector value: the vector, then the lane number (`u32`).
    Lane(Box<Expr>, Box<Expr>),
    /// A call of a device function.
    Call(FunctionId, Vec<Argument>),
}

/// What is passed to a device function.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A value, copied.
    Value(Expr),
    /// A memory object (global buffer, shared or register array) or a `Mut` variable, by reference.
    Object(VarId),
}

/// Something that can be loaded from or assigned to.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// A memory object, or a `Mut` variable (then `index` is empty).
    pub base: VarId,
    /// One index (`u32`, in elements) for a global buffer, one per dimension for shared and register arrays.
    pub index: Vec<Expr>,
    /// One lane of the vector that is there, if only that is meant.
    pub lane: Option<Box<Expr>>,
}

impl Expr {
    /// A literal at a place.
    #[must_use]
    pub fn literal(value: Literal, location: Location) -> Self {
        Self { kind: ExprKind::Literal(value), ty: value.ty(), location }
    }
}
