//! Builds kernels by hand, for tests, and runs them. Every expression and statement carries the line that built it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::ops;

use greta_codegen::ir::{
    self, Block, Constant, ConstantId, Expr, ExprKind, Extent, Function, FunctionId, Kernel, Literal, Location, Op,
    Place, Scalar, Stmt, StmtKind, Type, Unroll, Var, VarId, VarKind,
};
use greta_codegen::ops::Slot;
use greta_interpreter::{Argument, Memory, Program, Report};

/// An expression, with operators.
#[derive(Clone, Debug)]
pub struct E(pub Expr);

impl E {
    #[track_caller]
    pub fn new(kind: ExprKind, ty: Type) -> Self {
        Self(Expr { kind, ty, location: Location::caller() })
    }

    #[track_caller]
    pub fn cast(self, ty: Type) -> Self {
        Self::new(ExprKind::Cast(Box::new(self.0)), ty)
    }

    #[track_caller]
    pub fn lane(self, lane: impl Into<E>) -> Self {
        let ty = self.0.ty.element();
        Self::new(ExprKind::Lane(Box::new(self.0), Box::new(lane.into().0)), ty)
    }

    #[track_caller]
    pub fn lt(self, other: impl Into<E>) -> Self {
        op(Op::Lt, [self, other.into()])
    }

    #[track_caller]
    pub fn equals(self, other: impl Into<E>) -> Self {
        op(Op::Eq, [self, other.into()])
    }
}

macro_rules! literal {
    ($($host:ty, $variant:ident, |$value:ident| $bits:expr;)*) => {$(
        impl From<$host> for E {
            #[track_caller]
            fn from($value: $host) -> Self {
                Self(Expr::literal(Literal::$variant($bits), Location::caller()))
            }
        }
    )*};
}

literal! {
    u32, U32, |value| value;
    i32, I32, |value| value;
    f32, F32, |value| value.to_bits();
    bool, Bool, |value| value;
}

macro_rules! operator {
    ($($name:ident $method:ident;)*) => {$(
        impl<R: Into<E>> ops::$name<R> for E {
            type Output = E;
            #[track_caller]
            fn $method(self, other: R) -> E {
                op(Op::$name, [self, other.into()])
            }
        }
    )*};
}

operator! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
    Rem rem;
    BitAnd bitand;
}

/// An operation; the result's type follows from its row.
#[track_caller]
pub fn op<const N: usize>(op: Op, operands: [E; N]) -> E {
    let ty = match op.row().result {
        Slot::T => operands[0].0.ty,
        Slot::Is(ty) => ty,
        Slot::Nothing => Type::BOOL,
    };
    E::new(ExprKind::Op(op, operands.map(|operand| operand.0).into()), ty)
}

#[track_caller]
pub fn tid() -> E {
    op(Op::ThreadIdxX, [])
}

#[track_caller]
pub fn bid() -> E {
    op(Op::BlockIdxX, [])
}

#[track_caller]
pub fn and(a: E, b: E) -> E {
    E::new(ExprKind::And(Box::new(a.0), Box::new(b.0)), Type::BOOL)
}

#[track_caller]
pub fn or(a: E, b: E) -> E {
    E::new(ExprKind::Or(Box::new(a.0), Box::new(b.0)), Type::BOOL)
}

#[track_caller]
pub fn select(condition: E, then: E, otherwise: E) -> E {
    let ty = then.0.ty;
    E::new(ExprKind::Select(Box::new(condition.0), Box::new(then.0), Box::new(otherwise.0)), ty)
}

#[track_caller]
pub fn vector<const N: usize>(elements: [E; N]) -> E {
    let ty = Type::vector(elements[0].0.ty.scalar, N as u8);
    E::new(ExprKind::Vector(elements.map(|element| element.0).into()), ty)
}

#[track_caller]
pub fn splat(value: E, lanes: u8) -> E {
    let ty = Type::vector(value.0.ty.scalar, lanes);
    E::new(ExprKind::Splat(Box::new(value.0)), ty)
}

/// What is passed by reference.
pub fn object(var: VarId) -> ir::Argument {
    ir::Argument::Object(var)
}

/// What is passed by value.
pub fn value(value: impl Into<E>) -> ir::Argument {
    ir::Argument::Value(value.into().0)
}

/// A kernel in the making.
pub struct Build {
    pub kernel: Kernel,
    blocks: Vec<Block>,
}

