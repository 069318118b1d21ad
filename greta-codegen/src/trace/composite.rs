//! Types that stand for several kernel values at once: structs with `#[derive(KernelValue)]`.
//!
//! In a kernel such a struct is a handle with a handle in each field; every field is a variable of its own.

use super::arrays::{Item, array};
use super::literal::{LiteralValue, literal};
use super::memory::{Array, Memory, Nested, Space};
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
    type Handle: Copy + std::fmt::Debug;
    /// Does nothing: that it can be called says that the type can be written in a kernel.
    fn check() {}
}

#[diagnostic::do_not_recommend]
impl<T: Value> KernelType for T {
    type Handle = Val<T>;
}

/// The `Self` of a trait's methods is a handle already.
#[diagnostic::do_not_recommend]
impl<T: Value> KernelType for Val<T> {
    type Handle = Self;
}

/// Buffers and shared arrays are handles as they are written.
#[diagnostic::do_not_recommend]
impl<E, S: Space> KernelType for Memory<E, S> {
    type Handle = Self;
}

/// What an array is made of: kernel values, and arrays of them.
pub trait ArrayElement {
    /// The element of the array's handle.
    type Element: Nested;
}

#[diagnostic::do_not_recommend]
impl<T: Value> ArrayElement for T {
    type Element = T;
}

impl<A: ArrayElement, const N: usize> ArrayElement for [A; N] {
    type Element = Array<A::Element>;
}

#[diagnostic::do_not_recommend]
impl<A: ArrayElement, const N: usize> KernelType for [A; N] {
    type Handle = Array<A::Element>;
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

/// The beginning of `T { field: value }`. `T` is what the closure, which is never called, would give.
#[must_use]
pub fn blank<T: KernelType<Handle: Blank>>(_check: impl FnOnce() -> T) -> T::Handle {
    T::Handle::blank()
}

/// The beginning of `T { field: value, ..base }`.
#[must_use]
pub fn same<T: KernelType>(_check: impl FnOnce() -> T, base: T::Handle) -> T::Handle {
    base
}

/// A field's value, as `T { field: value }` sets it: a kernel value or a Rust constant, or the handle of a struct.
pub trait Field<V> {
    /// Sets it.
    fn set(&mut self, value: V);
}

impl<T: Value, V: super::value::IntoKernelValue<T>> Field<V> for Val<T> {
    fn set(&mut self, value: V) {
        *self = value.into_val();
    }
}

/// `field: value` in `T { field: value }`.
pub fn set_field<F: Field<V>, V>(field: &mut F, value: V) {
    field.set(value);
}

/// What a name in capitals may stand for: a Rust constant, or a handle such as a tile parameter's.
pub trait Constant {
    /// The handle.
    type Handle;
    /// The handle of the constant.
    fn handle(self) -> Self::Handle;
}

impl<T: Value> Constant for Val<T> {
    type Handle = Self;

    fn handle(self) -> Self {
        self
    }
}

impl<T: LiteralValue> Constant for T {
    type Handle = Val<T>;

    fn handle(self) -> Val<T> {
        literal(self)
    }
}

impl<I: Item, const N: usize> Constant for [I; N] {
    type Handle = Array<I::Element>;

    #[track_caller]
    fn handle(self) -> Self::Handle {
        array(self)
    }
}

/// A constant as the value of a block.
#[track_caller]
pub fn constant<C: Constant>(constant: C) -> C::Handle {
    constant.handle()
}

/// A handle of a `T`: what tells rustc the type of a generic struct from those of its fields.
#[diagnostic::on_unimplemented(
    message = "expected a kernel value of type `{T}`, found `{Self}`",
    label = "not a kernel value of type `{T}`"
)]
pub trait HostOf<T> {}

impl<T: Value> HostOf<T> for Val<T> {}
impl<T: LiteralValue> HostOf<T> for T {}
impl<E, S: Space> HostOf<Memory<E, S>> for Memory<E, S> {}
impl<T, E: HostOf<T>, const N: usize> HostOf<[T; N]> for Array<E> {}
impl<T, I: HostOf<T>, const N: usize> HostOf<[T; N]> for [I; N] {}

/// What a handle stands for, in code that only rustc reads.
///
/// # Panics
///
/// Always: it is never called.
#[must_use]
pub fn host<T, V: HostOf<T>>(_value: &V) -> T {
    unreachable!("invariant: this is checked and not run")
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
