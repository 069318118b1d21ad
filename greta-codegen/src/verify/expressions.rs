//! Checks expressions: operands and results against the rows of the operations, casts, vectors, calls.

use super::display_name;
use super::statements::Body;
use crate::diagnostic::{Allowed, DiagnosticKind};
use crate::ir::{
    Argument, Atomic, Expr, ExprKind, FunctionId, Literal, Location, Op, Place, Scalar, Type, Var, VarId, VarKind,
};
use crate::ops::{Class, Effects, OpRow, Slot};

impl Body<'_> {
    /// Checks an expression and everything in it.
    pub(super) fn expr(&mut self, expr: &Expr) {
        let location = expr.location;
        match &expr.kind {
            ExprKind::Literal(value) => self.result("a literal", expr.ty, value.ty(), location),
            ExprKind::Constant(constant) => {
                let ty = self.kernel.constants[constant.index()].value.ty();
                self.result("a constant", expr.ty, ty, location);
            }
            ExprKind::Var(var) => self.var(*var, expr.ty, location),
            ExprKind::Load(place) => self.load(place, expr.ty, location),
            ExprKind::Atomic(atomic, place, operands) => self.atomic(*atomic, place, operands, expr),
            ExprKind::Op(op, operands) => self.op(*op, operands, expr),
            ExprKind::And(lhs, rhs) | ExprKind::Or(lhs, rhs) => {
                let name = if matches!(expr.kind, ExprKind::And(..)) { "`&&`" } else { "`||`" };
                self.value(lhs, Type::BOOL, || format!("the left side of {name}"));
                self.value(rhs, Type::BOOL, || format!("the right side of {name}"));
                self.result("a condition", expr.ty, Type::BOOL, location);
            }
            ExprKind::Select(condition, then, otherwise) => {
                self.value(condition, Type::BOOL, || "the condition".to_owned());
                self.value(then, expr.ty, || "the result of the choice".to_owned());
                self.value(otherwise, expr.ty, || "the result of the choice".to_owned());
            }
            ExprKind::Cast(operand) => self.cast(operand, expr),
            ExprKind::Vector(elements) => self.vector(elements, expr),
            ExprKind::Splat(operand) => {
                self.check_vector_length(usize::from(expr.ty.lanes), location);
                self.value(operand, expr.ty.element(), || "each lane of the vector".to_owned());
            }
            ExprKind::Lane(vector, lane) => {
                self.expr(vector);
                self.lane_number(lane, vector.ty, location);
                self.result("a lane", expr.ty, vector.ty.element(), location);
            }
            ExprKind::Call(function, arguments) => self.call(*function, arguments, expr),
        }
    }

    fn result(&mut self, operation: &'static str, given: Type, allowed: Type, location: Location) {
        if given != allowed {
            self.report(location, DiagnosticKind::ResultType { operation, given, allowed });
        }
    }

    fn var(&mut self, var: VarId, ty: Type, location: Location) {
        self.check_visible(var, location);
        let used = self.kernel.var(var);
        if used.kind.is_memory() {
            self.report(location, DiagnosticKind::NotAValue { name: display_name(used) });
        } else if used.ty != ty {
            let kind = DiagnosticKind::ValueType { place: display_name(used), given: ty, allowed: used.ty };
            self.report(location, kind);
        }
    }

    fn load(&mut self, place: &Place, ty: Type, location: Location) {
        let var = self.kernel.var(place.base);
        if var.kind.is_memory() {
            self.place(place, ty, location);
        } else {
            self.report(location, DiagnosticKind::NotIndexable { name: display_name(var) });
        }
    }

    fn atomic(&mut self, atomic: Atomic, place: &Place, operands: &[Expr], expr: &Expr) {
        let (row, location) = (atomic.row(), expr.location);
        let target = self.kernel.var(place.base);
        match target.kind {
            VarKind::Shared(_) | VarKind::DynamicShared | VarKind::Global { mutable: true, volatile: false } => {}
            VarKind::Global { mutable: false, volatile: false } => {
                self.report(location, DiagnosticKind::ReadOnly { name: display_name(target) });
            }
            _ => self.wrong_object(place.base, "a `&mut Global` buffer or a shared array", location),
        }
        self.place(place, target.ty, location);
        if !row.admits(target.ty) || place.lane.is_some() {
            let kind = DiagnosticKind::AtomicElement { operation: row.name, given: target.ty, class: row.class };
            self.report(location, kind);
        }
        if operands.len() != row.operands {
            let kind = DiagnosticKind::OperandCount { operation: row.name, given: operands.len(), limit: row.operands };
            self.report(location, kind);
        }
        for operand in operands {
            self.value(operand, target.ty, || format!("an operand of {}", row.name));
        }
        self.result(row.name, expr.ty, target.ty, location);
    }

    fn op(&mut self, op: Op, operands: &[Expr], expr: &Expr) {
        let row = op.row();
        if operands.len() != row.operands.len() {
            let kind =
                DiagnosticKind::OperandCount { operation: row.name, given: operands.len(), limit: row.operands.len() };
            self.report(expr.location, kind);
            return;
        }
        let mut generic = None;
        for (number, (operand, slot)) in operands.iter().zip(row.operands).enumerate() {
            self.expr(operand);
            let allowed = match (slot, generic) {
                (Slot::Is(ty), _) => Allowed::Only(*ty),
                (Slot::T, Some(ty)) => Allowed::Only(ty),
                (Slot::T, None) => {
                    generic = Some(operand.ty);
                    Allowed::Class(row.class)
                }
                (Slot::Nothing, _) => continue,
            };
            if !admits(allowed, operand.ty) || self.opt_nothing(operand).is_some() {
                let kind = DiagnosticKind::OperandType {
                    operation: row.name,
                    operand: number + 1,
                    given: operand.ty,
                    allowed,
                };
                self.report(operand.location, kind);
            }
        }
        match (row.result, generic) {
            (Slot::T, Some(ty)) | (Slot::Is(ty), _) => self.result(row.name, expr.ty, ty, expr.location),
            (Slot::T, None) | (Slot::Nothing, _) => {}
        }
        match op {
            Op::Prefetch => self.prefetched(&operands[0]),
            _ if row.effects == Effects::Hint => self.hint(row.name, operands),
            _ => {}
        }
        if op == Op::CopyAsync && !matches!(expr.ty.bytes(), 4 | 8 | 16) {
            self.report(expr.location, DiagnosticKind::CopyAsyncSize { given: expr.ty });
        }
        self.divisor(op, operands, expr.location);
        self.matrix(op, expr.location);
    }

    /// The compiler wants the operands of a hint as constants.
    fn hint(&mut self, operation: &'static str, operands: &[Expr]) {
        for operand in operands {
            if self.kernel.opt_constant(operand).is_none() {
                self.report(operand.location, DiagnosticKind::HintNotConstant { operation });
            }
        }
    }

    /// What is fetched is a buffer's element.
    fn prefetched(&mut self, element: &Expr) {
        let is_buffers = match &element.kind {
            ExprKind::Load(place) => {
                matches!(self.kernel.var(place.base).kind, VarKind::Global { volatile: false, .. })
            }
            _ => false,
        };
        if !is_buffers {
            self.report(element.location, DiagnosticKind::PrefetchPlace);
        }
    }

    fn divisor(&mut self, op: Op, operands: &[Expr], location: Location) {
        if op.divides()
            && let [_, divisor] = operands
            && self.kernel.opt_constant(divisor).and_then(Literal::opt_integer) == Some(0)
        {
            let operation = if op == Op::Div { "division" } else { "remainder" };
            self.report(location, DiagnosticKind::ZeroDivisor { operation });
        }
    }

    fn matrix(&mut self, op: Op, location: Location) {
        if let Op::Mfma(mfma) = op
            && !mfma.is_on(self.target)
        {
            let kind = DiagnosticKind::MatrixInstruction {
                instruction: mfma.name,
                target: self.target.name,
                available: mfma.target_names(),
                instead: mfma.kin_on(self.target).map(|row| row.name).collect(),
                fragments: mfma.has_fragments_on(self.target),
            };
            self.report(location, kind);
        }
    }

    fn cast(&mut self, operand: &Expr, expr: &Expr) {
        self.expr(operand);
        let (from, to) = (operand.ty, expr.ty);
        let exists = match (from.scalar, to.scalar) {
            (Scalar::Bool, to) => to == Scalar::Bool || to.is_integer(),
            (_, to) => to != Scalar::Bool,
        };
        if from.is_vector() || to.is_vector() || !exists {
            self.report(expr.location, DiagnosticKind::Cast { given: from, wanted: to });
        }
    }

    fn vector(&mut self, elements: &[Expr], expr: &Expr) {
        self.check_vector_length(elements.len(), expr.location);
        for element in elements {
            self.value(element, expr.ty.element(), || "a lane of the vector".to_owned());
        }
        if elements.len() != usize::from(expr.ty.lanes) {
            let kind = DiagnosticKind::OperandCount {
                operation: "a vector",
                given: elements.len(),
                limit: usize::from(expr.ty.lanes),
            };
            self.report(expr.location, kind);
        }
    }

    fn check_vector_length(&mut self, given: usize, location: Location) {
        // 32 is what the largest accumulators have.
        if !matches!(given, 2 | 4 | 8 | 16 | 32) {
            self.report(location, DiagnosticKind::VectorLength { given });
        }
    }

    /// Checks the number of a lane of a vector type.
    pub(super) fn lane_number(&mut self, lane: &Expr, vector: Type, location: Location) {
        self.value(lane, Type::U32, || "the number of a lane".to_owned());
        let limit = u32::from(vector.lanes);
        if !vector.is_vector() {
            self.report(location, DiagnosticKind::LaneOfScalar { given: vector });
        } else if let Some(given) = self.kernel.opt_u32(lane)
            && given >= limit
        {
            self.report(lane.location, DiagnosticKind::LaneBounds { given, limit });
        }
    }

    fn call(&mut self, function: FunctionId, arguments: &[Argument], expr: &Expr) {
        for argument in arguments {
            match argument {
                Argument::Value(value) => self.expr(value),
                Argument::Object(object) => self.check_visible(*object, expr.location),
            }
        }
        let callee = self.kernel.function(function);
        let name = format!("`{}`", callee.name);
        if function.index() >= self.callable {
            self.report(expr.location, DiagnosticKind::Recursion { function: name });
            return;
        }
        if arguments.len() != callee.params.len() {
            let limit = callee.params.len();
            let kind = DiagnosticKind::ArgumentCount { function: name, given: arguments.len(), limit };
            self.report(expr.location, kind);
            return;
        }
        for (number, (argument, &param)) in arguments.iter().zip(&callee.params).enumerate() {
            let param = self.kernel.var(param);
            let (fits, location) = match argument {
                Argument::Value(value) => (param.kind == VarKind::Scalar && param.ty == value.ty, value.location),
                Argument::Object(object) => (fits(self.kernel.var(*object), param), expr.location),
            };
            if !fits {
                let wanted = wanted(param);
                let kind = DiagnosticKind::ArgumentKind { function: name.clone(), argument: number + 1, wanted };
                self.report(location, kind);
            }
        }
        if let Some(result) = callee.result {
            self.result("the call", expr.ty, result, expr.location);
        }
    }

    /// What gives no value, if the expression is such a thing.
    pub(super) fn opt_nothing(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Op(op, _) if op.row().result == Slot::Nothing => Some(op.row().name.to_owned()),
            ExprKind::Call(function, _) => {
                let function = self.kernel.function(*function);
                function.result.is_none().then(|| format!("`{}`", function.name))
            }
            _ => None,
        }
    }
}

