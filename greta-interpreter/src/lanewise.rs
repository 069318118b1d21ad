//! The instructions that work lane by lane: one row each, typed, on the bits of 32-bit words.
//!
//! A row is a pure, total function of words, used for uniform values, for waves and for folding alike. Division by zero
//! gives 0 here; a separate instruction reports it.

use std::marker::PhantomData;

use greta_codegen::ir::{Op, Scalar};
use greta_numerics::float16::{bf16_from_f32, f16_from_f32, f16_from_f64, f32_from_f16};
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};

use crate::frame::{Frame, Handler, Inst, LANES};
use crate::level::{Body, Level};
use crate::math;

/// Words that are read, computed and written at a time.
pub(crate) const GROUP: usize = 16;

#[inline(always)]
fn f(bits: u32) -> f32 {
    f32::from_bits(bits)
}

#[inline(always)]
fn half(bits: u32) -> f64 {
    f64::from(f32_from_f16(bits as u16))
}

macro_rules! lanewise {
    (
        unary { $($unary:ident |$x:ident| $unary_body:expr;)* }
        binary { $($binary:ident |$a:ident, $b:ident| $binary_body:expr;)* }
        ternary { $($ternary:ident |$p:ident, $q:ident, $r:ident| $ternary_body:expr;)* }
    ) => {
        /// An operation on words, typed. `F`, `I`, `U` and `B` say how it takes the bits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Lanewise { $($unary,)* $($binary,)* $($ternary,)* }

        mod rows {
            use super::*;
            $(pub(super) struct $unary;
            impl Row for $unary {
                #[inline(always)]
                fn apply($x: u32, _: u32, _: u32) -> u32 { $unary_body }
            })*
            $(pub(super) struct $binary;
            impl Row for $binary {
                #[inline(always)]
                fn apply($a: u32, $b: u32, _: u32) -> u32 { $binary_body }
            })*
            $(pub(super) struct $ternary;
            impl Row for $ternary {
                #[inline(always)]
                fn apply($p: u32, $q: u32, $r: u32) -> u32 { $ternary_body }
            })*
        }

        impl Lanewise {
            /// Every row.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$unary,)* $(Self::$binary,)* $(Self::$ternary,)*];

            /// How many operands it has.
            pub(crate) fn arity(self) -> usize {
                match self {
                    $(Self::$unary => 1,)*
                    $(Self::$binary => 2,)*
                    $(Self::$ternary => 3,)*
                }
            }

            /// Its result; operands that it does not have are ignored.
            pub(crate) fn apply(self, operands: [u32; 3]) -> u32 {
                let [a, b, c] = operands;
                match self {
                    $(Self::$unary => rows::$unary::apply(a, b, c),)*
                    $(Self::$binary => rows::$binary::apply(a, b, c),)*
                    $(Self::$ternary => rows::$ternary::apply(a, b, c),)*
                }
            }

            /// The handler for operands of which some have a value per thread; if none has, neither does the result.
            pub(crate) fn handler(self, level: Level, varying: [bool; 3]) -> Handler {
                match self {
                    $(Self::$unary => handler_1::<rows::$unary>(level, varying[0]),)*
                    $(Self::$binary => handler_2::<rows::$binary>(level, [varying[0], varying[1]]),)*
                    $(Self::$ternary => handler_3::<rows::$ternary>(level, varying),)*
                }
            }
        }
    };
}

