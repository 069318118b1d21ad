//! SMEM, DS, FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF. All take two words.

use super::{Words, blank};
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Memory, Op, Operand, Place};

/// The scalar address of FLAT instructions that have none.
const NO_SCALAR_ADDRESS: u32 = 0x7f;

/// Nothing if one of the operands is a register that does not exist, or a literal, for which there
/// is no room.
fn check(instruction: Instruction, operands: &[(Operand, Kind)]) -> Option<Instruction> {
    let exists = |&(operand, kind): &(Operand, Kind)| operand.holds(kind) && operand.place() != Place::Literal;
    operands.iter().all(exists).then_some(Instruction { dwords: 2, ..instruction })
}

/// `width` bits as a two's complement number.
fn signed(bits: u32, width: u32) -> i32 {
    (bits << (32 - width)) as i32 >> (32 - width)
}

pub(super) fn decode_smem(word: Words) -> Option<Instruction> {
    word.second?;
    let mut instruction = blank(Op::find(Encoding::Smem, word.bits(18, 8))?);
    let row = instruction.row();
    let mut memory = Memory { sc0: word.flag(16), ..Memory::default() };
    let data = Operand::scalar(word.bits(6, 7));
    if row.dst != Kind::None {
        instruction.dst = data;
    }
    if row.src[0] != Kind::None {
        instruction.src[0] = Operand::scalar(word.bits(0, 6) << 1);
        let (has_immediate, has_scalar) = (word.flag(17), word.flag(14));
        memory.has_immediate = has_immediate;
        if has_immediate {
            memory.offset = signed(word.bits(32, 21), 21);
        }
        if has_scalar {
            instruction.src[1] = Operand::scalar(word.bits(57, 7));
        } else if !has_immediate {
            instruction.src[1] = Operand::scalar(word.bits(32, 7));
        }
    }
    if row.src[1] != Kind::None || matches!(row.op, Op::s_atc_probe | Op::s_atc_probe_buffer) {
        instruction.src[2] = data;
    }
    instruction.detail = Detail::Memory(memory);
    let [base, offset, data, _] = instruction.src;
    // The number of a probe is no register.
    let data = if row.src[1] == Kind::None { Operand::NONE } else { data };
    let offset_kind = if offset.is_some() { Kind::B32 } else { Kind::None };
    check(instruction, &[(instruction.dst, row.dst), (base, row.src[0]), (data, row.src[1]), (offset, offset_kind)])
}

pub(super) fn decode_ds(word: Words) -> Option<Instruction> {
    word.second?;
    let mut instruction = blank(Op::find(Encoding::Ds, word.bits(17, 8))?);
    let row = instruction.row();
    let is_accumulator = word.flag(25);
    if row.dst != Kind::None {
        instruction.dst = Operand::either(word.bits(56, 8), is_accumulator);
    }
    if row.src[0] != Kind::None {
        let is_data = is_accumulator && row.flags.has(Flags::GWS);
        instruction.src[0] = Operand::either(word.bits(32, 8), is_data);
    }
    for (index, low) in [(1, 40), (2, 48)] {
        if row.src[index] != Kind::None {
            instruction.src[index] = Operand::either(word.bits(low, 8), is_accumulator);
        }
    }
    instruction.detail = Detail::Memory(Memory { offset: word.bits(0, 16) as i32, ..Memory::default() });
    let [address, first, second, _] = instruction.src;
    let [address_kind, first_kind, second_kind] = row.src;
    let operands = [(instruction.dst, row.dst), (address, address_kind), (first, first_kind), (second, second_kind)];
    check(instruction, &operands)
}

pub(super) fn decode_flat(word: Words) -> Option<Instruction> {
    word.second?;
    let encoding = match word.bits(14, 2) {
        0 => Encoding::Flat,
        1 => Encoding::Scratch,
        2 => Encoding::Global,
        _ => return None,
    };
    let mut instruction = blank(Op::find(encoding, word.bits(18, 7))?);
    let row = instruction.row();
    let is_accumulator = word.flag(55);
    let memory = Memory {
        offset: if encoding == Encoding::Flat { word.bits(0, 13) as i32 } else { signed(word.bits(0, 13), 13) },
        sc0: word.flag(16),
        nt: word.flag(17),
        sc1: word.flag(25),
        ..Memory::default()
    };
    if row.dst != Kind::None && (!row.flags.has(Flags::ATOMIC) || memory.sc0) {
        instruction.dst = Operand::either(word.bits(56, 8), is_accumulator);
    }
    if row.src[0] != Kind::None {
        instruction.src[1] = Operand::either(word.bits(40, 8), is_accumulator);
    }
    let scalar = word.bits(48, 7);
    if encoding != Encoding::Flat && scalar != NO_SCALAR_ADDRESS {
        instruction.src[2] = Operand::scalar(scalar);
    }
    // A scratch address may have neither register, which one bit says of the vector's.
    if encoding != Encoding::Scratch || word.flag(13) {
        instruction.src[0] = Operand::vector(word.bits(32, 8));
    }
    instruction.detail = Detail::Memory(memory);
    let address = address_kinds(&instruction);
    let result = if instruction.dst.is_some() { row.dst } else { Kind::None };
    let [vector, data, scalar, _] = instruction.src;
    check(instruction, &[(instruction.dst, result), (data, row.src[0]), (vector, address.0), (scalar, address.1)])
}

