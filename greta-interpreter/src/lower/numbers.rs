//! Arithmetic and casts of every type, as instructions on words.
//!
//! A component of 64 bits takes two words. A narrower one takes a word of its own: integers with their value, extended
//! by sign or zero, so that the operations of 32 bits serve and only results that may leave the type's range are brought
//! back; short floats with their bits, computed as `f32` and rounded after each operation.

use greta_codegen::ir::{Location, Op, Scalar, Sort, Type};

use super::Lowerer;
use crate::lanewise::{Lanewise, cast_row, opt_row};
use crate::tree::{Node, Operand, Origin, Target, scalar_words};
use crate::wide::{self, Wide};

impl Lowerer<'_> {
    /// An operation of the table on operands of one type.
    pub(super) fn arithmetic(&mut self, op: Op, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let scalar = ty.scalar;
        match scalar {
            Scalar::F16 | Scalar::Bf16 => self.half_arithmetic(op, ty, operands, location),
            Scalar::I64 | Scalar::U64 | Scalar::F64 => self.wide_arithmetic(op, ty, operands, location),
            _ if scalar.is_integer() && scalar.bits() < 32 => self.narrow_arithmetic(op, ty, operands, location),
            _ => self.word_arithmetic(op, ty, operands, location),
        }
    }

    fn word_arithmetic(&mut self, op: Op, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let Some((row, swapped)) = opt_row(op, ty.scalar) else {
            return self.unsupported(op.row().name, ty, location);
        };
        let count = u32::from(ty.lanes);
        let src = ordered(operands, swapped);
        let src = if op.shifts() { self.check_shift(src, ty, location) } else { src };
        if !matches!(row, Lanewise::DivU | Lanewise::RemU | Lanewise::DivI | Lanewise::RemI) {
            return self.fold(row, count, src);
        }
        match src[1].opt_constant() {
            None | Some(0) => {
                let divisor = self.keep_checked(src[1]);
                self.nodes.push(Node::CheckDivisor { divisor, count, wide: false, location });
                self.lanewise(row, count, [src[0], divisor, src[2]])
            }
            Some(divisor) if divisor.is_power_of_two() && row == Lanewise::DivU => {
                self.fold(Lanewise::ShrU, count, [src[0], Operand::Constant(divisor.trailing_zeros()), src[2]])
            }
            Some(divisor) if divisor.is_power_of_two() && row == Lanewise::RemU => {
                self.fold(Lanewise::And, count, [src[0], Operand::Constant(divisor - 1), src[2]])
            }
            Some(_) => self.fold(row, count, src),
        }
    }

    fn narrow_arithmetic(&mut self, op: Op, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let word = Type { scalar: as_word(ty.scalar), ..ty };
        let mut operands = operands.to_vec();
        if matches!(op, Op::Shl | Op::Shr) {
            operands = self.check_shift(ordered(&operands, false), ty, location).to_vec();
            let mask = Operand::Constant(ty.scalar.bits() - 1);
            operands[1] = self.fold(Lanewise::And, word.lanes.into(), [operands[1], mask, mask]);
        }
        let result = self.arithmetic(op, word, &operands, location);
        match op {
            Op::Add | Op::Sub | Op::Mul | Op::Neg | Op::Shl | Op::Not | Op::Div => self.wrap(result, ty),
            _ => result,
        }
    }

    /// A word's lowest bits as a value of a narrower integer type.
    fn wrap(&mut self, value: Operand, ty: Type) -> Operand {
        let row = match ty.scalar {
            Scalar::I8 => Lanewise::Extend8,
            Scalar::I16 => Lanewise::Extend16,
            Scalar::U8 | Scalar::U16 => Lanewise::And,
            _ => return value,
        };
        let mask = Operand::Constant(ty.scalar.range()[1] as u32);
        self.fold(row, ty.lanes.into(), [value, mask, mask])
    }

    fn half_arithmetic(&mut self, op: Op, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let count = u32::from(ty.lanes);
        if (op, ty.scalar) == (Op::Fma, Scalar::F16) {
            return self.fold(Lanewise::FmaHalf, count, ordered(operands, false));
        }
        let single = Type { scalar: Scalar::F32, ..ty };
        let operands: Vec<Operand> = operands.iter().map(|operand| self.convert(*operand, ty, single)).collect();
        let result = self.arithmetic(op, single, &operands, location);
        if op.row().result == greta_codegen::ops::Slot::T { self.convert(result, single, ty) } else { result }
    }

    fn wide_arithmetic(&mut self, op: Op, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let words = 2 * u32::from(ty.lanes);
        let bitwise = match op {
            Op::BitAnd => Some(Lanewise::And),
            Op::BitOr => Some(Lanewise::Or),
            Op::BitXor => Some(Lanewise::Xor),
            Op::Not => Some(Lanewise::NotI),
            _ => None,
        };
        let mut src = ordered(operands, false);
        if let Some(row) = bitwise {
            return self.fold(row, words, src);
        }
        let Some((row, swapped)) = wide::opt_row(op, ty.scalar) else {
            return self.unsupported(op.row().name, ty, location);
        };
        if op.shifts() {
            src = self.check_shift(src, ty, location);
        }
        if op.divides() && ty.scalar.is_integer() {
            src[1] = self.keep_checked(src[1]);
            let count = u32::from(ty.lanes);
            self.nodes.push(Node::CheckDivisor { divisor: src[1], count, wide: true, location });
        }
        self.wide(row, ty.lanes.into(), ordered(&src, swapped))
    }

    /// An operation with 64-bit values into a new temporary.
    fn wide(&mut self, row: Wide, lanes: u32, src: [Operand; 3]) -> Operand {
        let count = lanes * row.result() as u32;
        let register = self.register(count, Origin::Temporary);
        self.nodes.push(Node::Wide { row, dst: Target { register, first: 0, count }, lanes, src });
        Operand::register(register)
    }

    /// What the interpreter lacks: reported if it is reached.
    pub(super) fn unsupported(&mut self, name: &'static str, ty: Type, location: Location) -> Operand {
        let register = self.register(crate::tree::words(ty), Origin::Value);
        self.nodes.push(Node::Declare(register));
        self.nodes.push(Node::Unsupported { name, location });
        Operand::register(register)
    }

    /// Rust's `as`.
    pub(super) fn convert(&mut self, value: Operand, from: Type, to: Type) -> Operand {
        let count = u32::from(to.lanes);
        let single = Type { scalar: Scalar::F32, ..to };
        match (from.scalar, to.scalar) {
            (a, b) if a == b => value,
            (a, _) if let Some(row) = opt_widening(a) => {
                let value = self.fold(row, count, [value; 3]);
                self.convert(value, single, to)
            }
            (_, b) if let Some(row) = opt_narrowing(b) => {
                let value = match from.scalar.rounds_twice(b) {
                    true => self.convert_to_odd(value, from),
                    false => self.convert(value, from, single),
                };
                self.fold(row, count, [value; 3])
            }
            (a, b) if scalar_words(a) == 2 || scalar_words(b) == 2 => self.convert_wide(value, from, to),
            (a, b) if b.is_integer() && b.bits() < 32 => {
                let word = self.convert(value, from, Type { scalar: as_word(b), ..to });
                if a.is_float() { self.clamp(word, to) } else { self.wrap(word, to) }
            }
            (a, b) => match cast_row(as_word(a), b) {
                Lanewise::Move => value,
                row => self.fold(row, count, [value; 3]),
            },
        }
    }

    /// The `f32` next to a number whose last bit is 1, or equal to it: what a short float is rounded from once.
    fn convert_to_odd(&mut self, value: Operand, from: Type) -> Operand {
        let row = match from.scalar {
            Scalar::I64 => Wide::LToOdd,
            Scalar::U64 => Wide::UToOdd,
            _ => {
                let double = self.convert(value, from, Type { scalar: Scalar::F64, ..from });
                return self.wide(Wide::DToOdd, from.lanes.into(), [double; 3]);
            }
        };
        self.wide(row, from.lanes.into(), [value; 3])
    }

    /// Casts from and to types of 64 bits; none is a short float.
    fn convert_wide(&mut self, value: Operand, from: Type, to: Type) -> Operand {
        let count = u32::from(to.lanes);
        let row = match (from.scalar, to.scalar) {
            (Scalar::I64, Scalar::U64) | (Scalar::U64, Scalar::I64) => return value,
            (Scalar::I64, Scalar::F32) => Wide::LToF,
            (Scalar::U64, Scalar::F32) => Wide::UToF,
            (Scalar::I64, Scalar::F64) => Wide::LToD,
            (Scalar::U64, Scalar::F64) => Wide::UToD,
            (Scalar::I64 | Scalar::U64, _) => {
                let low = self.low_word(value);
                return self.wrap(low, to);
            }
            (Scalar::F64, Scalar::F32) => Wide::DToF,
            (Scalar::F64, Scalar::I64) => Wide::DToL,
            (Scalar::F64, Scalar::U64) => Wide::DToU,
            (Scalar::F64, integer) => {
                let row = if integer.is_signed_integer() { Wide::DToInt } else { Wide::DToWord };
                let word = self.wide(row, count, [value; 3]);
                return self.clamp(word, to);
            }
            (Scalar::F32, Scalar::F64) => Wide::FToD,
            (Scalar::F32, Scalar::I64) => Wide::FToL,
            (Scalar::F32, _) => Wide::FToU,
            (integer, Scalar::F64) if integer.is_signed_integer() => Wide::IntToD,
            (_, Scalar::F64) => Wide::WordToD,
            (integer, _) if integer.is_signed_integer() => Wide::IntToLong,
            _ => Wide::WordToLong,
        };
        self.wide(row, count, [value; 3])
    }

    /// The lower word of a 64-bit scalar.
    fn low_word(&mut self, value: Operand) -> Operand {
        let value = self.keep(value, 2);
        let copy = self.register(1, Origin::Temporary);
        self.copy(Target { register: copy, first: 0, count: 1 }, value.component(0));
        Operand::register(copy)
    }

    /// The nearest value of a narrower integer type.
    fn clamp(&mut self, word: Operand, to: Type) -> Operand {
        let count = u32::from(to.lanes);
        let [lowest, highest] = to.scalar.range().map(|bound| Operand::Constant(bound as u32));
        match to.scalar {
            Scalar::I8 | Scalar::I16 => {
                let word = self.fold(Lanewise::MaxI, count, [word, lowest, lowest]);
                self.fold(Lanewise::MinI, count, [word, highest, highest])
            }
            Scalar::U8 | Scalar::U16 => self.fold(Lanewise::MinU, count, [word, highest, highest]),
            _ => word,
        }
    }

    /// A vector with every lane equal to a value.
    pub(super) fn splat(&mut self, value: Operand, ty: Type) -> Operand {
        if scalar_words(ty.scalar) == 1 {
            return value.splat();
        }
        let value = self.keep(value, 2);
        let register = self.register(crate::tree::words(ty), Origin::Value);
        self.nodes.push(Node::Declare(register));
        for lane in 0..u32::from(ty.lanes) {
            self.copy(Target { register, first: 2 * lane, count: 2 }, value);
        }
        Operand::register(register)
    }
}

