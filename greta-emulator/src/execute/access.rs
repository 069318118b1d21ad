//! Vector memory instructions by address: FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF.

use std::sync::atomic::Ordering;

use super::action::{Action, Part, action};
use super::address::{self, Access, memory};
use super::cause::Cause;
use super::format;
use super::space::{Group, Target};
use super::wave::{Wave, active};
use crate::isa::{Instruction, Op, Operand};

pub(super) fn execute(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    // Every access is seen by all at once, so that caches need no care.
    if matches!(instruction.op, Op::buffer_wbl2 | Op::buffer_inv) {
        return Ok(());
    }
    let action = action(instruction.op).ok_or(Cause::Unimplemented)?;
    let data = instruction.src[1];
    for lane in active(wave.exec()) {
        let access = address::of_lane(wave, instruction, lane);
        perform(wave, group, instruction, action, lane, access, data)?;
    }
    Ok(())
}

/// One lane's part.
#[inline]
pub(super) fn perform(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    action: Action,
    lane: usize,
    Access { target, left }: Access,
    data: Operand,
) -> Result<(), Cause> {
    match action {
        Action::Load { bytes, is_signed, part, to_shared } => {
            let to_shared = to_shared || memory(instruction).lds;
            if let (Target::Global(address), 4.., false) = (target, bytes, to_shared)
                && left >= u64::from(bytes)
            {
                return load_words(wave, group, instruction.dst, lane, address, usize::from(bytes / 4));
            }
            let step = u64::from(bytes.min(4));
            for dword in 0..u64::from(bytes.div_ceil(4)) {
                let exists = dword * 4 + step <= left;
                let value = if exists { group.read(wave, lane, target.offset(dword * 4), step)? } else { 0 };
                let value = extend(value, bytes, is_signed);
                if to_shared {
                    let offset = u64::from(wave.m0() & 0xffff) + 4 * lane as u64;
                    let offset = offset.wrapping_add_signed(i64::from(memory(instruction).offset));
                    group.write(wave, lane, Target::Shared(offset), 4, value)?;
                } else {
                    put(wave, instruction.dst, dword as usize, lane, value, part);
                }
            }
        }
        Action::Store { bytes, is_high } => {
            if let (Target::Global(address), 4..) = (target, bytes)
                && left >= u64::from(bytes)
            {
                return store_words(wave, group, data, lane, address, usize::from(bytes / 4));
            }
            let step = u64::from(bytes.min(4));
            for dword in 0..u64::from(bytes.div_ceil(4)) {
                let value = wave.lane(data, dword as usize, lane) >> if is_high { 16 } else { 0 };
                if dword * 4 + step <= left {
                    group.write(wave, lane, target.offset(dword * 4), step, value)?;
                }
            }
        }
        Action::Atomic { rule, bytes } => {
            let operands = (wide(wave, data, 0, lane, bytes), wide(wave, data, usize::from(bytes / 4), lane, bytes));
            let exists = u64::from(bytes) <= left;
            let old = if exists { group.update(wave, lane, target, (rule, bytes), operands)? } else { 0 };
            put_wide(wave, instruction.dst, 0, lane, old, bytes);
        }
        Action::LoadFormat(shape) => format::load(wave, group, instruction, shape, lane, target, left)?,
        Action::StoreFormat(shape) => format::store(wave, group, instruction, shape, lane, target, left)?,
    }
    Ok(())
}

/// Whole words of device memory that all exist.
#[inline]
fn load_words(
    wave: &mut Wave,
    group: &mut Group<'_>,
    dst: Operand,
    lane: usize,
    address: u64,
    count: usize,
) -> Result<(), Cause> {
    if !address.is_multiple_of(4) {
        for dword in 0..count {
            let value = group.read_bytes(lane, address.wrapping_add(4 * dword as u64), 4)?;
            wave.set_lane(dst, dword, lane, value);
        }
        return Ok(());
    }
    let words = group.view.words(address, count).map_err(|error| Cause::Access { lane: Some(lane), error })?;
    for (dword, word) in words.iter().enumerate() {
        wave.set_lane(dst, dword, lane, word.load(Ordering::Relaxed));
    }
    Ok(())
}

#[inline]
fn store_words(
    wave: &Wave,
    group: &mut Group<'_>,
    data: Operand,
    lane: usize,
    address: u64,
    count: usize,
) -> Result<(), Cause> {
    if !address.is_multiple_of(4) {
        return (0..count).try_for_each(|dword| {
            let value = wave.lane(data, dword, lane);
            group.write_bytes(lane, address.wrapping_add(4 * dword as u64), 4, value)
        });
    }
    let words = group.view.words(address, count).map_err(|error| Cause::Access { lane: Some(lane), error })?;
    for (dword, word) in words.iter().enumerate() {
        word.store(wave.lane(data, dword, lane), Ordering::Relaxed);
    }
    Ok(())
}

/// 4 or 8 bytes of an operand from register `dword` on.
pub(super) fn wide(wave: &Wave, operand: Operand, dword: usize, lane: usize, bytes: u8) -> u64 {
    let low = u64::from(wave.lane(operand, dword, lane));
    if bytes == 8 { u64::from(wave.lane(operand, dword + 1, lane)) << 32 | low } else { low }
}

pub(super) fn put_wide(wave: &mut Wave, dst: Operand, dword: usize, lane: usize, value: u64, bytes: u8) {
    wave.set_lane(dst, dword, lane, value as u32);
    if bytes == 8 {
        wave.set_lane(dst, dword + 1, lane, (value >> 32) as u32);
    }
}

fn extend(value: u32, bytes: u8, is_signed: bool) -> u32 {
    match (bytes, is_signed) {
        (1, true) => i32::from(value as i8) as u32,
        (2, true) => i32::from(value as i16) as u32,
        _ => value,
    }
}

pub(super) fn put(wave: &mut Wave, dst: Operand, dword: usize, lane: usize, value: u32, part: Part) {
    let value = match part {
        Part::Whole => value,
        Part::Low => wave.lane(dst, dword, lane) & 0xffff_0000 | value & 0xffff,
        Part::High => wave.lane(dst, dword, lane) & 0xffff | value << 16,
    };
    wave.set_lane(dst, dword, lane, value);
}
