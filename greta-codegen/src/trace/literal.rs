//! Rust literals as kernel values. A literal stays a Rust literal until rustc has inferred its type, so that its value is
//! rounded, range-checked and, where nothing else decides, typed as in any other Rust code.

use super::value::{IntoVal, Val, Value, bf8, bf16, f16, fp8};

/// A type that Rust constants in kernels can have.
#[diagnostic::on_unimplemented(
    message = "a literal of type `{Self}` in a kernel",
    label = "kernels have no `{Self}`",
    note = "nothing here decides the literal's type: write it, as in `2.0f32`"
)]
pub trait LiteralValue: Value + IntoVal<Self> {}

macro_rules! literal_value {
    ($($rust:ty)*) => {
        $(impl LiteralValue for $rust {})*
    };
}

literal_value!(bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64 fp8 bf8);

/// A literal.
#[must_use]
pub fn literal<T: LiteralValue>(value: T) -> Val<T> {
    value.into_val()
}
