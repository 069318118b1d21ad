//! Cases of RMSNorm. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Rows.
    pub tokens: usize,
    /// Columns.
    pub hidden: usize,
    /// Added to the mean square.
    pub eps: f32,
    /// The inputs' scale: `x` is uniform in [-scale, scale).
    pub scale: f32,
}

super::tell!(tokens, hidden, scale);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[tokens, hidden]`.
    pub x: Vec<f32>,
    /// `[hidden]`.
    pub w: Vec<f32>,
    /// `[tokens, hidden]`.
    pub y: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { tokens: 1, hidden: 1, eps: 1e-5, scale: 1.0 },
    Case { tokens: 3, hidden: 7, eps: 1e-5, scale: 1.0 },
    Case { tokens: 2, hidden: 64, eps: 1e-6, scale: 1.0 },
    Case { tokens: 5, hidden: 257, eps: 1e-5, scale: 1.0 },
    // The mean square is of eps's size: a kernel without eps fails.
    Case { tokens: 2, hidden: 256, eps: 1e-5, scale: 4e-3 },
    Case { tokens: 17, hidden: 4096, eps: 1e-5, scale: 1.0 },
    Case { tokens: 1, hidden: 14336, eps: 1e-5, scale: 1.0 },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let x = draw(self, "x", self.scale, self.tokens * self.hidden);
        let w = draw(self, "w", 1.0, self.hidden);
        let y = checked(self, reference::rmsnorm(&x, &w, f64::from(self.eps)));
        Data { x, w, y }
    }
}
