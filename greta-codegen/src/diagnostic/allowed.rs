//! The types that something may have, as a message lists them.

use crate::ir::Type;
use crate::ops::Class;

/// One type, or every type of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Just this one.
    Only(Type),
    /// Every type of a class.
    Class(Class),
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Only(ty) => return ty.fmt(f),
            Self::Class(Class::None) => "nothing",
            Self::Class(Class::Number) => "an integer or a float",
            Self::Class(Class::Integer) => "an integer",
            Self::Class(Class::Signed) => "a signed integer or a float",
            Self::Class(Class::Float) => "a float",
            Self::Class(Class::Bits) => "an integer or a bool",
            Self::Class(Class::WordInteger) => "an integer of 32 or 64 bits",
            Self::Class(Class::Single) => "f32",
            Self::Class(Class::Word) => "a scalar of 32 or 64 bits or a bool",
            Self::Class(Class::Comparable) => "an integer, a float or a bool",
            Self::Class(Class::Boolean) => "a bool",
            Self::Class(Class::Any) => "any value",
        })
    }
}
