//! The MODE register's rounding directions and subnormal switches, where they are not the default.
//!
//! In the default mode (to nearest even, subnormals kept) nothing here runs but one comparison. Else
//! subnormal operands and results become zeros as the mode says, and an arithmetic result is rounded
//! in its direction: computed in f64 to odd, which keeps what is needed to round once more, or for
//! f64 corrected by the sign of the exact error. Functions that are approximations anyway, and
//! matrix instructions, which ignore the mode, are left as they are.

use greta_numerics::Simd;

use super::lanes::from_half;
use super::narrow::{Inputs, Outcome};
use super::simd;
use super::wave::{Lanes, WideLanes};
use super::wide::WideInputs;
use crate::isa::{Flags, Kind, Op, Row};

/// MODE's fields for rounding and subnormals as a kernel normally has them.
const DEFAULT: u32 = 0xf0;
/// MODE's switch that turns f16 and fp8 overflow into the largest number.
const FP16_OVFL: u32 = 1 << 23;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Nearest,
    Up,
    Down,
    Zero,
}

/// What the mode says of floats of one width.
#[derive(Debug, Clone, Copy)]
struct Rules {
    direction: Direction,
    flushes_inputs: bool,
    flushes_outputs: bool,
}

impl Rules {
    fn of(mode: u32, kind: Kind) -> Self {
        let shift = if matches!(kind, Kind::F32 | Kind::F32x2) { 0 } else { 2 };
        let direction = match mode >> shift & 3 {
            0 => Direction::Nearest,
            1 => Direction::Up,
            2 => Direction::Down,
            _ => Direction::Zero,
        };
        let kept = mode >> (4 + shift) & 3;
        Self { direction, flushes_inputs: kept & 1 == 0, flushes_outputs: kept & 2 == 0 }
    }
}

/// Whether overflow gives the largest number.
pub(super) fn clamps_overflow(mode: u32) -> bool {
    mode & FP16_OVFL != 0
}

/// [`simd::narrow`] in a mode.
pub(super) fn narrow(simd: Simd, op: Op, inputs: &mut Inputs, mode: u32) -> Option<Outcome> {
    let row = op.row();
    if mode & (DEFAULT | 0xf | FP16_OVFL) == DEFAULT || moves_bits(op) {
        return simd::narrow(simd, op, inputs);
    }
    let third = if row.src[2] == Kind::None { row.dst } else { row.src[2] };
    for (lanes, kind) in [(&mut inputs.a, row.src[0]), (&mut inputs.b, row.src[1]), (&mut inputs.c, third)] {
        if Rules::of(mode, kind).flushes_inputs {
            flush(lanes, kind);
        }
    }
    let rules = Rules::of(mode, row.dst);
    let (mut lanes, mask) = match exact(op) {
        Some(exact) if rules.direction != Direction::Nearest => (directed(row, inputs, exact, rules.direction), 0),
        _ => simd::narrow(simd, op, inputs)?,
    };
    if rules.flushes_outputs {
        flush(&mut lanes, row.dst);
    }
    if clamps_overflow(mode) && row.dst == Kind::F16 && !has_poles(op) {
        let sources = [(&inputs.a, row.src[0]), (&inputs.b, row.src[1]), (&inputs.c, third)];
        let is_literal = row.flags.has(Flags::LITERAL) && is_infinite(inputs.literal, Kind::F16);
        for (lane, bits) in lanes.iter_mut().enumerate() {
            let is_true = is_literal || sources.iter().any(|(lanes, kind)| is_infinite(lanes[lane], *kind));
            *bits = clamped_half(*bits, is_true);
        }
    }
    Some((lanes, mask))
}

/// The f16 that a result becomes where overflow gives the largest number: an infinity that was there
/// before stays.
pub(super) fn clamped_half(bits: u32, is_true_infinity: bool) -> u32 {
    if bits & 0x7fff == 0x7c00 && !is_true_infinity { bits - 1 } else { bits }
}

fn is_infinite(bits: u32, kind: Kind) -> bool {
    match kind {
        Kind::F16 => bits & 0x7fff == 0x7c00,
        Kind::F32 => bits & 0x7fff_ffff == 0x7f80_0000,
        _ => false,
    }
}

