//! The matrix instructions: which lane and register holds which element, and which rule multiplies.
//!
//! Layouts are those of AMD's matrix instruction calculator for gfx942. A lane holds consecutive k of
//! one row of A or column of B; lanes that share it come in groups, for further k or further blocks.
//! The arithmetic is greta-numerics'. Knows nothing of timing.

use greta_numerics::Simd;
use greta_numerics::mfma::{Accumulator, Elements, Format, Left, Order, Right, Rule, Shape, multiply};

use super::cause::Cause;
use super::sparse;
use super::wave::{LANES, Lanes, Wave};
use crate::isa::{Detail, Instruction, Kind, Op};

/// Registers of A or B, at most.
const OPERAND_REGISTERS: usize = 4;
/// Elements of A or B in one block, at most.
const OPERAND_ELEMENTS: usize = 512;
/// 32-bit words of D: of the small tiles, and at most.
const SMALL_WORDS: usize = 4 * LANES;
const LARGE_WORDS: usize = 32 * LANES;

/// A matrix instruction: rows and columns of a block, how deep, how many blocks, formats of A and B.
struct Tile {
    side: usize,
    depth: usize,
    blocks: usize,
    a: Format,
    b: Format,
}

fn tile(op: Op) -> Option<Tile> {
    use Format::{Bf8, Bf16, F16, F32, F64, Fp8, I8, Xf32};
    let (side, depth, blocks, a, b) = match op {
        Op::v_mfma_f32_16x16x8_xf32 => (16, 8, 1, Xf32, Xf32),
        Op::v_mfma_f32_32x32x4_xf32 => (32, 4, 1, Xf32, Xf32),
        Op::v_mfma_f32_32x32x1_2b_f32 => (32, 1, 2, F32, F32),
        Op::v_mfma_f32_16x16x1_4b_f32 => (16, 1, 4, F32, F32),
        Op::v_mfma_f32_4x4x1_16b_f32 => (4, 1, 16, F32, F32),
        Op::v_mfma_f32_32x32x2_f32 => (32, 2, 1, F32, F32),
        Op::v_mfma_f32_16x16x4_f32 => (16, 4, 1, F32, F32),
        Op::v_mfma_f32_32x32x4_2b_f16 => (32, 4, 2, F16, F16),
        Op::v_mfma_f32_16x16x4_4b_f16 => (16, 4, 4, F16, F16),
        Op::v_mfma_f32_4x4x4_16b_f16 => (4, 4, 16, F16, F16),
        Op::v_mfma_f32_32x32x8_f16 => (32, 8, 1, F16, F16),
        Op::v_mfma_f32_16x16x16_f16 => (16, 16, 1, F16, F16),
        Op::v_mfma_f32_32x32x4_2b_bf16 => (32, 4, 2, Bf16, Bf16),
        Op::v_mfma_f32_16x16x4_4b_bf16 => (16, 4, 4, Bf16, Bf16),
        Op::v_mfma_f32_4x4x4_16b_bf16 => (4, 4, 16, Bf16, Bf16),
        Op::v_mfma_f32_32x32x8_bf16 => (32, 8, 1, Bf16, Bf16),
        Op::v_mfma_f32_16x16x16_bf16 => (16, 16, 1, Bf16, Bf16),
        Op::v_mfma_i32_32x32x4_2b_i8 => (32, 4, 2, I8, I8),
        Op::v_mfma_i32_16x16x4_4b_i8 => (16, 4, 4, I8, I8),
        Op::v_mfma_i32_4x4x4_16b_i8 => (4, 4, 16, I8, I8),
        Op::v_mfma_i32_32x32x16_i8 => (32, 16, 1, I8, I8),
        Op::v_mfma_i32_16x16x32_i8 => (16, 32, 1, I8, I8),
        Op::v_mfma_f64_16x16x4_f64 => (16, 4, 1, F64, F64),
        Op::v_mfma_f64_4x4x4_4b_f64 => (4, 4, 4, F64, F64),
        Op::v_mfma_f32_16x16x32_bf8_bf8 => (16, 32, 1, Bf8, Bf8),
        Op::v_mfma_f32_16x16x32_bf8_fp8 => (16, 32, 1, Bf8, Fp8),
        Op::v_mfma_f32_16x16x32_fp8_bf8 => (16, 32, 1, Fp8, Bf8),
        Op::v_mfma_f32_16x16x32_fp8_fp8 => (16, 32, 1, Fp8, Fp8),
        Op::v_mfma_f32_32x32x16_bf8_bf8 => (32, 16, 1, Bf8, Bf8),
        Op::v_mfma_f32_32x32x16_bf8_fp8 => (32, 16, 1, Bf8, Fp8),
        Op::v_mfma_f32_32x32x16_fp8_bf8 => (32, 16, 1, Fp8, Bf8),
        Op::v_mfma_f32_32x32x16_fp8_fp8 => (32, 16, 1, Fp8, Fp8),
        _ => return None,
    };
    Some(Tile { side, depth, blocks, a, b })
}

