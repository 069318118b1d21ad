//! LDS instructions: loads, stores, atomics, and moves between lanes that use its paths.

use super::access::{perform, put_wide, wide};
use super::action::{Action, action};
use super::address::{self, Access, memory};
use super::cause::Cause;
use super::space::{Group, Target};
use super::wave::{LANES, Wave, active};
use super::words;
use crate::isa::{Flags, Instruction, Op};

pub(super) fn execute(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    match instruction.op {
        Op::ds_nop => return Ok(()),
        Op::ds_bpermute_b32 | Op::ds_permute_b32 | Op::ds_swizzle_b32 => return permute(wave, instruction),
        Op::ds_append | Op::ds_consume => return count(wave, group, instruction),
        Op::ds_read_addtid_b32 | Op::ds_write_addtid_b32 => return by_thread(wave, group, instruction),
        Op::ds_condxchg32_rtn_b64 => return exchange_where_set(wave, group, instruction),
        _ => {}
    }
    let action = action(instruction.op).ok_or(Cause::Unimplemented)?;
    let is_pair = instruction.row().flags.has(Flags::OFFSET2);
    match action {
        Action::Load { bytes: bytes @ 4.., .. } => return words::load_shared(wave, group, instruction, is_pair, bytes),
        Action::Store { bytes: bytes @ 4.., .. } => {
            return words::store_shared(wave, group, instruction, is_pair, bytes);
        }
        _ => {}
    }
    for lane in active(wave.exec()) {
        if is_pair {
            // Both addresses are read before the first result, which may take the address's register.
            let targets = [0, 1].map(|index| address::of_shared(wave, instruction, lane, index, action.bytes()));
            for (index, target) in targets.into_iter().enumerate() {
                element(wave, group, instruction, action, lane, (index, Target::Shared(target)))?;
            }
        } else if let Action::Atomic { rule, bytes } = action {
            let [_, first, second, _] = instruction.src;
            // With two operands the first is what to compare with, or a mask.
            let operands = if second.is_some() {
                (wide(wave, second, 0, lane, bytes), wide(wave, first, 0, lane, bytes))
            } else {
                (wide(wave, first, 0, lane, bytes), 0)
            };
            let target = Target::Shared(address::of_shared(wave, instruction, lane, 0, bytes));
            let old = group.update(wave, lane, target, (rule, bytes), operands)?;
            put_wide(wave, instruction.dst, 0, lane, old, bytes);
        } else {
            let target = Target::Shared(address::of_shared(wave, instruction, lane, 0, 0));
            perform(wave, group, instruction, action, lane, Access { target, left: u64::MAX }, instruction.src[1])?;
        }
    }
    Ok(())
}

/// One of the two elements of an atomic with two offsets.
fn element(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    action: Action,
    lane: usize,
    (index, target): (usize, Target),
) -> Result<(), Cause> {
    let data = instruction.src[1 + index];
    let bytes = action.bytes();
    let first = index * usize::from(bytes / 4);
    let Action::Atomic { rule, .. } = action else { return Err(Cause::Unimplemented) };
    let operand = wide(wave, data, 0, lane, bytes);
    let old = group.update(wave, lane, target, (rule, bytes), (operand, 0))?;
    put_wide(wave, instruction.dst, first, lane, old, bytes);
    Ok(())
}

/// Adds the number of active lanes to a counter, or takes it away; every lane gets the old value.
fn count(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    let exec = wave.exec();
    let target = Target::Shared(u64::from(wave.m0() & 0xffff) + memory(instruction).offset as u64);
    let old = group.read(wave, 0, target, 4)?;
    let lanes = exec.count_ones();
    let is_append = instruction.op == Op::ds_append;
    group.write(wave, 0, target, 4, if is_append { old.wrapping_add(lanes) } else { old.wrapping_sub(lanes) })?;
    wave.set_lanes(instruction.dst, 0, &[old; LANES], exec);
    Ok(())
}

/// A word for each lane, one after the other from `m0` on.
fn by_thread(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    let base = u64::from(wave.m0() & 0xffff) + memory(instruction).offset as u64;
    for lane in active(wave.exec()) {
        let target = Target::Shared(base + 4 * lane as u64);
        if instruction.op == Op::ds_read_addtid_b32 {
            let value = group.read(wave, lane, target, 4)?;
            wave.set_lane(instruction.dst, 0, lane, value);
        } else {
            let value = wave.lane(instruction.src[1], 0, lane);
            group.write(wave, lane, target, 4, value)?;
        }
    }
    Ok(())
}

/// Two words, each of which is replaced by the data's low 31 bits where their highest bit is set.
fn exchange_where_set(wave: &mut Wave, group: &mut Group<'_>, instruction: &Instruction) -> Result<(), Cause> {
    for lane in active(wave.exec()) {
        let base = address::of_shared(wave, instruction, lane, 0, 8) & 0xfff8;
        for dword in 0..2 {
            let target = Target::Shared(base + 4 * dword as u64);
            let (old, data) = (group.read(wave, lane, target, 4)?, wave.lane(instruction.src[1], dword, lane));
            if data >> 31 != 0 {
                group.write(wave, lane, target, 4, data & 0x7fff_ffff)?;
            }
            wave.set_lane(instruction.dst, dword, lane, old);
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
    let read = |from: usize, operand| if exec >> from & 1 != 0 { wave.lane(operand, 0, from) } else { 0 };
    for lane in active(exec) {
        match instruction.op {
            Op::ds_permute_b32 => moved[index(lane)] = wave.lane(data, 0, lane),
            Op::ds_bpermute_b32 => moved[lane] = read(index(lane), data),
            _ => moved[lane] = read(swizzled(lane, offset as usize), address),
        }
    }
    wave.set_lanes(instruction.dst, 0, &moved, exec);
    Ok(())
}

/// The lane that `ds_swizzle` reads: a permutation of four, masks on the lane's number in its half, a
/// rotation, or the order of a Fourier transform.
fn swizzled(lane: usize, offset: usize) -> usize {
    let half = lane & 32;
    let (low, middle, high) = (offset & 31, offset >> 5 & 31, offset >> 10 & 31);
    match offset {
        0xe000.. => {
            let reversed = (lane as u32 & 31).reverse_bits() >> 27;
            half | (reversed as usize >> low.count_ones() | lane & low) & 31
        }
        0xc000.. => {
            let distance = if offset & 0x400 != 0 { 32 - middle } else { middle };
            half | (lane & low | (lane + distance) & !low) & 31
        }
        0x8000.. => lane & !3 | offset >> (2 * (lane & 3)) & 3,
        _ => half | ((lane & low) | middle) & 31 ^ high,
    }
}

#[cfg(test)]
mod tests {
    use super::swizzled;

    #[test]
    fn lanes_are_swizzled_within_their_half() {
        assert_eq!(swizzled(5, 0x041f), 4);
        assert_eq!(swizzled(38, 0x80e4), 38);
        assert_eq!(swizzled(38, 0x801b), 37);
        // Rotated by one to the left and to the right.
        assert_eq!((swizzled(31, 0xc020), swizzled(32, 0xc420)), (0, 63));
        // All of the lane's bits in reverse.
        assert_eq!(swizzled(33, 0xe000), 48);
    }
}
