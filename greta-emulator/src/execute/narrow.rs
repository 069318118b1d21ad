//! Vector arithmetic whose operands are one register wide: VOP1, VOP2 and VOP3.
//!
//! An arm per instruction; what it computes is in the CDNA3 ISA document, chapter 12. Operands come
//! with their modifiers applied and the result goes to the caller's. These are exhaustive matches,
//! hence their length, and they are inlined into callers compiled for the machine's instructions.

use greta_numerics::float16::f16_from_f32_toward_zero;
use greta_numerics::transcendental::Function;
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};

use super::lanes::*;
use super::wave::{LANES, Lanes};
use crate::isa::Op;

/// What an instruction reads.
pub(super) struct Inputs {
    pub(super) a: Lanes,
    pub(super) b: Lanes,
    pub(super) c: Lanes,
    /// A condition or carry.
    pub(super) mask: u64,
    pub(super) literal: u32,
    pub(super) clamp: bool,
    pub(super) is_high: bool,
    pub(super) simd: greta_numerics::Simd,
}

/// The result, and a mask for those that have one.
pub(super) type Outcome = (Lanes, u64);

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Outcome> {
    if let Some(lanes) = integer(op, inputs) {
        return Some((lanes, 0));
    }
    if let Some(lanes) = float(op, inputs) {
        return Some((lanes, 0));
    }
    if let Some(outcome) = with_mask(op, inputs) {
        return Some(outcome);
    }
    if let Some(lanes) = short(op, inputs).or_else(|| convert(op, inputs)) {
        return Some((lanes, 0));
    }
    None
}

fn low24(x: u32) -> u32 {
    x & 0xff_ffff
}

fn signed24(x: u32) -> i32 {
    (x << 8) as i32 >> 8
}

