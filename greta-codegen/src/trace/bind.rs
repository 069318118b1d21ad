//! What `let`, `=`, `if … else …` and the use of a mutable variable do to handles.

use super::builtins::Dim3;
use super::tracer::{self, TraceError, Tracer};
use super::value::{Atom, IntoKernelValue, Val, Value};
use crate::ir::{ExprKind, Location, Place, StmtKind, VarId, VarKind};

/// What `let` can bind in a kernel.
#[diagnostic::on_unimplemented(
    message = "`let` in a kernel cannot bind a `{Self}`",
    label = "not a kernel value",
    note = "kernel values, arrays, references to them and tuples of them can be bound"
)]
pub trait Bind {
    /// What the name stands for afterwards.
    type Bound;
    /// `let name = self`, or `let mut name = self`.
    fn bind(self, name: &str, mutable: bool, location: Location) -> Self::Bound;
}

/// `let name = value`: evaluates here, once.
#[track_caller]
pub fn bind<B: Bind>(name: &'static str, value: B) -> B::Bound {
    value.bind(name, false, Location::caller())
}

/// `let mut name = value`.
#[track_caller]
pub fn bind_mut<B: Bind>(name: &'static str, value: B) -> B::Bound {
    value.bind(name, true, Location::caller())
}

impl<T: Value> Bind for Val<T> {
    type Bound = Self;

    fn bind(self, name: &str, mutable: bool, location: Location) -> Self {
        tracer::with(|tracer| {
            let kind = if mutable { VarKind::Mut } else { VarKind::Let };
            let constant = if mutable { None } else { tracer.opt_constant(self.atom) };
            let id = tracer.var(name, kind, T::ty(), location);
            tracer.kernel.vars[id.index()].constant = constant;
            if constant.is_some() {
                tracer.copy_definition(self.atom, id);
            }
            tracer.push(StmtKind::Let(id, Some(self.expr(location))), location);
            Self::from_atom(Atom::Var(id))
        })
    }
}

impl<T: ?Sized> Bind for &T {
    type Bound = Self;

    fn bind(self, _name: &str, _mutable: bool, _location: Location) -> Self {
        self
    }
}

impl<T: ?Sized> Bind for &mut T {
    type Bound = Self;

    fn bind(self, _name: &str, _mutable: bool, _location: Location) -> Self {
        self
    }
}

impl Bind for Dim3 {
    type Bound = Self;

    fn bind(self, _name: &str, _mutable: bool, _location: Location) -> Self {
        self
    }
}

impl Bind for () {
    type Bound = ();

    fn bind(self, _name: &str, _mutable: bool, _location: Location) {}
}

macro_rules! host_scalar {
    ($($host:ty),*) => {
        $(impl Bind for $host {
            type Bound = Val<$host>;

            fn bind(self, name: &str, mutable: bool, location: Location) -> Val<$host> {
                self.into_val().bind(name, mutable, location)
            }
        })*
    };
}

host_scalar!(f32, i32, u32, bool);

/// The value that a mutable variable has now, safe from later assignments.
pub trait Read {
    /// A handle of the value as it is now.
    #[must_use]
    fn read(&self, location: Location) -> Self;
    /// Whether this is still the handle that `let mut name` gave; true where a handle has no variable of its own.
    fn is_variable(&self, _name: &str) -> bool {
        true
    }
}

/// The value of a mutable variable where it is used.
#[track_caller]
pub fn read<T: Read>(variable: &T) -> T {
    variable.read(Location::caller())
}

/// The value of the variable `name`, which is reported if its handle is another's by now: plain Rust has moved it, and
/// that happens while tracing, whatever the kernel's control flow.
#[track_caller]
pub fn read_variable<T: Read>(name: &'static str, variable: &T) -> T {
    check_variable(name, variable);
    read(variable)
}

/// Reports a variable whose handle plain Rust has replaced.
#[track_caller]
pub fn check_variable<T: Read>(name: &'static str, variable: &T) {
    if !variable.is_variable(name) {
        let location = Location::caller();
        tracer::with(|tracer| tracer.error(TraceError::Replaced { name }, location));
    }
}

impl<T: Value> Read for Val<T> {
    fn read(&self, location: Location) -> Self {
        let Atom::Var(id) = self.atom else { return *self };
        Self::record(ExprKind::Var(id), location)
    }

    fn is_variable(&self, name: &str) -> bool {
        match self.atom {
            Atom::Var(id) => tracer::with(|tracer| tracer.kernel.vars[id.index()].name == name),
            Atom::Literal(_) | Atom::Constant(_) => false,
        }
    }
}

/// What `=` can assign.
#[diagnostic::on_unimplemented(
    message = "cannot assign a `{R}` to a `{Self}` in a kernel",
    label = "kernel values are assigned values of their own type"
)]
pub trait Assign<R> {
    /// `*self = value`.
    fn assign(&mut self, value: R, location: Location);
}

/// `variable = value`.
#[track_caller]
pub fn assign<V: Assign<R>, R>(variable: &mut V, value: R) {
    variable.assign(value, Location::caller());
}

