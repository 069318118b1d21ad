//! The table of instructions: one row per encoding and opcode.
//!
//! `opcode name result [sources] flags;` — kinds are those of [`super::Kind`], flags those of
//! [`super::Flags`]. Opcodes, operands and widths are those of the CDNA3 ISA document, chapter 12,
//! as LLVM's gfx942 disassembler spells them; a test compares every row with it. The order within an
//! encoding is that of the opcodes. The rows are in the files of this folder, each a macro that hands
//! those before it and its own to the next.

#[macro_use]
mod scalar;
#[macro_use]
mod vector;
#[macro_use]
mod compare;
#[macro_use]
mod fused;
#[macro_use]
mod memory;

use super::{Encoding, Flags, Kind, Row};

macro_rules! table {
    ({} $($encoding:ident { $($opcode:literal $op:ident $dst:ident [$($src:ident)*] $($flag:ident)*;)* })*) => {
        /// An instruction. Variants are spelt as the ISA spells its mnemonics.
        #[allow(non_camel_case_types, missing_docs, reason = "a mnemonic is its own name and documentation")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Op { $($($op,)*)* }

        /// Every row, indexed by `Op as usize`.
        pub static ROWS: &[Row] = &[$($(Row {
            op: Op::$op,
            encoding: Encoding::$encoding,
            opcode: $opcode,
            mnemonic: stringify!($op),
            dst: Kind::$dst,
            src: sources(&[$(Kind::$src),*]),
            flags: Flags::NONE$(.with(Flags::$flag))*,
        },)*)*];
    };
}

const fn sources(given: &[Kind]) -> [Kind; 3] {
    let mut sources = [Kind::None; 3];
    let mut index = 0;
    while index < given.len() {
        sources[index] = given[index];
        index += 1;
    }
    sources
}

/// No row has this opcode.
const ABSENT: u16 = u16::MAX;
/// The widest opcode field has 10 bits.
const OPCODES: usize = 1024;

static INDEX: [[u16; OPCODES]; Encoding::ALL.len()] = {
    let mut index = [[ABSENT; OPCODES]; Encoding::ALL.len()];
    let mut row = 0;
    while row < ROWS.len() {
        let encoding = match ROWS[row].encoding {
            Encoding::Mai => Encoding::Vop3p,
            encoding => encoding,
        };
        let slot = &mut index[encoding as usize][ROWS[row].opcode as usize];
        assert!(*slot == ABSENT, "two rows have one encoding and opcode");
        assert!(ROWS[row].op as usize == row, "rows are in the order of their tags");
        *slot = row as u16;
        row += 1;
    }
    index
};

pub(super) fn find(encoding: Encoding, opcode: u32) -> Option<Op> {
    let encoding = if encoding == Encoding::Mai { Encoding::Vop3p } else { encoding };
    let row = *INDEX[encoding as usize].get(opcode as usize)?;
    ROWS.get(row as usize).map(|row| row.op)
}

scalar! { {vector compare fused memory table} }