#[inline(always)]
fn integer(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, clamp, .. } = inputs;
    let is_clamped = *clamp;
    Some(match op {
        Op::v_mov_b32 | Op::v_accvgpr_read_b32 | Op::v_accvgpr_write_b32 | Op::v_accvgpr_mov_b32 => *a,
        Op::v_not_b32 => map1(a, |x| !x),
        Op::v_bfrev_b32 => map1(a, u32::reverse_bits),
        Op::v_ffbh_u32 => map1(a, |x| if x == 0 { u32::MAX } else { x.leading_zeros() }),
        Op::v_ffbl_b32 => map1(a, |x| if x == 0 { u32::MAX } else { x.trailing_zeros() }),
        Op::v_ffbh_i32 => map1(a, |x| {
            let folded = x ^ (x as i32 >> 31) as u32;
            if folded == 0 { u32::MAX } else { folded.leading_zeros() }
        }),
        Op::v_and_b32 => map2(a, b, |x, y| x & y),
        Op::v_or_b32 => map2(a, b, |x, y| x | y),
        Op::v_xor_b32 => map2(a, b, |x, y| x ^ y),
        Op::v_xnor_b32 => map2(a, b, |x, y| !(x ^ y)),
        Op::v_lshlrev_b32 => map2(a, b, |x, y| y << (x & 31)),
        Op::v_lshrrev_b32 => map2(a, b, |x, y| y >> (x & 31)),
        Op::v_ashrrev_i32 => map2(a, b, |x, y| (y as i32 >> (x & 31)) as u32),
        Op::v_add_u32 if is_clamped => map2(a, b, u32::saturating_add),
        Op::v_sub_u32 if is_clamped => map2(a, b, u32::saturating_sub),
        Op::v_subrev_u32 if is_clamped => map2(a, b, |x, y| y.saturating_sub(x)),
        Op::v_add_i32 if is_clamped => map2(a, b, |x, y| (x as i32).saturating_add(y as i32) as u32),
        Op::v_sub_i32 if is_clamped => map2(a, b, |x, y| (x as i32).saturating_sub(y as i32) as u32),
        Op::v_add_u32 | Op::v_add_i32 => map2(a, b, u32::wrapping_add),
        Op::v_sub_u32 | Op::v_sub_i32 => map2(a, b, u32::wrapping_sub),
        Op::v_subrev_u32 => map2(a, b, |x, y| y.wrapping_sub(x)),
        Op::v_min_i32 => map2(a, b, |x, y| (x as i32).min(y as i32) as u32),
        Op::v_max_i32 => map2(a, b, |x, y| (x as i32).max(y as i32) as u32),
        Op::v_min_u32 => map2(a, b, u32::min),
        Op::v_max_u32 => map2(a, b, u32::max),
        Op::v_mul_lo_u32 => map2(a, b, u32::wrapping_mul),
        Op::v_mul_hi_u32 => map2(a, b, |x, y| ((u64::from(x) * u64::from(y)) >> 32) as u32),
        Op::v_mul_hi_i32 => map2(a, b, |x, y| ((i64::from(x as i32) * i64::from(y as i32)) >> 32) as u32),
        Op::v_mul_u32_u24 if !is_clamped => map2(a, b, |x, y| low24(x).wrapping_mul(low24(y))),
        Op::v_mul_i32_i24 if !is_clamped => map2(a, b, |x, y| signed24(x).wrapping_mul(signed24(y)) as u32),
        Op::v_mul_hi_u32_u24 => map2(a, b, |x, y| ((u64::from(low24(x)) * u64::from(low24(y))) >> 32) as u32),
        Op::v_mul_hi_i32_i24 => map2(a, b, |x, y| ((i64::from(signed24(x)) * i64::from(signed24(y))) >> 32) as u32),
        Op::v_mad_u32_u24 if !is_clamped => map3(a, b, c, |x, y, z| low24(x).wrapping_mul(low24(y)).wrapping_add(z)),
        Op::v_mad_i32_i24 if !is_clamped => {
            map3(a, b, c, |x, y, z| (signed24(x).wrapping_mul(signed24(y)) as u32).wrapping_add(z))
        }
        Op::v_add3_u32 => map3(a, b, c, |x, y, z| x.wrapping_add(y).wrapping_add(z)),
        Op::v_lshl_add_u32 => map3(a, b, c, |x, y, z| (x << (y & 31)).wrapping_add(z)),
        Op::v_add_lshl_u32 => map3(a, b, c, |x, y, z| x.wrapping_add(y) << (z & 31)),
        Op::v_lshl_or_b32 => map3(a, b, c, |x, y, z| x << (y & 31) | z),
        Op::v_and_or_b32 => map3(a, b, c, |x, y, z| x & y | z),
        Op::v_or3_b32 => map3(a, b, c, |x, y, z| x | y | z),
        Op::v_xad_u32 => map3(a, b, c, |x, y, z| (x ^ y).wrapping_add(z)),
        Op::v_bfi_b32 => map3(a, b, c, |x, y, z| x & y | !x & z),
        Op::v_bfm_b32 => map2(a, b, |x, y| ((1u32 << (x & 31)) - 1) << (y & 31)),
        Op::v_bfe_u32 => map3(a, b, c, |x, y, z| x >> (y & 31) & ((1u32 << (z & 31)) - 1)),
        Op::v_bfe_i32 => map3(a, b, c, |x, y, z| {
            let (offset, width) = (y & 31, z & 31);
            let unused = (32 - width) & 31;
            let field = x >> offset & ((1u32 << width) - 1);
            // A field that reaches past bit 31 takes its sign from there.
            let whole = (x as i32 >> offset) as u32;
            let signed = ((field << unused) as i32 >> unused) as u32;
            let signed = if offset + width >= 32 { whole } else { signed };
            if width == 0 { 0 } else { signed }
        }),
        Op::v_alignbit_b32 => map3(a, b, c, |x, y, z| ((u64::from(x) << 32 | u64::from(y)) >> (z & 31)) as u32),
        Op::v_alignbyte_b32 => map3(a, b, c, |x, y, z| ((u64::from(x) << 32 | u64::from(y)) >> (8 * (z & 3))) as u32),
        Op::v_perm_b32 => map3(a, b, c, permute_bytes),
        Op::v_min3_i32 => map3(a, b, c, |x, y, z| (x as i32).min(y as i32).min(z as i32) as u32),
        Op::v_max3_i32 => map3(a, b, c, |x, y, z| (x as i32).max(y as i32).max(z as i32) as u32),
        Op::v_min3_u32 => map3(a, b, c, |x, y, z| x.min(y).min(z)),
        Op::v_max3_u32 => map3(a, b, c, |x, y, z| x.max(y).max(z)),
        Op::v_med3_i32 => map3(a, b, c, |x, y, z| {
            let (x, y, z) = (x as i32, y as i32, z as i32);
            x.min(y).max(x.max(y).min(z)) as u32
        }),
        Op::v_med3_u32 => map3(a, b, c, |x, y, z| x.min(y).max(x.max(y).min(z))),
        Op::v_bcnt_u32_b32 => map2(a, b, |x, y| x.count_ones().wrapping_add(y)),
        Op::v_mbcnt_lo_u32_b32 => by_lane(a, b, |lane, x, y| {
            let below = if lane >= 32 { u32::MAX } else { (1 << lane) - 1 };
            (x & below).count_ones().wrapping_add(y)
        }),
        Op::v_mbcnt_hi_u32_b32 => by_lane(a, b, |lane, x, y| {
            let below = if lane <= 32 { 0 } else { (1 << (lane - 32)) - 1 };
            (x & below).count_ones().wrapping_add(y)
        }),
        Op::v_sad_u32 => map3(a, b, c, |x, y, z| x.abs_diff(y).wrapping_add(z)),
        _ => return None,
    })
}

