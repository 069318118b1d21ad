//! Checks that barriers of the grid count who arrives in buffers that are used for nothing else.
//!
//! Where such a barrier may stand is checked by [`super::convergence`].

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, display_name};
use crate::diagnostic::DiagnosticKind;
use crate::grid_barrier::opt_arrivals;
use crate::ir::{Argument, Block, Expr, ExprKind, Kernel, Location, Op, Place, StmtKind, Type, VarId, VarKind};

/// Checks every such barrier of the kernel and of its functions, and what else is done to the buffers.
pub(super) fn check(kernel: &Kernel, findings: &mut Findings) {
    if !kernel.has_grid_barrier() {
        return;
    }
    let mut functions: Vec<Uses> = Vec::new();
    for function in &kernel.functions {
        let mut uses = Uses::of(kernel, &functions, &function.body, findings);
        if function.foreign.is_some() {
            uses.others.extend(function.params.iter().map(|&param| (param, function.location)));
        }
        functions.push(uses);
    }
    Uses::of(kernel, &functions, &kernel.body, findings);
}

/// What a body does to the buffers that it is given.
#[derive(Default)]
struct Uses {
    /// Those that count arrivals.
    arrivals: BTreeSet<VarId>,
    /// Where objects are first used for something else.
    others: BTreeMap<VarId, Location>,
}

impl Uses {
    /// Of a body that calls these functions; reports what counts arrivals and is used for something else too.
    fn of(kernel: &Kernel, functions: &[Self], body: &Block, findings: &mut Findings) -> Self {
        let mut uses = Self::default();
        for stmt in body {
            stmt.walk(&mut |stmt| {
                if let StmtKind::Assign(place, _) = &stmt.kind {
                    uses.other(place.base, stmt.location);
                }
                for expr in stmt.exprs() {
                    uses.expr(kernel, functions, expr, findings);
                }
            });
        }
        for (&var, &location) in uses.others.iter().filter(|(var, _)| uses.arrivals.contains(var)) {
            findings.add(location, DiagnosticKind::ArrivalsUsed { name: display_name(kernel.var(var)) });
        }
        uses
    }

    fn other(&mut self, object: VarId, location: Location) {
        self.others.entry(object).or_insert(location);
    }

    fn expr(&mut self, kernel: &Kernel, functions: &[Self], expr: &Expr, findings: &mut Findings) {
        match &expr.kind {
            ExprKind::Op(Op::GridBarrier, _) => {
                match opt_arrivals(expr).filter(|place| is_first_of_counts(kernel, place)) {
                    Some(place) => self.arrivals.extend([place.base]),
                    None => findings.add(expr.location, DiagnosticKind::ArrivalsPlace),
                }
                return;
            }
            ExprKind::Load(place) | ExprKind::Atomic(_, place, _) => self.other(place.base, expr.location),
            ExprKind::Call(function, arguments) => {
                let callee = &functions[function.index()];
                for (param, argument) in kernel.function(*function).params.iter().zip(arguments) {
                    let Argument::Object(object) = argument else { continue };
                    if callee.arrivals.contains(param) {
                        self.arrivals.insert(*object);
                    } else if callee.others.contains_key(param) {
                        self.other(*object, expr.location);
                    }
                }
            }
            _ => {}
        }
        for operand in expr.operands() {
            self.expr(kernel, functions, operand, findings);
        }
    }
}

/// Whether a place is the first element of a buffer that can count.
fn is_first_of_counts(kernel: &Kernel, place: &Place) -> bool {
    let var = kernel.var(place.base);
    let counts = var.kind == VarKind::Global { mutable: true, volatile: false } && var.ty == Type::U32;
    let first = matches!(place.index.as_slice(), [index] if kernel.opt_u32(index) == Some(0));
    counts && first && place.lane.is_none()
}
