//! Values that a launch passes to a kernel as they are: scalars, and structs and arrays of them.

use super::arrays::from_items;
use super::bind::Bind;
use super::kernel::KernelTracer;
use super::literal::LiteralValue;
use super::memory::Array;
use super::tracer;
use super::value::{Atom, Val, Value, bf8, bf16, f16, fp8};
use crate::ir::{Leaf, Literal, Location, Shape, StructParam, VarKind};

/// A type whose values a launch passes to a kernel.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot take a `{Self}` as a parameter",
    label = "not passed by value to a kernel",
    note = "a kernel takes `&Global<T>`, `&mut Global<T>`, scalars, and structs of scalars, arrays and structs"
)]
pub trait ByValue {
    /// What it is in the kernel.
    type Parameter;
    /// How its scalars lie together.
    fn shape() -> Shape;
    /// The handle of the parameter `name`, made of the next of its scalars.
    fn handle(name: &str, location: Location, scalars: &mut dyn Iterator<Item = Atom>) -> Self::Parameter;
    /// Adds its scalars, in order.
    fn literals(&self, list: &mut Vec<Literal>);

    /// Its scalars, in order: what a launch passes.
    fn scalars(&self) -> Vec<Literal> {
        let mut list = Vec::new();
        self.literals(&mut list);
        list
    }

    /// Declares the kernel's parameter.
    fn parameter(kernel: &mut KernelTracer, name: &'static str, location: Location) -> Self::Parameter {
        let scalars = kernel.structure(name, Self::shape(), location);
        Self::handle(name, location, &mut scalars.into_iter())
    }
}

// One by one and not for every `LiteralValue`: of a type that has none of them, rustc then knows nothing further to say.
macro_rules! scalars {
    ($($ty:ty)*) => {
        $(#[diagnostic::do_not_recommend]
        impl ByValue for $ty {
            type Parameter = Val<$ty>;

            fn shape() -> Shape {
                Shape::Scalar(<$ty>::ty())
            }

            fn handle(_name: &str, _location: Location, scalars: &mut dyn Iterator<Item = Atom>) -> Val<$ty> {
                Val::from_atom(scalars.next().expect("invariant: a parameter for each scalar of the shape"))
            }

            fn literals(&self, list: &mut Vec<Literal>) {
                list.push((*self).to_literal());
            }
        })*
    };
}

scalars!(bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64 fp8 bf8);

/// An array comes in a struct; in the kernel it is a register array.
#[diagnostic::do_not_recommend]
impl<T: LiteralValue + ByValue<Parameter = Val<T>>, const N: usize> ByValue for [T; N] {
    type Parameter = Array<T>;

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
    fn structure(&mut self, name: &'static str, shape: Shape, location: Location) -> Vec<Atom> {
        let Shape::Structure(structure) = shape else {
            unreachable!("invariant: `#[kernel]` takes a parameter for a struct only if it is none of the scalars");
        };
        tracer::with(|tracer| {
            let first = tracer.kernel.params.len();
            let leaves = structure.leaves();
            tracer.kernel.structures.push(StructParam { name: name.to_owned(), first, structure });
            let make = |Leaf { path, ty, .. }| {
                let id = tracer.var(&format!("{name}{path}"), VarKind::Scalar, ty, location);
                tracer.kernel.params.push(id);
                Atom::Var(id)
            };
            leaves.into_iter().map(make).collect()
        })
    }
}
