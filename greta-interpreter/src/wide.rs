//! The instructions that have an operand or a result of 64 bits: one row each.
//!
//! Such a value takes two words, the lower first; a component's second word lies one step after its first. Rows are
//! pure, total functions, as in `lanewise`.

use std::marker::PhantomData;

use greta_codegen::ir::{Op, Scalar};
use greta_numerics::float16::{f32_to_odd, f64_to_odd};

use crate::frame::{Frame, Handler, Inst, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::{Body, Level};

#[inline(always)]
fn f(bits: u64) -> f64 {
    f64::from_bits(bits)
}

#[inline(always)]
fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

macro_rules! wide {
    ($($row:ident $operands:tt -> $result:literal |$a:pat_param, $b:pat_param, $c:pat_param| $body:expr;)*) => {
        /// An operation with 64-bit values, typed. `D`, `L` and `U` say how it takes the bits: float, signed, unsigned.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Wide { $($row,)* }

        mod rows {
            use super::*;
            $(pub(super) struct $row;
            impl Row for $row {
                const OPERANDS: &'static [usize] = &$operands;
                const RESULT: usize = $result;
                #[inline(always)]
                fn apply($a: u64, $b: u64, $c: u64) -> u64 { $body }
            })*
        }

        impl Wide {
            /// Words of each operand.
            pub(crate) fn operands(self) -> &'static [usize] {
                match self {
                    $(Self::$row => rows::$row::OPERANDS,)*
                }
            }

            /// Words of the result.
            pub(crate) fn result(self) -> usize {
                match self {
                    $(Self::$row => rows::$row::RESULT,)*
                }
            }

            /// The handler; `Inst::extra` has a bit for each operand that differs from thread to thread.
            pub(crate) fn handler(self, level: Level) -> Handler {
                match self {
                    $(Self::$row => level.handler::<Apply<rows::$row>>(),)*
                }
            }
        }
    };
}

