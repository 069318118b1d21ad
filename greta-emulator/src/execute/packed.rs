//! VOP3P: packed arithmetic, mixed precision and dot products. The elements are computed as the
//! instructions of one register are.

use greta_numerics::{Overflow, Simd};

use super::bytes;
use super::cause::Cause;
use super::lanes::{half_fma, map2, map3, maximum, minimum};
use super::narrow::Inputs;
use super::rounding;
use super::vector::finish_float;
use super::wave::{LANES, Lanes, Wave};
use crate::isa::{Flags, Instruction, Kind, Op};

/// VOP3P: two results, each from chosen halves of the sources.
pub(super) fn execute(wave: &mut Wave, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    let row = instruction.row();
    let exec = wave.exec();
    match row.dst {
        Kind::F32x2 | Kind::B32x2 => {
            let low = packed_words(wave, simd, instruction, false)?;
            let high = packed_words(wave, simd, instruction, true)?;
            wave.set_lanes(instruction.dst, 0, &low, exec);
            wave.set_lanes(instruction.dst, 1, &high, exec);
            return Ok(());
        }
        _ if row.flags.has(Flags::MIX) => return mix(wave, instruction),
        Kind::F16x2 | Kind::B16x2 => {}
        _ => return dot(wave, instruction),
    }
    let op = single(instruction.op).ok_or(Cause::Unimplemented)?;
    let low = packed_halves(wave, simd, instruction, op, false)?;
    let high = packed_halves(wave, simd, instruction, op, true)?;
    let lanes = map2(&low, &high, |low, high| low & 0xffff | high << 16);
    wave.set_lanes(instruction.dst, 0, &lanes, exec);
    Ok(())
}

/// The instruction that computes one element of a packed one.
fn single(op: Op) -> Option<Op> {
    Some(match op {
        Op::v_pk_fma_f32 => Op::v_fma_f32,
        Op::v_pk_mul_f32 => Op::v_mul_f32,
        Op::v_pk_add_f32 => Op::v_add_f32,
        Op::v_pk_mov_b32 => Op::v_mov_b32,
        Op::v_pk_fma_f16 => Op::v_fma_f16,
        Op::v_pk_add_f16 => Op::v_add_f16,
        Op::v_pk_mul_f16 => Op::v_mul_f16,
        Op::v_pk_min_f16 => Op::v_min_f16,
        Op::v_pk_max_f16 => Op::v_max_f16,
        Op::v_pk_mad_i16 => Op::v_mad_i16,
        Op::v_pk_mad_u16 => Op::v_mad_u16,
        Op::v_pk_mul_lo_u16 => Op::v_mul_lo_u16,
        Op::v_pk_add_i16 => Op::v_add_i16,
        Op::v_pk_sub_i16 => Op::v_sub_i16,
        Op::v_pk_add_u16 => Op::v_add_u16,
        Op::v_pk_sub_u16 => Op::v_sub_u16,
        Op::v_pk_lshlrev_b16 => Op::v_lshlrev_b16,
        Op::v_pk_lshrrev_b16 => Op::v_lshrrev_b16,
        Op::v_pk_ashrrev_i16 => Op::v_ashrrev_i16,
        Op::v_pk_max_i16 => Op::v_max_i16,
        Op::v_pk_min_i16 => Op::v_min_i16,
        Op::v_pk_max_u16 => Op::v_max_u16,
        Op::v_pk_min_u16 => Op::v_min_u16,
        _ => return None,
    })
}

/// Bits that choose and negate for the low or the high result.
fn halves(instruction: &Instruction, is_high: bool) -> (u8, u8) {
    let modifiers = instruction.modifiers;
    if is_high { (modifiers.op_sel_hi, modifiers.abs) } else { (modifiers.op_sel, modifiers.neg) }
}

fn packed_words(wave: &Wave, simd: Simd, instruction: &Instruction, is_high: bool) -> Result<Lanes, Cause> {
    let (select, negate) = halves(instruction, is_high);
    let fetch = |index: usize| {
        let dword = usize::from(select >> index & 1);
        let lanes = wave.lanes(instruction.src[index], instruction.row().src[index], instruction.literal, dword);
        if negate >> index & 1 != 0 { lanes.map(|value| value ^ 0x8000_0000) } else { lanes }
    };
    // The low result of a packed move is source 0's, the high one source 1's.
    if instruction.op == Op::v_pk_mov_b32 {
        let index = usize::from(is_high);
        let dword = usize::from(instruction.modifiers.op_sel >> index & 1);
        return Ok(wave.lanes(instruction.src[index], Kind::B32x2, instruction.literal, dword));
    }
    let op = single(instruction.op).ok_or(Cause::Unimplemented)?;
    let c = if instruction.src[2].is_some() { fetch(2) } else { [0; LANES] };
    compute_element(wave, instruction, simd, op, [fetch(0), fetch(1), c], Kind::F32)
}

fn packed_halves(wave: &Wave, simd: Simd, instruction: &Instruction, op: Op, is_high: bool) -> Result<Lanes, Cause> {
    let (select, negate) = halves(instruction, is_high);
    let fetch = |index: usize| {
        let lanes = wave.lanes(instruction.src[index], instruction.row().src[index], instruction.literal, 0);
        let shift = if select >> index & 1 != 0 { 16 } else { 0 };
        let flip = if negate >> index & 1 != 0 { 0x8000 } else { 0 };
        lanes.map(|value| value >> shift & 0xffff ^ flip)
    };
    let c = if instruction.src[2].is_some() { fetch(2) } else { [0; LANES] };
    let kind = if instruction.row().dst == Kind::F16x2 { Kind::F16 } else { Kind::B16 };
    compute_element(wave, instruction, simd, op, [fetch(0), fetch(1), c], kind)
}

