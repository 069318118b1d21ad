//! Element formats of matrix operands, and the fixed-point parts that the 16-bit, 8-bit and xf32 rules work on.
//!
//! A value is `significand * 2^(exponent - 10)`: ten fractional bits hold the mantissa of every one of these formats.
//! Subnormals keep the lowest exponent of their format; zero has exponent -126 whatever the format.

/// What the bits of an operand's elements mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// 32-bit floating point of which the 13 low bits are not looked at.
    Xf32,
    /// 16-bit floating point, 10 mantissa bits.
    F16,
    /// 16-bit floating point, 7 mantissa bits.
    Bf16,
    /// 8-bit floating point e4m3fnuz.
    Fp8,
    /// 8-bit floating point e5m2fnuz.
    Bf8,
    /// 8-bit signed integer.
    I8,
    /// 32-bit signed integer: accumulators of [`Format::I8`].
    I32,
}

impl Format {
    /// Bits of one element.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::F64 => 64,
            Self::F32 | Self::Xf32 | Self::I32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::Fp8 | Self::Bf8 | Self::I8 => 8,
        }
    }

    /// The layout of the bits; `None` for formats whose rules do not take them apart.
    pub(crate) const fn layout(self) -> Option<Layout> {
        match self {
            Self::Xf32 => {
                Some(Layout { ignored_bits: 13, mantissa_bits: 10, exponent_bits: 8, bias: 127, fnuz: false })
            }
            Self::F16 => Some(Layout { ignored_bits: 0, mantissa_bits: 10, exponent_bits: 5, bias: 15, fnuz: false }),
            Self::Bf16 => Some(Layout { ignored_bits: 0, mantissa_bits: 7, exponent_bits: 8, bias: 127, fnuz: false }),
            Self::Fp8 => Some(Layout { ignored_bits: 0, mantissa_bits: 3, exponent_bits: 4, bias: 8, fnuz: true }),
            Self::Bf8 => Some(Layout { ignored_bits: 0, mantissa_bits: 2, exponent_bits: 5, bias: 16, fnuz: true }),
            Self::F64 | Self::F32 | Self::I8 | Self::I32 => None,
        }
    }
}

/// Where the fields of a floating-point format lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Low bits that do not count, except to tell a NaN from an infinity.
    pub(crate) ignored_bits: u32,
    pub(crate) mantissa_bits: u32,
    pub(crate) exponent_bits: u32,
    pub(crate) bias: i32,
    /// NaN is minus zero's code and nothing is infinite.
    pub(crate) fnuz: bool,
}

/// Fractional bits of [`Parts::significand`].
pub(crate) const FRACTION_BITS: u32 = 10;
/// Exponent of zero, in every format.
pub(crate) const ZERO_EXPONENT: i32 = -126;
/// Exponent that stands for infinity and NaN: with any other one it sums to more than a finite product's.
pub(crate) const NONFINITE_EXPONENT: i32 = 1000;

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A number, zero among them.
    Finite,
    /// Plus or minus infinity: the sign of the significand.
    Infinite,
    /// Not a number.
    Nan,
}

/// An element taken apart: `significand * 2^(exponent - 10)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Signed, less than 2^11 in magnitude. ±1 for infinities.
    pub significand: i32,
    /// Exponent of the significand's bit 10.
    pub exponent: i32,
    /// Number, infinity or NaN.
    pub class: Class,
}

/// An element taken apart for loops: no class, sign and magnitude apart.
#[derive(Clone, Copy)]
pub(crate) struct Raw {
    /// 0 or -1.
    pub(crate) sign: i32,
    /// Below 2^11.
    pub(crate) magnitude: i32,
    /// [`NONFINITE_EXPONENT`] for infinity and NaN.
    pub(crate) exponent: i32,
}

impl Layout {
    /// Takes an element apart without a branch.
    #[inline(always)]
    pub(crate) fn raw(self, bits: u32) -> Raw {
        let code = bits >> self.ignored_bits;
        let exponent_mask = (1_u32 << self.exponent_bits) - 1;
        let field = (code >> self.mantissa_bits) & exponent_mask;
        let mantissa = code & ((1 << self.mantissa_bits) - 1);
        let normal = u32::from(field != 0);
        let magnitude = (mantissa | normal << self.mantissa_bits) << (FRACTION_BITS - self.mantissa_bits);
        let sign_bit = code >> (self.mantissa_bits + self.exponent_bits);
        let nonfinite =
            if self.fnuz { code == 1 << (self.mantissa_bits + self.exponent_bits) } else { field == exponent_mask };
        let exponent = field as i32 + i32::from(field == 0) - self.bias;
        let exponent = if magnitude == 0 { ZERO_EXPONENT } else { exponent };
        Raw {
            sign: -(sign_bit as i32),
            magnitude: magnitude as i32,
            exponent: if nonfinite { NONFINITE_EXPONENT } else { exponent },
        }
    }

    /// Takes an element apart.
    pub(crate) fn parts(self, bits: u32) -> Parts {
        let raw = self.raw(bits);
        let significand = (raw.magnitude ^ raw.sign) - raw.sign;
        if raw.exponent != NONFINITE_EXPONENT {
            return Parts { significand, exponent: raw.exponent, class: Class::Finite };
        }
        let mantissa = bits & ((1 << (self.ignored_bits + self.mantissa_bits)) - 1);
        let class = if self.fnuz || mantissa != 0 { Class::Nan } else { Class::Infinite };
        Parts { significand: significand.signum(), exponent: raw.exponent, class }
    }
}

impl Parts {
    /// Takes an element apart. Its bits are the low ones of `bits`, [`Format::bits`] many; the others are zero. `None`
    /// for the formats whose rules work on whole values: f64, f32, i8, i32.
    #[must_use]
    pub fn new(format: Format, bits: u32) -> Option<Self> {
        Some(format.layout()?.parts(bits))
    }
}
