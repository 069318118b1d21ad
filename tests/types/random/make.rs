//! Makes well-typed programs of recipes.

use std::collections::BTreeMap;

use greta::codegen::ir::{
    Expr, Extent, Kernel, Literal, Location, Op, Scalar, StmtKind, Type, Unroll, Var, VarId, VarKind,
};

use super::recipe::{Digits, Recipe};
use super::twice::{Act, Body, Flow, Value, goes_on};
use super::values;

/// Elements of each buffer that is read.
const LENGTH: u32 = 256;
/// Elements of each register array.
const ELEMENTS: u32 = 3;
/// Nested blocks at most.
const DEPTH: u32 = 3;

const INTEGERS: [Scalar; 8] =
    [Scalar::I8, Scalar::I16, Scalar::I32, Scalar::I64, Scalar::U8, Scalar::U16, Scalar::U32, Scalar::U64];
const COMPARISONS: [Op; 6] = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge];
/// Of integers and vectors of them; the last one of those with a sign only.
const OF_INTEGERS: [Op; 14] = [
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::Div,
    Op::Rem,
    Op::Not,
    Op::BitAnd,
    Op::BitOr,
    Op::BitXor,
    Op::Shl,
    Op::Shr,
    Op::Min,
    Op::Max,
    Op::Neg,
];
/// Of single integers of 32 and 64 bits; the last two give a `u32`, so are made of those only.
const OF_WORDS: [Op; 4] = [Op::MulHi, Op::ReverseBits, Op::LeadingZeros, Op::CountOnes];
/// Of floats and vectors of them. The last one rounds once, which for `f16` no function of Rust's does.
const OF_FLOATS: [Op; 14] = [
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::Div,
    Op::Neg,
    Op::Min,
    Op::Max,
    Op::Abs,
    Op::Sqrt,
    Op::Floor,
    Op::Ceil,
    Op::Trunc,
    Op::Round,
    Op::Fma,
];

/// The operations of a type that programs do.
pub(super) fn operations(ty: Type) -> Vec<Op> {
    match ty.scalar {
        Scalar::Bool if !ty.is_vector() => [&[Op::Not, Op::BitAnd, Op::BitOr, Op::BitXor][..], &COMPARISONS].concat(),
        Scalar::F16 => OF_FLOATS[..13].to_vec(),
        scalar if scalar.is_float() => OF_FLOATS.to_vec(),
        Scalar::U32 if !ty.is_vector() => [&OF_INTEGERS[..13], &OF_WORDS].concat(),
        Scalar::U64 if !ty.is_vector() => [&OF_INTEGERS[..13], &OF_WORDS[..2]].concat(),
        Scalar::I32 | Scalar::I64 if !ty.is_vector() => [&OF_INTEGERS[..], &OF_WORDS[..2]].concat(),
        scalar if scalar.is_signed_integer() => OF_INTEGERS.to_vec(),
        scalar if scalar.is_integer() => OF_INTEGERS[..13].to_vec(),
        _ => Vec::new(),
    }
}

/// A program: what a device runs, and what does the same in Rust.
pub(super) struct Program {
    pub(super) kernel: Kernel,
    pub(super) act: Act,
    /// Types and elements of the buffers that are read: the first parameters.
    pub(super) inputs: Vec<Vec<Literal>>,
    /// Types and lengths of the buffers that are written: the other parameters.
    pub(super) outputs: Vec<(Scalar, usize)>,
}

/// Makes a program for a block of threads.
pub(super) fn program(recipes: &[Recipe], threads: u32) -> Program {
    let mut maker = Maker {
        kernel: empty(threads),
        inputs: BTreeMap::new(),
        data: Vec::new(),
        scope: Vec::new(),
        in_loop: false,
        depth: 0,
    };
    let mut body = Body::default();
    for recipe in recipes {
        maker.statement(recipe, &mut body);
    }
    let outputs = maker.finish(&mut body, threads);
    let (block, act) = body.into_parts();
    maker.kernel.body = block;
    Program { kernel: maker.kernel, act, inputs: maker.data, outputs }
}

fn empty(threads: u32) -> Kernel {
    let location = Location::caller();
    let extent = |value| Extent { value, expr: Expr::literal(Literal::U32(value), location) };
    Kernel {
        name: "random".to_owned(),
        doc: Vec::new(),
        location,
        manifest_dir: "",
        constants: Vec::new(),
        block: [extent(threads), extent(1), extent(1)],
        min_blocks: None,
        params: Vec::new(),
        structures: Vec::new(),
        lengths: Vec::new(),
        vars: Vec::new(),
        functions: Vec::new(),
        body: Vec::new(),
    }
}