/// Whether an object can be passed for a parameter.
fn fits(object: &Var, param: &Var) -> bool {
    let same_kind = match (&object.kind, &param.kind) {
        (VarKind::Global { mutable: given, volatile: a }, VarKind::Global { mutable: needed, volatile: b }) => {
            (*given || !needed) && a == b
        }
        (VarKind::Mut, VarKind::Mut) | (VarKind::DynamicShared, VarKind::DynamicShared) => true,
        (VarKind::Register(given), VarKind::Register(needed)) | (VarKind::Shared(given), VarKind::Shared(needed)) => {
            given.iter().map(|extent| extent.value).eq(needed.iter().map(|extent| extent.value))
        }
        _ => false,
    };
    same_kind && object.ty == param.ty
}

/// What a parameter takes, in words.
fn wanted(param: &Var) -> String {
    let ty = param.ty;
    let shape =
        |extents: &[crate::ir::Extent]| extents.iter().map(|extent| format!("[{}]", extent.value)).collect::<String>();
    match &param.kind {
        VarKind::Global { mutable: true, .. } => format!("a buffer of {ty} that may be written"),
        VarKind::Global { mutable: false, .. } => format!("a buffer of {ty}"),
        VarKind::Register(extents) => format!("a register array {ty}{}", shape(extents)),
        VarKind::Shared(extents) => format!("a shared array {ty}{}", shape(extents)),
        VarKind::DynamicShared => format!("a dynamic shared array of {ty}"),
        VarKind::Mut => format!("a `let mut` variable of {ty}"),
        VarKind::Let | VarKind::Counter | VarKind::Scalar => format!("a value of {ty}"),
    }
}

