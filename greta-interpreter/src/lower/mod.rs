//! Flattens a kernel into a tree: statements. `expression` has the expressions, `place` the memory.
//!
//! Input: verified IR. Device functions are inlined at each call, so that every object is known where it is used.
//! What verified IR excludes is asserted; what the interpreter lacks becomes a `Node::Unsupported`, reported if reached.

mod assigned;
mod count;
mod expression;
mod numbers;
mod place;

use std::collections::BTreeMap;

use greta_codegen::ir::{Argument, Block, Expr, Function, Kernel, Literal, Location, Stmt, StmtKind, VarId, VarKind};

use crate::lanewise::Lanewise;
use crate::tree::{
    Access, Loop, Message, Node, Operand, Origin, Parameter, ParameterKind, ROOT, Region, RegionInfo, Register,
    RegisterInfo, Special, Target, Tree, scalar_words, words,
};

/// Iterations of a loop that is unrolled, at most.
const UNROLL_MAX: usize = 64;
/// Registers from which on no loop is unrolled, to bound nests of them.
const REGISTERS_MAX: usize = 100_000;

/// Flattens a kernel for waves of `wave` lanes, with the checks of the sanitizer if wanted.
pub(crate) fn lower(kernel: &Kernel, wave: u32, sanitize: bool) -> Tree {
    let mut lowerer = Lowerer {
        kernel,
        wave,
        registers: Vec::new(),
        regions: vec![RegionInfo { parent: ROOT, divergent: false }],
        accesses: Vec::new(),
        parameters: Vec::new(),
        bindings: vec![None; kernel.vars.len()],
        nodes: Vec::new(),
        region: ROOT,
        loops: Vec::new(),
        loop_depth: 0,
        function: None,
        specials: Vec::new(),
        shared_words: 0,
        assigned: sanitize.then(BTreeMap::new),
        messages: Vec::new(),
    };
    lowerer.parameters();
    lowerer.block(&kernel.body);
    Tree {
        registers: lowerer.registers,
        regions: lowerer.regions,
        accesses: lowerer.accesses,
        parameters: lowerer.parameters,
        messages: lowerer.messages,
        body: lowerer.nodes,
        shared_words: lowerer.shared_words,
    }
}

/// What a variable of the IR stands for.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Value(Operand),
    Variable(Register),
    Array(Register),
    Global(usize),
    Shared(u64),
}

/// The device function whose body is being inlined.
#[derive(Clone, Copy)]
struct Inlined {
    region: Region,
    result: Option<Register>,
}

struct Lowerer<'a> {
    kernel: &'a Kernel,
    wave: u32,
    registers: Vec<RegisterInfo>,
    regions: Vec<RegionInfo>,
    accesses: Vec<Access>,
    parameters: Vec<Parameter>,
    bindings: Vec<Option<Binding>>,
    /// The statements of the block that is being lowered.
    nodes: Vec<Node>,
    region: Region,
    /// Regions of the loops of the current function, innermost last.
    loops: Vec<Region>,
    /// Loops around the current statement, those of callers included.
    loop_depth: usize,
    function: Option<Inlined>,
    specials: Vec<(Special, Register)>,
    shared_words: u64,
    /// If checks of the sanitizer are wanted: by a variable or array that may be read before it is assigned, the
    /// register that says which of its components have been.
    assigned: Option<BTreeMap<Register, Register>>,
    messages: Vec<Message>,
}

