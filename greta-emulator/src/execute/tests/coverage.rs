//! Every row of the table executes, or is one of those that the README lists as not executed.

use super::{GLOBAL, Machine};
use crate::execute::{Cause, UNEXECUTED};
use crate::isa::{Detail, Encoding, Flags, Form, Instruction, Kind, Memory, Modifiers, Op, Operand, ROWS, Row};

/// An instruction of this row with operands that exist and memory that is there.
fn plain(row: &Row) -> Instruction {
    let is_vector = matches!(
        row.encoding,
        Encoding::Vop1
            | Encoding::Vop2
            | Encoding::Vopc
            | Encoding::Vop3
            | Encoding::Vop3p
            | Encoding::Mai
            | Encoding::Ds
    );
    let register = |kind: Kind, first: u32, is_vector: bool| match kind {
        Kind::None => Operand::NONE,
        Kind::Mask => Operand::VCC,
        _ if is_vector => Operand::vector(first),
        _ => Operand::scalar(first),
    };
    let mut src = [0, 1, 2, 3].map(|index| {
        let kind = row.src.get(index).copied().unwrap_or(Kind::None);
        register(kind, 8 + 40 * index as u32 % 72, is_vector)
    });
    let mut dst = register(row.dst, if is_vector { 160 } else { 80 }, is_vector && !row.flags.has(Flags::SCALAR_DST));
    let mut detail = Detail::None;
    match row.encoding {
        Encoding::Sopk | Encoding::Sopp => {
            detail = Detail::Immediate(if row.encoding == Encoding::Sopk { 0xf801 } else { 0 })
        }
        Encoding::Sopc if row.src[1] == Kind::None => detail = Detail::Immediate(0),
        Encoding::Mai if row.source_count() > 1 => detail = Detail::Mai { cbsz: 0, abid: 0, blgp: 0 },
        Encoding::Smem => {
            src = [Operand::scalar(4), Operand::NONE, register(row.src[1], 80, false), Operand::NONE];
            dst = register(row.dst, 80, false);
            detail = Detail::Memory(Memory { sc0: true, ..Memory::default() });
        }
        Encoding::Ds => {
            src[0] = register(row.src[0], 2, true);
            detail = Detail::Memory(Memory::default());
        }
        Encoding::Flat | Encoding::Global | Encoding::Scratch => {
            let vector = if row.encoding == Encoding::Scratch { Operand::vector(2) } else { Operand::vector(0) };
            src = [vector, register(row.src[0], 40, true), Operand::NONE, Operand::NONE];
            dst = register(row.dst, 160, true);
            detail = Detail::Memory(Memory { sc0: true, ..Memory::default() });
        }
        Encoding::Mubuf | Encoding::Mtbuf => {
            src = [Operand::NONE, register(row.src[0], 40, true), Operand::scalar(4), Operand::source(128)];
            dst = register(row.dst, 160, true);
            // A data format of four f32, where the instruction has one.
            detail = Detail::Memory(Memory { sc0: true, format: 7 << 4 | 14, ..Memory::default() });
        }
        _ => {}
    }
    Instruction {
        op: row.op,
        form: Form::Native,
        dwords: 2,
        dst,
        carry_out: if row.flags.has(Flags::CARRY_OUT) { Operand::VCC } else { Operand::NONE },
        src,
        modifiers: Modifiers::default(),
        literal: 0,
        detail,
    }
}

fn outcome(row: &Row) -> Result<(), Cause> {
    let mut machine = Machine::new();
    machine.set_vector(0, |_| GLOBAL as u32);
    // A buffer of the whole memory: the base, its length, and four f32 a texel.
    let descriptor = [GLOBAL as u32, 0, super::GLOBAL_BYTES as u32, 0o7654 | 7 << 12 | 14 << 15];
    machine.wave.scalars[4..8].copy_from_slice(&descriptor);
    machine.execute(&plain(row))
}

#[test]
fn every_row_executes_or_is_listed() {
    let mut unexecuted = Vec::new();
    for row in ROWS {
        match outcome(row) {
            Ok(()) | Err(Cause::Trap { .. }) => {}
            Err(Cause::Unimplemented) => unexecuted.push(row.op),
            Err(other) => panic!("{}: {other}", row.mnemonic),
        }
    }
    let names = |ops: &[Op]| ops.iter().map(|op| op.row().mnemonic).collect::<Vec<_>>();
    assert_eq!(names(&unexecuted), names(UNEXECUTED));
}