/// Whether a type is among those allowed. Vectors work lane by lane, except where a scalar register is meant.
fn admits(allowed: Allowed, ty: Type) -> bool {
    let scalar = ty.scalar;
    match allowed {
        Allowed::Only(only) => ty == only,
        Allowed::Class(Class::None) => false,
        Allowed::Class(Class::Number) => scalar.is_number(),
        Allowed::Class(Class::Integer) => scalar.is_integer(),
        Allowed::Class(Class::Signed) => scalar.is_float() || scalar.is_signed_integer(),
        Allowed::Class(Class::Float) => scalar.is_float(),
        Allowed::Class(Class::WordInteger) => scalar.is_integer() && scalar.bytes() >= 4 && !ty.is_vector(),
        Allowed::Class(Class::Single) => ty == Type::F32,
        Allowed::Class(Class::Bits) => scalar == Scalar::Bool || scalar.is_integer(),
        Allowed::Class(Class::Word) => !ty.is_vector() && (scalar.bits() >= 32 || scalar == Scalar::Bool),
        Allowed::Class(Class::Comparable) => !ty.is_vector() && (scalar.is_number() || scalar == Scalar::Bool),
        Allowed::Class(Class::Boolean) => ty == Type::BOOL,
        Allowed::Class(Class::Any) => true,
    }
}

impl OpRow {
    /// Whether the operation reads lanes of the wave, or waits for threads of the block or of the launch.
    #[must_use]
    pub fn is_collective(&self) -> bool {
        matches!(self.effects, Effects::Wave | Effects::Barrier | Effects::Grid)
    }
}
