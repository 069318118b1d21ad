//! Runs a kernel's IR one thread at a time: a tree walk, as plain as can be, sharing nothing with the interpreter.
//!
//! Knows what programs made by `random_programs` use: no shared memory, no operations across lanes, `u32` and `bool`.

#![allow(unreachable_pub, reason = "a module of a test")]

use greta_codegen::ir::{Argument, Block, Expr, ExprKind, Kernel, Literal, Op, Place, Stmt, StmtKind, VarId, VarKind};

/// How a block of statements ended.
enum Flow {
    Next,
    Break,
    Continue,
    Return(Option<Vec<u32>>),
}

/// One thread: where each variable's components are, and the components.
struct Thread<'a> {
    kernel: &'a Kernel,
    index: u32,
    block: u32,
    buffers: &'a mut [Vec<u32>],
    homes: Vec<Option<Home>>,
    cells: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Home {
    Cells(usize),
    Buffer(usize),
}

/// Runs all threads of a one-dimensional grid, one after another.
pub fn run(kernel: &Kernel, grid: u32, buffers: &mut [Vec<u32>]) {
    for block in 0..grid {
        for index in 0..kernel.block[0].value {
            let homes = vec![None; kernel.vars.len()];
            let mut thread = Thread { kernel, index, block, buffers, homes, cells: Vec::new() };
            for (position, parameter) in kernel.params.iter().enumerate() {
                thread.homes[parameter.index()] = Some(Home::Buffer(position));
            }
            thread.block(&kernel.body);
        }
    }
}

fn bits(literal: Literal) -> u32 {
    u32::try_from(literal.bits()).expect("a word")
}