/// What can be named in an expression.
#[derive(Clone, Copy)]
struct Variable {
    id: VarId,
    ty: Type,
    mutable: bool,
    is_array: bool,
}

struct Maker {
    kernel: Kernel,
    /// The buffer of each type that is read, and its number.
    inputs: BTreeMap<Scalar, (VarId, usize)>,
    data: Vec<Vec<Literal>>,
    scope: Vec<Variable>,
    in_loop: bool,
    depth: u32,
}

impl Maker {
    fn var(&mut self, name: &str, kind: VarKind, ty: Type) -> VarId {
        let number = self.kernel.vars.len();
        // What has no name is a temporary of the tracer's.
        let name = if name.is_empty() { String::new() } else { format!("{name}{number}") };
        self.kernel.vars.push(Var { name, kind, ty, constant: None, location: Location::caller() });
        VarId(u32::try_from(number).expect("few variables"))
    }

    fn input(&mut self, scalar: Scalar) -> (VarId, usize) {
        if let Some(found) = self.inputs.get(&scalar) {
            return *found;
        }
        let id = self.var("from", VarKind::Global { mutable: false, volatile: false }, Type::scalar(scalar));
        self.kernel.params.push(id);
        self.data.push(values::samples(scalar).into_iter().take(LENGTH as usize).collect());
        self.inputs.insert(scalar, (id, self.data.len() - 1));
        (id, self.data.len() - 1)
    }

    /// Stores what each thread has at the end; types and lengths of the buffers.
    fn finish(&mut self, body: &mut Body, threads: u32) -> Vec<(Scalar, usize)> {
        let mut results: BTreeMap<Scalar, Vec<Value>> = BTreeMap::new();
        for variable in &self.scope {
            let Variable { id, ty, is_array, .. } = *variable;
            let whole = || Value::variable(id, ty);
            let parts: Vec<Value> = match (is_array, ty.lanes) {
                (true, _) => (0..ELEMENTS).map(|index| Value::element(id, ty, Value::number(index))).collect(),
                (false, 1) => vec![whole()],
                (false, lanes) => (0..lanes).map(|lane| whole().lane(Value::number(lane.into()))).collect(),
            };
            // Truth values are compared as bytes.
            let is_truth = ty.scalar == Scalar::Bool;
            let parts = parts.into_iter().map(|part| if is_truth { part.cast(Scalar::U8) } else { part });
            results.entry(if is_truth { Scalar::U8 } else { ty.scalar }).or_default().extend(parts);
        }
        let mut outputs = Vec::new();
        for (scalar, values) in results {
            let id = self.var("to", VarKind::Global { mutable: true, volatile: false }, Type::scalar(scalar));
            self.kernel.params.push(id);
            let count = u32::try_from(values.len()).expect("few results");
            for (number, value) in (0..count).zip(values) {
                let first = Value::op(Op::Mul, vec![Value::thread(), Value::number(count)]);
                let index = Value::op(Op::Add, vec![first, Value::number(number)]);
                body.store(id, outputs.len(), index, value);
            }
            outputs.push((scalar, (count * threads) as usize));
        }
        outputs
    }

    fn variables(&self, is_wanted: impl Fn(&Variable) -> bool) -> Vec<Variable> {
        self.scope.iter().copied().filter(is_wanted).collect()
    }

    /// A number below a limit.
    fn index(&mut self, recipe: &Recipe, limit: u32) -> Value {
        let number = self.scalar(recipe, Scalar::U32);
        Value::op(Op::Rem, vec![number, Value::number(limit)])
    }

