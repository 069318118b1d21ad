//! `Val<T>`, the handle of a kernel value, and the traits that say what can be done with it.

use std::marker::PhantomData;

use super::tracer;
use crate::ir::{ConstantId, Expr, ExprKind, Literal, Location, Op, Scalar, Type, VarId};

/// A value of type `T` in a kernel. Operators and methods on it record what the kernel does.
///
/// It is a handle: copying it copies no data.
pub struct Val<T> {
    pub(crate) atom: Atom,
    marker: PhantomData<fn() -> T>,
}

/// What a handle stands for: a leaf of the IR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Atom {
    /// A constant value.
    Literal(Literal),
    /// A named compile-time constant.
    Constant(ConstantId),
    /// A variable.
    Var(VarId),
}

impl<T> Clone for Val<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Val<T> {}

impl<T> std::fmt::Debug for Val<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.atom)
    }
}

impl<T: Value> Val<T> {
    pub(crate) fn from_atom(atom: Atom) -> Self {
        Self { atom, marker: PhantomData }
    }

    pub(crate) fn expr(self, location: Location) -> Expr {
        self.atom.expr(T::ty(), location)
    }

    /// Records an expression and gives the handle of its value.
    pub(crate) fn record(kind: ExprKind, location: Location) -> Self {
        Self::from_atom(tracer::with(|tracer| tracer.record(Expr { kind, ty: T::ty(), location })))
    }

    /// Records an operation of the table.
    pub(crate) fn record_op(op: Op, operands: Vec<Expr>, location: Location) -> Self {
        Self::record(ExprKind::Op(op, operands), location)
    }
}

impl Atom {
    pub(crate) fn expr(self, ty: Type, location: Location) -> Expr {
        let kind = match self {
            Self::Literal(literal) => ExprKind::Literal(literal),
            Self::Constant(id) => ExprKind::Constant(id),
            Self::Var(id) => ExprKind::Var(id),
        };
        Expr { kind, ty, location }
    }
}

/// A type that kernel values can have: numbers, `bool`, short vectors, matrix fragments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a kernel value",
    label = "kernel values are `bool`, `i32`, `u32`, `f32`, vectors such as `f32x4`, and matrix fragments"
)]
pub trait Value: Copy + 'static {
    /// Its type in the IR.
    fn ty() -> Type;
}

/// A kernel value with arithmetic: integers, floats and vectors of them.
#[diagnostic::on_unimplemented(message = "no arithmetic on kernel values of type `{Self}`")]
pub trait Number: Value {}
/// A signed number.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` has no sign")]
pub trait Signed: Number {}
/// A scalar integer.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not an integer")]
pub trait Integer: Number + Word {}
/// A float or a vector of floats.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not floating-point")]
pub trait Float: Signed {}
/// A scalar with bitwise operations: integers and `bool`.
#[diagnostic::on_unimplemented(message = "no bitwise operations on kernel values of type `{Self}`")]
pub trait Bits: Value {}
/// A scalar that fits one 32-bit register: what is compared and what moves between lanes.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not a 32-bit scalar")]
pub trait Word: Value {}
/// A scalar that `as` converts from and to.
#[diagnostic::on_unimplemented(message = "`as` does not convert kernel values of type `{Self}`")]
pub trait Castable: Value {}
/// A short vector.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a vector type of kernel values")]
pub trait Vector: Value {
    /// The type of its lanes.
    type Lane: Value;
}

macro_rules! scalar {
    ($($rust:ty => $scalar:ident: $($class:ident)*;)*) => {
        $(
            impl Value for $rust {
                fn ty() -> Type {
                    Type::scalar(Scalar::$scalar)
                }
            }
            $(impl $class for $rust {})*
        )*
    };
}

scalar! {
    f32 => F32: Number Signed Float Word Castable;
    i32 => I32: Number Signed Integer Bits Word Castable;
    u32 => U32: Number Integer Bits Word Castable;
    bool => Bool: Bits Word;
}

macro_rules! vector {
    ($($(#[$doc:meta])* $name:ident = $lane:ty, $scalar:ident, $lanes:literal: $($class:ident)*;)*) => {
        $(
            $(#[$doc])*
            #[allow(non_camel_case_types, reason = "named as the primitive types are")]
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct $name(pub [$lane; $lanes]);

            impl Value for $name {
                fn ty() -> Type {
                    Type::vector(Scalar::$scalar, $lanes)
                }
            }
            impl Vector for $name {
                type Lane = $lane;
            }
            $(impl $class for $name {})*

            impl $name {
                /// The vector with every lane equal to `value`.
                #[track_caller]
                pub fn splat<R: IntoVal<$lane>>(value: R) -> Val<Self> {
                    let location = Location::caller();
                    Val::record(ExprKind::Splat(Box::new(value.into_val().expr(location))), location)
                }

                /// The vector of these lanes, the first at the lowest address.
                #[track_caller]
                pub fn new<R: IntoVal<$lane>>(lanes: [R; $lanes]) -> Val<Self> {
                    let location = Location::caller();
                    let lanes = lanes.into_iter().map(|lane| lane.into_val().expr(location)).collect();
                    Val::record(ExprKind::Vector(lanes), location)
                }
            }
        )*
    };
}

vector! {
    /// Two `f32`.
    f32x2 = f32, F32, 2: Number Signed Float;
    /// Four `f32`: 16 bytes, the widest load of one lane.
    f32x4 = f32, F32, 4: Number Signed Float;
    /// Two `i32`.
    i32x2 = i32, I32, 2: Number Signed;
    /// Four `i32`.
    i32x4 = i32, I32, 4: Number Signed;
    /// Two `u32`.
    u32x2 = u32, U32, 2: Number;
    /// Four `u32`.
    u32x4 = u32, U32, 4: Number;
}

/// What can stand where a kernel value of type `T` is wanted: such a value, or a Rust constant of that type.
#[diagnostic::on_unimplemented(
    message = "expected a kernel value of type `{T}`, found `{Self}`",
    label = "not a kernel value of type `{T}`",
    note = "kernel values are never converted silently: write `value as {T}`"
)]
pub trait IntoVal<T> {
    /// The handle.
    fn into_val(self) -> Val<T>;
}

#[diagnostic::do_not_recommend]
impl<T: Value> IntoVal<T> for Val<T> {
    fn into_val(self) -> Val<T> {
        self
    }
}

macro_rules! host_constant {
    ($($rust:ty => $make:expr;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl IntoVal<$rust> for $rust {
            fn into_val(self) -> Val<$rust> {
                let make: fn($rust) -> Literal = $make;
                Val::from_atom(Atom::Literal(make(self)))
            }
        })*
    };
}

host_constant! {
    f32 => Literal::f32;
    i32 => Literal::I32;
    u32 => Literal::U32;
    bool => Literal::Bool;
}
