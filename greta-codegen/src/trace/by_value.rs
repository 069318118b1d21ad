//! Values that a launch passes to a kernel as they are: scalars, and structs and arrays of them.

use super::arrays::from_items;
use super::bind::Bind;
use super::composite::KernelType;
use super::kernel::KernelTracer;
use super::literal::LiteralValue;
use super::memory::Array;
use super::tracer;
use super::value::{Atom, Val};
use crate::ir::{Leaf, Literal, Location, Shape, StructParam, VarKind};

/// A type whose values a launch passes to a kernel.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot take a `{Self}` as a parameter",
    label = "not passed by value to a kernel",
    note = "a kernel takes `&Global<T>`, `&mut Global<T>`, scalars, and structs of scalars, arrays and structs"
)]
pub trait ByValue: KernelType {
    /// How its scalars lie together.
    fn shape() -> Shape;
    /// The handle of the parameter `name`, made of the next of its scalars.
    fn handle(name: &str, location: Location, scalars: &mut dyn Iterator<Item = Atom>) -> Self::Handle;
    /// Adds its scalars, in order.
    fn literals(&self, list: &mut Vec<Literal>);
}

#[diagnostic::do_not_recommend]
impl<T: LiteralValue> ByValue for T {
    fn shape() -> Shape {
        Shape::Scalar(T::ty())
    }

    fn handle(_name: &str, _location: Location, scalars: &mut dyn Iterator<Item = Atom>) -> Val<T> {
        Val::from_atom(scalars.next().expect("invariant: a parameter for each scalar of the shape"))
    }

    fn literals(&self, list: &mut Vec<Literal>) {
        list.push((*self).to_literal());
    }
}

/// An array comes in a struct; in the kernel it is a register array.
impl<T: LiteralValue, const N: usize> ByValue for [T; N] {
    fn shape() -> Shape {
        Shape::Array(u32::try_from(N).unwrap_or(u32::MAX), Box::new(T::shape()))
    }

    fn handle(name: &str, location: Location, scalars: &mut dyn Iterator<Item = Atom>) -> Array<T> {
        let values: [Val<T>; N] = std::array::from_fn(|_| T::handle(name, location, scalars));
        from_items(values, location).bind(name, false, location)
    }

    fn literals(&self, list: &mut Vec<Literal>) {
        self.iter().for_each(|value| value.literals(list));
    }
}

impl KernelTracer {
    /// A struct that is passed by value.
    #[must_use]
    pub fn structure<T: ByValue>(&mut self, name: &'static str, location: Location) -> T::Handle {
        let Shape::Structure(structure) = T::shape() else {
            unreachable!("invariant: `#[kernel]` takes a parameter for a struct only if it is none of the scalars");
        };
        let scalars: Vec<Atom> = tracer::with(|tracer| {
            let first = tracer.kernel.params.len();
            let leaves = structure.leaves();
            tracer.kernel.structures.push(StructParam { name: name.to_owned(), first, structure });
            let make = |Leaf { path, ty, .. }| {
                let id = tracer.var(&format!("{name}{path}"), VarKind::Scalar, ty, location);
                tracer.kernel.params.push(id);
                Atom::Var(id)
            };
            leaves.into_iter().map(make).collect()
        });
        T::handle(name, location, &mut scalars.into_iter())
    }
}
