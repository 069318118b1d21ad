//! Machine words to [`Instruction`]s.
//!
//! Total: any two words give an instruction or nothing, and never a panic. Strict where the ISA is:
//! an opcode without a row, a register that does not exist and a modifier that the row does not take
//! make an encoding unknown. Bits that an instruction has no use for are ignored. Knows nothing of
//! objects and addresses.

mod memory;
mod scalar;
mod vector;

use crate::isa::{Detail, Form, Instruction, Modifiers, Op, Operand, Place};
pub(crate) use memory::address_kinds;

/// The instruction that starts with `first`; `second` is the word after it, if there is one.
/// Nothing when gfx942 has no such instruction, or when it does not end in time.
pub fn decode(first: u32, second: Option<u32>) -> Option<Instruction> {
    let word = Words { first, second };
    match first >> 26 {
        0b000000..=0b011111 => vector::decode_short(word),
        0b100000..=0b101111 => scalar::decode(word),
        0b110000 => memory::decode_smem(word),
        0b110100 => vector::decode_long(word),
        0b110110 => memory::decode_ds(word),
        0b110111 => memory::decode_flat(word),
        0b111000 => memory::decode_mubuf(word),
        0b111010 => memory::decode_mtbuf(word),
        _ => None,
    }
}

/// The words that an instruction may take.
#[derive(Clone, Copy)]
struct Words {
    first: u32,
    second: Option<u32>,
}

impl Words {
    /// Bits `low` to `low + width - 1`, where the first word has bits 0 to 31.
    fn bits(self, low: u32, width: u32) -> u32 {
        let words = u64::from(self.second.unwrap_or(0)) << 32 | u64::from(self.first);
        (words >> low) as u32 & ((1u64 << width) - 1) as u32
    }

    fn flag(self, bit: u32) -> bool {
        self.bits(bit, 1) != 0
    }
}

/// An instruction of one word without operands, to be filled in.
fn blank(op: Op) -> Instruction {
    Instruction {
        op,
        form: Form::Native,
        dwords: 1,
        dst: Operand::NONE,
        carry_out: Operand::NONE,
        src: [Operand::NONE; 4],
        modifiers: Modifiers::default(),
        literal: 0,
        detail: Detail::None,
    }
}

/// Takes the second word as a literal if a source is one.
fn take_literal(mut instruction: Instruction, word: Words) -> Option<Instruction> {
    if instruction.src.iter().any(|source| source.place() == Place::Literal) {
        instruction.literal = word.second?;
        instruction.dwords = 2;
    }
    Some(instruction)
}

/// Nothing if an operand of the row is a register that does not exist.
fn check_operands(instruction: Instruction) -> Option<Instruction> {
    let row = instruction.row();
    let is_register = !matches!(instruction.dst.place(), Place::Constant | Place::Literal | Place::Special(_));
    let sources = row.src.iter().zip(&instruction.src).all(|(&kind, source)| source.holds(kind));
    (sources && is_register && instruction.dst.holds(row.dst) && lanes_are_read(&instruction)).then_some(instruction)
}

/// Instructions that move data between lanes or register files read a vector register, and the lane
/// that they name is the same for the wave.
fn lanes_are_read(instruction: &Instruction) -> bool {
    let is_vector = |operand: Operand| matches!(operand.place(), Place::Vector(_) | Place::Accumulator(_));
    let [first, second, ..] = instruction.src;
    match instruction.op {
        Op::v_readfirstlane_b32 | Op::v_swap_b32 | Op::v_accvgpr_mov_b32 | Op::v_accvgpr_read_b32 => is_vector(first),
        Op::v_readlane_b32 => is_vector(first) && !is_vector(second),
        Op::v_writelane_b32 => !is_vector(first) && !is_vector(second),
        _ => true,
    }
}
