//! Values that are known at compile time.

use greta_numerics::float16::{bf16_from_f64, f16_from_f64, f32_to_odd, f64_to_odd};
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};

use super::{Expr, ExprKind, Kernel, Literal, Op, Scalar};

impl Kernel {
    /// The first number on the way to the value of an integer expression that its type does not hold, if there is one.
    /// Casts are the author's wish.
    #[must_use]
    pub fn opt_overflow(&self, expr: &Expr) -> Option<i128> {
        let ExprKind::Op(op, operands) = &expr.kind else { return None };
        if let Some(earlier) = operands.iter().find_map(|operand| self.opt_overflow(operand)) {
            return Some(earlier);
        }
        let values: Option<Vec<i128>> =
            operands.iter().map(|operand| self.opt_constant(operand)?.opt_integer()).collect();
        let exact = match (op, values?.as_slice()) {
            (Op::Add, [a, b]) => a + b,
            (Op::Sub, [a, b]) => a - b,
            (Op::Mul, [a, b]) => a.saturating_mul(*b),
            (Op::Shl, [a, by]) => a << by.rem_euclid(expr.ty.scalar.bits().into()),
            _ => return None,
        };
        let [lowest, highest] = expr.ty.scalar.range();
        (!(lowest..=highest).contains(&exact)).then_some(exact)
    }

    /// The value of an expression, if it is made of literals, constants and compile-time variables only.
    ///
    /// Integers and truth values only, as in [`Op::fold`]; a float literal or constant is its own value.
    #[must_use]
    pub fn opt_constant(&self, expr: &Expr) -> Option<Literal> {
        match &expr.kind {
            ExprKind::Literal(value) => Some(*value),
            ExprKind::Constant(constant) => self.constants.get(constant.index()).map(|constant| constant.value),
            ExprKind::Var(var) => self.vars.get(var.index()).and_then(|var| var.constant),
            ExprKind::Op(op, operands) => {
                let operands: Option<Vec<Literal>> =
                    operands.iter().map(|operand| self.opt_constant(operand)).collect();
                op.fold(&operands?)
            }
            ExprKind::And(lhs, rhs) => match self.opt_constant(lhs)?.opt_bool()? {
                true => self.opt_constant(rhs),
                false => Some(Literal::Bool(false)),
            },
            ExprKind::Or(lhs, rhs) => match self.opt_constant(lhs)?.opt_bool()? {
                true => Some(Literal::Bool(true)),
                false => self.opt_constant(rhs),
            },
            ExprKind::Select(condition, then, otherwise) => match self.opt_constant(condition)?.opt_bool()? {
                true => self.opt_constant(then),
                false => self.opt_constant(otherwise),
            },
            ExprKind::Cast(operand) => self.opt_constant(operand)?.opt_cast(expr.ty.scalar),
            ExprKind::Load(_)
            | ExprKind::Atomic(..)
            | ExprKind::Vector(_)
            | ExprKind::Splat(_)
            | ExprKind::Lane(..)
            | ExprKind::Call(..) => None,
        }
    }

    /// The value of a `u32` expression known at compile time.
    #[must_use]
    pub fn opt_u32(&self, expr: &Expr) -> Option<u32> {
        self.opt_constant(expr)?.opt_u32()
    }
}

impl Literal {
    /// Rust's `as` between integers and from `bool`; casts from and to floats are left to the target.
    #[must_use]
    pub fn opt_cast(self, to: Scalar) -> Option<Self> {
        if self.scalar() == to && !to.is_float() {
            return Some(self);
        }
        let integer = self.opt_integer().or_else(|| self.opt_bool().map(i128::from))?;
        Self::opt_wrapped(to, integer)
    }
}

impl Literal {
    /// The constant that Rust's `as` makes of an integer. Not for `bool`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "rounded as the kernel asks for")]
    pub fn of_integer(scalar: Scalar, value: i128) -> Self {
        let wide = if scalar == Scalar::F64 { value as f64 } else { f64_to_odd(value) };
        Self::opt_wrapped(scalar, value).unwrap_or_else(|| Self::of_float(scalar, wide))
    }

    /// The constant that `as` makes of an `f64`: rounded once to nearest even, to an integer truncated and saturated.
    /// Not for `bool`.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "rounded as the kernel asks for")]
    pub fn of_float(scalar: Scalar, value: f64) -> Self {
        match scalar {
            Scalar::F16 => Self::F16(f16_from_f64(value)),
            Scalar::Bf16 => Self::Bf16(bf16_from_f64(value)),
            Scalar::F32 => Self::f32(value as f32),
            Scalar::F64 => Self::f64(value),
            Scalar::Fp8 => Self::Fp8(F8E4M3Fnuz::from_f32(f32_to_odd(value), Overflow::Nan).0),
            Scalar::Bf8 => Self::Bf8(F8E5M2Fnuz::from_f32(f32_to_odd(value), Overflow::Nan).0),
            Scalar::Bool => unreachable!("invariant: `as` makes no truth value of a float"),
            integer => {
                let [lowest, highest] = integer.range();
                Self::from_bits(integer, (value as i128).clamp(lowest, highest) as u64)
            }
        }
    }
}

impl Op {
    /// Whether the operation divides its first operand by its second.
    #[must_use]
    pub fn divides(self) -> bool {
        matches!(self, Self::Div | Self::Rem)
    }

    /// Whether the operation shifts its first operand by its second.
    #[must_use]
    pub fn shifts(self) -> bool {
        matches!(self, Self::Shl | Self::Shr)
    }
}
