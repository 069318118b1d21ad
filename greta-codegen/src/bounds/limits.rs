//! What launches keep parameters and grids to, so that loops count to them plainly.
//!
//! `for i in (0..n).step_by(16)` steps past the end of its type where `n` is within 16 of it, and so does a loop that steps
//! by all threads of a grid of nearly 2^32. Rust stops there; C++ wraps, and goes on without end. That no launch has such an
//! `n` or such a grid costs less than a loop that can count to it.

use std::collections::BTreeSet;

use super::{Bounds, Computed, Definition, Range};
use crate::ir::{Expr, ExprKind, Kernel, Location, Op, VarId, VarKind};

/// What a launch keeps within bounds because of a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchLimit {
    /// What is limited.
    pub limited: Limited,
    /// Its largest value.
    pub most: u64,
    /// The loop.
    pub location: Location,
}

/// What a loop counts to, or steps by.
#[derive(Clone, Debug, PartialEq)]
pub enum Limited {
    /// One of the kernel's parameters: an index into [`Kernel::params`].
    Param(usize),
    /// What the launch computes of them.
    Computed(Computed),
    /// The blocks of the grid in x.
    GridX,
}

/// What a launch keeps the kernel's parameters and its grid to, on a target with waves of so many threads. Code is
/// written for such launches only.
#[must_use]
pub fn launch_limits(kernel: &Kernel, wave: u32) -> Vec<LaunchLimit> {
    let Bounds { limits, ends, grid, .. } = Bounds::of(kernel, wave);
    let of = |limited, Limit { most, location }: Limit| {
        let most = u64::try_from(most).unwrap_or(0);
        LaunchLimit { limited, most, location }
    };
    let params = kernel.params.iter().enumerate();
    let params = params.filter_map(|(param, var)| Some(of(Limited::Param(param), *limits.get(var)?)));
    let ends = ends.into_values().map(|(computed, limit)| of(Limited::Computed(computed), limit));
    params.chain(ends).chain(grid.map(|limit| of(Limited::GridX, limit))).collect()
}

/// A largest value, because of a loop.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) most: i128,
    location: Location,
}

/// The parts of a counter's type that the threads of a grid in x are kept to where a loop steps by them, the first that
/// does: a quarter leaves room for what parameters are kept to, a 64th for steps of several elements a thread.
const GRID_PARTS: [i128; 5] = [4, 8, 16, 32, 64];

