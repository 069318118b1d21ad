//! Which values are the same in all threads of a block or of the grid, and which code all of them reach.
//!
//! Follows values from where threads differ: positions in the block and in the grid, and data read at positions that
//! differ. A value is
//! [`Divergent`](Uniformity::Divergent) only if it is computed from a thread's position and nothing shows that the
//! difference goes away; what depends on data is [`Data`](Uniformity::Data) where threads read it at different places, and
//! else [`Unknown`](Uniformity::Unknown). An expression of positions and
//! compile-time values alone is evaluated for every thread of the block, so `thread_idx().x / 64` is known to be the
//! same in a wave and `thread_idx().x < BLOCK` to be the same in a block.
//!
//! A load at a uniform index is uniform: what threads disagree about there is a race, which the interpreter finds. Blocks
//! have shared arrays of their own, so a load of those is the same in a block at most.
//! Shuffles of what differs are unknown, since reductions are made of them. Device functions are followed at each call.

mod active;
mod positions;

use std::collections::BTreeSet;

use crate::ir::{
    Argument, Block, Expr, ExprKind, FunctionId, Kernel, Location, Op, Place, Stmt, StmtKind, VarId, VarKind,
};
use crate::ops::Effects;
use crate::target::Target;
use active::Active;
use positions::Positions;

/// How much threads agree about a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uniformity {
    /// The same in all threads of the grid.
    #[default]
    Uniform,
    /// The same in all threads of a block, and different between blocks.
    Block,
    /// The same in all lanes of a wave, and different between waves of a block.
    Wave,
    /// It depends on data.
    Unknown,
    /// It depends on data that threads read at different places.
    Data,
    /// Different between lanes of a wave.
    Divergent,
}

/// What threads disagree about on the way to a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// The first condition that threads of the grid may not agree about.
    pub grid: Option<Location>,
    /// The first condition that differs between threads of the block.
    pub block: Option<Location>,
    /// The first condition that differs between lanes of a wave.
    pub lane: Option<Location>,
    /// The first condition on data that lanes of a wave read at different places.
    pub data: Option<Location>,
    level: Uniformity,
}

/// An operation that needs several threads, and how control flow gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collective {
    /// A barrier or an operation across lanes.
    pub op: Op,
    /// Where it stands.
    pub location: Location,
    /// What threads disagree about on the way there.
    pub control: Control,
    /// Of a shuffle: a lane, and the lane that it reads and that is known not to take part.
    pub absent: Option<[u32; 2]>,
}

/// Finds every collective operation of a kernel that runs, with the control flow that leads to it.
#[must_use]
pub fn collectives(kernel: &Kernel, target: &Target) -> Vec<Collective> {
    let mut analysis = Analysis {
        kernel,
        positions: Positions::new(kernel, target),
        found: Vec::new(),
        returned: Uniformity::Uniform,
        active: None,
    };
    analysis.active = Some(vec![true; analysis.positions.threads as usize].into());
    let mut values = vec![Uniformity::Uniform; kernel.vars.len()];
    analysis.block(&kernel.body, &mut values, Control::default());
    analysis.found
}

impl Control {
    fn join(self, other: Self) -> Self {
        Self {
            grid: self.grid.or(other.grid),
            block: self.block.or(other.block),
            lane: self.lane.or(other.lane),
            data: self.data.or(other.data),
            level: self.level.max(other.level),
        }
    }

    fn under(self, condition: Uniformity, location: Location) -> Self {
        let grid = (condition > Uniformity::Uniform).then_some(location);
        let block = matches!(condition, Uniformity::Wave | Uniformity::Divergent).then_some(location);
        let lane = (condition == Uniformity::Divergent).then_some(location);
        let data = (condition == Uniformity::Data).then_some(location);
        self.join(Self { grid, block, lane, data, level: condition })
    }
}

/// What leaves a block before its end, and what threads disagree about in that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Exits {
    breaks: Control,
    continues: Control,
    returns: Control,
}

impl Exits {
    fn join(self, other: Self) -> Self {
        Self {
            breaks: self.breaks.join(other.breaks),
            continues: self.continues.join(other.continues),
            returns: self.returns.join(other.returns),
        }
    }

    fn all(self) -> Control {
        self.breaks.join(self.continues).join(self.returns)
    }
}

/// The uniformity of every variable at a point of the program.
type Values = Vec<Uniformity>;

struct Analysis<'a> {
    kernel: &'a Kernel,
    positions: Positions<'a>,
    found: Vec<Collective>,
    /// Of what the function that is followed returns.
    returned: Uniformity,
    active: Active,
}

impl<'a> Analysis<'a> {
    fn block(&mut self, block: &'a Block, values: &mut Values, control: Control) -> Exits {
        let mut exits = Exits::default();
        for stmt in block {
            // Who is still here after some have left depends on what made them leave.
            exits = exits.join(self.stmt(stmt, values, control.join(exits.all())));
        }
        exits
    }

