//! Builds kernels by hand, for tests. Each statement gets a line of its own in a file that does not exist.

use crate::ir::{
    Argument, Block, Constant, ConstantId, Expr, ExprKind, Extent, Function, FunctionId, Kernel, Literal, Location, Op,
    Place, Scalar, Stmt, StmtKind, Type, Unroll, Var, VarId, VarKind,
};
use crate::ops::Slot;

/// A kernel in the making.
pub(crate) struct Build {
    pub(crate) kernel: Kernel,
    blocks: Vec<Block>,
    line: u32,
}

pub(crate) fn at(line: u32) -> Location {
    Location { file: "kernel.rs", line, column: 1 }
}

pub(crate) fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, location: at(0) }
}

pub(crate) fn u(value: u32) -> Expr {
    Expr::literal(Literal::U32(value), at(0))
}

pub(crate) fn i(value: i32) -> Expr {
    Expr::literal(Literal::I32(value), at(0))
}

pub(crate) fn f(value: f32) -> Expr {
    Expr::literal(Literal::f32(value), at(0))
}

pub(crate) fn truth(value: bool) -> Expr {
    Expr::literal(Literal::Bool(value), at(0))
}

/// An operation; the result's type follows from its row.
pub(crate) fn op<const N: usize>(op: Op, operands: [Expr; N]) -> Expr {
    let ty = match op.row().result {
        Slot::T => operands[0].ty,
        Slot::Is(ty) => ty,
        Slot::Nothing => Type::BOOL,
    };
    expr(ExprKind::Op(op, operands.into()), ty)
}

pub(crate) fn add(a: Expr, b: Expr) -> Expr {
    op(Op::Add, [a, b])
}

pub(crate) fn mul(a: Expr, b: Expr) -> Expr {
    op(Op::Mul, [a, b])
}

pub(crate) fn lt(a: Expr, b: Expr) -> Expr {
    op(Op::Lt, [a, b])
}

pub(crate) fn tid() -> Expr {
    op(Op::ThreadIdxX, [])
}

pub(crate) fn cast(value: Expr, ty: Type) -> Expr {
    expr(ExprKind::Cast(Box::new(value)), ty)
}

pub(crate) fn splat(value: Expr, lanes: u8) -> Expr {
    let ty = Type::vector(value.ty.scalar, lanes);
    expr(ExprKind::Splat(Box::new(value)), ty)
}

pub(crate) fn lane(vector: Expr, lane: Expr) -> Expr {
    let ty = vector.ty.element();
    expr(ExprKind::Lane(Box::new(vector), Box::new(lane)), ty)
}

pub(crate) fn and(a: Expr, b: Expr) -> Expr {
    expr(ExprKind::And(Box::new(a), Box::new(b)), Type::BOOL)
}

pub(crate) fn or(a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Or(Box::new(a), Box::new(b)), Type::BOOL)
}

pub(crate) fn select(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let ty = then.ty;
    expr(ExprKind::Select(Box::new(condition), Box::new(then), Box::new(otherwise)), ty)
}

pub(crate) const F32X4: Type = Type::vector(Scalar::F32, 4);

impl Build {
    /// A kernel named `kernel` with blocks of `threads` threads in a line.
    pub(crate) fn new(threads: u32) -> Self {
        let extent = |value| Extent { value, expr: u(value) };
        let kernel = Kernel {
            name: "kernel".to_owned(),
            doc: Vec::new(),
            location: at(1),
            manifest_dir: "",
            constants: Vec::new(),
            block: [extent(threads), extent(1), extent(1)],
            min_blocks: None,
            params: Vec::new(),
            vars: Vec::new(),
            structures: Vec::new(),
            lengths: Vec::new(),
            functions: Vec::new(),
            body: Vec::new(),
        };
        Self { kernel, blocks: vec![Vec::new()], line: 1 }
    }

    pub(crate) fn constant(&mut self, name: &str, value: u32, definition: Option<Expr>) -> Expr {
        let id = ConstantId(u32::try_from(self.kernel.constants.len()).expect("few constants"));
        self.kernel.constants.push(Constant { name: name.to_owned(), value: Literal::U32(value), definition });
        expr(ExprKind::Constant(id), Type::U32)
    }

    pub(crate) fn var(&mut self, name: &str, kind: VarKind, ty: Type) -> VarId {
        let id = VarId(u32::try_from(self.kernel.vars.len()).expect("few variables"));
        self.kernel.vars.push(Var { name: name.to_owned(), kind, ty, constant: None, location: at(self.line) });
        id
    }

    pub(crate) fn global(&mut self, name: &str, ty: Type, mutable: bool) -> VarId {
        let id = self.var(name, VarKind::Global { mutable, volatile: false }, ty);
        self.kernel.params.push(id);
        id
    }

    pub(crate) fn scalar(&mut self, name: &str, ty: Type) -> Expr {
        let id = self.var(name, VarKind::Scalar, ty);
        self.kernel.params.push(id);
        self.read(id)
    }

    pub(crate) fn read(&self, var: VarId) -> Expr {
        expr(ExprKind::Var(var), self.kernel.var(var).ty)
    }

    pub(crate) fn load<const N: usize>(&self, base: VarId, index: [Expr; N]) -> Expr {
        let place = Place { base, index: index.into(), lane: None };
        expr(ExprKind::Load(place), self.kernel.var(base).ty)
    }

    pub(crate) fn load_as<const N: usize>(&self, base: VarId, index: [Expr; N], ty: Type) -> Expr {
        let place = Place { base, index: index.into(), lane: None };
        expr(ExprKind::Load(place), ty)
    }