/// The widths of a FLAT instruction's vector and scalar address.
pub(crate) fn address_kinds(instruction: &Instruction) -> (Kind, Kind) {
    let [vector, _, scalar, _] = instruction.src;
    match instruction.row().encoding {
        Encoding::Flat => (Kind::B64, Kind::None),
        Encoding::Global if scalar.is_some() => (Kind::B32, Kind::B64),
        Encoding::Global => (Kind::B64, Kind::None),
        _ => (
            if vector.is_some() { Kind::B32 } else { Kind::None },
            if scalar.is_some() { Kind::B32 } else { Kind::None },
        ),
    }
}

pub(super) fn decode_mubuf(word: Words) -> Option<Instruction> {
    let lds = word.flag(16);
    let instruction = blank(Op::find(Encoding::Mubuf, word.bits(18, 7))?);
    let memory = Memory { lds, sc1: word.flag(15), nt: word.flag(17), ..Memory::default() };
    decode_buffer(word, instruction, memory)
}

pub(super) fn decode_mtbuf(word: Words) -> Option<Instruction> {
    let instruction = blank(Op::find(Encoding::Mtbuf, word.bits(15, 4))?);
    let format = (word.bits(19, 4) | word.bits(23, 3) << 4) as u8;
    let memory = Memory { format, sc1: word.flag(53), nt: word.flag(54), ..Memory::default() };
    decode_buffer(word, instruction, memory)
}

/// What MUBUF and MTBUF have in common.
fn decode_buffer(word: Words, mut instruction: Instruction, memory: Memory) -> Option<Instruction> {
    word.second?;
    let row = instruction.row();
    if row.dst == Kind::None && row.src[0] == Kind::None {
        let memory = Memory { sc0: word.flag(14), nt: false, lds: false, ..memory };
        return Some(Instruction { dwords: 2, detail: Detail::Memory(memory), ..instruction });
    }
    let memory = Memory {
        offset: word.bits(0, 12) as i32,
        offen: word.flag(12),
        idxen: word.flag(13),
        sc0: word.flag(14),
        ..memory
    };
    if memory.lds && !loads_to_lds(row.op) {
        return None;
    }
    let data = Operand::either(word.bits(40, 8), word.flag(55));
    let is_atomic = row.flags.has(Flags::ATOMIC);
    if row.dst != Kind::None && !memory.lds && (!is_atomic || memory.sc0) {
        instruction.dst = data;
    }
    if row.src[0] != Kind::None {
        instruction.src[1] = data;
    }
    let address = match u8::from(memory.offen) + u8::from(memory.idxen) {
        0 => Kind::None,
        1 => Kind::B32,
        _ => Kind::B64,
    };
    if address != Kind::None {
        instruction.src[0] = Operand::vector(word.bits(32, 8));
    }
    instruction.src[2] = Operand::scalar(word.bits(48, 5) << 2);
    instruction.src[3] = Operand::scalar(word.bits(56, 8));
    instruction.detail = Detail::Memory(memory);
    let result = if instruction.dst.is_some() { row.dst } else { Kind::None };
    let [vector, data, descriptor, offset] = instruction.src;
    let addresses = [(vector, address), (descriptor, Kind::B128), (offset, Kind::B32)];
    check(instruction, &addresses)?;
    check(instruction, &[(instruction.dst, result), (data, row.src[0])])
}

/// Whether a buffer instruction may put what it loads into LDS.
fn loads_to_lds(op: Op) -> bool {
    matches!(
        op,
        Op::buffer_load_ubyte
            | Op::buffer_load_sbyte
            | Op::buffer_load_ushort
            | Op::buffer_load_sshort
            | Op::buffer_load_dword
            | Op::buffer_load_format_x
    )
}
