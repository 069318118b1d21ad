//! The rows of a sum that a thread holds elements of: how many, in which elements, and which lanes have the others.
//!
//! All of it follows from the layout of the target: its terms of the register tell a thread's rows and columns apart, its
//! terms of the lane the threads that share a row.

use super::super::builtins::shuffle_xor;
use super::super::lanes::Word;
use super::super::math::max;
use super::super::value::{IntoKernelValue, Number, Val};
use super::{Accumulator, MatrixShape, literal, opt_part, spread, total};
use crate::mfma::{Coordinate, Layout, Role, Sum, Term};

fn layout<M: MatrixShape>() -> Layout {
    spread::<M>().layouts[Role::C as usize]
}

/// The registers that a row or column number tells apart, as a sum of their place among them; and how many they are.
fn places(number: &Sum) -> (Sum, u32) {
    let (mut places, mut count) = (Sum([Term::ZERO; 4]), 1);
    let registers = number.terms().filter(|term| term.of == Coordinate::Register);
    for (place, term) in places.0.iter_mut().zip(registers) {
        *place = Term { divide: count, times: term.divide, ..*term };
        count *= term.modulo;
    }
    (places, count)
}

/// Joins the values of the lanes that hold elements of a row; each of them gets the result.
#[track_caller]
fn across_row<M: MatrixShape, T: Number + Word>(value: Val<T>, join: impl Fn(Val<T>, Val<T>) -> Val<T>) -> Val<T> {
    let lanes = layout::<M>().column;
    let bits = lanes.terms().filter(|term| term.of == Coordinate::Lane).flat_map(|term| {
        let bits = term.modulo.ilog2();
        (0..bits).map(|bit| term.divide << bit)
    });
    let mut bits: Vec<u32> = bits.collect();
    bits.sort_unstable_by(|a, b| b.cmp(a));
    bits.into_iter().fold(value, |value, bit| join(value, shuffle_xor(value, literal(bit))))
}

impl<M: MatrixShape> Val<Accumulator<M>> {
    /// How many rows this thread holds elements of: it depends on the target.
    #[must_use]
    pub fn held_rows(self) -> Val<u32> {
        literal(places(&layout::<M>().row).1)
    }

    /// How many elements this thread holds of each of these rows.
    #[must_use]
    pub fn held_columns(self) -> Val<u32> {
        literal(places(&layout::<M>().column).1)
    }

    /// Which element of what this thread holds is the one numbered `column` of its row numbered `row`.
    #[track_caller]
    pub fn in_row(self, row: impl IntoKernelValue<u32>, column: impl IntoKernelValue<u32>) -> Val<u32> {
        let part = |number: &Sum, at: Val<u32>| {
            let (places, count) = places(number);
            opt_part(&places, Coordinate::Register, at, count)
        };
        total(part(&layout::<M>().row, row.into_val()), part(&layout::<M>().column, column.into_val()))
    }

    /// The largest of the values that the threads of a row have: all of them call it for that row.
    #[track_caller]
    #[must_use]
    pub fn row_max<T: Number + Word>(self, value: Val<T>) -> Val<T> {
        across_row::<M, T>(value, max)
    }

    /// The sum of the values that the threads of a row have: all of them call it for that row.
    #[track_caller]
    #[must_use]
    pub fn row_sum<T: Number + Word>(self, value: Val<T>) -> Val<T> {
        across_row::<M, T>(value, |a, b| a + b)
    }
}
