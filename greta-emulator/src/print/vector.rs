//! Vector and matrix arithmetic as text.

use std::fmt;

use super::{List, print_bits};
use crate::isa::{Detail, Dpp, Encoding, Flags, Form, Instruction, Kind, Modifiers, Op, Place, Sdwa};

pub(super) fn print(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    write!(f, "{}{}", row.mnemonic, suffix(instruction))?;
    let mut list = List::new(f);
    if instruction.dst.is_some() {
        list.push(instruction.show(instruction.dst, row.dst))?;
    }
    if instruction.carry_out.is_some() {
        list.push(instruction.show(instruction.carry_out, Kind::Mask))?;
    }
    let literal = format!("{:#x}", instruction.literal);
    for index in 0..row.source_count() {
        let is_first_factor = matches!(row.op, Op::v_fmamk_f32 | Op::v_madmk_f16);
        if index == 1 && row.flags.has(Flags::LITERAL) && is_first_factor {
            list.push(&literal)?;
        }
        list.push(Source { instruction, index })?;
    }
    if matches!(row.op, Op::v_fmaak_f32 | Op::v_madak_f16) {
        list.push(&literal)?;
    }
    let Modifiers { op_sel, clamp, omod, .. } = instruction.modifiers;
    if op_sel != 0 && row.flags.has(Flags::OP_SEL4) {
        print_bits(f, "op_sel", op_sel, 4)?;
    } else if op_sel != 0 {
        print_bits(f, "op_sel", op_sel & 3 | op_sel >> 1 & 4, 3)?;
    }
    f.write_str(if clamp { " clamp" } else { "" })?;
    f.write_str(["", " mul:2", " mul:4", " div:2"][usize::from(omod & 3)])?;
    match instruction.detail {
        Detail::Sdwa(sdwa) => print_sdwa(f, instruction, sdwa),
        Detail::Dpp(dpp) => print_dpp(f, dpp),
        _ => Ok(()),
    }
}

fn suffix(instruction: &Instruction) -> &'static str {
    let row = instruction.row();
    match instruction.form {
        _ if row.encoding == Encoding::Vop3 || row.flags.has(Flags::NO_SUFFIX) => "",
        Form::Native => "_e32",
        Form::Vop3 => "_e64",
        Form::Sdwa => "_sdwa",
        Form::Dpp => "_dpp",
    }
}

/// A source with its negation, absolute value or sign extension.
struct Source<'a> {
    instruction: &'a Instruction,
    index: usize,
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instruction, index } = *self;
        let operand = instruction.src[index];
        let text = instruction.show(operand, instruction.row().src[index]);
        let is_set = |bits: u8| bits >> index & 1 != 0;
        let Modifiers { neg, abs, .. } = instruction.modifiers;
        let is_constant = matches!(operand.place(), Place::Constant | Place::Literal);
        if let Detail::Sdwa(Sdwa { sext, .. }) = instruction.detail
            && is_set(sext)
        {
            return write!(f, "sext({text})");
        }
        match (is_set(neg), is_set(abs)) {
            (false, false) => write!(f, "{text}"),
            (false, true) => write!(f, "|{text}|"),
            (true, true) => write!(f, "-|{text}|"),
            (true, false) if is_constant => write!(f, "neg({text})"),
            (true, false) => write!(f, "-{text}"),
        }
    }
}

fn print_sdwa(f: &mut fmt::Formatter<'_>, instruction: &Instruction, sdwa: Sdwa) -> fmt::Result {
    const SELECTIONS: [&str; 8] = ["BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3", "WORD_0", "WORD_1", "DWORD", "RESERVED"];
    const UNUSED: [&str; 4] = ["UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE", "RESERVED"];
    let row = instruction.row();
    let selection = |sel: u8| SELECTIONS[usize::from(sel & 7)];
    let is_byte_conversion =
        matches!(row.op, Op::v_cvt_f32_fp8 | Op::v_cvt_f32_bf8 | Op::v_cvt_pk_f32_fp8 | Op::v_cvt_pk_f32_bf8);
    if row.encoding != Encoding::Vopc && !is_byte_conversion {
        write!(f, " dst_sel:{} dst_unused:{}", selection(sdwa.dst_sel), UNUSED[usize::from(sdwa.dst_unused & 3)])?;
    }
    write!(f, " src0_sel:{}", selection(sdwa.src_sel[0]))?;
    if row.src[1] == Kind::None { Ok(()) } else { write!(f, " src1_sel:{}", selection(sdwa.src_sel[1])) }
}

