//! Register arrays as values: made of values or of arrays, copied by `let` and `=`, chosen by `if`.

use super::bind::{Assign, Bind, Merge, Read};
use super::composite::{Blank, Field};
use super::extent::extent;
use super::literal::{LiteralValue, literal};
use super::memory::{Array, Memory, Nested, Set, Shared, Space};
use super::tracer::{self, TraceError, Tracer};
use super::value::{Atom, Val, Value};
use crate::ir::{Expr, ExprKind, Extent, Literal, Location, Place, StmtKind, Type, Unroll, Var, VarId, VarKind};

/// What an array can be made of: values, and arrays of them.
#[diagnostic::on_unimplemented(message = "an array in a kernel cannot hold a `{Self}`")]
pub trait Item {
    /// The elements of an array of these.
    type Element: Nested;
    /// Adds its dimensions, outermost first.
    fn extents(&self, list: &mut Vec<Extent>, location: Location);
    /// Adds its numbers, and whether each is a literal.
    fn literals(&self, list: &mut Vec<Literal>) -> bool;
    /// Stores it where `index` says.
    fn store(self, base: VarId, index: &[Atom], location: Location);
}

impl<T: Value> Item for Val<T> {
    type Element = T;

    fn extents(&self, _list: &mut Vec<Extent>, _location: Location) {}

    fn literals(&self, list: &mut Vec<Literal>) -> bool {
        let Atom::Literal(literal) = self.atom else { return false };
        list.push(literal);
        true
    }

    fn store(self, base: VarId, index: &[Atom], location: Location) {
        let place = place(base, index, location);
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, self.expr(location)), location));
    }
}

impl<T: LiteralValue> Item for T {
    type Element = T;

    fn extents(&self, _list: &mut Vec<Extent>, _location: Location) {}

    fn literals(&self, list: &mut Vec<Literal>) -> bool {
        list.push(self.to_literal());
        true
    }

    fn store(self, base: VarId, index: &[Atom], location: Location) {
        Item::store(literal(self), base, index, location);
    }
}

impl<I: Item, const N: usize> Item for [I; N] {
    type Element = Array<I::Element>;

    fn extents(&self, list: &mut Vec<Extent>, location: Location) {
        let length = Literal::U32(u32::try_from(N).unwrap_or(u32::MAX));
        list.push(extent(Val::from_atom(Atom::Literal(length)), location));
        if let Some(first) = self.first() {
            first.extents(list, location);
        }
    }

    fn literals(&self, list: &mut Vec<Literal>) -> bool {
        self.iter().all(|item| item.literals(list))
    }

    fn store(self, base: VarId, index: &[Atom], location: Location) {
        for (position, item) in (0_u32..).zip(self) {
            item.store(base, &[index, &[Atom::Literal(Literal::U32(position))]].concat(), location);
        }
    }
}

impl<E: Nested> Item for Array<E> {
    type Element = Self;

    fn extents(&self, list: &mut Vec<Extent>, _location: Location) {
        list.extend(tracer::with(|tracer| opt_extents(tracer, self)).unwrap_or_default());
    }

    fn literals(&self, _list: &mut Vec<Literal>) -> bool {
        false
    }

    fn store(self, base: VarId, index: &[Atom], location: Location) {
        tracer::with(|tracer| tracer.copy_array(&self, base, index, location));
    }
}

/// `[a, b, c]`: a register array of these.
pub(super) fn from_items<I: Item, const N: usize>(items: [I; N], location: Location) -> Array<I::Element> {
    let mut extents = Vec::new();
    items.extents(&mut extents, location);
    let base = tracer::with(|tracer| tracer.declare_array("", extents, <I::Element as Nested>::Value::ty(), location));
    items.store(base, &[], location);
    Memory::whole(base)
}

impl<I: Item, const N: usize> Bind for [I; N] {
    type Bound = Array<I::Element>;

    fn bind(self, name: &str, mutable: bool, location: Location) -> Self::Bound {
        from_items(self, location).bind(name, mutable, location)
    }
}

impl<E, S: Space> Bind for Memory<E, S> {
    type Bound = Self;

    /// An array that was just made gets the name; another one is copied.
    fn bind(self, name: &str, _mutable: bool, location: Location) -> Self {
        tracer::with(|tracer| {
            let var = &mut tracer.kernel.vars[self.base.index()];
            let ty = var.ty;
            if var.name.is_empty() && self.depth == 0 {
                name.clone_into(&mut var.name);
                var.location = location;
                return self;
            }
            let Some(extents) = opt_extents(tracer, &self) else {
                tracer.error(TraceError::ArrayCopied, location);
                return self;
            };
            let copy = tracer.declare_array(name, extents, ty, location);
            tracer.copy_array(&self, copy, &[], location);
            Self::whole(copy)
        })
    }
}

