//! Matrix fragments: typed pieces of A, B and C spread over the lanes of a wave, and the raw intrinsics below them.
//!
//! Everything about an instruction comes from its row in [`crate::mfma`]. Fragments work on every target: where there is
//! no such instruction, a product is traced as a device function of shuffles and fused multiply-adds, with the same
//! numbers. The raw intrinsics are the target's own.

use std::marker::PhantomData;

use super::bind::{bind, bind_mut, read};
use super::builtins::{lane_id, shuffle};
use super::control::For;
use super::function::{Call, FunctionInfo};
use super::memory::{Element, Get, Memory};
use super::tracer;
use super::value::{Atom, Float, IntoVal, Number, Signed, Val, Value, Vector};
use super::vector::f32x4;
use crate::ir::{Expr, ExprKind, Literal, Location, Op, Place, StmtKind, Type, Unroll};
use crate::mfma::{self, Coordinate, Mfma, Role, Spread, Term};

/// The shape and types of a matrix instruction: `C += A * B` with A `m × k`, B `k × n`, C `m × n`.
pub trait MatrixShape: Copy + 'static {
    /// Its row of the table.
    const ROW: &'static Mfma;
    /// The type of A's elements.
    type A: Value;
    /// The type of B's elements.
    type B: Value;
    /// The type of C's elements.
    type C: Value;
}

/// 16 × 16 × 4, all `f32`: `v_mfma_f32_16x16x4_f32`.
#[allow(non_camel_case_types, reason = "named as the instruction is")]
#[derive(Clone, Copy, Debug)]
pub struct F32_16x16x4;

impl MatrixShape for F32_16x16x4 {
    const ROW: &'static Mfma = &mfma::F32_16X16X4_F32;
    type A = f32;
    type B = f32;
    type C = f32;
}

/// The `m × k` left factor of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct FragmentA<M>(PhantomData<M>);
/// The `k × n` right factor of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct FragmentB<M>(PhantomData<M>);
/// The `m × n` sum of a matrix instruction.
#[derive(Clone, Copy, Debug)]
pub struct Accumulator<M>(PhantomData<M>);

impl<M: MatrixShape> Value for FragmentA<M> {
    fn ty() -> Type {
        spread::<M>().operands[Role::A as usize]
    }
}

impl<M: MatrixShape> Value for FragmentB<M> {
    fn ty() -> Type {
        spread::<M>().operands[Role::B as usize]
    }
}

impl<M: MatrixShape> Value for Accumulator<M> {
    fn ty() -> Type {
        spread::<M>().operands[Role::C as usize]
    }
}

/// How a shape's fragments lie on the target of the trace.
fn spread<M: MatrixShape>() -> Spread {
    let target = tracer::opt_target().unwrap_or(&crate::target::GFX942);
    M::ROW.spread_on(target)
}

impl<M: MatrixShape> Number for Accumulator<M> {}
impl<M: MatrixShape> Signed for Accumulator<M> {}
impl<M: MatrixShape> Float for Accumulator<M> {}

impl<M: MatrixShape> Vector for Accumulator<M> {
    type Lane = M::C;
}

/// The sum of a layout's terms as a kernel value.
#[track_caller]
fn coordinate(terms: &[Term], lane: Val<u32>, register: Val<u32>, lanes: u32, registers: u32) -> Val<u32> {
    let literal = |value| Val::<u32>::from_atom(Atom::Literal(Literal::U32(value)));
    let mut sum: Option<Val<u32>> = None;
    for term in terms {
        let (mut value, range) = match term.of {
            Coordinate::Lane => (lane, lanes),
            Coordinate::Register if register.atom == Atom::Literal(Literal::U32(0)) => continue,
            Coordinate::Register => (register, registers),
        };
        if term.divide > 1 {
            value = value / literal(term.divide);
        }
        if term.modulo < range.div_ceil(term.divide) {
            value = value % literal(term.modulo);
        }
        if term.times > 1 {
            value = value * literal(term.times);
        }
        sum = Some(match sum {
            Some(sum) => sum + value,
            None => value,
        });
    }
    match sum {
        Some(sum) => sum,
        None => literal(0),
    }
}

/// Row and column, in its own matrix, of what this thread holds in element `register` of an operand.
#[track_caller]
fn coordinates<M: MatrixShape>(role: Role, register: Val<u32>) -> (Val<u32>, Val<u32>) {
    let spread = spread::<M>();
    let (layout, registers) = (spread.layouts[role as usize], u32::from(spread.operands[role as usize].lanes));
    let lane = lane_id();
    (
        coordinate(layout.row, lane, register, spread.wave, registers),
        coordinate(layout.column, lane, register, spread.wave, registers),
    )
}

