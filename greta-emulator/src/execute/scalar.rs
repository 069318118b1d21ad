//! SOP1, SOP2, SOPC, SOPK and SOPP: one match per format, an arm per instruction.
//!
//! Results and SCC are those of the CDNA3 ISA document, chapter 12. The functions are exhaustive
//! matches, hence their length.

use super::cause::Cause;
use super::wave::{LANES, PRIVATE_BASE, SHARED_BASE, Status, Wave};
use crate::isa::{Detail, Encoding, Instruction, Kind, Op, Operand};

/// Bits of a result with the condition code, if the instruction sets it.
type Outcome = (u64, Option<bool>);

pub(super) fn execute(wave: &mut Wave, base: u64, instruction: &Instruction) -> Result<(), Cause> {
    match instruction.row().encoding {
        Encoding::Sopp => control(wave, instruction),
        Encoding::Sopc => compare(wave, instruction),
        Encoding::Sopk => immediate(wave, base, instruction),
        Encoding::Sop1 => one(wave, base, instruction),
        _ => two(wave, instruction),
    }
}

fn source(wave: &Wave, instruction: &Instruction, index: usize) -> u64 {
    let operand = instruction.src[index];
    match instruction.row().src[index] {
        Kind::B64 => wave.scalar_pair(operand, instruction.literal),
        _ => u64::from(wave.scalar(operand, instruction.literal)),
    }
}

fn finish(wave: &mut Wave, instruction: &Instruction, (value, scc): Outcome) {
    match instruction.row().dst {
        Kind::B64 => wave.set_scalar_pair(instruction.dst, value),
        _ => wave.set_scalar(instruction.dst, value as u32),
    }
    if let Some(scc) = scc {
        wave.scc = scc;
    }
}

fn two(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let (a, b) = (source(wave, instruction, 0), source(wave, instruction, 1));
    let outcome = arithmetic(wave, instruction.op, a, b).or_else(|| logic(wave, instruction.op, a, b));
    finish(wave, instruction, outcome.ok_or(Cause::Unimplemented)?);
    Ok(())
}

fn arithmetic(wave: &Wave, op: Op, a: u64, b: u64) -> Option<Outcome> {
    let (x, y) = (a as u32, b as u32);
    let (i, j) = (x as i32, y as i32);
    let carry = u32::from(wave.scc);
    let pick = |value: u32, scc: bool| (u64::from(value), Some(scc));
    let plain = |value: u32| (u64::from(value), None);
    let shifted_add = |shift: u32| {
        let sum = (u64::from(x) << shift) + u64::from(y);
        (sum & 0xffff_ffff, Some(sum >> 32 != 0))
    };
    Some(match op {
        Op::s_add_u32 => pick(x.wrapping_add(y), x.checked_add(y).is_none()),
        Op::s_sub_u32 => pick(x.wrapping_sub(y), y > x),
        Op::s_add_i32 => pick(x.wrapping_add(y), i.checked_add(j).is_none()),
        Op::s_sub_i32 => pick(x.wrapping_sub(y), i.checked_sub(j).is_none()),
        Op::s_addc_u32 => {
            let sum = u64::from(x) + u64::from(y) + u64::from(carry);
            pick(sum as u32, sum >> 32 != 0)
        }
        Op::s_subb_u32 => {
            let borrow = u64::from(y) + u64::from(carry) > u64::from(x);
            pick(x.wrapping_sub(y).wrapping_sub(carry), borrow)
        }
        Op::s_min_i32 => pick(i.min(j) as u32, i < j),
        Op::s_min_u32 => pick(x.min(y), x < y),
        Op::s_max_i32 => pick(i.max(j) as u32, i > j),
        Op::s_max_u32 => pick(x.max(y), x > y),
        Op::s_mul_i32 => plain(x.wrapping_mul(y)),
        Op::s_mul_hi_u32 => plain(((u64::from(x) * u64::from(y)) >> 32) as u32),
        Op::s_mul_hi_i32 => plain(((i64::from(i) * i64::from(j)) >> 32) as u32),
        Op::s_absdiff_i32 => {
            let value = i.wrapping_sub(j).wrapping_abs() as u32;
            pick(value, value != 0)
        }
        Op::s_lshl1_add_u32 => shifted_add(1),
        Op::s_lshl2_add_u32 => shifted_add(2),
        Op::s_lshl3_add_u32 => shifted_add(3),
        Op::s_lshl4_add_u32 => shifted_add(4),
        Op::s_pack_ll_b32_b16 => plain(x & 0xffff | y << 16),
        Op::s_pack_lh_b32_b16 => plain(x & 0xffff | y & 0xffff_0000),
        Op::s_pack_hh_b32_b16 => plain(x >> 16 | y & 0xffff_0000),
        Op::s_cselect_b32 | Op::s_cselect_b64 => (if wave.scc { a } else { b }, None),
        _ => return None,
    })
}

