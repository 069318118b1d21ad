//! Spells constants so that they read back as the same bits.
//!
//! A `u32` that stands where C++ would take it for an `int` gets a suffix; the caller says where that is.

use super::dialect::Dialect;
use crate::ir::Literal;

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
    match literal {
        Literal::Bool(value) => value.to_string(),
        // `-2147483648` is minus a number that does not fit.
        Literal::I32(i32::MIN) => "(-2147483647 - 1)".to_owned(),
        Literal::I32(value) => value.to_string(),
        Literal::U32(value) if context == Context::Typed && i32::try_from(value).is_ok() => value.to_string(),
        Literal::U32(value) => format!("{value}u"),
        Literal::F32(bits) => spell_float(bits, dialect),
    }
}

fn spell_float(bits: u32, dialect: &Dialect) -> String {
    const CANONICAL_NAN: u32 = 0x7fc0_0000;
    let value = f32::from_bits(bits);
    if bits == CANONICAL_NAN {
        dialect.nan.to_owned()
    } else if value.is_nan() {
        format!("{}{bits:#010x}u)", dialect.float_of_bits)
    } else if value.is_infinite() {
        format!("{}{}", if value < 0.0 { "-" } else { "" }, dialect.infinity)
    } else {
        // The shortest decimal that reads back as the same `f32`; Rust always writes a point or an exponent.
        format!("{value:?}f")
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
