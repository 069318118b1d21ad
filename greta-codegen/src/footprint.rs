//! What an expression or statement touches: which variables and objects it reads and writes, whether it looks at other
//! lanes, waits, fails or jumps.
//!
//! Two pieces of code whose footprints [commute](Footprint::commutes_with) may change places. Distinct variables never
//! overlap: launch checks that of buffers, the verifier of what is passed to a device function. Knows nothing of values.

use std::collections::BTreeSet;

use crate::ir::{Argument, Block, Expr, ExprKind, FunctionId, Kernel, Op, Place, Stmt, StmtKind, Var, VarId, VarKind};
use crate::ops::Effects;

/// What a piece of code touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Footprint {
    /// `Mut` variables and objects that it reads.
    pub reads: BTreeSet<VarId>,
    /// `Mut` variables and objects that it writes.
    pub writes: BTreeSet<VarId>,
    /// Whether it touches memory that other threads see.
    pub memory: bool,
    /// Whether it reads other lanes of the wave.
    pub wave: bool,
    /// Whether it waits for other threads, of the block or of the launch, or is a hint that nothing moves past.
    pub barrier: bool,
    /// Whether it can be an error where it would not be run: a memory access, an integer division.
    pub faults: bool,
    /// Whether it divides integers: where the divisor is zero that is an error, also of a quotient that nobody uses.
    pub divides: bool,
    /// Whether it prints or asserts: its author sees when that happens, and whether.
    pub reports: bool,
    /// Whether it has control flow of its own.
    pub control: bool,
    /// Whether it may leave the statements around it.
    pub jumps: bool,
}

impl Footprint {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.reads.extend(&other.reads);
        self.writes.extend(&other.writes);
        self.memory |= other.memory;
        self.wave |= other.wave;
        self.barrier |= other.barrier;
        self.faults |= other.faults;
        self.divides |= other.divides;
        self.reports |= other.reports;
        self.control |= other.control;
        self.jumps |= other.jumps;
    }

    /// Whether running the two in either order means the same.
    #[must_use]
    pub fn commutes_with(&self, other: &Self) -> bool {
        self.admits(other) && other.admits(self)
    }

    /// Half of [`Footprint::commutes_with`]: that nothing here stands in the other's way.
    fn admits(&self, other: &Self) -> bool {
        let overwrites = self.writes.iter().any(|object| other.reads.contains(object) || other.writes.contains(object));
        let separates = self.barrier && (other.memory || other.wave || other.barrier);
        let diverts = (self.control || self.jumps) && other.wave;
        let skips = self.jumps && (other.faults || other.jumps || !other.writes.is_empty());
        // What an assertion guards fails after it, if at all.
        let precedes = self.reports && (other.faults || other.reports || other.barrier);
        !(overwrites || separates || diverts || skips || precedes)
    }

    /// Whether its value depends on nothing that changes, and computing it anywhere does no harm.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it does something besides computing a value.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        !self.writes.is_empty() || self.barrier || self.jumps || self.reports
    }

    /// Whether it is run even if nobody uses its value: for its effect, or because it may be an error. A load that nobody
    /// uses is none.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.has_effect() || self.divides
    }
}

/// Computes footprints in one kernel.
#[derive(Debug)]
pub struct Footprints<'a> {
    vars: &'a [Var],
    functions: Vec<(Vec<VarId>, Footprint)>,
}

/// What the device functions of a kernel do.
#[derive(Debug)]
pub struct FunctionFootprints(Vec<(Vec<VarId>, Footprint)>);

impl<'a> Footprints<'a> {
    /// Of a kernel; its functions call only functions before them.
    #[must_use]
    pub fn of(kernel: &'a Kernel) -> Self {
        let mut all = Self { vars: &kernel.vars, functions: Vec::new() };
        for function in &kernel.functions {
            let mut footprint = all.block(&function.body);
            footprint.jumps = false;
            if function.foreign.is_some() {
                footprint.add(&all.foreign(&function.params));
            }
            all.functions.push((function.params.clone(), footprint));
        }
        all
    }

