//! Replaces temporaries that stand for something that can be written anywhere: a literal, a constant, an immutable
//! variable, a position in the grid, an expression known at compile time.
//!
//! These have one value wherever they are visible, and cost nothing to write again.

use std::collections::BTreeMap;

use crate::ir::{Block, Expr, ExprKind, Kernel, Stmt, StmtKind, VarId, VarKind};
use crate::ops::Effects;
use crate::passes::{put_bodies, take_bodies};

/// Replaces every such temporary and removes its definition. Whether there were any.
pub(super) fn substitute_leaves(kernel: &mut Kernel) -> bool {
    let mut bodies = take_bodies(kernel);
    let mut leaves = Leaves { kernel, known: BTreeMap::new() };
    bodies.iter_mut().for_each(|body| leaves.block(body));
    let known = leaves.known;
    put_bodies(kernel, bodies);
    for var in &mut kernel.vars {
        if let VarKind::Register(extents) | VarKind::Shared(extents) = &mut var.kind {
            extents.iter_mut().for_each(|extent| rewrite(&mut extent.expr, &known));
        }
    }
    !known.is_empty()
}

struct Leaves<'a> {
    kernel: &'a Kernel,
    known: BTreeMap<VarId, Expr>,
}

impl Leaves<'_> {
    fn block(&mut self, block: &mut Block) {
        block.retain_mut(|stmt| {
            self.stmt(stmt);
            !self.defines_leaf(stmt)
        });
    }

    fn stmt(&mut self, stmt: &mut Stmt) {
        // The condition of a `while` sees the block before it.
        if let StmtKind::While(before, condition, body) = &mut stmt.kind {
            self.block(before);
            rewrite(condition, &self.known);
            self.block(body);
            return;
        }
        for expr in stmt.exprs_mut() {
            rewrite(expr, &self.known);
        }
        for block in stmt.blocks_mut() {
            self.block(block);
        }
    }

    /// Whether the statement defines a temporary that is a leaf, which is then known.
    fn defines_leaf(&mut self, stmt: &Stmt) -> bool {
        let StmtKind::Let(var, Some(value)) = &stmt.kind else { return false };
        let declared = self.kernel.var(*var);
        if declared.kind != VarKind::Let || !declared.name.is_empty() || !self.is_leaf(value) {
            return false;
        }
        self.known.insert(*var, value.clone());
        true
    }

    fn is_leaf(&self, value: &Expr) -> bool {
        match &value.kind {
            ExprKind::Literal(_) | ExprKind::Constant(_) => true,
            ExprKind::Var(var) => self.is_immutable(*var),
            ExprKind::Op(op, operands) if operands.is_empty() => op.row().effects == Effects::Pure,
            // A choice may be known at compile time, and name in its other side what changes.
            _ => {
                let mut names_immutable = true;
                value.walk_vars(&mut |var| names_immutable &= self.is_immutable(var));
                names_immutable && self.kernel.opt_constant(value).is_some()
            }
        }
    }

    fn is_immutable(&self, var: VarId) -> bool {
        matches!(self.kernel.var(var).kind, VarKind::Let | VarKind::Counter | VarKind::Scalar)
    }
}

fn rewrite(expr: &mut Expr, known: &BTreeMap<VarId, Expr>) {
    expr.walk_mut(&mut |expr| {
        if let ExprKind::Var(var) = expr.kind
            && let Some(known) = known.get(&var)
        {
            *expr = known.clone();
        }
    });
}
