//! What fragments are loaded from and stored to: arrays of two dimensions, and rows of a buffer.

use super::super::bind::Bind;
use super::super::memory::{Memory, Space};
use super::super::value::{IntoKernelValue, Val, Value};
use crate::ir::{Expr, ExprKind, Location, Op};

/// Memory whose elements have a row and a column: a shared or register array of two dimensions, or [`Memory::rows`] of
/// a buffer.
pub trait Matrix {
    /// The type of its elements.
    type Element: Value;
    /// The element at a row and column.
    fn at(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<Self::Element>;
    /// Consecutive elements of a row as one value of type `V`, in one access.
    fn vector_at<V: Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<V>;
    /// The 16 bytes of a row that [`Op::LoadMatrices`] takes of each lane, if the matrix is in shared memory.
    fn opt_exchanged<V: Value>(&self, _row: Val<u32>, _column: Val<u32>, _location: Location) -> Option<Val<V>> {
        None
    }
}

/// A [`Matrix`] that can be written to.
pub trait MatrixMut: Matrix {
    /// Sets the element at a row and column.
    fn put(&mut self, row: Val<u32>, column: Val<u32>, value: Val<Self::Element>, location: Location);
}

/// A [`Matrix`] of elements of type `E`.
#[diagnostic::on_unimplemented(
    message = "a fragment of `{E}` is loaded from a matrix of `{E}`, found `{Self}`",
    label = "not a matrix of `{E}`",
    note = "a matrix is an array of two dimensions, or `buffer.rows(stride)`"
)]
pub trait MatrixOf<E>: Matrix<Element = E> {}

#[diagnostic::do_not_recommend]
impl<E: Value, X: Matrix<Element = E>> MatrixOf<E> for X {}

/// A [`MatrixMut`] of elements of type `E`.
#[diagnostic::on_unimplemented(
    message = "an accumulator of `{E}` is stored to a matrix of `{E}`, found `{Self}`",
    label = "not a matrix of `{E}` that can be written to",
    note = "a matrix is an array of two dimensions, or `buffer.rows_mut(stride)`"
)]
pub trait MatrixMutOf<E>: MatrixMut<Element = E> {}

#[diagnostic::do_not_recommend]
impl<E: Value, X: MatrixMut<Element = E>> MatrixMutOf<E> for X {}

impl<T: Value, S: Space> Matrix for Memory<Memory<T, S>, S> {
    type Element = T;

    fn at(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<T> {
        self.part::<T>(row).load(column, location)
    }

    fn vector_at<V: Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<V> {
        self.part::<T>(row).load(column, location)
    }

    fn opt_exchanged<V: Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Option<Val<V>> {
        S::IS_SHARED.then(|| {
            let kind = ExprKind::Load(self.part::<T>(row).place(column, location));
            Val::record_op(Op::LoadMatrices, vec![Expr { kind, ty: V::ty(), location }], location)
        })
    }
}

impl<T: Value, S: Space> MatrixMut for Memory<Memory<T, S>, S> {
    fn put(&mut self, row: Val<u32>, column: Val<u32>, value: Val<T>, location: Location) {
        self.part::<T>(row).store(column, value, location);
    }
}

/// One-dimensional memory as a matrix of rows that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Rows<T, S> {
    memory: Memory<T, S>,
    stride: Val<u32>,
}

/// [`Rows`] that can be written to.
#[derive(Clone, Copy, Debug)]
pub struct RowsMut<T, S>(Rows<T, S>);

impl<T: Value, S: Space> Memory<T, S> {
    /// The memory as a matrix whose rows begin `stride` elements apart.
    pub fn rows(&self, stride: impl IntoKernelValue<u32>) -> Rows<T, S> {
        Rows { memory: *self, stride: stride.into_val() }
    }

    /// As [`Memory::rows`], to be written to.
    pub fn rows_mut(&mut self, stride: impl IntoKernelValue<u32>) -> RowsMut<T, S> {
        RowsMut(self.rows(stride))
    }
}

impl<T: Value, S: Space> Bind for Rows<T, S> {
    type Bound = Self;

    fn bind(self, _name: &str, _mutable: bool, _location: Location) -> Self {
        self
    }
}

impl<T: Value, S: Space> Bind for RowsMut<T, S> {
    type Bound = Self;

    fn bind(self, _name: &str, _mutable: bool, _location: Location) -> Self {
        self
    }
}

impl<T: Value, S: Space> Rows<T, S> {
    fn index(&self, row: Val<u32>, column: Val<u32>) -> Val<u32> {
        row * self.stride + column
    }
}

impl<T: Value, S: Space> Matrix for Rows<T, S> {
    type Element = T;

    fn at(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<T> {
        self.memory.load(self.index(row, column), location)
    }

    fn vector_at<V: Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<V> {
        self.memory.load(self.index(row, column), location)
    }
}

impl<T: Value, S: Space> Matrix for RowsMut<T, S> {
    type Element = T;

    fn at(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<T> {
        self.0.at(row, column, location)
    }

    fn vector_at<V: Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<V> {
        self.0.vector_at(row, column, location)
    }
}

impl<T: Value, S: Space> MatrixMut for RowsMut<T, S> {
    fn put(&mut self, row: Val<u32>, column: Val<u32>, value: Val<T>, location: Location) {
        self.0.memory.store(self.0.index(row, column), value, location);
    }
}