pub(super) fn execute(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    let Detail::Mai { cbsz, abid, blgp } = instruction.detail else {
        // Moves between the two halves of the file.
        let lanes = wave.lanes(instruction.src[0], Kind::B32, instruction.literal, 0);
        let exec = wave.exec();
        wave.set_lanes(instruction.dst, 0, &lanes, exec);
        return Ok(());
    };
    if instruction.row().src[2] == Kind::B32 {
        return sparse::execute(wave, instruction, cbsz, abid);
    }
    let tile = tile(instruction.op).ok_or(Cause::Unimplemented)?;
    let mut operands = Operands { a: registers(wave, instruction, 0), b: registers(wave, instruction, 1), cbsz, abid };
    let negated = if tile.a == Format::F64 { blgp } else { 0 };
    if tile.a == Format::F64 {
        negate(&mut operands.a, negated & 1 != 0);
        negate(&mut operands.b, negated & 2 != 0);
    } else if blgp != 0 {
        operands.b = operands.b.map(|register| pattern(&register, blgp));
    }
    if instruction.row().dst.dwords() as usize * LANES <= SMALL_WORDS {
        multiply_blocks::<SMALL_WORDS>(wave, simd, instruction, &tile, &operands, negated & 4 != 0)
    } else {
        multiply_blocks::<LARGE_WORDS>(wave, simd, instruction, &tile, &operands, negated & 4 != 0)
    }
    .ok_or(Cause::Unimplemented)
}

/// A and B as they are read, and A's broadcast.
struct Operands {
    a: [Lanes; OPERAND_REGISTERS],
    b: [Lanes; OPERAND_REGISTERS],
    cbsz: u8,
    abid: u8,
}

impl Operands {
    /// The block of A that `block` multiplies.
    fn block_of_a(&self, block: usize, blocks: usize) -> usize {
        let shared = 1usize << self.cbsz;
        if self.cbsz == 0 { block } else { (block / shared * shared + usize::from(self.abid)) % blocks }
    }
}

/// The registers of source `index`.
pub(super) fn registers(wave: &Wave, instruction: &Instruction, index: usize) -> [Lanes; OPERAND_REGISTERS] {
    let kind = instruction.row().src[index];
    let mut registers = [[0; LANES]; OPERAND_REGISTERS];
    for (dword, register) in registers.iter_mut().enumerate().take(kind.dwords() as usize) {
        *register = wave.lanes(instruction.src[index], kind, instruction.literal, dword);
    }
    registers
}

/// Negates pairs of registers as f64.
fn negate(registers: &mut [Lanes; OPERAND_REGISTERS], is_negated: bool) {
    if is_negated {
        registers[1] = registers[1].map(|high| high ^ 0x8000_0000);
    }
}

/// B's lanes as BLGP rearranges them.
fn pattern(lanes: &Lanes, blgp: u8) -> Lanes {
    std::array::from_fn(|lane| {
        lanes[match blgp {
            0 => lane,
            1 => lane % 32,
            2 => 32 + lane % 32,
            3 => (lane + 16) % LANES,
            _ => usize::from(blgp - 4) * 16 % LANES + lane % 16,
        }]
    })
}

