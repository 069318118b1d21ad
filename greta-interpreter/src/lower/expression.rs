//! Flattens expressions. An operand may name a variable itself; whoever keeps it longer than until the next statement
//! copies it first.

use greta_codegen::ir::{Expr, ExprKind, Literal, Location, Op, Type};
use greta_codegen::mfma::Mfma;

use super::{Binding, Lowerer};
use crate::lanewise::Lanewise;
use crate::matrix;
use crate::sanitize::CopyCall;
use crate::tree::{Node, Operand, Origin, ROOT, Shuffle, Special, Target, Vote, bits, scalar_words, words};

/// Operations that are cheaper to compute for nothing than to branch around.
const EAGER_MAX: u32 = 6;

impl Lowerer<'_> {
    /// The operand that has the expression's value. Temporaries in it are read once.
    pub(super) fn expression(&mut self, expression: &Expr) -> Operand {
        match &expression.kind {
            ExprKind::Literal(value) => self.literal(*value),
            ExprKind::Constant(id) => self.literal(self.kernel.constants[id.index()].value),
            ExprKind::Var(id) => self.variable(*id, expression.location),
            ExprKind::Load(place) => self.load(place, expression.ty, expression.location),
            ExprKind::Atomic(atomic, place, operands) => self.atomic(*atomic, place, operands, expression),
            ExprKind::Op(op, operands) => self.operation(*op, operands, expression),
            ExprKind::And(lhs, rhs) => self.lazy(lhs, rhs, true),
            ExprKind::Or(lhs, rhs) => self.lazy(lhs, rhs, false),
            ExprKind::Select(condition, then, otherwise) => self.select(condition, then, otherwise),
            ExprKind::Cast(operand) => {
                let value = self.expression(operand);
                self.convert(value, operand.ty, expression.ty)
            }
            ExprKind::Vector(elements) => self.vector(elements, expression.ty),
            ExprKind::Splat(operand) => {
                let value = self.expression(operand);
                self.splat(value, expression.ty)
            }
            ExprKind::Lane(vector, lane) => self.lane(vector, lane, expression.location),
            ExprKind::Call(id, arguments) => {
                let kernel = self.kernel;
                self.call(&kernel.functions[id.index()], arguments).unwrap_or(Operand::Constant(0))
            }
        }
    }

    /// A constant: a word, or a register that has two.
    pub(super) fn literal(&mut self, value: Literal) -> Operand {
        if scalar_words(value.scalar()) == 1 {
            return Operand::Constant(bits(value));
        }
        let origin = Origin::Literal(value.bits());
        let known = self.registers.iter().position(|register| register.origin == origin);
        let register = known.unwrap_or_else(|| self.register(2, origin));
        // It is there before the kernel starts, wherever it is met first.
        (self.registers[register].region, self.registers[register].loop_depth) = (ROOT, 0);
        Operand::register(register)
    }

    fn variable(&mut self, id: greta_codegen::ir::VarId, location: Location) -> Operand {
        let constant = self.kernel.vars[id.index()].constant;
        match (constant, self.bindings[id.index()]) {
            (Some(value), _) => self.literal(value),
            (None, Some(Binding::Value(operand))) => operand,
            (None, Some(Binding::Variable(register))) => {
                let count = self.registers[register].count;
                self.check_assigned(Target { register, first: 0, count }, id, location);
                Operand::register(register)
            }
            _ => unreachable!("invariant: a variable is defined before it is read, and is no memory object"),
        }
    }

    /// Operands in order. One that names a variable is copied if a call further on could change it.
    pub(super) fn operands<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<Operand> {
        let expressions: Vec<&Expr> = expressions.into_iter().collect();
        let last_call = expressions.iter().rposition(|expression| has_call(expression)).unwrap_or(0);
        let lowered = expressions.iter().enumerate().map(|(position, expression)| {
            let operand = self.expression(expression);
            if position < last_call { self.keep(operand, words(expression.ty)) } else { operand }
        });
        lowered.collect()
    }

    fn operation(&mut self, op: Op, expressions: &[Expr], whole: &Expr) -> Operand {
        let location = whole.location;
        if let Some(special) = opt_special(op) {
            return self.special(special);
        }
        if op.names_element() {
            return self.named(op, &expressions[0]);
        }
        let operands = self.operands(expressions);
        match op {
            Op::Barrier => {
                self.nodes.push(Node::Barrier(location));
                Operand::Constant(0)
            }
            Op::Nontemporal | Op::CopyAsync => operands[0],
            // Floats are held as their bits.
            Op::F16ToBits | Op::F16FromBits | Op::Bf16ToBits | Op::Bf16FromBits | Op::F64ToBits | Op::F64FromBits => {
                operands[0]
            }
            Op::CopyAsyncCommit => self.copies(CopyCall::Commit),
            Op::CopyAsyncWait => self.copies(CopyCall::Wait(operands[0].opt_constant().unwrap_or(0))),
            Op::SchedBarrier
            | Op::SchedGroupBarrier
            | Op::SetPriority
            | Op::GridDependencyWait
            | Op::GridDependentsLaunch => Operand::Constant(0),
            Op::LoadMatrices => self.exchange_words(expressions[0].ty, operands[0], location),
            Op::Shuffle => self.shuffle(Shuffle::Index, expressions[0].ty, &operands, location),
            Op::ShuffleXor => self.shuffle(Shuffle::Xor, expressions[0].ty, &operands, location),
            Op::ShuffleDown => self.shuffle(Shuffle::Down, expressions[0].ty, &operands, location),
            Op::ShuffleUp => self.shuffle(Shuffle::Up, expressions[0].ty, &operands, location),
            Op::Any => self.vote(Vote::Any, operands[0]),
            Op::All => self.vote(Vote::All, operands[0]),
            Op::Ballot => self.vote(Vote::Ballot, operands[0]),
            Op::Mfma(row) => self.mfma(row, &operands, location),
            _ => self.arithmetic(op, expressions[0].ty, &operands, location),
        }
    }

    fn copies(&mut self, call: CopyCall) -> Operand {
        if self.assigned.is_some() {
            self.nodes.push(Node::Copies(call));
        }
        Operand::Constant(0)
    }

    /// What is checked before it is used is read twice.
    pub(super) fn keep_checked(&mut self, value: Operand) -> Operand {
        if let Some(register) = value.opt_register()
            && self.registers[register].origin == Origin::Temporary
        {
            self.registers[register].origin = Origin::Value;
        }
        value
    }

    /// As the function, but for what the sanitizer has checked: that may fail.
    fn opt_cost(&self, expression: &Expr) -> Option<u32> {
        if self.may_fail(expression) { None } else { opt_cost(expression) }
    }

    /// An operation, computed now if its operands are constants.
    pub(super) fn fold(&mut self, row: Lanewise, count: u32, src: [Operand; 3]) -> Operand {
        let constants = src.map(Operand::opt_constant);
        if constants[..row.arity()].iter().all(Option::is_some) {
            return Operand::Constant(row.apply(constants.map(Option::unwrap_or_default)));
        }
        self.lanewise(row, count, src)
    }

    /// A shuffle of a value, word by word.
    fn shuffle(&mut self, kind: Shuffle, ty: Type, operands: &[Operand], location: Location) -> Operand {
        let count = words(ty);
        if count == 1 {
            return self.shuffle_word(kind, operands[0], operands[1], location);
        }
        let (value, lane) = (self.keep(operands[0], count), self.keep(operands[1], 1));
        let register = self.register(count, Origin::Value);
        self.nodes.push(Node::Declare(register));
        for word in 0..count {
            let moved = self.shuffle_word(kind, value.component(word), lane, location);
            self.copy(Target { register, first: word, count: 1 }, moved);
        }
        Operand::register(register)
    }

    fn shuffle_word(&mut self, kind: Shuffle, value: Operand, lane: Operand, location: Location) -> Operand {
        let register = self.register(1, Origin::Temporary);
        let dst = Target { register, first: 0, count: 1 };
        self.nodes.push(Node::Shuffle { kind, dst, value, lane, location });
        Operand::register(register)
    }

    /// Lane `4 i + j` gets, as its word q, word j of lane `8 q + i`: shuffles of all four words, of which it keeps one.
    fn exchange_words(&mut self, ty: Type, value: Operand, location: Location) -> Operand {
        let register = self.register(ty.lanes.into(), Origin::Value);
        let lane = self.special(Special::LaneId);
        let place = self.fold(Lanewise::And, 1, [lane, Operand::Constant(3), lane]);
        let is_place = [0, 1, 2].map(|at| self.fold(Lanewise::EqI, 1, [place, Operand::Constant(at), place]));
        let high = self.fold(Lanewise::And, 1, [lane, Operand::Constant(!31), lane]);
        let low = self.fold(Lanewise::And, 1, [lane, Operand::Constant(31), lane]);
        let group = self.fold(Lanewise::ShrU, 1, [low, Operand::Constant(2), low]);
        let first = self.fold(Lanewise::Or, 1, [high, group, high]);
        let word = u32::from(ty.lanes) / 4;
        for component in 0..u32::from(ty.lanes) {
            let from = self.fold(Lanewise::AddI, 1, [first, Operand::Constant(8 * (component / word)), first]);
            let words = [0, 1, 2, 3].map(|at| {
                let own = value.component(at * word + component % word);
                self.shuffle_word(Shuffle::Index, own, from, location)
            });
            let kept = (0..3)
                .rev()
                .fold(words[3], |other, at| self.lanewise(Lanewise::Select, 1, [is_place[at], words[at], other]));
            self.copy(Target { register, first: component, count: 1 }, kept);
        }
        Operand::register(register)
    }

    fn vote(&mut self, kind: Vote, condition: Operand) -> Operand {
        let count = if kind == Vote::Ballot { 2 } else { 1 };
        let register = self.register(count, Origin::Temporary);
        let dst = Target { register, first: 0, count };
        self.nodes.push(Node::Vote { kind, dst, condition });
        Operand::register(register)
    }

    fn mfma(&mut self, row: &'static Mfma, operands: &[Operand], location: Location) -> Operand {
        let count = words(row.operands[2]);
        let register = self.register(count, Origin::Temporary);
        let dst = Target { register, first: 0, count };
        match matrix::opt_rule(row).filter(|_| self.wave == row.wave) {
            Some(rule) => {
                self.nodes.push(Node::Mfma { row, rule, dst, src: [operands[0], operands[1], operands[2]], location });
            }
            None => {
                self.nodes.push(Node::Declare(register));
                self.nodes.push(Node::Unsupported { name: row.name, location });
            }
        }
        Operand::register(register)
    }

    /// `lhs && rhs` where `and`, else `lhs || rhs`.
    fn lazy(&mut self, lhs: &Expr, rhs: &Expr, and: bool) -> Operand {
        if self.opt_cost(rhs).is_some_and(|cost| cost <= EAGER_MAX) {
            let operands = self.operands([lhs, rhs]);
            let row = if and { Lanewise::And } else { Lanewise::Or };
            return self.fold(row, 1, [operands[0], operands[1], operands[0]]);
        }
        let lhs = self.expression(lhs);
        let result = self.register(1, Origin::Value);
        self.nodes.push(Node::Declare(result));
        self.set(result, lhs);
        let region = self.new_region();
        let evaluated = self.nodes_in(region, |lowerer| {
            let rhs = lowerer.expression(rhs);
            lowerer.set(result, rhs);
        });
        let (then, otherwise) = if and { (evaluated, Vec::new()) } else { (Vec::new(), evaluated) };
        self.nodes.push(Node::If { region, condition: Operand::register(result), then, otherwise });
        Operand::register(result)
    }

    fn select(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Operand {
        let count = words(then.ty);
        let cost = self.opt_cost(then).zip(self.opt_cost(otherwise)).map(|(then, otherwise)| then + otherwise);
        if cost.is_some_and(|cost| cost <= EAGER_MAX) {
            let operands = self.operands([condition, then, otherwise]);
            return match operands[0].opt_constant() {
                Some(0) => operands[2],
                Some(_) => operands[1],
                None => self.lanewise(Lanewise::Select, count, [operands[0].splat(), operands[1], operands[2]]),
            };
        }
        let condition = self.expression(condition);
        let result = self.register(count, Origin::Value);
        self.nodes.push(Node::Declare(result));
        let region = self.new_region();
        let [then, otherwise] = [then, otherwise].map(|side| {
            self.nodes_in(region, |lowerer| {
                let value = lowerer.expression(side);
                lowerer.set(result, value);
            })
        });
        self.nodes.push(Node::If { region, condition, then, otherwise });
        Operand::register(result)
    }

    fn vector(&mut self, elements: &[Expr], ty: Type) -> Operand {
        let (count, step) = (words(ty), scalar_words(ty.scalar));
        let has_call = elements.iter().any(has_call);
        let early = if has_call { Some(self.operands(elements)) } else { None };
        let register = self.register(count, Origin::Value);
        self.nodes.push(Node::Declare(register));
        for (index, element) in elements.iter().enumerate() {
            let value = match &early {
                Some(operands) => operands[index],
                None => self.expression(element),
            };
            self.copy(Target { register, first: index as u32 * step, count: step }, value);
        }
        Operand::register(register)
    }

    fn lane(&mut self, vector: &Expr, lane: &Expr, location: Location) -> Operand {
        let operands = self.operands([vector, lane]);
        let (count, step) = (words(vector.ty), scalar_words(vector.ty.scalar));
        if let Some(index) = operands[1].opt_constant()
            && index < u32::from(vector.ty.lanes)
        {
            return operands[0].component(index * step);
        }
        // A vector whose components are not consecutive is laid out before one is picked.
        let (register, first) = match operands[0] {
            Operand::Register { register, first, step: 1 } => (register, first),
            operand => {
                let copy = self.register(count, Origin::Value);
                self.copy(Target { register: copy, first: 0, count }, operand);
                (copy, 0)
            }
        };
        self.pick(register, first, vector.ty, operands[1], location)
    }
}

