//! Calls of `#[device]` functions: traced once for each set of argument types, called by name afterwards.

use super::jumps::LoopFrame;
use super::memory::{Memory, Space};
use super::tracer::{self, TraceError};
use super::value::{Atom, IntoVal, Val, Value};
use crate::ir::{Argument, Block, Expr, ExprKind, Function, FunctionId, Location, StmtKind, Type, VarId, VarKind};

/// What `#[device]` knows of a function.
#[derive(Debug)]
pub struct FunctionInfo {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// Where it stands.
    pub location: Location,
}

/// What tells the instances of device functions apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FunctionKey {
    location: Location,
    generics: &'static str,
    parameters: Vec<Parameter>,
}

/// The shape of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    ty: Type,
    space: ParameterSpace,
    extents: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ParameterSpace {
    Value,
    Variable,
    Global { mutable: bool, volatile: bool },
    Shared,
    Register,
}

/// A call that is being made.
pub struct Call {
    key: FunctionKey,
    arguments: Vec<Argument>,
    known: Option<FunctionId>,
    /// The caller's open blocks and loops, while the function is traced.
    caller: (Vec<Block>, Vec<LoopFrame>),
    parameters: Vec<VarId>,
    location: Location,
}

/// What a device function takes.
#[diagnostic::on_unimplemented(
    message = "a device function cannot take a `{Self}`",
    note = "kernel values are passed by value; arrays and buffers by `&` or `&mut`"
)]
pub trait DeviceArgument: Sized {
    /// What is passed, and the parameter's shape.
    fn argument(&self, mutable: bool, location: Location) -> (Argument, Parameter);
    /// The handle of the parameter inside the function.
    fn parameter(&self, name: &'static str, mutable: bool, location: Location) -> (Self, VarId);
}

/// What a device function returns.
#[diagnostic::on_unimplemented(
    message = "a device function cannot return a `{Self}`",
    note = "a device function returns one kernel value, or nothing"
)]
pub trait DeviceResult: Sized {
    /// Its type, if it is a value.
    fn ty() -> Option<Type>;
    /// The expression returned.
    fn expr(self, location: Location) -> Option<Expr>;
    /// The handle of a call's result.
    fn record(call: Expr) -> Self;
}

impl Call {
    /// Begins a call with `generics` naming the function's type arguments.
    #[must_use]
    #[track_caller]
    pub fn begin(info: &FunctionInfo, generics: &'static str) -> Self {
        Self {
            key: FunctionKey { location: info.location, generics, parameters: Vec::new() },
            arguments: Vec::new(),
            known: None,
            caller: Default::default(),
            parameters: Vec::new(),
            location: Location::caller(),
        }
    }

    /// Adds an argument; `mutable` if it is passed by `&mut`.
    pub fn argument<A: DeviceArgument>(&mut self, argument: &A, mutable: bool) {
        let (argument, parameter) = argument.argument(mutable, self.location);
        self.arguments.push(argument);
        self.key.parameters.push(parameter);
    }

    /// After the arguments: whether the body must be traced, which then follows.
    pub fn body(&mut self) -> bool {
        tracer::with(|tracer| {
            self.known = tracer.functions.get(&self.key).copied();
            if self.known.is_none() {
                self.caller =
                    (std::mem::replace(&mut tracer.blocks, vec![Vec::new()]), std::mem::take(&mut tracer.loops));
            }
        });
        self.known.is_none()
    }

    /// Makes a parameter while the body is traced.
    pub fn parameter<A: DeviceArgument>(&mut self, name: &'static str, argument: &A, mutable: bool) -> A {
        let (handle, id) = argument.parameter(name, mutable, self.key.location);
        self.parameters.push(id);
        handle
    }

