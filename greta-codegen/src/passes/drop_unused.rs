//! Drops what is never run or never used: statements after a `break`, `continue` or `return`, temporaries that hold the
//! unused value of an `if`, conditions that guard nothing, device functions that are not called.
//!
//! What the author named stays, but for arrays of which this variant of the kernel uses no element.

use std::collections::BTreeSet;

use crate::footprint::Footprints;
use crate::ir::{Block, ExprKind, FunctionId, Kernel, Stmt, StmtKind, Var, VarId, VarKind};

/// Runs the pass.
pub(super) fn drop_unused(kernel: &mut Kernel) {
    let snapshot = kernel.clone();
    let footprints = Footprints::of(&snapshot);
    let unread = unread_slots(kernel);
    for function in &mut kernel.functions {
        clean(&mut function.body, &unread, &footprints);
    }
    clean(&mut kernel.body, &unread, &footprints);
    drop_functions(kernel);
}

/// Mutable temporaries that nothing reads, and arrays that are at most filled.
fn unread_slots(kernel: &Kernel) -> BTreeSet<VarId> {
    let is_slot = |var: &Var| match var.kind {
        VarKind::Mut => var.name.is_empty(),
        VarKind::Register(_) | VarKind::Shared(_) | VarKind::DynamicShared => true,
        _ => false,
    };
    let numbered = (0..).map(VarId).zip(&kernel.vars);
    let mut slots: BTreeSet<VarId> = numbered.filter(|(_, var)| is_slot(var)).map(|(id, _)| id).collect();
    let params = kernel.functions.iter().flat_map(|function| &function.params);
    params.for_each(|param| {
        slots.remove(param);
    });
    let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for stmt in bodies.flatten() {
        stmt.walk(&mut |stmt| {
            for expr in stmt.exprs() {
                expr.walk_vars(&mut |var| {
                    slots.remove(&var);
                });
            }
            if let StmtKind::Assign(place, _) = &stmt.kind
                && place.exprs().next().is_some()
            {
                slots.remove(&place.base);
            }
        });
    }
    slots
}

fn clean(block: &mut Block, unread: &BTreeSet<VarId>, footprints: &Footprints<'_>) {
    if let Some(last) = block.iter().position(ends) {
        block.truncate(last + 1);
    }
    for stmt in block.iter_mut() {
        for inner in stmt.blocks_mut() {
            clean(inner, unread, footprints);
        }
    }
    let kept = std::mem::take(block).into_iter().filter_map(|stmt| opt_kept(stmt, unread, footprints));
    block.extend(kept);
}

/// What remains of a statement.
fn opt_kept(stmt: Stmt, unread: &BTreeSet<VarId>, footprints: &Footprints<'_>) -> Option<Stmt> {
    let value = match stmt.kind {
        StmtKind::Let(var, value) if unread.contains(&var) => value?,
        StmtKind::Declare(array) | StmtKind::Table(array, _) if unread.contains(&array) => return None,
        StmtKind::Fill(array, value) if unread.contains(&array) => value,
        StmtKind::Assign(place, value) if unread.contains(&place.base) => value,
        StmtKind::If(condition, then, otherwise) if then.is_empty() && otherwise.is_empty() => condition,
        _ => return Some(stmt),
    };
    let needed = footprints.expr(&value).is_needed();
    needed.then_some(Stmt { kind: StmtKind::Eval(value), location: stmt.location })
}

/// Whether nothing after the statement in its block is run.
fn ends(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) => true,
        StmtKind::If(_, then, otherwise) => then.iter().any(ends) && otherwise.iter().any(ends),
        _ => false,
    }
}

fn drop_functions(kernel: &mut Kernel) {
    let mut called = vec![false; kernel.functions.len()];
    note_calls(&kernel.body, &mut called);
    for index in (0..kernel.functions.len()).rev() {
        if called[index] {
            note_calls(&kernel.functions[index].body, &mut called);
        }
    }
    let mut renumbered = Vec::new();
    let mut next = 0;
    for &called in &called {
        renumbered.push(FunctionId(next));
        next += u32::from(called);
    }
    let mut keep = called.iter();
    kernel.functions.retain(|_| *keep.next().expect("invariant: one flag for each function"));
    let bodies = kernel.functions.iter_mut().map(|function| &mut function.body).chain([&mut kernel.body]);
    for stmt in bodies.flatten() {
        stmt.walk_mut(&mut |stmt| {
            for expr in stmt.exprs_mut() {
                expr.walk_mut(&mut |expr| {
                    if let ExprKind::Call(function, _) = &mut expr.kind {
                        *function = renumbered[function.index()];
                    }
                });
            }
        });
    }
}

fn note_calls(block: &Block, called: &mut [bool]) {
    for stmt in block {
        stmt.walk(&mut |stmt| {
            for expr in stmt.exprs() {
                expr.walk(&mut |expr| {
                    if let ExprKind::Call(function, _) = expr.kind {
                        called[function.index()] = true;
                    }
                });
            }
        });
    }
}