wide! {
    Add [2, 2] -> 2 |a, b, _| a.wrapping_add(b);
    Sub [2, 2] -> 2 |a, b, _| a.wrapping_sub(b);
    Mul [2, 2] -> 2 |a, b, _| a.wrapping_mul(b);
    Neg [2] -> 2 |a, _, _| a.wrapping_neg();
    Shl [2, 2] -> 2 |a, b, _| a << (b & 63);
    ShrU [2, 2] -> 2 |a, b, _| a >> (b & 63);
    ShrL [2, 2] -> 2 |a, b, _| ((a as i64) >> (b & 63)) as u64;
    DivU [2, 2] -> 2 |a, b, _| a.checked_div(b).unwrap_or(0);
    RemU [2, 2] -> 2 |a, b, _| a.checked_rem(b).unwrap_or(0);
    DivL [2, 2] -> 2 |a, b, _| if b == 0 { 0 } else { (a as i64).wrapping_div(b as i64) as u64 };
    RemL [2, 2] -> 2 |a, b, _| if b == 0 { 0 } else { (a as i64).wrapping_rem(b as i64) as u64 };
    MinU [2, 2] -> 2 |a, b, _| a.min(b);
    MaxU [2, 2] -> 2 |a, b, _| a.max(b);
    MinL [2, 2] -> 2 |a, b, _| (a as i64).min(b as i64) as u64;
    MaxL [2, 2] -> 2 |a, b, _| (a as i64).max(b as i64) as u64;
    Eq [2, 2] -> 1 |a, b, _| u64::from(a == b);
    Ne [2, 2] -> 1 |a, b, _| u64::from(a != b);
    LtU [2, 2] -> 1 |a, b, _| u64::from(a < b);
    LeU [2, 2] -> 1 |a, b, _| u64::from(a <= b);
    LtL [2, 2] -> 1 |a, b, _| u64::from((a as i64) < b as i64);
    LeL [2, 2] -> 1 |a, b, _| u64::from(a as i64 <= b as i64);
    AddD [2, 2] -> 2 |a, b, _| (f(a) + f(b)).to_bits();
    SubD [2, 2] -> 2 |a, b, _| (f(a) - f(b)).to_bits();
    MulD [2, 2] -> 2 |a, b, _| (f(a) * f(b)).to_bits();
    DivD [2, 2] -> 2 |a, b, _| (f(a) / f(b)).to_bits();
    NegD [2] -> 2 |a, _, _| a ^ (1 << 63);
    AbsD [2] -> 2 |a, _, _| a & !(1 << 63);
    MinD [2, 2] -> 2 |a, b, _| if f(b) < f(a) || f(a).is_nan() { b } else { a };
    MaxD [2, 2] -> 2 |a, b, _| if f(b) > f(a) || f(a).is_nan() { b } else { a };
    CopysignD [2, 2] -> 2 |a, b, _| a & !(1 << 63) | b & (1 << 63);
    FmaD [2, 2, 2] -> 2 |a, b, c| f(a).mul_add(f(b), f(c)).to_bits();
    SqrtD [2] -> 2 |a, _, _| f(a).sqrt().to_bits();
    RsqrtD [2] -> 2 |a, _, _| (1.0 / f(a).sqrt()).to_bits();
    ExpD [2] -> 2 |a, _, _| f(a).exp().to_bits();
    Exp2D [2] -> 2 |a, _, _| f(a).exp2().to_bits();
    LogD [2] -> 2 |a, _, _| f(a).ln().to_bits();
    Log2D [2] -> 2 |a, _, _| f(a).log2().to_bits();
    Log10D [2] -> 2 |a, _, _| f(a).log10().to_bits();
    SinD [2] -> 2 |a, _, _| f(a).sin().to_bits();
    CosD [2] -> 2 |a, _, _| f(a).cos().to_bits();
    TanD [2] -> 2 |a, _, _| f(a).tan().to_bits();
    TanhD [2] -> 2 |a, _, _| f(a).tanh().to_bits();
    ErfD [2] -> 2 |a, _, _| libm::erf(f(a)).to_bits();
    PowD [2, 2] -> 2 |a, b, _| f(a).powf(f(b)).to_bits();
    FloorD [2] -> 2 |a, _, _| f(a).floor().to_bits();
    CeilD [2] -> 2 |a, _, _| f(a).ceil().to_bits();
    TruncD [2] -> 2 |a, _, _| f(a).trunc().to_bits();
    RoundD [2] -> 2 |a, _, _| f(a).round().to_bits();
    EqD [2, 2] -> 1 |a, b, _| u64::from(f(a) == f(b));
    NeD [2, 2] -> 1 |a, b, _| u64::from(f(a) != f(b));
    LtD [2, 2] -> 1 |a, b, _| u64::from(f(a) < f(b));
    LeD [2, 2] -> 1 |a, b, _| u64::from(f(a) <= f(b));
    LeadingZeros [2] -> 1 |a, _, _| a.leading_zeros().into();
    CountOnes [2] -> 1 |a, _, _| a.count_ones().into();
    ReverseBits [2] -> 2 |a, _, _| a.reverse_bits();
    MulHiU [2, 2] -> 2 |a, b, _| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    MulHiL [2, 2] -> 2 |a, b, _| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64;
    IntToLong [1] -> 2 |a, _, _| a as i32 as i64 as u64;
    WordToLong [1] -> 2 |a, _, _| a;
    IntToD [1] -> 2 |a, _, _| f64::from(a as i32).to_bits();
    WordToD [1] -> 2 |a, _, _| f64::from(a as u32).to_bits();
    LToD [2] -> 2 |a, _, _| (a as i64 as f64).to_bits();
    UToD [2] -> 2 |a, _, _| (a as f64).to_bits();
    LToF [2] -> 1 |a, _, _| (a as i64 as f32).to_bits().into();
    UToF [2] -> 1 |a, _, _| (a as f32).to_bits().into();
    FToD [1] -> 2 |a, _, _| f64::from(single(a)).to_bits();
    DToF [2] -> 1 |a, _, _| (f(a) as f32).to_bits().into();
    DToOdd [2] -> 1 |a, _, _| f32_to_odd(f(a)).to_bits().into();
    LToOdd [2] -> 1 |a, _, _| f32_to_odd(f64_to_odd(i128::from(a as i64))).to_bits().into();
    UToOdd [2] -> 1 |a, _, _| f32_to_odd(f64_to_odd(i128::from(a))).to_bits().into();
    DToInt [2] -> 1 |a, _, _| u64::from(f(a) as i32 as u32);
    DToWord [2] -> 1 |a, _, _| u64::from(f(a) as u32);
    DToL [2] -> 2 |a, _, _| f(a) as i64 as u64;
    DToU [2] -> 2 |a, _, _| f(a) as u64;
    FToL [1] -> 2 |a, _, _| single(a) as i64 as u64;
    FToU [1] -> 2 |a, _, _| single(a) as u64;
}

