//! One operand: a register, a constant, or nothing, in the ISA's own source numbering.
//!
//! Numbers below 256 are those of an 8-bit scalar source (CDNA3 ISA document, table 33): scalar
//! registers, named registers, inline constants. 256 to 511 are vector registers, as in a 9-bit
//! source, and 512 to 767 accumulation registers. Knows nothing of what a register holds.

use super::Kind;

/// An operand, two bytes wide so that a decoded instruction stays compact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand(u16);

/// Where an operand is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// There is no such operand.
    None,
    /// A register of the scalar file, or a special register in the same numbering: `vcc` is 106,
    /// trap registers start at 108, `m0` is 124, `exec` is 126.
    Scalar(u8),
    /// A vector register.
    Vector(u8),
    /// An accumulation register.
    Accumulator(u8),
    /// An inline constant; see [`Operand::constant`].
    Constant,
    /// The 32 bits that follow the instruction.
    Literal,
    /// A read-only value of the hardware: 235 to 239 are the apertures, 251 is `vccz`, 252 `execz`,
    /// 253 `scc`, 254 a word of LDS.
    Special(u8),
}

const VECTOR: u16 = 256;
const ACCUMULATOR: u16 = 512;
const LITERAL: u16 = 255;
const HALF: u16 = 240;
const INVERSE_TWO_PI: u16 = 248;

impl Operand {
    /// No operand; also the `off` of an address.
    pub const NONE: Self = Self(u16::MAX);
    /// `vcc`.
    pub const VCC: Self = Self(106);
    /// `m0`.
    pub const M0: Self = Self(124);
    /// `exec`.
    pub const EXEC: Self = Self(126);

    /// The operand with this number in a 9-bit source.
    pub const fn source(code: u32) -> Self {
        Self((code & 0x1ff) as u16)
    }

    /// A register of the scalar file, or any other 8-bit source.
    pub const fn scalar(code: u32) -> Self {
        Self((code & 0xff) as u16)
    }

    /// A vector register.
    pub const fn vector(index: u32) -> Self {
        Self(VECTOR + (index & 0xff) as u16)
    }

    /// An accumulation register.
    pub const fn accumulator(index: u32) -> Self {
        Self(ACCUMULATOR + (index & 0xff) as u16)
    }

    /// The vector register, or the accumulation register of the same index.
    pub const fn either(index: u32, is_accumulator: bool) -> Self {
        if is_accumulator { Self::accumulator(index) } else { Self::vector(index) }
    }

    /// The same register in the accumulation file, if it is a vector register.
    #[must_use]
    pub const fn to_accumulator(self) -> Self {
        match self.place() {
            Place::Vector(index) => Self::accumulator(index as u32),
            _ => self,
        }
    }

    /// Its number, as the file header describes.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Where it is.
    pub const fn place(self) -> Place {
        match self.0 {
            0..=127 => Place::Scalar(self.0 as u8),
            128..=208 | HALF..=INVERSE_TWO_PI => Place::Constant,
            LITERAL => Place::Literal,
            209..=254 => Place::Special(self.0 as u8),
            VECTOR..=511 => Place::Vector((self.0 - VECTOR) as u8),
            ACCUMULATOR..=767 => Place::Accumulator((self.0 - ACCUMULATOR) as u8),
            _ => Place::None,
        }
    }

    /// Whether there is an operand.
    pub const fn is_some(self) -> bool {
        self.0 != Self::NONE.0
    }

    /// Whether an operand of this width exists: every register of it does, and the number is not
    /// reserved.
    pub fn holds(self, kind: Kind) -> bool {
        let dwords = kind.dwords();
        match self.place() {
            Place::None => kind == Kind::None,
            _ if kind == Kind::None => false,
            Place::Vector(index) | Place::Accumulator(index) => kind != Kind::Mask && u32::from(index) + dwords <= 256,
            Place::Scalar(index) if u32::from(index) % dwords.min(4).next_power_of_two() != 0 => false,
            // Tuples end before the named registers, and those are pairs by themselves.
            Place::Scalar(index @ 0..=101) => u32::from(index) + dwords <= 102,
            Place::Scalar(index @ 108..=123) => u32::from(index) + dwords <= 124,
            Place::Scalar(124) => dwords <= 1,
            Place::Scalar(125) => false,
            Place::Scalar(index) => dwords <= 1 || (dwords == 2 && index.is_multiple_of(2)),
            Place::Constant | Place::Literal => true,
            Place::Special(code) => matches!(code, 235..=239 | 251..=254),
        }
    }