/// Whether an infinite result of finite sources is no overflow.
fn has_poles(op: Op) -> bool {
    matches!(op, Op::v_rcp_f16 | Op::v_rsq_f16 | Op::v_log_f16 | Op::v_div_fixup_f16 | Op::v_div_fixup_legacy_f16)
}

/// Instructions that look like arithmetic on floats and only move them.
fn moves_bits(op: Op) -> bool {
    matches!(op, Op::v_cndmask_b32 | Op::v_pack_b32_f16 | Op::v_mov_b32 | Op::v_mov_b64)
}

/// Comparisons see subnormals as zeros where the mode says so.
pub(super) fn flush_compared(lanes: &mut WideLanes, kind: Kind, mode: u32) {
    if mode & DEFAULT != DEFAULT && Rules::of(mode, kind).flushes_inputs {
        flush_wide(lanes, kind);
    }
}

fn flush(lanes: &mut Lanes, kind: Kind) {
    match kind {
        Kind::F32 => *lanes = lanes.map(|bits| if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits }),
        Kind::F16 => *lanes = lanes.map(|bits| if bits & 0x7c00 == 0 { bits & !0x3ff } else { bits }),
        _ => {}
    }
}

fn flush_wide(lanes: &mut WideLanes, kind: Kind) {
    match kind {
        Kind::F64 => {
            *lanes = lanes.map(|bits| if bits & 0x7ff0_0000_0000_0000 == 0 { bits & 1 << 63 } else { bits });
        }
        Kind::F32 => *lanes = lanes.map(|bits| if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits }),
        Kind::F16 => *lanes = lanes.map(|bits| if bits & 0x7c00 == 0 { bits & !0x3ff } else { bits }),
        _ => {}
    }
}

/// What an instruction computes before it rounds, in f64 rounded to odd. The values are its sources,
/// and its literal is the fourth.
type Exact = fn([f64; 4], Direction) -> f64;

fn exact(op: Op) -> Option<Exact> {
    Some(match op {
        Op::v_add_f32 | Op::v_add_f16 => |[a, b, ..], direction| odd_sum(a, b, direction),
        Op::v_sub_f32 | Op::v_sub_f16 => |[a, b, ..], direction| odd_sum(a, -b, direction),
        Op::v_subrev_f32 | Op::v_subrev_f16 => |[a, b, ..], direction| odd_sum(b, -a, direction),
        // 24 bits times 24 bits are exact.
        Op::v_mul_f32 | Op::v_mul_f16 => |[a, b, ..], _| a * b,
        Op::v_fma_f32 | Op::v_fmac_f32 | Op::v_fma_f16 | Op::v_fma_legacy_f16 => {
            |[a, b, c, _], direction| odd_sum(a * b, c, direction)
        }
        Op::v_fmamk_f32 => |[a, b, _, k], direction| odd_sum(a * k, b, direction),
        Op::v_fmaak_f32 => |[a, b, _, k], direction| odd_sum(a * b, k, direction),
        Op::v_cvt_f16_f32 | Op::v_cvt_f32_i32 | Op::v_cvt_f32_u32 | Op::v_cvt_f16_i16 | Op::v_cvt_f16_u16 => {
            |[a, ..], _| a
        }
        _ => return None,
    })
}

fn directed(row: &Row, inputs: &Inputs, exact: Exact, direction: Direction) -> Lanes {
    let value = |bits: u32, kind: Kind| match (row.op, kind) {
        (Op::v_cvt_f32_i32, _) => f64::from(bits as i32),
        (Op::v_cvt_f32_u32, _) => f64::from(bits),
        (Op::v_cvt_f16_i16, _) => f64::from(bits as i16),
        (Op::v_cvt_f16_u16, _) => f64::from(bits as u16),
        (_, Kind::F16) => f64::from(from_half(bits)),
        _ => f64::from(f32::from_bits(bits)),
    };
    std::array::from_fn(|lane| {
        let kind = row.src[0];
        let sources = [inputs.a[lane], inputs.b[lane], inputs.c[lane], inputs.literal].map(|bits| value(bits, kind));
        let result = exact(sources, direction);
        if row.dst == Kind::F16 { round::<10, 5>(result, direction) } else { round::<23, 8>(result, direction) }
    })
}