impl Build {
    #[track_caller]
    pub fn new(block: [u32; 3]) -> Self {
        let location = Location::caller();
        let block = block.map(|value| Extent { value, expr: Expr::literal(Literal::U32(value), location) });
        let kernel = Kernel {
            name: "kernel".to_owned(),
            doc: Vec::new(),
            location,
            manifest_dir: "",
            constants: Vec::new(),
            block,
            min_blocks: None,
            params: Vec::new(),
            vars: Vec::new(),
            structures: Vec::new(),
            lengths: Vec::new(),
            functions: Vec::new(),
            body: Vec::new(),
        };
        Self { kernel, blocks: vec![Vec::new()] }
    }

    #[track_caller]
    pub fn var(&mut self, name: &str, kind: VarKind, ty: Type) -> VarId {
        self.kernel.vars.push(Var { name: name.to_owned(), kind, ty, constant: None, location: Location::caller() });
        VarId(self.kernel.vars.len() as u32 - 1)
    }

    #[track_caller]
    pub fn global(&mut self, name: &str, ty: Type) -> VarId {
        let id = self.var(name, VarKind::Global { mutable: true, volatile: false }, ty);
        self.kernel.params.push(id);
        id
    }

    #[track_caller]
    pub fn scalar(&mut self, name: &str, ty: Type) -> E {
        let id = self.var(name, VarKind::Scalar, ty);
        self.kernel.params.push(id);
        self.read(id)
    }

    #[track_caller]
    pub fn constant(&mut self, name: &str, value: Literal) -> E {
        self.kernel.constants.push(Constant { name: name.to_owned(), value, definition: None });
        E::new(ExprKind::Constant(ConstantId(self.kernel.constants.len() as u32 - 1)), value.ty())
    }

    #[track_caller]
    pub fn read(&self, id: VarId) -> E {
        E::new(ExprKind::Var(id), self.kernel.vars[id.index()].ty)
    }

    #[track_caller]
    pub fn push(&mut self, kind: StmtKind) {
        let location = Location::caller();
        self.blocks.last_mut().expect("a block is open").push(Stmt { kind, location });
    }

    /// `let name = value`.
    #[track_caller]
    pub fn bind(&mut self, value: impl Into<E>) -> E {
        let value = value.into();
        let id = self.var("v", VarKind::Let, value.0.ty);
        self.push(StmtKind::Let(id, Some(value.0)));
        self.read(id)
    }

    /// `let mut name = value`.
    #[track_caller]
    pub fn mutable(&mut self, value: impl Into<E>) -> VarId {
        let value = value.into();
        let id = self.var("m", VarKind::Mut, value.0.ty);
        self.push(StmtKind::Let(id, Some(value.0)));
        id
    }

    #[track_caller]
    pub fn array(&mut self, shared: bool, extents: &[u32], ty: Type) -> VarId {
        let location = Location::caller();
        let extents =
            extents.iter().map(|&value| Extent { value, expr: Expr::literal(Literal::U32(value), location) }).collect();
        let (name, kind) =
            if shared { ("tile", VarKind::Shared(extents)) } else { ("array", VarKind::Register(extents)) };
        let id = self.var(name, kind, ty);
        self.push(StmtKind::Declare(id));
        id
    }

    fn place<const N: usize>(base: VarId, index: [E; N]) -> Place {
        Place { base, index: index.map(|index| index.0).into(), lane: None }
    }

    #[track_caller]
    pub fn load<const N: usize>(&self, base: VarId, index: [E; N]) -> E {
        let ty = self.kernel.vars[base.index()].ty;
        self.load_as(base, index, ty)
    }

    /// A load of another type than the object's elements: a vector.
    #[track_caller]
    pub fn load_as<const N: usize>(&self, base: VarId, index: [E; N], ty: Type) -> E {
        E::new(ExprKind::Load(Self::place(base, index)), ty)
    }

    /// One lane of the vector at a place.
    #[track_caller]
    pub fn load_lane<const N: usize>(&self, base: VarId, index: [E; N], lane: impl Into<E>) -> E {
        let place = Place { lane: Some(Box::new(lane.into().0)), ..Self::place(base, index) };
        E::new(ExprKind::Load(place), self.kernel.vars[base.index()].ty.element())
    }

    #[track_caller]
    pub fn store<const N: usize>(&mut self, base: VarId, index: [E; N], value: impl Into<E>) {
        self.push(StmtKind::Assign(Self::place(base, index), value.into().0));
    }

    #[track_caller]
    pub fn store_lane<const N: usize>(&mut self, base: VarId, index: [E; N], lane: impl Into<E>, value: impl Into<E>) {
        let place = Place { lane: Some(Box::new(lane.into().0)), ..Self::place(base, index) };
        self.push(StmtKind::Assign(place, value.into().0));
    }

    #[track_caller]
    pub fn set(&mut self, var: VarId, value: impl Into<E>) {
        self.store(var, [], value);
    }

    pub fn block(&mut self, body: impl FnOnce(&mut Self)) -> Block {
        self.blocks.push(Vec::new());
        body(self);
        self.blocks.pop().expect("the block just opened")
    }

