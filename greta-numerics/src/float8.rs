//! The two 8-bit formats of gfx942, "fnuz": one zero, one NaN (0x80), no infinity.
//!
//! fp8 has 4 exponent and 3 mantissa bits with bias 8, bf8 has 5 and 2 with bias 16. Both keep subnormals; every code
//! but NaN is finite. Decoding is exact.
//!
//! Encoding follows `v_cvt_pk_fp8_f32` and `v_cvt_pk_bf8_f32`: round to nearest even as if the exponent had no bound,
//! then look whether the result is too large. That order, and NaN as the answer, follow from what is published of the
//! gfx942 instruction: of the 65,536 sums of two codes, 496 (fp8) and 120 (bf8) come out as overflow
//! (ROCm/rocm-systems issue 9556), which is exactly the sums at or past the rounding boundary 248 and 61,440; past the
//! largest value itself would be 864 and 568. MODE.FP16_OVFL makes overflow clamp to the largest value instead. It
//! spares true infinities ("while still preserving true INF values", CDNA3 ISA, MODE register), and as these formats
//! have none, an infinity gives NaN in both modes, as it does in HIP's `amd_hip_fp8.h`.
//!
//! Stochastic rounding follows `v_cvt_sr_fp8_f32` and `v_cvt_sr_bf8_f32` as far as it is public. The ISA document adds
//! the top bits of the seed, as many as the format drops (`S1[31:12]` for fp8, `S1[31:11]` for bf8), to the f32
//! mantissa; HIP's software model then truncates, and shifts a result that is subnormal into place before the addition.
//! The document's own closing round to nearest would bias every result upward and is not followed. No public source
//! checks the subnormal case against hardware.

use std::fmt;

/// What a value too large for the format becomes. MODE.FP16_OVFL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// NaN, the only value that is not finite. FP16_OVFL = 0, the default.
    Nan,
    /// The largest finite value of its sign. FP16_OVFL = 1.
    Clamp,
}

/// The code of NaN in both formats.
const NAN: u8 = 0x80;

/// Sizes of a format's fields.
#[derive(Clone, Copy)]
struct Fields {
    mantissa_bits: u32,
    /// Exponent of the code's lowest binade, which it shares with the subnormals: 1 - bias.
    exponent_min: i32,
}

const FP8: Fields = Fields { mantissa_bits: 3, exponent_min: -7 };
const BF8: Fields = Fields { mantissa_bits: 2, exponent_min: -15 };

macro_rules! storage_type {
    ($(#[$doc:meta])* $name:ident, $fields:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u8);

        impl $name {
            /// The only value that is not a number.
            pub const NAN: Self = Self(NAN);
            /// The largest finite value.
            pub const MAX: Self = Self(0x7f);

            /// The value nearest to `x`, ties to even.
            #[must_use]
            pub fn from_f32(x: f32, overflow: Overflow) -> Self {
                Self(encode_nearest(x, $fields, overflow))
            }

            /// One of the two values next to `x`, picked by the top bits of `seed`: away from zero with a probability of
            /// the distance from the other one.
            #[must_use]
            pub fn from_f32_stochastic(x: f32, seed: u32, overflow: Overflow) -> Self {
                Self(encode_stochastic(x, seed, $fields, overflow))
            }

            /// The value. Exact.
            #[must_use]
            pub const fn to_f32(self) -> f32 {
                const TABLE: [f32; 256] = decode_all($fields);
                TABLE[self.0 as usize]
            }

            /// Whether this is NaN.
            #[must_use]
            pub const fn is_nan(self) -> bool {
                self.0 == NAN
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:?}", self.to_f32())
            }
        }

        impl From<$name> for f32 {
            fn from(value: $name) -> Self {
                value.to_f32()
            }
        }
    };
}

storage_type! {
    /// fp8 of gfx942: sign, 4 exponent bits with bias 8, 3 mantissa bits; ±240 at most, 2^-10 at least.
    F8E4M3Fnuz, FP8
}
storage_type! {
    /// bf8 of gfx942: sign, 5 exponent bits with bias 16, 2 mantissa bits; ±57,344 at most, 2^-17 at least.
    F8E5M2Fnuz, BF8
}

const fn decode_all(fields: Fields) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = decode(code as u8, fields);
        code += 1;
    }
    table
}

const fn decode(code: u8, fields: Fields) -> f32 {
    if code == NAN {
        return f32::NAN;
    }
    let exponent = (code & 0x7f) >> fields.mantissa_bits;
    let mantissa = code & ((1 << fields.mantissa_bits) - 1);
    let (significand, lift) =
        if exponent == 0 { (mantissa, 0) } else { (mantissa | 1 << fields.mantissa_bits, exponent - 1) };
    // 2^exponent_min over the mantissa's fraction is far inside f32's normal range, so both products are exact.
    let unit = power_of_two(fields.exponent_min - fields.mantissa_bits as i32 + lift as i32);
    let magnitude = significand as f32 * unit;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// 2^exponent, for exponents of normal f32.
const fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((127 + exponent) as u32) << 23)
}

fn encode_nearest(x: f32, fields: Fields, overflow: Overflow) -> u8 {
    if !x.is_finite() {
        return NAN;
    }
    let (significand, dropped_bits, base) = align(x, fields);
    // Half a step less one, and one more if the kept part is odd: ties go to even.
    let half = (1_u64 << dropped_bits) >> 1;
    let odd = (significand >> dropped_bits) & 1;
    let rounded = if dropped_bits == 0 { significand } else { (significand + half - 1 + odd) >> dropped_bits };
    assemble(x, rounded, base, overflow)
}

fn encode_stochastic(x: f32, seed: u32, fields: Fields, overflow: Overflow) -> u8 {
    if !x.is_finite() {
        return NAN;
    }
    let (significand, dropped_bits, base) = align(x, fields);
    let kept_bits_shift = 23 - fields.mantissa_bits;
    // A subnormal result drops more; the part below the seed's bits is cut off first.
    let aligned = significand >> (dropped_bits - kept_bits_shift);
    let noise = u64::from(seed >> (32 - kept_bits_shift));
    assemble(x, (aligned + noise) >> kept_bits_shift, base, overflow)
}

/// The significand of |x| with 23 fractional bits, how many of its low bits the format drops, and the code to which the
/// kept bits are added: the exponent field, less one because the leading 1 carries into it.
fn align(x: f32, fields: Fields) -> (u64, u32, u32) {
    let bits = x.to_bits();
    let exponent_field = (bits >> 23) & 0xff;
    let mantissa = bits & 0x7f_ffff;
    let (significand, exponent) =
        if exponent_field == 0 { (mantissa, -126) } else { (mantissa | 0x80_0000, exponent_field as i32 - 127) };
    let below = (fields.exponent_min - exponent).max(0) as u32;
    // 24 significant bits are gone after 25 places, the half step included.
    let dropped_bits = 23 - fields.mantissa_bits + below.min(32);
    let base = ((exponent - fields.exponent_min).max(0) as u32) << fields.mantissa_bits;
    (u64::from(significand), dropped_bits, base)
}

fn assemble(x: f32, kept: u64, base: u32, overflow: Overflow) -> u8 {
    let magnitude = base + kept as u32;
    let sign = if x.is_sign_negative() { 0x80 } else { 0 };
    match (magnitude, overflow) {
        (0, _) => 0,
        (1..=0x7f, _) => magnitude as u8 | sign,
        (_, Overflow::Nan) => NAN,
        (_, Overflow::Clamp) => 0x7f | sign,
    }
}
