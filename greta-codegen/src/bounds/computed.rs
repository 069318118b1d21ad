//! Numbers that a launch can compute as its kernel will: of parameters and constants, by pure operations on integers.
//!
//! They are the kernel's to the bit: products wrap here as they do there.

use std::collections::BTreeMap;

use super::{Bounds, DEPTH_MAX, Definition};
use crate::ir::{Argument, Expr, ExprKind, FunctionId, Literal, Op, Scalar, StmtKind, VarId, VarKind};

/// A number that a launch can compute.
#[derive(Clone, Debug, PartialEq)]
pub enum Computed {
    /// A constant.
    Known(Literal),
    /// One of the kernel's parameters: an index into [`Kernel::params`](crate::ir::Kernel::params).
    Param(usize),
    /// What an operation makes of others.
    Op(Op, Vec<Self>),
    /// Another one in another type.
    Cast(Box<Self>, Scalar),
}

impl Computed {
    /// Its value, given those of parameters. `None` of what divides by zero.
    pub fn opt_value(&self, param: &impl Fn(usize) -> Option<Literal>) -> Option<Literal> {
        match self {
            Self::Known(literal) => Some(*literal),
            Self::Param(index) => param(*index),
            Self::Op(op, operands) => {
                let mut values = [Literal::U32(0); 2];
                for (value, operand) in values.iter_mut().zip(operands) {
                    *value = operand.opt_value(param)?;
                }
                op.fold(&values[..operands.len()])
            }
            Self::Cast(operand, to) => operand.opt_value(param)?.opt_cast(*to),
        }
    }

    /// Names each parameter anew.
    pub fn rename(&mut self, param: &impl Fn(usize) -> usize) {
        match self {
            Self::Known(_) => {}
            Self::Param(index) => *index = param(*index),
            Self::Op(_, operands) => operands.iter_mut().for_each(|operand| operand.rename(param)),
            Self::Cast(operand, _) => operand.rename(param),
        }
    }
}

/// Operations that [`Op::fold`] computes of all integers, but for zero divisors.
const FOLDED: [Op; 12] = {
    use Op::{Add, BitAnd, BitOr, BitXor, Div, Max, Min, Mul, Rem, Shl, Shr, Sub};
    [Add, BitAnd, BitOr, BitXor, Div, Max, Min, Mul, Rem, Shl, Shr, Sub]
};

/// What a function's parameters are in a call.
type Given = BTreeMap<VarId, Computed>;

impl Bounds<'_> {
    /// The number that an expression is in every thread, if a launch can compute it.
    pub(super) fn opt_computed(&self, expr: &Expr) -> Option<Computed> {
        self.visits.set(super::VISITS_MAX);
        self.compute(expr, &Given::new(), 0)
    }

    fn compute(&self, expr: &Expr, given: &Given, depth: u32) -> Option<Computed> {
        self.visits.update(|visits| visits.saturating_sub(1));
        if depth > DEPTH_MAX || self.visits.get() == 0 || !expr.ty.scalar.is_integer() || expr.ty.is_vector() {
            return None;
        }
        if let Some(known) = self.kernel.opt_constant(expr) {
            return Some(Computed::Known(known));
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Var(var) => self.compute_variable(*var, given, depth),
            ExprKind::Op(op, operands) if FOLDED.contains(op) => {
                let operands: Option<Vec<Computed>> =
                    operands.iter().map(|operand| self.compute(operand, given, depth)).collect();
                let operands = operands?;
                // `n - 3` of a smaller `n` is huge, in loops that a branch around them then skips.
                let may_borrow = *op == Op::Sub && !matches!(operands[0], Computed::Op(Op::Add, _));
                (!may_borrow).then_some(Computed::Op(*op, operands))
            }
            ExprKind::Cast(operand) => {
                Some(Computed::Cast(Box::new(self.compute(operand, given, depth)?), expr.ty.scalar))
            }
            ExprKind::Call(function, arguments) => self.compute_call(*function, arguments, given, depth),
            _ => None,
        }
    }

    fn compute_variable(&self, var: VarId, given: &Given, depth: u32) -> Option<Computed> {
        if let Some(known) = given.get(&var) {
            return Some(known.clone());
        }
        // What is assigned to has another value elsewhere.
        if !matches!(self.kernel.var(var).kind, VarKind::Let | VarKind::Scalar) {
            return None;
        }
        if let Some(param) = self.kernel.params.iter().position(|param| *param == var) {
            return Some(Computed::Param(param));
        }
        match self.definitions.get(&var)? {
            Definition::Values(values) => match values.as_slice() {
                [value] => self.compute(value, given, depth),
                _ => None,
            },
            Definition::Counter { .. } | Definition::Unknown => None,
        }
    }

    /// What a function of nothing but `let`s and a result returns.
    fn compute_call(
        &self,
        function: FunctionId,
        arguments: &[Argument],
        given: &Given,
        depth: u32,
    ) -> Option<Computed> {
        let function = self.kernel.function(function);
        let (last, lets) = function.body.split_last()?;
        let StmtKind::Return(Some(result)) = &last.kind else { return None };
        if function.foreign.is_some() || !lets.iter().all(|stmt| matches!(stmt.kind, StmtKind::Let(_, Some(_)))) {
            return None;
        }
        let values = function.params.iter().zip(arguments).filter_map(|(param, argument)| match argument {
            Argument::Value(value) => Some((*param, self.compute(value, given, depth)?)),
            Argument::Object(_) => None,
        });
        self.compute(result, &values.collect(), depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_computed_has_a_value_but_for_zero_divisors() {
        let numbers = [0, 1, 2, 5, 31, 32, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
        for op in FOLDED {
            for scalar in [Scalar::I32, Scalar::U32, Scalar::I64, Scalar::U64, Scalar::U8] {
                let operands = numbers.iter().flat_map(|a| numbers.iter().map(move |b| [*a, *b]));
                for pair in operands {
                    let operands: Vec<Computed> = (0..op.row().operands.len()).map(Computed::Param).collect();
                    let value =
                        Computed::Op(op, operands).opt_value(&|param| Some(Literal::of_integer(scalar, pair[param])));
                    let divides_by_zero = op.divides() && Literal::of_integer(scalar, pair[1]).opt_integer() == Some(0);
                    assert_eq!(value.is_none(), divides_by_zero, "{op:?} of {pair:?} as {scalar:?}");
                }
            }
        }
    }
}
