//! Expressions and statements, each made twice: as IR, and as a closure that does the same in Rust.

use std::rc::Rc;

use greta::codegen::ir::{Expr, ExprKind, Literal, Location, Op, Place, Scalar, Stmt, StmtKind, Type, VarId};

use super::values;

/// What a thread of the program has while it runs in Rust.
pub(super) struct Thread<'a> {
    pub(super) index: u32,
    /// The elements of the buffers that are read.
    pub(super) inputs: &'a [Vec<Literal>],
    /// The elements of the buffers that are written.
    pub(super) outputs: &'a mut [Vec<Literal>],
    /// The lanes or elements of each variable, by its number.
    pub(super) variables: Vec<Vec<Literal>>,
}

/// How a statement ended.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

/// The lanes of an expression's value.
type Evaluate = Rc<dyn Fn(&Thread<'_>) -> Vec<Literal>>;
/// What a statement does.
pub(super) type Act = Rc<dyn Fn(&mut Thread<'_>) -> Flow>;

/// An expression.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) expr: Expr,
    evaluate: Evaluate,
}

/// Statements.
#[derive(Default)]
pub(super) struct Body {
    pub(super) block: Vec<Stmt>,
    acts: Vec<Act>,
}

impl Value {
    pub(super) fn new(kind: ExprKind, ty: Type, evaluate: impl Fn(&Thread<'_>) -> Vec<Literal> + 'static) -> Self {
        Self { expr: Expr { kind, ty, location: Location::caller() }, evaluate: Rc::new(evaluate) }
    }

    pub(super) fn lanes(&self, thread: &Thread<'_>) -> Vec<Literal> {
        (self.evaluate)(thread)
    }

    pub(super) fn scalar(&self, thread: &Thread<'_>) -> Literal {
        self.lanes(thread)[0]
    }

    pub(super) fn is_true(&self, thread: &Thread<'_>) -> bool {
        self.scalar(thread) == Literal::Bool(true)
    }

    /// The value of an index.
    pub(super) fn position(&self, thread: &Thread<'_>) -> usize {
        self.scalar(thread).opt_u32().expect("indices are u32") as usize
    }

    pub(super) fn literal(value: Literal) -> Self {
        Self::new(ExprKind::Literal(value), value.ty(), move |_| vec![value])
    }

    pub(super) fn number(value: u32) -> Self {
        Self::literal(Literal::U32(value))
    }

    pub(super) fn thread() -> Self {
        Self::new(ExprKind::Op(Op::ThreadIdxX, Vec::new()), Type::U32, |thread| vec![Literal::U32(thread.index)])
    }

    /// An operation, lane by lane.
    pub(super) fn op(op: Op, operands: Vec<Self>) -> Self {
        let ty = match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => Type::BOOL,
            _ => operands[0].expr.ty,
        };
        let exprs = operands.iter().map(|operand| operand.expr.clone()).collect();
        Self::new(ExprKind::Op(op, exprs), ty, move |thread| {
            let operands: Vec<Vec<Literal>> = operands.iter().map(|operand| operand.lanes(thread)).collect();
            let lane = |lane: usize| operands.iter().map(|operand| operand[lane]).collect::<Vec<Literal>>();
            (0..operands[0].len()).map(|number| values::apply(op, &lane(number))).collect()
        })
    }

    pub(super) fn cast(self, to: Scalar) -> Self {
        let operand = Box::new(self.expr.clone());
        Self::new(ExprKind::Cast(operand), Type::scalar(to), move |thread| vec![values::cast(self.scalar(thread), to)])
    }

    pub(super) fn and(self, other: Self) -> Self {
        let kind = ExprKind::And(Box::new(self.expr.clone()), Box::new(other.expr.clone()));
        Self::new(kind, Type::BOOL, move |thread| vec![Literal::Bool(self.is_true(thread) && other.is_true(thread))])
    }

    pub(super) fn or(self, other: Self) -> Self {
        let kind = ExprKind::Or(Box::new(self.expr.clone()), Box::new(other.expr.clone()));
        Self::new(kind, Type::BOOL, move |thread| vec![Literal::Bool(self.is_true(thread) || other.is_true(thread))])
    }

    pub(super) fn select(self, then: Self, otherwise: Self) -> Self {
        let [condition, a, b] = [&self, &then, &otherwise].map(|value| Box::new(value.expr.clone()));
        let ty = then.expr.ty;
        Self::new(ExprKind::Select(condition, a, b), ty, move |thread| {
            if self.is_true(thread) { then.lanes(thread) } else { otherwise.lanes(thread) }
        })
    }

    pub(super) fn vector(elements: Vec<Self>) -> Self {
        let ty = Type::vector(elements[0].expr.ty.scalar, u8::try_from(elements.len()).expect("a short vector"));
        let exprs = elements.iter().map(|element| element.expr.clone()).collect();
        Self::new(ExprKind::Vector(exprs), ty, move |thread| {
            elements.iter().map(|element| element.scalar(thread)).collect()
        })
    }

    pub(super) fn splat(self, lanes: u8) -> Self {
        let ty = Type::vector(self.expr.ty.scalar, lanes);
        Self::new(ExprKind::Splat(Box::new(self.expr.clone())), ty, move |thread| {
            vec![self.scalar(thread); lanes.into()]
        })
    }

    /// One lane; the number is below that of the lanes.
    pub(super) fn lane(self, number: Self) -> Self {
        let kind = ExprKind::Lane(Box::new(self.expr.clone()), Box::new(number.expr.clone()));
        let ty = self.expr.ty.element();
        Self::new(kind, ty, move |thread| vec![self.lanes(thread)[number.position(thread)]])
    }

    pub(super) fn variable(id: VarId, ty: Type) -> Self {
        Self::new(ExprKind::Var(id), ty, move |thread| thread.variables[id.index()].clone())
    }

    /// An element of a register array.
    pub(super) fn element(id: VarId, ty: Type, index: Self) -> Self {
        let place = Place { base: id, index: vec![index.expr.clone()], lane: None };
        Self::new(ExprKind::Load(place), ty, move |thread| vec![thread.variables[id.index()][index.position(thread)]])
    }

    /// An element of the buffer `number`, or a vector from there on.
    pub(super) fn load(id: VarId, number: usize, ty: Type, index: Self) -> Self {
        let place = Place { base: id, index: vec![index.expr.clone()], lane: None };
        Self::new(ExprKind::Load(place), ty, move |thread| {
            thread.inputs[number][index.position(thread)..][..ty.lanes.into()].to_vec()
        })
    }
}

impl Body {
    pub(super) fn push(&mut self, kind: StmtKind, act: impl Fn(&mut Thread<'_>) -> Flow + 'static) {
        self.block.push(Stmt { kind, location: Location::caller() });
        self.acts.push(Rc::new(act));
    }

    /// What its statements do, one after another.
    pub(super) fn into_parts(self) -> (Vec<Stmt>, Act) {
        let acts = self.acts;
        let run = move |thread: &mut Thread<'_>| {
            acts.iter().map(|act| act(thread)).find(|flow| *flow != Flow::Next).unwrap_or(Flow::Next)
        };
        (self.block, Rc::new(run))
    }

    pub(super) fn bind(&mut self, id: VarId, value: Value) {
        self.push(StmtKind::Let(id, Some(value.expr.clone())), move |thread| {
            thread.variables[id.index()] = value.lanes(thread);
            Flow::Next
        });
    }

    pub(super) fn assign(&mut self, id: VarId, value: Value) {
        let place = Place { base: id, index: Vec::new(), lane: None };
        self.push(StmtKind::Assign(place, value.expr.clone()), move |thread| {
            thread.variables[id.index()] = value.lanes(thread);
            Flow::Next
        });
    }

    /// Assigns a lane of a vector or an element of an array.
    pub(super) fn assign_part(&mut self, id: VarId, is_array: bool, number: Value, value: Value) {
        let place = match is_array {
            true => Place { base: id, index: vec![number.expr.clone()], lane: None },
            false => Place { base: id, index: Vec::new(), lane: Some(Box::new(number.expr.clone())) },
        };
        self.push(StmtKind::Assign(place, value.expr.clone()), move |thread| {
            let (number, value) = (number.position(thread), value.scalar(thread));
            thread.variables[id.index()][number] = value;
            Flow::Next
        });
    }

    /// Declares a register array and fills it.
    pub(super) fn array(&mut self, id: VarId, elements: usize, value: Value) {
        self.push(StmtKind::Declare(id), |_| Flow::Next);
        self.push(StmtKind::Fill(id, value.expr.clone()), move |thread| {
            thread.variables[id.index()] = vec![value.scalar(thread); elements];
            Flow::Next
        });
    }

    pub(super) fn branch(&mut self, condition: Value, then: Self, otherwise: Self) {
        let ((then, on_true), (otherwise, on_false)) = (then.into_parts(), otherwise.into_parts());
        self.push(StmtKind::If(condition.expr.clone(), then, otherwise), move |thread| {
            if condition.is_true(thread) { on_true(thread) } else { on_false(thread) }
        });
    }

    /// Stores into the buffer `number` of those that are written.
    pub(super) fn store(&mut self, id: VarId, number: usize, index: Value, value: Value) {
        let place = Place { base: id, index: vec![index.expr.clone()], lane: None };
        self.push(StmtKind::Assign(place, value.expr.clone()), move |thread| {
            let index = index.position(thread);
            let value = value.scalar(thread);
            thread.outputs[number][index] = value;
            Flow::Next
        });
    }
}

/// Runs a loop's body until it is left; whether it was not.
pub(super) fn goes_on(body: &Act, thread: &mut Thread<'_>) -> bool {
    body(thread) != Flow::Break
}
