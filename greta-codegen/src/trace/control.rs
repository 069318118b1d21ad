//! Control flow: builders that the attributes drive around the bodies they wrap. A condition that is known at compile
//! time keeps one side only.

use super::bind::Merge;
use super::tracer::{self, TraceError};
use super::value::{Atom, Integer, IntoKernelValue, NoType, Val};
use crate::ir::{Block, Expr, ExprKind, Literal, Location, Op, Place, StmtKind, Unroll, VarId, VarKind};

/// `if condition { … } else { … }`, also as an expression.
pub struct If {
    condition: Expr,
    known: Option<bool>,
    then: Option<Block>,
    location: Location,
}

impl If {
    /// After the condition.
    #[track_caller]
    pub fn begin(condition: Val<bool>) -> Self {
        let location = Location::caller();
        let known = tracer::with(|tracer| tracer.opt_constant(condition.atom)).and_then(Literal::opt_bool);
        Self { condition: condition.expr(location), known, then: None, location }
    }

    /// Before the first block: whether it is traced.
    pub fn then(&mut self) -> bool {
        if self.known.is_none() {
            tracer::with(|tracer| tracer.open_block());
        }
        self.known != Some(false)
    }

    /// After the first block and before the second: whether that is traced.
    pub fn otherwise(&mut self) -> bool {
        if self.known.is_none() {
            self.then = Some(tracer::with(|tracer| {
                let then = tracer.close_block();
                tracer.open_block();
                then
            }));
        }
        self.known != Some(true)
    }

    /// After both: the value of the whole.
    pub fn finish<A: Merge, B>(self, sides: Sides<A, B>) -> A
    where
        Self: Branches<A, B>,
    {
        let location = self.location;
        let (then_value, otherwise_value) = match (sides.then, sides.otherwise.map(Self::same)) {
            (Some(a), Some(b)) => (a, b),
            (Some(only), None) | (None, Some(only)) => return only,
            (None, None) => unreachable!("invariant: at least one side of an if is traced"),
        };
        let mut otherwise = tracer::with(|tracer| tracer.close_block());
        let mut then = self.then.expect("invariant: the first block was closed");
        let slots = A::declare(location);
        store(then_value, slots, &mut then, location);
        store(otherwise_value, slots, &mut otherwise, location);
        tracer::with(|tracer| tracer.push(StmtKind::If(self.condition, then, otherwise), location));
        A::load(slots, location)
    }
}

/// What the sides of an `if` give; `None` of one that is not traced.
#[derive(Clone, Copy, Debug)]
pub struct Sides<A, B> {
    /// The first.
    pub then: Option<A>,
    /// The second.
    pub otherwise: Option<B>,
}

/// That the sides of an `if` give values of one type.
#[diagnostic::on_unimplemented(
    message = "the sides of an `if` in a kernel give values of one type, found `{A}` and `{B}`",
    label = "`{B}`, where the other side gives `{A}`",
    note = "convert one of them with `as`"
)]
pub trait Branches<A, B> {
    /// The value of the second side, as one of the first's type.
    fn same(value: B) -> A;
}

#[diagnostic::do_not_recommend]
impl<A> Branches<A, A> for If {
    fn same(value: A) -> A {
        value
    }
}

#[diagnostic::do_not_recommend]
impl Branches<NoType, ()> for If {
    fn same((): ()) -> NoType {
        NoType
    }
}

/// Appends to `block` the assignment of one side's value.
fn store<V: Merge>(value: V, slots: V::Slots, block: &mut Block, location: Location) {
    tracer::with(|tracer| tracer.open_block());
    value.store(slots, location);
    block.extend(tracer::with(|tracer| tracer.close_block()));
}

/// `lhs && rhs` and `lhs || rhs`: `rhs` is evaluated only if `lhs` does not decide.
pub struct ShortCircuit {
    result: VarId,
    lhs: Val<bool>,
    /// The value of `lhs` that decides.
    deciding: bool,
    known: Option<bool>,
    location: Location,
}

