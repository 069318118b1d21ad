//! Rust literals as kernel values. A literal stays a Rust literal until rustc has inferred its type, so that its value is
//! rounded, range-checked and, where nothing else decides, typed as in any other Rust code.

use super::value::{IntoVal, Val, Value};

/// A type that literals in kernels can have.
#[diagnostic::on_unimplemented(
    message = "a literal of type `{Self}` in a kernel",
    label = "kernels have no `{Self}`",
    note = "nothing here decides the literal's type: write it, as in `2.0f32`"
)]
pub trait LiteralValue: Value + IntoVal<Self> {}

impl LiteralValue for bool {}
impl LiteralValue for f32 {}
impl LiteralValue for i32 {}
impl LiteralValue for u32 {}

/// A literal.
#[must_use]
pub fn literal<T: LiteralValue>(value: T) -> Val<T> {
    value.into_val()
}
