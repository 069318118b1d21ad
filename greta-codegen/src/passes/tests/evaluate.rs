//! Evaluates kernels of `u32` and `bool` scalars in one thread, in Rust's order or in one that C++ may choose.
//!
//! What one thread cannot see is made visible: at a barrier the rest of the block changes all shared and global memory,
//! and an operation across lanes gives a value that depends on which way control flow came here.

use std::collections::BTreeMap;

use crate::ir::{
    Argument, Block, Expr, ExprKind, Function, Kernel, Literal, Op, Place, Stmt, StmtKind, VarId, VarKind,
};

/// In which order what the language leaves open is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Operands left to right, the bounds of a loop once: what the IR means.
    Rust,
    /// Operands left to right or right to left, bounds each time: what C++ may do.
    Cpp {
        /// Right to left.
        reversed: bool,
    },
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// An index outside of an array, or a division by zero.
    Fault,
    /// Too many steps.
    Endless,
}

/// What can be seen of a run from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    memory: BTreeMap<VarId, Vec<u32>>,
    barriers: u32,
}

enum Flow {
    Next,
    Break,
    Continue,
    Return(u32),
}

/// Elements of every buffer.
pub(super) const LENGTH: usize = 8;

/// Runs a kernel; parameters and memory start with values made from their numbers.
pub(super) fn evaluate(kernel: &Kernel, order: Order) -> Result<Outcome, Stopped> {
    let mut run = Run {
        kernel,
        order,
        values: BTreeMap::new(),
        aliases: BTreeMap::new(),
        memory: BTreeMap::new(),
        barriers: 0,
        path: Vec::new(),
        steps: 0,
    };
    for &param in &kernel.params {
        match kernel.var(param).kind {
            VarKind::Global { .. } => {
                let values = (0..LENGTH).map(|index| mix(&[param.0, u32::try_from(index).expect("small")]) % 16);
                run.memory.insert(param, values.collect());
            }
            _ => {
                run.values.insert(param, mix(&[param.0]) % 16);
            }
        }
    }
    run.block(&kernel.body)?;
    let globals = run.memory.into_iter().filter(|(id, _)| kernel.params.contains(id)).collect();
    Ok(Outcome { memory: globals, barriers: run.barriers })
}

fn mix(values: &[u32]) -> u32 {
    values.iter().fold(0x9e37_79b9, |hash, value| (hash ^ value).wrapping_mul(0x85eb_ca6b).rotate_left(13))
}

struct Run<'a> {
    kernel: &'a Kernel,
    order: Order,
    values: BTreeMap<VarId, u32>,
    /// What a parameter passed by reference stands for.
    aliases: BTreeMap<VarId, VarId>,
    memory: BTreeMap<VarId, Vec<u32>>,
    barriers: u32,
    path: Vec<u32>,
    steps: u32,
}

