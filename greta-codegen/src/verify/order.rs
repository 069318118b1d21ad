//! Checks that nothing depends on what C++ leaves open or does otherwise: the order of an expression's operands, and
//! how often the end and step of a loop are evaluated.

use std::collections::BTreeMap;

use super::{Findings, display_name};
use crate::diagnostic::DiagnosticKind;
use crate::footprint::{Footprint, Footprints};
use crate::ir::{Argument, Expr, ExprKind, FunctionId, Kernel, Location, Stmt, StmtKind, VarId};

/// Checks every statement of the kernel.
pub(super) fn check(kernel: &Kernel, findings: &mut Findings) {
    let check = Check { kernel, footprints: Footprints::of(kernel) };
    let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for stmt in bodies.flatten() {
        stmt.walk(&mut |stmt| check.stmt(stmt, findings));
    }
}

struct Check<'a> {
    kernel: &'a Kernel,
    footprints: Footprints<'a>,
}

impl Check<'_> {
    fn stmt(&self, stmt: &Stmt, findings: &mut Findings) {
        for expr in stmt.exprs() {
            expr.walk(&mut |expr| self.operands(expr, findings));
        }
        match &stmt.kind {
            StmtKind::Assign(..) | StmtKind::Print(_) => self.unordered(&stmt.exprs(), stmt.location, findings),
            StmtKind::For { end, step, body, .. } => {
                self.bounds(&[end, step], &self.footprints.block(body), stmt, findings);
            }
            // The value is computed again for each element.
            StmtKind::Fill(..) => self.bounds(&stmt.exprs(), &self.footprints.head(stmt), stmt, findings),
            _ => {}
        }
    }

    fn operands(&self, expr: &Expr, findings: &mut Findings) {
        // `&&`, `||` and `? :` are the operators whose operands C++ orders.
        if !matches!(expr.kind, ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Select(..)) {
            self.unordered(&expr.operands(), expr.location, findings);
        }
        if let ExprKind::Call(function, arguments) = &expr.kind {
            self.aliased(*function, arguments, expr, findings);
        }
    }

    fn unordered(&self, exprs: &[&Expr], location: Location, findings: &mut Findings) {
        if exprs.len() < 2 {
            return;
        }
        let footprints: Vec<Footprint> = exprs.iter().map(|expr| self.footprints.expr(expr)).collect();
        for (index, first) in footprints.iter().enumerate() {
            for second in &footprints[index + 1..] {
                if !first.commutes_with(second) {
                    let name = self.name(opt_shared(first, second));
                    findings.add(location, DiagnosticKind::OperandOrder { name });
                }
            }
        }
    }

    fn bounds(&self, bounds: &[&Expr], body: &Footprint, stmt: &Stmt, findings: &mut Findings) {
        for bound in bounds {
            let bound_footprint = self.footprints.expr(bound);
            let repeats = bound_footprint.has_effect() || bound_footprint.wave;
            let changed = bound_footprint.reads.iter().find(|object| body.writes.contains(object));
            if repeats || changed.is_some() || (body.barrier && bound_footprint.memory) {
                let name = self.name(changed.or(bound_footprint.reads.first()).copied());
                findings.add(stmt.location, DiagnosticKind::LoopBound { name });
            }
        }
    }

    fn aliased(&self, function: FunctionId, arguments: &[Argument], expr: &Expr, findings: &mut Findings) {
        let callee = self.kernel.function(function);
        let written = &self.footprints.function(function).writes;
        let mut seen: BTreeMap<VarId, bool> = BTreeMap::new();
        for (param, argument) in callee.params.iter().zip(arguments) {
            let Argument::Object(object) = argument else { continue };
            let writes = written.contains(param);
            if let Some(before) = seen.insert(*object, writes)
                && (before || writes)
            {
                let kind = DiagnosticKind::AliasedArgument {
                    function: format!("`{}`", callee.name),
                    name: display_name(self.kernel.var(*object)),
                };
                findings.add(expr.location, kind);
            }
        }
    }

    fn name(&self, var: Option<VarId>) -> String {
        var.map_or("a value".to_owned(), |var| display_name(self.kernel.var(var)))
    }
}

/// An object that one of two footprints writes and the other touches.
fn opt_shared(first: &Footprint, second: &Footprint) -> Option<VarId> {
    let touches =
        |footprint: &Footprint, object: &VarId| footprint.reads.contains(object) || footprint.writes.contains(object);
    first
        .writes
        .iter()
        .find(|object| touches(second, object))
        .or_else(|| second.writes.iter().find(|object| touches(first, object)))
        .copied()
}