    /// Of statements in another language: they may do anything with what they are given, and stay where they are.
    fn foreign(&self, params: &[VarId]) -> Footprint {
        let is_object = |param: &VarId| !matches!(self.vars[param.index()].kind, VarKind::Let | VarKind::Scalar);
        let is_read_only =
            |param: &VarId| matches!(self.vars[param.index()].kind, VarKind::Global { mutable: false, .. });
        let reads: BTreeSet<VarId> = params.iter().copied().filter(is_object).collect();
        let writes = reads.iter().copied().filter(|param| !is_read_only(param)).collect();
        Footprint {
            reads,
            writes,
            memory: true,
            wave: true,
            barrier: true,
            faults: true,
            divides: false,
            reports: true,
            control: false,
            jumps: false,
        }
    }

    /// What the device functions do, to be kept while the kernel is rewritten.
    #[must_use]
    pub fn into_functions(self) -> FunctionFootprints {
        FunctionFootprints(self.functions)
    }

    /// Of a kernel whose functions are known already.
    #[must_use]
    pub fn with_functions(vars: &'a [Var], functions: FunctionFootprints) -> Self {
        Self { vars, functions: functions.0 }
    }

    /// What a device function does to its own parameters and variables.
    #[must_use]
    pub fn function(&self, function: FunctionId) -> &Footprint {
        &self.functions[function.index()].1
    }

    /// The same, by the function's position.
    #[must_use]
    pub fn function_at(&self, index: usize) -> &Footprint {
        &self.functions[index].1
    }

    /// Of an expression with all its operands.
    #[must_use]
    pub fn expr(&self, expr: &Expr) -> Footprint {
        let mut footprint = Footprint::default();
        self.add_expr(expr, &mut footprint);
        footprint
    }

    /// Of an expression's operands: of what comes before its own effect.
    #[must_use]
    pub fn operands(&self, expr: &Expr) -> Footprint {
        let mut footprint = Footprint::default();
        self.add_operands(expr, &mut footprint);
        footprint
    }

    fn add_expr(&self, expr: &Expr, footprint: &mut Footprint) {
        self.add_operands(expr, footprint);
        match &expr.kind {
            ExprKind::Var(var) if self.vars[var.index()].kind != VarKind::Mut => {}
            ExprKind::Literal(_) | ExprKind::Constant(_) => {}
            _ => footprint.add(&self.root(expr)),
        }
    }

    fn add_operands(&self, expr: &Expr, footprint: &mut Footprint) {
        if let ExprKind::Op(op, operands) = &expr.kind
            && op.names_element()
        {
            // Only the index of what is named is computed.
            return operands.iter().for_each(|element| self.add_operands(element, footprint));
        }
        for operand in expr.operands() {
            self.add_expr(operand, footprint);
        }
    }

    /// Of the topmost operation of an expression alone.
    #[must_use]
    pub fn root(&self, expr: &Expr) -> Footprint {
        match &expr.kind {
            ExprKind::Var(var) => self.read_var(*var),
            ExprKind::Load(place) => self.read(place),
            ExprKind::Atomic(_, place, _) => self.change(place),
            ExprKind::Op(Op::GridBarrier, operands) => self.grid_barrier(operands),
            ExprKind::Op(op, operands) => op_footprint(*op, operands),
            ExprKind::Call(function, arguments) => self.call(*function, arguments),
            _ => Footprint::default(),
        }
    }

    fn read_var(&self, var: VarId) -> Footprint {
        let mut footprint = Footprint::default();
        if self.vars[var.index()].kind == VarKind::Mut {
            footprint.reads.insert(var);
        }
        footprint
    }

    /// Of the load alone, without its indices.
    fn read(&self, place: &Place) -> Footprint {
        let mut footprint = Footprint { faults: true, ..self.touch(place.base) };
        footprint.reads.insert(place.base);
        footprint
    }

    /// Of the store alone, without its indices.
    #[must_use]
    pub fn write(&self, place: &Place) -> Footprint {
        let mut footprint = Footprint { faults: self.is_memory(place.base), ..self.touch(place.base) };
        footprint.writes.insert(place.base);
        footprint
    }

    /// Of reading and storing in one step.
    fn change(&self, place: &Place) -> Footprint {
        let mut footprint = self.read(place);
        footprint.add(&self.write(place));
        footprint
    }

    /// Of arriving, which is counted in memory, and waiting.
    fn grid_barrier(&self, operands: &[Expr]) -> Footprint {
        let mut footprint = op_footprint(Op::GridBarrier, operands);
        for operand in operands {
            if let ExprKind::Load(arrivals) = &operand.kind {
                footprint.add(&self.change(arrivals));
            }
        }
        footprint
    }