fn ordered(operands: &[Operand], swapped: bool) -> [Operand; 3] {
    let at = |index: usize| operands.get(index).copied().unwrap_or(operands[0]);
    if swapped { [at(1), at(0), at(2)] } else { [at(0), at(1), at(2)] }
}

/// The type of 32 bits in which a narrower integer is computed.
fn as_word(scalar: Scalar) -> Scalar {
    match scalar.sort() {
        Sort::Signed => Scalar::I32,
        Sort::Unsigned => Scalar::U32,
        _ => scalar,
    }
}

/// The row that gives the `f32` of a short float.
fn opt_widening(scalar: Scalar) -> Option<Lanewise> {
    Some(match scalar {
        Scalar::F16 => Lanewise::HalfToF,
        Scalar::Bf16 => Lanewise::BrainToF,
        Scalar::Fp8 => Lanewise::Fp8ToF,
        Scalar::Bf8 => Lanewise::Bf8ToF,
        _ => return None,
    })
}

/// The row that rounds an `f32` to a short float.
fn opt_narrowing(scalar: Scalar) -> Option<Lanewise> {
    Some(match scalar {
        Scalar::F16 => Lanewise::FToHalf,
        Scalar::Bf16 => Lanewise::FToBrain,
        Scalar::Fp8 => Lanewise::FToFp8,
        Scalar::Bf8 => Lanewise::FToBf8,
        _ => return None,
    })
}