    /// The value of an inline constant or of `literal` where an operand of `kind` is read; for packed
    /// and wide kinds that of one element, in the low bits. Nothing when it is no constant.
    ///
    /// Integers are sign-extended to the operand. A literal of 32 bits is the high half of a 64-bit
    /// float, and is zero-extended to a 64-bit integer.
    pub fn constant(self, kind: Kind, literal: u32) -> Option<u64> {
        let wide = matches!(kind, Kind::B64 | Kind::F64 | Kind::Mask | Kind::F64x4);
        let half = matches!(kind, Kind::B16 | Kind::F16 | Kind::F16x2);
        match self.0 {
            LITERAL if matches!(kind, Kind::F64 | Kind::F64x4) => Some(u64::from(literal) << 32),
            LITERAL => Some(u64::from(literal)),
            HALF..=INVERSE_TWO_PI => {
                let index = usize::from(self.0 - HALF);
                Some(match (wide, half) {
                    (true, _) => FLOATS[index].2,
                    (_, true) => u64::from(FLOATS[index].0),
                    _ => u64::from(FLOATS[index].1),
                })
            }
            _ => {
                let value = self.inline_integer()?;
                Some(if wide { i64::from(value) as u64 } else { u64::from(value as u32) })
            }
        }
    }

    /// The integer of an inline constant.
    pub fn inline_integer(self) -> Option<i32> {
        match self.0 {
            128..=192 => Some(i32::from(self.0) - 128),
            193..=208 => Some(192 - i32::from(self.0)),
            _ => None,
        }
    }
}

/// Inline floats from 0.5 to 1/(2 pi): as 16, 32 and 64 bits.
pub(crate) const FLOATS: [(u16, u32, u64); 9] = [
    (0x3800, 0x3f00_0000, 0x3fe0_0000_0000_0000),
    (0xb800, 0xbf00_0000, 0xbfe0_0000_0000_0000),
    (0x3c00, 0x3f80_0000, 0x3ff0_0000_0000_0000),
    (0xbc00, 0xbf80_0000, 0xbff0_0000_0000_0000),
    (0x4000, 0x4000_0000, 0x4000_0000_0000_0000),
    (0xc000, 0xc000_0000, 0xc000_0000_0000_0000),
    (0x4400, 0x4080_0000, 0x4010_0000_0000_0000),
    (0xc400, 0xc080_0000, 0xc010_0000_0000_0000),
    (0x3118, 0x3e22_f983, 0x3fc4_5f30_6dc9_c882),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_have_the_width_of_the_operand() {
        let one = Operand::source(242);
        assert_eq!(one.constant(Kind::F16, 0), Some(0x3c00));
        assert_eq!(one.constant(Kind::F32, 0), Some(u64::from(1f32.to_bits())));
        assert_eq!(one.constant(Kind::F64, 0), Some(1f64.to_bits()));
        let minus = Operand::source(193);
        assert_eq!(minus.constant(Kind::B32, 0), Some(0xffff_ffff));
        assert_eq!(minus.constant(Kind::B64, 0), Some(u64::MAX));
        assert_eq!(Operand::source(255).constant(Kind::F64, 0x3ff0_0000), Some(1f64.to_bits()));
        assert_eq!(Operand::vector(3).constant(Kind::B32, 0), None);
    }

    #[test]
    fn a_tuple_past_the_last_register_does_not_exist() {
        assert!(Operand::vector(252).holds(Kind::B128));
        assert!(!Operand::vector(253).holds(Kind::B128));
        assert!(!Operand::scalar(100).holds(Kind::B128));
        assert!(Operand::VCC.holds(Kind::Mask) && !Operand::M0.holds(Kind::B64));
    }
}
