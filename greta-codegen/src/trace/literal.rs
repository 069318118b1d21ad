//! Rust literals as kernel values, of the type that rustc infers from their use.

use super::tracer::{self, TraceError};
use super::value::{Atom, Number, Val, Value};
use crate::ir::{Literal, Location};

/// A type that float literals can have.
pub trait FloatLiteral: Number {
    /// The literal's value in this type, given as rustc reads it for `f64` and for `f32`.
    fn literal(double: f64, single: f32) -> Literal;
}

impl FloatLiteral for f32 {
    fn literal(_double: f64, single: f32) -> Literal {
        Literal::f32(single)
    }
}

/// A type that integer literals can have.
pub trait IntegerLiteral: Number {
    /// The literal's value in this type, if it fits.
    fn opt_literal(value: i128) -> Option<Literal>;
}

impl IntegerLiteral for u32 {
    fn opt_literal(value: i128) -> Option<Literal> {
        value.try_into().ok().map(Literal::U32)
    }
}

impl IntegerLiteral for i32 {
    fn opt_literal(value: i128) -> Option<Literal> {
        value.try_into().ok().map(Literal::I32)
    }
}

/// A float literal.
#[must_use]
pub fn float<T: FloatLiteral>(double: f64, single: f32) -> Val<T> {
    Val::from_atom(Atom::Literal(T::literal(double, single)))
}

/// An integer literal. One that does not fit its type is reported.
#[track_caller]
#[must_use]
pub fn integer<T: IntegerLiteral>(value: i128) -> Val<T> {
    let location = Location::caller();
    let literal = T::opt_literal(value).unwrap_or_else(|| {
        tracer::with(|tracer| {
            tracer.error(TraceError::LiteralOutOfRange { given: value, ty: <T as Value>::ty() }, location);
        });
        T::opt_literal(0).expect("invariant: 0 fits every integer type")
    });
    Val::from_atom(Atom::Literal(literal))
}

/// `true` or `false`.
#[must_use]
pub fn boolean(value: bool) -> Val<bool> {
    Val::from_atom(Atom::Literal(Literal::Bool(value)))
}
