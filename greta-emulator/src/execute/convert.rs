//! Conversions between formats.

use greta_numerics::float16::f16_from_f32_toward_zero;
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz};

use super::lanes::*;
use super::narrow::Inputs;
use super::wave::Lanes;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, .. } = inputs;
    let halves = |f: &dyn Fn(u32) -> u32| map2(a, b, |x, y| f(x) & 0xffff | f(y) << 16);
    let byte = |index: u32| map1(a, move |x| ((x >> (8 * index) & 0xff) as f32).to_bits());
    let fp8 = |x: u32| u32::from(F8E4M3Fnuz::from_f32(f32::from_bits(x), inputs.overflow).0);
    let bf8 = |x: u32| u32::from(F8E5M2Fnuz::from_f32(f32::from_bits(x), inputs.overflow).0);
    Some(match op {
        Op::v_cvt_f32_i32 => map1(a, |x| (x as i32 as f32).to_bits()),
        Op::v_cvt_f32_u32 => map1(a, |x| (x as f32).to_bits()),
        Op::v_cvt_u32_f32 => map1(a, |x| f32::from_bits(x) as u32),
        Op::v_cvt_i32_f32 => map1(a, |x| f32::from_bits(x) as i32 as u32),
        Op::v_cvt_rpi_i32_f32 => map1(a, |x| (f64::from(f32::from_bits(x)) + 0.5).floor() as i32 as u32),
        Op::v_cvt_flr_i32_f32 => map1(a, |x| f32::from_bits(x).floor() as i32 as u32),
        Op::v_cvt_f16_f32 => map1(a, |x| to_half(f32::from_bits(x))),
        Op::v_cvt_f32_f16 => map1(a, |x| from_half(x).to_bits()),
        Op::v_cvt_f32_ubyte0 => byte(0),
        Op::v_cvt_f32_ubyte1 => byte(1),
        Op::v_cvt_f32_ubyte2 => byte(2),
        Op::v_cvt_f32_ubyte3 => byte(3),
        Op::v_cvt_f16_u16 => map1(a, |x| to_half(f32::from(x as u16))),
        Op::v_cvt_f16_i16 => map1(a, |x| to_half(f32::from(x as i16))),
        Op::v_cvt_u16_f16 => map1(a, |x| u32::from(from_half(x) as u16)),
        Op::v_cvt_i16_f16 => map1(a, |x| u32::from(from_half(x) as i16 as u16)),
        Op::v_cvt_off_f32_i4 => map1(a, |x| (((x << 28) as i32 >> 28) as f32 / 16.0).to_bits()),
        Op::v_cvt_pkrtz_f16_f32 => halves(&|x| u32::from(f16_from_f32_toward_zero(f32::from_bits(x)))),
        Op::v_cvt_pk_u16_u32 => halves(&|x| x.min(0xffff)),
        Op::v_cvt_pk_i16_i32 => halves(&|x| u32::from((x as i32).clamp(-0x8000, 0x7fff) as i16 as u16)),
        Op::v_pack_b32_f16 => halves(&|x| x),
        Op::v_cvt_pk_u8_f32 => map3(a, b, c, |x, y, z| {
            let shift = 8 * (y & 3);
            z & !(0xff << shift) | u32::from(f32::from_bits(x) as u8) << shift
        }),
        Op::v_cvt_f32_fp8 => map1(a, |x| F8E4M3Fnuz(x as u8).to_f32().to_bits()),
        Op::v_cvt_f32_bf8 => map1(a, |x| F8E5M2Fnuz(x as u8).to_f32().to_bits()),
        Op::v_cvt_pkaccum_u8_f32 => map3(a, b, c, |x, y, old| {
            let shift = 8 * (y & 3);
            old & !(0xff << shift) | u32::from(f32::from_bits(x) as u8) << shift
        }),
        Op::v_sat_pk_u8_i16 => map1(a, |x| {
            let saturated = |part: u32| i32::from(part as i16).clamp(0, 255) as u32;
            saturated(x) | saturated(x >> 16) << 8
        }),
        Op::v_cvt_norm_i16_f16 => map1(a, |x| norm_i16(from_half(x))),
        Op::v_cvt_norm_u16_f16 => map1(a, |x| norm_u16(from_half(x))),
        Op::v_cvt_pknorm_i16_f32 => halves(&|x| norm_i16(f32::from_bits(x))),
        Op::v_cvt_pknorm_u16_f32 => halves(&|x| norm_u16(f32::from_bits(x))),
        Op::v_cvt_pknorm_i16_f16 => halves(&|x| norm_i16(from_half(x))),
        Op::v_cvt_pknorm_u16_f16 => halves(&|x| norm_u16(from_half(x))),
        // The other bytes of the result are kept.
        Op::v_cvt_sr_fp8_f32 | Op::v_cvt_sr_bf8_f32 => {
            let is_fp8 = op == Op::v_cvt_sr_fp8_f32;
            let shift = 8 * u32::from(inputs.part >> 2 & 3);
            map3(a, b, c, |x, seed, old| {
                let x = f32::from_bits(x);
                let byte = if is_fp8 {
                    F8E4M3Fnuz::from_f32_stochastic(x, seed, inputs.overflow).0
                } else {
                    F8E5M2Fnuz::from_f32_stochastic(x, seed, inputs.overflow).0
                };
                old & !(0xff << shift) | u32::from(byte) << shift
            })
        }
        // The other half of the result is kept.
        Op::v_cvt_pk_fp8_f32 | Op::v_cvt_pk_bf8_f32 => {
            let is_fp8 = op == Op::v_cvt_pk_fp8_f32;
            map3(a, b, c, |x, y, old| {
                let pair = if is_fp8 { fp8(x) | fp8(y) << 8 } else { bf8(x) | bf8(y) << 8 };
                if inputs.part & 8 != 0 { old & 0xffff | pair << 16 } else { old & 0xffff_0000 | pair }
            })
        }
        _ => return None,
    })
}

/// -1 to 1 as a signed integer, to nearest.
fn norm_i16(x: f32) -> u32 {
    u32::from((x.clamp(-1.0, 1.0) * 32767.0).round_ties_even() as i16 as u16)
}

/// 0 to 1 as an unsigned integer, to nearest.
fn norm_u16(x: f32) -> u32 {
    u32::from((x.clamp(0.0, 1.0) * 65535.0).round_ties_even() as u16)
}
