//! SMEM, DS, FLAT, GLOBAL, SCRATCH, MUBUF and MTBUF as text.

use std::fmt;

use super::List;
use super::immediate::{SmallHex, Swizzle};
use crate::decode::address_kinds;
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Memory, Op};

fn memory(instruction: &Instruction) -> Memory {
    match instruction.detail {
        Detail::Memory(memory) => memory,
        _ => Memory::default(),
    }
}

pub(super) fn print_smem(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let memory = memory(instruction);
    let [base, offset, data, _] = instruction.src;
    let is_probe = matches!(instruction.op, Op::s_atc_probe | Op::s_atc_probe_buffer);
    f.write_str(row.mnemonic)?;
    let mut list = List::new(f);
    if is_probe {
        list.push(SmallHex(data.code()))?;
    } else if row.src[1] != Kind::None {
        list.push(instruction.show(data, row.src[1]))?;
    } else if instruction.dst.is_some() {
        list.push(instruction.show(instruction.dst, row.dst))?;
    }
    if base.is_some() {
        list.push(instruction.show(base, row.src[0]))?;
        if offset.is_some() {
            list.push(instruction.show(offset, Kind::B32))?;
            if memory.has_immediate {
                write!(list.f, " offset:{}", Hex(memory.offset))?;
            }
        } else {
            list.push(Hex(memory.offset))?;
        }
    }
    let has_data = instruction.dst.is_some() || row.src[1] != Kind::None;
    if memory.sc0 && has_data && base.is_some() { f.write_str(" glc") } else { Ok(()) }
}

/// Hexadecimal with a sign before the prefix.
struct Hex(i32);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{:#x}", self.0.unsigned_abs())
    }
}

pub(super) fn print_ds(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let offset = memory(instruction).offset as u16;
    f.write_str(row.mnemonic)?;
    let mut list = List::new(f);
    if instruction.dst.is_some() {
        list.push(instruction.show(instruction.dst, row.dst))?;
    }
    for (&operand, &kind) in instruction.src.iter().zip(&row.src).filter(|(operand, _)| operand.is_some()) {
        list.push(instruction.show(operand, kind))?;
    }
    if row.flags.has(Flags::OFFSET2) {
        for (name, offset) in [("offset0", offset & 0xff), ("offset1", offset >> 8)] {
            if offset != 0 {
                write!(f, " {name}:{offset}")?;
            }
        }
    } else if row.op == Op::ds_swizzle_b32 {
        write!(f, "{}", Swizzle(offset))?;
    } else if offset != 0 && row.op != Op::ds_nop {
        write!(f, " offset:{offset}")?;
    }
    if row.flags.has(Flags::GWS) { f.write_str(" gds") } else { Ok(()) }
}

pub(super) fn print_flat(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let (vector_kind, scalar_kind) = address_kinds(instruction);
    let [vector, data, scalar, _] = instruction.src;
    f.write_str(row.mnemonic)?;
    let mut list = List::new(f);
    if instruction.dst.is_some() {
        list.push(instruction.show(instruction.dst, row.dst))?;
    }
    list.push(instruction.show(vector, vector_kind))?;
    if data.is_some() {
        list.push(instruction.show(data, row.src[0]))?;
    }
    if row.encoding != Encoding::Flat {
        list.push(instruction.show(scalar, scalar_kind))?;
    }
    let memory = memory(instruction);
    if memory.offset != 0 {
        write!(f, " offset:{}", memory.offset)?;
    }
    print_cache(f, memory)
}

pub(super) fn print_buffer(instruction: &Instruction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = instruction.row();
    let memory = memory(instruction);
    let [vector, data, descriptor, offset] = instruction.src;
    f.write_str(row.mnemonic)?;
    if descriptor.is_some() {
        let mut list = List::new(f);
        if data.is_some() {
            list.push(instruction.show(data, row.src[0]))?;
        } else if instruction.dst.is_some() {
            list.push(instruction.show(instruction.dst, row.dst))?;
        }
        let address = if memory.offen && memory.idxen { Kind::B64 } else { Kind::B32 };
        list.push(instruction.show(vector, address))?;
        list.push(instruction.show(descriptor, Kind::B128))?;
        list.push(instruction.show(offset, Kind::B32))?;
        if row.encoding == Encoding::Mtbuf {
            print_format(f, memory.format)?;
        }
        for (name, is_set) in [(" idxen", memory.idxen), (" offen", memory.offen)] {
            f.write_str(if is_set { name } else { "" })?;
        }
        if memory.offset != 0 {
            write!(f, " offset:{}", memory.offset)?;
        }
    }
    print_cache(f, memory)?;
    f.write_str(if memory.lds { " lds" } else { "" })
}

fn print_cache(f: &mut fmt::Formatter<'_>, memory: Memory) -> fmt::Result {
    for (name, is_set) in [(" sc0", memory.sc0), (" nt", memory.nt), (" sc1", memory.sc1)] {
        f.write_str(if is_set { name } else { "" })?;
    }
    Ok(())
}

const DATA_FORMATS: [&str; 16] = [
    "INVALID",
    "8",
    "16",
    "8_8",
    "32",
    "16_16",
    "10_11_11",
    "11_11_10",
    "10_10_10_2",
    "2_10_10_10",
    "8_8_8_8",
    "32_32",
    "16_16_16_16",
    "32_32_32",
    "32_32_32_32",
    "RESERVED_15",
];
const NUMBER_FORMATS: [&str; 8] = ["UNORM", "SNORM", "USCALED", "SSCALED", "UINT", "SINT", "RESERVED_6", "FLOAT"];
const DEFAULT_DATA_FORMAT: usize = 1;
const DEFAULT_NUMBER_FORMAT: usize = 0;

/// The parts of an MTBUF format that are not the default.
fn print_format(f: &mut fmt::Formatter<'_>, format: u8) -> fmt::Result {
    let (data, number) = (usize::from(format & 15), usize::from(format >> 4 & 7));
    let data_name = DATA_FORMATS[data];
    let number_name = NUMBER_FORMATS[number];
    match (data == DEFAULT_DATA_FORMAT, number == DEFAULT_NUMBER_FORMAT) {
        (true, true) => Ok(()),
        (true, false) => write!(f, " format:[BUF_NUM_FORMAT_{number_name}]"),
        (false, true) => write!(f, " format:[BUF_DATA_FORMAT_{data_name}]"),
        (false, false) => write!(f, " format:[BUF_DATA_FORMAT_{data_name},BUF_NUM_FORMAT_{number_name}]"),
    }
}
