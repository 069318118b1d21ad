//! VOP1, VOP2 and VOPC in their own, the VOP3, the SDWA and the DPP format; VOP3, VOP3P and MAI.

use super::{Words, blank, check_operands, take_literal};
use crate::isa::{Detail, Dpp, Encoding, Flags, Form, Instruction, Kind, Modifiers, Op, Operand, Place, Sdwa};

/// Source 0 in place of which SDWA's fields follow.
const SDWA: u32 = 249;
/// Source 0 in place of which DPP's fields follow.
const DPP: u32 = 250;
/// VOP3 opcodes below this are those of VOPC, then VOP2, then VOP1, then VOP3's own.
const VOP2_IN_VOP3: u32 = 0x100;
const VOP1_IN_VOP3: u32 = 0x140;
const OWN_IN_VOP3: u32 = 0x1c0;
const VOP3P_IN_VOP3: u32 = 0x380;

/// A VOP1, VOP2 or VOPC instruction in its own encoding, SDWA or DPP.
pub(super) fn decode_short(word: Words) -> Option<Instruction> {
    let op = match word.bits(25, 6) {
        0b111110 => Op::find(Encoding::Vopc, word.bits(17, 8))?,
        0b111111 => Op::find(Encoding::Vop1, word.bits(9, 8))?,
        opcode => Op::find(Encoding::Vop2, opcode)?,
    };
    let instruction = place_fixed_operands(blank(op), word);
    match word.bits(0, 9) {
        SDWA => decode_sdwa(instruction, word),
        DPP => decode_dpp(instruction, word),
        _ => decode_native(instruction, word),
    }
}

/// The operands that all short forms have in the first word or by convention.
fn place_fixed_operands(mut instruction: Instruction, word: Words) -> Instruction {
    let row = instruction.row();
    let destination = word.bits(17, 8);
    instruction.dst = match (row.encoding, row.dst) {
        (_, Kind::None) => Operand::NONE,
        (Encoding::Vopc, _) => Operand::VCC,
        _ if row.flags.has(Flags::SCALAR_DST) => Operand::scalar(destination & 0x7f),
        _ => Operand::vector(destination),
    };
    if row.flags.has(Flags::CARRY_OUT) {
        instruction.carry_out = Operand::VCC;
    }
    if row.src[1] != Kind::None {
        instruction.src[1] = Operand::vector(word.bits(9, 8));
    }
    if row.src[2] == Kind::Mask {
        instruction.src[2] = Operand::VCC;
    }
    instruction
}

fn decode_native(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    let row = instruction.row();
    if row.src[0] != Kind::None {
        instruction.src[0] = Operand::source(word.bits(0, 9));
    }
    if row.op == Op::v_accvgpr_mov_b32 {
        instruction.src[0] = instruction.src[0].to_accumulator();
        instruction.dst = instruction.dst.to_accumulator();
    }
    if row.flags.has(Flags::LITERAL) {
        instruction.literal = word.second?;
        instruction.dwords = 2;
    }
    check_operands(take_literal(instruction, word)?)
}

fn decode_sdwa(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    word.second?;
    let row = instruction.row();
    if row.flags.has(Flags::NO_SDWA) || row.src[0] == Kind::None {
        return None;
    }
    let is_comparison = row.encoding == Encoding::Vopc;
    // A set bit turns a vector into a scalar register, constants included.
    let source = |code: u32, is_scalar: bool| if is_scalar { Operand::scalar(code) } else { Operand::vector(code) };
    instruction.src[0] = source(word.bits(32, 8), word.flag(55));
    if row.src[1] != Kind::None {
        instruction.src[1] = source(word.bits(9, 8), word.flag(63));
    }
    if is_comparison && word.flag(47) {
        instruction.dst = Operand::scalar(word.bits(40, 7));
    }
    // A packed source has no modifiers here.
    let is_modified = row.src[0] != Kind::F16x2;
    instruction.modifiers = Modifiers {
        neg: if is_modified { (word.bits(52, 1) | word.bits(60, 1) << 1) as u8 } else { 0 },
        abs: if is_modified { (word.bits(53, 1) | word.bits(61, 1) << 1) as u8 } else { 0 },
        clamp: !is_comparison && word.flag(45),
        omod: if is_comparison { 0 } else { word.bits(46, 2) as u8 },
        ..Modifiers::default()
    };
    let sdwa = Sdwa {
        dst_sel: if is_comparison { 6 } else { word.bits(40, 3) as u8 },
        dst_unused: if is_comparison { 0 } else { word.bits(43, 2) as u8 },
        src_sel: [word.bits(48, 3) as u8, word.bits(56, 3) as u8],
        sext: (word.bits(51, 1) | word.bits(59, 1) << 1) as u8,
    };
    let is_known = sdwa.dst_sel < 7 && sdwa.dst_unused < 3 && sdwa.src_sel.iter().all(|&sel| sel < 7);
    instruction.detail = Detail::Sdwa(sdwa);
    instruction.form = Form::Sdwa;
    instruction.dwords = 2;
    check_operands(check_input_modifiers(instruction)?).filter(|_| is_known)
}