fn logic(_wave: &Wave, op: Op, a: u64, b: u64) -> Option<Outcome> {
    let (x, y) = (a as u32, b as u32);
    let tested = |value: u64| (value, Some(value != 0));
    let narrow = |value: u32| (u64::from(value), Some(value != 0));
    let (offset, width) = (y & 31, y >> 16 & 127);
    Some(match op {
        Op::s_and_b32 | Op::s_and_b64 => tested(a & b),
        Op::s_or_b32 | Op::s_or_b64 => tested(a | b),
        Op::s_xor_b32 | Op::s_xor_b64 => tested(a ^ b),
        Op::s_andn2_b32 | Op::s_andn2_b64 => tested(a & !b),
        Op::s_orn2_b32 => narrow(x | !y),
        Op::s_orn2_b64 => tested(a | !b),
        Op::s_nand_b32 => narrow(!(x & y)),
        Op::s_nand_b64 => tested(!(a & b)),
        Op::s_nor_b32 => narrow(!(x | y)),
        Op::s_nor_b64 => tested(!(a | b)),
        Op::s_xnor_b32 => narrow(!(x ^ y)),
        Op::s_xnor_b64 => tested(!(a ^ b)),
        Op::s_lshl_b32 => narrow(x << (y & 31)),
        Op::s_lshl_b64 => tested(a << (y & 63)),
        Op::s_lshr_b32 => narrow(x >> (y & 31)),
        Op::s_lshr_b64 => tested(a >> (y & 63)),
        Op::s_ashr_i32 => narrow(((x as i32) >> (y & 31)) as u32),
        Op::s_ashr_i64 => tested(((a as i64) >> (y & 63)) as u64),
        Op::s_bfm_b32 => (u64::from(((1u32 << (x & 31)) - 1) << (y & 31)), None),
        Op::s_bfm_b64 => (((1u64 << (x & 63)) - 1) << (y & 63), None),
        Op::s_bfe_u32 => narrow(field(u64::from(x), offset, width.min(32)) as u32),
        Op::s_bfe_i32 => narrow(signed_field(u64::from(x), offset, width.min(32 - offset)) as u32),
        Op::s_bfe_u64 => tested(field(a, y & 63, width.min(64))),
        Op::s_bfe_i64 => tested(signed_field(a, y & 63, width.min(64 - (y & 63)))),
        _ => return None,
    })
}

fn field(value: u64, offset: u32, width: u32) -> u64 {
    let mask = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    value >> offset & mask
}

fn signed_field(value: u64, offset: u32, width: u32) -> u64 {
    if width == 0 {
        return 0;
    }
    let unused = 64 - width.min(64);
    ((field(value, offset, width) << unused) as i64 >> unused) as u64
}

fn one(wave: &mut Wave, base: u64, instruction: &Instruction) -> Result<(), Cause> {
    let a = source(wave, instruction, 0);
    let next = wave.pc;
    match instruction.op {
        Op::s_getpc_b64 => wave.set_scalar_pair(instruction.dst, base.wrapping_add(next)),
        Op::s_setpc_b64 => wave.pc = a.wrapping_sub(base),
        Op::s_swappc_b64 => {
            wave.set_scalar_pair(instruction.dst, base.wrapping_add(next));
            wave.pc = a.wrapping_sub(base);
        }
        Op::s_cmov_b32 | Op::s_cmov_b64 => {
            if wave.scc {
                finish(wave, instruction, (a, None));
            }
        }
        Op::s_bitset0_b32 | Op::s_bitset1_b32 => {
            let bit = 1u32 << (a & 31);
            let old = wave.scalar(instruction.dst, 0);
            wave.set_scalar(instruction.dst, if instruction.op == Op::s_bitset0_b32 { old & !bit } else { old | bit });
        }
        Op::s_bitset0_b64 | Op::s_bitset1_b64 => {
            let bit = 1u64 << (a & 63);
            let old = wave.scalar_pair(instruction.dst, 0);
            let value = if instruction.op == Op::s_bitset0_b64 { old & !bit } else { old | bit };
            wave.set_scalar_pair(instruction.dst, value);
        }
        Op::s_movrels_b32 | Op::s_movrels_b64 | Op::s_movreld_b32 | Op::s_movreld_b64 => {
            move_relative(wave, instruction)
        }
        Op::s_set_gpr_idx_idx => {
            let m0 = wave.m0() & !0xff | a as u32 & 0xff;
            wave.set_scalar(Operand::M0, m0);
        }
        op => match save_exec(op, a, wave.exec()) {
            Some((exec, saves)) => {
                let old = wave.exec();
                wave.set_exec(exec);
                wave.set_scalar_pair(instruction.dst, if saves { old } else { exec });
                wave.scc = exec != 0;
            }
            None => finish(wave, instruction, unary(op, a).ok_or(Cause::Unimplemented)?),
        },
    }
    Ok(())
}

