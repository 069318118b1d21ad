//! What each memory instruction does, read off its name once: load, store or atomic, how many bytes,
//! which part of a register. Also the arithmetic of atomics. Knows nothing of addresses.

use std::sync::LazyLock;

use greta_numerics::float16::{bf16_from_f32, f32_from_bf16};

use super::format::Shape;
use super::lanes::{from_half, maximum, maximum_64, minimum, minimum_64, to_half};
use crate::isa::{Encoding, Op, ROWS};

/// What a memory instruction does with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Bytes to a register or to LDS; fewer than 4 are extended.
    Load { bytes: u8, is_signed: bool, part: Part, to_shared: bool },
    /// Bytes from a register.
    Store { bytes: u8, is_high: bool },
    /// Reads, computes and writes in one step.
    Atomic { rule: Rule, bytes: u8 },
    /// A texel to registers.
    LoadFormat(Shape),
    /// Registers to a texel.
    StoreFormat(Shape),
}

impl Action {
    /// Bytes of one element; those of a texel depend on its format.
    pub(super) fn bytes(self) -> u8 {
        match self {
            Self::Load { bytes, .. } | Self::Store { bytes, .. } | Self::Atomic { bytes, .. } => bytes,
            Self::LoadFormat(_) | Self::StoreFormat(_) => 0,
        }
    }
}

/// Which part of the destination a load of 16 bits or fewer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Low,
    High,
}

/// What an atomic computes from the old value and its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Swap,
    CompareSwap,
    Add,
    Subtract,
    ReverseSubtract,
    SignedMin,
    UnsignedMin,
    SignedMax,
    UnsignedMax,
    And,
    Or,
    Xor,
    Increment,
    Decrement,
    AddFloat,
    MinFloat,
    MaxFloat,
    /// The bits that the first operand has set come from the second.
    MaskedOr,
    /// Less the first operand, or more by the second where that is not possible.
    Wrap,
    CompareSwapFloat,
    AddF16,
    AddBf16,
}

/// What the instruction does, if it is one that reads or writes memory by lanes.
pub(super) fn action(op: Op) -> Option<Action> {
    static ACTIONS: LazyLock<Vec<Option<Action>>> =
        LazyLock::new(|| ROWS.iter().map(|row| parse(row.encoding, row.mnemonic)).collect());
    ACTIONS.get(op as usize).copied().flatten()
}

fn parse(encoding: Encoding, mnemonic: &str) -> Option<Action> {
    let (_, name) = mnemonic.split_once('_')?;
    match encoding {
        Encoding::Ds => parse_shared(name),
        Encoding::Flat | Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf => parse_global(name),
        _ => None,
    }
}

fn parse_global(name: &str) -> Option<Action> {
    if let Some((is_load, shape)) = parse_format(name) {
        return Some(if is_load { Action::LoadFormat(shape) } else { Action::StoreFormat(shape) });
    }
    if let Some(width) = name.strip_prefix("load_") {
        let to_shared = width.starts_with("lds_");
        return load(width.trim_start_matches("lds_"), to_shared);
    }
    if let Some(width) = name.strip_prefix("store_") {
        let is_high = width.ends_with("_d16_hi");
        let bytes = width_bytes(width.trim_end_matches("_d16_hi"))?;
        return Some(Action::Store { bytes, is_high });
    }
    let (rule, bytes) = parse_rule(name.strip_prefix("atomic_")?)?;
    Some(Action::Atomic { rule, bytes })
}

/// `load_format_xyz` and its kin.
fn parse_format(name: &str) -> Option<(bool, Shape)> {
    let (name, is_load) = match name.strip_prefix("load_format_") {
        Some(name) => (name, true),
        None => (name.strip_prefix("store_format_")?, false),
    };
    let components = name.trim_start_matches("d16_").trim_start_matches("hi_");
    let is_half = name.starts_with("d16_");
    Some((is_load, Shape { components: components.len() as u8, is_half, is_high: name.contains("hi_") }))
}

/// What an atomic of this name computes, and on how many bytes.
pub(super) fn parse_rule(name: &str) -> Option<(Rule, u8)> {
    let (name, is_wide) = match name.strip_suffix("_x2") {
        Some(name) => (name, true),
        None => (name, name.ends_with("_f64")),
    };
    let rule = match name {
        "swap" => Rule::Swap,
        "cmpswap" => Rule::CompareSwap,
        "add" => Rule::Add,
        "sub" => Rule::Subtract,
        "smin" => Rule::SignedMin,
        "umin" => Rule::UnsignedMin,
        "smax" => Rule::SignedMax,
        "umax" => Rule::UnsignedMax,
        "and" => Rule::And,
        "or" => Rule::Or,
        "xor" => Rule::Xor,
        "inc" => Rule::Increment,
        "dec" => Rule::Decrement,
        "add_f32" | "add_f64" => Rule::AddFloat,
        "min_f64" => Rule::MinFloat,
        "max_f64" => Rule::MaxFloat,
        "pk_add_f16" => Rule::AddF16,
        "pk_add_bf16" => Rule::AddBf16,
        _ => return None,
    };
    Some((rule, if is_wide { 8 } else { 4 }))
}

fn width_bytes(width: &str) -> Option<u8> {
    Some(match width {
        "ubyte" | "sbyte" | "byte" | "b8" | "u8" | "i8" => 1,
        "ushort" | "sshort" | "short" | "b16" | "u16" | "i16" => 2,
        "dword" | "b32" => 4,
        "dwordx2" | "b64" => 8,
        "dwordx3" | "b96" => 12,
        "dwordx4" | "b128" => 16,
        _ => return None,
    })
}

