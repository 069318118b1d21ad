//! What device functions return: one value as such, anything else in variables of the caller that the function takes by
//! reference.

use super::memory::{Array, Memory, Nested};
use super::tracer::{self, Tracer};
use super::value::{Atom, Val, Value};
use crate::ir::{Expr, ExprKind, Location, Place, StmtKind, Type, VarId, VarKind};

/// What a device function returns.
#[diagnostic::on_unimplemented(
    message = "a device function cannot return a `{Self}`",
    note = "a device function returns kernel values, register arrays, tuples and structs of them, or nothing"
)]
pub trait DeviceResult: Sized {
    /// Adds each of its parts.
    fn parts(name: &str, list: &mut Vec<Part>);
    /// Adds what they are.
    fn values(self, list: &mut Vec<Returned>);
    /// The handle of a call's result, of as many values as there are parts.
    fn from_values(values: &mut dyn Iterator<Item = Returned>) -> Self;
}

/// A value or an array in what a function returns.
#[derive(Clone, Debug)]
pub struct Part {
    pub(super) name: String,
    pub(super) ty: Type,
    is_array: bool,
}

/// What a function returns in one of the parts.
#[derive(Clone, Copy, Debug)]
pub enum Returned {
    /// A value.
    Value(Atom),
    /// An array, or a part of one.
    Array(Array<()>),
}

impl Part {
    /// What takes it: of an array, the first that is returned gives the lengths.
    pub(super) fn kind(&self) -> VarKind {
        if self.is_array { VarKind::Register(Vec::new()) } else { VarKind::Mut }
    }

    /// What a variable has of it after a call.
    pub(super) fn read(&self, tracer: &mut Tracer, id: VarId, location: Location) -> Returned {
        match self.is_array {
            true => Returned::Array(Memory::whole(id)),
            false => Returned::Value(tracer.record(Expr { kind: ExprKind::Var(id), ty: self.ty, location })),
        }
    }
}

/// The parts of a result.
pub(super) fn parts<R: DeviceResult>() -> Vec<Part> {
    let mut list = Vec::new();
    R::parts("result", &mut list);
    list
}

/// The type of a result that is returned as such; none of nothing at all.
pub(super) fn opt_value(parts: &[Part]) -> Option<Type> {
    match parts {
        [Part { ty, is_array: false, .. }] => Some(*ty),
        _ => None,
    }
}

/// A handle for a call that was reported: its values are undefined.
pub(super) fn reported<R: DeviceResult>(parts: &[Part], location: Location) -> R {
    let values: Vec<Returned> = tracer::with(|tracer| {
        let undefined = parts.iter().map(|part| {
            let id = tracer.var("", part.kind(), part.ty, location);
            match part.is_array {
                true => Returned::Array(Memory::whole(id)),
                false => {
                    tracer.push(StmtKind::Let(id, None), location);
                    Returned::Value(Atom::Var(id))
                }
            }
        });
        undefined.collect()
    });
    R::from_values(&mut values.into_iter())
}

/// Assigns results to their parameters; a single value is given back.
pub(super) fn give(tracer: &mut Tracer, parts: &[Part], values: &[Returned], location: Location) -> Option<Expr> {
    let results = tracer.results.clone();
    for (position, (value, part)) in values.iter().zip(parts).enumerate() {
        match (value, results.get(position)) {
            (Returned::Value(value), None) => return Some(value.expr(part.ty, location)),
            (Returned::Value(value), Some(&base)) => {
                let place = Place { base, index: Vec::new(), lane: None };
                tracer.push(StmtKind::Assign(place, value.expr(part.ty, location)), location);
            }
            (Returned::Array(array), Some(&base)) => tracer.give_array(array, base, location),
            (Returned::Array(_), None) => unreachable!("invariant: an array has a parameter that takes it"),
        }
    }
    None
}

/// `return value` in a device function.
#[track_caller]
pub fn return_value<R: DeviceResult>(value: R) {
    let location = Location::caller();
    let mut values = Vec::new();
    value.values(&mut values);
    tracer::with(|tracer| {
        let value = give(tracer, &parts::<R>(), &values, location);
        tracer.push(StmtKind::Return(value), location);
    });
}

impl<T: Value> DeviceResult for Val<T> {
    fn parts(name: &str, list: &mut Vec<Part>) {
        list.push(Part { name: name.to_owned(), ty: T::ty(), is_array: false });
    }

    fn values(self, list: &mut Vec<Returned>) {
        list.push(Returned::Value(self.atom));
    }

    fn from_values(values: &mut dyn Iterator<Item = Returned>) -> Self {
        match values.next() {
            Some(Returned::Value(atom)) => Self::from_atom(atom),
            _ => unreachable!("invariant: a value for each part that is one"),
        }
    }
}

impl<E: Nested> DeviceResult for Array<E> {
    fn parts(name: &str, list: &mut Vec<Part>) {
        list.push(Part { name: name.to_owned(), ty: E::Value::ty(), is_array: true });
    }

    fn values(self, list: &mut Vec<Returned>) {
        list.push(Returned::Array(self.retyped()));
    }

    fn from_values(values: &mut dyn Iterator<Item = Returned>) -> Self {
        match values.next() {
            Some(Returned::Array(array)) => array.retyped(),
            _ => unreachable!("invariant: an array for each part that is one"),
        }
    }
}

impl DeviceResult for () {
    fn parts(_name: &str, _list: &mut Vec<Part>) {}
    fn values(self, _list: &mut Vec<Returned>) {}
    fn from_values(_values: &mut dyn Iterator<Item = Returned>) {}
}

macro_rules! tuples {
    ($($($name:ident $position:tt)*;)*) => {
        $(
            impl<$($name: DeviceResult),*> DeviceResult for ($($name,)*) {
                fn parts(name: &str, list: &mut Vec<Part>) {
                    $($name::parts(&format!("{name}_{}", $position), list);)*
                }

                fn values(self, list: &mut Vec<Returned>) {
                    $(self.$position.values(list);)*
                }

                fn from_values(values: &mut dyn Iterator<Item = Returned>) -> Self {
                    ($($name::from_values(values),)*)
                }
            }
        )*
    };
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
}
