//! Barriers of the grid: which kernels have them, and which buffers count who arrives there.
//!
//! Deliberately does not know launches: whoever launches such a kernel sees to it that all blocks run at the same time,
//! and that the buffers were zero before the first launch.

use crate::ir::{Expr, ExprKind, Kernel, Op, Place};

impl Kernel {
    /// Whether the kernel has a barrier of the grid: all blocks of a launch must then run at the same time.
    #[must_use]
    pub fn has_grid_barrier(&self) -> bool {
        let mut found = false;
        let bodies = self.functions.iter().map(|function| &function.body).chain([&self.body]);
        for stmt in bodies.flatten() {
            stmt.walk(&mut |stmt| {
                for expr in stmt.exprs() {
                    expr.walk(&mut |expr| found |= matches!(expr.kind, ExprKind::Op(Op::GridBarrier, _)));
                }
            });
        }
        found
    }
}

/// Where a barrier of the grid counts who arrives.
pub(crate) fn opt_arrivals(expr: &Expr) -> Option<&Place> {
    let ExprKind::Op(Op::GridBarrier, operands) = &expr.kind else { return None };
    match operands.as_slice() {
        [Expr { kind: ExprKind::Load(arrivals), .. }] => Some(arrivals),
        _ => None,
    }
}