    fn stmt(&mut self, stmt: &'a Stmt, values: &mut Values, control: Control) -> Exits {
        match &stmt.kind {
            StmtKind::Let(var, value) => {
                let level = value.as_ref().map_or(Uniformity::Uniform, |value| self.expr(value, values, control));
                values[var.index()] = level;
            }
            StmtKind::Declare(var) | StmtKind::Table(var, _) => values[var.index()] = Uniformity::Uniform,
            StmtKind::Fill(var, value) => values[var.index()] = self.expr(value, values, control),
            StmtKind::Assign(place, value) => self.assign(place, value, values, control),
            StmtKind::Eval(value) => {
                self.expr(value, values, control);
            }
            StmtKind::Print(message) => message.values.iter().for_each(|value| {
                self.expr(value, values, control);
            }),
            StmtKind::If(condition, then, otherwise) => {
                return self.branch(condition, then, otherwise, stmt.location, values, control);
            }
            StmtKind::For { counter, start, end, includes_end, step, body, .. } => {
                let levels = [start, end, step].map(|bound| self.expr(bound, values, control));
                let trips = self.trips([start, end, step], *includes_end, levels);
                values[counter.index()] = levels[0].max(levels[2]);
                return self.repeat(None, body, (trips, stmt.location), values, control);
            }
            StmtKind::While(before, condition, body) => {
                let test = Some((before, condition));
                return self.repeat(test, body, (Uniformity::Uniform, stmt.location), values, control);
            }
            StmtKind::Loop(body) => {
                return self.repeat(None, body, (Uniformity::Uniform, stmt.location), values, control);
            }
            StmtKind::Break => {
                self.leave();
                return Exits { breaks: control, ..Exits::default() };
            }
            StmtKind::Continue => {
                self.leave();
                return Exits { continues: control, ..Exits::default() };
            }
            StmtKind::Return(value) => {
                let level = value.as_ref().map_or(Uniformity::Uniform, |value| self.expr(value, values, control));
                self.returned = self.returned.max(level).max(control.level);
                self.leave();
                return Exits { returns: control, ..Exits::default() };
            }
        }
        Exits::default()
    }

