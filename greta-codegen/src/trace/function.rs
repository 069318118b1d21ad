//! Calls of `#[device]` functions: traced once for each set of argument types, called by name afterwards.

use super::jumps::LoopFrame;
use super::memory::{Memory, Space};
use super::tracer::{self, TraceError, Tracer};
use super::value::{Atom, Val, Value};
use crate::ir::{
    Argument, Block, Expr, ExprKind, Foreign, Function, FunctionId, Literal, Location, Place, StmtKind, Type, VarId,
    VarKind,
};

/// What `#[device]` knows of a function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// Where it stands.
    pub location: Location,
    /// Its body in the language of targets.
    pub foreign: Option<Foreign>,
}

/// What tells the instances of device functions apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FunctionKey {
    location: Location,
    identity: String,
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

/// What is being recorded outside of a function.
#[derive(Debug, Default)]
struct Caller {
    blocks: Vec<Block>,
    loops: Vec<LoopFrame>,
    results: Vec<VarId>,
    tables: Vec<(VarId, Vec<Literal>)>,
}

/// A call that is being made.
pub struct Call {
    key: FunctionKey,
    info: FunctionInfo,
    arguments: Vec<Argument>,
    known: Option<FunctionId>,
    /// What was being recorded of the caller, while the function is traced.
    caller: Caller,
    parameters: Vec<VarId>,
    location: Location,
}

/// What a device function takes.
#[diagnostic::on_unimplemented(
    message = "a device function cannot take a `{Self}`",
    note = "kernel values are passed by value; arrays and buffers by `&` or `&mut`"
)]
pub trait DeviceArgument: Sized {
    /// Adds what is passed, and the parameter's shape, a part at a time.
    fn argument(&self, mutable: bool, location: Location, list: &mut Vec<(Argument, Parameter)>);
    /// The handle of the parameter inside the function; adds the parameter's variables.
    fn parameter(&self, name: &str, mutable: bool, location: Location, list: &mut Vec<VarId>) -> Self;
}

/// What a device function returns.
///
/// One value is returned as such; several go to variables of the caller, which the function takes by reference.
#[diagnostic::on_unimplemented(
    message = "a device function cannot return a `{Self}`",
    note = "a device function returns kernel values, tuples and structs of them, or nothing"
)]
pub trait DeviceResult: Sized {
    /// Adds the name and type of each value in it.
    fn parts(name: &str, list: &mut Vec<(String, Type)>);
    /// Adds the values.
    fn values(self, list: &mut Vec<Atom>);
    /// The handle of a call's result, of as many values as there are parts.
    fn from_values(values: &mut dyn Iterator<Item = Atom>) -> Self;
}

fn parts<R: DeviceResult>() -> Vec<(String, Type)> {
    let mut list = Vec::new();
    R::parts("result", &mut list);
    list
}

impl Call {
    /// Begins a call. `identity` tells the function, and its type and constant arguments, from all others at the same
    /// place: one macro may write several functions, all at the place of its call.
    #[must_use]
    #[track_caller]
    pub fn begin(info: &FunctionInfo, identity: String) -> Self {
        Self {
            key: FunctionKey { location: info.location, identity, parameters: Vec::new() },
            info: *info,
            arguments: Vec::new(),
            known: None,
            caller: Default::default(),
            parameters: Vec::new(),
            location: Location::caller(),
        }
    }

    /// Adds an argument; `mutable` if it is passed by `&mut`.
    pub fn argument<A: DeviceArgument>(&mut self, argument: &A, mutable: bool) {
        let mut list = Vec::new();
        argument.argument(mutable, self.location, &mut list);
        for (argument, parameter) in list {
            self.arguments.push(argument);
            self.key.parameters.push(parameter);
        }
    }

    /// After the arguments: whether the body must be traced, which then follows.
    pub fn body(&mut self) -> bool {
        tracer::with(|tracer| {
            self.known = tracer.functions.get(&self.key).copied();
            if self.known.is_some() {
                return false;
            }
            if tracer.calls.contains(&self.key) {
                tracer.error(TraceError::Recursive { function: self.info.name }, self.location);
                return false;
            }
            tracer.calls.push(self.key.clone());
            self.caller = Caller {
                blocks: std::mem::replace(&mut tracer.blocks, vec![Vec::new()]),
                loops: std::mem::take(&mut tracer.loops),
                results: std::mem::take(&mut tracer.results),
                tables: std::mem::take(&mut tracer.tables),
            };
            true
        })
    }

