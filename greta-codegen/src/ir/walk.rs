//! What contains what: the operands of an expression, the expressions and blocks of a statement.
//!
//! Guarantees order of evaluation, left to right. Knows nothing of what an operation means.

use super::{Argument, Block, Expr, ExprKind, Place, Stmt, StmtKind, VarId};

impl Place {
    /// The expressions that it computes: its indices, then its lane.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.index.iter().chain(self.lane.as_deref())
    }

    /// The expressions that it computes, to be rewritten.
    pub fn exprs_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.index.iter_mut().chain(self.lane.as_deref_mut())
    }
}

impl Expr {
    /// Its operands.
    #[must_use]
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::Var(_) => Vec::new(),
            ExprKind::Load(place) => place.exprs().collect(),
            ExprKind::Atomic(_, place, operands) => place.exprs().chain(operands).collect(),
            ExprKind::Op(_, operands) | ExprKind::Vector(operands) => operands.iter().collect(),
            ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) | ExprKind::Lane(lhs, rhs) => vec![lhs, rhs],
            ExprKind::Select(condition, then, otherwise) => vec![condition, then, otherwise],
            ExprKind::Cast(operand) | ExprKind::Splat(operand) => vec![operand],
            ExprKind::Call(_, arguments) => arguments.iter().filter_map(Argument::opt_value).collect(),
        }
    }

    /// Its operands, to be rewritten.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::Var(_) => Vec::new(),
            ExprKind::Load(place) => place.exprs_mut().collect(),
            ExprKind::Atomic(_, place, operands) => place.exprs_mut().chain(operands).collect(),
            ExprKind::Op(_, operands) | ExprKind::Vector(operands) => operands.iter_mut().collect(),
            ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) | ExprKind::Lane(lhs, rhs) => vec![lhs, rhs],
            ExprKind::Select(condition, then, otherwise) => vec![condition, then, otherwise],
            ExprKind::Cast(operand) | ExprKind::Splat(operand) => vec![operand],
            ExprKind::Call(_, arguments) => arguments.iter_mut().filter_map(Argument::opt_value_mut).collect(),
        }
    }

    /// Visits the expression and everything in it, operands after their user.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for operand in self.operands() {
            operand.walk(visit);
        }
    }

    /// Visits the expression and everything in it, operands before their user, to be rewritten.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        for operand in self.operands_mut() {
            operand.walk_mut(visit);
        }
        visit(self);
    }

    /// Visits the variables and objects that it names, once for each time.
    pub fn walk_vars(&self, visit: &mut dyn FnMut(VarId)) {
        self.walk(&mut |expr| match &expr.kind {
            ExprKind::Var(var) => visit(*var),
            ExprKind::Load(place) | ExprKind::Atomic(_, place, _) => visit(place.base),
            ExprKind::Call(_, arguments) => arguments.iter().filter_map(Argument::opt_object).for_each(&mut *visit),
            _ => {}
        });
    }

    /// The variable that it is, if it is just that.
    #[must_use]
    pub fn opt_var(&self) -> Option<VarId> {
        match self.kind {
            ExprKind::Var(var) => Some(var),
            _ => None,
        }
    }
}

impl Argument {
    /// The value, if one is passed.
    #[must_use]
    pub fn opt_value(&self) -> Option<&Expr> {
        match self {
            Self::Value(value) => Some(value),
            Self::Object(_) => None,
        }
    }

    fn opt_value_mut(&mut self) -> Option<&mut Expr> {
        match self {
            Self::Value(value) => Some(value),
            Self::Object(_) => None,
        }
    }

    /// The object, if one is passed by reference.
    #[must_use]
    pub fn opt_object(&self) -> Option<VarId> {
        match self {
            Self::Value(_) => None,
            Self::Object(object) => Some(*object),
        }
    }
}

impl Stmt {
    /// The expressions of the statement itself, without those of its blocks. A `While`'s condition is among them.
    #[must_use]
    pub fn exprs(&self) -> Vec<&Expr> {
        match &self.kind {
            StmtKind::Let(_, value) | StmtKind::Return(value) => value.iter().collect(),
            StmtKind::Fill(_, value)
            | StmtKind::Eval(value)
            | StmtKind::If(value, ..)
            | StmtKind::While(_, value, _) => {
                vec![value]
            }
            StmtKind::Print(message) => message.values.iter().collect(),
            StmtKind::Assign(place, value) => place.exprs().chain([value]).collect(),
            StmtKind::For { start, end, step, .. } => vec![start, end, step],
            StmtKind::Declare(_) | StmtKind::Table(..) | StmtKind::Loop(_) | StmtKind::Break | StmtKind::Continue => {
                Vec::new()
            }
        }
    }

