//! Arithmetic whose meaning differs between the IR and C++: overflow, promotion of narrow integers, shifts, casts.
//!
//! An operation whose overflow C++ leaves undefined becomes a call of a [`Helper`], unless its value is known to fit.

use super::Writer;
use super::dialect::type_name;
use super::expressions::{Printed, level, operand};
use super::helpers::Helper;
use super::literal::Context;
use super::scalars::{arithmetic_float, is_half, scalar_name};
use super::text::Doc;
use crate::ir::{Expr, ExprKind, Literal, Op, Scalar, Sort, Type};

impl Writer<'_> {
    /// The helper that computes what C++'s operator leaves undefined, and its name.
    pub(super) fn opt_wrapping(&self, op: Op, operands: &[Expr], ty: Type) -> Option<(String, Helper)> {
        let scalar = ty.scalar;
        // Narrow integers are computed as `int`, which has room for every result but the product of two `u16`.
        let promoted = !ty.is_vector() && scalar.bits() < 32;
        let overflows = scalar.is_signed_integer() && !promoted;
        match op {
            Op::Add | Op::Sub | Op::Mul | Op::Neg if overflows && !self.fits(op, operands, scalar) => {
                let name = wrapping_name(op);
                let helper = if op == Op::Neg { Helper::WrappingNegation(ty) } else { Helper::Wrapping(name, ty) };
                Some((format!("wrapping_{name}"), helper))
            }
            Op::Mul if scalar == Scalar::U16 && !ty.is_vector() => {
                Some(("wrapping_mul".to_owned(), Helper::Wrapping("mul", ty)))
            }
            Op::Div | Op::Rem if overflows && !self.divides_plainly(operands) => {
                let name = wrapping_name(op);
                Some((format!("wrapping_{name}"), Helper::WrappingDivision(name, ty)))
            }
            _ => None,
        }
    }

    /// Whether a signed operation's value is known and no intermediate overflows.
    fn fits(&self, op: Op, operands: &[Expr], scalar: Scalar) -> bool {
        let value = |operand: &Expr| self.kernel.opt_constant(operand).and_then(Literal::opt_integer);
        let exact = match (op, operands) {
            (Op::Neg, [a]) => value(a).map(|a| -a),
            (_, [a, b]) => value(a).zip(value(b)).and_then(|(a, b)| match op {
                Op::Add => Some(a + b),
                Op::Sub => Some(a - b),
                Op::Mul => a.checked_mul(b),
                _ => None,
            }),
            _ => None,
        };
        let [lowest, highest] = scalar.range();
        exact.is_some_and(|exact| (lowest..=highest).contains(&exact))
    }

    /// Whether a division's divisor is known, and not the one with which the quotient can overflow.
    fn divides_plainly(&self, operands: &[Expr]) -> bool {
        let divisor = operands.get(1).and_then(|divisor| self.kernel.opt_constant(divisor)?.opt_integer());
        divisor.is_some_and(|divisor| divisor != -1)
    }

    pub(super) fn shift(&mut self, sign: &'static str, value: &Expr, count: &Expr) -> Printed {
        let bits = value.ty.scalar.bits();
        // A scalar beside a vector stands for all its lanes.
        let count = if let ExprKind::Splat(scalar) = &count.kind { scalar } else { count };
        let known = self.kernel.opt_constant(count).and_then(Literal::opt_integer);
        let known = known.is_some_and(|count| (0..bits.into()).contains(&count));
        self.uses_operator(sign, 2, value.ty);
        if !known {
            self.uses_operator("&", 2, count.ty);
        }
        let value = self.expr(value, Context::Bare);
        let count = self.expr(count, if known { Context::Typed } else { Context::Bare });
        let count = if known {
            operand(count, sign, level::SHIFT, true)
        } else {
            let masked = operand(count, "&", level::BIT_AND, false);
            Doc::join([Doc::text("("), masked, Doc::text(format!(" & {})", bits - 1))])
        };
        let value = operand(value, sign, level::SHIFT, false);
        Printed {
            doc: Doc::join([value, Doc::text(format!(" {sign} ")), count]),
            level: level::SHIFT,
            sign,
            truncates: false,
        }
    }

    pub(super) fn cast(&mut self, operand: &Expr, ty: Type) -> Printed {
        let (from, to) = (operand.ty.scalar, ty.scalar);
        if from == to {
            return self.expr(operand, Context::Bare);
        }
        self.uses_type(ty);
        let value = self.typed(operand);
        let value = match goes_through_float(from, to) {
            true if from.rounds_twice(to) => self.odd_float_of(from, value),
            true => self.float_of(from, value),
            false => value,
        };
        if to.sort() == Sort::Storage {
            self.uses_helper(Helper::EncodeFloat8(to));
            return call(&format!("{}_from_float", to.name()), value);
        }
        if to == Scalar::F32 && goes_through_float(from, to) {
            return Printed::postfix(value);
        }
        if is_floating(from) && to.is_integer() {
            self.uses_helper(Helper::Saturating(arithmetic_float(from), to));
            return call(&format!("saturating_{}", to.name()), value);
        }
        call(&type_name(ty), value)
    }

    /// The `float` that a value becomes which is then rounded once more.
    fn odd_float_of(&mut self, from: Scalar, value: Doc) -> Doc {
        self.uses_helper(Helper::OddFloat);
        let value = match from {
            Scalar::F64 => value,
            Scalar::I64 | Scalar::U64 => {
                self.uses_helper(Helper::OddFloatOfInteger(from));
                value
            }
            _ => call(scalar_name(Scalar::F64), value).doc,
        };
        call("float_to_odd", value).doc
    }

    /// The `float` that a value becomes.
    fn float_of(&mut self, from: Scalar, value: Doc) -> Doc {
        let name = match from.sort() {
            Sort::Storage => {
                self.uses_helper(Helper::DecodeFloat8(from));
                format!("float_from_{}", from.name())
            }
            _ if from == Scalar::F32 => return value,
            _ => scalar_name(Scalar::F32).to_owned(),
        };
        call(&name, value).doc
    }
}

fn call(name: &str, operand: Doc) -> Printed {
    Printed::postfix(Doc::list(format!("{name}("), vec![operand], ")"))
}

fn wrapping_name(op: Op) -> &'static str {
    match op {
        Op::Add => "add",
        Op::Sub => "sub",
        Op::Mul => "mul",
        Op::Div => "div",
        Op::Rem => "rem",
        _ => "neg",
    }
}

/// Whether it is a float of any sort.
fn is_floating(scalar: Scalar) -> bool {
    matches!(scalar.sort(), Sort::Float | Sort::Storage)
}

/// Whether a cast is one to `float`, or from it, with a short float on the other side. From `f64` to `f16` there is one
/// rounding only.
fn goes_through_float(from: Scalar, to: Scalar) -> bool {
    let short = |scalar: Scalar| is_half(scalar) || scalar.sort() == Sort::Storage;
    (short(from) || short(to)) && (from, to) != (Scalar::F64, Scalar::F16)
}