#[inline(always)]
fn by_lane(a: &Lanes, b: &Lanes, f: impl Fn(u32, u32, u32) -> u32) -> Lanes {
    let mut result = [0; LANES];
    for lane in 0..LANES {
        result[lane] = f(lane as u32, a[lane], b[lane]);
    }
    result
}

/// Each byte of the selector picks one of the 8 bytes of `b`, then `a`, a sign or a constant.
fn permute_bytes(a: u32, b: u32, selector: u32) -> u32 {
    let bytes = u64::from(a) << 32 | u64::from(b);
    (0..4).fold(0, |result, index| {
        let select = selector >> (8 * index) & 0xff;
        let byte = match select {
            0..=7 => (bytes >> (8 * select)) as u32 & 0xff,
            8..=11 => 0xff * ((bytes >> (16 * (select - 8) + 15)) as u32 & 1),
            12 => 0,
            _ => 0xff,
        };
        result | byte << (8 * index)
    })
}

#[inline(always)]
fn float(op: Op, inputs: &Inputs) -> Option<Lanes> {
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
        Op::v_div_fixup_f32 => float3(a, b, c, |x, y, z| fix_quotient(f64::from(x), f64::from(y), f64::from(z)) as f32),
        _ => return None,
    })
}

/// Those that read or write a mask.
#[inline(always)]
fn with_mask(op: Op, inputs: &Inputs) -> Option<Outcome> {
    let Inputs { a, b, c, mask, clamp, .. } = inputs;
    let bit = |lane: usize| (mask >> lane & 1) as u32;
    let carries = |f: &dyn Fn(u32, u32, u32) -> (u32, bool)| {
        let (mut lanes, mut out) = ([0; LANES], 0);
        for lane in 0..LANES {
            let (value, carry) = f(a[lane], b[lane], bit(lane));
            lanes[lane] = value;
            out |= u64::from(carry) << lane;
        }
        (lanes, out)
    };
    let add = |x: u32, y: u32, carry: u32| {
        let sum = u64::from(x) + u64::from(y) + u64::from(carry);
        let carry = sum >> 32 != 0;
        (if *clamp && carry { u32::MAX } else { sum as u32 }, carry)
    };
    let subtract = |x: u32, y: u32, borrow: u32| {
        let is_borrowed = u64::from(y) + u64::from(borrow) > u64::from(x);
        (if *clamp && is_borrowed { 0 } else { x.wrapping_sub(y).wrapping_sub(borrow) }, is_borrowed)
    };
    Some(match op {
        Op::v_cndmask_b32 => {
            let mut lanes = [0; LANES];
            for lane in 0..LANES {
                lanes[lane] = if bit(lane) != 0 { b[lane] } else { a[lane] };
            }
            (lanes, 0)
        }
        Op::v_add_co_u32 => carries(&|x, y, _| add(x, y, 0)),
        Op::v_sub_co_u32 => carries(&|x, y, _| subtract(x, y, 0)),
        Op::v_subrev_co_u32 => carries(&|x, y, _| subtract(y, x, 0)),
        Op::v_addc_co_u32 => carries(&add),
        Op::v_subb_co_u32 => carries(&subtract),
        Op::v_subbrev_co_u32 => carries(&|x, y, borrow| subtract(y, x, borrow)),
        Op::v_div_scale_f32 => {
            let (mut lanes, mut out) = ([0; LANES], 0);
            for lane in 0..LANES {
                let [x, y, z] = [a[lane], b[lane], c[lane]].map(f32::from_bits);
                let (value, is_scaled) = scale_quotient(x, y, z);
                lanes[lane] = value.to_bits();
                out |= u64::from(is_scaled) << lane;
            }
            (lanes, out)
        }
        Op::v_div_fmas_f32 => {
            let mut lanes = [0; LANES];
            for lane in 0..LANES {
                let [x, y, z] = [a[lane], b[lane], c[lane]].map(f32::from_bits);
                let value = match (bit(lane) != 0, exponent(z) > 127) {
                    (false, _) => x.mul_add(y, z),
                    (true, true) => scale(x.mul_add(y, z), 64),
                    // In f64, so that a subnormal result is not rounded twice.
                    (true, false) => scale_64(f64::from(x).mul_add(f64::from(y), f64::from(z)), -64) as f32,
                };
                lanes[lane] = value.to_bits();
            }
            (lanes, 0)
        }
        _ => return None,
    })
}

