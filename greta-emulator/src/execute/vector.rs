//! Vector instructions from operands to results: modifiers, SDWA, DPP, comparisons and those that
//! move values between lanes. What an instruction computes is in [`super::narrow`] and
//! [`super::wide`].

use greta_numerics::{Overflow, Simd};

use super::bytes::masked_differences;
use super::cause::Cause;
use super::lanes::map2;
use super::narrow::{Inputs, saturate_u32};
use super::wave::{LANES, Lanes, Wave, WideLanes};
use super::wide::WideInputs;
use super::{packed, rounding};
use crate::isa::{Detail, Dpp, Encoding, Flags, Form, Instruction, Kind, Op, Operand, Place};

pub(super) fn execute(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    if wave.relative == 0 {
        return execute_at(wave, simd, instruction);
    }
    // The registers that the mode names are as many further as m0 says.
    let index = wave.m0() & 0xff;
    let moved = |operand: Operand, bit: u8| match operand.place() {
        Place::Vector(register) if wave.relative >> bit & 1 != 0 => Operand::vector(u32::from(register) + index),
        _ => operand,
    };
    let mut indexed = *instruction;
    for (bit, source) in indexed.src.iter_mut().enumerate().take(3) {
        *source = moved(*source, bit as u8);
    }
    indexed.dst = moved(indexed.dst, 3);
    execute_at(wave, simd, &indexed)
}

fn execute_at(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    match row.encoding {
        Encoding::Vopc => return compare(wave, instruction),
        Encoding::Vop3p => return packed::execute(wave, simd, instruction),
        _ => {}
    }
    if crosses_lanes(wave, instruction) {
        return Ok(());
    }
    let is_wide = |kind: &Kind| *kind != Kind::Mask && kind.dwords() == 2;
    if is_wide(&row.dst) || row.src.iter().any(is_wide) {
        wide(wave, simd, instruction)
    } else {
        narrow(wave, simd, instruction)
    }
}

/// Instructions that read or write single lanes. False when this is none.
fn crosses_lanes(wave: &mut Wave, instruction: &Instruction) -> bool {
    let [a, b, ..] = instruction.src;
    match instruction.op {
        Op::v_nop | Op::v_clrexcp => {}
        Op::v_readfirstlane_b32 => {
            let exec = wave.exec();
            let lane = if exec == 0 { 0 } else { exec.trailing_zeros() as usize };
            let value = wave.lanes(a, Kind::B32, instruction.literal, 0)[lane & 63];
            wave.set_scalar(instruction.dst, value);
        }
        Op::v_readlane_b32 => {
            let lane = wave.scalar(b, instruction.literal) as usize & 63;
            let value = wave.lanes(a, Kind::B32, instruction.literal, 0)[lane];
            wave.set_scalar(instruction.dst, value);
        }
        Op::v_writelane_b32 => {
            let lane = wave.scalar(b, instruction.literal) as usize & 63;
            let value = wave.scalar(a, instruction.literal);
            wave.set_lane(instruction.dst, 0, lane, value);
        }
        Op::v_mqsad_u32_u8 => {
            let [a, c] = [(0, Kind::B64), (2, Kind::B128)].map(|(index, kind)| (instruction.src[index], kind));
            let pixels = wave.wide(a.0, a.1, instruction.literal, 0);
            let masks = wave.lanes(b, Kind::B32, instruction.literal, 0);
            let sums: [Lanes; 4] = std::array::from_fn(|index| {
                let old = wave.lanes(c.0, c.1, instruction.literal, index);
                std::array::from_fn(|lane| {
                    let sum =
                        masked_differences((pixels[lane] >> (8 * index)) as u32, masks[lane]) + u64::from(old[lane]);
                    if instruction.modifiers.clamp { saturate_u32(sum) } else { sum as u32 }
                })
            });
            let exec = wave.exec();
            for (dword, lanes) in sums.iter().enumerate() {
                wave.set_lanes(instruction.dst, dword, lanes, exec);
            }
        }
        Op::v_swap_b32 => {
            let exec = wave.exec();
            let (first, second) = (wave.lanes(instruction.dst, Kind::B32, 0, 0), wave.lanes(a, Kind::B32, 0, 0));
            wave.set_lanes(instruction.dst, 0, &second, exec);
            wave.set_lanes(a, 0, &first, exec);
        }
        _ => return false,
    }
    true
}