fn print_dpp(f: &mut fmt::Formatter<'_>, dpp: Dpp) -> fmt::Result {
    let control = dpp.control;
    match control {
        0..=0xff => {
            let lane = |index: u16| control >> (2 * index) & 3;
            write!(f, " quad_perm:[{},{},{},{}]", lane(0), lane(1), lane(2), lane(3))?;
        }
        0x101..=0x10f => write!(f, " row_shl:{}", control & 15)?,
        0x111..=0x11f => write!(f, " row_shr:{}", control & 15)?,
        0x121..=0x12f => write!(f, " row_ror:{}", control & 15)?,
        0x130 => f.write_str(" wave_shl:1")?,
        0x134 => f.write_str(" wave_rol:1")?,
        0x138 => f.write_str(" wave_shr:1")?,
        0x13c => f.write_str(" wave_ror:1")?,
        0x140 => f.write_str(" row_mirror")?,
        0x141 => f.write_str(" row_half_mirror")?,
        0x142 => f.write_str(" row_bcast:15")?,
        0x143 => f.write_str(" row_bcast:31")?,
        _ => write!(f, " row_newbcast:{}", control & 15)?,
    }
    write!(f, " row_mask:{:#x} bank_mask:{:#x}", dpp.row_mask, dpp.bank_mask)?;
    f.write_str(if dpp.bound_ctrl { " bound_ctrl:1" } else { "" })
}

pub(super) fn print_packed(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let count = row.source_count();
    let is_mix = row.flags.has(Flags::MIX);
    f.write_str(row.mnemonic)?;
    let mut list = List::new(f);
    list.push(instruction.show(instruction.dst, row.dst))?;
    for index in 0..count {
        if is_mix {
            list.push(Source { instruction, index })?;
        } else {
            list.push(instruction.show(instruction.src[index], row.src[index]))?;
        }
    }
    let Modifiers { neg, abs, op_sel, op_sel_hi, clamp, .. } = instruction.modifiers;
    let default = if is_mix || !row.flags.has(Flags::OP_SEL_HI) { 0 } else { (1u8 << count) - 1 };
    for (name, bits, default) in [("op_sel", op_sel, 0), ("op_sel_hi", op_sel_hi, default)] {
        if bits != default {
            print_bits(f, name, bits, count)?;
        }
    }
    if !is_mix {
        for (name, bits) in [("neg_lo", neg), ("neg_hi", abs)] {
            if bits != 0 {
                print_bits(f, name, bits, count)?;
            }
        }
    }
    f.write_str(if clamp { " clamp" } else { "" })
}

pub(super) fn print_mai(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    f.write_str(row.mnemonic)?;
    let mut list = List::new(f);
    list.push(instruction.show(instruction.dst, row.dst))?;
    for index in 0..row.source_count() {
        list.push(instruction.show(instruction.src[index], row.src[index]))?;
    }
    let Detail::Mai { cbsz, abid, blgp } = instruction.detail else { return Ok(()) };
    for (name, value) in [("cbsz", cbsz), ("abid", abid)] {
        if value != 0 {
            write!(f, " {name}:{value}")?;
        }
    }
    match row.src[0] {
        _ if blgp == 0 => Ok(()),
        Kind::F64 => print_bits(f, "neg", blgp, 3),
        _ => write!(f, " blgp:{blgp}"),
    }
}
