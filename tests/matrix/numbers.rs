//! Elements by their bits, and the codes of small integers in every format.

use greta::codegen::mfma::Format;
use greta::prelude::*;
use greta::rt::LiteralValue;
use greta::runtime::buffer::Element;

/// An element that is made of its bits.
pub(crate) trait Bits: Element + LiteralValue {
    fn from_bits(bits: u64) -> Self;
    fn bits(self) -> u64 {
        self.to_literal().bits()
    }
}

macro_rules! bits {
    ($($ty:ty: |$bits:ident| $make:expr;)*) => {
        $(impl Bits for $ty {
            fn from_bits($bits: u64) -> Self {
                $make
            }
        })*
    };
}

bits! {
    f64: |bits| f64::from_bits(bits);
    f32: |bits| f32::from_bits(bits as u32);
    f16: |bits| f16::from_bits(bits as u16);
    bf16: |bits| bf16::from_bits(bits as u16);
    i8: |bits| bits as i8;
    i32: |bits| bits as i32;
    fp8: |bits| greta_numerics::F8E4M3Fnuz(bits as u8);
    bf8: |bits| greta_numerics::F8E5M2Fnuz(bits as u8);
}

/// The bits of an integer from -8 to 8, or any in C's formats.
pub(crate) fn encode(format: Format, value: i32) -> u64 {
    use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};
    match format {
        Format::F64 => f64::from(value).to_bits(),
        Format::F32 | Format::Xf32 => (value as f32).to_bits().into(),
        Format::F16 => f16::from_f32(value as f32).to_bits().into(),
        Format::Bf16 => bf16::from_f32(value as f32).to_bits().into(),
        Format::Fp8 => F8E4M3Fnuz::from_f32(value as f32, Overflow::Clamp).0.into(),
        Format::Bf8 => F8E5M2Fnuz::from_f32(value as f32, Overflow::Clamp).0.into(),
        Format::I8 => u64::from(value as u8),
        Format::I32 => u64::from(value as u32),
    }
}

/// The number that bits of one of C's formats are.
pub(crate) fn decode(format: Format, bits: u64) -> f64 {
    match format {
        Format::F64 => f64::from_bits(bits),
        Format::I32 => f64::from(bits as i32),
        _ => f64::from(f32::from_bits(bits as u32)),
    }
}
