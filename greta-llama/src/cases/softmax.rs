//! Cases of softmax over rows. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// The scores are uniform in [-scale, scale).
    pub scale: f32,
    /// Every row's last `masked` scores are `-inf`.
    pub masked: usize,
}

super::tell!(rows, columns, scale, masked);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[rows, columns]`.
    pub x: Vec<f32>,
    /// `[rows, columns]`.
    pub y: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { rows: 1, columns: 1, scale: 1.0, masked: 0 },
    Case { rows: 3, columns: 5, scale: 1.0, masked: 0 },
    Case { rows: 4, columns: 257, scale: 1.0, masked: 100 },
    // Scores that overflow exp unless the maximum is subtracted first.
    Case { rows: 2, columns: 300, scale: 500.0, masked: 0 },
    Case { rows: 64, columns: 2048, scale: 4.0, masked: 1 },
    Case { rows: 2, columns: 32000, scale: 8.0, masked: 0 },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let mut x = draw(self, "x", self.scale, self.rows * self.columns);
        for row in x.chunks_exact_mut(self.columns) {
            row[self.columns - self.masked..].fill(f32::NEG_INFINITY);
        }
        let y = checked(self, reference::softmax(&x, self.columns));
        Data { x, y }
    }
}
