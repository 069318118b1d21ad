//! Moves a temporary that is used once into its use, where nothing between the two can tell.
//!
//! Walking a block, the definitions that may still move are *pending*. Two things hold at any time: the pending
//! definitions [commute](Footprint::commutes_with) with each other, and each commutes with every statement between it
//! and here. So any of them may be evaluated here, in any order, as part of one expression. A statement that does not
//! commute with a pending definition pins it where it stands.
//!
//! Into a branch goes only what is pure, to the right side of `&&` or `?` what may be left out; into a loop nothing
//! goes, for it would be evaluated again. The end and step of a loop, which C++ evaluates each time, take what the loop does not change.

use super::operators;
use crate::footprint::{Footprint, Footprints};
use crate::ir::{Argument, Block, Expr, ExprKind, Kernel, Place, Stmt, StmtKind, VarId, VarKind};
use crate::passes::{put_bodies, take_bodies};

/// Folds what can be folded in one walk over the kernel. Whether there was anything.
pub(super) fn fold_used_once(kernel: &mut Kernel) -> bool {
    let counts = Counts::of(kernel);
    let functions = Footprints::of(kernel).into_functions();
    let mut bodies = take_bodies(kernel);
    let footprints = Footprints::with_functions(&kernel.vars, functions);
    let mut folder =
        Folder { kernel, footprints, counts, levels: Vec::new(), made_immutable: Vec::new(), changed: false };
    bodies.iter_mut().for_each(|body| folder.block(body, false, None));
    let changed = folder.changed;
    let made_immutable = folder.made_immutable;
    put_bodies(kernel, bodies);
    for var in made_immutable {
        kernel.vars[var.index()].kind = VarKind::Let;
    }
    changed
}

/// How often each variable is used and assigned to.
pub(super) struct Counts {
    uses: Vec<u32>,
    assignments: Vec<u32>,
}

impl Counts {
    fn of(kernel: &Kernel) -> Self {
        let mut counts = Self { uses: vec![0; kernel.vars.len()], assignments: vec![0; kernel.vars.len()] };
        let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
        for stmt in bodies.flatten() {
            stmt.walk(&mut |stmt| counts.stmt(stmt));
        }
        counts
    }

    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Assign(place, _) = &stmt.kind {
            self.assignments[place.base.index()] += 1;
        }
        for expr in stmt.exprs() {
            expr.walk_vars(&mut |var| self.uses[var.index()] += 1);
            expr.walk(&mut |expr| {
                if let ExprKind::Call(_, arguments) = &expr.kind {
                    // What is passed by reference may be assigned to any number of times.
                    for object in arguments.iter().filter_map(Argument::opt_object) {
                        self.assignments[object.index()] += 1000;
                    }
                }
            });
        }
    }

    /// How often a variable is assigned to after its declaration.
    pub(super) fn assignments(&self, var: VarId) -> u32 {
        self.assignments[var.index()]
    }
}

/// A definition that may still move.
struct Pending {
    var: VarId,
    value: Expr,
    footprint: Footprint,
    /// Where its statement stands in the level's statements.
    slot: usize,
}

/// A block that is being walked.
#[derive(Default)]
struct Level {
    pending: Vec<Pending>,
    done: Vec<Option<Stmt>>,
    /// Whether the block is run again and again.
    repeats: bool,
}

pub(super) struct Folder<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) footprints: Footprints<'a>,
    pub(super) counts: Counts,
    levels: Vec<Level>,
    pub(super) made_immutable: Vec<VarId>,
    pub(super) changed: bool,
}