    fn scalar(&mut self, recipe: &Recipe, scalar: Scalar) -> Value {
        let mut digits = Digits(recipe.choice);
        if recipe.parts.is_empty() {
            return self.leaf(&mut digits, scalar);
        }
        match digits.below(10) {
            0..3 => {
                let from = digits.pick(Scalar::ALL);
                match (from, scalar) {
                    (_, Scalar::Bool) => self.truth(recipe, &mut digits),
                    (Scalar::Bool, to) if !to.is_integer() => self.leaf(&mut digits, to),
                    _ => self.scalar(&recipe.part(0), from).cast(scalar),
                }
            }
            3 => {
                let condition = self.scalar(&recipe.part(0), Scalar::Bool);
                let then = self.scalar(&recipe.part(1), scalar);
                condition.select(then, self.scalar(&recipe.part(2), scalar))
            }
            4 if scalar != Scalar::Bool => {
                let lanes = digits.pick(&[2, 4, 8, 16]);
                let number = self.index(&recipe.part(1), lanes.into());
                self.vector(&recipe.part(0), Type::vector(scalar, lanes)).lane(number)
            }
            5 if scalar != Scalar::Bool => {
                let (id, number) = self.input(scalar);
                let index = self.index(&recipe.part(0), LENGTH);
                Value::load(id, number, Type::scalar(scalar), index)
            }
            6 => match digits.opt_pick(&self.variables(|variable| variable.is_array && variable.ty.scalar == scalar)) {
                Some(array) => Value::element(array.id, array.ty, self.index(&recipe.part(0), ELEMENTS)),
                None => self.leaf(&mut digits, scalar),
            },
            _ if scalar == Scalar::Bool => self.truth(recipe, &mut digits),
            _ if scalar.is_number() => self.arithmetic(recipe, &mut digits, Type::scalar(scalar)),
            _ => self.leaf(&mut digits, scalar),
        }
    }

    fn leaf(&mut self, digits: &mut Digits, scalar: Scalar) -> Value {
        let is_wanted = |variable: &Variable| !variable.is_array && variable.ty == Type::scalar(scalar);
        match (digits.below(5), digits.opt_pick(&self.variables(is_wanted))) {
            (0..3, Some(variable)) => Value::variable(variable.id, variable.ty),
            (3, _) if scalar != Scalar::Bool => {
                let (id, number) = self.input(scalar);
                Value::load(id, number, Type::scalar(scalar), Value::thread())
            }
            (4, _) => Value::literal(digits.pick(&values::samples(scalar))),
            _ if scalar == Scalar::U32 => Value::thread(),
            _ if scalar == Scalar::Bool => Value::literal(Literal::Bool(digits.below(2) == 0)),
            _ => Value::literal(values::cast(Literal::U8(digits.below(12) as u8), scalar)),
        }
    }

    fn truth(&mut self, recipe: &Recipe, digits: &mut Digits) -> Value {
        let mut part = |number: usize, scalar| self.scalar(&recipe.part(number), scalar);
        match digits.below(6) {
            0 => part(0, Scalar::Bool).and(part(1, Scalar::Bool)),
            1 => part(0, Scalar::Bool).or(part(1, Scalar::Bool)),
            2 => Value::op(Op::Not, vec![part(0, Scalar::Bool)]),
            3 => {
                let op = digits.pick(&[Op::BitAnd, Op::BitOr, Op::BitXor]);
                Value::op(op, vec![part(0, Scalar::Bool), part(1, Scalar::Bool)])
            }
            _ => {
                let (op, scalar) = (digits.pick(&COMPARISONS), digits.pick(&comparable()));
                Value::op(op, vec![part(0, scalar), part(1, scalar)])
            }
        }
    }

    /// An operation on numbers, or on vectors of them.
    fn arithmetic(&mut self, recipe: &Recipe, digits: &mut Digits, ty: Type) -> Value {
        let mut operand = |number: usize| self.value(&recipe.part(number), ty);
        let op = digits.pick(&operations(ty));
        let one = values::cast(Literal::U8(1), ty.scalar);
        let constant = |literal: Literal| match ty.lanes {
            1 => Value::literal(literal),
            lanes => Value::literal(literal).splat(lanes),
        };
        match op {
            // No divisor is zero.
            Op::Div | Op::Rem if ty.scalar.is_integer() => {
                let divisor = Value::op(Op::BitOr, vec![operand(1), constant(one)]);
                Value::op(op, vec![operand(0), divisor])
            }
            // Which zero is the smaller one is open: the sum makes both positive.
            Op::Min | Op::Max if ty.scalar.is_float() => {
                let found = Value::op(op, vec![operand(0), operand(1)]);
                Value::op(Op::Add, vec![found, constant(values::cast(Literal::U8(0), ty.scalar))])
            }
            _ => Value::op(op, (0..op.row().operands.len()).map(operand).collect()),
        }
    }

    fn value(&mut self, recipe: &Recipe, ty: Type) -> Value {
        if ty.is_vector() { self.vector(recipe, ty) } else { self.scalar(recipe, ty.scalar) }
    }