impl Thread<'_> {
    fn block(&mut self, block: &Block) -> Flow {
        for statement in block {
            match self.statement(statement) {
                Flow::Next => {}
                flow => return flow,
            }
        }
        Flow::Next
    }

    fn declare(&mut self, id: VarId) -> usize {
        let var = &self.kernel.vars[id.index()];
        let elements: u32 = match &var.kind {
            VarKind::Register(extents) => extents.iter().map(|extent| extent.value).product(),
            _ => 1,
        };
        let first = self.cells.len();
        self.cells.resize(first + elements as usize * usize::from(var.ty.lanes), 0);
        self.homes[id.index()] = Some(Home::Cells(first));
        first
    }

    fn set(&mut self, first: usize, value: &[u32]) {
        self.cells[first..first + value.len()].copy_from_slice(value);
    }

    fn statement(&mut self, statement: &Stmt) -> Flow {
        match &statement.kind {
            StmtKind::Let(id, value) => {
                let value = value.as_ref().map(|value| self.eval(value));
                let first = self.declare(*id);
                if let Some(value) = value {
                    self.set(first, &value);
                }
            }
            StmtKind::Declare(id) => {
                self.declare(*id);
            }
            StmtKind::Table(..) => unreachable!("no random program has tables"),
            StmtKind::Fill(id, value) => {
                let value = self.eval(value);
                let Some(Home::Cells(first)) = self.homes[id.index()] else { panic!("fill of a buffer") };
                let VarKind::Register(extents) = &self.kernel.vars[id.index()].kind else { panic!("fill of a value") };
                let elements: u32 = extents.iter().map(|extent| extent.value).product();
                for element in 0..elements as usize {
                    self.set(first + element * value.len(), &value);
                }
            }
            StmtKind::Assign(place, value) => {
                let value = self.eval(value);
                let (home, offset) = self.place(place);
                match home {
                    Home::Cells(first) => self.set(first + offset, &value),
                    Home::Buffer(buffer) => {
                        self.buffers[buffer][offset..offset + value.len()].copy_from_slice(&value);
                    }
                }
            }
            StmtKind::Print(_) => panic!("random programs print nothing"),
            StmtKind::Eval(value) => {
                self.eval(value);
            }
            StmtKind::If(condition, then, otherwise) => {
                return if self.eval(condition)[0] != 0 { self.block(then) } else { self.block(otherwise) };
            }
            StmtKind::For { counter, start, end, includes_end, step, body, .. } => {
                let [start, end, step] = [start, end, step].map(|bound| self.eval(bound)[0]);
                let mut now = start;
                let past = end + u32::from(*includes_end);
                while now < past {
                    let first = self.declare(*counter);
                    self.set(first, &[now]);
                    match self.block(body) {
                        Flow::Break => break,
                        Flow::Return(value) => return Flow::Return(value),
                        Flow::Next | Flow::Continue => now += step,
                    }
                }
            }
            StmtKind::While(before, condition, body) => loop {
                self.block(before);
                if self.eval(condition)[0] == 0 {
                    break;
                }
                match self.block(body) {
                    Flow::Break => break,
                    Flow::Return(value) => return Flow::Return(value),
                    Flow::Next | Flow::Continue => {}
                }
            },
            StmtKind::Loop(body) => loop {
                match self.block(body) {
                    Flow::Break => break,
                    Flow::Return(value) => return Flow::Return(value),
                    Flow::Next | Flow::Continue => {}
                }
            },
            StmtKind::Break => return Flow::Break,
            StmtKind::Continue => return Flow::Continue,
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|value| self.eval(value));
                return Flow::Return(value);
            }
        }
        Flow::Next
    }

    /// Where a place is, and its first component there.
    fn place(&mut self, place: &Place) -> (Home, usize) {
        let var = &self.kernel.vars[place.base.index()];
        let extents: Vec<u32> = match &var.kind {
            VarKind::Register(extents) => extents.iter().map(|extent| extent.value).collect(),
            _ => vec![u32::MAX; place.index.len()],
        };
        let mut offset = 0;
        for (index, extent) in place.index.iter().zip(extents) {
            offset = offset * extent as usize + self.eval(index)[0] as usize;
        }
        offset *= usize::from(var.ty.lanes);
        if let Some(lane) = &place.lane {
            offset += self.eval(lane)[0] as usize;
        }
        (self.homes[place.base.index()].expect("a variable is declared before it is used"), offset)
    }

    fn eval(&mut self, expression: &Expr) -> Vec<u32> {
        let lanes = usize::from(expression.ty.lanes);
        match &expression.kind {
            ExprKind::Literal(value) => vec![bits(*value)],
            ExprKind::Constant(id) => vec![bits(self.kernel.constants[id.index()].value)],
            ExprKind::Var(id) => {
                let Some(Home::Cells(first)) = self.homes[id.index()] else { panic!("value of a buffer") };
                self.cells[first..first + lanes].to_vec()
            }
            ExprKind::Load(place) => match self.place(place) {
                (Home::Cells(first), offset) => self.cells[first + offset..first + offset + lanes].to_vec(),
                (Home::Buffer(buffer), offset) => self.buffers[buffer][offset..offset + lanes].to_vec(),
            },
            ExprKind::Op(op, operands) => {
                let operands: Vec<Vec<u32>> = operands.iter().map(|operand| self.eval(operand)).collect();
                (0..lanes).map(|lane| self.apply(*op, &operands, lane)).collect()
            }
            ExprKind::And(lhs, rhs) => {
                if self.eval(lhs)[0] != 0 {
                    self.eval(rhs)
                } else {
                    vec![0]
                }
            }
            ExprKind::Or(lhs, rhs) => {
                if self.eval(lhs)[0] != 0 {
                    vec![1]
                } else {
                    self.eval(rhs)
                }
            }
            ExprKind::Select(condition, then, otherwise) => {
                if self.eval(condition)[0] != 0 {
                    self.eval(then)
                } else {
                    self.eval(otherwise)
                }
            }
            ExprKind::Cast(operand) => self.eval(operand),
            ExprKind::Vector(elements) => elements.iter().map(|element| self.eval(element)[0]).collect(),
            ExprKind::Splat(operand) => vec![self.eval(operand)[0]; lanes],
            ExprKind::Lane(vector, lane) => {
                let vector = self.eval(vector);
                vec![vector[self.eval(lane)[0] as usize]]
            }
            ExprKind::Call(id, arguments) => self.call(*id, arguments),
            ExprKind::Atomic(..) => panic!("random programs have no atomic operations"),
        }
    }

    fn call(&mut self, id: greta_codegen::ir::FunctionId, arguments: &[Argument]) -> Vec<u32> {
        let kernel = self.kernel;
        let function = &kernel.functions[id.index()];
        let homes: Vec<Option<Home>> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Object(var) => self.homes[var.index()],
                Argument::Value(value) => {
                    let value = self.eval(value);
                    let first = self.cells.len();
                    self.cells.extend(value);
                    Some(Home::Cells(first))
                }
            })
            .collect();
        for (parameter, home) in function.params.iter().zip(homes) {
            self.homes[parameter.index()] = home;
        }
        match self.block(&function.body) {
            Flow::Return(Some(value)) => value,
            _ => vec![0],
        }
    }

    fn apply(&self, op: Op, operands: &[Vec<u32>], lane: usize) -> u32 {
        let at = |operand: usize| operands[operand][lane];
        match op {
            Op::ThreadIdxX => self.index,
            Op::BlockIdxX => self.block,
            Op::Add => at(0).wrapping_add(at(1)),
            Op::Sub => at(0).wrapping_sub(at(1)),
            Op::Mul => at(0).wrapping_mul(at(1)),
            Op::Div => at(0) / at(1),
            Op::Rem => at(0) % at(1),
            Op::BitXor => at(0) ^ at(1),
            Op::Lt => u32::from(at(0) < at(1)),
            Op::Eq => u32::from(at(0) == at(1)),
            Op::Not => 1 - at(0),
            _ => panic!("{op:?} is not used by random programs"),
        }
    }
}