/// How an operation of the IR on a 64-bit type is spelled here: which row, and whether its operands change places.
pub(crate) fn opt_row(op: Op, scalar: Scalar) -> Option<(Wide, bool)> {
    match op {
        Op::Gt => return opt_row(Op::Lt, scalar).map(|(row, _)| (row, true)),
        Op::Ge => return opt_row(Op::Le, scalar).map(|(row, _)| (row, true)),
        _ => {}
    }
    let row = if scalar == Scalar::F64 { opt_float_row(op) } else { opt_integer_row(op, scalar == Scalar::I64) };
    row.map(|row| (row, false))
}

fn opt_integer_row(op: Op, signed: bool) -> Option<Wide> {
    let choose = |long: Wide, unsigned: Wide| if signed { long } else { unsigned };
    Some(match op {
        Op::Add => Wide::Add,
        Op::Sub => Wide::Sub,
        Op::Mul => Wide::Mul,
        Op::Neg => Wide::Neg,
        Op::Shl => Wide::Shl,
        Op::Shr => choose(Wide::ShrL, Wide::ShrU),
        Op::Div => choose(Wide::DivL, Wide::DivU),
        Op::Rem => choose(Wide::RemL, Wide::RemU),
        Op::Min => choose(Wide::MinL, Wide::MinU),
        Op::Max => choose(Wide::MaxL, Wide::MaxU),
        Op::Eq => Wide::Eq,
        Op::Ne => Wide::Ne,
        Op::Lt => choose(Wide::LtL, Wide::LtU),
        Op::Le => choose(Wide::LeL, Wide::LeU),
        Op::LeadingZeros => Wide::LeadingZeros,
        Op::CountOnes => Wide::CountOnes,
        Op::ReverseBits => Wide::ReverseBits,
        Op::MulHi => choose(Wide::MulHiL, Wide::MulHiU),
        _ => return None,
    })
}

fn opt_float_row(op: Op) -> Option<Wide> {
    Some(match op {
        Op::Add => Wide::AddD,
        Op::Sub => Wide::SubD,
        Op::Mul => Wide::MulD,
        Op::Div => Wide::DivD,
        Op::Neg => Wide::NegD,
        Op::Abs => Wide::AbsD,
        Op::Min => Wide::MinD,
        Op::Max => Wide::MaxD,
        Op::Copysign => Wide::CopysignD,
        Op::Fma => Wide::FmaD,
        Op::Sqrt => Wide::SqrtD,
        Op::Rsqrt => Wide::RsqrtD,
        Op::Exp => Wide::ExpD,
        Op::Exp2 => Wide::Exp2D,
        Op::Log => Wide::LogD,
        Op::Log2 => Wide::Log2D,
        Op::Log10 => Wide::Log10D,
        Op::Sin => Wide::SinD,
        Op::Cos => Wide::CosD,
        Op::Tan => Wide::TanD,
        Op::Tanh => Wide::TanhD,
        Op::Erf => Wide::ErfD,
        Op::Pow => Wide::PowD,
        Op::Floor => Wide::FloorD,
        Op::Ceil => Wide::CeilD,
        Op::Trunc => Wide::TruncD,
        Op::Round => Wide::RoundD,
        Op::Eq => Wide::EqD,
        Op::Ne => Wide::NeD,
        Op::Lt => Wide::LtD,
        Op::Le => Wide::LeD,
        _ => return None,
    })
}