macro_rules! factor {
    ($($name:ident $role:ident $element:ident;)*) => {
        $(impl<M: MatrixShape> $name<M> {
            /// Loads the fragment whose first element is `matrix[row][column]`, in its own orientation.
            #[track_caller]
            pub fn load<S, R, C>(matrix: &Memory<Memory<M::$element, S>, S>, row: R, column: C) -> Val<Self>
            where
                Memory<M::$element, S>: Element<S, Output = Memory<M::$element, S>>,
                R: IntoVal<u32>,
                C: IntoVal<u32>,
            {
                let location = Location::caller();
                let (row, column) = (row.into_val(), column.into_val());
                Self::from_elements(|i, j| matrix.element(row + i, location).element(column + j, location))
            }

            /// The same from a matrix that is stored transposed: the first element is `matrix[column][row]`.
            #[track_caller]
            pub fn load_transposed<S, R, C>(
                matrix: &Memory<Memory<M::$element, S>, S>,
                row: R,
                column: C,
            ) -> Val<Self>
            where
                Memory<M::$element, S>: Element<S, Output = Memory<M::$element, S>>,
                R: IntoVal<u32>,
                C: IntoVal<u32>,
            {
                let location = Location::caller();
                let (row, column) = (row.into_val(), column.into_val());
                Self::from_elements(|i, j| matrix.element(column + j, location).element(row + i, location))
            }

            /// The fragment in which the element at each row and column is what `element` gives for them. It is asked
            /// once for each element that a thread holds: how many those are depends on the target.
            #[track_caller]
            pub fn from_elements<E: IntoVal<M::$element>>(element: impl Fn(Val<u32>, Val<u32>) -> E) -> Val<Self> {
                let location = Location::caller();
                let elements: Vec<Val<M::$element>> = (0..u32::from(Self::ty().lanes))
                    .map(|register| {
                        let register = Val::from_atom(Atom::Literal(Literal::U32(register)));
                        let (row, column) = coordinates::<M>(Role::$role, register);
                        element(row, column).into_val()
                    })
                    .collect();
                match elements.as_slice() {
                    [element] => Val::from_atom(element.atom),
                    elements => {
                        let elements = elements.iter().map(|element| element.expr(location)).collect();
                        Val::record(ExprKind::Vector(elements), location)
                    }
                }
            }
        })*
    };
}

factor! {
    FragmentA A A;
    FragmentB B B;
}

impl<M: MatrixShape> Accumulator<M> {
    /// An accumulator of zeros.
    #[track_caller]
    #[must_use]
    pub fn zero() -> Val<Self> {
        let location = Location::caller();
        let zero = Val::<f32>::from_atom(Atom::Literal(Literal::f32(0.0)));
        Val::record(ExprKind::Splat(Box::new(zero.expr(location))), location)
    }

    /// An accumulator with every element equal to `value`.
    #[track_caller]
    pub fn splat<R: IntoVal<M::C>>(value: R) -> Val<Self> {
        let location = Location::caller();
        Val::record(ExprKind::Splat(Box::new(value.into_val().expr(location))), location)
    }
}

impl<M: MatrixShape> Val<Accumulator<M>> {
    /// `self += a * b`, on the matrix cores.
    #[track_caller]
    pub fn mma(&mut self, a: Val<FragmentA<M>>, b: Val<FragmentB<M>>) {
        let location = Location::caller();
        let sum = mma(a, b, *self);
        super::bind::Assign::assign(self, sum, location);
    }

    /// How many elements this thread holds: it depends on the target.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "no fragment is empty")]
    pub fn len(self) -> Val<u32> {
        Val::from_atom(Atom::Literal(Literal::U32(Accumulator::<M>::ty().lanes.into())))
    }

    /// The row, in the fragment, of element `register` of what this thread holds.
    #[track_caller]
    pub fn row<R: IntoVal<u32>>(self, register: R) -> Val<u32> {
        coordinates::<M>(Role::C, register.into_val()).0
    }

    /// The column, in the fragment, of element `register` of what this thread holds.
    #[track_caller]
    pub fn column<R: IntoVal<u32>>(self, register: R) -> Val<u32> {
        coordinates::<M>(Role::C, register.into_val()).1
    }
}

