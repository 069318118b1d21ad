//! Vector arithmetic whose operands are one register wide: VOP1, VOP2 and VOP3. Integers are here,
//! the rest in files of their own.
//!
//! An arm per instruction; what it computes is in the CDNA3 ISA document, chapter 12. Operands come
//! with their modifiers applied and the result goes to the caller's. These are exhaustive matches,
//! hence their length, and they are inlined into callers compiled for the machine's instructions.

use greta_numerics::Overflow;

use super::lanes::*;
use super::wave::{LANES, Lanes};
use super::{bytes, convert, cube, float, masked, short};
use crate::isa::{Kind, Op};

/// What an instruction reads.
pub(super) struct Inputs {
    pub(super) a: Lanes,
    pub(super) b: Lanes,
    pub(super) c: Lanes,
    /// A condition or carry.
    pub(super) mask: u64,
    pub(super) literal: u32,
    pub(super) clamp: bool,
    /// Which half or byte of the old result is replaced.
    pub(super) part: u8,
    /// What a value too large for fp8 or bf8 becomes.
    pub(super) overflow: Overflow,
    pub(super) simd: greta_numerics::Simd,
}

/// The result, and a mask for those that have one.
pub(super) type Outcome = (Lanes, u64);

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Outcome> {
    if let Some(lanes) = integer(op, inputs) {
        return Some((lanes, 0));
    }
    let (mut lanes, mask) = floating(op, inputs)?;
    match op.row().dst {
        Kind::F32 => settle(&mut lanes, inputs, 0x7f80_0000),
        Kind::F16 => settle(&mut lanes, inputs, 0x7c00),
        _ => {}
    }
    Some((lanes, mask))
}

#[inline(always)]
fn floating(op: Op, inputs: &Inputs) -> Option<Outcome> {
    if let Some(lanes) = float::compute(op, inputs) {
        return Some((lanes, 0));
    }
    if let Some(outcome) = masked::compute(op, inputs) {
        return Some(outcome);
    }
    let rest = short::compute(op, inputs).or_else(|| convert::compute(op, inputs));
    let rest = rest.or_else(|| bytes::compute(op, inputs)).or_else(|| cube::compute(op, inputs));
    rest.map(|lanes| (lanes, 0))
}

/// Which NaN a host instruction gives is its own affair. Here it is the first source's that is one,
/// quiet, or the positive one.
#[inline(always)]
fn settle(lanes: &mut Lanes, inputs: &Inputs, infinity: u32) {
    let sign = infinity << 1 & !infinity;
    let magnitude = sign - 1;
    let quiet = infinity | (infinity & infinity.wrapping_neg()) >> 1;
    let mut any = false;
    for bits in lanes.iter() {
        any |= bits & magnitude > infinity;
    }
    if !any {
        return;
    }
    for (lane, bits) in lanes.iter_mut().enumerate() {
        if *bits & magnitude > infinity {
            let sources = [inputs.a[lane], inputs.b[lane], inputs.c[lane]];
            let source = sources.into_iter().find(|source| source & magnitude > infinity);
            *bits = source.map_or(quiet, |source| (source & (sign | magnitude)) | quiet);
        }
    }
}

fn low24(x: u32) -> u32 {
    x & 0xff_ffff
}

fn signed24(x: u32) -> i32 {
    (x << 8) as i32 >> 8
}

pub(super) fn saturate_u32(x: u64) -> u32 {
    u32::try_from(x).unwrap_or(u32::MAX)
}

pub(super) fn saturate_i32(x: i64) -> u32 {
    x.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as u32
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
        Op::v_mul_u32_u24 if is_clamped => map2(a, b, |x, y| saturate_u32(u64::from(low24(x)) * u64::from(low24(y)))),
        Op::v_mul_i32_i24 if is_clamped => {
            map2(a, b, |x, y| saturate_i32(i64::from(signed24(x)) * i64::from(signed24(y))))
        }
        Op::v_mul_u32_u24 => map2(a, b, |x, y| low24(x).wrapping_mul(low24(y))),
        Op::v_mul_i32_i24 => map2(a, b, |x, y| signed24(x).wrapping_mul(signed24(y)) as u32),
        Op::v_mul_hi_u32_u24 => map2(a, b, |x, y| ((u64::from(low24(x)) * u64::from(low24(y))) >> 32) as u32),
        Op::v_mul_hi_i32_i24 => map2(a, b, |x, y| ((i64::from(signed24(x)) * i64::from(signed24(y))) >> 32) as u32),
        Op::v_mad_u32_u24 if is_clamped => {
            map3(a, b, c, |x, y, z| saturate_u32(u64::from(low24(x)) * u64::from(low24(y)) + u64::from(z)))
        }
        Op::v_mad_i32_i24 if is_clamped => {
            map3(a, b, c, |x, y, z| saturate_i32(i64::from(signed24(x)) * i64::from(signed24(y)) + i64::from(z as i32)))
        }
        Op::v_mad_u32_u24 => map3(a, b, c, |x, y, z| low24(x).wrapping_mul(low24(y)).wrapping_add(z)),
        Op::v_mad_i32_i24 => map3(a, b, c, |x, y, z| (signed24(x).wrapping_mul(signed24(y)) as u32).wrapping_add(z)),
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
