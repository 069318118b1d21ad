//! Memory instructions: addresses of FLAT, GLOBAL, SCRATCH, MUBUF, DS and SMEM, and what is done there.

use std::sync::atomic::Ordering;

use super::action::{Action, Part, action};
use super::cause::Cause;
use super::space::{Group, Target};
use super::wave::{LANES, PRIVATE_BASE, SHARED_BASE, Wave, active};
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Memory, Op, Operand};

fn memory(instruction: &Instruction) -> Memory {
    if let Detail::Memory(memory) = instruction.detail { memory } else { Memory::default() }
}

/// FLAT, GLOBAL, SCRATCH and MUBUF.
pub(super) fn execute(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    // Every access is seen by all at once, so that caches need no care.
    if matches!(instruction.op, Op::buffer_wbl2 | Op::buffer_inv) {
        return Ok(());
    }
    let action = action(instruction.op).ok_or(Cause::Unimplemented)?;
    let data = instruction.src[1];
    for lane in active(wave.exec()) {
        let limit = if instruction.row().encoding == Encoding::Mubuf {
            buffer_target(wave, instruction, lane)?
        } else {
            (flat_target(wave, instruction, lane), u64::MAX)
        };
        perform(wave, group, instruction, action, lane, limit, data)?;
    }
    Ok(())
}

fn flat_target(wave: &Wave, instruction: &Instruction, lane: usize) -> Target {
    let [vector, _, scalar, _] = instruction.src;
    let offset = i64::from(memory(instruction).offset) as u64;
    let low = |operand: Operand| if operand.is_some() { u64::from(wave.lane(operand, 0, lane)) } else { 0 };
    let wide = || u64::from(wave.lane(vector, 1, lane)) << 32 | low(vector);
    match instruction.row().encoding {
        Encoding::Scratch => {
            let scalar = if scalar.is_some() { u64::from(wave.scalar(scalar, 0)) } else { 0 };
            Target::Scratch(low(vector).wrapping_add(scalar).wrapping_add(offset) & 0xffff_ffff)
        }
        Encoding::Global if scalar.is_some() => {
            Target::Global(wave.scalar_pair(scalar, 0).wrapping_add(low(vector)).wrapping_add(offset))
        }
        Encoding::Global => Target::Global(wide().wrapping_add(offset)),
        _ => {
            let address = wide().wrapping_add(offset);
            match address & !0xffff_ffff {
                SHARED_BASE => Target::Shared(address & 0xffff_ffff),
                PRIVATE_BASE => Target::Scratch(address & 0xffff_ffff),
                _ => Target::Global(address),
            }
        }
    }
}

/// The address in a buffer, and how many bytes of the buffer follow it.
fn buffer_target(wave: &Wave, instruction: &Instruction, lane: usize) -> Result<(Target, u64), Cause> {
    let [vector, _, descriptor, scalar] = instruction.src;
    let memory = memory(instruction);
    let word = |dword: usize| u64::from(wave.lane(descriptor, dword, 0));
    let base = word(0) | (word(1) & 0xffff) << 32;
    let stride = word(1) >> 16 & 0x3fff;
    let is_swizzled = word(1) >> 31 != 0;
    let records = word(2);
    if is_swizzled || word(3) >> 23 & 1 != 0 {
        return Err(Cause::Unimplemented);
    }
    let scalar = u64::from(wave.scalar(scalar, 0));
    let index = if memory.idxen { u64::from(wave.lane(vector, 0, lane)) } else { 0 };
    let offset = if memory.offen { u64::from(wave.lane(vector, usize::from(memory.idxen), lane)) } else { 0 };
    let offset = offset + u64::from(memory.offset as u32);
    let address = base.wrapping_add(scalar).wrapping_add(index * stride).wrapping_add(offset);
    // Records are bytes of a raw buffer, and elements of a structured one.
    let left = if stride == 0 {
        records.saturating_sub(scalar).saturating_sub(offset)
    } else if index < records {
        u64::MAX
    } else {
        0
    };
    Ok((Target::Global(address), left))
}

