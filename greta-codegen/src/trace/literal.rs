//! Rust literals as kernel values. A literal stays a Rust literal until rustc has inferred its type, so that its value is
//! rounded, range-checked and, where nothing else decides, typed as in any other Rust code.

use super::tracer::{self, TraceError};
use super::value::{Atom, IntoKernelValue, Val, Value, bf8, bf16, f16, fp8};
use crate::ir::{Literal, Location};

/// A type that Rust constants in kernels can have.
#[diagnostic::on_unimplemented(
    message = "a literal of type `{Self}` in a kernel",
    label = "kernels have no `{Self}`",
    note = "nothing here decides the literal's type: write it, as in `2.0f32`"
)]
pub trait LiteralValue: Value {
    /// The constant.
    fn to_literal(self) -> Literal;
}

macro_rules! literal_value {
    ($($rust:ty => $make:expr;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl LiteralValue for $rust {
            fn to_literal(self) -> Literal {
                let make: fn($rust) -> Literal = $make;
                make(self)
            }
        })*
    };
}

literal_value! {
    bool => Literal::Bool;
    i8 => Literal::I8;
    i16 => Literal::I16;
    i32 => Literal::I32;
    i64 => Literal::I64;
    u8 => Literal::U8;
    u16 => Literal::U16;
    u32 => Literal::U32;
    u64 => Literal::U64;
    f16 => |value| Literal::F16(value.to_bits());
    bf16 => |value| Literal::Bf16(value.to_bits());
    f32 => Literal::f32;
    f64 => Literal::f64;
    fp8 => |value| Literal::Fp8(value.0);
    bf8 => |value| Literal::Bf8(value.0);
}

#[diagnostic::do_not_recommend]
impl<T: LiteralValue> IntoKernelValue<T> for T {
    fn into_val(self) -> Val<T> {
        Val::from_atom(Atom::Literal(self.to_literal()))
    }
}

/// A literal.
#[must_use]
pub fn literal<T: LiteralValue>(value: T) -> Val<T> {
    value.into_val()
}

/// A type of Rust's float literals, and a type `T` that such a literal takes in a kernel: `f16` and `bf16`, which rustc
/// has no literals of, are written as an `f32` is.
#[diagnostic::on_unimplemented(
    message = "expected a kernel value of type `{T}`, found a float literal",
    label = "not a kernel value of type `{T}`",
    note = "float literals are converted where that is written: `1.5 as {T}`"
)]
pub trait FloatLiteral<T: LiteralValue>: Sized {
    /// The constant, given the literal as rustc rounds it to this type and to `f64`.
    fn constant(self, wide: f64) -> Literal;

    /// A literal without a suffix.
    #[track_caller]
    fn literal(self, wide: f64) -> Val<T> {
        let literal = self.constant(wide);
        if literal.opt_float().is_some_and(f64::is_infinite) {
            let location = Location::caller();
            let ty = T::ty().scalar;
            tracer::with(|tracer| tracer.error(TraceError::LiteralOutOfRange { given: wide, ty }, location));
        }
        Val::from_atom(Atom::Literal(literal))
    }
}

#[diagnostic::do_not_recommend]
impl FloatLiteral<f64> for f64 {
    fn constant(self, _wide: f64) -> Literal {
        Literal::f64(self)
    }
}

#[diagnostic::do_not_recommend]
impl FloatLiteral<f32> for f32 {
    fn constant(self, _wide: f64) -> Literal {
        Literal::f32(self)
    }
}

macro_rules! short_float {
    ($($rust:ty)*) => {
        $(#[diagnostic::do_not_recommend]
        impl FloatLiteral<$rust> for f32 {
            fn constant(self, wide: f64) -> Literal {
                Literal::of_float(<$rust>::ty().scalar, wide)
            }
        })*
    };
}

short_float!(f16 bf16);
