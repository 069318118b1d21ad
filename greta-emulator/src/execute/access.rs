//! Vector memory instructions by address: FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF.

use std::sync::atomic::{Ordering, fence};

use super::action::{Action, Part, action};
use super::address::{self, Access, memory};
use super::cause::Cause;
use super::format;
use super::space::{Group, Target};
use super::wave::{Wave, active};
use super::words;
use crate::isa::{Encoding, Instruction, Op, Operand};

pub(super) fn execute(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    // Every access is seen by all at once, so that caches need no care; the host must not reorder accesses either.
    if matches!(instruction.op, Op::buffer_wbl2 | Op::buffer_inv) {
        fence(Ordering::AcqRel);
        return Ok(());
    }
    let action = action(instruction.op).ok_or(Cause::Unimplemented)?;
    if instruction.row().encoding == Encoding::Global {
        match action {
            Action::Load { bytes: bytes @ 4.., to_shared: false, .. } if !memory(instruction).lds => {
                return words::load_global(wave, group, instruction, usize::from(bytes / 4));
            }
            Action::Store { bytes: bytes @ 4.., .. } => {
                return words::store_global(wave, group, instruction, usize::from(bytes / 4));
            }
            _ => {}
        }
    }
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
                let put = |dword, value| wave.set_lane(instruction.dst, dword, lane, value);
                return words::load_lane(group, lane, address, usize::from(bytes / 4), put);
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
                return words::store_lane(group, lane, address, usize::from(bytes / 4), |dword| {
                    wave.lane(data, dword, lane)
                });
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
