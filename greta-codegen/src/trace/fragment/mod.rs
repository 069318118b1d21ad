//! Matrix fragments: typed pieces of A, B and C spread over the lanes of a wave, and the raw intrinsics below them.
//!
//! Everything about an instruction comes from its row in [`crate::mfma`]. Fragments lie as the target wants them: where
//! there is no instruction of a shape but a way to do without, a product is a device function (`fused`) that gives the
//! same numbers; where there is none, the verifier refuses it. The raw intrinsics are the target's own.

mod fused;
mod held_rows;
pub mod instructions;
mod matrix;

pub use instructions::MatrixShape;
pub use matrix::{Matrix, MatrixMut, MatrixMutOf, MatrixOf, Rows, RowsMut};

use std::marker::PhantomData;

use super::builtins::lane_id;
use super::tracer;
use super::value::{Atom, Float, IntoKernelValue, KernelValue, NoType, Number, Signed, Val, Value, Vector};
use crate::ir::{Expr, ExprKind, Literal, Location, Op, Type};
use crate::mfma::{self, Coordinate, Product, Role, Spread, Sum};

/// The `m × k` left factor of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct FragmentA<M>(PhantomData<M>);
/// The `k × n` right factor of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct FragmentB<M>(PhantomData<M>);
/// The `m × n` sum of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct Accumulator<M>(PhantomData<M>);

#[diagnostic::do_not_recommend]
impl<M: MatrixShape> Number for Accumulator<M> {}
#[diagnostic::do_not_recommend]
impl<M: MatrixShape<C: Signed>> Signed for Accumulator<M> {}
#[diagnostic::do_not_recommend]
impl<M: MatrixShape<C: Float>> Float for Accumulator<M> {}

/// How a shape's fragments lie on the target of the trace.
fn spread<M: MatrixShape>() -> Spread {
    let target = tracer::opt_target().unwrap_or(&crate::target::GFX942);
    M::ROW.spread_on(target)
}

fn literal(value: u32) -> Val<u32> {
    Val::from_atom(Atom::Literal(Literal::U32(value)))
}

/// A sum of which either part may be a known zero.
#[track_caller]
fn plus(a: Val<u32>, b: Val<u32>) -> Val<u32> {
    let is_zero = |value: Val<u32>| value.atom == Atom::Literal(Literal::U32(0));
    match (is_zero(a), is_zero(b)) {
        (true, _) => b,
        (false, true) => a,
        (false, false) => a + b,
    }
}

/// The part of a sum that depends on a coordinate, whose value is below `range`. `None` where it is zero.
#[track_caller]
fn opt_part(sum: &Sum, of: Coordinate, value: Val<u32>, range: u32) -> Option<Val<u32>> {
    if let Atom::Literal(Literal::U32(value)) = value.atom {
        let known = if of == Coordinate::Lane { sum.at(value, 0) } else { sum.at(0, value) };
        return (known > 0).then(|| literal(known));
    }
    let mut part: Option<Val<u32>> = None;
    for term in sum.terms().filter(|term| term.of == of) {
        let mut value = value;
        if term.divide > 1 {
            value = value / literal(term.divide);
        }
        if term.modulo < range.div_ceil(term.divide) {
            value = value % literal(term.modulo);
        }
        if term.times > 1 {
            value = value * literal(term.times);
        }
        part = Some(match part {
            Some(part) => part + value,
            None => value,
        });
    }
    part
}

#[track_caller]
fn total(lane: Option<Val<u32>>, register: Option<Val<u32>>) -> Val<u32> {
    plus(lane.unwrap_or_else(|| literal(0)), register.unwrap_or_else(|| literal(0)))
}

/// Row and column, in its own matrix, of what this thread holds in each of these elements of an operand.
#[track_caller]
fn coordinates<M: MatrixShape>(role: Role, registers: &[Val<u32>]) -> Vec<(Val<u32>, Val<u32>)> {
    let spread = spread::<M>();
    let (layout, held) = (spread.layouts[role as usize], u32::from(spread.operands[role as usize].lanes));
    let lane = lane_id();
    let [row, column] = [&layout.row, &layout.column].map(|sum| opt_part(sum, Coordinate::Lane, lane, spread.wave));
    let of_register = |&register: &Val<u32>| {
        let part = |sum: &Sum| opt_part(sum, Coordinate::Register, register, held);
        (total(row, part(&layout.row)), total(column, part(&layout.column)))
    };
    registers.iter().map(of_register).collect()
}