/// a + b rounded to odd. An exact zero has the sign that the direction gives it.
pub(super) fn odd_sum(a: f64, b: f64, direction: Direction) -> f64 {
    let (sum, error) = two_sum(a, b);
    if sum == 0.0
        && direction == Direction::Down
        && !(a == 0.0 && b == 0.0 && a.is_sign_positive() && b.is_sign_positive())
    {
        return -0.0;
    }
    let bits = sum.to_bits();
    let is_inexact = error != 0.0 && error.is_finite();
    if !is_inexact || bits & 1 != 0 {
        return sum;
    }
    f64::from_bits(if (error > 0.0) == (sum > 0.0) { bits + 1 } else { bits - 1 })
}

/// The sum to nearest, and what it lacks.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// Bits of `x` in a format of `FRACTION` fraction and `EXPONENT` exponent bits.
fn round<const FRACTION: u32, const EXPONENT: u32>(x: f64, direction: Direction) -> u32 {
    let sign = u32::from(x.is_sign_negative()) << (FRACTION + EXPONENT);
    let infinity = ((1 << EXPONENT) - 1) << FRACTION;
    if x.is_nan() {
        return infinity | 1 << (FRACTION - 1);
    }
    if x == 0.0 || x.is_infinite() {
        return sign | if x == 0.0 { 0 } else { infinity };
    }
    let lowest = 2 - (1 << (EXPONENT - 1));
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let significand = x.to_bits() & ((1 << 52) - 1) | 1 << 52;
    let places = (52 - FRACTION as i32 + (lowest - exponent).max(0)).min(60) as u32;
    let (kept, rest) = (significand >> places, significand & ((1 << places) - 1));
    let half = 1u64 << (places - 1);
    let is_raised = match direction {
        Direction::Nearest => rest > half || (rest == half && kept & 1 != 0),
        Direction::Up => sign == 0 && rest != 0,
        Direction::Down => sign != 0 && rest != 0,
        Direction::Zero => false,
    };
    let base = i64::from((exponent - lowest).max(0)) << FRACTION;
    let code = base + kept as i64 + i64::from(is_raised);
    let reaches_infinity = match direction {
        Direction::Nearest => true,
        Direction::Up => sign == 0,
        Direction::Down => sign != 0,
        Direction::Zero => false,
    };
    let code = if code < i64::from(infinity) { code as u32 } else { infinity - u32::from(!reaches_infinity) };
    sign | code
}

/// Bits of the f16 nearest to `x`.
pub(super) fn half_from_f64(x: f64) -> u32 {
    round::<10, 5>(x, Direction::Nearest)
}

/// [`simd::wide`] in a mode.
pub(super) fn wide(simd: Simd, op: Op, inputs: &mut WideInputs, mode: u32) -> Option<(WideLanes, u64)> {
    if mode & (DEFAULT | 0xf) == DEFAULT || moves_bits(op) {
        return simd::wide(simd, op, inputs);
    }
    let row = op.row();
    let third = if row.src[2] == Kind::None { row.dst } else { row.src[2] };
    for (lanes, kind) in [(&mut inputs.a, row.src[0]), (&mut inputs.b, row.src[1]), (&mut inputs.c, third)] {
        if Rules::of(mode, kind).flushes_inputs {
            flush_wide(lanes, kind);
        }
    }
    let rules = Rules::of(mode, row.dst);
    let (mut lanes, mask) = simd::wide(simd, op, inputs)?;
    if rules.direction != Direction::Nearest {
        for (lane, bits) in lanes.iter_mut().enumerate() {
            let [a, b, c] = [inputs.a[lane], inputs.b[lane], inputs.c[lane]].map(f64::from_bits);
            let result = f64::from_bits(*bits);
            *bits = match op {
                Op::v_add_f64 => corrected(result, fused_error(a, 1.0, b, result), (a, b), rules.direction),
                // A product that is zero has the sign of its factors in every direction.
                Op::v_mul_f64 => corrected(result, fused_error(a, b, 0.0, result), (1.0, 1.0), rules.direction),
                Op::v_fma_f64 | Op::v_fmac_f64 => {
                    corrected(result, fused_error(a, b, c, result), (a.signum() * b.signum(), c), rules.direction)
                }
                Op::v_cvt_f32_f64 => u64::from(round::<23, 8>(a, rules.direction)),
                _ => *bits,
            };
        }
    }
    if rules.flushes_outputs {
        flush_wide(&mut lanes, row.dst);
    }
    Some((lanes, mask))
}