/// All blocks: C is read, then multiplied, then D written.
fn multiply_blocks<const WORDS: usize>(
    wave: &mut Wave,
    simd: Simd,
    instruction: &Instruction,
    tile: &Tile,
    operands: &Operands,
    negates_c: bool,
) -> Option<()> {
    let mut d = [0; WORDS];
    let words = tile.side * tile.side * if tile.a == Format::F64 { 2 } else { 1 };
    for (block, d) in d.chunks_exact_mut(words).enumerate().take(tile.blocks) {
        gather(wave, instruction, tile, block, d);
        if negates_c {
            d.iter_mut().skip(1).step_by(2).for_each(|high| *high ^= 0x8000_0000);
        }
        multiply_block(simd, tile, operands, block, d)?;
    }
    for (block, d) in d.chunks_exact(words).enumerate().take(tile.blocks) {
        scatter(wave, instruction, tile, block, d);
    }
    Some(())
}

fn multiply_block(simd: Simd, tile: &Tile, operands: &Operands, block: usize, d: &mut [u32]) -> Option<()> {
    let from = operands.block_of_a(block, tile.blocks);
    let count = tile.side * tile.depth;
    if tile.a.bits() == 32 && tile.blocks == 1 && tile.depth * tile.side == LANES {
        // A register is columns of A or rows of B as it is.
        return multiply_elements(simd, tile, Elements::Bits32(&operands.a[0]), Elements::Bits32(&operands.b[0]), d);
    }
    match tile.a.bits() {
        8 => {
            let a = elements(tile, &operands.a, from, |bits| bits as u8);
            let b = elements(tile, &operands.b, block, |bits| bits as u8);
            multiply_elements(simd, tile, Elements::Bits8(&a[..count]), Elements::Bits8(&b[..count]), d)
        }
        16 => {
            let a = elements(tile, &operands.a, from, |bits| bits as u16);
            let b = elements(tile, &operands.b, block, |bits| bits as u16);
            multiply_elements(simd, tile, Elements::Bits16(&a[..count]), Elements::Bits16(&b[..count]), d)
        }
        32 => {
            let a = elements(tile, &operands.a, from, |bits| bits);
            let b = elements(tile, &operands.b, block, |bits| bits);
            multiply_elements(simd, tile, Elements::Bits32(&a[..count]), Elements::Bits32(&b[..count]), d)
        }
        _ => multiply_doubles(simd, tile, operands, (from, block), d),
    }
}

/// D = A * B + C in place of C, where A is by columns and B by rows.
fn multiply_elements(simd: Simd, tile: &Tile, a: Elements<'_>, b: Elements<'_>, d: &mut [u32]) -> Option<()> {
    let shape = Shape { m: tile.side, n: tile.side, k: tile.depth };
    let left = Left { format: tile.a, elements: a, order: Order::Columns };
    let right = Right { format: tile.b, elements: b };
    multiply(simd, Rule::of(tile.a, tile.depth)?, shape, left, right, Accumulator::Bits32(d)).ok()
}

fn multiply_doubles(
    simd: Simd,
    tile: &Tile,
    operands: &Operands,
    (from, block): (usize, usize),
    d: &mut [u32],
) -> Option<()> {
    let double = |registers: &[Lanes], block: usize, k: usize, index: usize| {
        let lane = lane_of_double(tile, block, k, index);
        u64::from(registers[1][lane]) << 32 | u64::from(registers[0][lane])
    };
    let mut a = [0; LANES];
    let mut b = [0; LANES];
    for (at, (a, b)) in a.iter_mut().zip(&mut b).enumerate().take(tile.side * tile.depth) {
        let (k, index) = (at / tile.side, at % tile.side);
        *a = double(&operands.a, from, k, index);
        *b = double(&operands.b, block, k, index);
    }
    let count = tile.side * tile.depth;
    let shape = Shape { m: tile.side, n: tile.side, k: tile.depth };
    let left = Left { format: tile.a, elements: Elements::Bits64(&a[..count]), order: Order::Columns };
    let right = Right { format: tile.b, elements: Elements::Bits64(&b[..count]) };
    let mut sums: Vec<u64> =
        d.as_chunks::<2>().0.iter().map(|[low, high]| u64::from(*high) << 32 | u64::from(*low)).collect();
    multiply(simd, Rule::F64, shape, left, right, Accumulator::Bits64(&mut sums)).ok()?;
    for (words, sum) in d.as_chunks_mut::<2>().0.iter_mut().zip(sums) {
        *words = [sum as u32, (sum >> 32) as u32];
    }
    Some(())
}