lanewise! {
    unary {
        Move |x| x;
        NegF |x| x ^ 0x8000_0000;
        NegI |x| x.wrapping_neg();
        NotB |x| x ^ 1;
        NotI |x| !x;
        Extend8 |x| i32::from(x as i8) as u32;
        Extend16 |x| i32::from(x as i16) as u32;
        HalfToF |x| f32_from_f16(x as u16).to_bits();
        BrainToF |x| x << 16;
        Fp8ToF |x| F8E4M3Fnuz(x as u8).to_f32().to_bits();
        Bf8ToF |x| F8E5M2Fnuz(x as u8).to_f32().to_bits();
        FToHalf |x| u32::from(f16_from_f32(f(x)));
        FToBrain |x| u32::from(bf16_from_f32(f(x)));
        FToFp8 |x| u32::from(F8E4M3Fnuz::from_f32(f(x), Overflow::Nan).0);
        FToBf8 |x| u32::from(F8E5M2Fnuz::from_f32(f(x), Overflow::Nan).0);
        Abs |x| x & 0x7FFF_FFFF;
        Sqrt |x| f(x).sqrt().to_bits();
        Rsqrt |x| math::rsqrt(f(x)).to_bits();
        Exp |x| math::exp(f(x)).to_bits();
        Exp2 |x| math::exp2(f(x)).to_bits();
        Log |x| math::log(f(x)).to_bits();
        Log2 |x| math::log2(f(x)).to_bits();
        Sin |x| (f64::from(f(x)).sin() as f32).to_bits();
        Cos |x| (f64::from(f(x)).cos() as f32).to_bits();
        Log10 |x| (f64::from(f(x)).log10() as f32).to_bits();
        Tan |x| (f64::from(f(x)).tan() as f32).to_bits();
        Erf |x| (libm::erf(f64::from(f(x))) as f32).to_bits();
        Tanh |x| (f64::from(f(x)).tanh() as f32).to_bits();
        Floor |x| f(x).floor().to_bits();
        Ceil |x| f(x).ceil().to_bits();
        Trunc |x| f(x).trunc().to_bits();
        Round |x| f(x).round().to_bits();
        Recip |x| (1.0 / f(x)).to_bits();
        LeadingZeros |x| x.leading_zeros();
        CountOnes |x| x.count_ones();
        ReverseBits |x| x.reverse_bits();
        FToI |x| (f(x) as i32) as u32;
        FToU |x| f(x) as u32;
        FToB |x| u32::from(f(x) != 0.0);
        IToF |x| (x as i32 as f32).to_bits();
        UToF |x| (x as f32).to_bits();
        IToB |x| u32::from(x != 0);
    }
    binary {
        AddF |a, b| (f(a) + f(b)).to_bits();
        SubF |a, b| (f(a) - f(b)).to_bits();
        MulF |a, b| (f(a) * f(b)).to_bits();
        DivF |a, b| (f(a) / f(b)).to_bits();
        MinF |a, b| math::min(f(a), f(b)).to_bits();
        MaxF |a, b| math::max(f(a), f(b)).to_bits();
        EqF |a, b| u32::from(f(a) == f(b));
        NeF |a, b| u32::from(f(a) != f(b));
        LtF |a, b| u32::from(f(a) < f(b));
        LeF |a, b| u32::from(f(a) <= f(b));
        AddI |a, b| a.wrapping_add(b);
        SubI |a, b| a.wrapping_sub(b);
        MulI |a, b| a.wrapping_mul(b);
        DivU |a, b| a.checked_div(b).unwrap_or(0);
        RemU |a, b| a.checked_rem(b).unwrap_or(0);
        DivI |a, b| if b == 0 { 0 } else { (a as i32).wrapping_div(b as i32) as u32 };
        RemI |a, b| if b == 0 { 0 } else { (a as i32).wrapping_rem(b as i32) as u32 };
        And |a, b| a & b;
        Or |a, b| a | b;
        Xor |a, b| a ^ b;
        Shl |a, b| a << (b & 31);
        ShrU |a, b| a >> (b & 31);
        ShrI |a, b| ((a as i32) >> (b & 31)) as u32;
        EqI |a, b| u32::from(a == b);
        NeI |a, b| u32::from(a != b);
        LtU |a, b| u32::from(a < b);
        LeU |a, b| u32::from(a <= b);
        LtI |a, b| u32::from((a as i32) < b as i32);
        LeI |a, b| u32::from(a as i32 <= b as i32);
        MinU |a, b| a.min(b);
        MaxU |a, b| a.max(b);
        MinI |a, b| (a as i32).min(b as i32) as u32;
        MaxI |a, b| (a as i32).max(b as i32) as u32;
        Pow |a, b| (f64::from(f(a)).powf(f64::from(f(b))) as f32).to_bits();
        Copysign |a, b| a & 0x7FFF_FFFF | b & 0x8000_0000;
        MulHiU |a, b| ((u64::from(a) * u64::from(b)) >> 32) as u32;
        MulHiI |a, b| ((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32;
    }
    ternary {
        Fma |a, b, c| f(a).mul_add(f(b), f(c)).to_bits();
        // The product is exact in `f64`, and the sum's one rounding there leaves what decides the next.
        FmaHalf |a, b, c| u32::from(f16_from_f64(half(a) * half(b) + half(c)));
        Select |condition, a, b| if condition != 0 { a } else { b };
    }
}

/// An operation on up to three words.
trait Row {
    fn apply(a: u32, b: u32, c: u32) -> u32;
}

/// How an operation of the IR is spelled here: which row, and whether its two operands change places.
pub(crate) fn opt_row(op: Op, scalar: Scalar) -> Option<(Lanewise, bool)> {
    use Lanewise as L;
    use Scalar::{Bool, F32, I32, U32};
    let straight = |row| Some((row, false));
    match (op, scalar) {
        (Op::Gt, _) => opt_row(Op::Lt, scalar).map(|(row, _)| (row, true)),
        (Op::Ge, _) => opt_row(Op::Le, scalar).map(|(row, _)| (row, true)),
        (Op::Add, F32) => straight(L::AddF),
        (Op::Sub, F32) => straight(L::SubF),
        (Op::Mul, F32) => straight(L::MulF),
        (Op::Div, F32) => straight(L::DivF),
        (Op::Neg, F32) => straight(L::NegF),
        (Op::Min, F32) => straight(L::MinF),
        (Op::Max, F32) => straight(L::MaxF),
        (Op::Eq, F32) => straight(L::EqF),
        (Op::Ne, F32) => straight(L::NeF),
        (Op::Lt, F32) => straight(L::LtF),
        (Op::Le, F32) => straight(L::LeF),
        (Op::Abs, F32) => straight(L::Abs),
        (Op::Fma, F32) => straight(L::Fma),
        (Op::Sqrt | Op::FastSqrt, F32) => straight(L::Sqrt),
        (Op::Rsqrt | Op::FastRsqrt, F32) => straight(L::Rsqrt),
        // What is fast on a device is as exact as the rest here.
        (Op::Exp | Op::FastExp, F32) => straight(L::Exp),
        (Op::Exp2 | Op::FastExp2, F32) => straight(L::Exp2),
        (Op::Log, F32) => straight(L::Log),
        (Op::Log2 | Op::FastLog2, F32) => straight(L::Log2),
        (Op::Sin | Op::FastSin, F32) => straight(L::Sin),
        (Op::Cos | Op::FastCos, F32) => straight(L::Cos),
        (Op::Tanh, F32) => straight(L::Tanh),
        (Op::Log10, F32) => straight(L::Log10),
        (Op::Tan, F32) => straight(L::Tan),
        (Op::Erf, F32) => straight(L::Erf),
        (Op::Pow, F32) => straight(L::Pow),
        (Op::Copysign, F32) => straight(L::Copysign),
        (Op::Trunc, F32) => straight(L::Trunc),
        (Op::Round, F32) => straight(L::Round),
        (Op::FastRecip, F32) => straight(L::Recip),
        (Op::ToBits, F32) | (Op::FromBits, U32) => straight(L::Move),
        (Op::LeadingZeros, I32 | U32) => straight(L::LeadingZeros),
        (Op::CountOnes, I32 | U32) => straight(L::CountOnes),
        (Op::ReverseBits, I32 | U32) => straight(L::ReverseBits),
        (Op::MulHi, U32) => straight(L::MulHiU),
        (Op::MulHi, I32) => straight(L::MulHiI),
        (Op::Floor, F32) => straight(L::Floor),
        (Op::Ceil, F32) => straight(L::Ceil),
        (Op::Add, I32 | U32) => straight(L::AddI),
        (Op::Sub, I32 | U32) => straight(L::SubI),
        (Op::Mul, I32 | U32) => straight(L::MulI),
        (Op::Neg, I32 | U32) => straight(L::NegI),
        (Op::Div, I32) => straight(L::DivI),
        (Op::Div, U32) => straight(L::DivU),
        (Op::Rem, I32) => straight(L::RemI),
        (Op::Rem, U32) => straight(L::RemU),
        (Op::Not, Bool) => straight(L::NotB),
        (Op::Not, I32 | U32) => straight(L::NotI),
        (Op::BitAnd, Bool | I32 | U32) => straight(L::And),
        (Op::BitOr, Bool | I32 | U32) => straight(L::Or),
        (Op::BitXor, Bool | I32 | U32) => straight(L::Xor),
        (Op::Shl, I32 | U32) => straight(L::Shl),
        (Op::Shr, I32) => straight(L::ShrI),
        (Op::Shr, U32) => straight(L::ShrU),
        (Op::Eq, Bool | I32 | U32) => straight(L::EqI),
        (Op::Ne, Bool | I32 | U32) => straight(L::NeI),
        (Op::Lt, I32) => straight(L::LtI),
        (Op::Le, I32) => straight(L::LeI),
        (Op::Lt, Bool | U32) => straight(L::LtU),
        (Op::Le, Bool | U32) => straight(L::LeU),
        (Op::Min, I32) => straight(L::MinI),
        (Op::Max, I32) => straight(L::MaxI),
        (Op::Min, U32) => straight(L::MinU),
        (Op::Max, U32) => straight(L::MaxU),
        _ => None,
    }
}

/// The row of a cast; a cast that keeps the bits is `Move`.
pub(crate) fn cast_row(from: Scalar, to: Scalar) -> Lanewise {
    use Scalar::{Bool, F32, I32, U32};
    match (from, to) {
        (F32, I32) => Lanewise::FToI,
        (F32, U32) => Lanewise::FToU,
        (F32, Bool) => Lanewise::FToB,
        (I32, F32) => Lanewise::IToF,
        (U32 | Bool, F32) => Lanewise::UToF,
        (I32 | U32, Bool) => Lanewise::IToB,
        _ => Lanewise::Move,
    }
}

/// The handler of a move that changes only the active lanes.
pub(crate) fn masked_move(level: Level, varying: bool) -> Handler {
    if varying { level.handler::<MaskedMove<true>>() } else { level.handler::<MaskedMove<false>>() }
}

/// The handler of a move from a uniform value to one per thread.
pub(crate) fn spread(level: Level) -> Handler {
    level.handler::<Spread>()
}

fn handler_1<R: Row>(level: Level, varying: bool) -> Handler {
    if varying { level.handler::<Apply<R, 1, 1>>() } else { level.handler::<Uniform<R>>() }
}

fn handler_2<R: Row>(level: Level, varying: [bool; 2]) -> Handler {
    match varying {
        [false, false] => level.handler::<Uniform<R>>(),
        [true, false] => level.handler::<Apply<R, 2, 0b01>>(),
        [false, true] => level.handler::<Apply<R, 2, 0b10>>(),
        [true, true] => level.handler::<Apply<R, 2, 0b11>>(),
    }
}

fn handler_3<R: Row>(level: Level, varying: [bool; 3]) -> Handler {
    match varying {
        [false, false, false] => level.handler::<Uniform<R>>(),
        [true, false, false] => level.handler::<Apply<R, 3, 0b001>>(),
        [false, true, false] => level.handler::<Apply<R, 3, 0b010>>(),
        [true, true, false] => level.handler::<Apply<R, 3, 0b011>>(),
        [false, false, true] => level.handler::<Apply<R, 3, 0b100>>(),
        [true, false, true] => level.handler::<Apply<R, 3, 0b101>>(),
        [false, true, true] => level.handler::<Apply<R, 3, 0b110>>(),
        [true, true, true] => level.handler::<Apply<R, 3, 0b111>>(),
    }
}

/// Reads a group of words.
///
/// # Safety
///
/// `GROUP` words from `pointer` on must be readable.
#[inline(always)]
pub(crate) unsafe fn read(pointer: *const u32) -> [u32; GROUP] {
    // SAFETY: the caller's promise.
    unsafe { pointer.cast::<[u32; GROUP]>().read_unaligned() }
}

/// Writes a group of words.
///
/// # Safety
///
/// `GROUP` words from `pointer` on must be writable.
#[inline(always)]
pub(crate) unsafe fn write(pointer: *mut u32, group: [u32; GROUP]) {
    // SAFETY: the caller's promise.
    unsafe { pointer.cast::<[u32; GROUP]>().write_unaligned(group) }
}

/// A row on uniform values.
struct Uniform<R>(PhantomData<R>);

impl<R: Row> Body for Uniform<R> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let [a, b, c] = inst.src.map(|word| word as usize);
        let [a_step, b_step, c_step] = inst.src_step.map(|step| step as usize);
        for component in 0..inst.count as usize {
            // SAFETY: operands and result lie in the frame, as `encode` laid them out.
            unsafe {
                let result = R::apply(
                    *frame.words.add(a + component * a_step),
                    *frame.words.add(b + component * b_step),
                    *frame.words.add(c + component * c_step),
                );
                *frame.words.add(inst.dst as usize + component * inst.dst_step as usize) = result;
            }
        }
        false
    }
}

