//! Rust's operators on kernel values. Operators with a Rust trait overload it; comparisons and `as` have none and are
//! functions that the attributes put in their place.

use std::ops;

use super::value::{
    Atom, Bits, Castable, Comparable, Integer, Integral, IntoKernelValue, KernelValue, Number, ScalarValue, Signed,
    Val, Value, bf8, bf16, f16, fp8,
};
use crate::ir::{Expr, ExprKind, Literal, Location, Op};

macro_rules! binary {
    ($($trait:ident $method:ident $op:ident $class:ident, $host:ty, $($rest:ty),*;)*) => {
        $(
            impl<T: $class, R: IntoKernelValue<T>> ops::$trait<R> for Val<T> {
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
                ops::$trait::$method(IntoKernelValue::<$host>::into_val(self), other)
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
}

/// How far the bits of a `T` are shifted: by any integer, as in Rust; a vector's lanes by those of one like it.
#[diagnostic::on_unimplemented(
    message = "a kernel value of type `{T}` is not shifted by `{Self}`",
    label = "not an integer",
    note = "bits are shifted by an integer of any type"
)]
pub trait ShiftCount<T> {
    /// The count as a value of the type whose bits are shifted: a wider one keeps what counts, its lowest bits.
    fn count(self, location: Location) -> Expr;
}

#[diagnostic::do_not_recommend]
impl<T: Integer, C: Integer> ShiftCount<T> for Val<C> {
    fn count(self, location: Location) -> Expr {
        if T::ty() == C::ty() {
            return self.expr(location);
        }
        if let Atom::Literal(literal) = self.atom
            && let Some(converted) = literal.opt_cast(T::ty().scalar)
        {
            return Expr::literal(converted, location);
        }
        Val::<T>::record(ExprKind::Cast(Box::new(self.expr(location))), location).expr(location)
    }
}

macro_rules! shift {
    ($($trait:ident $method:ident $op:ident;)*) => {
        $(impl<T: Integral, C: ShiftCount<T>> ops::$trait<C> for Val<T> {
            type Output = Self;

            #[track_caller]
            fn $method(self, count: C) -> Self {
                let location = Location::caller();
                Self::record_op(Op::$op, vec![self.expr(location), count.count(location)], location)
            }
        })*
    };
}

shift! {
    Shl shl Shl;
    Shr shr Shr;
}

macro_rules! shift_host {
    ($($host:ty),*) => {
        $(#[diagnostic::do_not_recommend]
        impl<T: Integer> ShiftCount<T> for $host {
            fn count(self, location: Location) -> Expr {
                ShiftCount::<T>::count(IntoKernelValue::<$host>::into_val(self), location)
            }
        }

        impl<C: Integer> ops::Shl<Val<C>> for $host {
            type Output = Val<$host>;

            #[track_caller]
            fn shl(self, count: Val<C>) -> Val<$host> {
                IntoKernelValue::<$host>::into_val(self) << count
            }
        }

        impl<C: Integer> ops::Shr<Val<C>> for $host {
            type Output = Val<$host>;

            #[track_caller]
            fn shr(self, count: Val<C>) -> Val<$host> {
                IntoKernelValue::<$host>::into_val(self) >> count
            }
        })*
    };
}

shift_host!(i8, i16, i32, i64, u8, u16, u32, u64);

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

// Not written by a macro: of a wrong operand rustc shows the function, and with a macro all of that.

/// `a == b`.
#[track_caller]
pub fn eq<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Eq, a.into_val(), b.into_val(), Location::caller())
}

/// `a != b`.
#[track_caller]
pub fn ne<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Ne, a.into_val(), b.into_val(), Location::caller())
}

/// `a < b`.
#[track_caller]
pub fn lt<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Lt, a.into_val(), b.into_val(), Location::caller())
}

/// `a <= b`.
#[track_caller]
pub fn le<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Le, a.into_val(), b.into_val(), Location::caller())
}

/// `a > b`.
#[track_caller]
pub fn gt<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Gt, a.into_val(), b.into_val(), Location::caller())
}

/// `a >= b`.
#[track_caller]
pub fn ge<T: Comparable, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(a: A, b: B) -> KernelValue<bool> {
    compare(Op::Ge, a.into_val(), b.into_val(), Location::caller())
}

fn compare<T: Value>(op: Op, a: Val<T>, b: Val<T>, location: Location) -> Val<bool> {
    Val::record_op(op, vec![a.expr(location), b.expr(location)], location)
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
#[diagnostic::on_unimplemented(message = "`as` does not convert `{Self}` to a kernel value", label = "not a scalar")]
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