/// What a fused multiply-add to nearest lacks: a number with its sign, which is exact.
///
/// The product is split into two f64, which takes 106 bits below its first; products near the ends of the
/// range are scaled first, together with all else. Sources: Shewchuk, Adaptive Precision Floating-Point
/// Arithmetic, 1997, for sums that keep every bit.
pub(super) fn fused_error(a: f64, b: f64, c: f64, result: f64) -> f64 {
    const FAR: f64 = f64::from_bits((1023 + 900) << 52);
    const STEP: f64 = f64::from_bits((1023 + 600) << 52);
    let product = a * b;
    let is_nothing = a == 0.0 || b == 0.0;
    if !is_nothing && product.abs() > FAR {
        // Of a sum this far below the product's last bit only the sign counts.
        let c = if c == 0.0 { c } else { c.abs().max(1.0).copysign(c) };
        return sum_of_split(a / STEP, b, c / STEP, result / STEP);
    }
    if !is_nothing && product.abs() < FAR.recip() {
        // And so of a product this far below the sum's.
        if c.abs() > 1.0 / STEP {
            return if result == c { a.signum() * b.signum() } else { c - result };
        }
        return sum_of_split(a * STEP, b * STEP, c * STEP * STEP, result * STEP * STEP);
    }
    sum_of_split(a, b, c, result)
}

/// The first part of a * b + c - result, where nothing leaves the range.
fn sum_of_split(a: f64, b: f64, c: f64, result: f64) -> f64 {
    let product = a * b;
    let mut parts = [0.0; 4];
    for (count, mut value) in [a.mul_add(b, -product), product, c, -result].into_iter().enumerate() {
        for part in &mut parts[..count] {
            (value, *part) = two_sum(value, *part);
        }
        parts[count] = value;
    }
    // No two of them overlap, the largest last.
    parts.into_iter().rev().find(|part| *part != 0.0).unwrap_or(0.0)
}