/// A value of one or more elements, each made of its row and column.
#[track_caller]
fn from_elements<M: MatrixShape, F: Value, E: Value>(
    role: Role,
    element: impl Fn(Val<u32>, Val<u32>) -> Val<E>,
    location: Location,
) -> Val<F> {
    let registers: Vec<Val<u32>> = (0..u32::from(F::ty().lanes)).map(literal).collect();
    let elements: Vec<Val<E>> =
        coordinates::<M>(role, &registers).into_iter().map(|(row, column)| element(row, column)).collect();
    match elements.as_slice() {
        [element] => Val::from_atom(element.atom),
        elements => {
            let elements = elements.iter().map(|element| element.expr(location)).collect();
            Val::record(ExprKind::Vector(elements), location)
        }
    }
}

/// What a thread holds side by side of elements `E` of an operand: in a row of A or C, a column of B; the roles in this
/// order.
#[derive(Clone, Copy, Debug)]
pub struct Run<M, E, const ROLE: usize>(PhantomData<(M, E)>);

#[diagnostic::do_not_recommend]
impl<M: MatrixShape, E: Value, const ROLE: usize> Vector for Run<M, E, ROLE> {
    type Lane = E;
}

#[diagnostic::do_not_recommend]
impl<M: MatrixShape, E: Value, const ROLE: usize> Value for Run<M, E, ROLE> {
    fn ty() -> Type {
        Type::vector(E::ty().scalar, spread::<M>().run(Role::ALL[ROLE]) as u8)
    }
}

/// A factor that the target's lanes load 16 bytes of each, given which row of memory and which element of it, and whose
/// words they then exchange: as they lie, rows and halves of k alternate in A, halves of k and columns in B.
#[track_caller]
fn opt_exchanged<M: MatrixShape, F: Value>(
    role: Role,
    load: impl Fn(Val<u32>, Val<u32>) -> Option<Val<F>>,
) -> Option<Val<F>> {
    let Product::Instruction(row) = spread::<M>().product else { return None };
    if row.wave == mfma::WAVE {
        return None;
    }
    let (lane, half) = (lane_id(), literal(M::K / 2));
    let eight = lane / literal(8) % literal(2);
    match role {
        Role::B => load(lane / literal(16) * literal(8) + lane % literal(8), eight * half),
        _ => load(lane % literal(16), lane / literal(16) * half),
    }
}

/// A value of one or more runs, each loaded from where its first element is.
#[track_caller]
fn from_runs<M: MatrixShape, F: Value, R: Value>(
    role: Role,
    load: impl Fn(Val<u32>, Val<u32>) -> Val<R>,
    location: Location,
) -> Val<F> {
    let run = u32::from(R::ty().lanes);
    let firsts: Vec<Val<u32>> = (0..u32::from(F::ty().lanes)).step_by(run as usize).map(literal).collect();
    let runs: Vec<Val<R>> =
        coordinates::<M>(role, &firsts).into_iter().map(|(row, column)| load(row, column)).collect();
    if let [run] = runs.as_slice() {
        return Val::from_atom(run.atom);
    }
    let lane = |loaded: &Val<R>, lane: u32| {
        if run == 1 {
            return loaded.expr(location);
        }
        let kind = ExprKind::Lane(Box::new(loaded.expr(location)), Box::new(literal(lane).expr(location)));
        Expr { kind, ty: R::ty().element(), location }
    };
    let lanes = runs.iter().flat_map(|loaded| (0..run).map(move |at| lane(loaded, at))).collect();
    Val::record(ExprKind::Vector(lanes), location)
}

/// A value whose elements are all the same.
fn repeated<F: Value>(element: Expr, location: Location) -> Val<F> {
    let kind = if F::ty().is_vector() { ExprKind::Splat(Box::new(element)) } else { element.kind };
    Val::record(kind, location)
}

