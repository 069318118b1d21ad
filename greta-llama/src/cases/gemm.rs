//! Cases of `C = A Bᵀ`. Tolerance: [`Tolerance::EXACT`](crate::Tolerance::EXACT) against the chain of `f32` FMAs.

use super::{checked, draw};
use crate::generate::matrix_scale;
use crate::reference;

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
}

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
    fn a_case_has_a_negative_zero_that_padding_could_spoil() {
        let case = super::Case { m: 37, n: 65, k: 51 };
        let chain = case.draw().chain(case.k, 0);
        assert_eq!(chain[case.n + 1].to_bits(), (-0.0_f32).to_bits());
        assert!(chain.iter().filter(|value| value.abs() > 0.1).count() > chain.len() / 2);
    }
}
