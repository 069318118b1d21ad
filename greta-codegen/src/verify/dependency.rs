//! Checks that a kernel waits for the kernels ahead of it once, whatever happens, and writes no buffer before; and that it
//! lets the next one start, if it says so, before that.

use super::Findings;
use crate::dependency::{is_dependency_wait, is_dependents_launch};
use crate::diagnostic::DiagnosticKind;
use crate::ir::{Kernel, Stmt, StmtKind, VarKind};

/// Checks every wait of the kernel and of its functions.
pub(super) fn check(kernel: &Kernel, findings: &mut Findings) {
    let wait = kernel.opt_dependency_wait();
    misplaced(kernel, is_dependency_wait, wait, &DiagnosticKind::DependencyWait, findings);
    let launch = kernel.opt_dependents_launch().filter(|&launch| wait.is_some_and(|wait| launch < wait));
    misplaced(kernel, is_dependents_launch, launch, &DiagnosticKind::DependentsLaunch, findings);
    let Some(wait) = wait else { return };
    let location = kernel.body[wait].location;
    let before = kernel.before(wait);
    let global = |var| matches!(kernel.var(var).kind, VarKind::Global { .. });
    if let Some(&written) = before.writes.iter().find(|&&var| global(var)) {
        let name = super::display_name(kernel.var(written));
        findings.add(location, DiagnosticKind::WrittenBeforeWait { name });
    }
    let returns = |stmt: &Stmt| {
        let mut found = false;
        stmt.walk(&mut |stmt| found |= matches!(stmt.kind, StmtKind::Return(_)));
        found
    };
    if let Some(stmt) = kernel.body[..wait].iter().find(|stmt| returns(stmt)) {
        findings.add(stmt.location, DiagnosticKind::ReturnBeforeWait);
    }
}

/// Reports every statement of a kind that is not the one at this position of the kernel's body.
fn misplaced(
    kernel: &Kernel,
    is_one: fn(&Stmt) -> bool,
    allowed: Option<usize>,
    kind: &DiagnosticKind,
    findings: &mut Findings,
) {
    let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for (number, body) in bodies.enumerate() {
        let outermost = number == kernel.functions.len();
        for (position, stmt) in body.iter().enumerate() {
            if outermost && Some(position) == allowed {
                continue;
            }
            stmt.walk(&mut |stmt| {
                if is_one(stmt) {
                    findings.add(stmt.location, kind.clone());
                }
            });
        }
    }
}