/// An operation on up to three values; of one word, the value is in the lower half.
trait Row {
    const OPERANDS: &'static [usize];
    const RESULT: usize;
    fn apply(a: u64, b: u64, c: u64) -> u64;
}

/// A row on operands that differ from thread to thread or not. A result that all threads share is computed once.
struct Apply<R>(PhantomData<R>);

impl<R: Row> Body for Apply<R> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        for component in 0..inst.count {
            // SAFETY: operands and result lie in the frame, as `encode` laid them out.
            unsafe {
                let dst = frame.words.add((inst.dst + component * inst.dst_step * R::RESULT as u32) as usize);
                if inst.extra == 0 {
                    let [a, b, c] = [0, 1, 2].map(|index| once::<R>(frame, inst, index, component));
                    let result = R::apply(a, b, c);
                    *dst = result as u32;
                    if R::RESULT == 2 {
                        *dst.add(inst.dst_step as usize) = (result >> 32) as u32;
                    }
                    continue;
                }
                for wave in 0..frame.waves {
                    if *frame.masks.add(wave) == 0 {
                        continue;
                    }
                    for group in 0..LANES / GROUP {
                        let offset = wave * LANES + group * GROUP;
                        let [a, b, c] = [0, 1, 2].map(|index| gather::<R>(frame, inst, index, component, offset));
                        let (mut low, mut high) = ([0; GROUP], [0; GROUP]);
                        for lane in 0..GROUP {
                            let result = R::apply(a[lane], b[lane], c[lane]);
                            low[lane] = result as u32;
                            high[lane] = (result >> 32) as u32;
                        }
                        write(dst.add(offset), low);
                        if R::RESULT == 2 {
                            write(dst.add(inst.dst_step as usize + offset), high);
                        }
                    }
                }
            }
        }
        false
    }
}

/// First word of an operand's component; null if the row has no such operand.
#[inline(always)]
unsafe fn operand<R: Row>(frame: &Frame<'_>, inst: &Inst, index: usize, component: u32) -> Option<*const u32> {
    let words = *R::OPERANDS.get(index)? as u32;
    // SAFETY: the caller's promise that the operand lies in the frame.
    Some(unsafe { frame.words.add((inst.src[index] + component * inst.src_step[index] * words) as usize) })
}

/// An operand that all threads share.
#[inline(always)]
unsafe fn once<R: Row>(frame: &Frame<'_>, inst: &Inst, index: usize, component: u32) -> u64 {
    // SAFETY: the caller's promise that the operand lies in the frame.
    unsafe {
        let Some(source) = operand::<R>(frame, inst, index, component) else { return 0 };
        let high = if R::OPERANDS[index] == 2 { *source.add(inst.src_step[index] as usize) } else { 0 };
        u64::from(*source) | u64::from(high) << 32
    }
}

/// A group of an operand's values.
#[inline(always)]
unsafe fn gather<R: Row>(frame: &Frame<'_>, inst: &Inst, index: usize, component: u32, offset: usize) -> [u64; GROUP] {
    let mut values = [0; GROUP];
    // SAFETY: the caller's promise that the operand lies in the frame.
    unsafe {
        let Some(source) = operand::<R>(frame, inst, index, component) else { return values };
        if inst.extra >> index & 1 == 0 {
            return [once::<R>(frame, inst, index, component); GROUP];
        }
        let low = read(source.add(offset));
        let high =
            if R::OPERANDS[index] == 2 { read(source.add(inst.src_step[index] as usize + offset)) } else { [0; GROUP] };
        for lane in 0..GROUP {
            values[lane] = u64::from(low[lane]) | u64::from(high[lane]) << 32;
        }
    }
    values
}
