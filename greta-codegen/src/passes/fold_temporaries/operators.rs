//! Recovers `&&`, `||` and `? :` from the branches that the tracer made of them.
//!
//! A branch becomes an operator only if nothing but one value is left in it, and computing that has no effect and does
//! not look at other lanes.

use super::once::Folder;
use crate::ir::{Block, Expr, ExprKind, Op, Stmt, StmtKind, VarId, VarKind};

/// What a branch and the statements before it become.
pub(super) fn recover(folder: &mut Folder<'_>, mut before: Vec<Option<Stmt>>, stmt: Stmt) -> (Vec<Option<Stmt>>, Stmt) {
    let StmtKind::If(condition, then, otherwise) = &stmt.kind else { return (before, stmt) };
    let recovered = opt_choice(folder, &mut before, condition, then, otherwise)
        .or_else(|| opt_short_circuit(folder, &mut before, condition, then, otherwise));
    let Some((slot, kind)) = recovered else { return (before, stmt) };
    folder.made_immutable.push(slot);
    folder.changed = true;
    let ty = folder.kernel.var(slot).ty;
    let location = folder.kernel.var(slot).location;
    let value = Expr { kind, ty, location };
    (before, Stmt { kind: StmtKind::Let(slot, Some(value)), location })
}

/// `let r; if c { r = a } else { r = b }` is `let r = c ? a : b`.
fn opt_choice(
    folder: &Folder<'_>,
    before: &mut [Option<Stmt>],
    condition: &Expr,
    then: &Block,
    otherwise: &Block,
) -> Option<(VarId, ExprKind)> {
    let (slot, a) = opt_assignment(then)?;
    let (other, b) = opt_assignment(otherwise)?;
    if slot != other || !is_slot(folder, slot, 2) || !(is_plain(folder, a, slot) && is_plain(folder, b, slot)) {
        return None;
    }
    let declares =
        |stmt: &Option<Stmt>| matches!(stmt, Some(Stmt { kind: StmtKind::Let(var, None), .. }) if *var == slot);
    let declaration = before.iter().position(declares)?;
    before[declaration] = None;
    Some((slot, ExprKind::Select(Box::new(condition.clone()), Box::new(a.clone()), Box::new(b.clone()))))
}

/// `let r = a; if r { r = b }` is `let r = a && b`; with `!r` it is `a || b`.
fn opt_short_circuit(
    folder: &Folder<'_>,
    before: &mut [Option<Stmt>],
    condition: &Expr,
    then: &Block,
    otherwise: &Block,
) -> Option<(VarId, ExprKind)> {
    let (slot, rhs) = opt_assignment(then)?;
    let continues_on_true = match &condition.kind {
        ExprKind::Var(var) if *var == slot => true,
        ExprKind::Op(Op::Not, operands) if operands[0].opt_var() == Some(slot) => false,
        _ => return None,
    };
    if !otherwise.is_empty() || !is_slot(folder, slot, 1) || !is_plain(folder, rhs, slot) {
        return None;
    }
    let last = before.iter_mut().rev().find(|stmt| stmt.is_some())?;
    let Some(Stmt { kind: StmtKind::Let(var, Some(lhs)), .. }) = last else { return None };
    if *var != slot {
        return None;
    }
    let (lhs, rhs) = (Box::new(lhs.clone()), Box::new(rhs.clone()));
    *last = None;
    Some((slot, if continues_on_true { ExprKind::And(lhs, rhs) } else { ExprKind::Or(lhs, rhs) }))
}

/// The variable and value of a block that is just one assignment to a variable.
fn opt_assignment(block: &Block) -> Option<(VarId, &Expr)> {
    match block.as_slice() {
        [Stmt { kind: StmtKind::Assign(place, value), .. }] if place.index.is_empty() && place.lane.is_none() => {
            Some((place.base, value))
        }
        _ => None,
    }
}

/// Whether a variable is a temporary that is assigned to this often and no more.
fn is_slot(folder: &Folder<'_>, var: VarId, assignments: u32) -> bool {
    let declared = folder.kernel.var(var);
    declared.kind == VarKind::Mut && declared.name.is_empty() && folder.counts.assignments(var) == assignments
}

/// Whether a value may be an operand that is evaluated on some paths only.
fn is_plain(folder: &Folder<'_>, value: &Expr, slot: VarId) -> bool {
    let footprint = folder.footprints.expr(value);
    !footprint.has_effect() && !footprint.wave && !footprint.reads.contains(&slot)
}