    fn touch(&self, object: VarId) -> Footprint {
        let kind = &self.vars[object.index()].kind;
        let memory = kind.is_shared() || matches!(kind, VarKind::Global { .. });
        Footprint { memory, ..Footprint::default() }
    }

    fn is_memory(&self, object: VarId) -> bool {
        self.vars[object.index()].kind.is_memory()
    }

    fn call(&self, function: FunctionId, arguments: &[Argument]) -> Footprint {
        let Some((params, inner)) = self.functions.get(function.index()) else {
            // A call of what does not exist yet is reported by the verifier; until then it touches its arguments.
            let objects: BTreeSet<VarId> = arguments.iter().filter_map(Argument::opt_object).collect();
            return Footprint {
                reads: objects.clone(),
                writes: objects,
                barrier: true,
                faults: true,
                ..Footprint::default()
            };
        };
        let mut footprint =
            Footprint { reads: BTreeSet::new(), writes: BTreeSet::new(), control: false, ..inner.clone() };
        for (param, argument) in params.iter().zip(arguments) {
            if let Argument::Object(object) = argument {
                if inner.reads.contains(param) {
                    footprint.reads.insert(*object);
                }
                if inner.writes.contains(param) {
                    footprint.writes.insert(*object);
                }
            }
        }
        // A function's own shared arrays outlive the call: two calls of it meet in them.
        for object in inner.reads.union(&inner.writes) {
            if self.vars[object.index()].kind.is_shared() && !params.contains(object) {
                footprint.reads.insert(*object);
                footprint.writes.insert(*object);
            }
        }
        footprint
    }

    /// Of a statement with its blocks.
    #[must_use]
    pub fn stmt(&self, stmt: &Stmt) -> Footprint {
        let mut footprint = Footprint::default();
        self.add_stmt(stmt, &mut footprint);
        footprint
    }

    /// Of a statement without its blocks: its expressions and what it stores.
    #[must_use]
    pub fn head(&self, stmt: &Stmt) -> Footprint {
        let mut footprint = Footprint::default();
        self.add_head(stmt, &mut footprint);
        footprint
    }

    /// Of statements one after another.
    #[must_use]
    pub fn block(&self, block: &Block) -> Footprint {
        let mut footprint = Footprint::default();
        self.add_block(block, &mut footprint);
        footprint
    }

    fn add_block(&self, block: &Block, footprint: &mut Footprint) {
        for stmt in block {
            self.add_stmt(stmt, footprint);
        }
    }

    fn add_stmt(&self, stmt: &Stmt, footprint: &mut Footprint) {
        self.add_head(stmt, footprint);
        for block in stmt.blocks() {
            self.add_block(block, footprint);
        }
    }

    fn add_head(&self, stmt: &Stmt, footprint: &mut Footprint) {
        for expr in stmt.exprs() {
            self.add_expr(expr, footprint);
        }
        match &stmt.kind {
            StmtKind::Let(var, _) | StmtKind::Fill(var, _) | StmtKind::Table(var, _) | StmtKind::Declare(var) => {
                footprint.writes.insert(*var);
            }
            StmtKind::Assign(place, _) => footprint.add(&self.write(place)),
            StmtKind::Eval(_) => {}
            StmtKind::Print(_) => {
                footprint.faults = true;
                footprint.reports = true;
            }
            StmtKind::If(..) => footprint.control = true,
            StmtKind::For { .. } | StmtKind::While(..) | StmtKind::Loop(_) => {
                footprint.control = true;
                footprint.faults = true;
            }
            StmtKind::Break | StmtKind::Continue | StmtKind::Return(_) => footprint.jumps = true,
        }
    }
}

fn op_footprint(op: Op, operands: &[Expr]) -> Footprint {
    // The verifier refuses a divisor that is known to be zero.
    let known = |operand: &Expr| matches!(operand.kind, ExprKind::Literal(_) | ExprKind::Constant(_));
    let divides = op.divides()
        && operands.iter().any(|divisor| divisor.ty.scalar.is_integer())
        && !operands.last().is_some_and(known);
    let effects = op.row().effects;
    Footprint {
        faults: divides,
        divides,
        wave: effects == Effects::Wave,
        barrier: matches!(effects, Effects::Barrier | Effects::Grid | Effects::Hint),
        ..Footprint::default()
    }
}
