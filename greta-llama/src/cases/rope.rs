//! Cases of RoPE, in place, in both conventions. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).

use super::{checked, draw};
use crate::config::Rope;
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// New tokens.
    pub tokens: usize,
    /// Heads that are rotated, from the start of a token's row.
    pub heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Elements of a row after the rotated heads, which must not change.
    pub tail: usize,
    /// Position of the first token.
    pub past: usize,
    /// Base of the frequencies.
    pub theta: f64,
    /// Which elements make a pair.
    pub rope: Rope,
}

super::tell!(tokens, heads, head_dim, tail, past);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[tokens, heads * head_dim + tail]`.
    pub x: Vec<f32>,
    /// `[past + tokens, head_dim / 2]`.
    pub cos: Vec<f32>,
    /// `[past + tokens, head_dim / 2]`.
    pub sin: Vec<f32>,
    /// `[tokens, heads * head_dim + tail]`.
    pub y: Vec<f64>,
}

const HALF: Rope = Rope::RotateHalf;
const PAIRS: Rope = Rope::Interleaved;

/// The table.
pub const CASES: &[Case] = &[
    Case { tokens: 1, heads: 1, head_dim: 2, tail: 0, past: 1, theta: 1e4, rope: HALF },
    Case { tokens: 1, heads: 1, head_dim: 2, tail: 0, past: 1, theta: 1e4, rope: PAIRS },
    Case { tokens: 3, heads: 5, head_dim: 10, tail: 7, past: 2, theta: 1e4, rope: HALF },
    Case { tokens: 3, heads: 5, head_dim: 10, tail: 7, past: 2, theta: 1e4, rope: PAIRS },
    Case { tokens: 1, heads: 40, head_dim: 128, tail: 1024, past: 1023, theta: 5e5, rope: HALF },
    Case { tokens: 33, heads: 32, head_dim: 128, tail: 0, past: 4063, theta: 1e4, rope: HALF },
    Case { tokens: 33, heads: 32, head_dim: 64, tail: 0, past: 2015, theta: 1e4, rope: PAIRS },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let width = self.heads * self.head_dim;
        let x = draw(self, "x", 1.0, self.tokens * (width + self.tail));
        let tables = reference::rope_tables(self.past + self.tokens, self.head_dim, self.theta);
        let (cos, sin) = tables.to_f32();
        let mut y = Vec::with_capacity(x.len());
        for (token, row) in x.chunks_exact(width + self.tail).enumerate() {
            let (head, tail) = row.split_at(width);
            y.extend(reference::rope(head, &tables, self.past + token, self.heads, self.head_dim, self.rope));
            y.extend(tail.iter().map(|&value| f64::from(value)));
        }
        Data { x, cos, sin, y: checked(self, y) }
    }
}
