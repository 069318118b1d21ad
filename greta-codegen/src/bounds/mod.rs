//! Numbers that integers do not exceed: those that the code which computes them shows, and those that every launch
//! keeps to.
//!
//! Knows nothing of the order of statements: what holds of a variable holds of every value that it is given.

mod computed;
mod limits;

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::ir::{Argument, Expr, ExprKind, Kernel, Literal, Location, Op, Scalar, Stmt, StmtKind, VarId};

pub use computed::Computed;
pub use limits::{LaunchLimit, Limited, launch_limits};

/// Definitions that are followed from a value, at most.
const DEPTH_MAX: u32 = 8;
/// Expressions that are looked at for a value, at most.
const VISITS_MAX: u32 = 1000;

/// Blocks of a launch in y and z at most: what AMD's and NVIDIA's devices both take.
pub const GRID_YZ_MAX: u32 = 65_535;

/// Blocks of a launch in x at most, of so many threads each: HIP counts the threads of a direction in 32 bits, and
/// blocks in 31.
#[must_use]
pub fn grid_x_max(block_x: u32) -> u32 {
    (u32::MAX / block_x.max(1)).min(i32::MAX as u32)
}

/// What the integers of a kernel do not exceed.
pub(crate) struct Bounds<'a> {
    kernel: &'a Kernel,
    wave: u32,
    definitions: BTreeMap<VarId, Definition<'a>>,
    ranges: Vec<Range<'a>>,
    /// What launches keep parameters to.
    limits: BTreeMap<VarId, limits::Limit>,
    /// What launches keep the ends of ranges to that they compute, by counter.
    ends: BTreeMap<VarId, (Computed, limits::Limit)>,
    /// What launches keep the blocks of the grid in x to, below what any grid has.
    grid: Option<limits::Limit>,
    /// Expressions that may still be looked at for the value in question.
    visits: Cell<u32>,
}

/// What a loop counts through.
#[derive(Clone, Copy)]
pub(crate) struct Range<'a> {
    pub(crate) counter: VarId,
    pub(crate) end: &'a Expr,
    pub(crate) includes_end: bool,
    pub(crate) step: &'a Expr,
    pub(crate) location: Location,
}

