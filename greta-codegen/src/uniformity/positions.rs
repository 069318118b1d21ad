//! What expressions of nothing but positions and compile-time values are, for every thread of a block.
//!
//! Each definition is evaluated once, operands for all threads before their users. Deliberately does not know control
//! flow.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Uniformity;
use crate::ir::{Expr, ExprKind, Kernel, Literal, Op, Stmt, StmtKind, VarId, VarKind};
use crate::target::Target;

/// A value for each thread; `None` where it cannot be computed.
type Column = Vec<Option<Literal>>;

/// Evaluates what depends on nothing but a thread's position, for every thread of the block.
pub(super) struct Positions<'a> {
    kernel: &'a Kernel,
    pub(super) wave: u32,
    pub(super) threads: u32,
    definitions: BTreeMap<VarId, &'a Expr>,
    known: BTreeMap<VarId, Option<Rc<[Literal]>>>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(kernel: &'a Kernel, target: &Target) -> Self {
        let mut definitions = BTreeMap::new();
        let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
        let mut pending: Vec<&'a Stmt> = bodies.flatten().collect();
        while let Some(stmt) = pending.pop() {
            if let StmtKind::Let(var, Some(value)) = &stmt.kind
                && kernel.var(*var).kind == VarKind::Let
            {
                definitions.insert(*var, value);
            }
            pending.extend(stmt.blocks().into_iter().flatten());
        }
        let threads = kernel.block.iter().map(|extent| extent.value).product();
        Self { kernel, wave: target.wave, threads, definitions, known: BTreeMap::new() }
    }

    /// How much threads agree about an expression of positions.
    pub(super) fn opt_level(&mut self, expr: &Expr) -> Option<Uniformity> {
        let values = self.opt_values(expr)?;
        Some(self.level(&values))
    }

    /// How much threads agree about the number of iterations from `start` to `end` by `step`.
    pub(super) fn opt_trips(&mut self, bounds: [&Expr; 3]) -> Option<Uniformity> {
        let [start, end, step] = bounds.map(|bound| self.opt_values(bound));
        let (start, end, step) = (start?, end?, step?);
        let trips: Option<Vec<Literal>> = (0..start.len())
            .map(|thread| {
                let [start, end, step] = [&start, &end, &step].map(|values| values[thread].opt_integer());
                let (start, end, step) = (start?, end?, step?.max(1));
                let trips = (end - start).max(0).unsigned_abs().div_ceil(step.unsigned_abs());
                u64::try_from(trips).ok().map(Literal::U64)
            })
            .collect();
        Some(self.level(&trips?))
    }

    fn level(&self, values: &[Literal]) -> Uniformity {
        let wave = self.wave as usize;
        if values.iter().all(|value| *value == values[0]) {
            Uniformity::Uniform
        } else if values.chunks(wave).all(|wave| wave.iter().all(|value| *value == wave[0])) {
            Uniformity::Wave
        } else {
            Uniformity::Divergent
        }
    }

    /// The value that each thread has.
    pub(super) fn opt_values(&mut self, expr: &Expr) -> Option<Rc<[Literal]>> {
        if let ExprKind::Var(var) = expr.kind {
            return self.var(var);
        }
        // What the expression is made of is found first, so that threads only look it up.
        let mut vars = Vec::new();
        expr.walk_vars(&mut |var| vars.push(var));
        if !vars.into_iter().all(|var| self.var(var).is_some()) {
            return None;
        }
        self.opt_column(expr)?.into_iter().collect()
    }

    fn var(&mut self, var: VarId) -> Option<Rc<[Literal]>> {
        if let Some(known) = self.known.get(&var) {
            return known.clone();
        }
        let definition = self.definitions.get(&var).copied();
        let values = definition.and_then(|definition| self.opt_values(definition));
        self.known.insert(var, values.clone());
        values
    }

    /// The value that each thread has. The variables in the expression have been evaluated.
    fn opt_column(&self, expr: &Expr) -> Option<Column> {
        match &expr.kind {
            ExprKind::Var(var) => Some(self.known.get(var)?.as_ref()?.iter().copied().map(Some).collect()),
            ExprKind::Op(op, operands) => match operands.as_slice() {
                [] => (0..self.threads).map(|thread| self.opt_position(*op, thread).map(Some)).collect(),
                [a] => Some(self.opt_column(a)?.into_iter().map(|a| op.fold(&[a?])).collect()),
                [a, b] => {
                    let pairs = self.opt_column(a)?.into_iter().zip(self.opt_column(b)?);
                    Some(pairs.map(|(a, b)| op.fold(&[a?, b?])).collect())
                }
                _ => None,
            },
            ExprKind::And(lhs, rhs) => self.opt_choice(lhs, [self.opt_column(rhs), self.same(Literal::Bool(false))]),
            ExprKind::Or(lhs, rhs) => self.opt_choice(lhs, [self.same(Literal::Bool(true)), self.opt_column(rhs)]),
            ExprKind::Select(condition, then, otherwise) => {
                self.opt_choice(condition, [self.opt_column(then), self.opt_column(otherwise)])
            }
            _ => self.same(self.kernel.opt_constant(expr)?),
        }
    }

    fn same(&self, value: Literal) -> Option<Column> {
        Some(vec![Some(value); self.threads as usize])
    }

    /// Of two columns the value in the first where the condition holds; what cannot be computed matters only where it
    /// is taken.
    fn opt_choice(&self, condition: &Expr, sides: [Option<Column>; 2]) -> Option<Column> {
        let holds = self.opt_column(condition)?.into_iter().enumerate();
        let taken = |(thread, holds): (usize, Option<Literal>)| {
            let [then, otherwise] = &sides;
            let side = if holds?.opt_bool()? { then } else { otherwise };
            side.as_ref()?[thread]
        };
        Some(holds.map(taken).collect())
    }

    fn opt_position(&self, op: Op, thread: u32) -> Option<Literal> {
        let [width, height] = [0, 1].map(|dimension| self.kernel.block[dimension].value);
        let position = match op {
            Op::ThreadIdxX => thread % width,
            Op::ThreadIdxY => thread / width % height,
            Op::ThreadIdxZ => thread / width / height,
            Op::LaneId => thread % self.wave,
            Op::WaveId => thread / self.wave,
            _ => return None,
        };
        Some(Literal::U32(position))
    }
}
