//! Elements of buffers: formats by name, bits, and the numbers that the bits stand for.

use greta_numerics::float8::{F8E4M3Fnuz, F8E5M2Fnuz};
use greta_numerics::float16::{f32_from_bf16, f32_from_f16};
use serde::Deserialize;

/// A format, by the name that sidecars use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    F32,
    I32,
    I8,
    Bf16,
    F16,
    Fp8e4m3fnuz,
    Fp8e5m2fnuz,
}

impl Format {
    /// Bytes of an element.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::Bf16 | Self::F16 => 2,
            Self::I8 | Self::Fp8e4m3fnuz | Self::Fp8e5m2fnuz => 1,
        }
    }

    /// The number that an element of this format stands for.
    pub(super) fn value(self, element: &[u8]) -> f64 {
        let bits = element.iter().rev().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        match self {
            Self::F32 => f32::from_bits(bits).into(),
            Self::I32 => f64::from(bits.cast_signed()),
            Self::I8 => f64::from((bits as u8).cast_signed()),
            Self::Bf16 => f32_from_bf16(bits as u16).into(),
            Self::F16 => f32_from_f16(bits as u16).into(),
            Self::Fp8e4m3fnuz => F8E4M3Fnuz(bits as u8).to_f32().into(),
            Self::Fp8e5m2fnuz => F8E5M2Fnuz(bits as u8).to_f32().into(),
        }
    }
}