/// Moves between scalar registers of which one is as many further as m0 says.
fn move_relative(wave: &mut Wave, instruction: &Instruction) {
    let moves_source = matches!(instruction.op, Op::s_movrels_b32 | Op::s_movrels_b64);
    let moved = |operand: Operand| Operand::scalar((u32::from(operand.code()) + wave.m0()) & 127);
    let (from, to) = if moves_source {
        (moved(instruction.src[0]), instruction.dst)
    } else {
        (instruction.src[0], moved(instruction.dst))
    };
    let indexed = Instruction { src: [from, Operand::NONE, Operand::NONE, Operand::NONE], dst: to, ..*instruction };
    let value = source(wave, &indexed, 0);
    finish(wave, &indexed, (value, None));
}

/// The new exec, and whether the result is the old one.
fn save_exec(op: Op, a: u64, exec: u64) -> Option<(u64, bool)> {
    Some(match op {
        Op::s_and_saveexec_b64 => (a & exec, true),
        Op::s_or_saveexec_b64 => (a | exec, true),
        Op::s_xor_saveexec_b64 => (a ^ exec, true),
        Op::s_andn2_saveexec_b64 => (a & !exec, true),
        Op::s_orn2_saveexec_b64 => (a | !exec, true),
        Op::s_nand_saveexec_b64 => (!(a & exec), true),
        Op::s_nor_saveexec_b64 => (!(a | exec), true),
        Op::s_xnor_saveexec_b64 => (!(a ^ exec), true),
        Op::s_andn1_saveexec_b64 => (!a & exec, true),
        Op::s_orn1_saveexec_b64 => (!a | exec, true),
        Op::s_andn1_wrexec_b64 => (!a & exec, false),
        Op::s_andn2_wrexec_b64 => (a & !exec, false),
        _ => return None,
    })
}

fn unary(op: Op, a: u64) -> Option<Outcome> {
    let x = a as u32;
    let plain = |value: u64| (value, None);
    let tested = |value: u64| (value, Some(value != 0));
    // A count of -1 says that there is no such bit.
    let find = |index: u32, limit: u32| plain(if index >= limit { 0xffff_ffff } else { u64::from(index) });
    let sign_run_32 = |x: u32| if x == 0 || x == u32::MAX { 32 } else { (x ^ (x as i32 >> 31) as u32).leading_zeros() };
    Some(match op {
        Op::s_mov_b32 | Op::s_mov_b64 => plain(a),
        Op::s_not_b32 => tested(u64::from(!x)),
        Op::s_not_b64 => tested(!a),
        Op::s_brev_b32 => plain(u64::from(x.reverse_bits())),
        Op::s_brev_b64 => plain(a.reverse_bits()),
        Op::s_bcnt0_i32_b32 => tested(u64::from(x.count_zeros())),
        Op::s_bcnt0_i32_b64 => tested(u64::from(a.count_zeros())),
        Op::s_bcnt1_i32_b32 => tested(u64::from(x.count_ones())),
        Op::s_bcnt1_i32_b64 => tested(u64::from(a.count_ones())),
        Op::s_ff0_i32_b32 => find(x.trailing_ones(), 32),
        Op::s_ff0_i32_b64 => find(a.trailing_ones(), 64),
        Op::s_ff1_i32_b32 => find(x.trailing_zeros(), 32),
        Op::s_ff1_i32_b64 => find(a.trailing_zeros(), 64),
        Op::s_flbit_i32_b32 => find(x.leading_zeros(), 32),
        Op::s_flbit_i32_b64 => find(a.leading_zeros(), 64),
        Op::s_flbit_i32 => find(sign_run_32(x), 32),
        Op::s_flbit_i32_i64 => {
            let run = (a ^ (a as i64 >> 63) as u64).leading_zeros();
            find(run, 64)
        }
        Op::s_sext_i32_i8 => plain(u64::from(i32::from(x as i8) as u32)),
        Op::s_sext_i32_i16 => plain(u64::from(i32::from(x as i16) as u32)),
        Op::s_abs_i32 => tested(u64::from((x as i32).wrapping_abs() as u32)),
        Op::s_wqm_b32 | Op::s_wqm_b64 => tested(quads(a) * 15),
        Op::s_quadmask_b32 | Op::s_quadmask_b64 => {
            let quads = quads(a);
            tested((0..16).fold(0, |mask, quad| mask | (quads >> (4 * quad) & 1) << quad))
        }
        Op::s_bitreplicate_b64_b32 => {
            let spread = (0..32).fold(0u64, |bits, bit| bits | (u64::from(x >> bit & 1) * (3 << (2 * bit))));
            plain(spread)
        }
        _ => return None,
    })
}