impl<T: Value, R: IntoKernelValue<T>> Assign<R> for Val<T> {
    fn assign(&mut self, value: R, location: Location) {
        let value = value.into_val().expr(location);
        tracer::with(|tracer| match tracer.opt_changeable(self.atom) {
            Some(place) => tracer.push(StmtKind::Assign(place, value), location),
            None => tracer.error(TraceError::NotMutable, location),
        });
    }
}

impl Tracer {
    /// What an assignment to a handle assigns to: a mutable variable, or the element that a method is called on.
    fn opt_changeable(&self, atom: Atom) -> Option<Place> {
        let Atom::Var(base) = atom else { return None };
        match self.kernel.vars[base.index()].kind {
            VarKind::Mut => Some(Place { base, index: Vec::new(), lane: None }),
            _ => self.receivers.get(&base).cloned(),
        }
    }
}

/// What the two sides of an `if` can give.
#[diagnostic::on_unimplemented(
    message = "an `if` in a kernel cannot give a `{Self}`",
    label = "kernel values and tuples of them can be chosen at run time"
)]
pub trait Merge: Sized {
    /// Variables that hold the result.
    type Slots: Copy;
    /// Declares them.
    fn declare(location: Location) -> Self::Slots;
    /// Assigns one side's result to them.
    fn store(self, slots: Self::Slots, location: Location);
    /// Reads the result.
    fn load(slots: Self::Slots, location: Location) -> Self;
}

impl Merge for () {
    type Slots = ();

    fn declare(_location: Location) {}
    fn store(self, _slots: (), _location: Location) {}
    fn load(_slots: (), _location: Location) {}
}

impl<T: Value> Merge for Val<T> {
    type Slots = VarId;

    fn declare(location: Location) -> VarId {
        tracer::with(|tracer| {
            let id = tracer.var("", VarKind::Mut, T::ty(), location);
            tracer.push(StmtKind::Let(id, None), location);
            id
        })
    }

    fn store(self, base: VarId, location: Location) {
        let place = Place { base, index: Vec::new(), lane: None };
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, self.expr(location)), location));
    }

    fn load(base: VarId, location: Location) -> Self {
        Self::record(ExprKind::Var(base), location)
    }
}

/// `let name: T;`: a variable without a value, assigned to later.
#[diagnostic::on_unimplemented(message = "a `{Self}` cannot be declared without a value in a kernel")]
pub trait Undefined {
    /// Declares the variable.
    fn undefined(name: &str, location: Location) -> Self;
}

impl<T: Value> Undefined for Val<T> {
    fn undefined(name: &str, location: Location) -> Self {
        tracer::with(|tracer| {
            let id = tracer.var(name, VarKind::Mut, T::ty(), location);
            tracer.push(StmtKind::Let(id, None), location);
            Self::from_atom(Atom::Var(id))
        })
    }
}

/// `let name: T;`.
#[track_caller]
#[must_use]
pub fn undefined<U: Undefined>(name: &'static str) -> U {
    U::undefined(name, Location::caller())
}

/// A value of whatever type is wanted after `break`, `continue` or `return`: it is never used.
#[track_caller]
#[must_use]
pub fn unreachable_value<V: Merge>() -> V {
    let location = Location::caller();
    V::load(V::declare(location), location)
}

macro_rules! tuples {
    ($($(($name:ident $value:ident $position:tt))*;)*) => {
        $(
            impl<$($name: Bind),*> Bind for ($($name,)*) {
                type Bound = ($($name::Bound,)*);

                fn bind(self, name: &str, mutable: bool, location: Location) -> Self::Bound {
                    ($(self.$position.bind(name, mutable, location),)*)
                }
            }

            impl<$($name: Read),*> Read for ($($name,)*) {
                fn read(&self, location: Location) -> Self {
                    ($(self.$position.read(location),)*)
                }
            }

            impl<$($name: Assign<$value>, $value),*> Assign<($($value,)*)> for ($($name,)*) {
                fn assign(&mut self, value: ($($value,)*), location: Location) {
                    $(self.$position.assign(value.$position, location);)*
                }
            }

            impl<$($name: Undefined),*> Undefined for ($($name,)*) {
                fn undefined(name: &str, location: Location) -> Self {
                    ($($name::undefined(&format!("{name}_{}", $position), location),)*)
                }
            }

            impl<$($name: Merge),*> Merge for ($($name,)*) {
                type Slots = ($($name::Slots,)*);

                fn declare(location: Location) -> Self::Slots {
                    ($($name::declare(location),)*)
                }

                fn store(self, slots: Self::Slots, location: Location) {
                    $(self.$position.store(slots.$position, location);)*
                }

                fn load(slots: Self::Slots, location: Location) -> Self {
                    ($($name::load(slots.$position, location),)*)
                }
            }
        )*
    };
}

tuples! {
    (A V 0) (B W 1);
    (A V 0) (B W 1) (C X 2);
    (A V 0) (B W 1) (C X 2) (D Y 3);
    (A V 0) (B W 1) (C X 2) (D Y 3) (E Z 4);
}
