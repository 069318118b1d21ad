//! Spells constants so that they read back as the same bits.
//!
//! A `u32` that stands where C++ would take it for an `int` gets a suffix; the caller says where that is.

use super::dialect::{Dialect, FloatSpelling};
use super::scalars::scalar_name;
use crate::ir::{Literal, Scalar};

/// How a literal's type follows from where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// The other side has the type: no suffix needed.
    Typed,
    /// The literal alone says its type.
    Bare,
}

/// The literal in C++. A leading minus makes it a prefix expression; anything else is a single token or call.
pub(super) fn spell(literal: Literal, context: Context, dialect: &Dialect) -> String {
    let [single, double] = &dialect.floats;
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::F16(bits) | Literal::Bf16(bits) => spell_half(literal, bits, dialect),
        Literal::F32(bits) => match f32::from_bits(bits) {
            // The shortest decimal that reads back as the same number; Rust always writes a point or an exponent.
            value if value.is_finite() => format!("{value:?}f"),
            value if value.is_infinite() => spell_infinity(value < 0.0, single),
            _ if bits == 0x7fc0_0000 => single.nan.to_owned(),
            _ => format!("{}{bits:#010x}u)", single.of_bits),
        },
        Literal::F64(bits) => match f64::from_bits(bits) {
            value if value.is_finite() => format!("{value:?}"),
            value if value.is_infinite() => spell_infinity(value < 0.0, double),
            _ if bits == 0x7ff8_0000_0000_0000 => double.nan.to_owned(),
            _ => format!("{}{bits:#018x}ull)", double.of_bits),
        },
        Literal::Fp8(code) | Literal::Bf8(code) => format!("{}({code:#04x})", scalar_name(literal.scalar())),
        _ => spell_integer(Some(literal), context),
    }
}

fn spell_infinity(negative: bool, spelling: &FloatSpelling) -> String {
    format!("{}{}", if negative { "-" } else { "" }, spelling.infinity)
}

fn spell_half(literal: Literal, bits: u16, dialect: &Dialect) -> String {
    match literal.opt_float() {
        Some(value) if value.is_finite() => {
            // Exact in the wider format, and the decimal of that reads back.
            #[expect(clippy::cast_possible_truncation, reason = "a half is exact in single precision")]
            let single = value as f32;
            format!("{}({single:?}f)", literal.scalar().name())
        }
        _ => (dialect.short_float_of_bits)(literal.scalar()).replace('?', &format!("{bits:#06x}")),
    }
}

/// An integer; nothing for what is none.
pub(super) fn spell_integer(literal: Option<Literal>, context: Context) -> String {
    let Some((scalar, value)) = literal.and_then(|literal| Some((literal.scalar(), literal.opt_integer()?))) else {
        return String::new();
    };
    let is_int = i32::try_from(value).is_ok();
    match (scalar, value) {
        // `-2147483648` is minus a number that does not fit.
        (Scalar::I32, _) if value == scalar.range()[0] => "(-2147483647 - 1)".to_owned(),
        (Scalar::I64, _) if value == scalar.range()[0] => "(-9223372036854775807ll - 1)".to_owned(),
        (Scalar::I32, _) => value.to_string(),
        _ if context == Context::Typed && is_int => value.to_string(),
        (Scalar::U32, _) => format!("{value}u"),
        _ if is_int => format!("{}({value})", scalar_name(scalar)),
        (Scalar::I64, _) => format!("{}({value}ll)", scalar_name(scalar)),
        _ => format!("{}({value}ull)", scalar_name(scalar)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::emit::dialect::HIP;

    fn read_back(text: &str) -> u32 {
        match text {
            "__builtin_nanf(\"\")" => 0x7fc0_0000,
            "__builtin_inff()" => f32::INFINITY.to_bits(),
            "-__builtin_inff()" => f32::NEG_INFINITY.to_bits(),
            _ => match text.strip_prefix("__builtin_bit_cast(float, 0x") {
                Some(hex) => u32::from_str_radix(hex.trim_end_matches("u)"), 16).expect("hexadecimal digits"),
                None => {
                    let digits = text.strip_suffix('f').expect("a suffix");
                    assert!(digits.contains('.') || digits.contains('e'), "{text} is an integer in C++");
                    digits.parse::<f32>().expect("a float").to_bits()
                }
            },
        }
    }

    proptest! {
        #[test]
        fn every_f32_reads_back_as_the_same_bits(bits: u32) {
            prop_assert_eq!(read_back(&spell(Literal::F32(bits), Context::Bare, &HIP)), bits);
        }
    }

    #[test]
    fn the_ends_of_the_f32_range_read_back() {
        let ends =
            [0.0, -0.0, f32::MIN_POSITIVE, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, 1e-45, 16_777_216.0];
        for value in ends.map(f32::to_bits).into_iter().chain([0x7fc0_0000, 0xffc0_0000, 0x7f80_0001]) {
            assert_eq!(read_back(&spell(Literal::F32(value), Context::Bare, &HIP)), value);
        }
    }

    #[test]
    fn integers_say_their_type_where_nothing_else_does() {
        assert_eq!(spell(Literal::U32(7), Context::Typed, &HIP), "7");
        assert_eq!(spell(Literal::U32(7), Context::Bare, &HIP), "7u");
        assert_eq!(spell(Literal::U32(u32::MAX), Context::Typed, &HIP), "4294967295u");
        assert_eq!(spell(Literal::I32(i32::MIN), Context::Bare, &HIP), "(-2147483647 - 1)");
        assert_eq!(spell(Literal::I32(-5), Context::Bare, &HIP), "-5");
    }
}