impl ShortCircuit {
    /// After `lhs` of `lhs && rhs`.
    #[track_caller]
    pub fn and(lhs: Val<bool>) -> Self {
        Self::begin(lhs, false, Location::caller())
    }

    /// After `lhs` of `lhs || rhs`.
    #[track_caller]
    pub fn or(lhs: Val<bool>) -> Self {
        Self::begin(lhs, true, Location::caller())
    }

    fn begin(lhs: Val<bool>, deciding: bool, location: Location) -> Self {
        let known = tracer::with(|tracer| tracer.opt_constant(lhs.atom)).and_then(Literal::opt_bool);
        let mut result = VarId(0);
        if known.is_none() {
            result = tracer::with(|tracer| {
                let id = tracer.var("", VarKind::Mut, crate::ir::Type::BOOL, location);
                tracer.push(StmtKind::Let(id, Some(lhs.expr(location))), location);
                tracer.open_block();
                id
            });
        }
        Self { result, lhs, deciding, known, location }
    }

    /// Before `rhs`: whether it is traced.
    pub fn rhs(&mut self) -> bool {
        self.known != Some(self.deciding)
    }

    /// After `rhs`: the value of the whole.
    pub fn finish(self, rhs: Option<Val<bool>>) -> Val<bool> {
        let location = self.location;
        let Some(rhs) = rhs else { return self.lhs };
        if self.known.is_some() {
            return rhs;
        }
        let mut undecided = Val::<bool>::from_atom(Atom::Var(self.result));
        let block = tracer::with(|tracer| {
            let place = Place { base: self.result, index: Vec::new(), lane: None };
            tracer.push(StmtKind::Assign(place, rhs.expr(location)), location);
            tracer.close_block()
        });
        if self.deciding {
            undecided = Val::record_op(Op::Not, vec![undecided.expr(location)], location);
        }
        tracer::with(|tracer| tracer.push(StmtKind::If(undecided.expr(location), block, Block::new()), location));
        Val::record(ExprKind::Var(self.result), location)
    }
}

/// `while condition { … }`.
pub struct While {
    test: Option<(Block, Expr)>,
    location: Location,
}

impl While {
    /// Before the condition.
    #[track_caller]
    #[must_use]
    pub fn begin(label: &'static str) -> Self {
        tracer::with(|tracer| {
            tracer.enter_loop(label);
            tracer.open_block();
        });
        Self { test: None, location: Location::caller() }
    }

    /// After the condition and before the body.
    pub fn body(&mut self, condition: Val<bool>) {
        let condition = condition.expr(self.location);
        self.test = Some(tracer::with(|tracer| {
            let block = tracer.close_block();
            tracer.open_block();
            (block, condition)
        }));
    }

    /// After the body.
    pub fn finish(self) {
        let (block, condition) = self.test.expect("invariant: a while has a condition");
        tracer::with(|tracer| {
            let body = tracer.close_block();
            tracer.leave_loop(StmtKind::While(block, condition, body), self.location);
        });
    }
}

/// `loop { … }`.
pub struct Loop {
    location: Location,
}

impl Loop {
    /// Before the body.
    #[track_caller]
    #[must_use]
    pub fn begin(label: &'static str) -> Self {
        tracer::with(|tracer| {
            tracer.enter_loop(label);
            tracer.open_block();
        });
        Self { location: Location::caller() }
    }

    /// After the body.
    pub fn finish(self) {
        tracer::with(|tracer| {
            let body = tracer.close_block();
            tracer.leave_loop(StmtKind::Loop(body), self.location);
        });
    }
}

/// What a `for` counts through: `start..end` or `start..=end`, by `step`.
#[derive(Debug)]
pub struct Range<T> {
    start: Val<T>,
    end: Val<T>,
    includes_end: bool,
    step: Val<T>,
}

impl<T: Integer> Range<T> {
    /// `(start..end).step_by(step)`.
    pub fn until<A: IntoKernelValue<T>, B: IntoKernelValue<T>, C: IntoKernelValue<T>>(
        start: A,
        end: B,
        step: C,
    ) -> Self {
        Self { start: start.into_val(), end: end.into_val(), includes_end: false, step: step.into_val() }
    }

