//! Where a kernel waits for the kernels ahead of it, and what it reads before that.
//!
//! Guarantees: of a verified kernel, [`Kernel::early_reads`] names every buffer that may be read while the kernels ahead
//! still run. Deliberately does not know graphs: whoever starts the kernel early keeps those buffers unwritten.

use std::collections::BTreeSet;

use crate::footprint::{Footprint, Footprints};
use crate::ir::{ExprKind, Kernel, Op, Stmt, StmtKind};

impl Kernel {
    /// The names of the buffers that the kernel reads before [`Op::GridDependencyWait`]; `None` if it has none, and all
    /// kernels ahead must have ended before it begins.
    #[must_use]
    pub fn early_reads(&self) -> Option<BTreeSet<String>> {
        let wait = self.opt_dependency_wait()?;
        let early = self.before(wait);
        let read = self.params.iter().filter(|param| early.reads.contains(param));
        Some(read.map(|&param| self.var(param).name.clone()).collect())
    }

    /// Whether it lets the next kernel start, by [`Op::GridDependentsLaunch`], before it waits itself.
    #[must_use]
    pub fn launches_dependents_before_wait(&self) -> bool {
        self.opt_dependents_launch().is_some()
    }

    /// The position of the wait among the kernel's statements.
    pub(crate) fn opt_dependency_wait(&self) -> Option<usize> {
        self.body.iter().position(is_dependency_wait)
    }

    /// The position of what lets the next kernel start.
    pub(crate) fn opt_dependents_launch(&self) -> Option<usize> {
        self.body.iter().position(is_dependents_launch)
    }

    /// What the statements before a position touch.
    pub(crate) fn before(&self, position: usize) -> Footprint {
        let footprints = Footprints::of(self);
        let mut touched = Footprint::default();
        for stmt in &self.body[..position] {
            touched.add(&footprints.stmt(stmt));
        }
        touched
    }
}

pub(crate) fn is_dependency_wait(stmt: &Stmt) -> bool {
    is_hint(stmt, Op::GridDependencyWait)
}

pub(crate) fn is_dependents_launch(stmt: &Stmt) -> bool {
    is_hint(stmt, Op::GridDependentsLaunch)
}

fn is_hint(stmt: &Stmt, hint: Op) -> bool {
    matches!(&stmt.kind, StmtKind::Eval(value) if matches!(value.kind, ExprKind::Op(op, _) if op == hint))
}
