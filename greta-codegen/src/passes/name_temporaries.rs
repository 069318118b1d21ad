//! Names the temporaries that remain, after what they are: names depend on the code around them and not on how many
//! there are elsewhere.
//!
//! A temporary that only carries a value to the author's `let` or variable becomes that one.

use std::collections::BTreeMap;

use crate::footprint::Footprints;
use crate::ir::{Argument, Block, Expr, ExprKind, Kernel, Op, Place, Stmt, StmtKind, Type, VarId, VarKind};
use crate::ops::Spelling;

/// Runs the pass.
pub(super) fn name_temporaries(kernel: &mut Kernel) {
    while let Some((from, to)) = opt_carrier(kernel) {
        merge(kernel, from, to);
    }
    let names = Namer::of(kernel);
    for (var, name) in names.chosen {
        kernel.vars[var.index()].name = name;
    }
}

/// A variable to be replaced and the one that takes its place.
fn opt_carrier(kernel: &Kernel) -> Option<(VarId, VarId)> {
    let mut reads = vec![0_u32; kernel.vars.len()];
    let bodies = || kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for stmt in bodies().flatten() {
        stmt.walk(&mut |stmt| {
            stmt.exprs().into_iter().for_each(|expr| expr.walk_vars(&mut |var| reads[var.index()] += 1));
        });
    }
    let footprints = Footprints::of(kernel);
    let search = Search { kernel, reads, footprints };
    bodies().find_map(|body| search.opt_in(body))
}

struct Search<'a> {
    kernel: &'a Kernel,
    reads: Vec<u32>,
    footprints: Footprints<'a>,
}

impl Search<'_> {
    fn opt_in(&self, block: &Block) -> Option<(VarId, VarId)> {
        for (index, stmt) in block.iter().enumerate() {
            if let Some(found) = self.opt_pair(block, index) {
                return Some(found);
            }
            if let Some(found) = stmt.blocks().into_iter().find_map(|block| self.opt_in(block)) {
                return Some(found);
            }
        }
        None
    }

    /// Whether the statement only hands a temporary of this block on.
    fn opt_pair(&self, block: &Block, index: usize) -> Option<(VarId, VarId)> {
        let (temporary, to, is_let) = match &block[index].kind {
            StmtKind::Let(to, Some(value)) => (value.opt_var()?, *to, true),
            StmtKind::Assign(Place { base, index, lane: None }, value) if index.is_empty() => {
                (value.opt_var()?, *base, false)
            }
            _ => return None,
        };
        let (from, into) = (self.kernel.var(temporary), self.kernel.var(to));
        let declared =
            block[..index].iter().position(|stmt| matches!(stmt.kind, StmtKind::Let(var, _) if var == temporary))?;
        let once = self.reads[temporary.index()] == 1;
        let suits = match (&from.kind, &into.kind) {
            // The author's `let` names a value that is used otherwise too.
            (VarKind::Let, VarKind::Let) => is_let && !into.name.is_empty(),
            // The result of an `if` is the author's variable, which nothing touches in between.
            (VarKind::Mut, VarKind::Let) => is_let && once,
            (VarKind::Mut, VarKind::Mut) => once && (is_let || self.is_untouched(to, &block[declared..index])),
            _ => false,
        };
        // A value handed on must not change afterwards under its new name.
        let settled = from.kind == VarKind::Let
            || block[index + 1..].iter().all(|stmt| !self.footprints.stmt(stmt).writes.contains(&temporary));
        (from.name.is_empty() && suits && settled).then_some((temporary, to))
    }

    fn is_untouched(&self, var: VarId, stmts: &[Stmt]) -> bool {
        stmts.iter().all(|stmt| {
            let footprint = self.footprints.stmt(stmt);
            !footprint.reads.contains(&var) && !footprint.writes.contains(&var) && !footprint.jumps
        })
    }
}

/// Makes one variable of two. A `let` gives the temporary its name; an assigned variable takes the temporary's place.
fn merge(kernel: &mut Kernel, temporary: VarId, to: VarId) {
    let is_let = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Let(var, Some(value)) if *var == to && value.opt_var() == Some(temporary));
    let is_assign = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Assign(place, value) if place.base == to && value.opt_var() == Some(temporary));
    let mut by_let = false;
    let bodies = kernel.functions.iter_mut().map(|function| &mut function.body).chain([&mut kernel.body]);
    for body in bodies {
        remove(body, &mut |stmt| {
            by_let |= is_let(stmt);
            is_let(stmt) || is_assign(stmt)
        });
    }
    let (gone, stays) = if by_let { (to, temporary) } else { (temporary, to) };
    if by_let {
        let (name, location) = (kernel.var(to).name.clone(), kernel.var(to).location);
        let var = &mut kernel.vars[temporary.index()];
        var.name = name;
        var.location = location;
    }
    let bodies = kernel.functions.iter_mut().map(|function| &mut function.body).chain([&mut kernel.body]);
    for body in bodies {
        remove(body, &mut |stmt| matches!(stmt.kind, StmtKind::Let(var, None) if var == gone));
        body.iter_mut().for_each(|stmt| stmt.walk_mut(&mut |stmt| rename(stmt, gone, stays)));
    }
}