/// The lowest bit of each group of four that has a bit set.
fn quads(a: u64) -> u64 {
    (a | a >> 1 | a >> 2 | a >> 3) & 0x1111_1111_1111_1111
}

fn compare(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    if instruction.op == Op::s_set_gpr_idx_on {
        let index = source(wave, instruction, 0) as u32 & 0xff;
        wave.relative = immediate_of(instruction) as u8 & 15;
        let m0 = wave.m0() & !0xf0ff | index | u32::from(wave.relative) << 12;
        wave.set_scalar(Operand::M0, m0);
        return Ok(());
    }
    let (a, b) = (source(wave, instruction, 0), source(wave, instruction, 1));
    wave.scc = relation(instruction.op, a, b).ok_or(Cause::Unimplemented)?;
    Ok(())
}

fn relation(op: Op, a: u64, b: u64) -> Option<bool> {
    let (x, y) = (a as u32, b as u32);
    let (i, j) = (x as i32, y as i32);
    Some(match op {
        Op::s_cmp_eq_i32 | Op::s_cmp_eq_u32 | Op::s_cmpk_eq_i32 | Op::s_cmpk_eq_u32 => x == y,
        Op::s_cmp_lg_i32 | Op::s_cmp_lg_u32 | Op::s_cmpk_lg_i32 | Op::s_cmpk_lg_u32 => x != y,
        Op::s_cmp_gt_i32 | Op::s_cmpk_gt_i32 => i > j,
        Op::s_cmp_ge_i32 | Op::s_cmpk_ge_i32 => i >= j,
        Op::s_cmp_lt_i32 | Op::s_cmpk_lt_i32 => i < j,
        Op::s_cmp_le_i32 | Op::s_cmpk_le_i32 => i <= j,
        Op::s_cmp_gt_u32 | Op::s_cmpk_gt_u32 => x > y,
        Op::s_cmp_ge_u32 | Op::s_cmpk_ge_u32 => x >= y,
        Op::s_cmp_lt_u32 | Op::s_cmpk_lt_u32 => x < y,
        Op::s_cmp_le_u32 | Op::s_cmpk_le_u32 => x <= y,
        Op::s_bitcmp0_b32 => x >> (y & 31) & 1 == 0,
        Op::s_bitcmp1_b32 => x >> (y & 31) & 1 == 1,
        Op::s_bitcmp0_b64 => a >> (y & 63) & 1 == 0,
        Op::s_bitcmp1_b64 => a >> (y & 63) & 1 == 1,
        Op::s_cmp_eq_u64 => a == b,
        Op::s_cmp_lg_u64 => a != b,
        _ => return None,
    })
}

fn immediate_of(instruction: &Instruction) -> u16 {
    if let Detail::Immediate(value) = instruction.detail { value } else { 0 }
}

fn immediate(wave: &mut Wave, base: u64, instruction: &Instruction) -> Result<(), Cause> {
    let bits = immediate_of(instruction);
    let value = i32::from(bits as i16) as u32;
    let old = wave.scalar(instruction.dst, 0);
    match instruction.op {
        Op::s_movk_i32 => wave.set_scalar(instruction.dst, value),
        Op::s_cmovk_i32 if wave.scc => wave.set_scalar(instruction.dst, value),
        Op::s_cmovk_i32 => {}
        Op::s_addk_i32 => {
            wave.scc = (old as i32).checked_add(value as i32).is_none();
            wave.set_scalar(instruction.dst, old.wrapping_add(value));
        }
        Op::s_mulk_i32 => wave.set_scalar(instruction.dst, old.wrapping_mul(value)),
        Op::s_getreg_b32 => {
            let value = read_register(wave, bits).ok_or(Cause::Unimplemented)?;
            wave.set_scalar(instruction.dst, value);
        }
        Op::s_setreg_b32 => {
            let value = wave.scalar(instruction.src[0], 0);
            write_register(wave, bits, value)?;
        }
        Op::s_setreg_imm32_b32 => write_register(wave, bits, instruction.literal)?,
        Op::s_call_b64 => {
            let next = wave.pc;
            wave.set_scalar_pair(instruction.dst, base.wrapping_add(next));
            branch(wave, bits);
        }
        op => {
            let a = source(wave, instruction, 0);
            let is_unsigned = matches!(
                op,
                Op::s_cmpk_eq_u32
                    | Op::s_cmpk_lg_u32
                    | Op::s_cmpk_gt_u32
                    | Op::s_cmpk_ge_u32
                    | Op::s_cmpk_lt_u32
                    | Op::s_cmpk_le_u32
            );
            let b = if is_unsigned { u32::from(bits) } else { value };
            wave.scc = relation(op, a, u64::from(b)).ok_or(Cause::Unimplemented)?;
        }
    }
    Ok(())
}

