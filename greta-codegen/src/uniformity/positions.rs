//! What expressions of nothing but positions and compile-time values are, for every thread of a block.
//!
//! Each definition is evaluated once, operands for all threads before their users. Deliberately does not know control
//! flow.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::Uniformity;
use crate::ir::{Expr, ExprKind, Kernel, Literal, Op, Stmt, StmtKind, Type, VarId, VarKind};
use crate::target::Target;

/// A value for each thread; `None` where it cannot be computed.
#[derive(Clone, Debug)]
pub(super) enum Column {
    /// All threads have this one.
    Same(Option<Literal>),
    /// One for each thread of the block.
    Each(Rc<[Option<Literal>]>),
}

impl Column {
    pub(super) fn at(&self, thread: u32) -> Option<Literal> {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[thread as usize],
        }
    }

    fn is_known(&self) -> bool {
        match self {
            Self::Same(value) => value.is_some(),
            Self::Each(values) => values.iter().all(Option::is_some),
        }
    }

    /// How much threads agree, in waves of `wave` lanes.
    fn level(&self, wave: u32) -> Uniformity {
        let Self::Each(values) = self else { return Uniformity::Uniform };
        let agree = |values: &[Option<Literal>]| values.iter().all(|value| *value == values[0]);
        match () {
            () if agree(values) => Uniformity::Uniform,
            () if values.chunks(wave as usize).all(agree) => Uniformity::Wave,
            () => Uniformity::Divergent,
        }
    }
}