impl Bounds<'_> {
    /// Limits the parameters that loops count to, and the grid that they step by, where that keeps the counters in their
    /// types: parameters to three quarters of the type, whatever the step, so that a retune changes no limit.
    pub(super) fn limit_launches(&mut self) {
        for range in self.ranges.clone() {
            // Shorter integers come near their ends in earnest.
            if range.end.ty.scalar.bits() < 32 || !self.overshoots(&range) || self.limit_end(&range) {
                continue;
            }
            let largest = range.end.ty.scalar.range()[1];
            let before = self.grid;
            let parts = if self.steps_by_grid(&range) { &GRID_PARTS[..] } else { &[] };
            let is_limited = parts.iter().any(|part| {
                let most = largest / part / i128::from(self.kernel.block[0].value.max(1));
                let most = before.map_or(most, |limit| limit.most.min(most));
                self.grid = Some(Limit { most, location: range.location });
                !self.overshoots(&range) || self.limit_end(&range)
            });
            if !is_limited {
                self.grid = before;
            }
        }
    }

    /// Whether a limit of what a loop counts to keeps its counter in its type: of what the launch computes, or of
    /// parameters.
    fn limit_end(&mut self, range: &Range<'_>) -> bool {
        match self.opt_computed(range.end) {
            None | Some(Computed::Known(_) | Computed::Param(_)) => self.limit_parameters(range),
            Some(computed) => {
                let most = range.end.ty.scalar.range()[1] / 4 * 3;
                self.ends.insert(range.counter, (computed, Limit { most, location: range.location }));
                let is_enough = !self.overshoots(range);
                if !is_enough {
                    self.ends.remove(&range.counter);
                }
                is_enough
            }
        }
    }

    /// Whether limits of parameters keep a counter in its type, which they then do.
    fn limit_parameters(&mut self, range: &Range<'_>) -> bool {
        let most = range.end.ty.scalar.range()[1] / 4 * 3;
        let params = self.counted_to(range);
        let new: Vec<VarId> = params.into_iter().filter(|param| !self.limits.contains_key(param)).collect();
        // One of them may do, as in `min(n, most)`.
        for limited in new.chunks(1).chain([new.as_slice()]) {
            self.limits.extend(limited.iter().map(|param| (*param, Limit { most, location: range.location })));
            if !self.overshoots(range) {
                return true;
            }
            self.limits.retain(|param, _| !limited.contains(param));
        }
        false
    }

    /// The kernel's parameters, of the counter's type, that the end of a range is made of.
    fn counted_to(&self, range: &Range<'_>) -> Vec<VarId> {
        let mut seen = BTreeSet::new();
        self.walk_made_of(range.end, &mut |part| {
            if let ExprKind::Var(var) = part.kind {
                seen.insert(var);
            }
        });
        let is_limited = |var: &VarId| {
            let var = self.kernel.var(*var);
            var.kind == VarKind::Scalar && var.ty == range.end.ty
        };
        self.kernel.params.iter().copied().filter(|param| seen.contains(param)).filter(is_limited).collect()
    }

    /// Whether a range's step has to do with the blocks of the grid in x.
    fn steps_by_grid(&self, range: &Range<'_>) -> bool {
        let mut found = false;
        self.walk_made_of(range.step, &mut |part| found |= matches!(part.kind, ExprKind::Op(Op::GridDimX, _)));
        found
    }

    /// Visits an expression and those that its variables are given, and so on.
    fn walk_made_of(&self, value: &Expr, visit: &mut impl FnMut(&Expr)) {
        let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
        let mut visit_all = |value: &Expr, open: &mut Vec<VarId>| {
            value.walk(&mut |part| visit(part));
            value.walk_vars(&mut |var| open.push(var));
        };
        visit_all(value, &mut open);
        while let Some(var) = open.pop() {
            if !seen.insert(var) {
                continue;
            }
            match self.definitions.get(&var) {
                Some(Definition::Values(values)) => values.iter().for_each(|value| visit_all(value, &mut open)),
                Some(Definition::Counter { end, .. }) => visit_all(end, &mut open),
                Some(Definition::Unknown) | None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Scalar, Type};
    use crate::testing::{Build, add, cast, i, mul, op, tid, u};

    fn u64(value: u32) -> Expr {
        cast(u(value), Type::scalar(Scalar::U64))
    }

    /// The limits of a kernel with a loop to `end(n, m)` by `step`.
    fn limits(ty: Type, zero: Expr, step: Expr, end: impl Fn(Expr, Expr) -> Expr) -> Vec<(usize, u64)> {
        let mut build = Build::new(64);
        let y = build.global("y", Type::F32, true);
        let (n, m) = (build.scalar("n", ty), build.scalar("m", ty));
        build.for_("k", zero, end(n, m), step, |build, _| build.store(y, [u(0)], crate::testing::f(1.0)));
        let limits = launch_limits(&build.finish(), 64);
        let of = |limit: &LaunchLimit| match &limit.limited {
            Limited::Param(param) => (*param, limit.most),
            Limited::Computed(_) => (COMPUTED, limit.most),
            Limited::GridX => (GRID, limit.most),
        };
        limits.iter().map(of).collect()
    }

    /// The grid, where the limits of parameters stand.
    const GRID: usize = usize::MAX;
    /// What the launch computes.
    const COMPUTED: usize = usize::MAX - 1;

    #[test]
    fn parameters_that_loops_count_to_by_steps_are_limited() {
        let most = u64::from(u32::MAX / 4 * 3);
        assert_eq!(limits(Type::U32, u(0), u(16), |n, _| n), [(1, most)]);
        assert_eq!(limits(Type::U32, u(0), u(16), |_, m| add(m, u(5))), [(COMPUTED, most)]);
        assert_eq!(limits(Type::U32, u(0), u(16), mul), [(COMPUTED, most)], "to the bit: it may wrap");
        assert_eq!(limits(Type::U32, u(0), u(16), |n, m| op(Op::Shr, [n, m])), [(COMPUTED, most)], "not n itself");
        let of_thread = |n, m| op(Op::Min, [op(Op::Max, [n, tid()]), m]);
        assert_eq!(limits(Type::U32, u(0), u(16), of_thread), [(1, most)], "one is enough");
        assert_eq!(limits(Type::I32, i(-3), i(2), |n, _| n), [(1, (i32::MAX / 4 * 3) as u64)]);
    }

    #[test]
    fn what_keeps_no_counter_in_its_type_is_not_limited() {
        let most = u64::from(u32::MAX / 4 * 3);
        assert_eq!(limits(Type::U32, u(0), u(1), |n, _| n), []);
        let product = |n, m| mul(mul(n, m), tid());
        assert_eq!(limits(Type::U32, u(0), u(16), product), [], "a product wraps all the same");
        let product = |n, m| mul(mul(n, m), cast(tid(), Type::scalar(Scalar::U64)));
        assert_eq!(limits(Type::scalar(Scalar::U64), u64(0), u64(16), product), [], "nor does its bound overflow");
        let shifted = limits(Type::U32, u(0), u(1 << 30), |n, _| op(Op::Shr, [n, u(32)]));
        assert_eq!(shifted, [(COMPUTED, most)], "a shift by 0");
        assert_eq!(limits(Type::U32, u(0), u(1 << 31), |n, _| n), [], "the step is too long");
        assert_eq!(limits(Type::U32, u(0), u(16), |n, _| op(Op::Shr, [n, u(8)])), [], "a part has room");
        assert_eq!(limits(Type::U32, u(0), u(16), |n, _| op(Op::Div, [n, u(2)])), [], "and so has a half");
    }

    fn stride(elements: u32) -> Expr {
        mul(mul(op(Op::GridDimX, []), u(64)), u(elements))
    }

    #[test]
    fn grids_that_loops_step_by_are_limited() {
        let (most, blocks) = (u64::from(u32::MAX / 4 * 3), u64::from(u32::MAX / 4 / 64));
        assert_eq!(limits(Type::U32, tid(), stride(1), |n, _| n), [(1, most), (GRID, blocks)]);
        assert_eq!(limits(Type::U32, tid(), stride(4), |n, _| n), [(1, most), (GRID, blocks / 4)]);
        assert_eq!(limits(Type::U32, tid(), stride(1), |n, _| op(Op::Shr, [n, u(1)])), [(GRID, blocks)], "n has room");
        assert_eq!(limits(Type::U32, tid(), op(Op::GridDimX, []), |n, _| n), [(1, most)], "blocks are few enough");
    }

    #[test]
    fn grids_are_not_limited_where_that_does_not_help() {
        assert_eq!(limits(Type::U32, tid(), stride(1), |n, _| mul(n, tid())), [], "a product wraps all the same");
        assert_eq!(limits(Type::U32, tid(), stride(1 << 20), |n, _| n), [], "the step is too long");
        let in_y = mul(op(Op::GridDimY, []), u(64));
        assert_eq!(
            limits(Type::U32, tid(), in_y, |n, _| n),
            [(1, u64::from(u32::MAX / 4 * 3))],
            "a grid in y is small"
        );
    }
}
