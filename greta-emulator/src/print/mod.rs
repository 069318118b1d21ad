//! Instructions as text, as LLVM's disassembler writes them for gfx942.
//!
//! The text of an instruction does not depend on where it stands: a branch shows its offset in words.
//! Knows nothing of bit positions.

mod immediate;
mod memory;
mod operand;
mod scalar;
mod vector;

use std::fmt;

use crate::isa::{Encoding, Instruction, Kind, Operand};
use operand::Text;

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row().encoding {
            Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopc | Encoding::Sopk | Encoding::Sopp => {
                scalar::print(self, f)
            }
            Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 => vector::print(self, f),
            Encoding::Vop3p => vector::print_packed(self, f),
            Encoding::Mai => vector::print_mai(self, f),
            Encoding::Smem => memory::print_smem(self, f),
            Encoding::Ds => memory::print_ds(self, f),
            Encoding::Flat | Encoding::Global | Encoding::Scratch => memory::print_flat(self, f),
            Encoding::Mubuf | Encoding::Mtbuf => memory::print_buffer(self, f),
        }
    }
}

impl Instruction {
    /// An operand of `kind` as text; `off` when there is none.
    fn show(&self, operand: Operand, kind: Kind) -> Text {
        Text { operand, kind, literal: self.literal }
    }
}

/// Writes operands with commas between them.
struct List<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    is_empty: bool,
}

impl<'a, 'b> List<'a, 'b> {
    fn new(f: &'a mut fmt::Formatter<'b>) -> Self {
        Self { f, is_empty: true }
    }

    fn push(&mut self, operand: impl fmt::Display) -> fmt::Result {
        let separator = if self.is_empty { " " } else { ", " };
        self.is_empty = false;
        write!(self.f, "{separator}{operand}")
    }
}

/// ` name:[1,0,1]`, lowest bit first.
fn print_bits(f: &mut fmt::Formatter<'_>, name: &str, bits: u8, count: usize) -> fmt::Result {
    let digits: Vec<_> = (0..count).map(|index| if bits >> index & 1 == 0 { "0" } else { "1" }).collect();
    write!(f, " {name}:[{}]", digits.join(","))
}
