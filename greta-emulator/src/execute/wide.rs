//! Vector arithmetic with 64-bit operands or results. Exhaustive matches, hence their length.

use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz};

use super::bytes::{differences, masked_differences};
use super::lanes::*;
use super::trig;
use super::wave::{LANES, WideLanes};
use crate::isa::{Kind, Op};

/// What an instruction reads. Narrow operands are zero-extended.
pub(super) struct WideInputs {
    pub(super) a: WideLanes,
    pub(super) b: WideLanes,
    pub(super) c: WideLanes,
    pub(super) mask: u64,
    pub(super) clamp: bool,
}

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &WideInputs) -> Option<(WideLanes, u64)> {
    let (mut lanes, mask) = unsettled(op, inputs)?;
    if op.row().dst == Kind::F64 {
        settle(&mut lanes, inputs);
    }
    Some((lanes, mask))
}

/// As for narrow lanes: the first NaN of the sources, quiet, or the positive one.
#[inline(always)]
fn settle(lanes: &mut WideLanes, inputs: &WideInputs) {
    const QUIET: u64 = 0x7ff8_0000_0000_0000;
    for (lane, bits) in lanes.iter_mut().enumerate() {
        if f64::from_bits(*bits).is_nan() {
            let sources = [inputs.a[lane], inputs.b[lane], inputs.c[lane]];
            let source = sources.into_iter().find(|&source| f64::from_bits(source).is_nan());
            *bits = source.unwrap_or(0) | QUIET;
        }
    }
}

#[inline(always)]
fn unsettled(op: Op, inputs: &WideInputs) -> Option<(WideLanes, u64)> {
    if let Some(lanes) = plain(op, inputs) {
        return Some((lanes, 0));
    }
    let WideInputs { a, b, c, mask, clamp } = inputs;
    let (mut lanes, mut out) = ([0; LANES], 0);
    for lane in 0..LANES {
        let (x, y, z) = (a[lane], b[lane], c[lane]);
        let (value, flag) = match op {
            Op::v_mad_u64_u32 => {
                let (sum, overflow) = (u64::from(x as u32) * u64::from(y as u32)).overflowing_add(z);
                (if *clamp && overflow { u64::MAX } else { sum }, overflow)
            }
            Op::v_mad_i64_i32 => {
                let product = i64::from(x as i32) * i64::from(y as i32);
                let (sum, overflow) = product.overflowing_add(z as i64);
                (if *clamp { product.saturating_add(z as i64) } else { sum } as u64, overflow)
            }
            Op::v_qsad_pk_u16_u8 | Op::v_mqsad_pk_u16_u8 => {
                let is_masked = op == Op::v_mqsad_pk_u16_u8;
                (packed_differences(x, y as u32, z, is_masked, *clamp), false)
            }
            Op::v_div_scale_f64 => {
                let (value, flag) = scale_quotient_64(f64::from_bits(x), f64::from_bits(y), f64::from_bits(z));
                (value.to_bits(), flag)
            }
            Op::v_div_fmas_f64 => {
                let [x, y, z] = [x, y, z].map(f64::from_bits);
                let value = match (mask >> lane & 1 != 0, exponent_64(z) > 1023) {
                    (false, _) => x.mul_add(y, z),
                    (true, true) => scale_64(x.mul_add(y, z), 128),
                    (true, false) => multiply_add_down(x, y, z, 128),
                };
                (value.to_bits(), false)
            }
            _ => return None,
        };
        lanes[lane] = value;
        out |= u64::from(flag) << lane;
    }
    Some((lanes, out))
}

