//! Checks statements: declarations and scopes, types of what is stored, loops, returns.
//!
//! Leaves expressions to [`super::expressions`] and places to [`super::places`].

use std::collections::BTreeSet;

use super::{Findings, display_name};
use crate::diagnostic::DiagnosticKind;
use crate::ir::{
    Block, Expr, Kernel, Leaf, Literal, Location, Message, Place, Stmt, StmtKind, StructParam, Type, VarId, VarKind,
};
use crate::target::Target;

/// Checks the kernel's body and those of its device functions.
pub(super) fn check(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    for &param in &kernel.params {
        let var = kernel.var(param);
        if !matches!(var.kind, VarKind::Scalar | VarKind::Global { .. }) {
            findings.add(var.location, DiagnosticKind::Parameter { name: display_name(var) });
        }
    }
    for StructParam { name, first, structure } in &kernel.structures {
        let params = kernel.params.get(*first..).unwrap_or_default();
        let leaves = structure.leaves();
        let fits = |(leaf, &param): (&Leaf, &VarId)| leaf.ty == kernel.var(param).ty;
        if leaves.len() > params.len() || !leaves.iter().zip(params).all(fits) {
            findings.add(kernel.location, DiagnosticKind::Parameter { name: format!("`{name}`") });
        }
    }
    let buffers = kernel.lengths.iter().map(|&buffer| kernel.var(buffer));
    for (buffer, &length) in buffers.rev().zip(kernel.params.iter().rev()) {
        if !matches!(buffer.kind, VarKind::Global { .. }) || kernel.var(length).ty != Type::U32 {
            findings.add(buffer.location, DiagnosticKind::Parameter { name: display_name(buffer) });
        }
    }
    let mut declared = BTreeSet::new();
    for (index, function) in kernel.functions.iter().enumerate() {
        let foreign = function.foreign;
        if foreign.is_some_and(|foreign| foreign.opt_text(target.family).is_none()) {
            let (function, target) = (function.name.clone(), target.name);
            findings.add(kernel.functions[index].location, DiagnosticKind::ForeignText { function, target });
        }
        // Without a body in Rust there is none to check.
        let result = function.result.filter(|_| foreign.is_none_or(|foreign| foreign.has_body));
        let mut body =
            Body::new(kernel, target, findings, &mut declared, &function.name, result, index, function.location);
        body.check(&function.params, &function.body);
    }
    let count = kernel.functions.len();
    let mut body = Body::new(kernel, target, findings, &mut declared, &kernel.name, None, count, kernel.location);
    body.check(&kernel.params, &kernel.body);
}

/// The body of a kernel or device function while it is checked.
pub(super) struct Body<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) target: &'static Target,
    pub(super) findings: &'a mut Findings,
    /// Functions that may be called: those before this number.
    pub(super) callable: usize,
    declared: &'a mut BTreeSet<VarId>,
    name: &'a str,
    result: Option<Type>,
    location: Location,
    visible: Vec<VarId>,
    loops: usize,
}

impl<'a> Body<'a> {
    #[expect(clippy::too_many_arguments, reason = "one call for each sort of body, directly above")]
    fn new(
        kernel: &'a Kernel,
        target: &'static Target,
        findings: &'a mut Findings,
        declared: &'a mut BTreeSet<VarId>,
        name: &'a str,
        result: Option<Type>,
        callable: usize,
        location: Location,
    ) -> Self {
        Self { kernel, target, findings, callable, declared, name, result, location, visible: Vec::new(), loops: 0 }
    }

    fn check(&mut self, params: &[VarId], body: &Block) {
        for &param in params {
            self.declare(param, self.kernel.var(param).location);
        }
        self.block(body);
        if let Some(wanted) = self.result
            && may_fall_through(body)
        {
            self.report(self.location, DiagnosticKind::MissingReturn { function: self.quoted_name(), wanted });
        }
    }

    pub(super) fn report(&mut self, location: Location, kind: DiagnosticKind) {
        self.findings.add(location, kind);
    }

    fn quoted_name(&self) -> String {
        format!("`{}`", self.name)
    }