/// Hardware registers by number: those that a program reads, and the one that it writes.
const MODE: u16 = 1;
const STATUS: u16 = 2;
const TRAP_STATUS: u16 = 3;
const HARDWARE_ID: u16 = 4;
const MEMORY_BASES: u16 = 15;
const XCC_ID: u16 = 20;

/// The field of a hardware register: number in 6 bits, offset in 5, width less one in 5.
fn field_of(bits: u16) -> (u16, u32, u32) {
    let (offset, width) = (u32::from(bits >> 6 & 31), u32::from(bits >> 11) + 1);
    let mask = if width >= 32 { u32::MAX } else { (1 << width) - 1 };
    (bits & 63, offset, mask)
}

fn read_register(wave: &Wave, bits: u16) -> Option<u32> {
    let (register, offset, mask) = field_of(bits);
    let flag = |is_set: bool, bit: u32| u32::from(is_set) << bit;
    let value = match register {
        MODE => wave.mode,
        STATUS => flag(wave.scc, 0) | flag(wave.exec() == 0, 9) | flag(wave.vcc() == 0, 10),
        // No exception ever happened; every wave is in the first slot of the first unit.
        TRAP_STATUS | HARDWARE_ID | XCC_ID => 0,
        MEMORY_BASES => (PRIVATE_BASE >> 48) as u32 | ((SHARED_BASE >> 48) as u32) << 16,
        _ => return None,
    };
    Some(value >> offset & mask)
}

fn write_register(wave: &mut Wave, bits: u16, value: u32) -> Result<(), Cause> {
    let (register, offset, mask) = field_of(bits);
    match register {
        MODE => wave.mode = wave.mode & !(mask << offset) | (value & mask) << offset,
        TRAP_STATUS => {}
        _ => return Err(Cause::Unimplemented),
    }
    Ok(())
}

fn branch(wave: &mut Wave, bits: u16) {
    wave.pc = wave.pc.wrapping_add_signed(i64::from(bits as i16) * 4);
}

fn control(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let bits = immediate_of(instruction);
    let is_taken = match instruction.op {
        Op::s_branch => true,
        Op::s_cbranch_scc0 => !wave.scc,
        Op::s_cbranch_scc1 => wave.scc,
        Op::s_cbranch_vccz => wave.vcc() == 0,
        Op::s_cbranch_vccnz => wave.vcc() != 0,
        Op::s_cbranch_execz => wave.exec() == 0,
        Op::s_cbranch_execnz => wave.exec() != 0,
        // No debugger is attached.
        Op::s_cbranch_cdbgsys
        | Op::s_cbranch_cdbguser
        | Op::s_cbranch_cdbgsys_or_user
        | Op::s_cbranch_cdbgsys_and_user => false,
        Op::s_endpgm | Op::s_endpgm_saved | Op::s_endpgm_ordered_ps_done => {
            wave.status = Status::Ended;
            false
        }
        Op::s_barrier => {
            wave.status = Status::AtBarrier;
            false
        }
        Op::s_set_gpr_idx_off => {
            wave.relative = 0;
            false
        }
        Op::s_set_gpr_idx_mode => {
            wave.relative = bits as u8 & 15;
            false
        }
        // What the wave waits for is another's, or the host's, to do.
        Op::s_sleep => {
            wave.turn_end = wave.instructions;
            false
        }
        Op::s_trap => {
            let lane = wave.exec().trailing_zeros() as usize % LANES;
            return Err(Cause::Trap { number: bits, lane });
        }
        Op::s_nop
        | Op::s_waitcnt
        | Op::s_setprio
        | Op::s_sendmsg
        | Op::s_icache_inv
        | Op::s_incperflevel
        | Op::s_decperflevel
        | Op::s_ttracedata => false,
        _ => return Err(Cause::Unimplemented),
    };
    if is_taken {
        branch(wave, bits);
    }
    Ok(())
}