impl Run<'_> {
    fn resolve(&self, var: VarId) -> VarId {
        self.aliases.get(&var).map_or(var, |&var| self.resolve(var))
    }

    fn block(&mut self, block: &Block) -> Result<Flow, Stopped> {
        for stmt in block {
            match self.stmt(stmt)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn inside(&mut self, mark: u32, block: &Block) -> Result<Flow, Stopped> {
        self.path.push(mark);
        let flow = self.block(block);
        self.path.pop();
        flow
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<Flow, Stopped> {
        self.steps += 1;
        if self.steps > 3000 {
            return Err(Stopped::Endless);
        }
        match &stmt.kind {
            StmtKind::Let(var, value) => {
                let value = value.as_ref().map_or(Ok(0), |value| self.expr(value))?;
                self.values.insert(*var, value);
            }
            StmtKind::Declare(var) => {
                let extents = self.kernel.var(*var).kind.opt_extents().expect("an array");
                // Shared arrays keep what an earlier call left in them.
                let length = extents[0].value as usize;
                self.memory.entry(*var).or_insert_with(|| vec![0; length]);
            }
            StmtKind::Table(..) => unreachable!("no random program has tables"),
            StmtKind::Fill(var, value) => {
                let value = self.expr(value)?;
                self.memory.get_mut(var).expect("declared").fill(value);
            }
            StmtKind::Assign(place, value) => self.assign(place, value)?,
            StmtKind::Print(_) => unreachable!("nothing is printed in these tests"),
            StmtKind::Eval(value) => {
                self.expr(value)?;
            }
            StmtKind::If(condition, then, otherwise) => {
                let taken = self.expr(condition)? != 0;
                let flow = if taken { self.inside(1, then)? } else { self.inside(2, otherwise)? };
                self.pass(stmt);
                return Ok(flow);
            }
            StmtKind::For { counter, start, end, step, body, .. } => {
                return self.for_loop(stmt, *counter, [start, end, step], body);
            }
            StmtKind::While(before, condition, body) => return self.while_loop(stmt, before, condition, body),
            StmtKind::Loop(body) => {
                let always = Expr::literal(Literal::Bool(true), stmt.location);
                return self.while_loop(stmt, &Vec::new(), &always, body);
            }
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(0), |value| self.expr(value))?;
                return Ok(Flow::Return(value));
            }
        }
        Ok(Flow::Next)
    }

    /// After a statement that lanes may have left by a jump, other lanes are here than before.
    fn pass(&mut self, stmt: &Stmt) {
        let mut jumps = false;
        stmt.walk(&mut |stmt| {
            jumps |= matches!(stmt.kind, StmtKind::Break | StmtKind::Continue | StmtKind::Return(_));
        });
        if jumps {
            self.path.push(99);
        }
    }

    fn for_loop(&mut self, stmt: &Stmt, counter: VarId, bounds: [&Expr; 3], body: &Block) -> Result<Flow, Stopped> {
        let [start, end, step] = bounds;
        let depth = self.path.len();
        let mut value = self.expr(start)?;
        let mut limits = (self.expr(end)?, self.expr(step)?);
        let mut iteration = 0;
        while value < limits.0 {
            self.values.insert(counter, value);
            iteration += 1;
            let flow = self.inside(100 + iteration, body)?;
            self.path.truncate(depth);
            match flow {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            if self.order != Order::Rust {
                limits = (limits.0, self.expr(step)?);
            }
            value += limits.1;
            if self.order != Order::Rust {
                limits = (self.expr(end)?, limits.1);
            }
        }
        self.pass(stmt);
        Ok(Flow::Next)
    }

    fn while_loop(&mut self, stmt: &Stmt, before: &Block, condition: &Expr, body: &Block) -> Result<Flow, Stopped> {
        let depth = self.path.len();
        let mut iteration = 0;
        loop {
            iteration += 1;
            self.path.push(1000 + iteration);
            self.block(before)?;
            let holds = self.expr(condition)? != 0;
            let flow = if holds { self.block(body)? } else { Flow::Break };
            self.path.truncate(depth);
            match flow {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            self.steps += 1;
            if self.steps > 3000 {
                return Err(Stopped::Endless);
            }
        }
        self.pass(stmt);
        Ok(Flow::Next)
    }

    fn assign(&mut self, place: &Place, value: &Expr) -> Result<(), Stopped> {
        // C++17 evaluates the value first.
        let base = self.resolve(place.base);
        let (index, value) = if self.order == Order::Rust {
            let index = self.index(place)?;
            (index, self.expr(value)?)
        } else {
            let value = self.expr(value)?;
            (self.index(place)?, value)
        };
        match index {
            Some(index) => *self.memory.get_mut(&base).expect("declared").get_mut(index).ok_or(Stopped::Fault)? = value,
            None => {
                self.values.insert(base, value);
            }
        }
        Ok(())
    }

    fn index(&mut self, place: &Place) -> Result<Option<usize>, Stopped> {
        match place.index.as_slice() {
            [] => Ok(None),
            [index] => Ok(Some(self.expr(index)? as usize)),
            _ => unreachable!("arrays of these tests have one dimension"),
        }
    }

    fn all(&mut self, operands: &[&Expr]) -> Result<Vec<u32>, Stopped> {
        if self.order == (Order::Cpp { reversed: true }) {
            let mut values = operands.iter().rev().map(|operand| self.expr(operand)).collect::<Result<Vec<_>, _>>()?;
            values.reverse();
            Ok(values)
        } else {
            operands.iter().map(|operand| self.expr(operand)).collect()
        }
    }

    fn expr(&mut self, expr: &Expr) -> Result<u32, Stopped> {
        Ok(match &expr.kind {
            ExprKind::Literal(Literal::U32(value)) => *value,
            ExprKind::Literal(Literal::Bool(value)) => u32::from(*value),
            ExprKind::Var(var) => self.values[&self.resolve(*var)],
            ExprKind::Load(place) => {
                let base = self.resolve(place.base);
                let index = self.index(place)?.expect("an index");
                *self.memory[&base].get(index).ok_or(Stopped::Fault)?
            }
            ExprKind::Op(op, operands) => {
                let operands = self.all(&operands.iter().collect::<Vec<_>>())?;
                self.op(*op, &operands)?
            }
            ExprKind::And(lhs, rhs) => u32::from(self.expr(lhs)? != 0 && self.conditional(3, rhs)? != 0),
            ExprKind::Or(lhs, rhs) => u32::from(self.expr(lhs)? != 0 || self.conditional(4, rhs)? != 0),
            ExprKind::Select(condition, then, otherwise) => {
                if self.expr(condition)? != 0 {
                    self.conditional(5, then)?
                } else {
                    self.conditional(6, otherwise)?
                }
            }
            ExprKind::Call(function, arguments) => self.call(self.kernel.function(*function), arguments)?,
            _ => unreachable!("expressions of these tests are scalars"),
        })
    }

    fn conditional(&mut self, mark: u32, expr: &Expr) -> Result<u32, Stopped> {
        self.path.push(mark);
        let value = self.expr(expr);
        self.path.pop();
        value
    }

    fn op(&mut self, op: Op, operands: &[u32]) -> Result<u32, Stopped> {
        Ok(match (op, operands) {
            (Op::Add, [a, b]) => a.wrapping_add(*b),
            (Op::Mul, [a, b]) => a.wrapping_mul(*b),
            (Op::BitXor, [a, b]) => a ^ b,
            (Op::BitAnd, [a, b]) => a & b,
            (Op::Rem, [a, b]) => a.checked_rem(*b).ok_or(Stopped::Fault)?,
            (Op::Lt, [a, b]) => u32::from(a < b),
            (Op::Not, [a]) => u32::from(*a == 0),
            (Op::ThreadIdxX, []) => 5,
            (Op::ShuffleXor, [a, b]) => mix(&[mix(&self.path), *a, *b]),
            (Op::Barrier, []) => {
                self.barriers += 1;
                for (id, memory) in &mut self.memory {
                    if !matches!(self.kernel.var(*id).kind, VarKind::Register(_)) {
                        memory.iter_mut().for_each(|value| *value = mix(&[*value, self.barriers]) % 16);
                    }
                }
                0
            }
            _ => unreachable!("{op:?} does not occur in these tests"),
        })
    }

    fn call(&mut self, function: &Function, arguments: &[Argument]) -> Result<u32, Stopped> {
        let values: Vec<&Expr> = arguments.iter().filter_map(Argument::opt_value).collect();
        let mut values = self.all(&values)?.into_iter();
        for (param, argument) in function.params.iter().zip(arguments) {
            match argument {
                Argument::Value(_) => {
                    self.values.insert(*param, values.next().expect("a value"));
                }
                Argument::Object(object) => {
                    let object = self.resolve(*object);
                    self.aliases.insert(*param, object);
                }
            }
        }
        match self.block(&function.body)? {
            Flow::Return(value) => Ok(value),
            _ => Ok(0),
        }
    }
}
