//! Arithmetic and functions of f32.

use greta_numerics::transcendental::Function;

use super::lanes::*;
use super::narrow::Inputs;
use super::wave::Lanes;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, simd, .. } = inputs;
    let literal = f32::from_bits(inputs.literal);
    let function = |function: Function| function.of_lanes(*simd, a);
    Some(match op {
        Op::v_add_f32 => float2(a, b, |x, y| x + y),
        Op::v_sub_f32 => float2(a, b, |x, y| x - y),
        Op::v_subrev_f32 => float2(a, b, |x, y| y - x),
        Op::v_mul_f32 => float2(a, b, |x, y| x * y),
        Op::v_mul_legacy_f32 => float2(a, b, |x, y| if x == 0.0 || y == 0.0 { 0.0 } else { x * y }),
        Op::v_min_f32 => float2(a, b, minimum),
        Op::v_max_f32 => float2(a, b, maximum),
        Op::v_fma_f32 | Op::v_fmac_f32 => float3(a, b, c, f32::mul_add),
        Op::v_fmamk_f32 => float2(a, b, |x, y| x.mul_add(literal, y)),
        Op::v_fmaak_f32 => float2(a, b, |x, y| x.mul_add(y, literal)),
        Op::v_min3_f32 => float3(a, b, c, |x, y, z| minimum(minimum(x, y), z)),
        Op::v_max3_f32 => float3(a, b, c, |x, y, z| maximum(maximum(x, y), z)),
        Op::v_med3_f32 => float3(a, b, c, median),
        Op::v_trunc_f32 => float1(a, f32::trunc),
        Op::v_ceil_f32 => float1(a, f32::ceil),
        Op::v_floor_f32 => float1(a, f32::floor),
        Op::v_rndne_f32 => float1(a, f32::round_ties_even),
        Op::v_fract_f32 => float1(a, fraction),
        Op::v_exp_f32 | Op::v_exp_legacy_f32 => function(Function::Exp2),
        Op::v_log_f32 | Op::v_log_legacy_f32 => function(Function::Log2),
        Op::v_rcp_f32 | Op::v_rcp_iflag_f32 => function(Function::Reciprocal),
        Op::v_rsq_f32 => function(Function::ReciprocalSqrt),
        Op::v_sqrt_f32 => function(Function::Sqrt),
        Op::v_sin_f32 => function(Function::Sin),
        Op::v_cos_f32 => function(Function::Cos),
        Op::v_ldexp_f32 => map2(a, b, |x, y| scale(f32::from_bits(x), y as i32).to_bits()),
        Op::v_frexp_exp_i32_f32 => map1(a, |x| split_64(f64::from(f32::from_bits(x))).1 as u32),
        Op::v_frexp_mant_f32 => float1(a, |x| split_64(f64::from(x)).0 as f32),
        Op::v_div_fixup_f32 => float3(a, b, c, |x, y, z| {
            let underflows = exponent(z) - exponent(y) < -150;
            fix_quotient(f64::from(x), f64::from(y), f64::from(z), underflows) as f32
        }),
        _ => return None,
    })
}