fn load(width: &str, to_shared: bool) -> Option<Action> {
    let (width, part) = match (width.strip_suffix("_d16_hi"), width.strip_suffix("_d16")) {
        (Some(width), _) => (width, Part::High),
        (_, Some(width)) => (width, Part::Low),
        _ => (width, Part::Whole),
    };
    let is_signed = matches!(width, "sbyte" | "sshort" | "i8" | "i16");
    Some(Action::Load { bytes: width_bytes(width)?, is_signed, part, to_shared })
}

fn parse_shared(name: &str) -> Option<Action> {
    for prefix in ["read_", "read2_", "read2st64_"] {
        if let Some(width) = name.strip_prefix(prefix) {
            return load(width, false);
        }
    }
    for prefix in ["write_", "write2_", "write2st64_"] {
        if let Some(width) = name.strip_prefix(prefix) {
            let is_high = width.ends_with("_d16_hi");
            return Some(Action::Store { bytes: width_bytes(width.trim_end_matches("_d16_hi"))?, is_high });
        }
    }
    let (rest, kind) = name.rsplit_once('_')?;
    let bytes = if kind.ends_with("64") { 8 } else { 4 };
    let is_float = kind.starts_with('f');
    let is_signed = kind.starts_with('i');
    let rule = match rest.trim_end_matches("_rtn") {
        "add" if is_float => Rule::AddFloat,
        "min" if is_float => Rule::MinFloat,
        "max" if is_float => Rule::MaxFloat,
        "min" if is_signed => Rule::SignedMin,
        "max" if is_signed => Rule::SignedMax,
        "pk_add" if kind == "f16" => Rule::AddF16,
        "pk_add" => Rule::AddBf16,
        "add" => Rule::Add,
        "sub" => Rule::Subtract,
        "rsub" => Rule::ReverseSubtract,
        "inc" => Rule::Increment,
        "dec" => Rule::Decrement,
        "min" => Rule::UnsignedMin,
        "max" => Rule::UnsignedMax,
        "and" => Rule::And,
        "or" => Rule::Or,
        "xor" => Rule::Xor,
        "wrxchg" | "wrxchg2" | "wrxchg2st64" => Rule::Swap,
        "mskor" => Rule::MaskedOr,
        "wrap" => Rule::Wrap,
        "cmpst" if is_float => Rule::CompareSwapFloat,
        "cmpst" => Rule::CompareSwap,
        _ => return None,
    };
    Some(Action::Atomic { rule, bytes })
}

/// The new value of `bytes` bytes. `compare` is for those with two operands alone, and their first.
pub(super) fn combine(rule: Rule, bytes: u8, old: u64, data: u64, compare: u64) -> u64 {
    let is_wide = bytes == 8;
    // 32-bit values are compared by sign in the high half.
    let signed = |value: u64| if is_wide { value as i64 } else { i64::from(value as u32 as i32) };
    let float = |f: fn(f32, f32) -> f32, g: fn(f64, f64) -> f64| {
        if is_wide {
            g(f64::from_bits(old), f64::from_bits(data)).to_bits()
        } else {
            u64::from(f(f32::from_bits(old as u32), f32::from_bits(data as u32)).to_bits())
        }
    };
    let halves = |f: fn(u32, u32) -> u32| {
        let (old, data) = (old as u32, data as u32);
        u64::from(f(old & 0xffff, data & 0xffff) | f(old >> 16, data >> 16) << 16)
    };
    match rule {
        Rule::Swap => data,
        Rule::CompareSwap => {
            if old == compare {
                data
            } else {
                old
            }
        }
        Rule::CompareSwapFloat => {
            let value = |bits: u64| if is_wide { f64::from_bits(bits) } else { f64::from(f32::from_bits(bits as u32)) };
            if value(old) == value(compare) { data } else { old }
        }
        Rule::MaskedOr => old & !compare | data,
        Rule::Wrap => {
            if old >= compare {
                old - compare
            } else {
                old.wrapping_add(data)
            }
        }
        Rule::Add => old.wrapping_add(data),
        Rule::Subtract => old.wrapping_sub(data),
        Rule::ReverseSubtract => data.wrapping_sub(old),
        Rule::SignedMin => {
            if signed(data) < signed(old) {
                data
            } else {
                old
            }
        }
        Rule::SignedMax => {
            if signed(data) > signed(old) {
                data
            } else {
                old
            }
        }
        Rule::UnsignedMin => old.min(data),
        Rule::UnsignedMax => old.max(data),
        Rule::And => old & data,
        Rule::Or => old | data,
        Rule::Xor => old ^ data,
        Rule::Increment => {
            if old >= data {
                0
            } else {
                old + 1
            }
        }
        Rule::Decrement => {
            if old == 0 || old > data {
                data
            } else {
                old - 1
            }
        }
        Rule::AddFloat => float(|x, y| x + y, |x, y| x + y),
        Rule::MinFloat => float(minimum, minimum_64),
        Rule::MaxFloat => float(maximum, maximum_64),
        Rule::AddF16 => halves(|x, y| to_half(from_half(x) + from_half(y))),
        Rule::AddBf16 => halves(|x, y| u32::from(bf16_from_f32(f32_from_bf16(x as u16) + f32_from_bf16(y as u16)))),
    }
}
