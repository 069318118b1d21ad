//! The sanitizer's checks of values: variables and register arrays that are read before they are assigned, shifts.
//!
//! A variable or array that the statements after its declaration do not assign at once gets a register beside it, with
//! a component for each of its own: 1 once that has been assigned.

use greta_codegen::ir::{Expr, ExprKind, Location, Place, Stmt, StmtKind, Type, VarId};

use super::{Binding, Lowerer};
use crate::sanitize::Rule;
use crate::tree::{Access, Node, Operand, Origin, Register, Space, Target};

impl Lowerer<'_> {
    /// After a statement: if it declares something without a value, and those that follow do not assign all of it
    /// before they do anything else, notes what is assigned.
    pub(super) fn watch(&mut self, statement: &Stmt, rest: &[Stmt]) {
        let (StmtKind::Let(id, None) | StmtKind::Declare(id)) = statement.kind else { return };
        let Some(Binding::Variable(register) | Binding::Array(register)) = self.bindings[id.index()] else { return };
        if self.assigned.is_none() || self.is_assigned_at_once(id, rest) {
            return;
        }
        let count = self.registers[register].count;
        let shadow = self.register(count, Origin::Array);
        self.nodes.push(Node::Declare(shadow));
        self.copy(Target { register: shadow, first: 0, count }, Operand::Constant(0));
        self.assigned.get_or_insert_default().insert(register, shadow);
    }

    fn is_assigned_at_once(&self, id: VarId, rest: &[Stmt]) -> bool {
        let var = &self.kernel.vars[id.index()];
        let extents = var.kind.opt_extents().unwrap_or_default();
        let elements = extents.iter().map(|extent| u64::from(extent.value)).product::<u64>();
        let mut left: std::collections::BTreeSet<u64> =
            if elements <= 4096 { (0..elements).collect() } else { return false };
        for statement in rest {
            let reads = statement.exprs().into_iter().any(|expr| mentions(expr, id));
            match &statement.kind {
                StmtKind::Fill(filled, _) if *filled == id && !reads => return true,
                StmtKind::Assign(place, _) if place.base == id && !reads && place.lane.is_none() => {
                    let Some(element) = self.opt_element(place, extents) else { return false };
                    left.remove(&element);
                    if left.is_empty() {
                        return true;
                    }
                }
                // Temporaries between the assignments.
                StmtKind::Let(..) if !reads => {}
                _ => return false,
            }
        }
        false
    }

    /// The number of the element that a place with constant indices is.
    fn opt_element(&self, place: &Place, extents: &[greta_codegen::ir::Extent]) -> Option<u64> {
        place.index.iter().zip(extents).try_fold(0_u64, |element, (index, extent)| {
            Some(element * u64::from(extent.value) + u64::from(self.kernel.opt_u32(index)?))
        })
    }

    fn opt_shadow(&self, register: Register) -> Option<Register> {
        self.assigned.as_ref()?.get(&register).copied()
    }

    /// Components have been assigned.
    pub(super) fn note_assigned(&mut self, target: Target) {
        if let Some(shadow) = self.opt_shadow(target.register) {
            self.copy(Target { register: shadow, ..target }, Operand::Constant(1));
        }
    }

    /// The element that an access stores to has been assigned.
    pub(super) fn note_assigned_element(&mut self, access: &Access) {
        if let Some(access) = self.opt_shadow_access(access) {
            self.accesses.push(access);
            self.nodes.push(Node::Store { access: self.accesses.len() - 1, value: Operand::Constant(1) });
        }
    }

    /// Checks that components have been assigned.
    pub(super) fn check_assigned(&mut self, target: Target, id: VarId, location: Location) {
        if let Some(register) = self.opt_shadow(target.register) {
            let value = Operand::Register { register, first: target.first, step: 1 };
            let rule = Rule::Assigned(self.kernel.vars[id.index()].name.clone());
            self.nodes.push(Node::Check { value, count: target.count, rule, location });
        }
    }

    /// Checks that the element that an access loads has been assigned.
    pub(super) fn check_assigned_element(&mut self, access: &Access, count: u32) {
        if let Some(shadow) = self.opt_shadow_access(access) {
            let value = self.read(shadow, count);
            let rule = Rule::Assigned(access.name.clone());
            self.nodes.push(Node::Check { value, count, rule, location: access.location });
        }
    }

    /// The same access to what says which components are assigned.
    fn opt_shadow_access(&self, access: &Access) -> Option<Access> {
        let Space::Register { register, first } = access.space else { return None };
        let register = self.opt_shadow(register)?;
        Some(Access { space: Space::Register { register, first }, ..access.clone() })
    }

    /// Checks that a value is shifted by less than its bits.
    pub(super) fn check_shift(&mut self, src: [Operand; 3], ty: Type, location: Location) -> [Operand; 3] {
        let constant = match src[1] {
            Operand::Constant(count) => Some(u64::from(count)),
            Operand::Register { register, .. } => match self.registers[register].origin {
                Origin::Literal(count) => Some(count),
                _ => None,
            },
        };
        let fits = constant.is_some_and(|count| count < u64::from(ty.scalar.bits()));
        if self.assigned.is_none() || fits {
            return src;
        }
        let value = self.keep_checked(src[1]);
        self.nodes.push(Node::Check { value, count: u32::from(ty.lanes), rule: Rule::Shift(ty.scalar), location });
        [src[0], value, src[2]]
    }

    /// Whether evaluating an expression comes to a check of the sanitizer, so that it may only be evaluated where it is
    /// wanted.
    pub(super) fn may_fail(&self, expression: &Expr) -> bool {
        let Some(assigned) = &self.assigned else { return false };
        let watched = |id: VarId| match self.bindings[id.index()] {
            Some(Binding::Variable(register) | Binding::Array(register)) => assigned.contains_key(&register),
            _ => false,
        };
        let mut found = false;
        expression.walk_vars(&mut |id| found |= watched(id));
        expression.walk(&mut |part| {
            if let ExprKind::Op(op, operands) = &part.kind {
                found |= op.shifts() && self.kernel.opt_constant(&operands[1]).is_none();
            }
        });
        found
    }
}

fn mentions(expression: &Expr, id: VarId) -> bool {
    let mut found = false;
    expression.walk_vars(&mut |var| found |= var == id);
    found
}
