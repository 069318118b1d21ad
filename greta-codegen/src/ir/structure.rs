//! Parameters that the author wrote as structs.
//!
//! To everything but the writer and the launch, such a parameter is its scalars, one [`Scalar`](super::VarKind::Scalar)
//! parameter each, in order. Here is how they lie together: as C++ lays out a struct, every member at a multiple of its
//! own alignment.

use super::{Kernel, Type};

/// A parameter of a kernel that is a struct: some consecutive ones of [`Kernel::params`], passed as one.
#[derive(Clone, Debug, PartialEq)]
pub struct StructParam {
    /// Its name in Rust.
    pub name: String,
    /// Which of the kernel's parameters is its first scalar.
    pub first: usize,
    /// What it is made of.
    pub structure: Structure,
}

/// A struct of scalars, arrays and structs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// The struct's name in Rust.
    pub name: String,
    /// Its fields, in order.
    pub fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in Rust; `_0` and so on in a tuple struct.
    pub name: String,
    /// What it is.
    pub shape: Shape,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number or truth value.
    Scalar(Type),
    /// So many of something.
    Array(u32, Box<Shape>),
    /// A struct.
    Structure(Structure),
}

/// A scalar inside of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// How it is reached from the struct, in Rust and in C++: `.place.re`, `.taps[2]`.
    pub path: String,
    /// Its type.
    pub ty: Type,
    /// Where it lies in the struct, in bytes.
    pub offset: usize,
}

impl Structure {
    /// Its scalars, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.lay_out("", 0, &mut leaves);
        leaves
    }

    /// Adds the scalars of a struct at `offset`; gives the offset after it, padded to its alignment.
    fn lay_out(&self, path: &str, mut offset: usize, leaves: &mut Vec<Leaf>) -> usize {
        for field in &self.fields {
            offset = field.shape.lay_out(&format!("{path}.{}", field.name), offset, leaves);
        }
        offset.next_multiple_of(self.alignment())
    }

    fn alignment(&self) -> usize {
        self.fields.iter().map(|field| field.shape.alignment()).max().unwrap_or(1)
    }
}

impl Shape {
    /// A struct of these fields, in order.
    #[must_use]
    pub fn structure(name: &str, fields: Vec<(&str, Self)>) -> Self {
        let field = |(name, shape): (&str, Self)| Field { name: name.to_owned(), shape };
        Self::Structure(Structure { name: name.to_owned(), fields: fields.into_iter().map(field).collect() })
    }

    fn lay_out(&self, path: &str, offset: usize, leaves: &mut Vec<Leaf>) -> usize {
        let offset = offset.next_multiple_of(self.alignment());
        match self {
            Self::Scalar(ty) => {
                leaves.push(Leaf { path: path.to_owned(), ty: *ty, offset });
                offset + ty.bytes() as usize
            }
            Self::Array(count, element) => {
                (0..*count).fold(offset, |offset, index| element.lay_out(&format!("{path}[{index}]"), offset, leaves))
            }
            Self::Structure(structure) => structure.lay_out(path, offset, leaves),
        }
    }

    fn alignment(&self) -> usize {
        match self {
            Self::Scalar(ty) => ty.bytes() as usize,
            Self::Array(_, element) => element.alignment(),
            Self::Structure(structure) => structure.alignment(),
        }
    }
}

/// A parameter as a launch passes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed<'a> {
    /// Its first one of [`Kernel::params`].
    pub first: usize,
    /// The struct that it is, if it is one.
    pub structure: Option<&'a StructParam>,
}

impl Kernel {
    /// The parameters as a launch passes them: a struct is one.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed<'_>> {
        let mut passed = Vec::new();
        let mut next = 0;
        while next < self.params.len() {
            let structure = self.structures.iter().find(|structure| structure.first == next);
            passed.push(Passed { first: next, structure });
            next += structure.map_or(1, |structure| structure.structure.leaves().len().max(1));
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, shape: Shape) -> Field {
        Field { name: name.to_owned(), shape }
    }

    #[test]
    fn members_lie_where_cpp_puts_them() {
        let inner = Structure {
            name: "Inner".to_owned(),
            fields: vec![field("on", Shape::Scalar(Type::BOOL)), field("x", Shape::Scalar(Type::F32))],
        };
        let outer = Structure {
            name: "Outer".to_owned(),
            fields: vec![
                field("flags", Shape::Array(3, Box::new(Shape::Scalar(Type::BOOL)))),
                field("inner", Shape::Structure(inner)),
                field("last", Shape::Scalar(Type::BOOL)),
            ],
        };
        let leaves = outer.leaves();
        let found: Vec<(&str, usize)> = leaves.iter().map(|leaf| (leaf.path.as_str(), leaf.offset)).collect();
        let expected =
            [(".flags[0]", 0), (".flags[1]", 1), (".flags[2]", 2), (".inner.on", 4), (".inner.x", 8), (".last", 12)];
        assert_eq!(found, expected);
    }
}