    /// The expressions of the statement itself, to be rewritten.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            StmtKind::Let(_, value) | StmtKind::Return(value) => value.iter_mut().collect(),
            StmtKind::Fill(_, value)
            | StmtKind::Eval(value)
            | StmtKind::If(value, ..)
            | StmtKind::While(_, value, _) => {
                vec![value]
            }
            StmtKind::Print(message) => message.values.iter_mut().collect(),
            StmtKind::Assign(place, value) => place.exprs_mut().chain([value]).collect(),
            StmtKind::For { start, end, step, .. } => vec![start, end, step],
            StmtKind::Declare(_) | StmtKind::Table(..) | StmtKind::Loop(_) | StmtKind::Break | StmtKind::Continue => {
                Vec::new()
            }
        }
    }

    /// The blocks directly inside.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Block> {
        match &self.kind {
            StmtKind::If(_, then, otherwise) => vec![then, otherwise],
            StmtKind::For { body, .. } | StmtKind::Loop(body) => vec![body],
            StmtKind::While(condition, _, body) => vec![condition, body],
            _ => Vec::new(),
        }
    }

    /// The blocks directly inside, to be rewritten.
    pub fn blocks_mut(&mut self) -> Vec<&mut Block> {
        match &mut self.kind {
            StmtKind::If(_, then, otherwise) => vec![then, otherwise],
            StmtKind::For { body, .. } | StmtKind::Loop(body) => vec![body],
            StmtKind::While(condition, _, body) => vec![condition, body],
            _ => Vec::new(),
        }
    }

    /// Visits the statement and every statement inside, in order of appearance.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for block in self.blocks() {
            for stmt in block {
                stmt.walk(visit);
            }
        }
    }

    /// Visits the statement and every statement inside, to be rewritten.
    pub fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        visit(self);
        for block in self.blocks_mut() {
            for stmt in block {
                stmt.walk_mut(visit);
            }
        }
    }
}

impl Expr {
    /// Whether it is the same code, wherever that was written.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let (operands, others) = (self.operands(), other.operands());
        let same_root = match (&self.kind, &other.kind) {
            (ExprKind::Load(a), ExprKind::Load(b)) => a.base == b.base && a.lane.is_some() == b.lane.is_some(),
            (ExprKind::Op(a, _), ExprKind::Op(b, _)) => a == b,
            (ExprKind::Atomic(a, x, _), ExprKind::Atomic(b, y, _)) => a == b && x.base == y.base,
            (ExprKind::Call(a, left), ExprKind::Call(b, right)) => {
                a == b && left.iter().map(Argument::opt_object).eq(right.iter().map(Argument::opt_object))
            }
            (a, b) if operands.is_empty() => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        same_root
            && self.ty == other.ty
            && operands.len() == others.len()
            && operands.into_iter().zip(others).all(|(a, b)| a.is_same(b))
    }
}

impl Place {
    /// Whether the expression is what this place holds: the variable, element or lane itself.
    #[must_use]
    pub fn is_read_by(&self, expr: &Expr) -> bool {
        let same = |index: &[Expr], lane: Option<&Expr>| {
            self.index.len() == index.len()
                && self.index.iter().zip(index).all(|(a, b)| a.is_same(b))
                && match (self.lane.as_deref(), lane) {
                    (Some(a), Some(b)) => a.is_same(b),
                    (None, None) => true,
                    _ => false,
                }
        };
        match &expr.kind {
            ExprKind::Var(var) => self.base == *var && same(&[], None),
            ExprKind::Load(read) => self.base == read.base && same(&read.index, read.lane.as_deref()),
            ExprKind::Lane(vector, lane) => match &vector.kind {
                ExprKind::Var(var) => self.base == *var && same(&[], Some(lane)),
                ExprKind::Load(read) if read.lane.is_none() => self.base == read.base && same(&read.index, Some(lane)),
                _ => false,
            },
            _ => false,
        }
    }
}