/// Blocks of f64 lie beside each other within a k, those of the other formats one after the other.
fn lane_of_double(tile: &Tile, block: usize, k: usize, index: usize) -> usize {
    (k * tile.side * tile.blocks + block * tile.side + index) % LANES
}

/// A block of A by columns, or of B by rows: a lane holds consecutive k.
fn elements<E: Copy + Default>(
    tile: &Tile,
    registers: &[Lanes; OPERAND_REGISTERS],
    block: usize,
    element: impl Fn(u32) -> E,
) -> [E; OPERAND_ELEMENTS] {
    let mut elements = [E::default(); OPERAND_ELEMENTS];
    let bits = tile.a.bits() as usize;
    let per_register = 32 / bits;
    let per_lane = if tile.blocks == 1 { tile.depth * tile.side / LANES } else { tile.depth };
    let groups = tile.depth / per_lane;
    for group in 0..groups {
        let first_lane = (group + if tile.blocks == 1 { 0 } else { block }) * tile.side;
        for within in 0..per_lane {
            let (register, shift) = (&registers[within / per_register], within % per_register * bits);
            let row = &mut elements[(group * per_lane + within) * tile.side..][..tile.side];
            for (target, word) in row.iter_mut().zip(&register[first_lane % LANES..]) {
                *target = element(word >> shift);
            }
        }
    }
    elements
}

/// Where D[i][0] of a block is: register and lane. The rest of the row follows in the lanes.
fn place(tile: &Tile, block: usize, i: usize) -> (usize, usize) {
    match (tile.side, tile.a) {
        (16, Format::F64) => (i / 4 * 2, i % 4 * 16),
        (_, Format::F64) => (0, i * tile.side * tile.blocks + block * tile.side),
        (32, _) => (block * 16 + i / 8 * 4 + i % 4, i / 4 % 2 * 32),
        (16, _) => (block * 4 + i % 4, i / 4 * 16),
        _ => (i, block * 4),
    }
}

/// Copies a row of a block. Most have 16 words, for which a call would take longer than the copy.
#[inline]
fn copy_row(target: &mut [u32], source: &[u32]) {
    if let (Ok(target), Ok(source)) = (<&mut [u32; 16]>::try_from(&mut *target), <&[u32; 16]>::try_from(source)) {
        *target = *source;
    } else {
        target.copy_from_slice(source);
    }
}

/// Rows of a block of C, from registers.
fn gather(wave: &Wave, instruction: &Instruction, tile: &Tile, block: usize, d: &mut [u32]) {
    let (source, kind, side) = (instruction.src[2], instruction.row().src[2], tile.side);
    let is_double = d.len() > side * side;
    for (i, row) in d.chunks_exact_mut(side << u32::from(is_double)).enumerate() {
        let (register, lane) = place(tile, block, i);
        if let (Some(register), false) = (wave.register(source, register), is_double) {
            copy_row(row, &wave.vectors[register][lane..lane + side]);
            continue;
        }
        let words = 1 + usize::from(is_double);
        for word in 0..words {
            let lanes = wave.lanes(source, kind, instruction.literal, register + word);
            for (target, value) in row.iter_mut().skip(word).step_by(words).zip(&lanes[lane..]) {
                *target = *value;
            }
        }
    }
}

/// Rows of a block of D, to registers.
fn scatter(wave: &mut Wave, instruction: &Instruction, tile: &Tile, block: usize, d: &[u32]) {
    let side = tile.side;
    let is_double = d.len() > side * side;
    for (i, row) in d.chunks_exact(side << u32::from(is_double)).enumerate() {
        let (register, lane) = place(tile, block, i);
        for word in 0..1 + usize::from(is_double) {
            let Some(register) = wave.register(instruction.dst, register + word) else { continue };
            let lanes = &mut wave.vectors[register][lane..lane + side];
            if is_double {
                lanes.iter_mut().zip(row.iter().skip(word).step_by(2)).for_each(|(lane, value)| *lane = *value);
            } else {
                copy_row(lanes, row);
            }
        }
    }
}
