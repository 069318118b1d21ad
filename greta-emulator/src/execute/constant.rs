//! Scalar memory: loads, stores and atomics of constants and through buffer descriptors, time.

use std::sync::atomic::Ordering;

use super::action::{Rule, combine, parse_rule};
use super::address::memory;
use super::cause::Cause;
use super::space::Group;
use super::wave::Wave;
use crate::isa::{Flags, Instruction, Kind, Op};
use crate::memory::AccessError;

pub(super) fn execute(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    match instruction.op {
        // Every access is seen by all at once, so that caches need no care.
        Op::s_dcache_inv
        | Op::s_dcache_wb
        | Op::s_dcache_inv_vol
        | Op::s_dcache_wb_vol
        | Op::s_dcache_discard
        | Op::s_dcache_discard_x2
        | Op::s_atc_probe
        | Op::s_atc_probe_buffer => return Ok(()),
        // Time is the number of instructions run, so that it is the same every time.
        Op::s_memtime | Op::s_memrealtime => {
            let now = wave.instructions;
            wave.set_scalar_pair(instruction.dst, now);
            return Ok(());
        }
        _ => {}
    }
    let row = instruction.row();
    // Scalar scratch has no base in the architected scheme.
    if row.mnemonic.starts_with("s_scratch") {
        return Err(Cause::Unimplemented);
    }
    let (address, left) = address_of(wave, instruction);
    if row.flags.has(Flags::ATOMIC) {
        return update(wave, group, instruction, address, left);
    }
    let is_load = row.dst != Kind::None;
    let data = if is_load { instruction.dst } else { instruction.src[2] };
    let count = if is_load { row.dst } else { row.src[1] }.dwords() as usize;
    let first = usize::from(data.code());
    for index in 0..count {
        if index as u64 * 4 + 4 > left {
            if is_load {
                wave.scalars[(first + index) & 127] = 0;
            }
            continue;
        }
        let word = group.view.word(address.wrapping_add(index as u64 * 4))?;
        match is_load {
            true => wave.scalars[(first + index) & 127] = word.load(Ordering::Relaxed),
            false => word.store(wave.scalars[(first + index) & 127], Ordering::Relaxed),
        }
    }
    Ok(())
}

/// The address, and how many bytes from there on exist.
pub(super) fn address_of(wave: &Wave, instruction: &Instruction) -> (u64, u64) {
    let [base, offset, ..] = instruction.src;
    let scalar = if offset.is_some() { u64::from(wave.scalar(offset, 0)) } else { 0 };
    let offset = scalar.wrapping_add_signed(i64::from(memory(instruction).offset));
    if instruction.row().src[0] != Kind::B128 {
        return (wave.scalar_pair(base, 0).wrapping_add(offset) & !3, u64::MAX);
    }
    let word = |dword: usize| u64::from(wave.lane(base, dword, 0));
    let stride = word(1) >> 16 & 0x3fff;
    let limit = word(2) * stride.max(1);
    let start = word(0) | (word(1) & 0xffff) << 32;
    (start.wrapping_add(offset) & !3, limit.saturating_sub(offset & !3))
}

fn update(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    address: u64,
    left: u64,
) -> Result<(), Cause> {
    let mnemonic = instruction.row().mnemonic;
    let name = mnemonic.trim_start_matches("s_buffer_atomic_").trim_start_matches("s_atomic_");
    let (rule, bytes) = parse_rule(name).ok_or(Cause::Unimplemented)?;
    let data = instruction.src[2];
    let dwords = usize::from(bytes / 4);
    let first = usize::from(data.code());
    let operand = |at: usize| {
        let word = |index: usize| u64::from(wave.scalars[(first + at + index) & 127]);
        if bytes == 8 { word(1) << 32 | word(0) } else { word(0) }
    };
    let operands = (operand(0), operand(dwords));
    let old = if u64::from(bytes) <= left { exchange(group, address, (rule, bytes), operands)? } else { 0 };
    if memory(instruction).sc0 {
        wave.scalars[first & 127] = old as u32;
        if bytes == 8 {
            wave.scalars[(first + 1) & 127] = (old >> 32) as u32;
        }
    }
    Ok(())
}

fn exchange(
    group: &mut Group<'_>,
    address: u64,
    (rule, bytes): (Rule, u8),
    (data, compare): (u64, u64),
) -> Result<u64, AccessError> {
    if bytes == 8 {
        let cell = group.view.double(address)?;
        let update = |old| Some(combine(rule, 8, old, data, compare));
        return Ok(cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update).unwrap_or_default());
    }
    let cell = group.view.word(address)?;
    let update = |old| Some(combine(rule, 4, u64::from(old), data, compare) as u32);
    Ok(u64::from(cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update).unwrap_or_default()))
}
