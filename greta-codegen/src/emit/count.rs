//! Writes loops that count, so that no counter leaves its type.
//!
//! Plainly where the counter's last step stays in its type. Otherwise a second variable in the loop's head says whether
//! it goes on: how many values of `start..end` are left, or, of `start..=end` and of signed counters, whether there is
//! another. The number of values is known before the loop, so that compilers unroll and vectorize it as the plain one.

use super::Writer;
use super::dialect::type_name;
use super::helpers::Helper;
use super::text::Doc;
use crate::bounds::Range;
use crate::ir::{Expr, ExprKind, Kernel, Op, Stmt, StmtKind, Type, Unroll};

impl Writer<'_> {
    pub(super) fn for_stmt(&mut self, stmt: &Stmt) {
        let StmtKind::For { counter, start, end, includes_end, step, unroll, body } = &stmt.kind else { return };
        let var = self.kernel.var(*counter);
        self.uses_type(var.ty);
        match unroll {
            Unroll::Default => {}
            Unroll::Full => self.lines.text("#pragma unroll", Some(stmt.location)),
            Unroll::Times(times) => self.lines.text(format!("#pragma unroll {times}"), Some(stmt.location)),
        }
        let start = self.typed(start);
        self.names.open();
        let name = self.names.declare(*counter, &var.name);
        let location = stmt.location;
        let range = Range { counter: *counter, end, includes_end: *includes_end, step, location };
        let first = Doc::join([Doc::text(format!("for ({} {name} = ", type_name(var.ty))), start]);
        // A counter's signed type has no room for the number of its values.
        let is_counted = !includes_end && !var.ty.scalar.is_signed_integer();
        let [more, test, advance] = match (self.bounds.overshoots(&range), is_counted) {
            (true, false) => self.flagged(&range, &name),
            (true, true) => self.counted(&range, &name),
            (false, _) => self.plain(&range, &name),
        };
        let rest = Doc::join([more, Doc::text(";"), Doc::Space, test, Doc::text(";"), Doc::Space, advance]);
        let head = Doc::join([first, Doc::Nest(Box::new(Doc::join([rest, Doc::text(") {")])))]);
        self.lines.push(&Doc::Group(Box::new(head)), Some(stmt.location));
        self.block(body);
        self.lines.text("}", Some(stmt.location));
        self.names.close();
    }

    /// `i < end; i += step`.
    fn plain(&mut self, range: &Range<'_>, name: &str) -> [Doc; 3] {
        let test = self.typed(&range.is_inside(self.kernel));
        let advance = match self.bounds.opt_integer(range.step) {
            Some(1) if matches!(range.step.kind, ExprKind::Literal(_)) => Doc::text(format!("++{name}")),
            _ => Doc::join([Doc::text(format!("{name} += ")), self.typed(range.step)]),
        };
        [Doc::text(""), test, advance]
    }

    /// `, left = trips_u32(i, end, step); left > 0; --left, i += step`.
    fn counted(&mut self, range: &Range<'_>, name: &str) -> [Doc; 3] {
        let left = self.names.declare_object("left");
        let ty = range.end.ty;
        self.uses_helper(Helper::TripCount(ty));
        let bounds = vec![Doc::text(name), self.typed(range.end), self.typed(range.step)];
        let call = Doc::list(format!("trips_{}(", ty.scalar.name()), bounds, ")");
        let begin = Doc::join([Doc::text(format!(", {left} = ")), call]);
        // The step behind the last value wraps, and nobody reads it.
        let advance = Doc::join([Doc::text(format!("--{left}, {name} += ")), self.typed(range.step)]);
        [begin, Doc::text(format!("{left} > 0")), advance]
    }

    /// `, i_more = i <= end; i_more; i_more = i < end, i += i_more`.
    fn flagged(&mut self, range: &Range<'_>, name: &str) -> [Doc; 3] {
        let more = self.names.declare_object(&format!("{name}_more"));
        let begin = Doc::join([Doc::text(format!(", {more} = ")), self.typed(&range.is_inside(self.kernel))]);
        let counter = range.counter(self.kernel);
        let goes_on = match self.bounds.opt_integer(range.step) {
            Some(1) if range.includes_end => operation(Op::Lt, vec![counter, range.end.clone()], Type::BOOL),
            _ => {
                let op = if range.includes_end { Op::Ge } else { Op::Gt };
                operation(op, vec![range.left(self.kernel), unsigned(range.step)], Type::BOOL)
            }
        };
        let step = match self.bounds.opt_integer(range.step) {
            Some(1) => Doc::text(""),
            _ => Doc::join([Doc::text(" ? "), self.typed(range.step), Doc::text(" : 0")]),
        };
        let advance = Doc::join([
            Doc::text(format!("{more} = ")),
            self.typed(&goes_on),
            Doc::text(format!(", {name} += {more}")),
            step,
        ]);
        [begin, Doc::text(more), advance]
    }
}

impl Range<'_> {
    fn counter(&self, kernel: &Kernel) -> Expr {
        let ty = kernel.var(self.counter).ty;
        Expr { kind: ExprKind::Var(self.counter), ty, location: self.end.location }
    }

    /// `i < end` or `i <= end`.
    fn is_inside(&self, kernel: &Kernel) -> Expr {
        let op = if self.includes_end { Op::Le } else { Op::Lt };
        operation(op, vec![self.counter(kernel), self.end.clone()], Type::BOOL)
    }

    /// How far the counter is from the end, which it has not passed.
    fn left(&self, kernel: &Kernel) -> Expr {
        let (end, counter) = (unsigned(self.end), unsigned(&self.counter(kernel)));
        let ty = end.ty;
        operation(Op::Sub, vec![end, counter], ty)
    }
}

fn operation(op: Op, operands: Vec<Expr>, ty: Type) -> Expr {
    let location = operands[0].location;
    Expr { kind: ExprKind::Op(op, operands), ty, location }
}

/// An integer as one without a sign.
fn unsigned(value: &Expr) -> Expr {
    let ty = Type::scalar(value.ty.scalar.unsigned());
    if value.ty == ty {
        return value.clone();
    }
    Expr { kind: ExprKind::Cast(Box::new(value.clone())), ty, location: value.location }
}