    fn vector(&mut self, recipe: &Recipe, ty: Type) -> Value {
        let mut digits = Digits(recipe.choice);
        let found = self.variables(|variable| variable.ty == ty);
        match digits.below(8) {
            0 => self.scalar(&recipe.part(0), ty.scalar).splat(ty.lanes),
            1 => {
                // The first element's index is a multiple of the vector's length.
                let (id, number) = self.input(ty.scalar);
                let lanes = u32::from(ty.lanes);
                let block = self.index(&recipe.part(0), LENGTH / lanes);
                Value::load(id, number, ty, Value::op(Op::Mul, vec![block, Value::number(lanes)]))
            }
            2 if !recipe.parts.is_empty() => {
                Value::vector((0..ty.lanes).map(|lane| self.scalar(&recipe.part(lane.into()), ty.scalar)).collect())
            }
            3..7 if !recipe.parts.is_empty() && ty.scalar.is_number() => self.arithmetic(recipe, &mut digits, ty),
            _ => match digits.opt_pick(&found) {
                Some(variable) => Value::variable(variable.id, ty),
                None => self.leaf(&mut digits, ty.scalar).splat(ty.lanes),
            },
        }
    }

    fn statement(&mut self, recipe: &Recipe, body: &mut Body) {
        let mut digits = Digits(recipe.choice);
        match digits.below(if self.depth < DEPTH { 13 } else { 9 }) {
            0 | 1 => {
                let ty = Type::scalar(digits.pick(Scalar::ALL));
                self.declare(recipe, body, "m", VarKind::Mut, ty);
            }
            2 => {
                let ty = Type::scalar(digits.pick(Scalar::ALL));
                let name = digits.pick(&["", "v"]);
                self.declare(recipe, body, name, VarKind::Let, ty);
            }
            3 | 4 => {
                let ty = Type::vector(digits.pick(&Scalar::ALL[1..]), digits.pick(&[2, 4, 8, 16]));
                self.declare(recipe, body, "w", VarKind::Mut, ty);
            }
            5 => {
                let ty = Type::scalar(digits.pick(Scalar::ALL));
                let value = self.scalar(&recipe.part(0), ty.scalar);
                let expr = Value::number(ELEMENTS).expr;
                let id = self.var("a", VarKind::Register(vec![Extent { value: ELEMENTS, expr }]), ty);
                body.array(id, ELEMENTS as usize, value);
                self.scope.push(Variable { id, ty, mutable: true, is_array: true });
            }
            6..9 => self.assign(recipe, &mut digits, body),
            9 | 10 => self.branch(recipe, &mut digits, body),
            11 => self.counted(recipe, &mut digits, body),
            _ => self.repeated(recipe, &mut digits, body),
        }
    }

    fn declare(&mut self, recipe: &Recipe, body: &mut Body, name: &str, kind: VarKind, ty: Type) {
        let value = self.value(&recipe.part(0), ty);
        let mutable = kind == VarKind::Mut;
        let id = self.var(name, kind, ty);
        body.bind(id, value);
        self.scope.push(Variable { id, ty, mutable, is_array: false });
    }

    fn assign(&mut self, recipe: &Recipe, digits: &mut Digits, body: &mut Body) {
        let Some(variable) = digits.opt_pick(&self.variables(|variable| variable.mutable)) else { return };
        let Variable { id, ty, is_array, .. } = variable;
        let parts = if is_array { ELEMENTS } else { ty.lanes.into() };
        if is_array || ty.is_vector() && digits.below(2) == 0 {
            let number = match digits.below(2) {
                0 => Value::number(u32::try_from(digits.below(parts as usize)).expect("few parts")),
                _ => self.index(&recipe.part(1), parts),
            };
            let value = self.scalar(&recipe.part(0), ty.scalar);
            body.assign_part(id, is_array, number, value);
        } else {
            body.assign(id, self.value(&recipe.part(0), ty));
        }
    }

    /// A block of the statements of some parts.
    fn block(&mut self, parts: &[Recipe], is_loop: bool, fill: impl FnOnce(&mut Self, &mut Body)) -> Body {
        let (scope, in_loop) = (self.scope.len(), self.in_loop);
        self.in_loop |= is_loop;
        self.depth += 1;
        let mut body = Body::default();
        fill(self, &mut body);
        for part in parts {
            self.statement(part, &mut body);
        }
        self.depth -= 1;
        self.in_loop = in_loop;
        self.scope.truncate(scope);
        body
    }

