//! Elements that are passed by `&mut`: a variable is passed, and the element given what it has after the call.

use super::bind::Read;
use super::memory::{Memory, Set, VectorElement};
use super::value::{Val, Value, Vector};
use crate::ir::{Location, StmtKind, VarKind};

/// What can be lent: an element, or a part of an array, which is passed itself.
#[diagnostic::on_unimplemented(message = "a `{Self}` is not passed by `&mut` in a kernel")]
pub trait Lend {
    /// What is passed.
    #[must_use]
    fn lend(self, location: Location) -> Self;
}

impl<T: Value> Lend for Val<T> {
    fn lend(self, location: Location) -> Self {
        super::tracer::with(|tracer| {
            let id = tracer.var("", VarKind::Mut, T::ty(), location);
            tracer.push(StmtKind::Let(id, Some(self.expr(location))), location);
            Self::from_atom(super::value::Atom::Var(id))
        })
    }
}

impl<E, S> Lend for Memory<E, S> {
    fn lend(self, _location: Location) -> Self {
        self
    }
}

/// What takes an element back.
#[diagnostic::on_unimplemented(message = "an element of `{Self}` is not passed by `&mut` in a kernel")]
pub trait GiveBack<V> {
    /// Sets the element at `index` to what was lent.
    fn give_back(&mut self, index: Val<u32>, lent: V, location: Location);
}

impl<T: Value, S> GiveBack<Val<T>> for Memory<T, S> {
    fn give_back(&mut self, index: Val<u32>, lent: Val<T>, location: Location) {
        self.set_element(index, lent.read(location), location);
    }
}

impl<E, S> GiveBack<Memory<E, S>> for Memory<Memory<E, S>, S> {
    fn give_back(&mut self, _index: Val<u32>, _lent: Memory<E, S>, _location: Location) {}
}

impl<V: Vector> GiveBack<Val<V::Lane>> for Val<V> {
    fn give_back(&mut self, index: Val<u32>, lent: Val<V::Lane>, location: Location) {
        self.set_element(index, lent.read(location), location);
    }
}

impl<V: Vector> GiveBack<Val<V::Lane>> for VectorElement<V> {
    fn give_back(&mut self, index: Val<u32>, lent: Val<V::Lane>, location: Location) {
        self.set_element(index, lent.read(location), location);
    }
}

/// The variable that `&mut element` passes.
#[track_caller]
pub fn lend<L: Lend>(element: L) -> L {
    element.lend(Location::caller())
}
