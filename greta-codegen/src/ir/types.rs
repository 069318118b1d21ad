//! The types that a kernel's values have.

/// The type of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// True or false; one byte in memory.
    Bool,
    /// 32-bit signed integer.
    I32,
    /// 32-bit unsigned integer.
    U32,
    /// IEEE 754 binary32.
    F32,
}

impl Scalar {
    /// Size of one element in memory, in bytes.
    #[must_use]
    pub fn bytes(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::I32 | Self::U32 | Self::F32 => 4,
        }
    }

    /// Rust's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::F32 => "f32",
        }
    }

    /// Whether it is a signed or unsigned integer.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Self::I32 | Self::U32)
    }

    /// Whether it is a floating-point type.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32)
    }
}

/// The type of a value: `lanes` numbers of one scalar type; 1 is a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type {
    /// What each element is.
    pub scalar: Scalar,
    /// How many elements: 1 for a scalar, 2, 4, 8 or 16 for a vector.
    pub lanes: u8,
}

impl Type {
    /// `bool`.
    pub const BOOL: Self = Self::scalar(Scalar::Bool);
    /// `i32`.
    pub const I32: Self = Self::scalar(Scalar::I32);
    /// `u32`.
    pub const U32: Self = Self::scalar(Scalar::U32);
    /// `f32`.
    pub const F32: Self = Self::scalar(Scalar::F32);

    /// One number of `scalar`.
    #[must_use]
    pub const fn scalar(scalar: Scalar) -> Self {
        Self { scalar, lanes: 1 }
    }

    /// `lanes` numbers of `scalar`.
    #[must_use]
    pub const fn vector(scalar: Scalar, lanes: u8) -> Self {
        Self { scalar, lanes }
    }

    /// Whether it has more than one element.
    #[must_use]
    pub fn is_vector(self) -> bool {
        self.lanes > 1
    }

    /// The type of one element.
    #[must_use]
    pub fn element(self) -> Self {
        Self::scalar(self.scalar)
    }

    /// Size in memory, in bytes.
    #[must_use]
    pub fn bytes(self) -> u32 {
        self.scalar.bytes() * u32::from(self.lanes)
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_vector() {
            write!(f, "{}x{}", self.scalar.name(), self.lanes)
        } else {
            f.write_str(self.scalar.name())
        }
    }
}