    #[track_caller]
    pub fn when(&mut self, condition: impl Into<E>, then: impl FnOnce(&mut Self)) {
        let then = self.block(then);
        self.push(StmtKind::If(condition.into().0, then, Vec::new()));
    }

    #[track_caller]
    pub fn when_else(
        &mut self,
        condition: impl Into<E>,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let then = self.block(then);
        let otherwise = self.block(otherwise);
        self.push(StmtKind::If(condition.into().0, then, otherwise));
    }

    #[track_caller]
    pub fn count(&mut self, range: [E; 3], body: impl FnOnce(&mut Self, E)) {
        let counter = self.var("i", VarKind::Counter, range[0].0.ty);
        let now = self.read(counter);
        let body = self.block(|build| body(build, now));
        let [start, end, step] = range.map(|bound| bound.0);
        let (includes_end, unroll) = (false, Unroll::Default);
        self.push(StmtKind::For { counter, start, end, includes_end, step, unroll, body });
    }

    /// Says how the loop just built is to be unrolled.
    pub fn unroll_last(&mut self, how: Unroll) {
        if let Some(StmtKind::For { unroll, .. }) = self.last_kind() {
            *unroll = how;
        }
    }

    fn last_kind(&mut self) -> Option<&mut StmtKind> {
        Some(&mut self.blocks.last_mut()?.last_mut()?.kind)
    }

    #[track_caller]
    pub fn repeat_while(&mut self, condition: E, body: impl FnOnce(&mut Self)) {
        let body = self.block(body);
        self.push(StmtKind::While(Vec::new(), condition.0, body));
    }

    #[track_caller]
    pub fn forever(&mut self, body: impl FnOnce(&mut Self)) {
        let body = self.block(body);
        self.push(StmtKind::Loop(body));
    }

    #[track_caller]
    pub fn leave(&mut self) {
        self.push(StmtKind::Break);
    }

    #[track_caller]
    pub fn again(&mut self) {
        self.push(StmtKind::Continue);
    }

    #[track_caller]
    pub fn ret(&mut self, value: Option<E>) {
        self.push(StmtKind::Return(value.map(|value| value.0)));
    }

    #[track_caller]
    pub fn barrier(&mut self) {
        let barrier = op(Op::Barrier, []);
        self.push(StmtKind::Eval(barrier.0));
    }

    #[track_caller]
    pub fn grid_barrier(&mut self, arrivals: VarId) {
        let barrier = op(Op::GridBarrier, [self.load(arrivals, [0_u32.into()])]);
        self.push(StmtKind::Eval(barrier.0));
    }

    /// A device function; its parameters are variables made before.
    #[track_caller]
    pub fn function(&mut self, params: Vec<VarId>, result: Option<Type>, body: impl FnOnce(&mut Self)) -> FunctionId {
        let location = Location::caller();
        let body = self.block(body);
        let name = "function".to_owned();
        self.kernel.functions.push(Function { name, doc: Vec::new(), location, params, result, body, foreign: None });
        FunctionId(self.kernel.functions.len() as u32 - 1)
    }

    #[track_caller]
    pub fn call(&self, id: FunctionId, arguments: Vec<ir::Argument>) -> E {
        let ty = self.kernel.functions[id.index()].result.unwrap_or(Type::BOOL);
        E::new(ExprKind::Call(id, arguments), ty)
    }

    pub fn eval(&mut self, value: E) {
        self.push(StmtKind::Eval(value.0));
    }

    pub fn finish(mut self) -> Kernel {
        self.kernel.body = self.blocks.pop().expect("the kernel's body");
        self.kernel
    }

    pub fn program(self) -> Program {
        Program::new(&self.finish(), 64)
    }

    /// Runs the kernel on slices of words, one for each buffer parameter.
    pub fn run(self, grid: [u32; 3], buffers: &mut [&mut [u32]]) -> Result<(), Box<Report>> {
        let program = self.program();
        run(&program, grid, buffers)
    }
}

pub fn run(program: &Program, grid: [u32; 3], buffers: &mut [&mut [u32]]) -> Result<(), Box<Report>> {
    let memories: Vec<Memory<'_>> = buffers.iter_mut().map(|buffer| Memory::from_mut_slice(buffer)).collect();
    let arguments: Vec<Argument<'_>> = memories.iter().map(Argument::Buffer).collect();
    program.run(grid, &arguments)
}

/// Words of an `f32` slice.
pub fn words(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Numbers that look random, the same each time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = self.0 ^ self.0 >> 29;
        (mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32
    }

    /// Between -1 and 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

pub fn scalar_type(scalar: Scalar) -> Type {
    Type::scalar(scalar)
}
