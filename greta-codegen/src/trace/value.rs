//! `KernelValue<T>`, the handle of a kernel value, and the traits that say what can be done with it.
//!
//! What rustc prints of them in its messages is what kernel authors read: names are chosen for that.

use std::marker::PhantomData;

pub use greta_numerics::float16::{bf16, f16};
/// The 8-bit floats of gfx942, which are stored and converted.
pub use greta_numerics::{F8E4M3Fnuz as fp8, F8E5M2Fnuz as bf8};

use super::tracer;
use crate::ir::{ConstantId, Expr, ExprKind, Literal, Location, Op, Scalar, Type, VarId};

/// A value of type `T` in a kernel. Operators and methods on it record what the kernel does.
///
/// It is a handle: copying it copies no data.
pub struct KernelValue<T> {
    pub(crate) atom: Atom,
    marker: PhantomData<fn() -> T>,
}

/// [`KernelValue`], as the tracer calls it.
pub type Val<T> = KernelValue<T>;

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

    /// The value as a number, where it is known when the kernel is traced: of literals, constants and tile parameters.
    #[must_use]
    pub fn opt_known(self) -> Option<u32> {
        tracer::with(|tracer| tracer.opt_constant(self.atom)).and_then(Literal::opt_u32)
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
    label = "kernel values are `bool`, integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, `fp8`, `bf8`, vectors such as `f32x4`, and matrix fragments"
)]
pub trait Value: Copy + 'static {
    /// Its type in the IR.
    fn ty() -> Type;
}

/// A kernel value with arithmetic: integers, floats and vectors of them.
#[diagnostic::on_unimplemented(message = "no arithmetic on kernel values of type `{Self}`", label = "not a number")]
pub trait Number: Value {}
/// A signed number.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` has no sign", label = "not a signed number")]
pub trait Signed: Number {}
/// An integer or a vector of integers.
#[diagnostic::on_unimplemented(
    message = "a kernel value of type `{Self}` is neither an integer nor a vector of integers",
    label = "not an integer"
)]
pub trait Integral: Number + Bits {}
/// A scalar integer.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not an integer", label = "not an integer")]
pub trait Integer: Integral + Comparable {
    /// The integer of the same width without a sign.
    type Unsigned: Integer;
}
/// A float or a vector of floats.
#[diagnostic::on_unimplemented(
    message = "a kernel value of type `{Self}` is not floating-point",
    label = "not a float",
    note = "convert it: `value as f32`"
)]
pub trait Float: Signed {}
/// A value with bitwise operations: integers, vectors of them, and `bool`.
#[diagnostic::on_unimplemented(
    message = "no bitwise operations on kernel values of type `{Self}`",
    label = "neither an integer nor a `bool`"
)]
pub trait Bits: Value {}
/// A scalar that is compared.
#[diagnostic::on_unimplemented(message = "kernel values of type `{Self}` are not compared", label = "not a scalar")]
pub trait Comparable: ScalarValue {}
/// One number or truth value: no vector.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not a scalar", label = "not a scalar")]
pub trait ScalarValue: Value {}
/// A scalar that `as` converts to.
#[diagnostic::on_unimplemented(message = "`as` does not convert kernel values to `{Self}`", label = "not a number")]
pub trait Castable: ScalarValue {}
/// A short vector.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` has no lanes", label = "not a vector")]
pub trait Vector: Value {
    /// The type of its lanes.
    type Lane: Value;
}

macro_rules! scalar {
    ($($rust:ty => $scalar:ident: $($class:ident)*;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Value for $rust {
                fn ty() -> Type {
                    Type::scalar(Scalar::$scalar)
                }
            }
            #[diagnostic::do_not_recommend]
            impl ScalarValue for $rust {}
            $(#[diagnostic::do_not_recommend]
            impl $class for $rust {})*
        )*
    };
}

scalar! {
    bool => Bool: Bits Comparable;
    i8 => I8: Number Signed Integral Bits Comparable Castable;
    i16 => I16: Number Signed Integral Bits Comparable Castable;
    i32 => I32: Number Signed Integral Bits Comparable Castable;
    i64 => I64: Number Signed Integral Bits Comparable Castable;
    u8 => U8: Number Integral Bits Comparable Castable;
    u16 => U16: Number Integral Bits Comparable Castable;
    u32 => U32: Number Integral Bits Comparable Castable;
    u64 => U64: Number Integral Bits Comparable Castable;
    f16 => F16: Number Signed Float Comparable Castable;
    bf16 => Bf16: Number Signed Float Comparable Castable;
    f32 => F32: Number Signed Float Comparable Castable;
    f64 => F64: Number Signed Float Comparable Castable;
    fp8 => Fp8: Castable;
    bf8 => Bf8: Castable;
}

macro_rules! integer {
    ($($rust:ty => $unsigned:ty;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl Integer for $rust {
            type Unsigned = $unsigned;
        })*
    };
}

integer! {
    i8 => u8;
    i16 => u16;
    i32 => u32;
    i64 => u64;
    u8 => u8;
    u16 => u16;
    u32 => u32;
    u64 => u64;
}

/// What can stand where a kernel value of type `T` is wanted: such a value, or a Rust constant of that type.
#[diagnostic::on_unimplemented(
    message = "expected a kernel value of type `{T}`, found `{Self}`",
    label = "not a kernel value of type `{T}`",
    note = "kernel values are never converted silently: write `value as {T}`, and literals of floats as `2.0`"
)]
pub trait IntoKernelValue<T> {
    /// The handle.
    fn into_val(self) -> Val<T>;
}

#[diagnostic::do_not_recommend]
impl<T: Value> IntoKernelValue<T> for Val<T> {
    fn into_val(self) -> Val<T> {
        self
    }
}

/// No type of kernels. With an impl for it, another one is not the only one that may apply: of an only one, rustc takes
/// for granted that it does, and tells authors who mix two types how the impl is written.
pub struct NoType;

#[diagnostic::do_not_recommend]
impl IntoKernelValue<NoType> for Val<NoType> {
    fn into_val(self) -> Self {
        self
    }
}