    pub(crate) fn push(&mut self, kind: StmtKind) {
        self.line += 1;
        let location = at(self.line);
        self.blocks.last_mut().expect("a block is open").push(Stmt { kind, location });
    }

    /// An immutable variable; its value is known if the expression's is.
    pub(crate) fn bind(&mut self, name: &str, value: Expr) -> Expr {
        let ty = value.ty;
        let id = self.var(name, VarKind::Let, ty);
        self.kernel.vars[id.index()].constant = self.kernel.opt_constant(&value);
        self.push(StmtKind::Let(id, Some(value)));
        expr(ExprKind::Var(id), ty)
    }

    /// A temporary, as the tracer makes them.
    pub(crate) fn temp(&mut self, value: Expr) -> Expr {
        self.bind("", value)
    }

    pub(crate) fn bind_mut(&mut self, name: &str, value: Expr) -> VarId {
        let id = self.var(name, VarKind::Mut, value.ty);
        self.push(StmtKind::Let(id, Some(value)));
        id
    }

    pub(crate) fn declare_mut(&mut self, name: &str, ty: Type) -> VarId {
        let id = self.var(name, VarKind::Mut, ty);
        self.push(StmtKind::Let(id, None));
        id
    }

    pub(crate) fn extent(&self, size: Expr) -> Extent {
        Extent { value: self.kernel.opt_u32(&size).expect("a size known at compile time"), expr: size }
    }

    pub(crate) fn shared<const N: usize>(&mut self, name: &str, ty: Type, extents: [Expr; N]) -> VarId {
        let extents = extents.into_iter().map(|size| self.extent(size)).collect();
        let id = self.var(name, VarKind::Shared(extents), ty);
        self.push(StmtKind::Declare(id));
        id
    }

    pub(crate) fn dynamic_shared(&mut self, name: &str, ty: Type) -> VarId {
        let id = self.var(name, VarKind::DynamicShared, ty);
        self.push(StmtKind::Declare(id));
        id
    }

    pub(crate) fn register<const N: usize>(&mut self, name: &str, ty: Type, extents: [Expr; N]) -> VarId {
        let extents = extents.into_iter().map(|size| self.extent(size)).collect();
        let id = self.var(name, VarKind::Register(extents), ty);
        self.push(StmtKind::Declare(id));
        id
    }

    pub(crate) fn assign(&mut self, var: VarId, value: Expr) {
        self.push(StmtKind::Assign(Place { base: var, index: Vec::new(), lane: None }, value));
    }

    pub(crate) fn store<const N: usize>(&mut self, base: VarId, index: [Expr; N], value: Expr) {
        self.push(StmtKind::Assign(Place { base, index: index.into(), lane: None }, value));
    }

    pub(crate) fn barrier(&mut self) {
        self.push(StmtKind::Eval(op(Op::Barrier, [])));
    }

    pub(crate) fn grid_barrier(&mut self, arrivals: VarId) {
        let first = self.load(arrivals, [u(0)]);
        self.push(StmtKind::Eval(op(Op::GridBarrier, [first])));
    }

    pub(crate) fn open(&mut self) {
        self.blocks.push(Vec::new());
    }

    pub(crate) fn close(&mut self) -> Block {
        self.blocks.pop().expect("the block that was opened")
    }

    pub(crate) fn block(&mut self, fill: impl FnOnce(&mut Self)) -> Block {
        self.open();
        fill(self);
        self.close()
    }

    pub(crate) fn if_(&mut self, condition: Expr, then: impl FnOnce(&mut Self)) {
        self.if_else(condition, then, |_| {});
    }

    pub(crate) fn if_else(&mut self, condition: Expr, then: impl FnOnce(&mut Self), otherwise: impl FnOnce(&mut Self)) {
        let then = self.block(then);
        let otherwise = self.block(otherwise);
        self.push(StmtKind::If(condition, then, otherwise));
    }

    pub(crate) fn for_(&mut self, name: &str, start: Expr, end: Expr, step: Expr, body: impl FnOnce(&mut Self, Expr)) {
        let counter = self.var(name, VarKind::Counter, start.ty);
        let value = self.read(counter);
        let body = self.block(|build| body(build, value));
        let (includes_end, unroll) = (false, Unroll::Default);
        self.push(StmtKind::For { counter, start, end, includes_end, step, unroll, body });
    }

    pub(crate) fn while_(&mut self, test: impl FnOnce(&mut Self) -> Expr, body: impl FnOnce(&mut Self)) {
        let mut condition = truth(true);
        let before = self.block(|build| condition = test(build));
        let body = self.block(body);
        self.push(StmtKind::While(before, condition, body));
    }

    /// A device function; `params` declares its parameters.
    pub(crate) fn function(
        &mut self,
        name: &str,
        result: Option<Type>,
        params: &[VarId],
        body: impl FnOnce(&mut Self),
    ) -> FunctionId {
        let body = self.block(body);
        let id = FunctionId(u32::try_from(self.kernel.functions.len()).expect("few functions"));
        self.kernel.functions.push(Function {
            name: name.to_owned(),
            doc: Vec::new(),
            location: at(self.line),
            params: params.into(),
            result,
            body,
            foreign: None,
        });
        id
    }

    pub(crate) fn call(&self, function: FunctionId, arguments: Vec<Argument>) -> Expr {
        let ty = self.kernel.function(function).result.unwrap_or(Type::BOOL);
        expr(ExprKind::Call(function, arguments), ty)
    }

    pub(crate) fn finish(mut self) -> Kernel {
        self.kernel.body = self.blocks.pop().expect("the kernel's own block");
        assert!(self.blocks.is_empty(), "a block was left open");
        self.kernel
    }
}