/// Evaluates what depends on nothing but a thread's position, for every thread of the block.
pub(super) struct Positions<'a> {
    kernel: &'a Kernel,
    pub(super) wave: u32,
    pub(super) threads: u32,
    definitions: BTreeMap<VarId, &'a Expr>,
    known: BTreeMap<VarId, Option<Column>>,
    /// Of the kernel's expressions, by where they are: the analysis comes to those in loops again and again.
    levels: HashMap<*const Expr, Option<Uniformity>>,
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
        Self { kernel, wave: target.wave, threads, definitions, known: BTreeMap::new(), levels: HashMap::new() }
    }

    /// How much threads agree about an expression of positions that stands in the kernel.
    pub(super) fn opt_level(&mut self, expr: &'a Expr) -> Option<Uniformity> {
        if let Some(known) = self.levels.get(&std::ptr::from_ref(expr)) {
            return *known;
        }
        let wave = self.wave;
        let level = self.opt_values(expr).map(|values| values.level(wave)).or_else(|| {
            // The rest, which the quotient leaves out, may be another in each block.
            Some(self.opt_quotient(expr)?.level(wave).max(Uniformity::Block))
        });
        self.levels.insert(expr, level);
        level
    }

    /// How much threads agree about the number of iterations from `start` to `end` by `step`.
    pub(super) fn opt_trips(&mut self, bounds: [&Expr; 3], includes_end: bool) -> Option<Uniformity> {
        let [start, end, step] = bounds.map(|bound| self.opt_values(bound));
        let (start, end, step) = (start?, end?, step?);
        let trips = self.column(&[&start, &end, &step], |bounds| {
            let [start, end, step] = [bounds[0]?, bounds[1]?, bounds[2]?].map(Literal::opt_integer);
            let trips =
                (end? + i128::from(includes_end) - start?).max(0).unsigned_abs().div_ceil(step?.max(1).unsigned_abs());
            u64::try_from(trips).ok().map(Literal::U64)
        });
        trips.is_known().then(|| trips.level(self.wave))
    }

    /// The value that each thread has; all are known.
    pub(super) fn opt_values(&mut self, expr: &Expr) -> Option<Column> {
        if let ExprKind::Var(var) = expr.kind {
            return self.var(var);
        }
        // What the expression is made of is found first, so that threads only look it up.
        let mut vars = Vec::new();
        expr.walk_vars(&mut |var| vars.push(var));
        if !vars.into_iter().all(|var| self.var(var).is_some()) {
            return None;
        }
        self.opt_column(expr).filter(Column::is_known)
    }

    fn var(&mut self, var: VarId) -> Option<Column> {
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
            ExprKind::Var(var) => self.known.get(var)?.clone(),
            ExprKind::Op(op, operands) => match operands.as_slice() {
                [] => self.opt_position(*op, 0).map(|_| self.each(|thread| self.opt_position(*op, thread))),
                [a] => Some(self.column(&[&self.opt_column(a)?], |a| op.fold(&[a[0]?]))),
                [a, b] => {
                    let operands = [&self.opt_column(a)?, &self.opt_column(b)?];
                    Some(self.column(&operands, |operands| op.fold(&[operands[0]?, operands[1]?])))
                }
                _ => None,
            },
            ExprKind::And(lhs, rhs) => self.opt_choice(lhs, [self.opt_column(rhs), same(Literal::Bool(false))]),
            ExprKind::Or(lhs, rhs) => self.opt_choice(lhs, [same(Literal::Bool(true)), self.opt_column(rhs)]),
            ExprKind::Select(condition, then, otherwise) => {
                self.opt_choice(condition, [self.opt_column(then), self.opt_column(otherwise)])
            }
            _ => same(self.kernel.opt_constant(expr)?),
        }
    }

    fn each(&self, value: impl Fn(u32) -> Option<Literal>) -> Column {
        Column::Each((0..self.threads).map(value).collect())
    }

    /// Computes a column from others; once, if threads agree about those.
    fn column<const N: usize>(
        &self,
        operands: &[&Column; N],
        compute: impl Fn([Option<Literal>; N]) -> Option<Literal>,
    ) -> Column {
        let values = |thread| compute(operands.map(|operand| operand.at(thread)));
        let agree = operands.iter().all(|operand| matches!(operand, Column::Same(_)));
        if agree { Column::Same(values(0)) } else { self.each(values) }
    }

    /// Of two columns the value in the first where the condition holds; what cannot be computed matters only where it
    /// is taken.
    fn opt_choice(&self, condition: &Expr, sides: [Option<Column>; 2]) -> Option<Column> {
        let holds = self.opt_column(condition)?;
        let [then, otherwise] = sides.map(|side| side.unwrap_or(Column::Same(None)));
        Some(self.column(
            &[&holds, &then, &otherwise],
            |[holds, then, otherwise]| {
                if holds?.opt_bool()? { then } else { otherwise }
            },
        ))
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

/// Definitions that are followed to a multiple that all threads share, at most.
const DEPTH_MAX: u32 = 8;

/// A `u32` that is what each thread has, and a multiple of 2^zeros which is the same for all and otherwise unknown, added
/// up with wrapping.
struct Shifted {
    each: Column,
    zeros: u32,
}

impl Positions<'_> {
    /// What tells threads apart in `(blockIdx.x * BLOCK + threadIdx.x) / WAVE`, or with `>>`: of such a sum the lower bits
    /// carry nothing over, and the rest is the same for all.
    fn opt_quotient(&mut self, expr: &Expr) -> Option<Column> {
        let ExprKind::Op(op @ (Op::Div | Op::Shr), operands) = &expr.kind else { return None };
        let by = self.opt_known(&operands[1])?;
        let bits = match op {
            Op::Div if by.is_power_of_two() => by.trailing_zeros(),
            Op::Shr if by < 32 => by,
            _ => return None,
        };
        let Shifted { each, .. } = self.opt_shifted(&operands[0], 0).filter(|sum| sum.zeros >= bits)?;
        Some(self.column(&[&each], |[value]| Op::Shr.fold(&[value?, Literal::U32(bits)])))
    }

    fn opt_shifted(&mut self, expr: &Expr, depth: u32) -> Option<Shifted> {
        if depth > DEPTH_MAX || expr.ty != Type::U32 {
            return None;
        }
        if let Some(each) = self.opt_values(expr) {
            return Some(Shifted { each, zeros: u32::BITS });
        }
        let depth = depth + 1;
        match &expr.kind {
            ExprKind::Var(var) if self.kernel.params.contains(var) => Some(Self::shared()),
            ExprKind::Var(var) => {
                let definition = self.definitions.get(var).copied()?;
                self.opt_shifted(definition, depth)
            }
            ExprKind::Op(op, operands) => match (op, operands.as_slice()) {
                (op, []) if is_shared(*op) => Some(Self::shared()),
                (Op::Add, [a, b]) => {
                    let (a, b) = (self.opt_shifted(a, depth)?, self.opt_shifted(b, depth)?);
                    let each = self.column(&[&a.each, &b.each], |[a, b]| Op::Add.fold(&[a?, b?]));
                    Some(Shifted { each, zeros: a.zeros.min(b.zeros) })
                }
                (Op::Mul, [a, b]) => {
                    let (factor, other) = match (self.opt_known(a), self.opt_known(b)) {
                        (Some(factor), _) => (factor, b),
                        (_, factor) => (factor?, a),
                    };
                    self.opt_scaled(other, factor, depth)
                }
                (Op::Shl, [a, by]) => {
                    let by = self.opt_known(by).filter(|by| *by < u32::BITS)?;
                    self.opt_scaled(a, 1 << by, depth)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A number that nothing is known of but that all threads of the block have the same.
    fn shared() -> Shifted {
        Shifted { each: Column::Same(Some(Literal::U32(0))), zeros: 0 }
    }

    fn opt_scaled(&mut self, expr: &Expr, factor: u32, depth: u32) -> Option<Shifted> {
        let Shifted { each, zeros } = self.opt_shifted(expr, depth)?;
        let each = self.column(&[&each], |[value]| Op::Mul.fold(&[value?, Literal::U32(factor)]));
        Some(Shifted { each, zeros: zeros.saturating_add(factor.trailing_zeros()) })
    }

    fn opt_known(&self, expr: &Expr) -> Option<u32> {
        self.kernel.opt_constant(expr).and_then(Literal::opt_u32)
    }
}

/// Whether all threads of a block have the same.
fn is_shared(op: Op) -> bool {
    matches!(op, Op::BlockIdxX | Op::BlockIdxY | Op::BlockIdxZ | Op::GridDimX | Op::GridDimY | Op::GridDimZ)
}

fn same(value: Literal) -> Option<Column> {
    Some(Column::Same(Some(value)))
}
