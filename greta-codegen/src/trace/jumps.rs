//! Jumps out of loops, and the values that they leave with.
//!
//! The IR's `Break` and `Continue` are the innermost loop's. A jump to an outer loop sets a flag named after that loop's
//! label and leaves the loops between; after each of them the flag is tested.

use super::bind::Merge;
use super::tracer::{self, Tracer};
use crate::ir::{Expr, ExprKind, Literal, Location, Place, Stmt, StmtKind, Type, VarId, VarKind};

/// A loop that is being recorded.
#[derive(Debug)]
pub(crate) struct LoopFrame {
    /// Its label without the quote; empty if it has none.
    label: &'static str,
    /// Flags of jumps that leave this loop and are directly inside the loop that they jump to.
    arriving: Vec<(Jump, VarId)>,
    /// Flags of jumps that leave this loop and others around it.
    passing: Vec<VarId>,
}

/// What is done with a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jump {
    Break,
    Continue,
}

impl Jump {
    fn kind(self) -> StmtKind {
        match self {
            Self::Break => StmtKind::Break,
            Self::Continue => StmtKind::Continue,
        }
    }

    fn flag(self, label: &str) -> String {
        match self {
            Self::Break => format!("leave_{label}"),
            Self::Continue => format!("next_{label}"),
        }
    }
}

impl Tracer {
    /// Before a loop's body.
    pub(crate) fn enter_loop(&mut self, label: &'static str) {
        self.loops.push(LoopFrame { label, arriving: Vec::new(), passing: Vec::new() });
    }

    /// After a loop's body: records the loop and what jumps across it need around it.
    pub(crate) fn leave_loop(&mut self, kind: StmtKind, location: Location) {
        let frame = self.loops.pop().expect("invariant: a loop is open");
        for &(_, flag) in &frame.arriving {
            self.push(StmtKind::Let(flag, Some(Expr::literal(Literal::Bool(false), location))), location);
        }
        self.push(kind, location);
        let passing = frame.passing.into_iter().map(|flag| (Jump::Break, flag));
        for (jump, flag) in passing.chain(frame.arriving) {
            let flag = Expr { kind: ExprKind::Var(flag), ty: Type::BOOL, location };
            self.push(StmtKind::If(flag, vec![Stmt { kind: jump.kind(), location }], Vec::new()), location);
        }
    }

    fn jump(&mut self, jump: Jump, label: &str, location: Location) {
        let innermost = self.loops.len().saturating_sub(1);
        let target = match label {
            "" => innermost,
            _ => self.loops.iter().rposition(|frame| frame.label == label).unwrap_or(innermost),
        };
        if target == innermost {
            self.push(jump.kind(), location);
            return;
        }
        let known = self.loops[target + 1].arriving.iter().find(|(other, _)| *other == jump).map(|&(_, flag)| flag);
        let flag = known.unwrap_or_else(|| {
            let flag = self.var(&jump.flag(label), VarKind::Mut, Type::BOOL, location);
            self.loops[target + 1].arriving.push((jump, flag));
            flag
        });
        for frame in &mut self.loops[target + 2..] {
            if !frame.passing.contains(&flag) {
                frame.passing.push(flag);
            }
        }
        let place = Place { base: flag, index: Vec::new(), lane: None };
        self.push(StmtKind::Assign(place, Expr::literal(Literal::Bool(true), location)), location);
        self.push(StmtKind::Break, location);
    }
}

/// `break`, or `break 'label`.
#[track_caller]
pub fn break_loop(label: &str) {
    tracer::with(|tracer| tracer.jump(Jump::Break, label, Location::caller()));
}

/// `continue`, or `continue 'label`.
#[track_caller]
pub fn continue_loop(label: &str) {
    tracer::with(|tracer| tracer.jump(Jump::Continue, label, Location::caller()));
}

/// The value of a `loop`.
#[derive(Debug)]
pub struct LoopValue<V: Merge> {
    slots: V::Slots,
    location: Location,
}

impl<V: Merge> LoopValue<V> {
    /// Before the loop.
    #[track_caller]
    #[must_use]
    pub fn begin() -> Self {
        let location = Location::caller();
        Self { slots: V::declare(location), location }
    }

    /// Before the `break` of `break value`.
    pub fn set(&self, value: V) {
        value.store(self.slots, self.location);
    }

    /// After the loop.
    #[must_use]
    pub fn get(self) -> V {
        V::load(self.slots, self.location)
    }
}
