//! SOP1, SOP2, SOPC, SOPK and SOPP.

use super::{Words, blank, check_operands, take_literal};
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Op, Operand};

pub(super) fn decode(word: Words) -> Option<Instruction> {
    match word.first >> 23 {
        0b1_0111_1111 => decode_sopp(word),
        0b1_0111_1110 => decode_sopc(word),
        0b1_0111_1101 => decode_sop1(word),
        _ if word.first >> 28 == 0b1011 => decode_sopk(word),
        _ => decode_sop2(word),
    }
}

fn decode_sopp(word: Words) -> Option<Instruction> {
    let mut instruction = blank(Op::find(Encoding::Sopp, word.bits(16, 7))?);
    instruction.detail = Detail::Immediate(word.bits(0, 16) as u16);
    Some(instruction)
}

fn decode_sopc(word: Words) -> Option<Instruction> {
    let mut instruction = blank(Op::find(Encoding::Sopc, word.bits(16, 7))?);
    instruction.src[0] = Operand::scalar(word.bits(0, 8));
    if instruction.row().src[1] == Kind::None {
        instruction.detail = Detail::Immediate(word.bits(8, 8) as u16);
    } else {
        instruction.src[1] = Operand::scalar(word.bits(8, 8));
    }
    check_operands(take_literal(instruction, word)?)
}

fn decode_sop1(word: Words) -> Option<Instruction> {
    let mut instruction = blank(Op::find(Encoding::Sop1, word.bits(8, 8))?);
    let row = instruction.row();
    if row.dst != Kind::None {
        instruction.dst = Operand::scalar(word.bits(16, 7));
    }
    if row.src[0] != Kind::None {
        instruction.src[0] = Operand::scalar(word.bits(0, 8));
    }
    check_operands(take_literal(instruction, word)?)
}

fn decode_sop2(word: Words) -> Option<Instruction> {
    let mut instruction = blank(Op::find(Encoding::Sop2, word.bits(23, 7))?);
    if instruction.row().dst != Kind::None {
        instruction.dst = Operand::scalar(word.bits(16, 7));
    }
    instruction.src[0] = Operand::scalar(word.bits(0, 8));
    instruction.src[1] = Operand::scalar(word.bits(8, 8));
    check_operands(take_literal(instruction, word)?)
}

fn decode_sopk(word: Words) -> Option<Instruction> {
    let mut instruction = blank(Op::find(Encoding::Sopk, word.bits(23, 5))?);
    let row = instruction.row();
    let register = Operand::scalar(word.bits(16, 7));
    if row.dst != Kind::None {
        instruction.dst = register;
    } else if row.src[0] != Kind::None {
        instruction.src[0] = register;
    }
    if row.flags.has(Flags::LITERAL) {
        instruction.literal = word.second?;
        instruction.dwords = 2;
    }
    instruction.detail = Detail::Immediate(word.bits(0, 16) as u16);
    check_operands(instruction)
}