impl<E, S> Read for Memory<E, S> {
    fn read(&self, _location: Location) -> Self {
        *self
    }
}

impl<E> Assign<Array<E>> for Array<E> {
    fn assign(&mut self, value: Self, location: Location) {
        tracer::with(|tracer| {
            let index = self.prefix[..self.depth].to_vec();
            tracer.assign_array(&value, self, &index, location);
        });
    }
}

impl<E, I: Item<Element = E>, const N: usize> Assign<[I; N]> for Array<E> {
    fn assign(&mut self, value: [I; N], location: Location) {
        self.assign(from_items(value, location), location);
    }
}

#[diagnostic::do_not_recommend]
impl<E> Set<Array<E>> for Array<Array<E>> {
    fn set_element(&mut self, index: Val<u32>, value: Array<E>, location: Location) {
        self.part::<E>(index).assign(value, location);
    }
}

#[diagnostic::do_not_recommend]
impl<E, I: Item<Element = E>, const N: usize> Set<[I; N]> for Array<Array<E>> {
    fn set_element(&mut self, index: Val<u32>, value: [I; N], location: Location) {
        self.part::<E>(index).assign(value, location);
    }
}

/// A row of an array in shared memory.
#[diagnostic::do_not_recommend]
impl<T: Value, I: Item<Element = T>, const N: usize> Set<[I; N]> for Shared<Shared<T>> {
    fn set_element(&mut self, index: Val<u32>, value: [I; N], location: Location) {
        let row = self.part::<T>(index);
        let columns = tracer::with(|tracer| match &tracer.kernel.var(row.base).kind {
            VarKind::Shared(extents) => extents[row.depth].value as usize,
            _ => N,
        });
        if columns != N {
            tracer::with(|tracer| tracer.error(TraceError::ArrayLengths, location));
        }
        value.store(row.base, &row.prefix[..row.depth], location);
    }
}

/// `[a, b, c]` that is read only: a table where all are literals.
#[track_caller]
pub fn listed<I: Item, const N: usize>(name: &'static str, items: [I; N]) -> Array<I::Element> {
    let (location, mut literals) = (Location::caller(), Vec::new());
    if !items.literals(&mut literals) {
        return from_items(items, location).bind(name, false, location);
    }
    let mut extents = Vec::new();
    items.extents(&mut extents, location);
    let ty = <I::Element as Nested>::Value::ty();
    Memory::whole(tracer::with(|tracer| tracer.table(name, VarKind::Register(extents), ty, literals, location)))
}

/// `[a, b, c]` beside elements of an array that are arrays already.
#[track_caller]
pub fn array<I: Item, const N: usize>(items: [I; N]) -> Array<I::Element> {
    from_items(items, Location::caller())
}

impl<E, S: Space> Blank for Memory<E, S> {
    fn blank() -> Self {
        Self::whole(VarId(0))
    }
}

impl<E, S: Space> Field<Memory<E, S>> for Memory<E, S> {
    fn set(&mut self, value: Self) {
        *self = value;
    }
}

impl<E, I: Item<Element = E>, const N: usize> Field<[I; N]> for Array<E> {
    #[track_caller]
    fn set(&mut self, value: [I; N]) {
        *self = from_items(value, Location::caller());
    }
}

impl<E: Nested> Merge for Array<E> {
    type Slots = VarId;

    /// The array's dimensions are those of the first side that gives one.
    fn declare(location: Location) -> VarId {
        tracer::with(|tracer| tracer.declare_array("", Vec::new(), E::Value::ty(), location))
    }

    fn store(self, base: VarId, location: Location) {
        tracer::with(|tracer| tracer.give_array(&self, base, location));
    }

    fn load(base: VarId, _location: Location) -> Self {
        Self::whole(base)
    }
}

impl<M: Merge, const N: usize> Merge for [M; N] {
    type Slots = [M::Slots; N];

    fn declare(location: Location) -> Self::Slots {
        std::array::from_fn(|_| M::declare(location))
    }

    fn store(self, slots: Self::Slots, location: Location) {
        for (value, slots) in self.into_iter().zip(slots) {
            value.store(slots, location);
        }
    }

