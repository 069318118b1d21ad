//! Constants of a scalar type, compared by their bits.

use super::{Scalar, Type};

/// A constant scalar. Floats are held as bits, so that equality and hashing are exact and NaN payloads survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    I32(i32),
    /// An unsigned integer.
    U32(u32),
    /// The bits of an `f32`.
    F32(u32),
}

impl Literal {
    /// The literal of an `f32`, bit for bit.
    #[must_use]
    pub fn f32(value: f32) -> Self {
        Self::F32(value.to_bits())
    }

    /// Its scalar type.
    #[must_use]
    pub fn scalar(self) -> Scalar {
        match self {
            Self::Bool(_) => Scalar::Bool,
            Self::I32(_) => Scalar::I32,
            Self::U32(_) => Scalar::U32,
            Self::F32(_) => Scalar::F32,
        }
    }

    /// Its type.
    #[must_use]
    pub fn ty(self) -> Type {
        Type::scalar(self.scalar())
    }

    /// The value if it is an unsigned integer.
    #[must_use]
    pub fn opt_u32(self) -> Option<u32> {
        match self {
            Self::U32(value) => Some(value),
            _ => None,
        }
    }

    /// The value if it is a truth value.
    #[must_use]
    pub fn opt_bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The little-endian bytes it has in memory and in a kernel's argument block.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Bool(value) => vec![u8::from(value)],
            Self::I32(value) => value.to_le_bytes().to_vec(),
            Self::U32(value) | Self::F32(value) => value.to_le_bytes().to_vec(),
        }
    }
}

impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::I32(value) => write!(f, "{value}"),
            Self::U32(value) => write!(f, "{value}"),
            Self::F32(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
        }
    }
}