    /// After the body.
    pub fn finish_body<R: DeviceResult>(&mut self, info: &FunctionInfo, result: R) {
        let location = self.location;
        let value = result.expr(location);
        tracer::with(|tracer| {
            if value.is_some() {
                tracer.push(StmtKind::Return(value), location);
            }
            let (caller, loops) = std::mem::take(&mut self.caller);
            tracer.loops = loops;
            let body = std::mem::replace(&mut tracer.blocks, caller).pop().expect("invariant: the body's block");
            let id = FunctionId(u32::try_from(tracer.kernel.functions.len()).expect("invariant: few functions"));
            tracer.kernel.functions.push(Function {
                name: info.name.to_owned(),
                doc: info.doc.iter().map(|&line| line.to_owned()).collect(),
                location: info.location,
                params: std::mem::take(&mut self.parameters),
                result: R::ty(),
                body,
            });
            tracer.functions.insert(self.key.clone(), id);
            self.known = Some(id);
        });
    }

    /// The call itself.
    #[must_use]
    pub fn result<R: DeviceResult>(self) -> R {
        let function = self.known.expect("invariant: the function has been traced");
        let ty = R::ty().unwrap_or(Type::BOOL);
        R::record(Expr { kind: ExprKind::Call(function, self.arguments), ty, location: self.location })
    }
}

/// `return value` in a device function.
#[track_caller]
pub fn return_value<R: DeviceResult>(value: R) {
    let location = Location::caller();
    let value = value.expr(location);
    tracer::with(|tracer| tracer.push(StmtKind::Return(value), location));
}

impl<T: Value> DeviceArgument for Val<T> {
    fn argument(&self, mutable: bool, location: Location) -> (Argument, Parameter) {
        let parameter = |space| Parameter { ty: T::ty(), space, extents: Vec::new() };
        match self.atom {
            Atom::Var(id) if mutable => (Argument::Object(id), parameter(ParameterSpace::Variable)),
            _ => (Argument::Value(self.expr(location)), parameter(ParameterSpace::Value)),
        }
    }

    fn parameter(&self, name: &'static str, mutable: bool, location: Location) -> (Self, VarId) {
        let kind = if mutable { VarKind::Mut } else { VarKind::Scalar };
        let id = tracer::with(|tracer| tracer.var(name, kind, T::ty(), location));
        (Self::from_atom(Atom::Var(id)), id)
    }
}

impl<E, S: Space> DeviceArgument for Memory<E, S> {
    fn argument(&self, _mutable: bool, location: Location) -> (Argument, Parameter) {
        tracer::with(|tracer| {
            if self.depth > 0 {
                tracer.error(TraceError::PartOfArray, location);
            }
            let var = &tracer.kernel.vars[self.base.index()];
            let (space, extents) = match &var.kind {
                VarKind::Global { mutable, volatile } => {
                    (ParameterSpace::Global { mutable: *mutable, volatile: *volatile }, &[][..])
                }
                VarKind::Shared(extents) => (ParameterSpace::Shared, extents.as_slice()),
                VarKind::Register(extents) => (ParameterSpace::Register, extents.as_slice()),
                VarKind::Let | VarKind::Mut | VarKind::Counter | VarKind::Scalar => {
                    unreachable!("invariant: a memory handle names a memory object")
                }
            };
            let extents = extents.iter().map(|extent| extent.value).collect();
            (Argument::Object(self.base), Parameter { ty: var.ty, space, extents })
        })
    }

    fn parameter(&self, name: &'static str, _mutable: bool, location: Location) -> (Self, VarId) {
        let id = tracer::with(|tracer| {
            let var = &tracer.kernel.vars[self.base.index()];
            let (kind, ty) = (var.kind.clone(), var.ty);
            tracer.var(name, kind, ty, location)
        });
        (Self::whole(id), id)
    }
}

impl<T: Value> DeviceResult for Val<T> {
    fn ty() -> Option<Type> {
        Some(T::ty())
    }

    fn expr(self, location: Location) -> Option<Expr> {
        Some(Self::expr(self, location))
    }

    fn record(call: Expr) -> Self {
        let location = call.location;
        Self::record(call.kind, location)
    }
}

impl DeviceResult for () {
    fn ty() -> Option<Type> {
        None
    }

    fn expr(self, _location: Location) -> Option<Expr> {
        None
    }

    fn record(call: Expr) {
        let location = call.location;
        tracer::with(|tracer| tracer.push(StmtKind::Eval(call), location));
    }
}

/// A Rust constant where a device function wants a kernel value.
#[must_use]
pub fn into_value<T: Value, V: IntoVal<T>>(value: V) -> Val<T> {
    value.into_val()
}
