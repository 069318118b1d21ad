//! The types that a kernel's values have.

/// What sort of number a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A truth value.
    Bool,
    /// A signed integer, two's complement.
    Signed,
    /// An unsigned integer.
    Unsigned,
    /// A float with arithmetic.
    Float,
    /// A float that is only stored and converted.
    Storage,
}

macro_rules! scalars {
    ($($(#[doc = $doc:literal])+ $scalar:ident $name:literal $bytes:literal $sort:ident;)*) => {
        /// The type of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scalar {
            $($(#[doc = $doc])+ $scalar,)*
        }

        impl Scalar {
            /// Every scalar type.
            pub const ALL: &[Self] = &[$(Self::$scalar,)*];

            /// Size of one element in memory, in bytes.
            #[must_use]
            pub const fn bytes(self) -> u32 {
                match self {
                    $(Self::$scalar => $bytes,)*
                }
            }

            /// Rust's name for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$scalar => $name,)*
                }
            }

            /// What sort of number it is.
            #[must_use]
            pub const fn sort(self) -> Sort {
                match self {
                    $(Self::$scalar => Sort::$sort,)*
                }
            }
        }
    };
}

scalars! {
    /// True or false; one byte in memory.
    Bool "bool" 1 Bool;
    /// 8-bit signed integer.
    I8 "i8" 1 Signed;
    /// 16-bit signed integer.
    I16 "i16" 2 Signed;
    /// 32-bit signed integer.
    I32 "i32" 4 Signed;
    /// 64-bit signed integer.
    I64 "i64" 8 Signed;
    /// 8-bit unsigned integer.
    U8 "u8" 1 Unsigned;
    /// 16-bit unsigned integer.
    U16 "u16" 2 Unsigned;
    /// 32-bit unsigned integer.
    U32 "u32" 4 Unsigned;
    /// 64-bit unsigned integer.
    U64 "u64" 8 Unsigned;
    /// IEEE 754 binary16.
    F16 "f16" 2 Float;
    /// bfloat16: the upper half of an `f32`.
    Bf16 "bf16" 2 Float;
    /// IEEE 754 binary32.
    F32 "f32" 4 Float;
    /// IEEE 754 binary64.
    F64 "f64" 8 Float;
    /// gfx942's fp8, E4M3 "fnuz": one zero, one NaN, no infinity, at most 240.
    Fp8 "fp8" 1 Storage;
    /// gfx942's bf8, E5M2 "fnuz": one zero, one NaN, no infinity, at most 57,344.
    Bf8 "bf8" 1 Storage;
}

impl Scalar {
    /// Size of one element, in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        8 * self.bytes()
    }

    /// Whether it is a signed or unsigned integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self.sort(), Sort::Signed | Sort::Unsigned)
    }

    /// Whether it is a signed integer.
    #[must_use]
    pub const fn is_signed_integer(self) -> bool {
        matches!(self.sort(), Sort::Signed)
    }

    /// Whether a number of this type that is rounded to `f32`, and that to the short float `to`, may be another than the
    /// number rounded once: `f32` has neither all its bits nor, for all that `to` has a finite place for, more than it
    /// needs.
    #[must_use]
    pub const fn rounds_twice(self, to: Self) -> bool {
        match self {
            Self::F64 => true,
            // Integers that `f32` does not hold are too large for the others.
            Self::I32 | Self::I64 | Self::U32 | Self::U64 => matches!(to, Self::Bf16),
            _ => false,
        }
    }

    /// Whether it is a floating-point type with arithmetic.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self.sort(), Sort::Float)
    }

    /// Whether it has arithmetic: integers and floats that are not for storage only.
    #[must_use]
    pub const fn is_number(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// The smallest and the largest value of an integer type.
    #[must_use]
    pub const fn range(self) -> [i128; 2] {
        let values = 1 << self.bits();
        if self.is_signed_integer() { [-values / 2, values / 2 - 1] } else { [0, values - 1] }
    }

    /// The integer of the same width without a sign; of an integer only.
    #[must_use]
    pub const fn unsigned(self) -> Self {
        match self {
            Self::I8 => Self::U8,
            Self::I16 => Self::U16,
            Self::I32 => Self::U32,
            Self::I64 => Self::U64,
            other => other,
        }
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
    /// `f64`.
    pub const F64: Self = Self::scalar(Scalar::F64);

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