/// A row on `N` operands; bit i of `VARYING` says that operand i has a value per thread.
struct Apply<R, const N: usize, const VARYING: u32>(PhantomData<R>);

impl<R: Row, const N: usize, const VARYING: u32> Body for Apply<R, N, VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let (words, masks, waves) = (frame.words, frame.masks, frame.waves);
        for component in 0..inst.count {
            // SAFETY: operands and result lie in the frame, as `encode` laid them out.
            unsafe {
                let dst = words.add((inst.dst + component * inst.dst_step) as usize);
                let a = words.add((inst.src[0] + component * inst.src_step[0]) as usize);
                let b = words.add((inst.src[1] + component * inst.src_step[1]) as usize);
                let c = words.add((inst.src[2] + component * inst.src_step[2]) as usize);
                for wave in 0..waves {
                    if *masks.add(wave) == 0 {
                        continue;
                    }
                    for group in 0..LANES / GROUP {
                        let offset = wave * LANES + group * GROUP;
                        let a = operand::<VARYING, 0>(a, offset);
                        let b = if N > 1 { operand::<VARYING, 1>(b, offset) } else { [0; GROUP] };
                        let c = if N > 2 { operand::<VARYING, 2>(c, offset) } else { [0; GROUP] };
                        let mut result = [0; GROUP];
                        for lane in 0..GROUP {
                            result[lane] = R::apply(a[lane], b[lane], c[lane]);
                        }
                        write(dst.add(offset), result);
                    }
                }
            }
        }
        false
    }
}

