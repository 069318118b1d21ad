//! Values that are known at compile time.

use super::{Expr, ExprKind, Kernel, Literal, Op, Scalar};

impl Kernel {
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
            ExprKind::Cast(operand) => opt_cast(self.opt_constant(operand)?, expr.ty.scalar),
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

/// Rust's `as` between integers and from `bool`; casts from and to floats are left to the target.
#[expect(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "the casts are those that the kernel asks for")]
fn opt_cast(value: Literal, to: Scalar) -> Option<Literal> {
    Some(match (value, to) {
        (Literal::U32(value), Scalar::I32) => Literal::I32(value as i32),
        (Literal::I32(value), Scalar::U32) => Literal::U32(value as u32),
        (Literal::Bool(value), Scalar::U32) => Literal::U32(u32::from(value)),
        (Literal::Bool(value), Scalar::I32) => Literal::I32(i32::from(value)),
        (value, to) if value.scalar() == to && !to.is_float() => value,
        _ => return None,
    })
}

impl Op {
    /// Whether the operation divides its first operand by its second.
    #[must_use]
    pub fn divides(self) -> bool {
        matches!(self, Self::Div | Self::Rem)
    }
}
