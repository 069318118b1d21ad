//! 16-bit arithmetic. Operands are in the low halves; high halves hold anything.

use greta_numerics::transcendental::Function;

use super::lanes::*;
use super::narrow::{Inputs, saturate_i32, saturate_u32};
use super::wave::Lanes;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, clamp, simd, .. } = inputs;
    let is_clamped = *clamp;
    let literal = from_half(inputs.literal);
    let half = |function: Function| {
        let wide = map1(a, |x| from_half(x).to_bits());
        map1(&function.of_lanes(*simd, &wide), |x| to_half(f32::from_bits(x)))
    };
    let fused = |f: &dyn Fn(f32, f32, f32) -> u32| map3(a, b, c, |x, y, z| f(from_half(x), from_half(y), from_half(z)));
    let unsigned = |f: &dyn Fn(u16, u16) -> u16| map2(a, b, |x, y| u32::from(f(x as u16, y as u16)));
    let signed = |f: &dyn Fn(i16, i16) -> i16| map2(a, b, |x, y| u32::from(f(x as i16, y as i16) as u16));
    let unsigned3 =
        |f: &dyn Fn(u16, u16, u16) -> u16| map3(a, b, c, |x, y, z| u32::from(f(x as u16, y as u16, z as u16)));
    let signed3 =
        |f: &dyn Fn(i16, i16, i16) -> i16| map3(a, b, c, |x, y, z| u32::from(f(x as i16, y as i16, z as i16) as u16));
    Some(match op {
        Op::v_add_f16 => half2(a, b, |x, y| x + y),
        Op::v_sub_f16 => half2(a, b, |x, y| x - y),
        Op::v_subrev_f16 => half2(a, b, |x, y| y - x),
        Op::v_mul_f16 => half2(a, b, |x, y| x * y),
        Op::v_max_f16 => half2(a, b, maximum),
        Op::v_min_f16 => half2(a, b, minimum),
        Op::v_fma_f16 | Op::v_fma_legacy_f16 => fused(&half_fma),
        // Multiply-add of f16 rounds the product too.
        Op::v_mad_f16 | Op::v_mad_legacy_f16 | Op::v_mac_f16 => {
            fused(&|x, y, z| to_half(from_half(to_half(x * y)) + z))
        }
        Op::v_madmk_f16 => half2(a, b, |x, y| from_half(to_half(x * literal)) + y),
        Op::v_madak_f16 => half2(a, b, |x, y| from_half(to_half(x * y)) + literal),
        Op::v_min3_f16 => half3(a, b, c, |x, y, z| minimum(minimum(x, y), z)),
        Op::v_max3_f16 => half3(a, b, c, |x, y, z| maximum(maximum(x, y), z)),
        Op::v_med3_f16 => half3(a, b, c, median),
        Op::v_rcp_f16 => half1(a, |x| 1.0 / x),
        Op::v_sqrt_f16 => half1(a, f32::sqrt),
        Op::v_rsq_f16 => half1(a, |x| 1.0 / x.sqrt()),
        Op::v_exp_f16 => half(Function::Exp2),
        Op::v_log_f16 => half(Function::Log2),
        Op::v_sin_f16 => half(Function::Sin),
        Op::v_cos_f16 => half(Function::Cos),
        Op::v_floor_f16 => half1(a, f32::floor),
        Op::v_ceil_f16 => half1(a, f32::ceil),
        Op::v_trunc_f16 => half1(a, f32::trunc),
        Op::v_rndne_f16 => half1(a, f32::round_ties_even),
        Op::v_fract_f16 => half1(a, |x| x - x.floor()),
        Op::v_ldexp_f16 => map2(a, b, |x, y| to_half(scale(from_half(x), i32::from(y as i16)))),
        Op::v_frexp_mant_f16 => half1(a, |x| split_64(f64::from(x)).0 as f32),
        Op::v_frexp_exp_i16_f16 => map1(a, |x| u32::from(split_64(f64::from(from_half(x))).1 as u16)),
        Op::v_div_fixup_f16 | Op::v_div_fixup_legacy_f16 => {
            half3(a, b, c, |x, y, z| fix_quotient(f64::from(x), f64::from(y), f64::from(z), false) as f32)
        }
        Op::v_add_u16 if is_clamped => unsigned(&u16::saturating_add),
        Op::v_sub_u16 if is_clamped => unsigned(&u16::saturating_sub),
        Op::v_subrev_u16 if is_clamped => unsigned(&|x, y| y.saturating_sub(x)),
        Op::v_add_i16 if is_clamped => signed(&i16::saturating_add),
        Op::v_sub_i16 if is_clamped => signed(&i16::saturating_sub),
        Op::v_add_u16 | Op::v_add_i16 => unsigned(&u16::wrapping_add),
        Op::v_sub_u16 | Op::v_sub_i16 => unsigned(&u16::wrapping_sub),
        Op::v_subrev_u16 => unsigned(&|x, y| y.wrapping_sub(x)),
        Op::v_mul_lo_u16 => unsigned(&u16::wrapping_mul),
        Op::v_lshlrev_b16 => unsigned(&|x, y| y << (x & 15)),
        Op::v_lshrrev_b16 => unsigned(&|x, y| y >> (x & 15)),
        Op::v_ashrrev_i16 => signed(&|x, y| y >> (x & 15)),
        Op::v_max_u16 => unsigned(&u16::max),
        Op::v_min_u16 => unsigned(&u16::min),
        Op::v_max_i16 => signed(&i16::max),
        Op::v_min_i16 => signed(&i16::min),
        Op::v_min3_i16 => signed3(&|x, y, z| x.min(y).min(z)),
        Op::v_max3_i16 => signed3(&|x, y, z| x.max(y).max(z)),
        Op::v_med3_i16 => signed3(&|x, y, z| x.min(y).max(x.max(y).min(z))),
        Op::v_min3_u16 => unsigned3(&|x, y, z| x.min(y).min(z)),
        Op::v_max3_u16 => unsigned3(&|x, y, z| x.max(y).max(z)),
        Op::v_med3_u16 => unsigned3(&|x, y, z| x.min(y).max(x.max(y).min(z))),
        Op::v_mad_u16 | Op::v_mad_legacy_u16 if is_clamped => {
            unsigned3(&|x, y, z| (u32::from(x) * u32::from(y) + u32::from(z)).min(0xffff) as u16)
        }
        Op::v_mad_i16 | Op::v_mad_legacy_i16 if is_clamped => {
            signed3(&|x, y, z| (i32::from(x) * i32::from(y) + i32::from(z)).clamp(-0x8000, 0x7fff) as i16)
        }
        Op::v_mad_u16 | Op::v_mad_i16 | Op::v_mad_legacy_u16 | Op::v_mad_legacy_i16 => {
            map3(a, b, c, |x, y, z| x.wrapping_mul(y).wrapping_add(z) & 0xffff)
        }
        Op::v_mad_u32_u16 if is_clamped => {
            map3(a, b, c, |x, y, z| saturate_u32(u64::from(x & 0xffff) * u64::from(y & 0xffff) + u64::from(z)))
        }
        Op::v_mad_i32_i16 if is_clamped => {
            map3(a, b, c, |x, y, z| saturate_i32(i64::from(x as i16) * i64::from(y as i16) + i64::from(z as i32)))
        }
        Op::v_mad_u32_u16 => map3(a, b, c, |x, y, z| (x & 0xffff).wrapping_mul(y & 0xffff).wrapping_add(z)),
        Op::v_mad_i32_i16 => {
            map3(a, b, c, |x, y, z| ((i32::from(x as i16) * i32::from(y as i16)) as u32).wrapping_add(z))
        }
        _ => return None,
    })
}