// The bound is the call's: rustc shows it there and not the macro.
macro_rules! fragment {
    ($($name:ident $element:ident from [$($matrix:tt)*];)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<M: MatrixShape> Value for $name<M> {
                fn ty() -> Type {
                    spread::<M>().operands[Role::$element as usize]
                }
            }

            #[diagnostic::do_not_recommend]
            impl<M: MatrixShape> Vector for $name<M> {
                type Lane = M::$element;
            }

            impl<M: MatrixShape> $name<M> {
                /// Loads the fragment whose first element is `matrix[row][column]`, in its own orientation.
                #[track_caller]
                pub fn load(
                    matrix: &impl $($matrix)*,
                    row: impl IntoKernelValue<u32>,
                    column: impl IntoKernelValue<u32>,
                ) -> Val<Self> {
                    let location = Location::caller();
                    let (row, column) = (row.into_val(), column.into_val());
                    let element = |i, j| matrix.at(plus(row, i), plus(column, j), location);
                    from_elements::<M, _, _>(Role::$element, element, location)
                }

                /// The same from a matrix that is stored transposed: the first element is `matrix[column][row]`.
                #[track_caller]
                pub fn load_transposed(
                    matrix: &impl $($matrix)*,
                    row: impl IntoKernelValue<u32>,
                    column: impl IntoKernelValue<u32>,
                ) -> Val<Self> {
                    let location = Location::caller();
                    let (row, column) = (row.into_val(), column.into_val());
                    let element = |i, j| matrix.at(plus(column, j), plus(row, i), location);
                    from_elements::<M, _, _>(Role::$element, element, location)
                }

                /// The fragment in which the element at each row and column is what `element` gives for them. It is
                /// asked once for each element that a thread holds: how many those are depends on the target. The
                /// blocks of an instruction with several count as one matrix ([`crate::mfma::Mfma`]).
                #[track_caller]
                pub fn from_elements<E: IntoKernelValue<M::$element>>(
                    element: impl Fn(Val<u32>, Val<u32>) -> E,
                ) -> Val<Self> {
                    let location = Location::caller();
                    from_elements::<M, _, _>(Role::$element, |i, j| element(i, j).into_val(), location)
                }

                /// The fragment with every element equal to `value`.
                #[track_caller]
                pub fn splat(value: impl IntoKernelValue<M::$element>) -> Val<Self> {
                    let location = Location::caller();
                    repeated(value.into_val().expr(location), location)
                }
            }

            impl<M: MatrixShape> Val<$name<M>> {
                /// How many elements this thread holds: it depends on the target.
                #[must_use]
                #[allow(clippy::len_without_is_empty, reason = "no fragment is empty")]
                pub fn len(self) -> Val<u32> {
                    literal($name::<M>::ty().lanes.into())
                }

                /// The row, in the fragment, of element `register` of what this thread holds.
                #[track_caller]
                pub fn row(self, register: impl IntoKernelValue<u32>) -> Val<u32> {
                    coordinates::<M>(Role::$element, &[register.into_val()])[0].0
                }

                /// The column, in the fragment, of element `register` of what this thread holds.
                #[track_caller]
                pub fn column(self, register: impl IntoKernelValue<u32>) -> Val<u32> {
                    coordinates::<M>(Role::$element, &[register.into_val()])[0].1
                }
            }
        )*
    };
}

fragment! {
    FragmentA A from [MatrixOf<M::A>];
    FragmentB B from [MatrixOf<M::B>];
    Accumulator C from [MatrixOf<M::C>];
}

impl<M: MatrixShape> FragmentA<M> {
    /// As `load`, in one access for each row that a thread holds elements of: `column` is a multiple of the shape's `K`,
    /// the length of a row one of what a thread holds of it.
    #[track_caller]
    pub fn load_vector(
        matrix: &impl MatrixOf<M::A>,
        row: impl IntoKernelValue<u32>,
        column: impl IntoKernelValue<u32>,
    ) -> Val<Self> {
        let location = Location::caller();
        let (row, column) = (row.into_val(), column.into_val());
        let exchanged = |i, j| matrix.opt_exchanged(plus(row, i), plus(column, j), location);
        opt_exchanged::<M, _>(Role::A, exchanged).unwrap_or_else(|| {
            from_runs::<M, _, Run<M, M::A, 0>>(
                Role::A,
                |i, j| matrix.vector_at(plus(row, i), plus(column, j), location),
                location,
            )
        })
    }
}

impl<M: MatrixShape> FragmentB<M> {
    /// As `load_transposed`, in one access for each column that a thread holds elements of: `row` is a multiple of the
    /// shape's `K`, the length of a row of the matrix one of what a thread holds of it.
    #[track_caller]
    pub fn load_transposed_vector(
        matrix: &impl MatrixOf<M::B>,
        row: impl IntoKernelValue<u32>,
        column: impl IntoKernelValue<u32>,
    ) -> Val<Self> {
        let location = Location::caller();
        let (row, column) = (row.into_val(), column.into_val());
        let exchanged = |i, j| matrix.opt_exchanged(plus(column, i), plus(row, j), location);
        opt_exchanged::<M, _>(Role::B, exchanged).unwrap_or_else(|| {
            from_runs::<M, _, Run<M, M::B, 1>>(
                Role::B,
                |i, j| matrix.vector_at(plus(column, j), plus(row, i), location),
                location,
            )
        })
    }
}