/// One lane's part. `limit` bytes from the target on exist; others read 0 and are not written.
fn perform(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    action: Action,
    lane: usize,
    (target, limit): (Target, u64),
    data: Operand,
) -> Result<(), Cause> {
    match action {
        Action::Load { bytes, is_signed, part, to_shared } => {
            let step = u64::from(bytes.min(4));
            for dword in 0..u64::from(bytes.div_ceil(4)) {
                let exists = dword * 4 + step <= limit;
                let value = if exists { group.read(wave, lane, target.offset(dword * 4), step)? } else { 0 };
                let value = extend(value, bytes, is_signed);
                if to_shared || memory(instruction).lds {
                    let offset =
                        i64::from(wave.m0() & 0xffff) + i64::from(memory(instruction).offset) + 4 * lane as i64;
                    let offset = offset as u64;
                    group.write(wave, lane, Target::Shared(offset), 4, value)?;
                } else {
                    put(wave, instruction.dst, dword as usize, lane, value, part);
                }
            }
        }
        Action::Store { bytes, is_high } => {
            let step = u64::from(bytes.min(4));
            for dword in 0..u64::from(bytes.div_ceil(4)) {
                let value = wave.lane(data, dword as usize, lane) >> if is_high { 16 } else { 0 };
                if dword * 4 + step <= limit {
                    group.write(wave, lane, target.offset(dword * 4), step, value)?;
                }
            }
        }
        Action::Atomic { rule, bytes } => {
            let wide = |at: usize| {
                let low = u64::from(wave.lane(data, at, lane));
                if bytes == 8 { u64::from(wave.lane(data, at + 1, lane)) << 32 | low } else { low }
            };
            let operands = (wide(0), wide(usize::from(bytes / 4)));
            let exists = u64::from(bytes) <= limit;
            let old = if exists { group.update(wave, lane, target, (rule, bytes), operands)? } else { 0 };
            put_wide(wave, instruction.dst, lane, old, bytes);
        }
    }
    Ok(())
}

fn put_wide(wave: &mut Wave, dst: Operand, lane: usize, value: u64, bytes: u8) {
    wave.set_lane(dst, 0, lane, value as u32);
    if bytes == 8 {
        wave.set_lane(dst, 1, lane, (value >> 32) as u32);
    }
}

fn extend(value: u32, bytes: u8, is_signed: bool) -> u32 {
    match (bytes, is_signed) {
        (1, true) => i32::from(value as i8) as u32,
        (2, true) => i32::from(value as i16) as u32,
        _ => value,
    }
}

fn put(wave: &mut Wave, dst: Operand, dword: usize, lane: usize, value: u32, part: Part) {
    let value = match part {
        Part::Whole => value,
        Part::Low => wave.lane(dst, dword, lane) & 0xffff_0000 | value & 0xffff,
        Part::High => wave.lane(dst, dword, lane) & 0xffff | value << 16,
    };
    wave.set_lane(dst, dword, lane, value);
}

/// LDS instructions.
pub(super) fn execute_shared(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    let [address, first, second, _] = instruction.src;
    match instruction.op {
        Op::ds_nop => return Ok(()),
        Op::ds_bpermute_b32 | Op::ds_permute_b32 | Op::ds_swizzle_b32 => return permute(wave, instruction),
        _ => {}
    }
    let action = action(instruction.op).ok_or(Cause::Unimplemented)?;
    let offset = memory(instruction).offset as u32;
    for lane in active(wave.exec()) {
        let base = u64::from(wave.lane(address, 0, lane));
        let at = |offset: u32| (Target::Shared(base.wrapping_add(u64::from(offset)) & 0xffff_ffff), u64::MAX);
        if instruction.row().flags.has(Flags::OFFSET2) {
            let stride = if instruction.row().mnemonic.contains("st64") { 64 } else { 1 };
            for (index, data) in [first, second].into_iter().enumerate() {
                let bytes = match action {
                    Action::Load { bytes, .. } | Action::Store { bytes, .. } => bytes,
                    Action::Atomic { .. } => return Err(Cause::Unimplemented),
                };
                let element = offset >> (8 * index) & 0xff;
                let (target, _) = at(element * stride * u32::from(bytes));
                match action {
                    Action::Store { .. } => perform(wave, group, instruction, action, lane, (target, u64::MAX), data)?,
                    _ => {
                        for dword in 0..usize::from(bytes / 4) {
                            let value = group.read(wave, lane, target.offset(dword as u64 * 4), 4)?;
                            wave.set_lane(instruction.dst, index * usize::from(bytes / 4) + dword, lane, value);
                        }
                    }
                }
            }
            continue;
        }
        if let Action::Atomic { rule, bytes } = action {
            let wide = |operand: Operand| {
                let low = u64::from(wave.lane(operand, 0, lane));
                if bytes == 8 { u64::from(wave.lane(operand, 1, lane)) << 32 | low } else { low }
            };
            // With two operands the first is what to compare with.
            let operands = if second.is_some() { (wide(second), wide(first)) } else { (wide(first), 0) };
            let old = group.update(wave, lane, at(offset).0, (rule, bytes), operands)?;
            put_wide(wave, instruction.dst, lane, old, bytes);
        } else {
            perform(wave, group, instruction, action, lane, at(offset), first)?;
        }
    }
    Ok(())
}