    fn branch(&mut self, recipe: &Recipe, digits: &mut Digits, body: &mut Body) {
        let condition = self.scalar(&recipe.part(0), Scalar::Bool);
        let half = recipe.parts.len().div_ceil(2);
        let (then, otherwise) = recipe.parts.split_at(half);
        let mut then = self.block(then, false, |_, _| {});
        match digits.below(5) {
            0 if self.in_loop => then.push(StmtKind::Break, |_| Flow::Break),
            1 if self.in_loop => then.push(StmtKind::Continue, |_| Flow::Continue),
            _ => {}
        }
        let otherwise = self.block(otherwise, false, |_, _| {});
        body.branch(condition, then, otherwise);
    }

    fn counted(&mut self, recipe: &Recipe, digits: &mut Digits, body: &mut Body) {
        let scalar = digits.pick(&INTEGERS);
        let ty = Type::scalar(scalar);
        let includes_end = digits.below(2) == 0;
        // Few iterations, at the start of the numbers, at either end of the type, or through the type in long steps.
        let [lowest, highest] = scalar.range();
        let stride = (highest - lowest) / 3;
        let (first, step) =
            digits.pick(&[(0, 1), (1, 2), (highest - 4, 1), (highest - 5, 3), (lowest, 1), (lowest, stride)]);
        let bound = |value: i128| Value::literal(Literal::opt_wrapped(scalar, value).expect("an integer"));
        let (start, by) = (bound(first), bound(step));
        // The end is computed once, before the loop.
        let last = self.var("", VarKind::Let, ty);
        let beyond = Value::op(Op::Mul, vec![self.index(&recipe.part(0), 5).cast(scalar), by.clone()]);
        body.bind(last, Value::op(Op::Add, vec![start.clone(), beyond]));
        let end = Value::variable(last, ty);
        let counter = self.var("i", VarKind::Counter, ty);
        let unroll = digits.pick(&[Unroll::Default, Unroll::Full]);
        let inside = self.block(&recipe.parts, true, |maker, _| {
            maker.scope.push(Variable { id: counter, ty, mutable: false, is_array: false });
        });
        let (block, act) = inside.into_parts();
        let [from, to, step] = [&start, &end, &by].map(|bound| bound.expr.clone());
        let kind = StmtKind::For { counter, start: from, end: to, includes_end, step, unroll, body: block };
        body.push(kind, move |thread| {
            let bounds = [&start, &end, &by].map(|bound| bound.scalar(thread).opt_integer());
            let [now, end, step] = bounds.map(|bound| bound.expect("an integer"));
            let counted = (now..end + i128::from(includes_end)).step_by(usize::try_from(step).expect("64 bits"));
            for now in counted {
                thread.variables[counter.index()] = vec![Literal::opt_wrapped(scalar, now).expect("an integer")];
                if !goes_on(&act, thread) {
                    break;
                }
            }
            Flow::Next
        });
    }

    /// `while` or `loop`, for a few rounds that are counted in a variable.
    fn repeated(&mut self, recipe: &Recipe, digits: &mut Digits, body: &mut Body) {
        let limit = self.index(&recipe.part(0), 4);
        let rounds = self.var("rounds", VarKind::Mut, Type::U32);
        body.bind(rounds, Value::number(0));
        let count = || Value::variable(rounds, Type::U32);
        let most = self.var("most", VarKind::Let, Type::U32);
        body.bind(most, limit);
        let more = Value::op(Op::Lt, vec![count(), Value::variable(most, Type::U32)]);
        let is_while = digits.below(2) == 0;
        let inside = self.block(&recipe.parts, true, |_, body| {
            if !is_while {
                let mut leave = Body::default();
                leave.push(StmtKind::Break, |_| Flow::Break);
                body.branch(Value::op(Op::Not, vec![more.clone()]), leave, Body::default());
            }
            body.assign(rounds, Value::op(Op::Add, vec![count(), Value::number(1)]));
        });
        let (block, act) = inside.into_parts();
        let kind = match is_while {
            true => StmtKind::While(Vec::new(), more.expr.clone(), block),
            false => StmtKind::Loop(block),
        };
        body.push(kind, move |thread| {
            while !is_while || more.is_true(thread) {
                if !goes_on(&act, thread) {
                    break;
                }
            }
            Flow::Next
        });
    }
}

/// Types that are compared.
fn comparable() -> Vec<Scalar> {
    let is_compared = |scalar: &Scalar| scalar.is_number() || *scalar == Scalar::Bool;
    Scalar::ALL.iter().copied().filter(is_compared).collect()
}
