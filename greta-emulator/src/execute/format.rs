//! Loads and stores that convert: a texel of memory, of the format that the descriptor or the
//! instruction names, against up to four components in registers.
//!
//! Data and number formats are those of the CDNA3 ISA document, tables 41 and 42.

use greta_numerics::float16::{f16_from_f32, f32_from_f16};

use super::access::put;
use super::action::Part;
use super::address::{Buffer, memory};
use super::cause::Cause;
use super::space::{Group, Target};
use super::wave::Wave;
use crate::isa::{Encoding, Instruction};

/// How the components lie in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// How many there are.
    pub(super) components: u8,
    /// They have 16 bits, two in a register.
    pub(super) is_half: bool,
    /// The one component is in the register's high half.
    pub(super) is_high: bool,
}

/// What the bits of a component mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Unorm,
    Snorm,
    Uscaled,
    Sscaled,
    Uint,
    Sint,
    Float,
}

/// A format: bits of each component, the lowest first, and what they mean; which component each of
/// the four results is.
struct Format {
    bits: &'static [u8],
    number: Number,
    select: [u8; 4],
}

fn format(wave: &Wave, instruction: &Instruction) -> Option<Format> {
    let (select, number, data) = if instruction.row().encoding == Encoding::Mtbuf {
        let format = memory(instruction).format;
        ([4, 5, 6, 7], format >> 4, format & 15)
    } else {
        Buffer::read(wave, instruction).format()
    };
    let bits: &[u8] = match data {
        1 => &[8],
        2 => &[16],
        3 => &[8, 8],
        4 => &[32],
        5 => &[16, 16],
        6 => &[11, 11, 10],
        7 => &[10, 11, 11],
        8 => &[2, 10, 10, 10],
        9 => &[10, 10, 10, 2],
        10 => &[8, 8, 8, 8],
        11 => &[32, 32],
        12 => &[16, 16, 16, 16],
        13 => &[32, 32, 32],
        14 => &[32, 32, 32, 32],
        _ => return None,
    };
    let number = match number {
        0 => Number::Unorm,
        1 => Number::Snorm,
        2 => Number::Uscaled,
        3 => Number::Sscaled,
        4 => Number::Uint,
        5 => Number::Sint,
        7 => Number::Float,
        _ => return None,
    };
    Some(Format { bits, number, select })
}

impl Format {
    fn bytes(&self) -> u64 {
        self.bits.iter().map(|&bits| u64::from(bits)).sum::<u64>() / 8
    }

    /// Where a component starts.
    fn start(&self, component: usize) -> u32 {
        self.bits.iter().take(component).map(|&bits| u32::from(bits)).sum()
    }

    fn is_integer(&self) -> bool {
        matches!(self.number, Number::Uint | Number::Sint)
    }
}

pub(super) fn load(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    shape: Shape,
    lane: usize,
    target: Target,
    left: u64,
) -> Result<(), Cause> {
    let format = format(wave, instruction).ok_or(Cause::Unimplemented)?;
    let texel = if format.bytes() <= left { read(wave, group, lane, target, format.bytes())? } else { 0 };
    let exists = format.bytes() <= left;
    for index in 0..usize::from(shape.components) {
        let component = usize::from(format.select[index].wrapping_sub(4));
        let one = if format.is_integer() { 1 } else { 1f32.to_bits() };
        let value = match (format.select[index], format.bits.get(component)) {
            _ if !exists => 0,
            (1, _) => one,
            (4.., Some(&bits)) => {
                let raw = (texel >> format.start(component)) as u32 & ((1u64 << bits) - 1) as u32;
                to_register(raw, u32::from(bits), format.number)
            }
            // A component that the format lacks is 0, and the last 1.
            (7, None) => one,
            _ => 0,
        };
        if !shape.is_half {
            put(wave, instruction.dst, index, lane, value, Part::Whole);
            continue;
        }
        let half = if format.is_integer() { value & 0xffff } else { u32::from(f16_from_f32(f32::from_bits(value))) };
        let part = if shape.is_high || index % 2 == 1 { Part::High } else { Part::Low };
        put(wave, instruction.dst, index / 2, lane, half, part);
    }
    Ok(())
}

