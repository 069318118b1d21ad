//! What conditions and indices take, as traits of their own: for messages that say what to write instead.

use super::value::{IntoKernelValue, Val};

/// What `if`, `while`, `&&`, `||` and `assert` take.
#[diagnostic::on_unimplemented(
    message = "a condition in a kernel is a `bool`, found `{Self}`",
    label = "not a `bool`",
    note = "compare it, as in `value != 0`"
)]
pub trait Condition: IntoKernelValue<bool> + Sized {
    /// Its value.
    fn condition(self) -> Val<bool> {
        self.into_val()
    }
}

#[diagnostic::do_not_recommend]
impl Condition for Val<bool> {}
#[diagnostic::do_not_recommend]
impl Condition for bool {}

/// What indexes a buffer or array.
#[diagnostic::on_unimplemented(
    message = "an index in a kernel is a `u32`, found `{Self}`",
    label = "not a `u32`",
    note = "declare constants that index as `u32`, and cast other numbers: `value as u32`"
)]
pub trait ElementIndex: IntoKernelValue<u32> + Sized {
    /// Its value.
    fn index(self) -> Val<u32> {
        self.into_val()
    }
}

#[diagnostic::do_not_recommend]
impl ElementIndex for Val<u32> {}
#[diagnostic::do_not_recommend]
impl ElementIndex for u32 {}