/// A group of operand `INDEX`, which has a value per thread or one for all.
#[inline(always)]
unsafe fn operand<const VARYING: u32, const INDEX: u32>(source: *const u32, offset: usize) -> [u32; GROUP] {
    // SAFETY: the caller's promise.
    unsafe { if VARYING >> INDEX & 1 != 0 { read(source.add(offset)) } else { [*source; GROUP] } }
}

/// A move from a uniform value to one per thread.
struct Spread;

impl Body for Spread {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        // SAFETY: operand and result lie in the frame, as `encode` laid them out.
        unsafe {
            for component in 0..inst.count {
                let dst = frame.words.add((inst.dst + component * inst.dst_step) as usize);
                let value = *frame.words.add((inst.src[0] + component * inst.src_step[0]) as usize);
                for group in 0..frame.waves * LANES / GROUP {
                    write(dst.add(group * GROUP), [value; GROUP]);
                }
            }
        }
        false
    }
}

/// A move that changes only the active lanes.
struct MaskedMove<const VARYING: bool>;

impl<const VARYING: bool> Body for MaskedMove<VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        // SAFETY: operand and result lie in the frame, as `encode` laid them out.
        unsafe {
            for component in 0..inst.count {
                let dst = frame.words.add((inst.dst + component * inst.dst_step) as usize);
                let src = frame.words.add((inst.src[0] + component * inst.src_step[0]) as usize);
                for wave in 0..frame.waves {
                    let mask = *frame.masks.add(wave);
                    if mask == 0 {
                        continue;
                    }
                    for group in 0..LANES / GROUP {
                        let offset = wave * LANES + group * GROUP;
                        let bits = (mask >> (group * GROUP)) as u32;
                        let value = if VARYING { read(src.add(offset)) } else { [*src; GROUP] };
                        let mut result = read(dst.add(offset));
                        for lane in 0..GROUP {
                            result[lane] = if bits & (1 << lane) != 0 { value[lane] } else { result[lane] };
                        }
                        write(dst.add(offset), result);
                    }
                }
            }
        }
        false
    }
}
