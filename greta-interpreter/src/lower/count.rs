//! Lowers loops that count. A counter never leaves its type: a step that would ends the loop.

use greta_codegen::ir::{Literal, Location, Op, Scalar, Stmt, StmtKind, Type, Unroll};

use super::{Binding, Lowerer, REGISTERS_MAX, UNROLL_MAX, has_jump};
use crate::lanewise::Lanewise;
use crate::tree::{Loop, Node, Operand, Origin, Register, Target, scalar_words};
use crate::wide::Wide;

/// What a counter runs through, evaluated.
#[derive(Clone, Copy)]
struct Range {
    scalar: Scalar,
    start: Operand,
    end: Operand,
    includes_end: bool,
    step: Operand,
    location: Location,
}

/// How a loop knows that it goes on.
#[derive(Clone, Copy)]
enum Test {
    /// By the counter, which passes the end before its type's largest number.
    Counter,
    /// By a register of its own, which is set with each step.
    Flag(Register),
}

impl Lowerer<'_> {
    pub(super) fn count(&mut self, stmt: &Stmt) {
        let StmtKind::For { counter, start, end, includes_end, step, unroll, body } = &stmt.kind else { return };
        let scalar = self.kernel.vars[counter.index()].ty.scalar;
        let [start, end, step] = [start, end, step].map(|bound| {
            let operand = self.expression(bound);
            self.keep(operand, scalar_words(scalar))
        });
        let range = Range { scalar, start, end, includes_end: *includes_end, step, location: stmt.location };
        self.check_step(range);
        if *unroll == Unroll::Full
            && !has_jump(body)
            && let Some(values) = self.opt_unrolled(range)
        {
            for value in values {
                let value = self.literal(value);
                self.bindings[counter.index()] = Some(Binding::Value(value));
                self.block(body);
            }
            return;
        }
        let region = self.new_region();
        let outer = std::mem::replace(&mut self.region, region);
        // It changes only between iterations: within one it can be read as it is.
        let register = self.register(scalar_words(scalar), Origin::Value);
        let test = match range.includes_end && self.overshoots(range) {
            true => Test::Flag(self.register(1, Origin::Value)),
            false => Test::Counter,
        };
        self.region = outer;
        let now = Operand::register(register);
        self.bindings[counter.index()] = Some(Binding::Value(now));
        let init = self.nodes_in(region, |lowerer| lowerer.first(range, register, test));
        let mut condition = Operand::Constant(1);
        self.loops.push(region);
        self.loop_depth += 1;
        let tested = self.nodes_in(region, |lowerer| {
            condition = match test {
                Test::Counter => lowerer.is_inside(range, now),
                Test::Flag(more) => Operand::register(more),
            };
        });
        let body = self.nodes_in(region, |lowerer| lowerer.block(body));
        let advance = self.nodes_in(region, |lowerer| lowerer.next(range, register, test));
        self.loop_depth -= 1;
        self.loops.pop();
        let location = stmt.location;
        self.nodes.push(Node::Loop(Box::new(Loop { region, init, test: tested, condition, body, advance, location })));
    }

    /// Before the first iteration.
    fn first(&mut self, range: Range, register: Register, test: Test) {
        self.nodes.push(Node::Declare(register));
        self.set(register, range.start);
        if let Test::Flag(more) = test {
            self.nodes.push(Node::Declare(more));
            let inside = self.is_inside(range, range.start);
            self.set(more, inside);
        }
    }

    /// Between two iterations.
    fn next(&mut self, range: Range, register: Register, test: Test) {
        let Range { scalar, end, step, location, .. } = range;
        let (ty, now) = (Type::scalar(scalar), Operand::register(register));
        if !self.overshoots(range) {
            let (count, src) = (scalar_words(scalar), [now, step, now]);
            let dst = Target { register, first: 0, count };
            self.nodes.push(match count {
                1 => Node::Lanewise { row: Lanewise::AddI, dst, src },
                _ => Node::Wide { row: Wide::Add, dst, lanes: 1, src },
            });
            return;
        }
        let next = self.arithmetic(Op::Add, ty, &[now, step], location);
        match test {
            Test::Counter => {
                let wrapped = self.arithmetic(Op::Lt, ty, &[next, now], location);
                let next = self.lanewise(Lanewise::Select, scalar_words(scalar), [wrapped.splat(), end, next]);
                self.set(register, next);
            }
            Test::Flag(more) => {
                let rose = self.arithmetic(Op::Lt, ty, &[now, next], location);
                let inside = self.is_inside(range, next);
                let both = self.lanewise(Lanewise::And, 1, [rose, inside, inside]);
                self.set(more, both);
                self.set(register, next);
            }
        }
    }

    fn is_inside(&mut self, range: Range, value: Operand) -> Operand {
        let op = if range.includes_end { Op::Le } else { Op::Lt };
        self.arithmetic(op, Type::scalar(range.scalar), &[value, range.end], range.location)
    }

    /// Whether the step from the last value may leave the counter's type.
    fn overshoots(&self, range: Range) -> bool {
        let last = |end: i128| end - i128::from(!range.includes_end);
        let largest = range.scalar.range()[1];
        let end = self.opt_integer(range.end, range.scalar).unwrap_or(largest);
        let step = self.opt_integer(range.step, range.scalar).unwrap_or(largest);
        last(end) + step > largest
    }

    /// The counter's values, if they are known and few. Unrolled, indices into register arrays become known too.
    fn opt_unrolled(&self, range: Range) -> Option<Vec<Literal>> {
        let [start, end, step] =
            [range.start, range.end, range.step].map(|bound| self.opt_integer(bound, range.scalar));
        let (start, past, step) = (start?, end? + i128::from(range.includes_end), step.filter(|step| *step > 0)?);
        let trips = usize::try_from((past - start).max(0)).ok()?.div_ceil(usize::try_from(step).ok()?);
        let few = trips <= UNROLL_MAX && self.registers.len() < REGISTERS_MAX;
        let values = (0..trips as i128).map(|trip| Literal::opt_wrapped(range.scalar, start + trip * step));
        if few { values.collect() } else { None }
    }

    /// The value of an operand of an integer type, if it is a constant.
    fn opt_integer(&self, operand: Operand, scalar: Scalar) -> Option<i128> {
        let bits = match operand {
            Operand::Constant(bits) => u64::from(bits),
            Operand::Register { register, .. } => match self.registers[register].origin {
                Origin::Literal(bits) => bits,
                _ => return None,
            },
        };
        Literal::from_bits(scalar, bits).opt_integer()
    }

    fn check_step(&mut self, Range { step, scalar, location, .. }: Range) {
        if self.opt_integer(step, scalar).is_none_or(|step| step < 1) {
            self.nodes.push(Node::CheckStep { step, scalar, location });
        }
    }
}