/// Source `index` with its modifiers, and the lanes that DPP lets write.
fn source(wave: &Wave, instruction: &Instruction, index: usize) -> (Lanes, u64) {
    let kind = instruction.row().src[index];
    let mut lanes = wave.lanes(instruction.src[index], kind, instruction.literal, 0);
    let mut writes = u64::MAX;
    match instruction.detail {
        Detail::Dpp(dpp) if index == 0 => (lanes, writes) = move_lanes(&lanes, dpp, wave.exec()),
        Detail::Sdwa(sdwa) if index < 2 => {
            let is_signed = sdwa.sext >> index & 1 != 0;
            let select = sdwa.src_sel[index];
            if select != 6 {
                lanes = lanes.map(|value| select_part(value, select, is_signed));
            }
        }
        _ => {}
    }
    let modifiers = instruction.modifiers;
    if instruction.form != Form::Sdwa
        && modifiers.op_sel >> index & 1 != 0
        && instruction.row().encoding != Encoding::Vop3p
    {
        lanes = lanes.map(|value| value >> 16);
    }
    let sign = if kind == Kind::F16 { 0x8000 } else { 0x8000_0000 };
    if modifiers.abs >> index & 1 != 0 {
        lanes = lanes.map(|value| value & !sign);
    }
    if modifiers.neg >> index & 1 != 0 {
        lanes = lanes.map(|value| value ^ sign);
    }
    (lanes, writes)
}

fn select_part(value: u32, select: u8, is_signed: bool) -> u32 {
    let (shift, bits) = match select {
        0..=3 => (8 * u32::from(select), 8),
        4 | 5 => (16 * u32::from(select - 4), 16),
        _ => (0, 32),
    };
    let unused = 32 - bits;
    let high = value >> shift << unused;
    if is_signed { (high as i32 >> unused) as u32 } else { high >> unused }
}

/// The lane that `lane` reads, if there is one.
fn dpp_source(control: u16, lane: usize) -> Option<usize> {
    let (row, place) = (lane & !15, lane & 15);
    let count = usize::from(control & 15);
    match control {
        0..=0xff => Some(lane & !3 | usize::from(control >> (2 * (lane & 3)) & 3)),
        0x101..=0x10f => (place + count < 16).then_some(lane + count),
        0x111..=0x11f => (place >= count).then(|| lane - count),
        0x121..=0x12f => Some(row | (place + 16 - count) & 15),
        0x130 => (lane < 63).then_some(lane + 1),
        0x134 => Some((lane + 1) & 63),
        0x138 => lane.checked_sub(1),
        0x13c => Some((lane + 63) & 63),
        0x140 => Some(row | (15 - place)),
        0x141 => Some(lane & !7 | (7 - (lane & 7))),
        // The last lane of a row goes to the row after it.
        0x142 => row.checked_sub(1),
        0x143 => (lane >= 32).then_some(31),
        _ => Some(row | count),
    }
}

fn move_lanes(lanes: &Lanes, dpp: Dpp, exec: u64) -> (Lanes, u64) {
    let (mut moved, mut writes) = ([0; LANES], 0);
    for (lane, moved) in moved.iter_mut().enumerate() {
        let is_enabled = dpp.row_mask >> (lane / 16) & 1 != 0 && dpp.bank_mask >> (lane / 4 % 4) & 1 != 0;
        let found = dpp_source(dpp.control, lane).filter(|&from| exec >> from & 1 != 0);
        *moved = found.map_or(0, |from| lanes[from]);
        writes |= u64::from(is_enabled && (found.is_some() || dpp.bound_ctrl)) << lane;
    }
    (moved, writes)
}

fn condition(wave: &Wave, instruction: &Instruction) -> u64 {
    if instruction.row().src[2] == Kind::Mask { wave.mask(instruction, 2) } else { wave.vcc() }
}

fn narrow(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    let exec = wave.exec();
    let (a, writes) = source(wave, instruction, 0);
    let b = if row.src[1] == Kind::None { [0; LANES] } else { source(wave, instruction, 1).0 };
    let c = if instruction.accumulates() {
        wave.lanes(instruction.dst, row.dst, 0, 0)
    } else if matches!(row.src[2], Kind::None | Kind::Mask) {
        [0; LANES]
    } else {
        source(wave, instruction, 2).0
    };
    let modifiers = instruction.modifiers;
    let mut inputs = Inputs {
        a,
        b,
        c,
        mask: condition(wave, instruction),
        literal: instruction.literal,
        clamp: modifiers.clamp,
        part: modifiers.op_sel,
        overflow: if rounding::clamps_overflow(wave.mode) { Overflow::Clamp } else { Overflow::Nan },
        simd,
    };
    let is_half_kept = row.flags.has(Flags::OP_SEL) || row.flags.has(Flags::OP_SEL4);
    let (mut lanes, out) =
        rounding::narrow(simd, instruction.op, &mut inputs, wave.mode).ok_or(Cause::Unimplemented)?;
    finish_float(wave, instruction, row.dst, &mut lanes);
    let mask = exec & writes;
    if let Detail::Sdwa(sdwa) = instruction.detail
        && sdwa.dst_sel != 6
    {
        let old = wave.lanes(instruction.dst, row.dst, 0, 0);
        lanes = map2(&lanes, &old, |value, old| place_part(value, old, sdwa.dst_sel, sdwa.dst_unused));
    } else if is_half_kept && matches!(row.dst, Kind::F16 | Kind::B16) {
        let old = wave.lanes(instruction.dst, row.dst, 0, 0);
        let is_high = modifiers.op_sel & 8 != 0;
        lanes =
            map2(
                &lanes,
                &old,
                |value, old| {
                    if is_high { old & 0xffff | value << 16 } else { old & 0xffff_0000 | value & 0xffff }
                },
            );
    }
    wave.set_lanes(instruction.dst, 0, &lanes, mask);
    if row.flags.has(Flags::CARRY_OUT) {
        wave.set_scalar_pair(instruction.carry_out, out & exec);
    }
    Ok(())
}