fn decode_dpp(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    word.second?;
    let row = instruction.row();
    if row.flags.has(Flags::NO_DPP) || row.encoding == Encoding::Vopc {
        return None;
    }
    if row.src[0] != Kind::None {
        instruction.src[0] = Operand::vector(word.bits(32, 8));
    }
    instruction.modifiers = Modifiers {
        neg: (word.bits(52, 1) | word.bits(54, 1) << 1) as u8,
        abs: (word.bits(53, 1) | word.bits(55, 1) << 1) as u8,
        ..Modifiers::default()
    };
    let dpp = Dpp {
        control: word.bits(40, 9) as u16,
        row_mask: word.bits(60, 4) as u8,
        bank_mask: word.bits(56, 4) as u8,
        bound_ctrl: word.flag(51),
    };
    let is_known = matches!(
        dpp.control,
        0..=0xff | 0x101..=0x10f | 0x111..=0x11f | 0x121..=0x12f
            | 0x130 | 0x134 | 0x138 | 0x13c | 0x140..=0x143 | 0x150..=0x15f
    );
    instruction.detail = Detail::Dpp(dpp);
    instruction.form = Form::Dpp;
    instruction.dwords = 2;
    check_operands(check_input_modifiers(instruction)?).filter(|_| is_known)
}

/// VOP3, VOP3P and MAI.
pub(super) fn decode_long(word: Words) -> Option<Instruction> {
    word.second?;
    let opcode = word.bits(16, 10);
    let (encoding, opcode) = match opcode {
        0..VOP2_IN_VOP3 => (Encoding::Vopc, opcode),
        VOP2_IN_VOP3..VOP1_IN_VOP3 => (Encoding::Vop2, opcode - VOP2_IN_VOP3),
        VOP1_IN_VOP3..OWN_IN_VOP3 => (Encoding::Vop1, opcode - VOP1_IN_VOP3),
        OWN_IN_VOP3..VOP3P_IN_VOP3 => (Encoding::Vop3, opcode),
        _ => (Encoding::Vop3p, opcode - VOP3P_IN_VOP3),
    };
    let mut instruction = blank(Op::find(encoding, opcode)?);
    instruction.dwords = 2;
    let row = instruction.row();
    for (index, low) in [(0, 32), (1, 41), (2, 50)] {
        if row.src[index] != Kind::None {
            instruction.src[index] = Operand::source(word.bits(low, 9));
        }
    }
    let instruction = match row.encoding {
        Encoding::Mai => decode_mai(instruction, word)?,
        Encoding::Vop3p => decode_vop3p(instruction, word)?,
        _ => decode_vop3(instruction, word)?,
    };
    // These formats have no room for a literal.
    let has_literal = instruction.src.iter().any(|source| source.place() == Place::Literal);
    check_operands(instruction).filter(|_| !has_literal)
}

fn decode_vop3(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    let row = instruction.row();
    if row.flags.has(Flags::NO_VOP3) {
        return None;
    }
    if row.encoding != Encoding::Vop3 {
        instruction.form = Form::Vop3;
    }
    let is_scalar = row.dst == Kind::Mask || row.flags.has(Flags::SCALAR_DST);
    let destination = word.bits(0, 8);
    instruction.dst = match row.dst {
        Kind::None => Operand::NONE,
        _ if is_scalar => Operand::scalar(destination),
        _ => Operand::vector(destination),
    };
    let modifiers = Modifiers {
        neg: word.bits(61, 3) as u8,
        clamp: word.flag(15),
        omod: word.bits(59, 2) as u8,
        ..Modifiers::default()
    };
    instruction.modifiers = if row.flags.has(Flags::CARRY_OUT) {
        instruction.carry_out = Operand::scalar(word.bits(8, 7));
        modifiers
    } else {
        let op_sel = if row.flags.has(Flags::OP_SEL) || row.flags.has(Flags::OP_SEL4) { word.bits(11, 4) } else { 0 };
        Modifiers { abs: word.bits(8, 3) as u8, op_sel: op_sel as u8, ..modifiers }
    };
    let Modifiers { clamp, omod, op_sel, .. } = instruction.modifiers;
    let is_known = (!clamp || row.flags.has(Flags::CLAMP))
        && (omod == 0 || row.flags.has(Flags::OMOD))
        && (op_sel & 4 == 0 || !row.flags.has(Flags::OP_SEL))
        && instruction.carry_out.holds(if row.flags.has(Flags::CARRY_OUT) { Kind::Mask } else { Kind::None });
    check_input_modifiers(instruction).filter(|_| is_known)
}