fn compute_element(
    wave: &Wave,
    instruction: &Instruction,
    simd: Simd,
    op: Op,
    [a, b, c]: [Lanes; 3],
    kind: Kind,
) -> Result<Lanes, Cause> {
    let clamp = instruction.modifiers.clamp;
    let mut inputs = Inputs { a, b, c, mask: 0, literal: 0, clamp, part: 0, overflow: Overflow::Nan, simd };
    let outcome = rounding::narrow(simd, op, &mut inputs, wave.mode);
    let (mut lanes, _) = outcome.ok_or(Cause::Unimplemented)?;
    finish_float(wave, instruction, kind, &mut lanes);
    Ok(lanes)
}

/// `v_fma_mix`: each source is f32, or one half as f16.
fn mix(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let modifiers = instruction.modifiers;
    let fetch = |index: usize| {
        let is_half = modifiers.op_sel_hi >> index & 1 != 0;
        let kind = if is_half { Kind::F16 } else { Kind::F32 };
        let lanes = wave.lanes(instruction.src[index], kind, instruction.literal, 0);
        let shift = if modifiers.op_sel >> index & 1 != 0 { 16 } else { 0 };
        let (abs, neg) = (modifiers.abs >> index & 1 != 0, modifiers.neg >> index & 1 != 0);
        lanes.map(|bits| {
            let value = if is_half { super::lanes::from_half(bits >> shift) } else { f32::from_bits(bits) };
            let value = if abs { value.abs() } else { value };
            (if neg { -value } else { value }).to_bits()
        })
    };
    let (a, b, c) = (fetch(0), fetch(1), fetch(2));
    let old = wave.lanes(instruction.dst, Kind::B32, 0, 0);
    let [a, b, c] = [a, b, c].map(|lanes| lanes.map(f32::from_bits));
    let exec = wave.exec();
    let is_limited = rounding::clamps_overflow(wave.mode);
    let mut lanes = [0; LANES];
    for lane in 0..LANES {
        let fused = |clamp: bool, x: f32| if clamp { minimum(maximum(x, 0.0), 1.0) } else { x };
        let value = fused(modifiers.clamp, a[lane].mul_add(b[lane], c[lane]));
        let half = if modifiers.clamp { super::lanes::to_half(value) } else { half_fma(a[lane], b[lane], c[lane]) };
        let is_true_infinity = !is_limited || [a, b, c].iter().any(|lanes| lanes[lane].is_infinite());
        let half = rounding::clamped_half(half, is_true_infinity);
        lanes[lane] = match instruction.op {
            Op::v_fma_mix_f32 => value.to_bits(),
            Op::v_fma_mixlo_f16 => old[lane] & 0xffff_0000 | half,
            _ => old[lane] & 0xffff | half << 16,
        };
    }
    wave.set_lanes(instruction.dst, 0, &lanes, exec);
    Ok(())
}

/// Dot products of integers, and of f16 in f32.
fn dot(wave: &mut Wave, instruction: &Instruction) -> Result<(), Cause> {
    let modifiers = instruction.modifiers;
    let fetch = |index: usize| wave.lanes(instruction.src[index], instruction.row().src[index], instruction.literal, 0);
    // 16-bit elements are chosen, and negated, for each product apart.
    let halves = |index: usize| {
        let sign = if instruction.op == Op::v_dot2_f32_f16 { 0x8000 } else { 0 };
        let bit = |bits: u8| bits >> index & 1 != 0;
        let half = |value: u32, is_high: bool, is_negated: bool| {
            (if is_high { value >> 16 } else { value & 0xffff }) ^ if is_negated { sign } else { 0 }
        };
        fetch(index).map(|value| {
            half(value, bit(modifiers.op_sel), bit(modifiers.neg))
                | half(value, bit(modifiers.op_sel_hi), bit(modifiers.abs)) << 16
        })
    };
    let c = fetch(2);
    let integer = |a: Lanes, b: Lanes, bits: u32, is_signed: bool| {
        map3(&a, &b, &c, |x, y, z| bytes::dot(x, y, z, (bits, is_signed), modifiers.clamp))
    };
    let lanes = match instruction.op {
        Op::v_dot2_f32_f16 => {
            let c = if modifiers.neg & 4 != 0 { c.map(|bits| bits ^ 0x8000_0000) } else { c };
            let mut lanes =
                map3(&halves(0), &halves(1), &c, |x, y, z| bytes::dot_f16(x, y, f32::from_bits(z)).to_bits());
            finish_float(wave, instruction, Kind::F32, &mut lanes);
            lanes
        }
        Op::v_dot2_i32_i16 => integer(halves(0), halves(1), 16, true),
        Op::v_dot2_u32_u16 => integer(halves(0), halves(1), 16, false),
        Op::v_dot4_i32_i8 => integer(fetch(0), fetch(1), 8, true),
        Op::v_dot4_u32_u8 => integer(fetch(0), fetch(1), 8, false),
        Op::v_dot8_i32_i4 => integer(fetch(0), fetch(1), 4, true),
        Op::v_dot8_u32_u4 => integer(fetch(0), fetch(1), 4, false),
        _ => return Err(Cause::Unimplemented),
    };
    let exec = wave.exec();
    wave.set_lanes(instruction.dst, 0, &lanes, exec);
    Ok(())
}