impl Lowerer<'_> {
    fn parameters(&mut self) {
        for (index, &id) in self.kernel.params.iter().enumerate() {
            let var = &self.kernel.vars[id.index()];
            let (kind, binding) = match var.kind {
                VarKind::Global { .. } => {
                    (ParameterKind::Buffer { element: var.ty, written: false }, Binding::Global(index))
                }
                _ => {
                    let register = self.register(scalar_words(var.ty.scalar), Origin::Parameter(index));
                    (ParameterKind::Scalar(var.ty.scalar), Binding::Value(Operand::register(register)))
                }
            };
            self.parameters.push(Parameter { name: var.name.clone(), kind });
            self.bindings[id.index()] = Some(binding);
        }
    }

    fn block(&mut self, block: &Block) {
        for (position, statement) in block.iter().enumerate() {
            self.statement(statement);
            self.watch(statement, &block[position + 1..]);
        }
    }

    /// The nodes of a block of its own, in a region.
    fn nodes_in(&mut self, region: Region, lower: impl FnOnce(&mut Self)) -> Vec<Node> {
        let outer_nodes = std::mem::take(&mut self.nodes);
        let outer_region = std::mem::replace(&mut self.region, region);
        lower(self);
        self.region = outer_region;
        std::mem::replace(&mut self.nodes, outer_nodes)
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let(id, value) => self.define(*id, value.as_ref()),
            StmtKind::Declare(id) => self.declare(*id),
            StmtKind::Table(id, values) => self.table(*id, values, statement.location),
            StmtKind::Fill(id, value) => self.fill(*id, value),
            StmtKind::Assign(place, value) => self.assign(place, value, statement.location),
            StmtKind::Print(message) => self.print(message, statement.location),
            StmtKind::Eval(value) => {
                self.expression(value);
            }
            StmtKind::If(condition, then, otherwise) => {
                let condition = self.expression(condition);
                let region = self.new_region();
                let then = self.nodes_in(region, |lowerer| lowerer.block(then));
                let otherwise = self.nodes_in(region, |lowerer| lowerer.block(otherwise));
                self.nodes.push(Node::If { region, condition, then, otherwise });
            }
            StmtKind::For { .. } => self.count(statement),
            StmtKind::While(before, condition, body) => {
                self.repeat(Some((before, condition)), body, statement.location)
            }
            StmtKind::Loop(body) => self.repeat(None, body, statement.location),
            StmtKind::Break => {
                let target = *self.loops.last().expect("invariant: break is inside a loop");
                self.nodes.push(Node::Break { at: self.region, target });
            }
            StmtKind::Continue => {
                let target = *self.loops.last().expect("invariant: continue is inside a loop");
                self.nodes.push(Node::Continue { at: self.region, target });
            }
            StmtKind::Return(value) => self.leave(value.as_ref()),
        }
    }

    fn print(&mut self, message: &greta_codegen::ir::Message, location: Location) {
        let values = self.operands(&message.values);
        self.messages.push(Message {
            text: message.text.clone(),
            scalars: message.values.iter().map(|value| value.ty.scalar).collect(),
            fails: message.fails,
            location,
        });
        self.nodes.push(Node::Print { message: self.messages.len() - 1, values });
    }

    fn define(&mut self, id: VarId, value: Option<&Expr>) {
        let var = &self.kernel.vars[id.index()];
        let binding = match (value, &var.kind) {
            (Some(value), VarKind::Let) => {
                let operand = self.expression(value);
                Binding::Value(self.keep(operand, words(var.ty)))
            }
            (value, _) => {
                let register = self.register(words(var.ty), Origin::Variable);
                self.nodes.push(Node::Declare(register));
                if let Some(value) = value {
                    let operand = self.expression(value);
                    self.set(register, operand);
                }
                Binding::Variable(register)
            }
        };
        self.bindings[id.index()] = Some(binding);
    }

    fn declare(&mut self, id: VarId) {
        let var = &self.kernel.vars[id.index()];
        let components = |extents: &[greta_codegen::ir::Extent]| {
            let element = u64::from(words(var.ty));
            extents.iter().fold(element, |words, extent| words.saturating_mul(u64::from(extent.value)))
        };
        let binding = match &var.kind {
            VarKind::Shared(extents) => {
                let first = self.shared_words;
                self.shared_words = first.saturating_add(components(extents));
                Binding::Shared(first)
            }
            VarKind::Register(extents) => {
                let count = u32::try_from(components(extents)).unwrap_or(u32::MAX);
                let register = self.register(count, Origin::Array);
                self.nodes.push(Node::Declare(register));
                Binding::Array(register)
            }
            _ => unreachable!("invariant: only arrays are declared"),
        };
        self.bindings[id.index()] = Some(binding);
    }

    fn table(&mut self, id: VarId, values: &[Literal], location: Location) {
        self.declare(id);
        let Some(Binding::Array(register)) = self.bindings[id.index()] else {
            unreachable!("invariant: a table is a register array")
        };
        for (first, value) in (0..).zip(values) {
            let value = self.expression(&Expr::literal(*value, location));
            self.copy(Target { register, first, count: 1 }, value);
        }
    }

    fn fill(&mut self, id: VarId, value: &Expr) {
        let value = self.expression(value);
        let Some(Binding::Array(register)) = self.bindings[id.index()] else {
            unreachable!("invariant: only register arrays are filled")
        };
        let lanes = words(self.kernel.vars[id.index()].ty);
        let count = self.registers[register].count;
        if lanes == 1 || matches!(value, Operand::Constant(_)) {
            self.assign_components(Target { register, first: 0, count }, value.splat());
        } else {
            let value = self.keep(value, lanes);
            for element in 0..count / lanes {
                self.assign_components(Target { register, first: element * lanes, count: lanes }, value);
            }
        }
    }

    fn repeat(&mut self, test: Option<(&Block, &Expr)>, body: &Block, location: Location) {
        let region = self.new_region();
        let mut condition = Operand::Constant(1);
        self.loops.push(region);
        self.loop_depth += 1;
        let test = self.nodes_in(region, |lowerer| {
            if let Some((before, expression)) = test {
                lowerer.block(before);
                condition = lowerer.expression(expression);
            }
        });
        let body = self.nodes_in(region, |lowerer| lowerer.block(body));
        self.loop_depth -= 1;
        self.loops.pop();
        let (init, advance) = (Vec::new(), Vec::new());
        self.nodes.push(Node::Loop(Box::new(Loop { region, init, test, condition, body, advance, location })));
    }

    fn leave(&mut self, value: Option<&Expr>) {
        let value = value.map(|value| self.expression(value));
        let target = self.function.map_or(ROOT, |function| function.region);
        if let (Some(value), Some(register)) = (value, self.function.and_then(|function| function.result)) {
            self.set(register, value);
        }
        self.nodes.push(Node::Return { at: self.region, target });
    }

    /// Inlines a call; what it returns, if anything.
    fn call(&mut self, function: &Function, arguments: &[Argument]) -> Option<Operand> {
        let bindings: Vec<Binding> = arguments
            .iter()
            .zip(&function.params)
            .map(|(argument, parameter)| match argument {
                Argument::Value(value) => {
                    let operand = self.expression(value);
                    let ty = self.kernel.vars[parameter.index()].ty;
                    Binding::Value(self.keep(operand, words(ty)))
                }
                Argument::Object(id) => {
                    self.bindings[id.index()].expect("invariant: an object is declared before it is passed")
                }
            })
            .collect();
        for (parameter, binding) in function.params.iter().zip(bindings) {
            self.bindings[parameter.index()] = Some(binding);
        }
        let result = function.result.map(|ty| self.register(words(ty), Origin::Value));
        if let Some(register) = result {
            self.nodes.push(Node::Declare(register));
        }
        let region = self.new_region();
        let caller = self.function.replace(Inlined { region, result });
        let loops = std::mem::take(&mut self.loops);
        let mut body = self.nodes_in(region, |lowerer| lowerer.block(&function.body));
        self.loops = loops;
        self.function = caller;
        if let Some(Node::Return { at, .. }) = body.last()
            && *at == region
        {
            body.pop();
        }
        self.nodes.push(Node::Scope { region, body });
        result.map(Operand::register)
    }

    fn new_region(&mut self) -> Region {
        self.regions.push(RegionInfo { parent: self.region, divergent: false });
        self.regions.len() - 1
    }

    fn register(&mut self, count: u32, origin: Origin) -> Register {
        let info = RegisterInfo { count, region: self.region, loop_depth: self.loop_depth, origin, uniform: true };
        self.registers.push(info);
        self.registers.len() - 1
    }

    /// The register of a value that every thread starts with.
    fn special(&mut self, special: Special) -> Operand {
        if let Special::ThreadIdx(axis) = special
            && self.kernel.block[axis].value == 1
        {
            return Operand::Constant(0);
        }
        let known = self.specials.iter().find(|(other, _)| *other == special).map(|(_, register)| *register);
        Operand::register(known.unwrap_or_else(|| {
            let register = self.register(1, Origin::Special(special));
            self.specials.push((special, register));
            register
        }))
    }

    fn set(&mut self, register: Register, value: Operand) {
        let count = self.registers[register].count;
        self.copy(Target { register, first: 0, count }, value);
    }

    /// Assigns components of what the author declared.
    fn assign_components(&mut self, dst: Target, value: Operand) {
        self.copy(dst, value);
        self.note_assigned(dst);
    }

    fn copy(&mut self, dst: Target, value: Operand) {
        self.nodes.push(Node::Lanewise { row: Lanewise::Move, dst, src: [value; 3] });
    }

    /// The value as it is now, whatever is assigned to later on; may be read many times.
    fn keep(&mut self, operand: Operand, count: u32) -> Operand {
        let Some(register) = operand.opt_register() else { return operand };
        match self.registers[register].origin {
            Origin::Temporary => self.registers[register].origin = Origin::Value,
            Origin::Variable | Origin::Array => {
                let copy = self.register(count, Origin::Value);
                self.copy(Target { register: copy, first: 0, count }, operand);
                return Operand::register(copy);
            }
            Origin::Value | Origin::Special(_) | Origin::Parameter(_) | Origin::Literal(_) => {}
        }
        operand
    }

    /// An operation into a new temporary.
    fn lanewise(&mut self, row: Lanewise, count: u32, src: [Operand; 3]) -> Operand {
        let register = self.register(count, Origin::Temporary);
        self.nodes.push(Node::Lanewise { row, dst: Target { register, first: 0, count }, src });
        Operand::register(register)
    }
}

/// Whether a loop's body leaves the loop, or an iteration, early.
fn has_jump(body: &Block) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StmtKind::Break | StmtKind::Continue => true,
        StmtKind::If(_, then, otherwise) => has_jump(then) || has_jump(otherwise),
        _ => false,
    })
}