/// Output modifiers of floats.
pub(super) fn finish_float(wave: &Wave, instruction: &Instruction, kind: Kind, lanes: &mut Lanes) {
    let modifiers = instruction.modifiers;
    if !kind.is_float() || (modifiers.omod == 0 && !modifiers.clamp) {
        return;
    }
    let factor = [1.0, 2.0, 4.0, 0.5][usize::from(modifiers.omod & 3)];
    let finish = |x: f32| clamped(f64::from(x * factor), modifiers.clamp, wave.nan_is_clamped()) as f32;
    match kind {
        Kind::F16 => {
            let is_limited = rounding::clamps_overflow(wave.mode);
            *lanes = lanes.map(|bits| {
                let x = super::lanes::from_half(bits);
                rounding::clamped_half(super::lanes::to_half(finish(x)), !is_limited || x.is_infinite())
            });
        }
        _ => *lanes = lanes.map(|x| finish(f32::from_bits(x)).to_bits()),
    }
}

/// A result between 0 and 1, if it is to be clamped. NaN is then 0 or stays what it is.
fn clamped(x: f64, is_clamped: bool, nan_is_clamped: bool) -> f64 {
    match (is_clamped, x.is_nan()) {
        (false, _) => x,
        (true, true) if nan_is_clamped => 0.0,
        (true, true) => x,
        // Negative zero is clamped too.
        (true, false) => {
            if x > 0.0 {
                x.min(1.0)
            } else {
                0.0
            }
        }
    }
}

fn place_part(value: u32, old: u32, select: u8, unused: u8) -> u32 {
    let (shift, bits) = if select < 4 { (8 * u32::from(select), 8) } else { (16 * u32::from(select & 1), 16) };
    let mask = ((1u32 << bits) - 1) << shift;
    let placed = value << shift & mask;
    match unused {
        0 => placed,
        1 => (((value << (32 - bits)) as i32 >> (32 - bits)) as u32) << shift,
        _ => old & !mask | placed,
    }
}

fn wide_source(wave: &Wave, instruction: &Instruction, index: usize) -> WideLanes {
    let kind = instruction.row().src[index];
    let operand = instruction.src[index];
    if kind.dwords() != 2 {
        return source(wave, instruction, index).0.map(u64::from);
    }
    let mut lanes = wave.wide(operand, kind, instruction.literal, 0);
    if let (Detail::Dpp(dpp), 0) = (instruction.detail, index) {
        let low = move_lanes(&lanes.map(|value| value as u32), dpp, wave.exec()).0;
        let high = move_lanes(&lanes.map(|value| (value >> 32) as u32), dpp, wave.exec()).0;
        for lane in 0..LANES {
            lanes[lane] = u64::from(high[lane]) << 32 | u64::from(low[lane]);
        }
    }
    if instruction.modifiers.abs >> index & 1 != 0 {
        lanes = lanes.map(|value| value & !(1 << 63));
    }
    if instruction.modifiers.neg >> index & 1 != 0 {
        lanes = lanes.map(|value| value ^ 1 << 63);
    }
    lanes
}