fn remove(block: &mut Block, unwanted: &mut dyn FnMut(&Stmt) -> bool) {
    block.retain(|stmt| !unwanted(stmt));
    for stmt in block {
        for inner in stmt.blocks_mut() {
            remove(inner, unwanted);
        }
    }
}

fn rename(stmt: &mut Stmt, from: VarId, to: VarId) {
    match &mut stmt.kind {
        StmtKind::Assign(place, _) if place.base == from => place.base = to,
        _ => {}
    }
    for expr in stmt.exprs_mut() {
        expr.walk_mut(&mut |expr| match &mut expr.kind {
            ExprKind::Var(var) if *var == from => *var = to,
            ExprKind::Call(_, arguments) => {
                for argument in arguments {
                    if *argument == Argument::Object(from) {
                        *argument = Argument::Object(to);
                    }
                }
            }
            _ => {}
        });
    }
}

/// Chooses names.
struct Namer<'a> {
    kernel: &'a Kernel,
    chosen: BTreeMap<VarId, String>,
    numbered: u32,
}

impl<'a> Namer<'a> {
    fn of(kernel: &'a Kernel) -> Self {
        let mut namer = Self { kernel, chosen: BTreeMap::new(), numbered: 0 };
        let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
        for body in bodies {
            namer.numbered = 0;
            body.iter().for_each(|stmt| stmt.walk(&mut |stmt| namer.name_bounds(stmt)));
            namer.block(body);
        }
        namer
    }

    /// The bounds of a loop are named after what they bound.
    fn name_bounds(&mut self, stmt: &Stmt) {
        let StmtKind::For { counter, end, step, .. } = &stmt.kind else { return };
        let counter = &self.kernel.var(*counter).name;
        for (bound, suffix) in [(end, "end"), (step, "step")] {
            if let Some(var) = bound.opt_var()
                && self.kernel.var(var).name.is_empty()
            {
                self.chosen.entry(var).or_insert_with(|| format!("{counter}_{suffix}"));
            }
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Let(var, value) => self.name(*var, value.as_ref()),
                StmtKind::Declare(var) => self.name(*var, None),
                _ => {}
            }
            stmt.blocks().into_iter().for_each(|inner| self.block(inner));
        }
    }

    fn name(&mut self, var: VarId, value: Option<&Expr>) {
        if !self.kernel.var(var).name.is_empty() || self.chosen.contains_key(&var) {
            return;
        }
        let name = match (&self.kernel.var(var).kind, value) {
            (VarKind::Shared(_) | VarKind::DynamicShared, _) => "shared".to_owned(),
            (VarKind::Register(_), _) => "array".to_owned(),
            (VarKind::Mut, None) => "result".to_owned(),
            (VarKind::Mut, Some(_)) if self.kernel.var(var).ty == Type::BOOL => "condition".to_owned(),
            (_, Some(value)) => self.opt_name_of(value).unwrap_or_else(|| self.number()),
            _ => self.number(),
        };
        self.chosen.insert(var, name);
    }

    fn number(&mut self) -> String {
        self.numbered += 1;
        format!("t{}", self.numbered - 1)
    }

    /// What a value is called for what it is.
    fn opt_name_of(&self, value: &Expr) -> Option<String> {
        let named = |var: VarId, suffix: &str| {
            let name = &self.kernel.var(var).name;
            (!name.is_empty()).then(|| format!("{name}_{suffix}"))
        };
        match &value.kind {
            ExprKind::Load(place) => named(place.base, "value"),
            ExprKind::Var(var) => named(*var, "before"),
            ExprKind::Atomic(_, place, _) => named(place.base, "before"),
            ExprKind::Lane(vector, _) => self.opt_name_of(vector),
            ExprKind::Op(Op::Nontemporal, operands) => self.opt_name_of(&operands[0]),
            ExprKind::Call(function, _) => Some(format!("{}_result", self.kernel.function(*function).name)),
            ExprKind::Op(Op::Shuffle | Op::ShuffleXor | Op::ShuffleDown | Op::ShuffleUp, operands) => {
                match &operands[0].kind {
                    ExprKind::Var(var) => named(*var, "shuffled"),
                    _ => None,
                }
            }
            // What has an operator has no name of its own.
            ExprKind::Op(op, _) => match op.row().hip {
                Spelling::Infix(..) | Spelling::Prefix(_) => None,
                _ => Some(format!("{}_value", op.row().name)),
            },
            _ => None,
        }
    }
}