    fn load(slots: Self::Slots, location: Location) -> Self {
        slots.map(|slots| M::load(slots, location))
    }
}

/// The extents of a register array, or of the part of one.
fn opt_extents<E, S>(tracer: &Tracer, array: &Memory<E, S>) -> Option<Vec<Extent>> {
    match &tracer.kernel.vars[array.base.index()].kind {
        VarKind::Register(extents) => Some(extents.get(array.depth..).unwrap_or_default().to_vec()),
        _ => None,
    }
}

fn opt_lengths<E, S>(tracer: &Tracer, array: &Memory<E, S>) -> Option<Vec<u32>> {
    Some(opt_extents(tracer, array)?.iter().map(|extent| extent.value).collect())
}

fn place(base: VarId, index: &[Atom], location: Location) -> Place {
    Place { base, index: index.iter().map(|atom| atom.expr(Type::U32, location)).collect(), lane: None }
}

impl Tracer {
    /// Copies an array to a variable, which gets its lengths if it has none yet.
    pub(super) fn give_array<E, S>(&mut self, from: &Memory<E, S>, to: VarId, location: Location) {
        let given = opt_extents(self, from).unwrap_or_default();
        if let VarKind::Register(extents) = &mut self.kernel.vars[to.index()].kind
            && extents.is_empty()
        {
            extents.clone_from(&given);
        }
        self.assign_array(from, &Memory::<E, S>::whole(to), &[], location);
    }

    /// Reports an array that has not an element for each of a vector's lanes.
    pub(super) fn check_lanes<E, S>(&mut self, array: &Memory<E, S>, lanes: usize, location: Location) {
        let given = opt_lengths(self, array).and_then(|lengths| lengths.first().copied());
        if let Some(given) = given.filter(|&given| given as usize != lanes) {
            self.error(TraceError::Lanes { lanes, given }, location);
        }
    }

    fn assign_array<E, S>(&mut self, from: &Memory<E, S>, to: &Memory<E, S>, index: &[Atom], location: Location) {
        match opt_lengths(self, to) == opt_lengths(self, from) {
            true => self.copy_array(from, to.base, index, location),
            false => self.error(TraceError::ArrayLengths, location),
        }
    }

    /// Declares a variable or register array of the kind and type of another one.
    pub(super) fn declare_like(&mut self, other: VarId, location: Location) -> VarId {
        let Var { kind, ty, .. } = self.kernel.var(other).clone();
        match kind {
            VarKind::Register(extents) => self.declare_array("", extents, ty, location),
            kind => {
                let id = self.var("", kind, ty, location);
                self.push(StmtKind::Let(id, None), location);
                id
            }
        }
    }

    fn declare_array(&mut self, name: &str, extents: Vec<Extent>, ty: Type, location: Location) -> VarId {
        let id = self.var(name, VarKind::Register(extents), ty, location);
        self.push(StmtKind::Declare(id), location);
        id
    }

    /// Copies a register array, or a part of one, to where `index` says, by loops over its elements.
    fn copy_array<E, S>(&mut self, from: &Memory<E, S>, to: VarId, index: &[Atom], location: Location) {
        const NAMES: [&str; super::memory::DIMENSIONS_MAX] = ["i", "j", "k", "l"];
        let extents = opt_extents(self, from).unwrap_or_default();
        // What was never given a value has no dimensions: the end of a branch that leaves.
        if extents.is_empty() {
            return;
        }
        let counters: Vec<VarId> = NAMES
            .iter()
            .zip(&extents)
            .map(|(name, _)| {
                self.open_block();
                self.var(name, VarKind::Counter, Type::U32, location)
            })
            .collect();
        let atoms: Vec<Atom> = counters.iter().map(|&counter| Atom::Var(counter)).collect();
        let source = place(from.base, &[&from.prefix[..from.depth], &atoms].concat(), location);
        let ty = self.kernel.vars[to.index()].ty;
        let value = self.record(Expr { kind: ExprKind::Load(source), ty, location });
        let target = place(to, &[index, &atoms].concat(), location);
        self.push(StmtKind::Assign(target, value.expr(ty, location)), location);
        for (counter, extent) in counters.into_iter().zip(extents).rev() {
            let body = self.close_block();
            let (start, step) = (Expr::literal(Literal::U32(0), location), Expr::literal(Literal::U32(1), location));
            let (end, includes_end, unroll) = (extent.expr, false, Unroll::Full);
            let kind = StmtKind::For { counter, start, end, includes_end, step, unroll, body };
            self.push(kind, location);
        }
    }
}