    /// Makes a parameter while the body is traced.
    pub fn parameter<A: DeviceArgument>(&mut self, name: &'static str, argument: &A, mutable: bool) -> A {
        argument.parameter(name, mutable, self.info.location, &mut self.parameters)
    }

    /// After the parameters: makes those that results of several values go to.
    pub fn results<R: DeviceResult>(&mut self) {
        let parts = parts::<R>();
        if parts.len() < 2 {
            return;
        }
        let location = self.key.location;
        tracer::with(|tracer| {
            tracer.results = parts.iter().map(|(name, ty)| tracer.var(name, VarKind::Mut, *ty, location)).collect();
            self.parameters.extend(&tracer.results);
        });
    }

    /// After the body.
    pub fn finish_body<R: DeviceResult>(&mut self, result: R) {
        let mut values = Vec::new();
        result.values(&mut values);
        self.finish::<R>(&values);
    }

    /// In place of a body: the function is written in the language of targets only.
    pub fn finish_foreign<R: DeviceResult>(&mut self) {
        self.finish::<R>(&[]);
    }

    fn finish<R: DeviceResult>(&mut self, values: &[Atom]) {
        let (info, location) = (self.info, self.location);
        let parts = parts::<R>();
        let returned = if let [(_, ty)] = parts.as_slice() { Some(*ty) } else { None };
        tracer::with(|tracer| {
            tracer.calls.pop();
            if info.foreign.is_some() && parts.len() > 1 {
                tracer.error(TraceError::ForeignResult { function: info.name }, info.location);
            }
            let value = give(tracer, &parts, values, location);
            if value.is_some() {
                tracer.push(StmtKind::Return(value), location);
            }
            let caller = std::mem::take(&mut self.caller);
            tracer.loops = caller.loops;
            tracer.results = caller.results;
            tracer.tables = caller.tables;
            let body = std::mem::replace(&mut tracer.blocks, caller.blocks).pop().expect("invariant: the body's block");
            let id = FunctionId(u32::try_from(tracer.kernel.functions.len()).expect("invariant: few functions"));
            tracer.kernel.functions.push(Function {
                name: info.name.to_owned(),
                doc: info.doc.iter().map(|&line| line.to_owned()).collect(),
                location: info.location,
                params: std::mem::take(&mut self.parameters),
                result: returned,
                body,
                foreign: info.foreign,
            });
            tracer.functions.insert(self.key.clone(), id);
            self.known = Some(id);
        });
    }

    /// The call itself.
    #[must_use]
    pub fn result<R: DeviceResult>(mut self) -> R {
        let (parts, location) = (parts::<R>(), self.location);
        let Some(function) = self.known else { return reported(&parts, location) };
        let values: Vec<Atom> = tracer::with(|tracer| {
            if let [(_, ty)] = parts.as_slice() {
                let kind = ExprKind::Call(function, self.arguments);
                return vec![tracer.record(Expr { kind, ty: *ty, location })];
            }
            let mut results = Vec::new();
            for (_, ty) in &parts {
                let id = tracer.var("", VarKind::Mut, *ty, location);
                tracer.push(StmtKind::Let(id, None), location);
                self.arguments.push(Argument::Object(id));
                results.push((id, *ty));
            }
            let kind = ExprKind::Call(function, self.arguments);
            tracer.push(StmtKind::Eval(Expr { kind, ty: Type::BOOL, location }), location);
            let read = |(id, ty)| tracer.record(Expr { kind: ExprKind::Var(id), ty, location });
            results.into_iter().map(read).collect()
        });
        R::from_values(&mut values.into_iter())
    }
}

/// A handle for a call that was reported: its values are undefined.
fn reported<R: DeviceResult>(parts: &[(String, Type)], location: Location) -> R {
    let values: Vec<Atom> = tracer::with(|tracer| {
        let undefined = parts.iter().map(|(_, ty)| {
            let id = tracer.var("", VarKind::Mut, *ty, location);
            tracer.push(StmtKind::Let(id, None), location);
            Atom::Var(id)
        });
        undefined.collect()
    });
    R::from_values(&mut values.into_iter())
}

/// Assigns results of several values to their parameters; a single value is given back.
fn give(tracer: &mut Tracer, parts: &[(String, Type)], values: &[Atom], location: Location) -> Option<Expr> {
    let mut exprs = values.iter().zip(parts).map(|(value, (_, ty))| value.expr(*ty, location));
    let results = tracer.results.clone();
    if results.is_empty() {
        return exprs.next();
    }
    for (base, value) in results.into_iter().zip(exprs) {
        tracer.push(StmtKind::Assign(Place { base, index: Vec::new(), lane: None }, value), location);
    }
    None
}