    /// `(start..=end).step_by(step)`.
    #[track_caller]
    pub fn through<A: IntoKernelValue<T>, B: IntoKernelValue<T>, C: IntoKernelValue<T>>(
        start: A,
        end: B,
        step: C,
    ) -> Self {
        let location = Location::caller();
        let end = end.into_val();
        let known = tracer::with(|tracer| tracer.opt_constant(end.atom)).and_then(Literal::opt_integer);
        if known.is_none_or(|end| end == T::ty().scalar.range()[1]) {
            return Self { includes_end: true, ..Self::until(start, end, step) };
        }
        let one = Literal::from_bits(T::ty().scalar, 1);
        let past = Val::<T>::record_op(Op::Add, vec![end.expr(location), Expr::literal(one, location)], location);
        Self::until(start, past, step)
    }
}

/// `for counter in start..end` and the other ranges.
pub struct For<T> {
    counter: Val<T>,
    id: VarId,
    start: Expr,
    end: Expr,
    includes_end: bool,
    step: Expr,
    unroll: Unroll,
    location: Location,
}

impl<T: Integer> For<T> {
    /// Before the body of a loop with a label, given without its quote, or with none.
    #[track_caller]
    pub fn begin(label: &'static str, name: &'static str, range: Range<T>, unroll: Unroll) -> Self {
        let location = Location::caller();
        let Range { start, end, includes_end, step } = range;
        let id = tracer::with(|tracer| {
            if let Some(given) = tracer.opt_constant(step.atom).and_then(Literal::opt_integer).filter(|step| *step < 1)
            {
                tracer.error(TraceError::Step { given }, location);
            }
            let id = tracer.var(name, VarKind::Counter, T::ty(), location);
            tracer.enter_loop(label);
            tracer.open_block();
            id
        });
        let [start, end, step] = [start, end, step].map(|bound| bound.expr(location));
        Self { counter: Val::from_atom(Atom::Var(id)), id, start, end, includes_end, step, unroll, location }
    }

    /// The counter, in the body.
    #[must_use]
    pub fn counter(&self) -> Val<T> {
        self.counter
    }

    /// The counter of the range reversed: as far from its end as the loop's own is from its start.
    #[must_use]
    pub fn counter_reversed(&self) -> Val<T> {
        let location = self.location;
        let one = Literal::from_bits(T::ty().scalar, 1);
        let subtract = |a: Expr, b: Expr| Val::<T>::record_op(Op::Sub, vec![a, b], location).expr(location);
        let last = match self.includes_end {
            true => self.end.clone(),
            false => subtract(self.end.clone(), Expr::literal(one, location)),
        };
        let passed = match self.start.kind {
            ExprKind::Literal(start) if start.opt_integer() == Some(0) => self.counter.expr(location),
            _ => subtract(self.counter.expr(location), self.start.clone()),
        };
        Val::record_op(Op::Sub, vec![last, passed], location)
    }

    /// After the body.
    pub fn finish(self) {
        let Self { id: counter, start, end, includes_end, step, unroll, location, .. } = self;
        tracer::with(|tracer| {
            let body = tracer.close_block();
            let kind = StmtKind::For { counter, start, end, includes_end, step, unroll, body };
            tracer.leave_loop(kind, location);
        });
    }
}

/// `#[unroll(times)]`.
#[track_caller]
#[must_use]
pub fn unroll_times<V: IntoKernelValue<u32>>(times: V) -> Unroll {
    let location = Location::caller();
    let atom = times.into_val().atom;
    tracer::with(|tracer| match tracer.opt_constant(atom).and_then(Literal::opt_u32) {
        Some(times) => Unroll::Times(times),
        None => {
            tracer.error(TraceError::UnrollNotConstant, location);
            Unroll::Default
        }
    })
}

/// `return` in a kernel, or in a device function without a result.
#[track_caller]
pub fn return_kernel() {
    tracer::with(|tracer| tracer.push(StmtKind::Return(None), Location::caller()));
}