fn opt_special(op: Op) -> Option<Special> {
    Some(match op {
        Op::ThreadIdxX => Special::ThreadIdx(0),
        Op::ThreadIdxY => Special::ThreadIdx(1),
        Op::ThreadIdxZ => Special::ThreadIdx(2),
        Op::BlockIdxX => Special::BlockIdx(0),
        Op::BlockIdxY => Special::BlockIdx(1),
        Op::BlockIdxZ => Special::BlockIdx(2),
        Op::GridDimX => Special::GridDim(0),
        Op::GridDimY => Special::GridDim(1),
        Op::GridDimZ => Special::GridDim(2),
        Op::LaneId => Special::LaneId,
        Op::WaveId => Special::WaveId,
        _ => return None,
    })
}

/// How many operations an expression takes, if it may be evaluated by threads that do not need it: it reads no memory,
/// no other lanes, and cannot fail.
fn opt_cost(expression: &Expr) -> Option<u32> {
    let sum = |parts: &[&Expr]| parts.iter().try_fold(1_u32, |cost, part| Some(cost + opt_cost(part)?));
    match &expression.kind {
        ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::Var(_) => Some(0),
        ExprKind::Load(place) => (place.index.is_empty() && place.lane.is_none()).then_some(0),
        ExprKind::Op(Op::Div | Op::Rem, operands) if operands[0].ty.scalar.is_integer() => match operands[1].kind {
            ExprKind::Literal(divisor) if divisor.opt_integer() != Some(0) => sum(&[&operands[0]]),
            _ => None,
        },
        ExprKind::Op(op, _) if is_expensive(*op) => None,
        ExprKind::Atomic(..) => None,
        ExprKind::Op(op, operands) => (op.row().effects == greta_codegen::ops::Effects::Pure)
            .then(|| sum(&operands.iter().collect::<Vec<_>>()))?,
        ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) => sum(&[lhs, rhs]),
        ExprKind::Select(condition, then, otherwise) => sum(&[condition, then, otherwise]),
        ExprKind::Cast(operand) | ExprKind::Splat(operand) => sum(&[operand]),
        ExprKind::Vector(elements) => sum(&elements.iter().collect::<Vec<_>>()),
        ExprKind::Lane(vector, lane) => match lane.kind {
            ExprKind::Literal(lane) if bits(lane) < u32::from(vector.ty.lanes) => sum(&[vector]),
            _ => None,
        },
        ExprKind::Call(..) => None,
    }
}

