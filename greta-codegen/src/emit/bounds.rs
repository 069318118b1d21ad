//! Numbers that integers do not exceed, where the code that computes them shows one.
//!
//! Knows nothing of the order of statements: what holds of a variable holds of every value that it is given.

use std::collections::BTreeMap;

use crate::ir::{Argument, Expr, ExprKind, Kernel, Literal, Op, Scalar, Stmt, StmtKind, VarId};

/// Definitions that are followed from a value, at most.
const DEPTH_MAX: u32 = 8;

/// What the integers of a kernel do not exceed.
pub(super) struct Bounds<'a> {
    kernel: &'a Kernel,
    wave: u32,
    definitions: BTreeMap<VarId, Definition<'a>>,
}

/// Where a variable's values come from.
enum Definition<'a> {
    Values(Vec<&'a Expr>),
    Counter { end: &'a Expr, includes_end: bool },
    Unknown,
}

impl<'a> Bounds<'a> {
    pub(super) fn of(kernel: &'a Kernel, wave: u32) -> Self {
        let mut bounds = Self { kernel, wave, definitions: BTreeMap::new() };
        let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
        for stmt in bodies.flatten() {
            bounds.collect(stmt);
        }
        bounds
    }

    fn collect(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let(var, Some(value)) => self.give(*var, Some(value)),
            StmtKind::Assign(place, value) if place.index.is_empty() => {
                self.give(place.base, place.lane.is_none().then_some(value));
            }
            StmtKind::For { counter, end, includes_end, .. } => {
                self.definitions.insert(*counter, Definition::Counter { end, includes_end: *includes_end });
            }
            _ => {}
        }
        for expr in stmt.exprs() {
            expr.walk(&mut |expr| {
                let ExprKind::Call(_, arguments) = &expr.kind else { return };
                for argument in arguments {
                    if let Argument::Object(var) = argument {
                        self.give(*var, None);
                    }
                }
            });
        }
        stmt.blocks().into_iter().flatten().for_each(|stmt| self.collect(stmt));
    }

    fn give(&mut self, var: VarId, opt_value: Option<&'a Expr>) {
        let definition = self.definitions.entry(var).or_insert(Definition::Values(Vec::new()));
        match (definition, opt_value) {
            (Definition::Values(values), Some(value)) => values.push(value),
            (definition, _) => *definition = Definition::Unknown,
        }
    }

    /// A number that an integer does not exceed.
    pub(super) fn largest(&self, value: &Expr) -> i128 {
        self.follow(value, &mut Vec::new(), 0)
    }

    fn follow(&self, value: &Expr, assumed: &mut Vec<(VarId, i128)>, depth: u32) -> i128 {
        let scalar = value.ty.scalar;
        let largest = scalar.range()[1];
        if let Some(known) = self.opt_integer(value) {
            return known;
        }
        let found = match &value.kind {
            _ if depth > DEPTH_MAX => largest,
            ExprKind::Var(var) => self.variable(*var, assumed, depth + 1).unwrap_or(largest),
            ExprKind::Cast(from) if is_natural(from.ty.scalar) => self.follow(from, assumed, depth + 1),
            ExprKind::Select(_, then, otherwise) => {
                self.follow(then, assumed, depth + 1).max(self.follow(otherwise, assumed, depth + 1))
            }
            ExprKind::Op(op, operands) => self.operation(*op, operands, assumed, depth + 1).unwrap_or(largest),
            _ => largest,
        };
        found.min(largest)
    }

    fn operation(&self, op: Op, operands: &[Expr], assumed: &mut Vec<(VarId, i128)>, depth: u32) -> Option<i128> {
        let natural = operands.first().is_some_and(|operand| is_natural(operand.ty.scalar));
        let mut at = |index: usize| self.follow(&operands[index], assumed, depth);
        match op {
            Op::ThreadIdxX => Some(i128::from(self.kernel.block[0].value) - 1),
            Op::LaneId => Some(i128::from(self.wave) - 1),
            Op::Min => Some(at(0).min(at(1))),
            Op::Rem if natural => Some(at(0).min(at(1) - 1)),
            Op::BitAnd if natural => Some(at(0).min(at(1))),
            Op::Div if natural => Some(at(0) / self.opt_integer(&operands[1]).unwrap_or(1).max(1)),
            Op::Shr if natural => Some(at(0) >> self.opt_integer(&operands[1]).filter(|by| *by < 64).unwrap_or(0)),
            _ => None,
        }
    }

    /// A variable that is made of itself keeps a bound that each of its values keeps if the ones before do.
    fn variable(&self, var: VarId, assumed: &mut Vec<(VarId, i128)>, depth: u32) -> Option<i128> {
        if let Some((_, bound)) = assumed.iter().rev().find(|(other, _)| *other == var) {
            return Some(*bound);
        }
        let values = match self.definitions.get(&var)? {
            Definition::Values(values) => values,
            Definition::Counter { end, includes_end } => {
                return Some(self.follow(end, assumed, depth) - i128::from(!includes_end));
            }
            Definition::Unknown => return None,
        };
        let (own, others): (Vec<&Expr>, Vec<&Expr>) = values.iter().partition(|value| mentions(value, var));
        assumed.push((var, self.kernel.var(var).ty.scalar.range()[1]));
        let bound = others.into_iter().map(|value| self.follow(value, assumed, depth)).max();
        assumed.pop();
        let bound = bound?;
        assumed.push((var, bound));
        let holds = own.into_iter().all(|value| self.follow(value, assumed, depth) <= bound);
        assumed.pop();
        holds.then_some(bound)
    }

    pub(super) fn opt_integer(&self, value: &Expr) -> Option<i128> {
        self.kernel.opt_constant(value).and_then(Literal::opt_integer)
    }
}

fn mentions(value: &Expr, var: VarId) -> bool {
    let mut found = false;
    value.walk_vars(&mut |other| found |= other == var);
    found
}

fn is_natural(scalar: Scalar) -> bool {
    scalar.is_integer() && !scalar.is_signed_integer()
}
