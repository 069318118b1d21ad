//! Constants of a scalar type, compared by their bits.

use greta_numerics::float16::{f32_from_bf16, f32_from_f16};
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz};

use super::{Scalar, Type};

macro_rules! literals {
    ($($(#[doc = $doc:literal])+ $scalar:ident $rust:ty, $bits:ty;)*) => {
        /// A constant scalar. Floats are held as bits, so that equality and hashing are exact and NaN payloads survive.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Literal {
            /// A truth value.
            Bool(bool),
            $($(#[doc = $doc])+ $scalar($rust),)*
        }

        impl Literal {
            /// Its scalar type.
            #[must_use]
            pub fn scalar(self) -> Scalar {
                match self {
                    Self::Bool(_) => Scalar::Bool,
                    $(Self::$scalar(_) => Scalar::$scalar,)*
                }
            }

            /// The bits that it has in memory, the first byte lowest; zero above.
            #[must_use]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "the bits of any type")]
            pub fn bits(self) -> u64 {
                match self {
                    Self::Bool(value) => u64::from(value),
                    $(Self::$scalar(value) => value as $bits as u64,)*
                }
            }

            /// The literal of a type with these bits; those above its width are cut off. Of a truth value the lowest
            /// counts.
            #[must_use]
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "bits are cut off")]
            pub fn from_bits(scalar: Scalar, bits: u64) -> Self {
                match scalar {
                    Scalar::Bool => Self::Bool(bits & 1 != 0),
                    $(Scalar::$scalar => Self::$scalar(bits as $rust),)*
                }
            }
        }
    };
}

literals! {
    /// An 8-bit signed integer.
    I8 i8, u8;
    /// A 16-bit signed integer.
    I16 i16, u16;
    /// A 32-bit signed integer.
    I32 i32, u32;
    /// A 64-bit signed integer.
    I64 i64, u64;
    /// An 8-bit unsigned integer.
    U8 u8, u8;
    /// A 16-bit unsigned integer.
    U16 u16, u16;
    /// A 32-bit unsigned integer.
    U32 u32, u32;
    /// A 64-bit unsigned integer.
    U64 u64, u64;
    /// The bits of an `f16`.
    F16 u16, u16;
    /// The bits of a `bf16`.
    Bf16 u16, u16;
    /// The bits of an `f32`.
    F32 u32, u32;
    /// The bits of an `f64`.
    F64 u64, u64;
    /// The code of an `fp8`.
    Fp8 u8, u8;
    /// The code of a `bf8`.
    Bf8 u8, u8;
}

impl Literal {
    /// The literal of an `f32`, bit for bit.
    #[must_use]
    pub fn f32(value: f32) -> Self {
        Self::F32(value.to_bits())
    }

    /// The literal of an `f64`, bit for bit.
    #[must_use]
    pub fn f64(value: f64) -> Self {
        Self::F64(value.to_bits())
    }

    /// The literal of an integer type, of a value modulo the type's width.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "integers wrap")]
    pub fn opt_wrapped(scalar: Scalar, value: i128) -> Option<Self> {
        scalar.is_integer().then(|| Self::from_bits(scalar, value as u64))
    }

    /// Its type.
    #[must_use]
    pub fn ty(self) -> Type {
        Type::scalar(self.scalar())
    }

    /// The value if it is an integer.
    #[must_use]
    #[allow(clippy::cast_possible_wrap, reason = "the bits of a signed integer")]
    pub fn opt_integer(self) -> Option<i128> {
        let scalar = self.scalar();
        let unused = 64 - scalar.bits();
        let bits = self.bits();
        scalar.is_integer().then(|| match scalar.is_signed_integer() {
            true => i128::from((bits << unused) as i64 >> unused),
            false => i128::from(bits),
        })
    }

    /// The value if it is a `u32`.
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

    /// The value if it is a float, of whatever width. Exact.
    #[must_use]
    pub fn opt_float(self) -> Option<f64> {
        Some(match self {
            Self::F16(bits) => f64::from(f32_from_f16(bits)),
            Self::Bf16(bits) => f64::from(f32_from_bf16(bits)),
            Self::F32(bits) => f64::from(f32::from_bits(bits)),
            Self::F64(bits) => f64::from_bits(bits),
            Self::Fp8(code) => f64::from(F8E4M3Fnuz(code).to_f32()),
            Self::Bf8(code) => f64::from(F8E5M2Fnuz(code).to_f32()),
            _ => return None,
        })
    }

    /// The little-endian bytes it has in memory and in a kernel's argument block.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        self.bits().to_le_bytes()[..self.scalar().bytes() as usize].to_vec()
    }
}

impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self, self.opt_integer(), self.opt_float()) {
            (Self::Bool(value), ..) => write!(f, "{value}"),
            (_, Some(value), _) => write!(f, "{value}"),
            (Self::F32(bits), ..) => write!(f, "{:?}", f32::from_bits(*bits)),
            (_, None, value) => write!(f, "{:?}", value.unwrap_or(f64::NAN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_every_type_read_back() {
        for &scalar in Scalar::ALL {
            for bits in [0, 1, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x8000_0000, u64::MAX, i64::MIN.cast_unsigned()] {
                let literal = Literal::from_bits(scalar, bits);
                assert_eq!(literal.scalar(), scalar);
                assert_eq!(Literal::from_bits(scalar, literal.bits()), literal, "{scalar:?} {bits:#x}");
                assert_eq!(literal.to_bytes().len(), scalar.bytes() as usize);
            }
        }
    }

    #[test]
    fn integers_have_the_values_of_rust() {
        assert_eq!(Literal::I8(-1).opt_integer(), Some(-1));
        assert_eq!(Literal::I8(-1).bits(), 0xff);
        assert_eq!(Literal::U8(255).opt_integer(), Some(255));
        assert_eq!(Literal::I64(i64::MIN).opt_integer(), Some(i128::from(i64::MIN)));
        assert_eq!(Literal::U64(u64::MAX).opt_integer(), Some(i128::from(u64::MAX)));
        assert_eq!(Literal::opt_wrapped(Scalar::I16, 0x1_8000), Some(Literal::I16(i16::MIN)));
        assert_eq!(Literal::f32(1.0).opt_integer(), None);
    }
}