/// Moves between lanes. All lanes are read before any is written.
fn permute(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let [address, data, ..] = instruction.src;
    let exec = wave.exec();
    let offset = memory(instruction).offset as u32;
    let mut moved = [0; LANES];
    let index = |lane: usize| wave.lane(address, 0, lane).wrapping_add(offset) as usize / 4 % LANES;
    for lane in active(exec) {
        match instruction.op {
            Op::ds_permute_b32 => moved[index(lane)] = wave.lane(data, 0, lane),
            Op::ds_bpermute_b32 => {
                let from = index(lane);
                moved[lane] = if exec >> from & 1 != 0 { wave.lane(data, 0, from) } else { 0 };
            }
            _ => {
                let from = swizzled(lane, offset).ok_or(Cause::Unimplemented)?;
                moved[lane] = if exec >> from & 1 != 0 { wave.lane(address, 0, from) } else { 0 };
            }
        }
    }
    wave.set_lanes(instruction.dst, 0, &moved, exec);
    Ok(())
}

/// The lane that `ds_swizzle` reads: a quad permutation, or masks on the lane's number in its half.
fn swizzled(lane: usize, offset: u32) -> Option<usize> {
    let offset = offset as usize;
    if offset & 0x8000 != 0 {
        // Of the modes with this bit, that with bit 14 too rotates or is an FFT.
        return (offset & 0x4000 == 0).then_some(lane & !3 | offset >> (2 * (lane & 3)) & 3);
    }
    let (and, or, xor) = (offset & 31, offset >> 5 & 31, offset >> 10 & 31);
    Some(lane & 32 | ((lane & and) | or) ^ xor)
}

/// Scalar memory.
pub(super) fn execute_scalar(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    match instruction.op {
        Op::s_dcache_inv | Op::s_dcache_wb | Op::s_dcache_inv_vol | Op::s_dcache_wb_vol => return Ok(()),
        // Time is the number of instructions run, so that it is the same every time.
        Op::s_memtime | Op::s_memrealtime => {
            let now = wave.instructions;
            wave.set_scalar_pair(instruction.dst, now);
            return Ok(());
        }
        _ => {}
    }
    let is_buffer = row.mnemonic.starts_with("s_buffer_load");
    if row.dst == Kind::None || row.flags.has(Flags::ATOMIC) || !(is_buffer || row.mnemonic.starts_with("s_load")) {
        return Err(Cause::Unimplemented);
    }
    let [base, offset, ..] = instruction.src;
    let memory = memory(instruction);
    let scalar = if offset.is_some() { u64::from(wave.scalar(offset, 0)) } else { 0 };
    let offset = scalar.wrapping_add_signed(i64::from(memory.offset));
    let word = |dword: usize| u64::from(wave.lane(base, dword, 0));
    let (start, limit) = if is_buffer {
        let stride = word(1) >> 16 & 0x3fff;
        (word(0) | (word(1) & 0xffff) << 32, word(2) * stride.max(1))
    } else {
        (wave.scalar_pair(base, 0), u64::MAX)
    };
    let count = row.dst.dwords() as usize;
    let address = start.wrapping_add(offset) & !3;
    let mut values = [0; 16];
    for (index, value) in values.iter_mut().take(count).enumerate() {
        if (offset & !3).saturating_add(index as u64 * 4 + 4) <= limit {
            *value = group.view.word(address.wrapping_add(index as u64 * 4))?.load(Ordering::Relaxed);
        }
    }
    let first = usize::from(instruction.dst.code());
    for (index, value) in values.into_iter().take(count).enumerate() {
        wave.scalars[(first + index) & 127] = value;
    }
    Ok(())
}
