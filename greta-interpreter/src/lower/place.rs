//! Flattens loads and stores: binds them to their objects and picks array elements with constant indices directly.

use greta_codegen::ir::{Atomic, Expr, ExprKind, Location, Op, Place, Type, VarId, VarKind};

use super::{Binding, Lowerer};
use crate::tree::{
    Access, Change, Dim, Node, Operand, Origin, Packing, ParameterKind, Register, Space, Target, scalar_words, words,
};

/// What a place comes to.
enum Element {
    /// Components of a register, known now.
    Fixed(Target),
    /// To be found when it runs.
    Dynamic(Access),
}

impl Lowerer<'_> {
    pub(super) fn load(&mut self, place: &Place, ty: Type, location: Location) -> Operand {
        match self.element(place, ty, location, false) {
            Element::Fixed(target) => {
                self.check_assigned(target, place.base, location);
                Operand::Register { register: target.register, first: target.first, step: 1 }
            }
            Element::Dynamic(access) => {
                self.check_assigned_element(&access, words(ty));
                self.read(access, words(ty))
            }
        }
    }

    /// What is done with an element besides loading and storing: a prefetch checks its index, a barrier of the grid counts in
    /// it.
    pub(super) fn named(&mut self, op: Op, element: &Expr) -> Operand {
        let ExprKind::Load(place) = &element.kind else { unreachable!("invariant: the operation names an element") };
        let counts = op == Op::GridBarrier;
        let Element::Dynamic(access) = self.element(place, element.ty, element.location, counts) else {
            unreachable!("invariant: the element is a buffer's")
        };
        self.accesses.push(access);
        let access = self.accesses.len() - 1;
        self.nodes.push(if counts { Node::GridBarrier { access } } else { Node::Prefetch { access } });
        Operand::Constant(0)
    }

    /// One lane of a vector that is in consecutive components.
    pub(super) fn pick(
        &mut self,
        register: Register,
        first: u32,
        vector: Type,
        lane: Operand,
        location: Location,
    ) -> Operand {
        // The vector may be read again with another lane: it is no temporary any more.
        if self.registers[register].origin == Origin::Temporary {
            self.registers[register].origin = Origin::Value;
        }
        let dims = vec![Dim { index: lane, extent: Some(u32::from(vector.lanes)) }];
        let space = Space::Register { register, first };
        let (name, unit) = ("vector".to_owned(), scalar_words(vector.scalar));
        let access = Access {
            space,
            name,
            dims,
            dimensions: 1,
            unit,
            width: 1,
            packing: Packing::Words,
            write: false,
            asynchronous: false,
            location,
        };
        self.read(access, unit)
    }

    pub(super) fn assign(&mut self, place: &Place, value: &Expr, location: Location) {
        let lowered = self.expression(value);
        let calls = place.index.iter().chain(place.lane.as_deref()).any(super::expression::has_call);
        let lowered = if calls { self.keep(lowered, words(value.ty)) } else { lowered };
        match self.element(place, value.ty, location, true) {
            Element::Fixed(target) => self.assign_components(target, lowered),
            Element::Dynamic(access) => {
                self.note_assigned_element(&access);
                let asynchronous = matches!(value.kind, ExprKind::Op(Op::CopyAsync, _));
                self.accesses.push(Access { asynchronous, ..access });
                self.nodes.push(Node::Store { access: self.accesses.len() - 1, value: lowered });
            }
        }
    }

    pub(super) fn atomic(&mut self, atomic: Atomic, place: &Place, operands: &[Expr], whole: &Expr) -> Operand {
        let count = place.index.len();
        let lowered = self.operands(place.index.iter().chain(operands));
        let Element::Dynamic(access) = self.element_at(place, &lowered[..count], whole.ty, whole.location, true) else {
            unreachable!("invariant: registers are not shared by threads")
        };
        let operands = [lowered[count], *lowered.last().expect("invariant: an atomic operation has operands")];
        let count = words(whole.ty);
        let register = self.register(count, Origin::Temporary);
        self.accesses.push(access);
        let dst = Target { register, first: 0, count };
        let change = Change { atomic, scalar: whole.ty.scalar };
        self.nodes.push(Node::Atomic { change, dst, access: self.accesses.len() - 1, operands });
        Operand::register(register)
    }

    pub(super) fn read(&mut self, access: Access, count: u32) -> Operand {
        let register = self.register(count, Origin::Temporary);
        self.accesses.push(access);
        let dst = Target { register, first: 0, count };
        self.nodes.push(Node::Load { dst, access: self.accesses.len() - 1 });
        Operand::register(register)
    }

    fn element(&mut self, place: &Place, ty: Type, location: Location, write: bool) -> Element {
        let indices = self.operands(place.exprs());
        self.element_at(place, &indices, ty, location, write)
    }

    /// The element at indices that are lowered already.
    fn element_at(&mut self, place: &Place, indices: &[Operand], ty: Type, location: Location, write: bool) -> Element {
        let kernel = self.kernel;
        let var = &kernel.vars[place.base.index()];
        let binding = self.bindings[place.base.index()].expect("invariant: an object is declared before it is used");
        let (unit, lanes) = (words(var.ty), u32::from(var.ty.lanes));
        let mut dims = self.extents(place.base, binding, &indices[..place.index.len()]);
        let dimensions = dims.len().max(1) as u32;
        let (unit, width) = if place.lane.is_some() {
            dims.push(Dim { index: indices[place.index.len()], extent: Some(lanes) });
            (scalar_words(var.ty.scalar), 1)
        } else {
            (unit, (u32::from(ty.lanes) / lanes).max(1))
        };
        let space = match binding {
            Binding::Value(operand) => match operand {
                Operand::Register { register, first, .. } => Space::Register { register, first },
                Operand::Constant(_) => unreachable!("invariant: only variables and memory have places"),
            },
            Binding::Variable(register) | Binding::Array(register) => Space::Register { register, first: 0 },
            Binding::Global(parameter) => {
                if write && let ParameterKind::Buffer { written, .. } = &mut self.parameters[parameter].kind {
                    *written = true;
                }
                Space::Global(parameter)
            }
            Binding::Shared(first) => Space::Shared(first),
        };
        if let Space::Register { register, first } = space
            && let Some(component) = opt_component(&dims, unit, width)
        {
            return Element::Fixed(Target { register, first: first + component, count: unit * width });
        }
        let packing = match binding {
            Binding::Global(_) => Packing::of(var.ty.scalar),
            _ => Packing::Words,
        };
        let name = var.name.clone();
        let asynchronous = false;
        Element::Dynamic(Access { space, name, dims, dimensions, unit, width, packing, write, asynchronous, location })
    }

    fn extents(&self, base: VarId, binding: Binding, indices: &[Operand]) -> Vec<Dim> {
        let var = &self.kernel.vars[base.index()];
        match (&var.kind, binding) {
            (VarKind::Register(extents) | VarKind::Shared(extents), _) => {
                indices.iter().zip(extents).map(|(&index, extent)| Dim { index, extent: Some(extent.value) }).collect()
            }
            (_, Binding::Global(_)) => indices.iter().map(|&index| Dim { index, extent: None }).collect(),
            _ => Vec::new(),
        }
    }
}

/// The component that constant indices, all within bounds, pick.
fn opt_component(dims: &[Dim], unit: u32, width: u32) -> Option<u32> {
    let mut linear = 0;
    for (position, dim) in dims.iter().enumerate() {
        let index = dim.index.opt_constant()?;
        let extent = dim.extent?;
        let width = if position + 1 == dims.len() { width } else { 1 };
        if index.checked_add(width)? > extent || index % width != 0 {
            return None;
        }
        linear = linear * extent + index;
    }
    Some(linear * unit)
}
