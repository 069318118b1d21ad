//! Cases of `y = W x (+ residual)`. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::generate::matrix_scale;
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Rows of W.
    pub n: usize,
    /// Columns of W.
    pub k: usize,
}

super::tell!(n, k);

/// Inputs and results of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[k]`.
    pub x: Vec<f32>,
    /// `[n, k]`.
    pub w: Vec<f32>,
    /// `[n]`.
    pub residual: Vec<f32>,
    /// `[n]`: without the residual.
    pub product: Vec<f64>,
    /// `[n]`: with the residual.
    pub sum: Vec<f64>,
}

/// The table. The last two are the layer's output projections; rows that are no multiple of 4 forbid 16-byte loads.
pub const CASES: &[Case] = &[
    Case { n: 1, k: 1 },
    Case { n: 3, k: 5 },
    Case { n: 17, k: 252 },
    Case { n: 33, k: 257 },
    Case { n: 256, k: 688 },
    Case { n: 130, k: 1030 },
    Case { n: 512, k: 4096 },
    Case { n: 256, k: 11008 },
];

impl Case {
    /// The case's inputs and results.
    #[must_use]
    pub fn draw(&self) -> Data {
        let x = draw(self, "x", 1.0, self.k);
        let w = draw(self, "w", matrix_scale(self.k), self.n * self.k);
        let residual = draw(self, "residual", 1.0, self.n);
        let product = checked(self, reference::gemv(&x, &w, &[]));
        let sum = checked(self, reference::add(&product, &residual));
        Data { x, w, residual, product, sum }
    }
}
