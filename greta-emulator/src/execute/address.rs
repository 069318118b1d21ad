//! Where the lanes of a memory instruction go: FLAT, GLOBAL, SCRATCH, MUBUF, MTBUF and DS.
//!
//! Buffer addresses are those of the CDNA3 ISA document, section 9.1.5. Knows nothing of what is
//! done there.

use super::action::{Action, action};
use super::constant;
use super::space::Target;
use super::wave::{PRIVATE_BASE, SHARED_BASE, Wave, active};
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Memory, Operand};

/// A lane's address, and how many bytes from there on exist: others read 0 and are not written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) target: Target,
    pub(crate) left: u64,
}

pub(super) fn memory(instruction: &Instruction) -> Memory {
    if let Detail::Memory(memory) = instruction.detail { memory } else { Memory::default() }
}

/// What a lane of a FLAT, GLOBAL, SCRATCH, MUBUF or MTBUF instruction accesses.
#[inline]
pub(super) fn of_lane(wave: &Wave, instruction: &Instruction, lane: usize) -> Access {
    match instruction.row().encoding {
        Encoding::Mubuf | Encoding::Mtbuf => of_buffer(wave, instruction, lane),
        _ => Access { target: of_flat(wave, instruction, lane), left: u64::MAX },
    }
}

/// What all lanes of a GLOBAL instruction add to their own addresses: the scalar base, if there is one, and the offset.
pub(super) fn global_base(wave: &Wave, instruction: &Instruction) -> u64 {
    let scalar = instruction.src[2];
    let base = if scalar.is_some() { wave.scalar_pair(scalar, 0) } else { 0 };
    base.wrapping_add(i64::from(memory(instruction).offset) as u64)
}

#[inline]
pub(crate) fn of_flat(wave: &Wave, instruction: &Instruction, lane: usize) -> Target {
    let [vector, _, scalar, _] = instruction.src;
    let offset = i64::from(memory(instruction).offset) as u64;
    let low = |operand: Operand| if operand.is_some() { u64::from(wave.lane(operand, 0, lane)) } else { 0 };
    let wide = || u64::from(wave.lane(vector, 1, lane)) << 32 | low(vector);
    match instruction.row().encoding {
        Encoding::Scratch => {
            let scalar = if scalar.is_some() { u64::from(wave.scalar(scalar, 0)) } else { 0 };
            Target::Scratch(low(vector).wrapping_add(scalar).wrapping_add(offset) & 0xffff_ffff)
        }
        Encoding::Global => {
            let lane = if scalar.is_some() { low(vector) } else { wide() };
            Target::Global(global_base(wave, instruction).wrapping_add(lane))
        }
        _ => {
            let address = wide().wrapping_add(offset);
            match address & !0xffff_ffff {
                SHARED_BASE => Target::Shared(address & 0xffff_ffff),
                PRIVATE_BASE => Target::Scratch(address & 0xffff_ffff),
                _ => Target::Global(address),
            }
        }
    }
}

/// A buffer's descriptor: 4 scalar registers.
pub(super) struct Buffer {
    words: [u32; 4],
}

impl Buffer {
    pub(super) fn read(wave: &Wave, instruction: &Instruction) -> Self {
        Self { words: std::array::from_fn(|dword| wave.lane(instruction.src[2], dword, 0)) }
    }

    fn field(&self, word: usize, low: u32, bits: u32) -> u64 {
        u64::from(self.words[word] >> low & ((1 << bits) - 1))
    }

    fn base(&self) -> u64 {
        u64::from(self.words[0]) | self.field(1, 0, 16) << 32
    }

    /// Which component, or constant, each of the four results is; number format, data format.
    pub(super) fn format(&self) -> ([u8; 4], u8, u8) {
        let select = [0, 3, 6, 9].map(|low| self.field(3, low, 3) as u8);
        (select, self.field(3, 12, 3) as u8, self.field(3, 15, 4) as u8)
    }
}

