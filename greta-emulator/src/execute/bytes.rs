//! Arithmetic on the bytes of a register: averages, sums of differences, dot products in place.

use super::lanes::*;
use super::narrow::{Inputs, saturate_i32, saturate_u32};
use super::wave::Lanes;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, clamp, .. } = inputs;
    let finish = |sum: u64| if *clamp { saturate_u32(sum) } else { sum as u32 };
    let dot_signed = |bits: u32| map3(a, b, c, |x, y, z| dot(x, y, z, (bits, true), *clamp));
    Some(match op {
        Op::v_lerp_u8 => map3(a, b, c, |x, y, z| {
            (0..4).fold(0, |result, index| {
                let part = |value: u32| value >> (8 * index) & 0xff;
                result | (part(x) + part(y) + (part(z) & 1)) >> 1 << (8 * index)
            })
        }),
        Op::v_sad_u8 => map3(a, b, c, |x, y, z| finish(differences(x, y, 8) + u64::from(z))),
        Op::v_sad_hi_u8 => map3(a, b, c, |x, y, z| finish((differences(x, y, 8) << 16) + u64::from(z))),
        Op::v_sad_u16 => map3(a, b, c, |x, y, z| finish(differences(x, y, 16) + u64::from(z))),
        Op::v_sad_u32 => map3(a, b, c, |x, y, z| finish(u64::from(x.abs_diff(y)) + u64::from(z))),
        Op::v_msad_u8 => map3(a, b, c, |x, y, z| finish(masked_differences(x, y) + u64::from(z))),
        Op::v_dot2c_i32_i16 => dot_signed(16),
        Op::v_dot4c_i32_i8 => dot_signed(8),
        Op::v_dot8c_i32_i4 => dot_signed(4),
        Op::v_dot2c_f32_f16 => map3(a, b, c, |x, y, z| dot_f16(x, y, f32::from_bits(z)).to_bits()),
        Op::v_pk_fmac_f16 => map3(a, b, c, |x, y, z| {
            let fused = |shift: u32| half_fma(from_half(x >> shift), from_half(y >> shift), from_half(z >> shift));
            fused(0) | fused(16) << 16
        }),
        _ => return None,
    })
}

/// The sum of the distances of unsigned parts of `bits` bits.
pub(super) fn differences(x: u32, y: u32, bits: u32) -> u64 {
    let part = |value: u32, index: u32| value >> (index * bits) & ((1 << bits) - 1);
    (0..32 / bits).map(|index| u64::from(part(x, index).abs_diff(part(y, index)))).sum()
}

/// The same for bytes, without those where `y` is 0.
pub(super) fn masked_differences(x: u32, y: u32) -> u64 {
    let pairs = x.to_le_bytes().into_iter().zip(y.to_le_bytes());
    pairs.filter(|&(_, y)| y != 0).map(|(x, y)| u64::from(x.abs_diff(y))).sum()
}

/// `z` and the products of parts of so many bits, signed or not.
pub(super) fn dot(x: u32, y: u32, z: u32, (bits, is_signed): (u32, bool), is_clamped: bool) -> u32 {
    let part = |value: u32, index: u32| {
        let high = value << (32 - bits - index * bits);
        if is_signed { i64::from(high as i32 >> (32 - bits)) } else { i64::from(high >> (32 - bits)) }
    };
    let products: i64 = (0..32 / bits).map(|index| part(x, index) * part(y, index)).sum();
    let sum = products + if is_signed { i64::from(z as i32) } else { i64::from(z) };
    match (is_clamped, is_signed) {
        (false, _) => sum as u32,
        (true, true) => saturate_i32(sum),
        (true, false) => saturate_u32(sum as u64),
    }
}

/// `z` and both products of f16, fused and in order.
pub(super) fn dot_f16(x: u32, y: u32, z: f32) -> f32 {
    from_half(x >> 16).mul_add(from_half(y >> 16), from_half(x).mul_add(from_half(y), z))
}