fn decode_vop3p(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    let row = instruction.row();
    instruction.dst = Operand::vector(word.bits(0, 8));
    instruction.modifiers = Modifiers {
        neg: word.bits(61, 3) as u8,
        abs: word.bits(8, 3) as u8,
        op_sel: word.bits(11, 3) as u8,
        op_sel_hi: (word.bits(59, 2) | word.bits(14, 1) << 2) as u8,
        clamp: word.flag(15),
        omod: 0,
    };
    let modifiers = &mut instruction.modifiers;
    let present = (1u8 << row.source_count()) - 1;
    let used = modifiers.neg | modifiers.abs | modifiers.op_sel;
    modifiers.op_sel_hi &= present;
    if !row.flags.has(Flags::OP_SEL_HI) {
        modifiers.op_sel_hi = 0;
        if modifiers.op_sel != 0 {
            return None;
        }
    }
    (used & !present == 0).then_some(instruction)
}

fn decode_mai(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    instruction.dst = Operand::either(word.bits(0, 8), word.flag(15));
    match instruction.op {
        Op::v_accvgpr_read_b32 => {
            instruction.dst = Operand::vector(word.bits(0, 8));
            instruction.src[0] = instruction.src[0].to_accumulator();
        }
        Op::v_accvgpr_write_b32 => instruction.dst = instruction.dst.to_accumulator(),
        _ => {
            let is_vector = |operand: Operand| matches!(operand.place(), Place::Vector(_));
            let [a, b, c, _] = instruction.src;
            // The third source of a sparse instruction, and of no other, is an index, of one register.
            let is_sparse = instruction.row().src[2] == Kind::B32;
            if !is_vector(a) || !is_vector(b) || !(is_vector(c) || c.place() == Place::Constant && !is_sparse) {
                return None;
            }
            for (index, is_accumulator) in [(0, word.flag(59)), (1, word.flag(60)), (2, word.flag(15) && !is_sparse)] {
                if is_accumulator {
                    instruction.src[index] = instruction.src[index].to_accumulator();
                }
            }
            instruction.detail =
                Detail::Mai { cbsz: word.bits(8, 3) as u8, abid: word.bits(11, 4) as u8, blgp: word.bits(61, 3) as u8 };
        }
    }
    Some(instruction)
}

/// Nothing if a source is modified that is no float, or does not exist; or sign-extended and no integer.
fn check_input_modifiers(mut instruction: Instruction) -> Option<Instruction> {
    let row = instruction.row();
    let floats = (0..3).filter(|&index| row.src[index].is_float()).fold(0u8, |mask, index| mask | 1 << index);
    let present = (1u8 << row.source_count()) - 1;
    let Modifiers { neg, abs, .. } = instruction.modifiers;
    if let Detail::Sdwa(sdwa) = instruction.detail
        && sdwa.sext & (floats | !present) != 0
    {
        return None;
    }
    // Beside a float source, an integer's bits are ignored.
    let ignored = match row.op {
        Op::v_cvt_sr_fp8_f32 | Op::v_cvt_sr_bf8_f32 => !floats,
        _ if floats != 0 || is_dot(row.op) => present & !floats,
        _ => 0,
    };
    if (neg | abs) & !floats & !ignored != 0 {
        return None;
    }
    instruction.modifiers.neg &= floats;
    instruction.modifiers.abs &= floats;
    Some(instruction)
}

fn is_dot(op: Op) -> bool {
    matches!(op, Op::v_dot2c_i32_i16 | Op::v_dot4c_i32_i8 | Op::v_dot8c_i32_i4)
}