#[inline(always)]
fn plain(op: Op, inputs: &WideInputs) -> Option<WideLanes> {
    let WideInputs { a, b, c, .. } = inputs;
    let double = |f: fn(f64) -> f64| wide1(a, move |x| f(f64::from_bits(x)).to_bits());
    Some(match op {
        Op::v_mov_b64 => *a,
        Op::v_add_f64 => double2(a, b, |x, y| x + y),
        Op::v_mul_f64 => double2(a, b, |x, y| x * y),
        Op::v_min_f64 => double2(a, b, minimum_64),
        Op::v_max_f64 => double2(a, b, maximum_64),
        Op::v_fma_f64 | Op::v_fmac_f64 => {
            wide3(a, b, c, |x, y, z| f64::from_bits(x).mul_add(f64::from_bits(y), f64::from_bits(z)).to_bits())
        }
        Op::v_div_fixup_f64 => wide3(a, b, c, |x, y, z| {
            let [quotient, denominator, numerator] = [x, y, z].map(f64::from_bits);
            let underflows = exponent_64(numerator) - exponent_64(denominator) < -1075;
            fix_quotient(quotient, denominator, numerator, underflows).to_bits()
        }),
        Op::v_trig_preop_f64 => wide2(a, b, |x, y| trig::two_over_pi(f64::from_bits(x), y as u32).to_bits()),
        Op::v_ldexp_f64 => wide2(a, b, |x, y| scale_64(f64::from_bits(x), y as i32).to_bits()),
        Op::v_trunc_f64 => double(f64::trunc),
        Op::v_ceil_f64 => double(f64::ceil),
        Op::v_floor_f64 => double(f64::floor),
        Op::v_rndne_f64 => double(f64::round_ties_even),
        Op::v_fract_f64 => double(|x| (x - x.floor()).min(f64::from_bits(0x3fef_ffff_ffff_ffff))),
        Op::v_rcp_f64 => double(|x| 1.0 / x),
        Op::v_rsq_f64 => double(|x| 1.0 / x.sqrt()),
        Op::v_sqrt_f64 => double(f64::sqrt),
        Op::v_frexp_mant_f64 => double(|x| split_64(x).0),
        Op::v_frexp_exp_i32_f64 => wide1(a, |x| u64::from(split_64(f64::from_bits(x)).1 as u32)),
        Op::v_cvt_i32_f64 => wide1(a, |x| u64::from(f64::from_bits(x) as i32 as u32)),
        Op::v_cvt_u32_f64 => wide1(a, |x| u64::from(f64::from_bits(x) as u32)),
        Op::v_cvt_f64_i32 => wide1(a, |x| f64::from(x as i32).to_bits()),
        Op::v_cvt_f64_u32 => wide1(a, |x| f64::from(x as u32).to_bits()),
        Op::v_cvt_f32_f64 => wide1(a, |x| u64::from((f64::from_bits(x) as f32).to_bits())),
        Op::v_cvt_f64_f32 => wide1(a, |x| f64::from(f32::from_bits(x as u32)).to_bits()),
        Op::v_lshlrev_b64 => wide2(a, b, |x, y| y << (x & 63)),
        Op::v_lshrrev_b64 => wide2(a, b, |x, y| y >> (x & 63)),
        Op::v_ashrrev_i64 => wide2(a, b, |x, y| (y as i64 >> (x & 63)) as u64),
        Op::v_lshl_add_u64 => wide3(a, b, c, |x, y, z| (x << (y & 7)).wrapping_add(z)),
        Op::v_cvt_pk_f32_fp8 => wide1(a, |x| pair(F8E4M3Fnuz(x as u8).to_f32(), F8E4M3Fnuz((x >> 8) as u8).to_f32())),
        Op::v_cvt_pk_f32_bf8 => wide1(a, |x| pair(F8E5M2Fnuz(x as u8).to_f32(), F8E5M2Fnuz((x >> 8) as u8).to_f32())),
        _ => return None,
    })
}

fn pair(low: f32, high: f32) -> u64 {
    u64::from(high.to_bits()) << 32 | u64::from(low.to_bits())
}

/// Sums of byte differences at four places of `x`, each added to 16 bits of `z`.
fn packed_differences(x: u64, y: u32, z: u64, is_masked: bool, is_clamped: bool) -> u64 {
    (0..4).fold(0, |result, index| {
        let window = (x >> (8 * index)) as u32;
        let sum = if is_masked { masked_differences(window, y) } else { differences(window, y, 8) };
        let sum = sum + (z >> (16 * index) & 0xffff);
        let sum = if is_clamped { sum.min(0xffff) } else { sum & 0xffff };
        result | sum << (16 * index)
    })
}