    fn declare(&mut self, var: VarId, location: Location) {
        if !self.declared.insert(var) {
            self.report(location, DiagnosticKind::Redeclared { name: display_name(self.kernel.var(var)) });
        }
        self.visible.push(var);
    }

    /// Reports a variable or object that is not declared here.
    pub(super) fn check_visible(&mut self, var: VarId, location: Location) {
        if !self.visible.contains(&var) {
            self.report(location, DiagnosticKind::Undeclared { name: display_name(self.kernel.var(var)) });
        }
    }

    fn block(&mut self, block: &Block) {
        let outside = self.visible.len();
        for stmt in block {
            self.stmt(stmt);
        }
        self.visible.truncate(outside);
    }

    fn loop_body(&mut self, block: &Block) {
        self.loops += 1;
        self.block(block);
        self.loops -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let location = stmt.location;
        match &stmt.kind {
            StmtKind::Let(var, value) => self.let_stmt(*var, value.as_ref(), location),
            StmtKind::Declare(var) => {
                let declared = self.kernel.var(*var);
                if !declared.kind.is_shared() && !matches!(declared.kind, VarKind::Register(_)) {
                    self.wrong_object(*var, "a register or shared array", location);
                }
                self.declare(*var, location);
            }
            StmtKind::Table(var, values) => self.table(*var, values, location),
            StmtKind::Fill(var, value) => {
                self.check_visible(*var, location);
                if !matches!(self.kernel.var(*var).kind, VarKind::Register(_)) {
                    self.wrong_object(*var, "a register array", location);
                }
                self.value(value, self.kernel.var(*var).ty, || "the array's element".to_owned());
            }
            StmtKind::Assign(place, value) => self.assign(place, value, location),
            StmtKind::Eval(value) => self.expr(value),
            StmtKind::Print(message) => self.print(message),
            StmtKind::If(condition, then, otherwise) => {
                self.value(condition, Type::BOOL, || "the condition of `if`".to_owned());
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::For { .. } => self.for_stmt(stmt),
            StmtKind::While(before, condition, body) => self.while_stmt(before, condition, body),
            StmtKind::Loop(body) => self.loop_body(body),
            StmtKind::Break => self.check_in_loop("break", location),
            StmtKind::Continue => self.check_in_loop("continue", location),
            StmtKind::Return(value) => self.return_stmt(value.as_ref(), location),
        }
    }

    fn table(&mut self, var: VarId, values: &[Literal], location: Location) {
        let declared = self.kernel.var(var);
        let wanted = match &declared.kind {
            VarKind::Register(extents) => extents.iter().map(|extent| u64::from(extent.value)).product(),
            _ => 0,
        };
        if wanted != values.len() as u64 || values.iter().any(|value| value.ty() != declared.ty) {
            self.wrong_object(var, "a register array of as many numbers as are given", location);
        }
        self.declare(var, location);
    }

    fn print(&mut self, message: &Message) {
        for value in &message.values {
            self.expr(value);
            if value.ty.is_vector() || self.opt_nothing(value).is_some() {
                self.report(value.location, DiagnosticKind::Printed { given: value.ty });
            }
        }
        assert_eq!(message.text.len(), message.values.len() + 1, "invariant: text stands around every value");
    }

    pub(super) fn wrong_object(&mut self, var: VarId, wanted: &'static str, location: Location) {
        self.report(location, DiagnosticKind::WrongObject { name: display_name(self.kernel.var(var)), wanted });
    }

    fn let_stmt(&mut self, var: VarId, value: Option<&Expr>, location: Location) {
        let declared = self.kernel.var(var);
        if !matches!(declared.kind, VarKind::Let | VarKind::Mut) {
            self.wrong_object(var, "a plain variable", location);
        }
        match value {
            Some(value) => {
                self.value(value, declared.ty, || display_name(declared));
                self.known_value(var, value);
            }
            None if declared.kind == VarKind::Let => {
                self.report(location, DiagnosticKind::MissingValue { name: display_name(declared) });
            }
            None => {}
        }
        self.declare(var, location);
    }

    /// A variable's compile-time value is what its expression gives.
    fn known_value(&mut self, var: VarId, value: &Expr) {
        let declared = self.kernel.var(var);
        let Some(given) = declared.constant else { return };
        let computed = self.kernel.opt_constant(value);
        let holds = computed.map_or(given.scalar().is_float(), |computed| computed == given);
        if !holds || declared.kind != VarKind::Let || given.ty() != declared.ty {
            let kind = DiagnosticKind::Constant { name: display_name(declared), given: given.to_string() };
            self.report(value.location, kind);
        }
    }

    fn assign(&mut self, place: &Place, value: &Expr, location: Location) {
        let target = self.kernel.var(place.base);
        match target.kind {
            VarKind::Mut
            | VarKind::Register(_)
            | VarKind::Shared(_)
            | VarKind::DynamicShared
            | VarKind::Global { mutable: true, .. } => {}
            VarKind::Global { mutable: false, .. } => {
                self.report(location, DiagnosticKind::ReadOnly { name: display_name(target) });
            }
            VarKind::Let | VarKind::Counter | VarKind::Scalar => {
                self.report(location, DiagnosticKind::NotAssignable { name: display_name(target) });
            }
        }
        self.place(place, value.ty, location);
        self.expr(value);
    }

    fn for_stmt(&mut self, stmt: &Stmt) {
        let StmtKind::For { counter, start, end, step, body, .. } = &stmt.kind else { return };
        let var = self.kernel.var(*counter);
        if var.kind != VarKind::Counter || !var.ty.scalar.is_integer() || var.ty.is_vector() {
            self.wrong_object(*counter, "the integer counter of a `for`", stmt.location);
        }
        self.value(start, var.ty, || "the start of the range".to_owned());
        self.value(end, var.ty, || "the end of the range".to_owned());
        self.value(step, var.ty, || "the step of the range".to_owned());
        let given = self.kernel.opt_constant(step).and_then(Literal::opt_integer);
        if let Some(given) = given.filter(|step| *step < 1) {
            self.report(step.location, DiagnosticKind::Step { given });
        }
        let outside = self.visible.len();
        self.declare(*counter, stmt.location);
        self.loop_body(body);
        self.visible.truncate(outside);
    }

    fn while_stmt(&mut self, before: &Block, condition: &Expr, body: &Block) {
        let outside = self.visible.len();
        for stmt in before {
            self.stmt(stmt);
        }
        self.value(condition, Type::BOOL, || "the condition of `while`".to_owned());
        self.visible.truncate(outside);
        self.loop_body(body);
    }

    fn check_in_loop(&mut self, statement: &'static str, location: Location) {
        if self.loops == 0 {
            self.report(location, DiagnosticKind::OutsideLoop { statement });
        }
    }

    fn return_stmt(&mut self, value: Option<&Expr>, location: Location) {
        if let Some(value) = value {
            self.expr(value);
        }
        let given = value.map(|value| value.ty);
        if given != self.result {
            let kind = DiagnosticKind::ReturnValue { function: self.quoted_name(), given, wanted: self.result };
            self.report(location, kind);
        }
    }

    /// Checks an expression whose value is put somewhere that needs a type.
    pub(super) fn value(&mut self, value: &Expr, allowed: Type, place: impl FnOnce() -> String) {
        self.expr(value);
        if let Some(operation) = self.opt_nothing(value) {
            self.report(value.location, DiagnosticKind::NoValue { operation });
        } else if value.ty != allowed {
            self.report(value.location, DiagnosticKind::ValueType { place: place(), given: value.ty, allowed });
        }
    }
}

/// Whether the end of a block can be reached.
fn may_fall_through(block: &Block) -> bool {
    !block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::If(_, then, otherwise) => !may_fall_through(then) && !may_fall_through(otherwise),
        StmtKind::Loop(body) => !leaves_loop(body),
        _ => false,
    })
}

/// Whether a block has a `break` of the loop that it is the body of.
fn leaves_loop(block: &Block) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Break => true,
        StmtKind::If(_, then, otherwise) => leaves_loop(then) || leaves_loop(otherwise),
        _ => false,
    })
}