fn of_buffer(wave: &Wave, instruction: &Instruction, lane: usize) -> Access {
    let [vector, _, _, scalar] = instruction.src;
    let (memory, buffer) = (memory(instruction), Buffer::read(wave, instruction));
    let (stride, records) = (buffer.field(1, 16, 14), u64::from(buffer.words[2]));
    let is_swizzled = buffer.field(1, 31, 1) != 0;
    let has_thread = buffer.field(3, 23, 1) != 0;
    let scalar = u64::from(wave.scalar(scalar, 0));
    let thread = if has_thread { lane as u64 } else { 0 };
    let index = thread + if memory.idxen { u64::from(wave.lane(vector, 0, lane)) } else { 0 };
    let offset = if memory.offen { u64::from(wave.lane(vector, usize::from(memory.idxen), lane)) } else { 0 };
    let offset = offset + u64::from(memory.offset as u32);
    let inside = if is_swizzled {
        let (index_stride, element) = (8 << buffer.field(3, 21, 2), 2 << buffer.field(3, 19, 2));
        let row = index / index_stride * stride + offset / element * element;
        row * index_stride + index % index_stride * element + offset % element
    } else {
        index * stride + offset
    };
    let address = buffer.base().wrapping_add(scalar).wrapping_add(inside);
    // Records are bytes of a raw buffer, and elements of a structured one.
    let left = match stride {
        0 => records.saturating_sub(scalar).saturating_sub(offset),
        _ if index < records => u64::MAX,
        _ => 0,
    };
    Access { target: Target::Global(address), left }
}

/// The LDS offset of a lane of a DS instruction; of its element `index` where it has two.
#[inline]
pub(super) fn of_shared(wave: &Wave, instruction: &Instruction, lane: usize, index: usize, bytes: u8) -> u64 {
    let base = if instruction.src[0].is_some() { wave.lane(instruction.src[0], 0, lane) } else { 0 };
    u64::from(base.wrapping_add(shared_distance(instruction, index, bytes)))
}

/// How far element `index` of a DS instruction is from where its register of addresses points.
pub(super) fn shared_distance(instruction: &Instruction, index: usize, bytes: u8) -> u32 {
    let offset = memory(instruction).offset as u32;
    let flags = instruction.row().flags;
    if !flags.has(Flags::OFFSET2) {
        return offset;
    }
    let stride = if flags.has(Flags::STRIDE64) { 64 } else { 1 };
    (offset >> (8 * index) & 0xff) * stride * u32::from(bytes)
}

/// A lane's access to LDS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedAccess {
    pub(crate) lane: usize,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) writes: bool,
    pub(crate) is_atomic: bool,
}

/// Every access to LDS that a DS or FLAT instruction is about to make. Those of direct loads come
/// later than the instruction and are left out.
pub(crate) fn shared_accesses(wave: &Wave, instruction: &Instruction, mut each: impl FnMut(SharedAccess)) {
    let row = instruction.row();
    let Some(action) = action(instruction.op).filter(|_| matches!(row.encoding, Encoding::Ds | Encoding::Flat)) else {
        return;
    };
    let bytes = u64::from(action.bytes());
    let is_atomic = matches!(action, Action::Atomic { .. });
    let writes = !matches!(action, Action::Load { .. });
    for lane in active(wave.exec()) {
        let mut at = |offset: u64| each(SharedAccess { lane, offset, bytes, writes, is_atomic });
        if row.encoding == Encoding::Flat {
            if let Target::Shared(offset) = of_flat(wave, instruction, lane) {
                at(offset);
            }
            continue;
        }
        let elements = if row.flags.has(Flags::OFFSET2) { 2 } else { 1 };
        for index in 0..elements {
            at(of_shared(wave, instruction, lane, index, action.bytes()));
        }
    }
}

/// The address and size of every access to device memory that the instruction is about to make.
pub(crate) fn global_accesses(wave: &Wave, instruction: &Instruction, mut each: impl FnMut(u64, u64)) {
    let row = instruction.row();
    if row.encoding == Encoding::Smem {
        if row.dst != Kind::None && instruction.src[0].is_some() {
            each(constant::address_of(wave, instruction).0, u64::from(row.dst.dwords()) * 4);
        }
        return;
    }
    let Some(action) = action(instruction.op) else { return };
    // Of a converting access the registers' size stands for that of the texel.
    let registers = if row.dst == Kind::None { row.src[0] } else { row.dst };
    let bytes = if action.bytes() > 0 { u64::from(action.bytes()) } else { u64::from(registers.dwords()) * 4 };
    for lane in active(wave.exec()) {
        if let Access { target: Target::Global(address), left } = of_lane(wave, instruction, lane)
            && bytes <= left
        {
            each(address, bytes);
        }
    }
}