/// The bits of a result to nearest, moved one step where the direction says otherwise. A sum that is
/// exactly zero has the direction's sign, unless both `addends` have one sign.
fn corrected(nearest: f64, error: f64, addends: (f64, f64), direction: Direction) -> u64 {
    if !nearest.is_finite() {
        return nearest.to_bits();
    }
    if error == 0.0 || error.is_nan() {
        let is_cancelled = nearest == 0.0 && addends.0.is_sign_negative() != addends.1.is_sign_negative();
        let is_negative = is_cancelled && direction == Direction::Down;
        return if is_negative { (-0.0f64).to_bits() } else { nearest.to_bits() };
    }
    let moved = match direction {
        Direction::Up if error > 0.0 => nearest.next_up(),
        Direction::Down if error < 0.0 => nearest.next_down(),
        Direction::Zero if error > 0.0 && nearest < 0.0 => nearest.next_up(),
        Direction::Zero if error < 0.0 && nearest > 0.0 => nearest.next_down(),
        _ => nearest,
    };
    moved.to_bits()
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;

    use super::*;

    #[test]
    fn a_third_is_rounded_in_each_direction() {
        let third = 1.0 / 3.0;
        let below = 0x3eaa_aaaa;
        for (direction, wanted) in [
            (Direction::Nearest, below + 1),
            (Direction::Up, below + 1),
            (Direction::Down, below),
            (Direction::Zero, below),
        ] {
            assert_eq!(round::<23, 8>(third, direction), wanted, "{direction:?}");
        }
        assert_eq!(round::<23, 8>(-third, Direction::Up), below | 1 << 31);
        assert_eq!(round::<23, 8>(-third, Direction::Down), (below + 1) | 1 << 31);
    }

    #[test]
    fn rounding_to_nearest_is_the_conversion_of_rust() {
        let mut state = 1u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Exponents around those of f32, its subnormals included.
            let exponent = 1023 - 160 + (state >> 40) % 300;
            let x = f64::from_bits(state & 0x800f_ffff_ffff_ffff | exponent << 52);
            assert_eq!(round::<23, 8>(x, Direction::Nearest), (x as f32).to_bits(), "{x:e}");
            // By way of an f32 rounded to odd, which has more than twice the bits of f16.
            let cut = x as f32;
            let toward_zero = if f64::from(cut).abs() > x.abs() { f32::from_bits(cut.to_bits() - 1) } else { cut };
            let odd = if f64::from(cut) == x { cut } else { f32::from_bits(toward_zero.to_bits() | 1) };
            assert_eq!(half_from_f64(x), u32::from(greta_numerics::float16::f16_from_f32(odd)), "{x:e}");
        }
    }

    #[test]
    fn sums_too_fine_for_f64_still_have_a_direction() {
        let tiny = f64::from(f32::from_bits(1));
        assert_eq!(round::<23, 8>(odd_sum(1.0, tiny, Direction::Up), Direction::Up), 0x3f80_0001);
        assert_eq!(round::<23, 8>(odd_sum(1.0, -tiny, Direction::Zero), Direction::Zero), 0x3f7f_ffff);
        assert_eq!(round::<23, 8>(odd_sum(1.0, -1.0, Direction::Down), Direction::Down), 1 << 31);
        assert_eq!(corrected(1.0, f64::MIN_POSITIVE, (1.0, 1.0), Direction::Up), 1.0f64.next_up().to_bits());
    }

    /// A finite number times 2^2200.
    fn whole(x: f64) -> BigInt {
        let exponent = (x.to_bits() >> 52 & 0x7ff).max(1) as i64 - 1075;
        let fraction = x.to_bits() & ((1 << 52) - 1);
        let hidden = u64::from(x.to_bits() >> 52 & 0x7ff != 0) << 52;
        let magnitude = BigInt::from(fraction | hidden) << (exponent + 2200);
        if x.is_sign_negative() { -magnitude } else { magnitude }
    }

    #[test]
    fn fused_sums_of_f64_are_rounded_in_each_direction() {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11 ^ state << 32
        };
        let (mut moved, mut tiny) = (0, 0);
        for case in 0..200_000 {
            // Few bits, so that sums cancel; exponents of all the range, of its ends, and that meet.
            let mut draw = |exponent: u64| {
                let fraction = if case & 1 == 0 { next() } else { next() & 3 << 50 | next() & 1 };
                f64::from_bits(next() << 63 | exponent << 52 | fraction & ((1 << 52) - 1))
            };
            let [ea, eb] = match case % 5 {
                0 => [1, 1 + case / 5 % 60],
                1 => [900 + case % 300, 900 + case / 7 % 300],
                2 => [case % 100, 1023 + case / 3 % 60],
                3 => [1500 + case % 60, 1540 + case / 3 % 60],
                _ => [case % 2046, case / 11 % 2046],
            };
            let (a, b) = (draw(ea), draw(eb));
            let meets = (ea + eb).saturating_sub(1023).clamp(0, 2045);
            let c = match case % 7 {
                0 => -(a * b),
                1 => draw(case % 2046),
                2 => 0.0,
                offset => draw((meets + offset * 9).saturating_sub(45).min(2045)),
            };
            let nearest = a.mul_add(b, c);
            if !nearest.is_finite() || !c.is_finite() {
                continue;
            }
            let exact = (whole(a) * whole(b)) + (whole(c) << 2200);
            let error = exact - (whole(nearest) << 2200);
            let found = fused_error(a, b, c, nearest);
            let sign = i32::from(found > 0.0) - i32::from(found < 0.0);
            let wanted = i32::from(error > BigInt::ZERO) - i32::from(error < BigInt::ZERO);
            assert_eq!(sign, wanted, "{a:e} * {b:e} + {c:e} is to nearest {nearest:e}");
            moved += usize::from(wanted != 0);
            tiny += usize::from(wanted != 0 && (a * b).abs() < f64::MIN_POSITIVE);
        }
        assert!(moved > 50_000 && tiny > 5_000, "{moved} inexact, {tiny} of them tiny");
    }

    #[test]
    fn zeros_of_f64_have_the_sign_that_their_direction_gives() {
        for (a, b, wanted) in [(1.0, -1.0, -0.0), (0.0, 0.0, 0.0), (-0.0, -0.0, -0.0), (0.0, -0.0, -0.0)] {
            let found = corrected(a + b, fused_error(a, 1.0, b, a + b), (a, b), Direction::Down);
            assert_eq!(found, f64::to_bits(wanted), "{a:?} + {b:?}");
        }
    }
}
