//! What launches keep parameters to, so that loops count to them plainly.
//!
//! `for i in (0..n).step_by(16)` steps past the end of its type where `n` is within 16 of it. Rust stops there; C++ wraps,
//! and goes on without end. That no launch has such an `n` costs less than a loop that can count to it.

use std::collections::BTreeSet;

use super::{Bounds, Definition, Range};
use crate::ir::{Kernel, Location, VarId, VarKind};

/// A parameter that a loop counts to, and the most that it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchLimit {
    /// Which of the kernel's parameters: an index into [`Kernel::params`].
    pub param: usize,
    /// Its largest value.
    pub most: u64,
    /// The loop.
    pub location: Location,
}

/// What a launch keeps the kernel's parameters to, on a target with waves of so many threads. Code is written for such
/// launches only.
#[must_use]
pub fn launch_limits(kernel: &Kernel, wave: u32) -> Vec<LaunchLimit> {
    let limits = Bounds::of(kernel, wave).limits;
    let limit = |(param, var): (usize, &VarId)| {
        let Limit { most, location } = *limits.get(var)?;
        Some(LaunchLimit { param, most: u64::try_from(most).unwrap_or(0), location })
    };
    kernel.params.iter().enumerate().filter_map(limit).collect()
}

/// The largest value of a parameter, because of a loop.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) most: i128,
    location: Location,
}

impl Bounds<'_> {
    /// Limits the parameters that loops count to, where that keeps the counters in their types: to three quarters of the
    /// type, whatever the step, so that a retune changes no limit.
    pub(super) fn limit_parameters(&mut self) {
        for range in self.ranges.clone() {
            let scalar = range.end.ty.scalar;
            // Shorter integers come near their ends in earnest.
            if scalar.bits() < 32 || !self.overshoots(&range) {
                continue;
            }
            let most = scalar.range()[1] / 4 * 3;
            let params = self.counted_to(&range);
            let new: Vec<VarId> = params.into_iter().filter(|param| !self.limits.contains_key(param)).collect();
            // One of them may do, as in `min(n, most)`.
            for limited in new.chunks(1).chain([new.as_slice()]) {
                self.limits.extend(limited.iter().map(|param| (*param, Limit { most, location: range.location })));
                if !self.overshoots(&range) {
                    break;
                }
                self.limits.retain(|param, _| !limited.contains(param));
            }
        }
    }

    /// The kernel's parameters, of the counter's type, that the end of a range is made of.
    fn counted_to(&self, range: &Range<'_>) -> Vec<VarId> {
        let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
        range.end.walk_vars(&mut |var| open.push(var));
        while let Some(var) = open.pop() {
            if !seen.insert(var) {
                continue;
            }
            match self.definitions.get(&var) {
                Some(Definition::Values(values)) => {
                    values.iter().for_each(|value| value.walk_vars(&mut |var| open.push(var)));
                }
                Some(Definition::Counter { end, .. }) => end.walk_vars(&mut |var| open.push(var)),
                Some(Definition::Unknown) | None => {}
            }
        }
        let is_limited = |var: &VarId| {
            let var = self.kernel.var(*var);
            var.kind == VarKind::Scalar && var.ty == range.end.ty
        };
        self.kernel.params.iter().copied().filter(|param| seen.contains(param)).filter(is_limited).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Expr, Type};
    use crate::ir::{Op, Scalar};
    use crate::testing::{Build, add, cast, i, mul, op, u};

    fn u64(value: u32) -> Expr {
        cast(u(value), Type::scalar(Scalar::U64))
    }

    /// The limits of a kernel with a loop to `end(n, m)` by `step`.
    fn limits(ty: Type, zero: Expr, step: Expr, end: impl Fn(Expr, Expr) -> Expr) -> Vec<(usize, u64)> {
        let mut build = Build::new(64);
        let y = build.global("y", Type::F32, true);
        let (n, m) = (build.scalar("n", ty), build.scalar("m", ty));
        build.for_("k", zero, end(n, m), step, |build, _| build.store(y, [u(0)], crate::testing::f(1.0)));
        launch_limits(&build.finish(), 64).iter().map(|limit| (limit.param, limit.most)).collect()
    }

    #[test]
    fn parameters_that_loops_count_to_by_steps_are_limited() {
        let most = u64::from(u32::MAX / 4 * 3);
        assert_eq!(limits(Type::U32, u(0), u(16), |n, _| n), [(1, most)]);
        assert_eq!(limits(Type::U32, u(0), u(16), |_, m| add(m, u(5))), [(2, most)]);
        assert_eq!(limits(Type::U32, u(0), u(16), |n, m| op(Op::Min, [n, m])), [(1, most)], "one is enough");
        assert_eq!(limits(Type::I32, i(-3), i(2), |n, _| n), [(1, (i32::MAX / 4 * 3) as u64)]);
    }

    #[test]
    fn what_keeps_no_counter_in_its_type_is_not_limited() {
        let most = u64::from(u32::MAX / 4 * 3);
        assert_eq!(limits(Type::U32, u(0), u(1), |n, _| n), []);
        assert_eq!(limits(Type::U32, u(0), u(16), mul), [], "a product wraps all the same");
        assert_eq!(limits(Type::scalar(Scalar::U64), u64(0), u64(16), mul), [], "nor does its bound overflow");
        assert_eq!(limits(Type::U32, u(0), u(1 << 30), |n, _| op(Op::Shr, [n, u(32)])), [(1, most)], "a shift by 0");
        assert_eq!(limits(Type::U32, u(0), u(1 << 31), |n, _| n), [], "the step is too long");
    }
}
