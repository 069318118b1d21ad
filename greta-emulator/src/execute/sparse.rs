//! The sparse matrix instructions, D = D + A * B, where A has two elements of every four of k.
//!
//! Layouts are those of AMD's matrix instruction calculator: a lane's elements of A stand for twice
//! as many consecutive k, which are those of the same lane group of B; an index register has two bits
//! for each element. No public model gives the order of the sums; here the elements that are present
//! are added as those of a dense instruction of as many k.

use greta_numerics::mfma::{Format, Parts, Rule, dot_fp8, dot_grouped, dot_i8};

use super::cause::Cause;
use super::matrix::registers;
use super::wave::{LANES, Lanes, Wave};
use crate::isa::{Instruction, Op};

/// Rows and columns, how deep B is, formats of A and B.
struct Tile {
    side: usize,
    depth: usize,
    a: Format,
    b: Format,
}

fn tile(op: Op) -> Option<Tile> {
    use Format::{Bf8, Bf16, F16, Fp8, I8};
    let (side, depth, a, b) = match op {
        Op::v_smfmac_f32_16x16x32_f16 => (16, 32, F16, F16),
        Op::v_smfmac_f32_32x32x16_f16 => (32, 16, F16, F16),
        Op::v_smfmac_f32_16x16x32_bf16 => (16, 32, Bf16, Bf16),
        Op::v_smfmac_f32_32x32x16_bf16 => (32, 16, Bf16, Bf16),
        Op::v_smfmac_i32_16x16x64_i8 => (16, 64, I8, I8),
        Op::v_smfmac_i32_32x32x32_i8 => (32, 32, I8, I8),
        Op::v_smfmac_f32_16x16x64_bf8_bf8 => (16, 64, Bf8, Bf8),
        Op::v_smfmac_f32_16x16x64_bf8_fp8 => (16, 64, Bf8, Fp8),
        Op::v_smfmac_f32_16x16x64_fp8_bf8 => (16, 64, Fp8, Bf8),
        Op::v_smfmac_f32_16x16x64_fp8_fp8 => (16, 64, Fp8, Fp8),
        Op::v_smfmac_f32_32x32x32_bf8_bf8 => (32, 32, Bf8, Bf8),
        Op::v_smfmac_f32_32x32x32_bf8_fp8 => (32, 32, Bf8, Fp8),
        Op::v_smfmac_f32_32x32x32_fp8_bf8 => (32, 32, Fp8, Bf8),
        Op::v_smfmac_f32_32x32x32_fp8_fp8 => (32, 32, Fp8, Fp8),
        _ => return None,
    };
    Some(Tile { side, depth, a, b })
}

pub(super) fn execute(wave: &mut Wave, instruction: &Instruction, cbsz: u8, abid: u8) -> Result<(), Cause> {
    let tile = tile(instruction.op).ok_or(Cause::Unimplemented)?;
    let (a, b) = (registers(wave, instruction, 0), registers(wave, instruction, 1));
    let indices = registers(wave, instruction, 2)[0];
    // The register has several sets, of which the instruction names one unless `cbsz` says the first.
    let per_lane = tile.depth * tile.side / LANES / 2;
    let set = if cbsz == 0 { usize::from(abid) % (32 / (2 * per_lane)) } else { 0 };
    let index = |lane: usize, element: usize| (indices[lane] >> (2 * (set * per_lane + element)) & 3) as usize;
    let mut results = [[0; 32]; 32];
    for (i, row) in results.iter_mut().enumerate().take(tile.side) {
        let present = row_of_a(&tile, &a, i, index);
        for (j, result) in row.iter_mut().enumerate().take(tile.side) {
            let (register, lane) = place(&tile, i, j);
            let acc = wave.lane(instruction.dst, register, lane);
            *result = dot(&tile, &present, &b, j, acc).ok_or(Cause::Unimplemented)?;
        }
    }
    for (i, row) in results.iter().enumerate().take(tile.side) {
        for (j, &result) in row.iter().enumerate().take(tile.side) {
            let (register, lane) = place(&tile, i, j);
            wave.set_lane(instruction.dst, register, lane, result);
        }
    }
    Ok(())
}

/// The elements of a row of A that are present: bits, and which k they are of.
fn row_of_a(tile: &Tile, a: &[Lanes], i: usize, index: impl Fn(usize, usize) -> usize) -> Vec<(u32, usize)> {
    let groups = LANES / tile.side;
    let per_lane = tile.depth / groups / 2;
    let elements = (0..groups).flat_map(|group| (0..per_lane).map(move |element| (group, element)));
    elements
        .map(|(group, element)| {
            let lane = group * tile.side + i;
            let k = group * 2 * per_lane + element / 2 * 4 + index(lane, element);
            (bits_of(a, tile.a, lane, element), k)
        })
        .collect()
}

fn bits_of(registers: &[Lanes], format: Format, lane: usize, element: usize) -> u32 {
    let bits = format.bits() as usize;
    let at = element * bits;
    registers[at / 32][lane] >> (at % 32) & ((1 << bits) - 1)
}

fn dot(tile: &Tile, present: &[(u32, usize)], b: &[Lanes], j: usize, acc: u32) -> Option<u32> {
    let per_lane = tile.depth * tile.side / LANES;
    let of_b = |k: usize| bits_of(b, tile.b, k / per_lane * tile.side + j, k % per_lane);
    if tile.a == Format::I8 {
        let a: Vec<_> = present.iter().map(|&(bits, _)| bits as i8).collect();
        let b: Vec<_> = present.iter().map(|&(_, k)| of_b(k) as i8).collect();
        return Some(dot_i8(&a, &b, acc as i32) as u32);
    }
    let a: Vec<_> = present.iter().map(|&(bits, _)| Parts::new(tile.a, bits)).collect::<Option<_>>()?;
    let b: Vec<_> = present.iter().map(|&(_, k)| Parts::new(tile.b, of_b(k))).collect::<Option<_>>()?;
    let acc = f32::from_bits(acc);
    Some(match Rule::of(tile.a, tile.depth / 2)? {
        Rule::Grouped { group } => dot_grouped(usize::from(group), &a, &b, acc).to_bits(),
        _ => dot_fp8(&a, &b, acc).to_bits(),
    })
}

/// Where D[i][j] is: register and lane.
fn place(tile: &Tile, i: usize, j: usize) -> (usize, usize) {
    if tile.side == 32 { (i / 8 * 4 + i % 4, i / 4 % 2 * 32 + j) } else { (i % 4, i / 4 * 16 + j) }
}
