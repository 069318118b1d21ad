//! Rust's constant arrays, read in a kernel: `const TABLE: [[f32; 8]; 2]`.

use super::control::Range;
use super::extent::extent;
use super::literal::LiteralValue;
use super::memory::{Array, Element, Get, Memory, Nested, spaces};
use super::tracer::{self, Tracer};
use super::value::{Atom, IntoKernelValue, Val, Value};
use crate::ir::{Extent, Literal, Location, Stmt, StmtKind, VarId, VarKind};

/// What a constant array is made of: numbers, and arrays of them.
#[diagnostic::on_unimplemented(message = "a constant array of `{Self}` cannot be read in a kernel")]
pub trait Table {
    /// The elements of an array of these.
    type Element: Nested + Element<spaces::Registers>;
    /// What it is by itself, without a table: a number is.
    fn opt_value(&self) -> Option<<Self::Element as Element<spaces::Registers>>::Output>;
    /// Adds its dimensions, outermost first.
    fn lengths(&self, list: &mut Vec<usize>);
    /// Adds its numbers.
    fn literals(&self, list: &mut Vec<Literal>);
}

impl<T: LiteralValue> Table for T {
    type Element = T;

    fn opt_value(&self) -> Option<Val<T>> {
        Some((*self).into_val())
    }

    fn lengths(&self, _list: &mut Vec<usize>) {}

    fn literals(&self, list: &mut Vec<Literal>) {
        match (*self).into_val().atom {
            Atom::Literal(literal) => list.push(literal),
            Atom::Constant(_) | Atom::Var(_) => unreachable!("invariant: a Rust constant is a literal"),
        }
    }
}

impl<I: Table, const N: usize> Table for [I; N] {
    type Element = Array<I::Element>;

    fn opt_value(&self) -> Option<Array<I::Element>> {
        None
    }

    fn lengths(&self, list: &mut Vec<usize>) {
        list.push(N);
        if let Some(first) = self.first() {
            first.lengths(list);
        }
    }

    fn literals(&self, list: &mut Vec<Literal>) {
        self.iter().for_each(|item| item.literals(list));
    }
}

#[diagnostic::do_not_recommend]
impl<I: Table, const N: usize> Get for [I; N] {
    type Output = <I::Element as Element<spaces::Registers>>::Output;

    fn element(&self, index: Val<u32>, location: Location) -> Self::Output {
        element_of("table", self, index, location)
    }
}

/// `NAME[index]`.
#[track_caller]
pub fn get_constant<G: NamedGet>(name: &'static str, base: &G, index: Val<u32>) -> G::Output {
    base.named_element(name, index, Location::caller())
}

/// A constant array that a `for` goes through, and its name.
#[derive(Debug)]
pub struct NamedTable<C>(&'static str, C);

impl<C> NamedTable<C> {
    /// The array of that name.
    pub fn of(name: &'static str, constant: C) -> Self {
        Self(name, constant)
    }
}

#[diagnostic::do_not_recommend]
impl<C: NamedGet> Get for NamedTable<C> {
    type Output = C::Output;

    fn element(&self, index: Val<u32>, location: Location) -> Self::Output {
        self.1.named_element(self.0, index, location)
    }
}

/// What a `for` goes through by its elements.
#[diagnostic::on_unimplemented(
    message = "`for` in a kernel goes through a range of integers or an array in registers",
    label = "neither of them"
)]
pub trait Places: Get {
    /// How many there are.
    fn count(&self) -> Val<u32>;
}

impl<E: Element<spaces::Registers>> Places for Array<E> {
    #[track_caller]
    fn count(&self) -> Val<u32> {
        self.len()
    }
}

impl<I: Table, const N: usize> Places for NamedTable<[I; N]> {
    fn count(&self) -> Val<u32> {
        constant_length(&self.1)
    }
}

/// What a `for` through an array counts.
#[track_caller]
pub fn places<P: Places>(array: &P) -> Range<u32> {
    Range::until(0.into_val(), array.count(), 1.into_val())
}

/// `NAME.len()`.
#[must_use]
pub fn constant_length<I: Table, const N: usize>(_array: &[I; N]) -> Val<u32> {
    Val::from_atom(Atom::Literal(length(N)))
}

fn length(length: usize) -> Literal {
    Literal::U32(u32::try_from(length).unwrap_or(u32::MAX))
}

/// What a name in capitals reads with `[index]`.
pub trait NamedGet: Get {
    /// `NAME[index]`.
    fn named_element(&self, name: &'static str, index: Val<u32>, location: Location) -> Self::Output;
}

impl<I: Table, const N: usize> NamedGet for [I; N] {
    fn named_element(&self, name: &'static str, index: Val<u32>, location: Location) -> Self::Output {
        element_of(name, self, index, location)
    }
}

/// A number whose place is known at compile time is itself; any other is read from a table of the kernel.
fn element_of<I: Table, const N: usize>(
    name: &str,
    table: &[I; N],
    index: Val<u32>,
    location: Location,
) -> <I::Element as Element<spaces::Registers>>::Output {
    let known = tracer::with(|tracer| tracer.opt_constant(index.atom)).and_then(Literal::opt_u32);
    if let Some(value) = known.and_then(|known| table.get(known as usize)).and_then(Table::opt_value) {
        return value;
    }
    let (mut lengths, mut literals) = (Vec::new(), Vec::new());
    table.lengths(&mut lengths);
    table.literals(&mut literals);
    let extents: Vec<Extent> =
        lengths.into_iter().map(|size| extent(Val::from_atom(Atom::Literal(length(size))), location)).collect();
    let ty = <I::Element as Nested>::Value::ty();
    let base = tracer::with(|tracer| tracer.table(name, VarKind::Register(extents), ty, literals, location));
    Memory::<I::Element, spaces::Registers>::whole(base).element(index, location)
}

impl Tracer {
    /// The table of these numbers: once in a function, at its beginning.
    pub(super) fn table(
        &mut self,
        name: &str,
        kind: VarKind,
        ty: crate::ir::Type,
        literals: Vec<Literal>,
        location: Location,
    ) -> VarId {
        let lengths =
            |kind: &VarKind| kind.opt_extents().into_iter().flatten().map(|extent| extent.value).collect::<Vec<_>>();
        let same = |known: &&(VarId, Vec<Literal>)| {
            let var = &self.kernel.vars[known.0.index()];
            var.name == name && var.ty == ty && lengths(&var.kind) == lengths(&kind) && known.1 == literals
        };
        if let Some((known, _)) = self.tables.iter().find(same) {
            return *known;
        }
        let id = self.var(name, kind, ty, location);
        let statement = Stmt { kind: StmtKind::Table(id, literals.clone()), location };
        self.blocks.first_mut().expect("invariant: a block is open").insert(0, statement);
        self.tables.push((id, literals));
        id
    }
}
