//! What operations and casts give, computed on Rust's own types. Shares nothing with the interpreter.

use greta::codegen::ir::{Literal, Op, Scalar};
use greta::prelude::*;
use greta::rt::LiteralValue;
use greta::runtime::Element;

use crate::casts::{As, Samples};

/// Evaluates something with the Rust type of a scalar that is not `bool`.
macro_rules! with_type {
    ($scalar:expr, $T:ident => $value:expr) => {
        with_type!(@match $scalar, $T, $value, I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64
            F16 f16 Bf16 bf16 F32 f32 F64 f64 Fp8 fp8 Bf8 bf8)
    };
    (@match $scalar:expr, $T:ident, $value:expr, $($name:ident $rust:ident)*) => {
        match $scalar {
            Scalar::Bool => unreachable!("truth values are looked at elsewhere"),
            $(Scalar::$name => {
                type $T = $rust;
                $value
            })*
        }
    };
}
pub(super) use with_type;

/// A Rust type with the meaning of a kernel's operations.
pub(super) trait Native: Element + LiteralValue + Samples {
    fn of(value: Literal) -> Self;
    fn apply(op: Op, operands: &[Self]) -> Literal;
}

/// A comparison, if it is one.
fn opt_order<T: PartialOrd>(op: Op, [a, b]: [T; 2]) -> Option<Literal> {
    Some(Literal::Bool(match op {
        Op::Eq => a == b,
        Op::Ne => a != b,
        Op::Lt => a < b,
        Op::Le => a <= b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        _ => return None,
    }))
}

/// One to three operands, the last repeated.
fn three<T: Copy>(operands: &[T]) -> [T; 3] {
    [0, 1, 2].map(|index| operands[index.min(operands.len() - 1)])
}

macro_rules! integers {
    ($($ty:ident $name:ident;)*) => {
        $(impl Native for $ty {
            fn of(value: Literal) -> Self {
                value.bits() as Self
            }

            #[allow(trivial_numeric_casts)]
            fn apply(op: Op, operands: &[Self]) -> Literal {
                let [a, b, _] = three(operands);
                if let Some(truth) = opt_order(op, [a, b]) {
                    return truth;
                }
                Literal::$name(match op {
                    Op::Add => a.wrapping_add(b),
                    Op::Sub => a.wrapping_sub(b),
                    Op::Mul => a.wrapping_mul(b),
                    Op::Div => a.wrapping_div(b),
                    Op::Rem => a.wrapping_rem(b),
                    Op::Neg => a.wrapping_neg(),
                    Op::Not => !a,
                    Op::BitAnd => a & b,
                    Op::BitOr => a | b,
                    Op::BitXor => a ^ b,
                    Op::Shl => a.wrapping_shl(b as u32),
                    Op::Shr => a.wrapping_shr(b as u32),
                    Op::Min => a.min(b),
                    Op::Max => a.max(b),
                    Op::LeadingZeros => a.leading_zeros() as Self,
                    Op::CountOnes => a.count_ones() as Self,
                    Op::ReverseBits => a.reverse_bits(),
                    Op::MulHi => (i128::from(a).wrapping_mul(i128::from(b)) >> Self::BITS) as Self,
                    _ => unreachable!("random programs do no {op:?} on integers"),
                })
            }
        })*
    };
}

integers! {
    i8 I8;
    i16 I16;
    i32 I32;
    i64 I64;
    u8 U8;
    u16 U16;
    u32 U32;
    u64 U64;
}

macro_rules! floats {
    ($($ty:ident $name:ident $bits:ty, computed as $wide:ty;)*) => {
        $(impl Native for $ty {
            fn of(value: Literal) -> Self {
                Self::from_bits(value.bits() as $bits)
            }

            fn apply(op: Op, operands: &[Self]) -> Literal {
                let [a, b, c]: [$wide; 3] = three(operands).map(As::convert);
                if let Some(truth) = opt_order(op, [a, b]) {
                    return truth;
                }
                let result: Self = As::convert(match op {
                    Op::Add => a + b,
                    Op::Sub => a - b,
                    Op::Mul => a * b,
                    Op::Div => a / b,
                    Op::Neg => -a,
                    Op::Abs => a.abs(),
                    Op::Min => a.min(b),
                    Op::Max => a.max(b),
                    Op::Fma => a.mul_add(b, c),
                    Op::Sqrt => a.sqrt(),
                    Op::Floor => a.floor(),
                    Op::Ceil => a.ceil(),
                    Op::Trunc => a.trunc(),
                    Op::Round => a.round(),
                    _ => unreachable!("random programs do no {op:?} on floats"),
                });
                result.to_literal()
            }
        })*
    };
}

floats! {
    f16 F16 u16, computed as f32;
    bf16 Bf16 u16, computed as f32;
    f32 F32 u32, computed as f32;
    f64 F64 u64, computed as f64;
}

macro_rules! storage {
    ($($ty:ident $name:ident;)*) => {
        $(impl Native for $ty {
            fn of(value: Literal) -> Self {
                greta::prelude::$ty(value.bits() as u8)
            }

            fn apply(op: Op, _: &[Self]) -> Literal {
                unreachable!("no {op:?} on what is only stored")
            }
        })*
    };
}

storage! {
    fp8 Fp8;
    bf8 Bf8;
}

/// An operation on scalars of one type.
pub(super) fn apply(op: Op, operands: &[Literal]) -> Literal {
    fn typed<T: Native>(op: Op, operands: &[Literal]) -> Literal {
        T::apply(op, &operands.iter().map(|&operand| T::of(operand)).collect::<Vec<T>>())
    }
    match operands[0].scalar() {
        Scalar::Bool => truths(op, operands),
        scalar => with_type!(scalar, T => typed::<T>(op, operands)),
    }
}

fn truths(op: Op, operands: &[Literal]) -> Literal {
    let [a, b, _] = three(operands).map(|operand| operand == Literal::Bool(true));
    opt_order(op, [a, b]).unwrap_or_else(|| {
        Literal::Bool(match op {
            Op::Not => !a,
            Op::BitAnd => a & b,
            Op::BitOr => a | b,
            Op::BitXor => a ^ b,
            _ => unreachable!("random programs do no {op:?} on truth values"),
        })
    })
}

/// Rust's `as`.
pub(super) fn cast(value: Literal, to: Scalar) -> Literal {
    fn typed<F: Native + As<T>, T: Native>(value: Literal) -> Literal {
        F::of(value).convert().to_literal()
    }
    match (value, to) {
        (_, Scalar::Bool) => value,
        (Literal::Bool(truth), to) => cast(Literal::U8(truth.into()), to),
        _ => with_type!(value.scalar(), From => with_type!(to, To => typed::<From, To>(value))),
    }
}

/// Values of a type, boundary values among them.
pub(super) fn samples(scalar: Scalar) -> Vec<Literal> {
    fn typed<T: Native>() -> Vec<Literal> {
        T::samples().into_iter().map(T::to_literal).collect()
    }
    match scalar {
        Scalar::Bool => [true, false].map(Literal::Bool).to_vec(),
        scalar => with_type!(scalar, T => typed::<T>()),
    }
}

/// Whether two results are the same; NaN is NaN.
pub(super) fn same(a: Literal, b: Literal) -> bool {
    let is_nan = |value: Literal| value.opt_float().is_some_and(f64::is_nan);
    a == b || a.scalar() == b.scalar() && is_nan(a) && is_nan(b)
}
