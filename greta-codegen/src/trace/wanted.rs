//! What conditions and indices take, as traits of their own: for messages that say what to write instead.

use super::value::{IntoVal, Val};

/// What `if`, `while`, `&&`, `||` and `assert` take.
#[diagnostic::on_unimplemented(
    message = "a condition in a kernel is a `bool`, found `{Self}`",
    label = "not a `bool`",
    note = "compare it, as in `value != 0`"
)]
pub trait Condition: IntoVal<bool> {}

#[diagnostic::do_not_recommend]
impl Condition for Val<bool> {}
#[diagnostic::do_not_recommend]
impl Condition for bool {}

/// What indexes a buffer or array.
#[diagnostic::on_unimplemented(
    message = "an index in a kernel is a `u32`, found `{Self}`",
    label = "not a `u32`",
    note = "of a position such as `thread_idx()`, take a dimension: `thread_idx().x`",
    note = "declare constants that index as `u32`, and cast other numbers: `value as u32`"
)]
pub trait ElementIndex: IntoVal<u32> {}

#[diagnostic::do_not_recommend]
impl ElementIndex for Val<u32> {}
#[diagnostic::do_not_recommend]
impl ElementIndex for u32 {}

/// The index of an assignment's place.
pub fn index<I: ElementIndex>(index: I) -> Val<u32> {
    index.into_val()
}