    /// How much threads agree about the number of iterations of a loop, given how much they agree about its bounds.
    fn trips(&mut self, bounds: [&'a Expr; 3], includes_end: bool, levels: [Uniformity; 3]) -> Uniformity {
        let level = levels.into_iter().max().unwrap_or_default();
        match level {
            Uniformity::Uniform => level,
            _ => self.positions.opt_trips(bounds, includes_end).unwrap_or(level),
        }
    }

    fn assign(&mut self, place: &'a Place, value: &'a Expr, values: &mut Values, control: Control) {
        let mut level = self.expr(value, values, control);
        for index in place.exprs() {
            level = level.max(self.expr(index, values, control));
        }
        let whole = place.index.is_empty() && place.lane.is_none();
        let before = values[place.base.index()];
        values[place.base.index()] = if whole { level } else { level.max(before) };
    }

    fn branch(
        &mut self,
        condition: &'a Expr,
        then: &'a Block,
        otherwise: &'a Block,
        location: Location,
        values: &mut Values,
        control: Control,
    ) -> Exits {
        let level = self.expr(condition, values, control);
        let inside = control.under(level, location);
        let mut other = values.clone();
        let fork = self.fork(condition, level);
        self.take(&fork, true);
        let exits = self.block(then, values, inside);
        let after_then = self.active.take();
        self.take(&fork, false);
        let exits = exits.join(self.block(otherwise, &mut other, inside));
        self.meet(fork, after_then, [then, otherwise]);
        join_values(values, &other);
        for var in assigned([then, otherwise]) {
            values[var.index()] = values[var.index()].max(level);
        }
        exits
    }

    /// Follows a loop until nothing changes. `trips` says how much threads agree about the number of iterations.
    fn repeat(
        &mut self,
        test: Option<(&'a Block, &'a Expr)>,
        body: &'a Block,
        trips: (Uniformity, Location),
        values: &mut Values,
        control: Control,
    ) -> Exits {
        let (mut trips, location) = trips;
        let mut left = Control::default();
        let active = self.active.take();
        let changed = assigned([body]);
        loop {
            self.active = None;
            let start = values.clone();
            let inside = control.under(trips, location).join(left);
            let mut exits = Exits::default();
            if let Some((before, condition)) = test {
                exits = self.block(before, values, inside);
                trips = trips.max(self.expr(condition, values, inside));
            }
            let inside = inside.under(trips, location);
            exits = exits.join(self.block(body, values, inside));
            let skipped = exits.all().level.max(trips);
            for var in &changed {
                values[var.index()] = values[var.index()].max(skipped);
            }
            join_values(values, &start);
            let gone = left.join(exits.breaks).join(exits.returns);
            if *values == start && gone == left && control.under(trips, location).join(left) == inside {
                self.end_loop(active, body);
                return Exits { returns: exits.returns, ..Exits::default() };
            }
            left = gone;
        }
    }

    fn expr(&mut self, expr: &'a Expr, values: &mut Values, control: Control) -> Uniformity {
        let mut level = Uniformity::Uniform;
        let active = self.active.clone();
        if matches!(expr.kind, ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Select(..)) {
            // Some operands are evaluated only where they are needed.
            self.active = None;
        }
        for operand in expr.operands() {
            level = level.max(self.expr(operand, values, control));
        }
        self.active = active;
        let level = match &expr.kind {
            ExprKind::Var(var) => values[var.index()],
            ExprKind::Load(place) => match self.kernel.var(place.base).kind {
                VarKind::Register(_) => level.max(values[place.base.index()]),
                ref kind => match level {
                    // It may change between two threads' reads.
                    Uniformity::Uniform | Uniformity::Block if is_volatile(kind) => Uniformity::Unknown,
                    Uniformity::Uniform if kind.is_shared() => Uniformity::Block,
                    Uniformity::Uniform | Uniformity::Block => level,
                    Uniformity::Wave | Uniformity::Unknown => Uniformity::Unknown,
                    Uniformity::Data | Uniformity::Divergent => Uniformity::Data,
                },
            },
            // Each thread sees what the threads before it left.
            ExprKind::Atomic(..) => level.max(Uniformity::Data),
            ExprKind::Op(op, operands) => self.op(*op, operands, level, expr.location, control),
            ExprKind::Call(function, arguments) => self.call(*function, arguments, values, control),
            _ => level,
        };
        let refined = level == Uniformity::Divergent && may_agree(expr);
        if refined { self.positions.opt_level(expr).unwrap_or(level) } else { level }
    }

    fn op(&mut self, op: Op, exprs: &[Expr], operands: Uniformity, location: Location, control: Control) -> Uniformity {
        let effects = op.row().effects;
        if op.row().is_collective() {
            let collective = Collective { op, location, control, absent: self.opt_absent(op, exprs) };
            if !self.found.contains(&collective) {
                self.found.push(collective);
            }
        }
        match op {
            Op::ThreadIdxX | Op::ThreadIdxY | Op::ThreadIdxZ | Op::LaneId | Op::WaveId => Uniformity::Divergent,
            Op::BlockIdxX | Op::BlockIdxY | Op::BlockIdxZ => Uniformity::Block,
            // The last wave of a block may have fewer lanes.
            Op::Ballot => Uniformity::Unknown,
            _ if effects == Effects::Wave && operands > Uniformity::Block => Uniformity::Unknown,
            _ => operands,
        }
    }

    fn call(
        &mut self,
        function: FunctionId,
        arguments: &'a [Argument],
        values: &mut Values,
        control: Control,
    ) -> Uniformity {
        let callee = self.kernel.function(function);
        let mut inside = values.clone();
        for (&param, argument) in callee.params.iter().zip(arguments) {
            inside[param.index()] = match argument {
                Argument::Value(value) => self.expr(value, values, control),
                Argument::Object(object) => values[object.index()],
            };
        }
        if callee.foreign.is_some() {
            for object in arguments.iter().filter_map(Argument::opt_object) {
                values[object.index()] = Uniformity::Unknown;
            }
            return Uniformity::Unknown;
        }
        let outer = std::mem::take(&mut self.returned);
        // The caller's disagreements are known to the caller: only those inside the function decide its result.
        let entry = Control { level: Uniformity::Uniform, ..control };
        let active = self.active.clone();
        let skipped = self.block(&callee.body, &mut inside, entry).returns.level;
        for var in assigned([&callee.body]) {
            inside[var.index()] = inside[var.index()].max(skipped);
        }
        // Who returned from the function goes on here.
        self.active = active;
        for (&param, argument) in callee.params.iter().zip(arguments) {
            if let Argument::Object(object) = argument {
                values[object.index()] = inside[param.index()];
            }
        }
        std::mem::replace(&mut self.returned, outer)
    }
}

fn is_volatile(kind: &VarKind) -> bool {
    matches!(kind, VarKind::Global { volatile: true, .. })
}

/// Whether an expression may be the same where what it is made of is not: only then is it worth a look at every thread.
fn may_agree(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Op(op, operands) => {
            let keeps = matches!(op, Op::Add | Op::Sub | Op::Mul | Op::Shl | Op::BitXor | Op::LaneId | Op::Neg);
            !keeps && (!operands.is_empty() || op.row().effects == Effects::Pure)
        }
        ExprKind::And(..) | ExprKind::Or(..) | ExprKind::Select(..) => true,
        _ => false,
    }
}

fn join_values(values: &mut Values, other: &Values) {
    for (value, other) in values.iter_mut().zip(other) {
        *value = (*value).max(*other);
    }
}

/// The variables and register arrays that blocks change.
fn assigned<const N: usize>(blocks: [&Block; N]) -> BTreeSet<VarId> {
    let mut vars = BTreeSet::new();
    for stmt in blocks.into_iter().flatten() {
        stmt.walk(&mut |stmt| {
            if let StmtKind::Assign(place, _) = &stmt.kind {
                vars.insert(place.base);
            }
            for expr in stmt.exprs() {
                expr.walk(&mut |expr| {
                    if let ExprKind::Call(_, arguments) = &expr.kind {
                        vars.extend(arguments.iter().filter_map(Argument::opt_object));
                    }
                });
            }
        });
    }
    vars
}

#[cfg(test)]
mod tests;