impl Folder<'_> {
    /// Folds a block; `last` is evaluated after it and sees its variables.
    fn block(&mut self, block: &mut Block, repeats: bool, last: Option<&mut Expr>) {
        self.levels.push(Level { repeats, ..Level::default() });
        for stmt in std::mem::take(block) {
            self.stmt(stmt);
        }
        if let Some(last) = last {
            let others = self.footprints.operands(last);
            self.fold_into(last, false, &others);
        }
        let level = self.levels.pop().expect("invariant: the level that was opened");
        block.extend(level.done.into_iter().flatten());
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("invariant: a level is open")
    }

    fn stmt(&mut self, mut stmt: Stmt) {
        self.fold_head(&mut stmt);
        match &mut stmt.kind {
            StmtKind::If(_, then, otherwise) => {
                self.block(then, false, None);
                self.block(otherwise, false, None);
            }
            StmtKind::For { body, .. } | StmtKind::Loop(body) => self.block(body, true, None),
            StmtKind::While(before, condition, body) => {
                self.block(before, true, Some(condition));
                self.block(body, true, None);
            }
            _ => {}
        }
        let done = std::mem::take(&mut self.level().done);
        let (mut done, stmt) = operators::recover(self, done, stmt);
        let footprint = self.footprints.stmt(&stmt);
        let slot = done.len();
        let pending = self.opt_pending(&stmt, slot);
        let kept = self.opt_kept(stmt);
        done.push(kept);
        let level = self.level();
        level.done = done;
        level.pending.retain(|pending| pending.footprint.commutes_with(&footprint));
        level.pending.extend(pending);
    }

    /// The statement as a definition that may move, if it is one.
    fn opt_pending(&self, stmt: &Stmt, slot: usize) -> Option<Pending> {
        let StmtKind::Let(var, Some(value)) = &stmt.kind else { return None };
        let uses = self.counts.uses[var.index()];
        if !self.is_temporary(*var) || !(1..=2).contains(&uses) {
            return None;
        }
        let footprint = self.footprints.expr(value);
        Some(Pending { var: *var, value: value.clone(), footprint, slot })
    }

    /// The statement, if it does anything: unused temporaries are dropped, their effects kept.
    fn opt_kept(&mut self, stmt: Stmt) -> Option<Stmt> {
        match stmt.kind {
            StmtKind::Let(var, Some(value)) if self.is_temporary(var) && self.counts.uses[var.index()] == 0 => {
                self.changed = true;
                let needed = self.footprints.expr(&value).is_needed();
                needed.then_some(Stmt { kind: StmtKind::Eval(value), location: stmt.location })
            }
            _ => Some(stmt),
        }
    }

    fn is_temporary(&self, var: VarId) -> bool {
        let var = self.kernel.var(var);
        var.kind == VarKind::Let && var.name.is_empty()
    }

    /// Folds pending definitions into the expressions of the statement itself.
    fn fold_head(&mut self, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Let(_, Some(value))
            | StmtKind::Eval(value)
            | StmtKind::If(value, ..)
            | StmtKind::Return(Some(value)) => {
                let others = self.footprints.operands(value);
                self.fold_into(value, false, &others);
            }
            StmtKind::Assign(place, value) => self.fold_assign(place, value),
            StmtKind::Print(message) => {
                let mut others = Footprint::default();
                message.values.iter().for_each(|value| others.add(&self.footprints.expr(value)));
                message.values.iter_mut().for_each(|value| self.fold_into(value, false, &others));
            }
            StmtKind::For { start, end, step, body, .. } => {
                let mut others = Footprint::default();
                for bound in [&*start, &*end, &*step] {
                    others.add(&self.footprints.expr(bound));
                }
                self.fold_into(start, false, &others);
                let body = self.footprints.block(body);
                self.fold_into_bound(end, &others, &body);
                self.fold_into_bound(step, &others, &body);
            }
            StmtKind::Fill(_, value) => self.fold_into_fill(value),
            // The test of a `while` is evaluated again and again.
            StmtKind::While(..)
            | StmtKind::Let(_, None)
            | StmtKind::Return(None)
            | StmtKind::Declare(_)
            | StmtKind::Table(..)
            | StmtKind::Loop(_)
            | StmtKind::Break
            | StmtKind::Continue => {}
        }
    }

    fn fold_assign(&mut self, place: &mut Place, value: &mut Expr) {
        // C++ evaluates the value before the place, the tracer the place's indices before the store.
        let mut indices = Footprint::default();
        for index in place.exprs() {
            indices.add(&self.footprints.expr(index));
        }
        let mut others = self.footprints.expr(value);
        others.add(&indices);
        for index in place.exprs_mut() {
            self.fold_into(index, false, &others);
        }
        let mut others = self.footprints.operands(value);
        others.add(&indices);
        self.fold_into(value, false, &others);
        self.fold_twice(place, value);
    }

    /// Folds a temporary that both the place and the reading of it in `place = place + …` use: it is written once.
    fn fold_twice(&mut self, place: &mut Place, value: &mut Expr) {
        loop {
            let mut others = self.footprints.expr(value);
            place.exprs().for_each(|index| others.add(&self.footprints.expr(index)));
            let ExprKind::Op(_, operands) = &mut value.kind else { return };
            let Some(lhs) = operands.first_mut() else { return };
            if !place.is_read_by(lhs) {
                return;
            }
            let mut used = Vec::new();
            place.exprs().for_each(|index| index.walk_vars(&mut |var| used.push(var)));
            let uses = &self.counts.uses;
            let level = self.levels.last_mut().expect("invariant: a level is open");
            let Some(found) = level.pending.iter().position(|pending| {
                let repeatable = !pending.footprint.has_effect() && !pending.footprint.wave;
                let twice = uses[pending.var.index()] == 2 && used.contains(&pending.var);
                twice && repeatable && pending.footprint.commutes_with(&others)
            }) else {
                return;
            };
            let pending = level.pending.swap_remove(found);
            level.done[pending.slot] = None;
            self.changed = true;
            for expr in place.exprs_mut().chain([lhs]) {
                replace(expr, pending.var, &pending.value);
            }
            // What it is made of is now used once more.
            pending.value.walk_vars(&mut |var| self.counts.uses[var.index()] += 1);
        }
    }

    /// Folds pending definitions into an expression whose other parts touch `others`.
    fn fold_into(&mut self, expr: &mut Expr, conditional: bool, others: &Footprint) {
        match &mut expr.kind {
            ExprKind::Var(var) => {
                if let Some(value) = self.opt_taken(*var, |pending| {
                    (!conditional || is_skippable(&pending.footprint)) && pending.footprint.commutes_with(others)
                }) {
                    *expr = value;
                }
            }
            ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) => {
                self.fold_into(lhs, conditional, others);
                self.fold_into(rhs, true, others);
            }
            ExprKind::Select(condition, then, otherwise) => {
                self.fold_into(condition, conditional, others);
                self.fold_into(then, true, others);
                self.fold_into(otherwise, true, others);
            }
            _ => expr.operands_mut().into_iter().for_each(|operand| self.fold_into(operand, conditional, others)),
        }
    }

    /// Folds into the end or step of a loop what the loop's body cannot change. A load is not repeated.
    fn fold_into_bound(&mut self, expr: &mut Expr, others: &Footprint, body: &Footprint) {
        if let ExprKind::Var(var) = expr.kind
            && let Some(value) = self.opt_taken(var, |pending| {
                let footprint = &pending.footprint;
                let repeatable = !footprint.has_effect() && !footprint.wave && !footprint.memory;
                repeatable && footprint.reads.is_disjoint(&body.writes) && footprint.commutes_with(others)
            })
        {
            *expr = value;
        }
    }

    /// Folds into the value of every element what may be computed again for each.
    fn fold_into_fill(&mut self, expr: &mut Expr) {
        if let ExprKind::Var(var) = expr.kind
            && let Some(value) = self.opt_taken(var, |pending| pending.footprint.is_pure())
        {
            *expr = value;
        }
    }

    /// Takes a pending definition for its use here, if `admits` allows that.
    fn opt_taken(&mut self, var: VarId, admits: impl Fn(&Pending) -> bool) -> Option<Expr> {
        let mut here = true;
        for level in self.levels.iter_mut().rev() {
            let found = level.pending.iter().position(|pending| pending.var == var);
            if let Some(found) = found {
                let pending = &level.pending[found];
                // What is outside of a branch may go into it only if it is pure.
                if self.counts.uses[var.index()] != 1 || !(here || pending.footprint.is_pure()) || !admits(pending) {
                    return None;
                }
                let pending = level.pending.swap_remove(found);
                level.done[pending.slot] = None;
                self.changed = true;
                return Some(pending.value);
            }
            if level.repeats {
                return None;
            }
            here = false;
        }
        None
    }
}

/// Whether a value that was always computed may be computed only where it is needed. A load stays: its author decided
/// that it is always made. So does a division: its divisor may be zero where its quotient is not needed.
fn is_skippable(footprint: &Footprint) -> bool {
    !footprint.has_effect() && !footprint.wave && !footprint.memory && !footprint.divides
}

fn replace(expr: &mut Expr, var: VarId, value: &Expr) {
    expr.walk_mut(&mut |expr| {
        if expr.opt_var() == Some(var) {
            *expr = value.clone();
        }
    });
}
