//! Matrix fragments: typed pieces of A, B and C spread over the lanes of a wave, and the raw intrinsics below them.
//!
//! Everything about an instruction comes from its row in [`crate::mfma`].

use std::marker::PhantomData;

use super::builtins::lane_id;
use super::memory::{Element, Get, Memory};
use super::value::{Atom, IntoVal, Val, Value, Vector, f32x4};
use crate::ir::{ExprKind, Literal, Location, Op, Type};
use crate::mfma::{self, Coordinate, Mfma, Role, Term};

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
        M::ROW.a
    }
}

impl<M: MatrixShape> Value for FragmentB<M> {
    fn ty() -> Type {
        M::ROW.b
    }
}

impl<M: MatrixShape> Value for Accumulator<M> {
    fn ty() -> Type {
        M::ROW.c
    }
}

impl<M: MatrixShape> Vector for Accumulator<M> {
    type Lane = M::C;
    const LANES: usize = M::ROW.c.lanes as usize;
}

/// The sum of a layout's terms as a kernel value.
#[track_caller]
fn coordinate(terms: &[Term], lane: Val<u32>, register: Val<u32>, lanes: u32, registers: u32) -> Val<u32> {
    let literal = |value| Val::<u32>::from_atom(Atom::Literal(Literal::U32(value)));
    let mut sum: Option<Val<u32>> = None;
    for term in terms {
        let (mut value, range) = match term.of {
            Coordinate::Lane => (lane, lanes),
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
fn coordinates(row: &Mfma, role: Role, register: Val<u32>) -> (Val<u32>, Val<u32>) {
    let (layout, registers) = (row.layout(role), u32::from(row.operand(role).lanes));
    let lane = lane_id();
    (coordinate(layout.row, lane, register, 64, registers), coordinate(layout.column, lane, register, 64, registers))
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
                let (i, j) = Self::position();
                let location = Location::caller();
                let row = matrix.element(row.into_val() + i, location);
                Self::from_element(row.element(column.into_val() + j, location))
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
                let (i, j) = Self::position();
                let location = Location::caller();
                let column = matrix.element(column.into_val() + j, location);
                Self::from_element(column.element(row.into_val() + i, location))
            }

            /// Row and column, in the fragment, of the element that this thread holds.
            #[track_caller]
            #[must_use]
            pub fn position() -> (Val<u32>, Val<u32>) {
                coordinates(M::ROW, Role::$role, Val::from_atom(Atom::Literal(Literal::U32(0))))
            }

            /// The fragment in which this thread's element is `value`.
            #[must_use]
            pub fn from_element(value: Val<M::$element>) -> Val<Self> {
                Val::from_atom(value.atom)
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

    /// The row, in the fragment, of element `register` of what this thread holds.
    #[track_caller]
    pub fn row<R: IntoVal<u32>>(self, register: R) -> Val<u32> {
        coordinates(M::ROW, Role::C, register.into_val()).0
    }

    /// The column, in the fragment, of element `register` of what this thread holds.
    #[track_caller]
    pub fn column<R: IntoVal<u32>>(self, register: R) -> Val<u32> {
        coordinates(M::ROW, Role::C, register.into_val()).1
    }
}

/// `c + a * b`, on the matrix cores.
#[track_caller]
pub fn mma<M: MatrixShape>(a: Val<FragmentA<M>>, b: Val<FragmentB<M>>, c: Val<Accumulator<M>>) -> Val<Accumulator<M>> {
    let location = Location::caller();
    Val::record_op(Op::Mfma(M::ROW), vec![a.expr(location), b.expr(location), c.expr(location)], location)
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
