//! The matrix instructions: which lane and register holds which element, and which rule multiplies.
//!
//! Layouts are those of AMD's matrix instruction calculator for gfx942. A lane holds consecutive k of
//! one row of A or column of B; lanes that share it come in groups, for further k or further blocks.
//! The arithmetic is greta-numerics'. Knows nothing of timing.

use greta_numerics::Simd;
use greta_numerics::mfma::{Accumulator, Elements, Format, Left, Order, Right, Rule, Shape, multiply};

use super::cause::Cause;
use super::wave::{LANES, Lanes, Wave};
use crate::isa::{Detail, Instruction, Kind, Op};

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
    let tile = tile(instruction.op).ok_or(Cause::Unimplemented)?;
    if tile.a == Format::F64 && blgp != 0 {
        return Err(Cause::Unimplemented);
    }
    let registers = |index: usize| {
        let kind = instruction.row().src[index];
        (0..kind.dwords() as usize)
            .map(|dword| wave.lanes(instruction.src[index], kind, instruction.literal, dword))
            .collect::<Vec<Lanes>>()
    };
    let (a, mut b, mut c) = (registers(0), registers(1), registers(2));
    for register in &mut b {
        *register = pattern(register, blgp);
    }
    for block in 0..tile.blocks {
        let shared = 1usize << cbsz;
        let from = if cbsz == 0 { block } else { (block / shared * shared + usize::from(abid)) % tile.blocks };
        multiply_block(simd, &tile, (&a, from), (&b, block), &mut c).ok_or(Cause::Unimplemented)?;
    }
    for (dword, lanes) in c.iter().enumerate() {
        wave.set_lanes(instruction.dst, dword, lanes, u64::MAX);
    }
    Ok(())
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

/// Bits of an element of A or B: row or column `index`, depth `k`.
fn element(tile: &Tile, registers: &[Lanes], block: usize, index: usize, k: usize, bits: usize) -> u64 {
    let groups = LANES / tile.side;
    let per_lane = if tile.blocks == 1 { tile.depth / groups } else { tile.depth };
    let per_lane = per_lane.max(1);
    let group = if tile.blocks == 1 { k / per_lane } else { block };
    let lane = (group * tile.side + index) % LANES;
    let place = k % per_lane * bits;
    let word = |at: usize| registers.get(at).map_or(0, |register| register[lane]);
    if bits == 64 {
        return u64::from(word(place / 32 + 1)) << 32 | u64::from(word(place / 32));
    }
    u64::from(word(place / 32)) >> (place % 32) & ((1 << bits) - 1)
}

/// Where D[i][j] of a block is: register, in elements, and lane.
fn place(tile: &Tile, block: usize, i: usize, j: usize) -> (usize, usize) {
    match (tile.side, tile.a) {
        (16, Format::F64) => (i / 4, i % 4 * 16 + j),
        (32, _) => (block * 16 + i / 8 * 4 + i % 4, i / 4 % 2 * 32 + j),
        (16, _) => (block * 4 + i % 4, i / 4 * 16 + j),
        _ => (i, block * 4 + j),
    }
}

fn multiply_block(
    simd: Simd,
    tile: &Tile,
    (a, a_block): (&[Lanes], usize),
    (b, b_block): (&[Lanes], usize),
    c: &mut [Lanes],
) -> Option<()> {
    let Tile { side, depth, .. } = *tile;
    let shape = Shape { m: side, n: side, k: depth };
    let rule = Rule::of(tile.a, depth)?;
    let bits = tile.a.bits() as usize;
    if tile.a == Format::F32 && tile.blocks == 1 {
        // A register is columns of A or rows of B as it is.
        let (a, b) = (a.first()?, b.first()?);
        let left = Left { format: tile.a, elements: Elements::Bits32(a), order: Order::Columns };
        let right = Right { format: tile.b, elements: Elements::Bits32(b) };
        let mut d = [0u32; 32 * 32];
        let d = &mut d[..side * side];
        gather(tile, b_block, c, d);
        multiply(simd, rule, shape, left, right, Accumulator::Bits32(d)).ok()?;
        scatter(tile, b_block, d, c);
        return Some(());
    }
    let at = |registers: &[Lanes], block: usize| -> Vec<u64> {
        (0..depth)
            .flat_map(|k| (0..side).map(move |index| (k, index)))
            .map(|(k, index)| element(tile, registers, block, index, k, bits))
            .collect()
    };
    // Both come out with the lanes' index running fastest: columns of A, rows of B.
    let (a_bits, b_bits) = (at(a, a_block), at(b, b_block));
    let places = || (0..side).flat_map(|i| (0..side).map(move |j| (i, j)));
    if bits == 64 {
        let mut d: Vec<u64> = places()
            .map(|(i, j)| {
                let (register, lane) = place(tile, b_block, i, j);
                u64::from(c[2 * register + 1][lane]) << 32 | u64::from(c[2 * register][lane])
            })
            .collect();
        let left = Left { format: tile.a, elements: Elements::Bits64(&a_bits), order: Order::Columns };
        let right = Right { format: tile.b, elements: Elements::Bits64(&b_bits) };
        multiply(simd, rule, shape, left, right, Accumulator::Bits64(&mut d)).ok()?;
        for ((i, j), value) in places().zip(d) {
            let (register, lane) = place(tile, b_block, i, j);
            c[2 * register][lane] = value as u32;
            c[2 * register + 1][lane] = (value >> 32) as u32;
        }
        return Some(());
    }
    let mut d = [0u32; 32 * 32];
    let d = &mut d[..side * side];
    gather(tile, b_block, c, d);
    let left = |elements| Left { format: tile.a, elements, order: Order::Columns };
    let right = |elements| Right { format: tile.b, elements };
    let accumulator = Accumulator::Bits32(d);
    match bits {
        8 => {
            let [a, b] = [a_bits, b_bits].map(|bits| bits.iter().map(|&bits| bits as u8).collect::<Vec<_>>());
            multiply(simd, rule, shape, left(Elements::Bits8(&a)), right(Elements::Bits8(&b)), accumulator).ok()?;
        }
        16 => {
            let [a, b] = [a_bits, b_bits].map(|bits| bits.iter().map(|&bits| bits as u16).collect::<Vec<_>>());
            multiply(simd, rule, shape, left(Elements::Bits16(&a)), right(Elements::Bits16(&b)), accumulator).ok()?;
        }
        _ => {
            let [a, b] = [a_bits, b_bits].map(|bits| bits.iter().map(|&bits| bits as u32).collect::<Vec<_>>());
            multiply(simd, rule, shape, left(Elements::Bits32(&a)), right(Elements::Bits32(&b)), accumulator).ok()?;
        }
    }
    scatter(tile, b_block, d, c);
    Some(())
}

/// Rows of a block of C, from registers.
fn gather(tile: &Tile, block: usize, c: &[Lanes], d: &mut [u32]) {
    for (i, row) in d.chunks_exact_mut(tile.side).enumerate() {
        let (register, lane) = place(tile, block, i, 0);
        row.copy_from_slice(&c[register][lane..][..tile.side]);
    }
}

/// Rows of a block of D, to registers.
fn scatter(tile: &Tile, block: usize, d: &[u32], c: &mut [Lanes]) {
    for (i, row) in d.chunks_exact(tile.side).enumerate() {
        let (register, lane) = place(tile, block, i, 0);
        c[register][lane..][..tile.side].copy_from_slice(row);
    }
}