fn wide(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    let exec = wave.exec();
    let fetch = |index: usize| match row.src[index] {
        Kind::None | Kind::Mask => [0; LANES],
        _ => wide_source(wave, instruction, index),
    };
    let writes = match instruction.detail {
        Detail::Dpp(dpp) => move_lanes(&[0; LANES], dpp, exec).1,
        _ => u64::MAX,
    };
    let c = if instruction.accumulates() { wave.wide(instruction.dst, row.dst, 0, 0) } else { fetch(2) };
    let clamp = instruction.modifiers.clamp;
    let mut inputs = WideInputs { a: fetch(0), b: fetch(1), c, mask: wave.vcc(), clamp };
    let (mut lanes, out) = rounding::wide(simd, instruction.op, &mut inputs, wave.mode).ok_or(Cause::Unimplemented)?;
    let modifiers = instruction.modifiers;
    if row.dst == Kind::F64 && (modifiers.omod != 0 || modifiers.clamp) {
        let factor = [1.0, 2.0, 4.0, 0.5][usize::from(modifiers.omod & 3)];
        let finish = |x: f64| clamped(x * factor, modifiers.clamp, wave.nan_is_clamped());
        lanes = lanes.map(|x| finish(f64::from_bits(x)).to_bits());
    }
    if row.dst.dwords() == 2 {
        wave.set_wide(instruction.dst, 0, &lanes, exec & writes);
    } else {
        let mut lanes = lanes.map(|value| value as u32);
        finish_float(wave, instruction, row.dst, &mut lanes);
        wave.set_lanes(instruction.dst, 0, &lanes, exec & writes);
    }
    if row.flags.has(Flags::CARRY_OUT) {
        wave.set_scalar_pair(instruction.carry_out, out & exec);
    }
    Ok(())
}

/// Comparisons. The opcode's low bits say which orders are true: less, equal, greater, unordered.
fn compare(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    let opcode = row.opcode;
    let exec = wave.exec();
    let is_class = opcode < 0x20;
    let wanted = opcode & if opcode < 0x80 { 15 } else { 7 };
    let is_unsigned = opcode >= 0xa0 && opcode & 8 != 0;
    let [mut a, mut b] = [0, 1].map(|index| wide_source(wave, instruction, index));
    if !is_class {
        rounding::flush_compared(&mut a, row.src[0], wave.mode);
        rounding::flush_compared(&mut b, row.src[1], wave.mode);
    }
    let result = match row.src[0] {
        _ if is_class => classify(&a, &b, row.src[0]),
        Kind::F16 => order(&a, &b, wanted, |x| f64::from(super::lanes::from_half(x as u32))),
        Kind::F32 => order(&a, &b, wanted, |x| f64::from(f32::from_bits(x as u32))),
        Kind::F64 => order(&a, &b, wanted, f64::from_bits),
        Kind::B16 if is_unsigned => order(&a, &b, wanted, |x| x as u16),
        Kind::B16 => order(&a, &b, wanted, |x| x as i16),
        Kind::B32 if is_unsigned => order(&a, &b, wanted, |x| x as u32),
        Kind::B32 => order(&a, &b, wanted, |x| x as i32),
        _ if is_unsigned => order(&a, &b, wanted, |x| x),
        _ => order(&a, &b, wanted, |x| x as i64),
    };
    wave.set_scalar_pair(instruction.dst, result & exec);
    let writes_exec = if is_class { opcode & 1 != 0 } else { opcode & 16 != 0 };
    if writes_exec {
        wave.set_exec(result & exec);
    }
    Ok(())
}

fn order<T: PartialOrd>(a: &WideLanes, b: &WideLanes, wanted: u16, value: impl Fn(u64) -> T) -> u64 {
    let (mut less, mut equal, mut greater) = (0u64, 0u64, 0u64);
    for lane in 0..LANES {
        let (x, y) = (value(a[lane]), value(b[lane]));
        less |= u64::from(x < y) << lane;
        equal |= u64::from(x == y) << lane;
        greater |= u64::from(x > y) << lane;
    }
    let unordered = !(less | equal | greater);
    let pick = |bit: u16, mask: u64| if wanted >> bit & 1 != 0 { mask } else { 0 };
    pick(0, less) | pick(1, equal) | pick(2, greater) | pick(3, unordered)
}

/// `v_cmp_class`: a bit of `b` per class of float.
fn classify(a: &WideLanes, b: &WideLanes, kind: Kind) -> u64 {
    let (exponent_bits, mantissa_bits) = match kind {
        Kind::F16 => (5, 10),
        Kind::F32 => (8, 23),
        _ => (11, 52),
    };
    let mut result = 0;
    for lane in 0..LANES {
        let bits = a[lane];
        let mantissa = bits & ((1 << mantissa_bits) - 1);
        let exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
        let is_negative = bits >> (mantissa_bits + exponent_bits) & 1 != 0;
        let class = if exponent == (1 << exponent_bits) - 1 {
            match (mantissa, mantissa >> (mantissa_bits - 1)) {
                (0, _) if is_negative => 2,
                (0, _) => 9,
                (_, 0) => 0,
                _ => 1,
            }
        } else {
            let size = if exponent != 0 {
                0
            } else if mantissa != 0 {
                1
            } else {
                2
            };
            if is_negative { 3 + size } else { 8 - size }
        };
        result |= (b[lane] >> class & 1) << lane;
    }
    result
}
