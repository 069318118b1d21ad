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

#[cfg(test)]
mod tests {
    use super::super::tests::operations::dependency_wait;
    use super::super::tests::refused;
    use crate::ir::{Argument, Op, StmtKind, Type, VarKind};
    use crate::target::GFX942;
    use crate::testing::*;
    use crate::verify::verify;

    #[test]
    fn a_grid_barrier_is_a_write_that_waits_for_the_kernels_ahead() {
        refused(
            |build| {
                let arrivals = build.global("arrivals", Type::U32, true);
                build.grid_barrier(arrivals);
                build.push(dependency_wait());
            },
            "`arrivals` is written before `grid_dependency_wait()`: kernels ahead may still use it",
        );
    }

    #[test]
    fn grid_barriers_count_in_the_first_element_of_a_buffer() {
        let allowed = "a grid barrier counts arrivals in a whole `&mut Global<u32>`, a parameter";
        refused(|build| build.push(StmtKind::Eval(op(Op::GridBarrier, [tid()]))), allowed);
        refused(
            |build| {
                let counts = build.shared("counts", Type::U32, [u(1)]);
                build.grid_barrier(counts);
            },
            allowed,
        );
        refused(
            |build| {
                let counts = build.global("counts", Type::U32, false);
                build.grid_barrier(counts);
            },
            allowed,
        );
        refused(
            |build| {
                let counts = build.global("counts", Type::U32, true);
                let second = build.load(counts, [u(1)]);
                build.push(StmtKind::Eval(op(Op::GridBarrier, [second])));
            },
            allowed,
        );
    }

    #[test]
    fn what_counts_arrivals_is_used_for_nothing_else() {
        let used =
            "`arrivals` counts who arrives at a grid barrier, and is used for nothing else: take another buffer here";
        refused(
            |build| {
                let arrivals = build.global("arrivals", Type::U32, true);
                build.grid_barrier(arrivals);
                build.store(arrivals, [tid()], u(0));
            },
            used,
        );
        refused(
            |build| {
                let arrivals = build.global("arrivals", Type::U32, true);
                let first = build.load(arrivals, [u(0)]);
                build.bind("first", first);
                build.grid_barrier(arrivals);
            },
            used,
        );
        // The barrier and the other use may each be in a function that the buffer is passed to.
        refused(
            |build| {
                let [arrivals, meeting, stored] =
                    ["arrivals", "meeting", "stored"].map(|name| build.var(name, global_u32(), Type::U32));
                build.kernel.params.push(arrivals);
                let meet = build.function("meet", None, &[meeting], |build| build.grid_barrier(meeting));
                let store = build.function("store", None, &[stored], |build| build.store(stored, [u(0)], u(1)));
                for function in [meet, store] {
                    let call = build.call(function, vec![Argument::Object(arrivals)]);
                    build.push(StmtKind::Eval(call));
                }
            },
            used,
        );
    }

    fn global_u32() -> VarKind {
        VarKind::Global { mutable: true, volatile: false }
    }

    #[test]
    fn kernels_say_whether_they_have_a_grid_barrier() {
        let mut build = Build::new(64);
        let (arrivals, meeting) = (build.global("arrivals", Type::U32, true), build.var("a", global_u32(), Type::U32));
        build.barrier();
        assert!(!build.kernel.has_grid_barrier());
        let meet = build.function("meet", None, &[meeting], |build| build.grid_barrier(meeting));
        let call = build.call(meet, vec![Argument::Object(arrivals)]);
        build.push(StmtKind::Eval(call));
        let kernel = build.finish();
        assert!(kernel.has_grid_barrier());
        verify(kernel, &GFX942).expect("a function may have the barrier");
    }
}