/// `c + a * b`: on the matrix cores, or by fused multiply-adds in the same order on targets without them.
#[track_caller]
pub fn mma<M: MatrixShape>(a: Val<FragmentA<M>>, b: Val<FragmentB<M>>, c: Val<Accumulator<M>>) -> Val<Accumulator<M>> {
    let location = Location::caller();
    if tracer::opt_target().is_some_and(|target| !M::ROW.is_on(target)) {
        return multiply_add(a, b, c);
    }
    Val::record_op(Op::Mfma(M::ROW), vec![a.expr(location), b.expr(location), c.expr(location)], location)
}

/// Calls the device function that computes `c + a * b` by fused multiply-adds, and traces it at its first call.
#[track_caller]
fn multiply_add<M: MatrixShape>(
    a: Val<FragmentA<M>>,
    b: Val<FragmentB<M>>,
    c: Val<Accumulator<M>>,
) -> Val<Accumulator<M>> {
    let location = Location { file: file!(), line: line!(), column: 1 };
    let info = FunctionInfo {
        name: M::ROW.fragments,
        doc: &[" c + a * b: every element is the chain of fused multiply-adds in order of k."],
        location,
        foreign: None,
    };
    let mut call = Call::begin(&info, M::ROW.name.to_owned());
    call.argument(&a, false);
    call.argument(&b, false);
    call.argument(&c, false);
    if call.body() {
        let a = call.parameter("a", &a, false);
        let b = call.parameter("b", &b, false);
        let c = call.parameter("c", &c, false);
        let sum = multiply_add_body(a, b, c);
        call.finish_body(sum);
    }
    call.result()
}

/// Each step of k: every lane gets its element of B from the lane of the same column that holds it, and the elements of
/// A of its rows, one after the other, from the lanes that hold them. The arithmetic is that of [`Mfma::spread`].
fn multiply_add_body<M: MatrixShape>(
    a: Val<FragmentA<M>>,
    b: Val<FragmentB<M>>,
    c: Val<Accumulator<M>>,
) -> Val<Accumulator<M>> {
    let location = Location::caller();
    let (held, rows) = (u32::from(FragmentA::<M>::ty().lanes), u32::from(Accumulator::<M>::ty().lanes));
    let mut sum = bind_mut("sum", c);
    let column = bind("column", lane_id() % M::ROW.n);
    let row = bind("row", lane_id() / M::ROW.n * rows);
    let steps = For::<u32>::begin("k", 0, M::ROW.k, 1, Unroll::Full);
    let k = steps.counter();
    let half = bind("half", k / held * M::ROW.m);
    let factor: Val<f32> = Val::record(lane_of(b.expr(location), k % held, location), location);
    let factor = bind("b_k", shuffle(factor, half + column));
    let elements = For::<u32>::begin("i", 0, rows, 1, Unroll::Full);
    let i = elements.counter();
    let element: Val<f32> = Val::record(lane_of(a.expr(location), k % held, location), location);
    let element = bind("a_ik", shuffle(element, half + row + i));
    let before: Val<f32> = Val::record(lane_of(sum.expr(location), i, location), location);
    let after = Val::<f32>::record_op(
        Op::Fma,
        vec![element.expr(location), factor.expr(location), before.expr(location)],
        location,
    );
    set_lane(&mut sum, i, after, location);
    elements.finish();
    steps.finish();
    read(&sum)
}

fn lane_of(vector: Expr, lane: Val<u32>, location: Location) -> ExprKind {
    ExprKind::Lane(Box::new(vector), Box::new(lane.expr(location)))
}

fn set_lane<T: Value>(vector: &mut Val<T>, lane: Val<u32>, value: Val<f32>, location: Location) {
    if let Atom::Var(base) = vector.atom {
        let place = Place { base, index: Vec::new(), lane: Some(Box::new(lane.expr(location))) };
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value.expr(location)), location));
    }
}

/// The raw instruction `v_mfma_f32_16x16x4_f32`: this lane's elements of A and B, and four of C; four of D.
/// Layouts: [`crate::mfma::F32_16X16X4_F32`].
#[allow(clippy::many_single_char_names, reason = "the instruction's own operand names")]
#[track_caller]
pub fn mfma_f32_16x16x4f32<A: IntoVal<f32>, B: IntoVal<f32>>(a: A, b: B, c: Val<f32x4>) -> Val<f32x4> {
    let location = Location::caller();
    let operands = vec![a.into_val().expr(location), b.into_val().expr(location), c.expr(location)];
    Val::record_op(Op::Mfma(&mfma::F32_16X16X4_F32), operands, location)
}
