//! Types that stand for several kernel values at once: structs with `#[derive(KernelValue)]`.
//!
//! In a kernel such a struct is a handle with a handle in each field; every field is a variable of its own.

use super::value::{Atom, Val, Value};
use crate::ir::Literal;

/// A type that can be written in a kernel, and the handle that it is there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of kernels",
    label = "not known in a kernel",
    note = "for a struct of kernel values write `#[derive(KernelValue)]` above it"
)]
pub trait KernelType {
    /// What a value of the type is while the kernel is traced.
    type Handle;
}

impl<T: Value> KernelType for T {
    type Handle = Val<T>;
}

/// A handle whose parts are set one by one: what `Struct { field: value }` begins with.
pub trait Blank {
    /// A handle that stands for nothing yet.
    fn blank() -> Self;
}

impl<T: Value> Blank for Val<T> {
    fn blank() -> Self {
        Self::from_atom(Atom::Literal(Literal::Bool(false)))
    }
}

/// The beginning of `T { field: value }`.
#[must_use]
pub fn blank<T: KernelType<Handle: Blank>>() -> T::Handle {
    T::Handle::blank()
}

/// A field's value, as `T { field: value }` sets it: a kernel value or a Rust constant, or the handle of a struct.
pub trait Field<V> {
    /// Sets it.
    fn set(&mut self, value: V);
}

impl<T: Value, V: super::value::IntoVal<T>> Field<V> for Val<T> {
    fn set(&mut self, value: V) {
        *self = value.into_val();
    }
}

/// `field: value` in `T { field: value }`.
pub fn set_field<F: Field<V>, V>(field: &mut F, value: V) {
    field.set(value);
}

/// A value of any type, in code that only rustc reads.
///
/// # Panics
///
/// Always: it is never called.
#[must_use]
pub fn never<T>() -> T {
    unreachable!("invariant: this is checked and not run")
}