/// Whether an operation takes about as long as a branch around it.
fn is_expensive(op: Op) -> bool {
    matches!(
        op,
        Op::Exp
            | Op::Exp2
            | Op::Log
            | Op::Log2
            | Op::Log10
            | Op::Pow
            | Op::Sin
            | Op::Cos
            | Op::Tan
            | Op::Tanh
            | Op::Erf
            | Op::FastExp
            | Op::FastExp2
            | Op::FastLog2
            | Op::FastSin
            | Op::FastCos
    )
}

/// Whether evaluating an expression calls a function, which may assign to variables.
pub(super) fn has_call(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::Var(_) => false,
        ExprKind::Load(place) => place.index.iter().chain(place.lane.as_deref()).any(has_call),
        ExprKind::Atomic(_, place, operands) => place.exprs().chain(operands).any(has_call),
        ExprKind::Op(_, operands) | ExprKind::Vector(operands) => operands.iter().any(has_call),
        ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) | ExprKind::Lane(lhs, rhs) => has_call(lhs) || has_call(rhs),
        ExprKind::Select(condition, then, otherwise) => has_call(condition) || has_call(then) || has_call(otherwise),
        ExprKind::Cast(operand) | ExprKind::Splat(operand) => has_call(operand),
        ExprKind::Call(..) => true,
    }
}
