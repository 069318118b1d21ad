//! Calls of `#[device]` functions: traced once for each set of argument types, called by name afterwards.

use super::jumps::LoopFrame;
use super::memory::{Memory, Space};
use super::results::{DeviceResult, Part, Returned, give, opt_value, parts, reported};
use super::tracer::{self, Length, TraceError, Tracer};
use super::value::{Atom, Val, Value};
use crate::ir::{
    Argument, Block, Expr, ExprKind, Extent, Foreign, Function, FunctionId, Literal, Location, Place, StmtKind, Type,
    VarId, VarKind,
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
    /// How each of an array's lengths is spelled: a function for `[f32; N]` is not one for `[f32; 4]`, whatever N is now.
    extents: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ParameterSpace {
    Value,
    Variable,
    Global { mutable: bool, volatile: bool },
    Shared,
    Register,
}

/// A function that has been traced.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    id: FunctionId,
    /// Which of its arguments are the buffers whose lengths it takes as its last parameters.
    lengths: Vec<usize>,
}

/// What is being recorded outside of a function.
#[derive(Debug, Default)]
struct Caller {
    blocks: Vec<Block>,
    loops: Vec<LoopFrame>,
    results: Vec<VarId>,
    tables: Vec<(VarId, Vec<Literal>)>,
    lengths: Vec<Length>,
}

/// A call that is being made.
pub struct Call {
    key: FunctionKey,
    info: FunctionInfo,
    arguments: Vec<Argument>,
    /// Variables among them that stand for elements, which get their values back.
    lent: Vec<(VarId, Place)>,
    known: Option<Instance>,
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
            lent: Vec::new(),
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
        self.lent.extend(tracer::with(|tracer| std::mem::take(&mut tracer.lent)));
    }

    /// After the arguments: whether the body must be traced, which then follows.
    pub fn body(&mut self) -> bool {
        tracer::with(|tracer| {
            self.known = tracer.functions.get(&self.key).cloned();
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
                lengths: std::mem::take(&mut tracer.lengths),
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
        if opt_value(&parts).is_some() {
            return;
        }
        let location = self.key.location;
        tracer::with(|tracer| {
            tracer.results = parts.iter().map(|part| tracer.var(&part.name, part.kind(), part.ty, location)).collect();
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

    fn finish<R: DeviceResult>(&mut self, values: &[Returned]) {
        let (info, location) = (self.info, self.location);
        let parts = parts::<R>();
        let returned = opt_value(&parts);
        tracer::with(|tracer| {
            tracer.calls.pop();
            if info.foreign.is_some() && returned.is_none() && !parts.is_empty() {
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
            let lengths = std::mem::replace(&mut tracer.lengths, caller.lengths);
            let position = |length: &Length| self.parameters.iter().position(|&parameter| parameter == length.buffer);
            let of = lengths.iter().filter_map(position).collect();
            self.parameters.extend(lengths.iter().map(|length| length.value));
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
            let instance = Instance { id, lengths: of };
            tracer.functions.insert(self.key.clone(), instance.clone());
            self.known = Some(instance);
        });
    }

    /// The call itself.
    #[must_use]
    pub fn result<R: DeviceResult>(mut self) -> R {
        let (parts, location) = (parts::<R>(), self.location);
        let Some(Instance { id, lengths }) = self.known.take() else { return reported(&parts, location) };
        let values: Vec<Returned> = tracer::with(|tracer| {
            let results = self.declare_results(tracer, id, &parts);
            for position in lengths {
                let Argument::Object(buffer) = self.arguments[position] else {
                    unreachable!("invariant: a buffer is passed as an object")
                };
                let length = Atom::Var(tracer.buffer_length(buffer, location));
                self.arguments.push(Argument::Value(length.expr(Type::U32, location)));
            }
            let kind = ExprKind::Call(id, self.arguments);
            if let Some(ty) = opt_value(&parts) {
                let value = tracer.record(Expr { kind, ty, location });
                tracer.take_back(self.lent, location);
                return vec![Returned::Value(value)];
            }
            tracer.push(StmtKind::Eval(Expr { kind, ty: Type::BOOL, location }), location);
            tracer.take_back(self.lent, location);
            results.into_iter().zip(&parts).map(|(id, part)| part.read(tracer, id, location)).collect()
        });
        R::from_values(&mut values.into_iter())
    }

    /// The variables that results go to which are no single value, as arguments.
    fn declare_results(&mut self, tracer: &mut Tracer, function: FunctionId, parts: &[Part]) -> Vec<VarId> {
        if opt_value(parts).is_some() {
            return Vec::new();
        }
        let first = self.arguments.len();
        let params = tracer.kernel.function(function).params[first..first + parts.len()].to_vec();
        let results = params.into_iter().map(|param| tracer.declare_like(param, self.location)).collect::<Vec<_>>();
        self.arguments.extend(results.iter().copied().map(Argument::Object));
        results
    }
}

impl<T: Value> DeviceArgument for Val<T> {
    fn argument(&self, mutable: bool, location: Location, list: &mut Vec<(Argument, Parameter)>) {
        let parameter = |space| Parameter { ty: T::ty(), space, extents: Vec::new() };
        let opt_variable =
            if mutable { tracer::with(|tracer| tracer.opt_passed(self.atom, T::ty(), location)) } else { None };
        list.push(match opt_variable {
            Some(id) => (Argument::Object(id), parameter(ParameterSpace::Variable)),
            None => (Argument::Value(self.expr(location)), parameter(ParameterSpace::Value)),
        });
    }

    fn parameter(&self, name: &str, mutable: bool, location: Location, list: &mut Vec<VarId>) -> Self {
        let kind = if mutable { VarKind::Mut } else { VarKind::Scalar };
        let id = tracer::with(|tracer| tracer.var(name, kind, T::ty(), location));
        list.push(id);
        Self::from_atom(Atom::Var(id))
    }
}

impl Tracer {
    /// The variable that is passed by `&mut`: a mutable one itself; for the element that a method is called on, one that
    /// the element gets its value back from.
    fn opt_passed(&mut self, atom: Atom, ty: Type, location: Location) -> Option<VarId> {
        if let Atom::Var(id) = atom {
            if self.kernel.var(id).kind == VarKind::Mut {
                return Some(id);
            }
            if let Some(place) = self.receivers.get(&id).cloned() {
                let lent = self.var("", VarKind::Mut, ty, location);
                self.push(StmtKind::Let(lent, Some(atom.expr(ty, location))), location);
                self.lent.push((lent, place));
                return Some(lent);
            }
        }
        self.error(TraceError::NotVariable, location);
        None
    }

    /// Gives elements what the variables have that were passed in their place.
    fn take_back(&mut self, lent: Vec<(VarId, Place)>, location: Location) {
        for (variable, place) in lent {
            let value = Atom::Var(variable).expr(self.kernel.var(variable).ty, location);
            self.push(StmtKind::Assign(place, value), location);
        }
    }
}

/// A size as its author wrote it, wherever that was.
fn spelled(size: &Extent) -> String {
    let mut expr = size.expr.clone();
    expr.walk_mut(&mut |part| part.location = Location { file: "", line: 0, column: 0 });
    format!("{:?}", expr.kind)
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
            let extents = extents.iter().map(spelled).collect();
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
        )*
    };
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
}