/// `return value` in a device function.
#[track_caller]
pub fn return_value<R: DeviceResult>(value: R) {
    let location = Location::caller();
    let mut values = Vec::new();
    value.values(&mut values);
    tracer::with(|tracer| {
        let value = give(tracer, &parts::<R>(), &values, location);
        tracer.push(StmtKind::Return(value), location);
    });
}

impl<T: Value> DeviceArgument for Val<T> {
    fn argument(&self, mutable: bool, location: Location, list: &mut Vec<(Argument, Parameter)>) {
        let parameter = |space| Parameter { ty: T::ty(), space, extents: Vec::new() };
        list.push(match self.atom {
            Atom::Var(id) if mutable => (Argument::Object(id), parameter(ParameterSpace::Variable)),
            _ => (Argument::Value(self.expr(location)), parameter(ParameterSpace::Value)),
        });
    }

    fn parameter(&self, name: &str, mutable: bool, location: Location, list: &mut Vec<VarId>) -> Self {
        let kind = if mutable { VarKind::Mut } else { VarKind::Scalar };
        let id = tracer::with(|tracer| tracer.var(name, kind, T::ty(), location));
        list.push(id);
        Self::from_atom(Atom::Var(id))
    }
}

impl<E, S: Space> DeviceArgument for Memory<E, S> {
    fn argument(&self, _mutable: bool, location: Location, list: &mut Vec<(Argument, Parameter)>) {
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
                // No other array is without extents.
                VarKind::DynamicShared => (ParameterSpace::Shared, &[][..]),
                VarKind::Register(extents) => (ParameterSpace::Register, extents.as_slice()),
                VarKind::Let | VarKind::Mut | VarKind::Counter | VarKind::Scalar => {
                    unreachable!("invariant: a memory handle names a memory object")
                }
            };
            let extents = extents.iter().map(|extent| extent.value).collect();
            list.push((Argument::Object(self.base), Parameter { ty: var.ty, space, extents }));
        });
    }

    fn parameter(&self, name: &str, _mutable: bool, location: Location, list: &mut Vec<VarId>) -> Self {
        let id = tracer::with(|tracer| {
            let var = &tracer.kernel.vars[self.base.index()];
            let (kind, ty) = (var.kind.clone(), var.ty);
            tracer.var(name, kind, ty, location)
        });
        list.push(id);
        Self::whole(id)
    }
}

impl<T: Value> DeviceResult for Val<T> {
    fn parts(name: &str, list: &mut Vec<(String, Type)>) {
        list.push((name.to_owned(), T::ty()));
    }

    fn values(self, list: &mut Vec<Atom>) {
        list.push(self.atom);
    }

    fn from_values(values: &mut dyn Iterator<Item = Atom>) -> Self {
        Self::from_atom(values.next().expect("invariant: a value for each part"))
    }
}

impl DeviceResult for () {
    fn parts(_name: &str, _list: &mut Vec<(String, Type)>) {}
    fn values(self, _list: &mut Vec<Atom>) {}
    fn from_values(_values: &mut dyn Iterator<Item = Atom>) {}
}

macro_rules! tuples {
    ($($($name:ident $position:tt)*;)*) => {
        $(
            impl<$($name: DeviceArgument),*> DeviceArgument for ($($name,)*) {
                fn argument(&self, mutable: bool, location: Location, list: &mut Vec<(Argument, Parameter)>) {
                    $(self.$position.argument(mutable, location, list);)*
                }

                fn parameter(&self, name: &str, mutable: bool, location: Location, list: &mut Vec<VarId>) -> Self {
                    ($(self.$position.parameter(&format!("{name}_{}", $position), mutable, location, list),)*)
                }
            }

            impl<$($name: DeviceResult),*> DeviceResult for ($($name,)*) {
                fn parts(name: &str, list: &mut Vec<(String, Type)>) {
                    $($name::parts(&format!("{name}_{}", $position), list);)*
                }

                fn values(self, list: &mut Vec<Atom>) {
                    $(self.$position.values(list);)*
                }

                fn from_values(values: &mut dyn Iterator<Item = Atom>) -> Self {
                    ($($name::from_values(values),)*)
                }
            }
        )*
    };
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
}