pub(super) fn store(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    shape: Shape,
    lane: usize,
    target: Target,
    left: u64,
) -> Result<(), Cause> {
    let format = format(wave, instruction).ok_or(Cause::Unimplemented)?;
    let mut texel = 0u128;
    for (component, &bits) in format.bits.iter().enumerate() {
        let from = format.select.iter().position(|&select| usize::from(select) == component + 4);
        let Some(index) = from.filter(|&index| index < usize::from(shape.components)) else { continue };
        let value = if shape.is_half {
            let is_high = shape.is_high || index % 2 == 1;
            let half = wave.lane(instruction.src[1], index / 2, lane) >> if is_high { 16 } else { 0 } & 0xffff;
            if format.is_integer() { half & 0xffff } else { f32_from_f16(half as u16).to_bits() }
        } else {
            wave.lane(instruction.src[1], index, lane)
        };
        texel |= u128::from(from_register(value, u32::from(bits), format.number)) << format.start(component);
    }
    if format.bytes() > left {
        return Ok(());
    }
    write(wave, group, lane, target, format.bytes(), texel)
}

/// Bytes of a texel, in pieces that its alignment allows.
fn read(wave: &mut Wave, group: &mut Group<'_>, lane: usize, target: Target, bytes: u64) -> Result<u128, Cause> {
    let step = bytes.min(4);
    (0..bytes / step).try_fold(0, |texel, index| {
        let piece = group.read(wave, lane, target.offset(index * step), step)?;
        Ok(texel | u128::from(piece) << (8 * index * step))
    })
}

fn write(
    wave: &mut Wave,
    group: &mut Group<'_>,
    lane: usize,
    target: Target,
    bytes: u64,
    texel: u128,
) -> Result<(), Cause> {
    let step = bytes.min(4);
    (0..bytes / step).try_for_each(|index| {
        group.write(wave, lane, target.offset(index * step), step, (texel >> (8 * index * step)) as u32)
    })
}

/// A component as 32 bits: a float, or an integer.
fn to_register(raw: u32, bits: u32, number: Number) -> u32 {
    let signed = (raw << (32 - bits)) as i32 >> (32 - bits);
    let unsigned_max = ((1u64 << bits) - 1) as f64;
    let signed_max = ((1u64 << (bits - 1)) - 1) as f64;
    match number {
        Number::Uint => raw,
        Number::Sint => signed as u32,
        Number::Uscaled => (raw as f32).to_bits(),
        Number::Sscaled => (signed as f32).to_bits(),
        Number::Unorm => ((f64::from(raw) / unsigned_max) as f32).to_bits(),
        Number::Snorm => ((f64::from(signed) / signed_max).max(-1.0) as f32).to_bits(),
        Number::Float => match bits {
            32 => raw,
            16 => f32_from_f16(raw as u16).to_bits(),
            // 10 and 11 bits are f16 without its sign and its lowest bits.
            _ => f32_from_f16((raw << (15 - bits)) as u16).to_bits(),
        },
    }
}

fn from_register(value: u32, bits: u32, number: Number) -> u32 {
    let mask = ((1u64 << bits) - 1) as u32;
    let float = f64::from(f32::from_bits(value));
    let float = if float.is_nan() { 0.0 } else { float };
    let signed_max = ((1u64 << (bits - 1)) - 1) as f64;
    let raw = match number {
        Number::Uint => value.min(mask),
        Number::Sint => (i64::from(value as i32)).clamp(-(signed_max as i64) - 1, signed_max as i64) as u32,
        Number::Uscaled => float.clamp(0.0, f64::from(mask)) as u32,
        Number::Sscaled => float.clamp(-signed_max - 1.0, signed_max) as i64 as u32,
        Number::Unorm => (float.clamp(0.0, 1.0) * f64::from(mask)).round_ties_even() as u32,
        Number::Snorm => (float.clamp(-1.0, 1.0) * signed_max).round_ties_even() as i64 as u32,
        Number::Float => match bits {
            32 => value,
            16 => u32::from(f16_from_f32(f32::from_bits(value))),
            _ => u32::from(f16_from_f32(f32::from_bits(value).max(0.0))) >> (15 - bits),
        },
    };
    raw & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_survive_memory() {
        for (number, bits, value) in [
            (Number::Uint, 10, 1023),
            (Number::Sint, 16, (-5i32) as u32),
            (Number::Unorm, 8, 1f32.to_bits()),
            (Number::Snorm, 16, (-1f32).to_bits()),
            (Number::Uscaled, 16, 77f32.to_bits()),
            (Number::Sscaled, 8, (-77f32).to_bits()),
            (Number::Float, 16, (-0.375f32).to_bits()),
            (Number::Float, 11, 0.375f32.to_bits()),
            (Number::Float, 10, 2f32.to_bits()),
            (Number::Float, 32, 0.1f32.to_bits()),
        ] {
            assert_eq!(to_register(from_register(value, bits, number), bits, number), value, "{number:?} {bits}");
        }
        assert_eq!(to_register(0x80, 8, Number::Snorm), (-1f32).to_bits());
        assert_eq!(to_register(51, 8, Number::Unorm), 0.2f32.to_bits());
    }
}