/// 16-bit arithmetic. Operands are in the low halves; high halves hold anything.
#[inline(always)]
fn short(op: Op, inputs: &Inputs) -> Option<Lanes> {
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
            half3(a, b, c, |x, y, z| fix_quotient(f64::from(x), f64::from(y), f64::from(z)) as f32)
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
        Op::v_mad_u16 | Op::v_mad_i16 | Op::v_mad_legacy_u16 | Op::v_mad_legacy_i16 if !is_clamped => {
            map3(a, b, c, |x, y, z| x.wrapping_mul(y).wrapping_add(z) & 0xffff)
        }
        Op::v_mad_u32_u16 if !is_clamped => {
            map3(a, b, c, |x, y, z| (x & 0xffff).wrapping_mul(y & 0xffff).wrapping_add(z))
        }
        Op::v_mad_i32_i16 if !is_clamped => {
            map3(a, b, c, |x, y, z| ((i32::from(x as i16) * i32::from(y as i16)) as u32).wrapping_add(z))
        }
        _ => return None,
    })
}

#[inline(always)]
fn convert(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, .. } = inputs;
    let halves = |f: &dyn Fn(u32) -> u32| map2(a, b, |x, y| f(x) & 0xffff | f(y) << 16);
    let byte = |index: u32| map1(a, move |x| ((x >> (8 * index) & 0xff) as f32).to_bits());
    let fp8 = |x: u32| u32::from(F8E4M3Fnuz::from_f32(f32::from_bits(x), Overflow::Nan).0);
    let bf8 = |x: u32| u32::from(F8E5M2Fnuz::from_f32(f32::from_bits(x), Overflow::Nan).0);
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
        // The other half of the result is kept.
        Op::v_cvt_pk_fp8_f32 | Op::v_cvt_pk_bf8_f32 => {
            let is_fp8 = op == Op::v_cvt_pk_fp8_f32;
            map3(a, b, c, |x, y, old| {
                let pair = if is_fp8 { fp8(x) | fp8(y) << 8 } else { bf8(x) | bf8(y) << 8 };
                if inputs.is_high { old & 0xffff | pair << 16 } else { old & 0xffff_0000 | pair }
            })
        }
        _ => return None,
    })
}
