//! Cases of SiLU, SiLU times up, and residual addition. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Elements.
    pub len: usize,
    /// Operands are uniform in [-scale, scale).
    pub scale: f32,
}

super::tell!(len, scale);

/// Inputs and results of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// The first operand: gate, or the residual stream.
    pub a: Vec<f32>,
    /// The second operand: up, or what is added.
    pub b: Vec<f32>,
    /// `silu(a)`.
    pub silu: Vec<f64>,
    /// `silu(a) * b`.
    pub silu_mul: Vec<f64>,
    /// `a + b`.
    pub sum: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { len: 1, scale: 1.0 },
    Case { len: 63, scale: 1.0 },
    Case { len: 257, scale: 1.0 },
    Case { len: 1026, scale: 2.0 },
    Case { len: 1 << 20, scale: 1.0 },
];

impl Case {
    /// The case's inputs and results.
    #[must_use]
    pub fn draw(&self) -> Data {
        let (mut a, b) = (draw(self, "a", self.scale, self.len), draw(self, "b", self.scale, self.len));
        if let [_, low, high, ..] = a.as_mut_slice() {
            // Where e^-x overflows and where it vanishes.
            (*low, *high) = (-100.0, 100.0 / 16.0);
        }
        let silu = checked(self, reference::silu(&a));
        let silu_mul = checked(self, reference::silu_mul(&a, &b));
        let sum = checked(self, reference::add(&a, &b));
        Data { a, b, silu, silu_mul, sum }
    }
}
