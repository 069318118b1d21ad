//! Rust's operators on kernel values. Operators with a Rust trait overload it; comparisons and `as` have none and are
//! functions that the attributes put in their place.

use std::ops;

use super::value::{
    Atom, Bits, Castable, Comparable, Integral, IntoVal, Number, ScalarValue, Signed, Val, Value, bf8, bf16, f16, fp8,
};
use crate::ir::{ExprKind, Literal, Location, Op};

macro_rules! binary {
    ($($trait:ident $method:ident $op:ident $class:ident, $host:ty, $($rest:ty),*;)*) => {
        $(
            impl<T: $class, R: IntoVal<T>> ops::$trait<R> for Val<T> {
                type Output = Self;

                #[track_caller]
                fn $method(self, other: R) -> Self {
                    let location = Location::caller();
                    Self::record_op(Op::$op, vec![self.expr(location), other.into_val().expr(location)], location)
                }
            }
            binary!(@host $trait $method $host $(, $rest)*);
        )*
    };
    (@host $trait:ident $method:ident $($host:ty),*) => {
        $(impl ops::$trait<Val<$host>> for $host {
            type Output = Val<$host>;

            #[track_caller]
            fn $method(self, other: Val<$host>) -> Val<$host> {
                ops::$trait::$method(IntoVal::<$host>::into_val(self), other)
            }
        })*
    };
}

binary! {
    Add add Add Number, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64;
    Sub sub Sub Number, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64;
    Mul mul Mul Number, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64;
    Div div Div Number, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64;
    Rem rem Rem Integral, i8, i16, i32, i64, u8, u16, u32, u64;
    BitAnd bitand BitAnd Bits, i8, i16, i32, i64, u8, u16, u32, u64, bool;
    BitOr bitor BitOr Bits, i8, i16, i32, i64, u8, u16, u32, u64, bool;
    BitXor bitxor BitXor Bits, i8, i16, i32, i64, u8, u16, u32, u64, bool;
    Shl shl Shl Integral, i8, i16, i32, i64, u8, u16, u32, u64;
    Shr shr Shr Integral, i8, i16, i32, i64, u8, u16, u32, u64;
}

impl<T: Signed> ops::Neg for Val<T> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        let location = Location::caller();
        Self::record_op(Op::Neg, vec![self.expr(location)], location)
    }
}

impl<T: Bits> ops::Not for Val<T> {
    type Output = Self;

    #[track_caller]
    fn not(self) -> Self {
        let location = Location::caller();
        Self::record_op(Op::Not, vec![self.expr(location)], location)
    }
}

macro_rules! comparison {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name<T: Comparable, A: IntoVal<T>, B: IntoVal<T>>(a: A, b: B) -> Val<bool> {
            let location = Location::caller();
            let operands = vec![a.into_val().expr(location), b.into_val().expr(location)];
            Val::record_op(Op::$op, operands, location)
        })*
    };
}

comparison! {
    /// `a == b`.
    eq Eq;
    /// `a != b`.
    ne Ne;
    /// `a < b`.
    lt Lt;
    /// `a <= b`.
    le Le;
    /// `a > b`.
    gt Gt;
    /// `a >= b`.
    ge Ge;
}

/// `value as To`: floats saturate to integers, NaN becomes 0, integers wrap.
#[track_caller]
pub fn cast<To: Castable, From: CastFrom>(value: From) -> Val<To>
where
    From::Source: Value,
{
    let location = Location::caller();
    Val::record(ExprKind::Cast(Box::new(value.source().expr(location))), location)
}

/// `5 as To`, of an integer literal: the constant itself, so that nothing decides the literal's type before.
#[must_use]
pub fn cast_integer<To: Castable>(value: i128) -> Val<To> {
    Val::from_atom(Atom::Literal(Literal::of_integer(To::ty().scalar, value)))
}

/// `0.5 as To`, of a float literal.
#[must_use]
pub fn cast_float<To: Castable>(value: f64) -> Val<To> {
    Val::from_atom(Atom::Literal(Literal::of_float(To::ty().scalar, value)))
}

/// What `as` converts: kernel values, and Rust constants of the types that they have.
#[diagnostic::on_unimplemented(message = "`as` does not convert `{Self}` to a kernel value")]
pub trait CastFrom {
    /// The type converted from.
    type Source;
    /// The handle.
    fn source(self) -> Val<Self::Source>;
}

impl<T: ScalarValue> CastFrom for Val<T> {
    type Source = T;

    fn source(self) -> Self {
        self
    }
}

macro_rules! cast_host {
    ($($host:ty),*) => {
        $(impl CastFrom for $host {
            type Source = $host;

            fn source(self) -> Val<$host> {
                self.into_val()
            }
        })*
    };
}

cast_host!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, fp8, bf8);