/// Where a variable's values come from.
enum Definition<'a> {
    Values(Vec<&'a Expr>),
    Counter { end: &'a Expr, includes_end: bool },
    Unknown,
}

impl<'a> Bounds<'a> {
    pub(crate) fn of(kernel: &'a Kernel, wave: u32) -> Self {
        let (definitions, limits) = (BTreeMap::new(), BTreeMap::new());
        let mut bounds = Self {
            kernel,
            wave,
            definitions,
            ranges: Vec::new(),
            limits,
            ends: BTreeMap::new(),
            grid: None,
            visits: Cell::new(0),
        };
        let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
        for stmt in bodies.flatten() {
            bounds.collect(stmt);
        }
        bounds.limit_launches();
        bounds
    }

    fn collect(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let(var, Some(value)) => self.give(*var, Some(value)),
            StmtKind::Assign(place, value) if place.index.is_empty() => {
                self.give(place.base, place.lane.is_none().then_some(value));
            }
            StmtKind::For { counter, end, includes_end, step, .. } => {
                let (counter, includes_end) = (*counter, *includes_end);
                self.definitions.insert(counter, Definition::Counter { end, includes_end });
                self.ranges.push(Range { counter, end, includes_end, step, location: stmt.location });
            }
            _ => {}
        }
        for expr in stmt.exprs() {
            expr.walk(&mut |expr| {
                let ExprKind::Call(function, arguments) = &expr.kind else { return };
                for (param, argument) in self.kernel.functions[function.index()].params.iter().zip(arguments) {
                    match argument {
                        Argument::Value(value) => self.give(*param, Some(value)),
                        Argument::Object(var) => {
                            self.give(*var, None);
                            self.give(*param, None);
                        }
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
    pub(crate) fn largest(&self, value: &Expr) -> i128 {
        self.visits.set(VISITS_MAX);
        self.follow(value, &mut Vec::new(), 0)
    }

    fn follow(&self, value: &Expr, assumed: &mut Vec<(VarId, i128)>, depth: u32) -> i128 {
        let scalar = value.ty.scalar;
        let largest = scalar.range()[1];
        if let Some(known) = self.opt_integer(value) {
            return known;
        }
        self.visits.update(|visits| visits.saturating_sub(1));
        let found = match &value.kind {
            _ if depth > DEPTH_MAX || self.visits.get() == 0 => largest,
            ExprKind::Var(var) => self.variable(*var, assumed, depth + 1).unwrap_or(largest),
            ExprKind::Cast(from) if from.ty.scalar == Scalar::Bool => 1,
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
            Op::GridDimX => Some(self.blocks_x()),
            Op::BlockIdxX => Some(self.blocks_x() - 1),
            Op::GridDimY | Op::GridDimZ => Some(GRID_YZ_MAX.into()),
            Op::BlockIdxY | Op::BlockIdxZ => Some(i128::from(GRID_YZ_MAX) - 1),
            // What wraps is within the type as well.
            Op::Add if natural => Some(at(0) + at(1)),
            Op::Mul if natural => Some(at(0).saturating_mul(at(1))),
            Op::Sub if natural => {
                let least = self.opt_added(&operands[0], assumed, depth)?;
                let taken = self.opt_integer(&operands[1])?;
                (taken <= least).then(|| self.follow(&operands[0], assumed, depth) - taken)
            }
            Op::Max => Some(at(0).max(at(1))),
            Op::Min => Some(at(0).min(at(1))),
            Op::Rem if natural => Some(at(0).min(at(1) - 1)),
            Op::BitAnd if natural => Some(at(0).min(at(1))),
            Op::Div if natural => Some(at(0) / opt_literal(&operands[1]).unwrap_or(1).max(1)),
            // Longer distances wrap around the width.
            Op::Shr if natural => {
                let width = i128::from(operands[0].ty.scalar.bits());
                Some(at(0) >> self.opt_integer(&operands[1]).filter(|by| (0..width).contains(by)).unwrap_or(0))
            }
            _ => None,
        }
    }

    /// Blocks of a launch in x at most.
    fn blocks_x(&self) -> i128 {
        let most = grid_x_max(self.kernel.block[0].value).into();
        self.grid.map_or(most, |limit| limit.most.min(most))
    }

    /// A constant that a sum is no less than: one of its summands, where it does not wrap.
    fn opt_added(&self, sum: &Expr, assumed: &mut Vec<(VarId, i128)>, depth: u32) -> Option<i128> {
        let ExprKind::Op(Op::Add, operands) = &sum.kind else { return None };
        let added = self.opt_integer(&operands[1])?;
        let wraps = self.follow(&operands[0], assumed, depth) + added > sum.ty.scalar.range()[1];
        (!wraps).then_some(added)
    }

    /// A variable that is made of itself keeps a bound that each of its values keeps if the ones before do.
    fn variable(&self, var: VarId, assumed: &mut Vec<(VarId, i128)>, depth: u32) -> Option<i128> {
        if let Some((_, bound)) = assumed.iter().rev().find(|(other, _)| *other == var) {
            return Some(*bound);
        }
        if let Some(limit) = self.limits.get(&var) {
            return Some(limit.most);
        }
        let values = match self.definitions.get(&var)? {
            Definition::Values(values) => values,
            Definition::Counter { includes_end, .. } if let Some((_, limit)) = self.ends.get(&var) => {
                return Some(limit.most - i128::from(!includes_end));
            }
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

    /// Whether the step from a range's last value may leave the counter's type.
    pub(crate) fn overshoots(&self, range: &Range<'_>) -> bool {
        let end = self.ends.get(&range.counter).map_or_else(|| self.largest(range.end), |(_, limit)| limit.most);
        let last = end - i128::from(!range.includes_end);
        last + self.largest(range.step) > range.end.ty.scalar.range()[1]
    }

    pub(crate) fn opt_integer(&self, value: &Expr) -> Option<i128> {
        self.kernel.opt_constant(value).and_then(Literal::opt_integer)
    }
}

/// An integer that stands in the code. What a tile parameter divides by is none: a retune shall change no loop's form.
fn opt_literal(value: &Expr) -> Option<i128> {
    match &value.kind {
        ExprKind::Literal(literal) => literal.opt_integer(),
        _ => None,
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
