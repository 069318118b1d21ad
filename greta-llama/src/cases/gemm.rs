//! Cases of `C = A Bᵀ`. Tolerance: [`Tolerance::EXACT`](crate::Tolerance::EXACT) against the chain of `f32` FMAs.

use super::{checked, draw};
use crate::generate::matrix_scale;
use crate::reference::{self, narrow_product_bound};

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Rows of A and C.
    pub m: usize,
    /// Rows of B, columns of C.
    pub n: usize,
    /// Columns of A and B.
    pub k: usize,
}

super::tell!(m, n, k);

/// Inputs and result of one case; [`Data::chain`] gives the exact result.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[m, k]`.
    pub a: Vec<f32>,
    /// `[n, k]`.
    pub b: Vec<f32>,
    /// `[m, n]` in `f64`, to judge the chain itself.
    pub c: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { m: 1, n: 1, k: 1 },
    Case { m: 1, n: 33, k: 5 },
    Case { m: 17, n: 1, k: 130 },
    Case { m: 16, n: 16, k: 4 },
    Case { m: 37, n: 65, k: 51 },
    Case { m: 64, n: 64, k: 256 },
    Case { m: 65, n: 130, k: 1030 },
    Case { m: 512, n: 512, k: 512 },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let mut a = draw(self, "a", 1.0, self.m * self.k);
        let mut b = draw(self, "b", matrix_scale(self.k), self.n * self.k);
        if self.m > 2 && self.n > 2 {
            // One product underflows to -0, which padding with +0 would turn into +0.
            a[self.k..2 * self.k].fill(-0.0);
            b[self.k..2 * self.k].fill(0.0);
            (a[self.k], b[self.k]) = (-1e-30, 1e-30);
        }
        let c = checked(self, reference::gemm(&a, &b, self.k));
        Data { a, b, c }
    }

    /// The case's inputs, rounded, and rows of their product: the first, the last, and some between.
    #[must_use]
    pub fn sample<A: Copy, B: Copy>(&self, a_type: Rounding<A>, b_type: Rounding<B>) -> Sample<A, B> {
        let Self { m, n, k } = *self;
        let a: Vec<A> = draw(self, "a", 1.0, m * k).into_iter().map(a_type.round).collect();
        let b: Vec<B> = draw(self, "b", matrix_scale(k), n * k).into_iter().map(b_type.round).collect();
        let rows = spread(m, SAMPLED_ROWS_MAX);
        let a_rows: Vec<f32> =
            rows.iter().flat_map(|row| &a[row * k..][..k]).map(|&value| (a_type.widen)(value)).collect();
        let b_wide: Vec<f32> = b.iter().map(|&value| (b_type.widen)(value)).collect();
        let c = checked(self, reference::gemm(&a_rows, &b_wide, k));
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let first = wide(&a_rows[..k]);
        let bounds = b_wide.chunks(k).map(|b| narrow_product_bound(&first, &wide(b), PRODUCTS_PER_ROUNDING));
        let max_abs_err = bounds.fold(0.0, f64::max);
        Sample { a, b, rows, c, max_abs_err }
    }

    /// What is added to the product, `[m, n]`, and the sum's `rows`, whose products these are.
    #[must_use]
    pub fn draw_residual(&self, rows: &[usize], products: &[f64]) -> (Vec<f32>, Vec<f64>) {
        let residual = draw(self, "residual", 1.0, self.m * self.n);
        let added = rows.iter().flat_map(|row| &residual[row * self.n..][..self.n]);
        let sums = products.iter().zip(added).map(|(product, &value)| product + f64::from(value)).collect();
        (residual, sums)
    }
}

/// At most `most` of the numbers below `count`, evenly spread, the first and the last among them.
#[must_use]
pub fn spread(count: usize, most: usize) -> Vec<usize> {
    let taken = count.min(most);
    (0..taken).map(|index| if taken == 1 { 0 } else { index * (count - 1) / (taken - 1) }).collect()
}

/// Inputs of a case of any size, and some rows of its result: a large product's reference would take minutes.
#[derive(Clone, Debug)]
pub struct Sample<A, B> {
    /// `[m, k]`.
    pub a: Vec<A>,
    /// `[n, k]`.
    pub b: Vec<B>,
    /// Which rows of C are known, ascending; all of them if they are few.
    pub rows: Vec<usize>,
    /// `[rows, n]`: the product of what `a` and `b` hold.
    pub c: Vec<f64>,
    /// How far a sum in `f32` may be from it.
    pub max_abs_err: f64,
}

/// A type of operands: how unit-scale data is rounded to it, and the number that it then is.
#[derive(Clone, Copy, Debug)]
pub struct Rounding<T> {
    /// To the type.
    pub round: fn(f32) -> T,
    /// Back to `f32`, which holds it exactly.
    pub widen: fn(T) -> f32,
}

impl Rounding<f32> {
    /// `f32` as it is.
    pub const NONE: Self = Self { round: |value| value, widen: |value| value };
}

/// Rows of C that [`Case::sample`] computes at most.
const SAMPLED_ROWS_MAX: usize = 32;

/// Products that a matrix instruction adds up before it rounds, at most.
const PRODUCTS_PER_ROUNDING: usize = 16;

/// Inputs of a case in a narrow type, and what they are.
#[derive(Clone, Debug)]
pub struct NarrowData<T> {
    /// `[m, k]`.
    pub a: Vec<T>,
    /// `[n, k]`.
    pub b: Vec<T>,
    /// The numbers in `a`.
    pub a_wide: Vec<f32>,
    /// The numbers in `b`.
    pub b_wide: Vec<f32>,
}

impl Data {
    /// The inputs rounded to a narrow type.
    #[must_use]
    pub fn narrow<T: Copy>(&self, round: impl Fn(f32) -> T, widen: impl Fn(T) -> f32) -> NarrowData<T> {
        let rounded = |values: &[f32]| values.iter().map(|&value| round(value)).collect::<Vec<T>>();
        let (a, b) = (rounded(&self.a), rounded(&self.b));
        let wide = |values: &[T]| values.iter().map(|&value| widen(value)).collect();
        NarrowData { a_wide: wide(&a), b_wide: wide(&b), a, b }
    }

    /// The result, `[m, n]`, bit for bit; `flush` as in [`reference::gemm_fma_chain`].
    #[must_use]
    pub fn chain(&self, k: usize, flush: usize) -> Vec<f32> {
        reference::gemm_fma_chain(&self.a, &self.b, k, flush)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn spread_rows_are_all_or_reach_from_the_first_to_the_last() {
        assert_eq!(super::spread(3, 32), [0, 1, 2]);
        assert_eq!(super::spread(1, 32), [0]);
        assert_eq!(super::spread(101, 5), [0, 25, 50, 75, 100]);
    }

    #[test]
    fn a_case_has_a_negative_zero_that_padding_could_spoil() {
        let case = super::Case { m: 37, n: 65, k: 51 };
        let chain = case.draw().chain(case.k, 0);
        assert_eq!(chain[case.n + 1].to_bits(), (-0.0_f32).to_bits());
        assert!(chain.iter().filter(|value| value.abs() > 0.1).count() > chain.len() / 2);
    }
}
