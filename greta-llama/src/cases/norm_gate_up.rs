//! Cases of the fused norm, gate, up and SiLU of one token. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::generate::{matrix_scale, norm_weight};
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Columns of the weights; a multiple of 4.
    pub hidden: usize,
    /// Rows of the weights.
    pub intermediate: usize,
    /// Added to the mean square.
    pub eps: f32,
}

super::tell!(hidden, intermediate);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[hidden]`.
    pub x: Vec<f32>,
    /// `[hidden]`.
    pub norm: Vec<f32>,
    /// `[2 * intermediate, hidden]`: gate rows, then up rows.
    pub gate_up: Vec<f32>,
    /// `[intermediate]`.
    pub y: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { hidden: 4, intermediate: 1, eps: 1e-5 },
    Case { hidden: 36, intermediate: 7, eps: 1e-5 },
    Case { hidden: 40, intermediate: 7, eps: 1e-5 },
    Case { hidden: 256, intermediate: 688, eps: 1e-5 },
    Case { hidden: 4096, intermediate: 346, eps: 1e-5 },
    // Blocks stage so many columns in a whole pass and a part of one.
    Case { hidden: 2120, intermediate: 9, eps: 1e-5 },
    Case { hidden: 4136, intermediate: 9, eps: 1e-5 },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        self.draw_with(|weight| weight)
    }

    /// As [`Self::draw`], with each of the matrices' weights rounded.
    #[must_use]
    pub fn draw_with(&self, round: fn(f32) -> f32) -> Data {
        let (hidden, eps) = (self.hidden, f64::from(self.eps));
        let x = draw(self, "x", 1.0, hidden);
        let norm: Vec<f32> = draw(self, "norm", 1.0, hidden).into_iter().map(norm_weight).collect();
        // A product of two projections is of unit scale if each is of half of it.
        let gate_up = draw(self, "gate_up", 0.5 * matrix_scale(hidden), 2 * self.intermediate * hidden);
        let gate_up: Vec<f32> = gate_up.into_iter().map(round).collect();
        let (gate, up) = gate_up.split_at(self.intermediate * hidden);
        let normed = reference::rmsnorm(&x, &norm, eps);
        let y = reference::silu_mul(&reference::gemm(&normed, gate, hidden), &reference::gemm(&normed, up, hidden));
        Data { x, norm, y: checked(self, y), gate_up }
    }
}
