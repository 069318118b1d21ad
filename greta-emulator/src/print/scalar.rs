//! SOP1, SOP2, SOPC, SOPK and SOPP as text.

use std::fmt;

use super::immediate::{GprIndex, HardwareRegister, Message, SmallHex, WaitCount};
use super::{List, operand::Text};
use crate::isa::{Detail, Encoding, Instruction, Kind, Op, Operand};

pub(super) fn print(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    f.write_str(row.mnemonic)?;
    match row.encoding {
        Encoding::Sopp => print_sopp(instruction, f),
        Encoding::Sopk => print_sopk(instruction, f),
        _ => {
            let mut list = List::new(f);
            if instruction.dst.is_some() {
                list.push(instruction.show(instruction.dst, row.dst))?;
            }
            for index in 0..row.source_count() {
                list.push(instruction.show(instruction.src[index], row.src[index]))?;
            }
            if let Detail::Immediate(immediate) = instruction.detail {
                list.push(GprIndex(immediate))?;
            }
            Ok(())
        }
    }
}

fn print_sopp(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Detail::Immediate(immediate) = instruction.detail else { return Ok(()) };
    match instruction.op {
        Op::s_barrier
        | Op::s_icache_inv
        | Op::s_ttracedata
        | Op::s_endpgm_saved
        | Op::s_set_gpr_idx_off
        | Op::s_endpgm_ordered_ps_done => Ok(()),
        Op::s_endpgm if immediate == 0 => Ok(()),
        Op::s_endpgm => write!(f, " {immediate}"),
        Op::s_waitcnt => write!(f, "{}", WaitCount(immediate)),
        Op::s_sendmsg | Op::s_sendmsghalt => write!(f, " {}", Message(immediate)),
        Op::s_set_gpr_idx_mode => write!(f, " {}", GprIndex(immediate)),
        _ if instruction.branch_target(0).is_some() => write!(f, " {immediate}"),
        _ => write!(f, " {}", SmallHex(immediate)),
    }
}

fn print_sopk(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let Detail::Immediate(immediate) = instruction.detail else { return Ok(()) };
    let register = if row.dst == Kind::None { (instruction.src[0], row.src[0]) } else { (instruction.dst, row.dst) };
    let register = instruction.show(register.0, register.1);
    let mut list = List::new(f);
    match instruction.op {
        Op::s_setreg_b32 => {
            list.push(HardwareRegister(immediate))?;
            list.push(register)
        }
        Op::s_setreg_imm32_b32 => {
            list.push(HardwareRegister(immediate))?;
            list.push(Text { operand: Operand::scalar(255), kind: Kind::B32, literal: instruction.literal })
        }
        Op::s_getreg_b32 => {
            list.push(register)?;
            list.push(HardwareRegister(immediate))
        }
        Op::s_cbranch_i_fork | Op::s_call_b64 => {
            list.push(register)?;
            list.push(immediate)
        }
        _ => {
            list.push(register)?;
            list.push(format_args!("{immediate:#x}"))
        }
    }
}