impl<M: MatrixShape> Accumulator<M> {
    /// An accumulator of zeros.
    #[track_caller]
    #[must_use]
    pub fn zero() -> Val<Self> {
        let location = Location::caller();
        let ty = M::C::ty();
        let zero = Atom::Literal(Literal::from_bits(ty.scalar, 0));
        repeated(zero.expr(ty, location), location)
    }
}

impl<M: MatrixShape> Val<Accumulator<M>> {
    /// `self += a * b`, on the matrix cores.
    #[track_caller]
    pub fn mma<A: Factors<B, M>, B>(&mut self, a: A, b: B) {
        let sum = mma(a, b, *self);
        super::bind::assign(self, sum);
    }

    /// How many elements this thread holds side by side in a row: it depends on the target.
    #[must_use]
    pub fn run_len(self) -> Val<u32> {
        literal(spread::<M>().run(Role::C))
    }

    /// The elements side by side of which element `register` of what this thread holds is the first, a multiple of
    /// [`Val::run_len`].
    #[track_caller]
    pub fn run(self, register: impl IntoKernelValue<u32>) -> Val<Run<M, M::C, 2>> {
        let (location, first) = (Location::caller(), register.into_val());
        let elements = (0..spread::<M>().run(Role::C))
            .map(|at| super::memory::Get::element(&self, first + literal(at), location).expr(location));
        Val::record(ExprKind::Vector(elements.collect()), location)
    }

    /// Stores the elements to `matrix` from `matrix[row][column]` on.
    #[track_caller]
    pub fn store(
        self,
        matrix: &mut impl MatrixMutOf<M::C>,
        row: impl IntoKernelValue<u32>,
        column: impl IntoKernelValue<u32>,
    ) {
        let location = Location::caller();
        let (row, column) = (row.into_val(), column.into_val());
        let registers: Vec<Val<u32>> = (0..u32::from(Accumulator::<M>::ty().lanes)).map(literal).collect();
        for (register, (i, j)) in registers.iter().zip(coordinates::<M>(Role::C, &registers)) {
            let element = super::memory::Get::element(&self, *register, location);
            matrix.put(plus(row, i), plus(column, j), element, location);
        }
    }
}

/// What a product is made of: a fragment of A, and what it is multiplied by.
#[diagnostic::on_unimplemented(
    message = "the left factor of `mma` is a `FragmentA`, found `{Self}`",
    label = "not a `FragmentA`",
    note = "the factors are a `FragmentA` and then a `FragmentB`, of the shape of the `Accumulator`"
)]
pub trait Factors<B, M> {
    /// Both.
    fn factors(self, b: B) -> (Val<FragmentA<M>>, Val<FragmentB<M>>);
}

#[diagnostic::do_not_recommend]
impl<M> Factors<Val<FragmentB<M>>, M> for Val<FragmentA<M>> {
    fn factors(self, b: Val<FragmentB<M>>) -> (Val<FragmentA<M>>, Val<FragmentB<M>>) {
        (self, b)
    }
}

#[diagnostic::do_not_recommend]
impl Factors<NoType, NoType> for Val<NoType> {
    fn factors(self, _b: NoType) -> (Val<FragmentA<NoType>>, Val<FragmentB<NoType>>) {
        unreachable!("invariant: there are no values of no type")
    }
}

/// `c + a * b`: on the matrix cores, or by fused multiply-adds in the same order where the target lacks the instruction
/// and `f32` can do without.
#[track_caller]
pub fn mma<M: MatrixShape, A: Factors<B, M>, B>(
    a: A,
    b: B,
    c: KernelValue<Accumulator<M>>,
) -> KernelValue<Accumulator<M>> {
    let location = Location::caller();
    let (a, b) = a.factors(b);
    match spread::<M>().product {
        Product::Fused(function) => fused::multiply_add(function, a, b, c),
        Product::Instruction(row) => {
            Val::record_op(Op::Mfma(row), vec![a.expr(location), b.expr(location), c.expr(location)], location)
        }
    }
}
