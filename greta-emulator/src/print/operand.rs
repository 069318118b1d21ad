//! Registers and constants as text.

use std::fmt;

use crate::isa::{Kind, Operand, Place};

/// An operand with what its text depends on.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) operand: Operand,
    pub(super) kind: Kind,
    pub(super) literal: u32,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dwords = self.kind.dwords();
        match self.operand.place() {
            Place::None => f.write_str("off"),
            Place::Vector(index) => print_tuple(f, "v", u32::from(index), dwords),
            Place::Accumulator(index) => print_tuple(f, "a", u32::from(index), dwords),
            Place::Scalar(index) => print_scalar(f, index, dwords),
            Place::Special(code) => f.write_str(special_name(code)),
            Place::Constant => self.print_constant(f),
            Place::Literal => self.print_literal(f),
        }
    }
}

fn print_tuple(f: &mut fmt::Formatter<'_>, file: &str, index: u32, dwords: u32) -> fmt::Result {
    if dwords <= 1 { write!(f, "{file}{index}") } else { write!(f, "{file}[{index}:{}]", index + dwords - 1) }
}

fn print_scalar(f: &mut fmt::Formatter<'_>, index: u8, dwords: u32) -> fmt::Result {
    let half = if dwords > 1 {
        ""
    } else if index.is_multiple_of(2) {
        "_lo"
    } else {
        "_hi"
    };
    match index {
        102 | 103 => write!(f, "flat_scratch{half}"),
        104 | 105 => write!(f, "xnack_mask{half}"),
        106 | 107 => write!(f, "vcc{half}"),
        108..=123 => print_tuple(f, "ttmp", u32::from(index) - 108, dwords),
        124 => f.write_str("m0"),
        126 | 127 => write!(f, "exec{half}"),
        _ => print_tuple(f, "s", u32::from(index), dwords),
    }
}

fn special_name(code: u8) -> &'static str {
    match code {
        235 => "src_shared_base",
        236 => "src_shared_limit",
        237 => "src_private_base",
        238 => "src_private_limit",
        239 => "src_pops_exiting_wave_id",
        251 => "src_vccz",
        252 => "src_execz",
        253 => "src_scc",
        254 => "src_lds_direct",
        _ => "src_reserved",
    }
}

/// The texts of the inline floats, from 0.5 on; the last one is shown with its own precision.
const FLOAT_NAMES: [&str; 9] = ["0.5", "-0.5", "1.0", "-1.0", "2.0", "-2.0", "4.0", "-4.0", "0.15915494"];
const INVERSE_TWO_PI_64: &str = "0.15915494309189532";

impl Text {
    fn print_constant(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(integer) = self.operand.inline_integer() {
            return write!(f, "{integer}");
        }
        let index = usize::from(self.operand.code().saturating_sub(240)).min(8);
        match self.kind {
            Kind::B16 => write!(f, "{:#x}", crate::isa::FLOATS[index].0),
            Kind::B64 | Kind::F64 | Kind::F64x4 | Kind::Mask if index == 8 => f.write_str(INVERSE_TWO_PI_64),
            _ => f.write_str(FLOAT_NAMES[index]),
        }
    }

    /// A literal is shown as the inline constant that has its value, if there is one.
    fn print_literal(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let literal = self.literal;
        let half = literal as u16;
        let float_32 = || crate::isa::FLOATS.iter().position(|value| value.1 == literal);
        let float_16 = |bits: u16| crate::isa::FLOATS.iter().position(|value| value.0 == bits);
        match self.kind {
            Kind::F64 if literal == 0 => f.write_str("0"),
            Kind::F64 => match crate::isa::FLOATS.iter().position(|value| value.2 == u64::from(literal) << 32) {
                Some(index) => f.write_str(FLOAT_NAMES[index]),
                None => write!(f, "{literal:#x}"),
            },
            Kind::B64 | Kind::Mask if literal <= 64 => write!(f, "{literal}"),
            Kind::B64 | Kind::Mask => write!(f, "{literal:#x}"),
            Kind::F16 => match (is_inline(i32::from(half as i16)), float_16(half)) {
                (true, _) => write!(f, "{}", half as i16),
                (_, Some(index)) => f.write_str(FLOAT_NAMES[index]),
                _ => write!(f, "{half:#x}"),
            },
            Kind::F16x2 => match (is_inline(literal as i32), u16::try_from(literal).ok().and_then(float_16)) {
                (true, _) => write!(f, "{}", literal as i32),
                (_, Some(index)) => f.write_str(FLOAT_NAMES[index]),
                _ => write!(f, "{literal:#x}"),
            },
            kind => match (is_inline(literal as i32), float_32()) {
                (true, _) => write!(f, "{}", literal as i32),
                (_, Some(index)) => f.write_str(FLOAT_NAMES[index]),
                _ if kind == Kind::B16 => write!(f, "{half:#x}"),
                _ => write!(f, "{literal:#x}"),
            },
        }
    }
}

fn is_inline(value: i32) -> bool {
    (-16..=64).contains(&value)
}
