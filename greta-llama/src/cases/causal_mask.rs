//! Cases of the causal mask, in place. Tolerance: [`Tolerance::EXACT`](crate::Tolerance::EXACT).

use super::{checked, draw};
use crate::reference;

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Query heads.
    pub heads: usize,
    /// New tokens.
    pub tokens: usize,
    /// Tokens before them.
    pub past: usize,
    /// Keys of a row of scores.
    pub keys: usize,
}

super::tell!(heads, tokens, past, keys);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[heads, tokens, keys]`.
    pub scores: Vec<f32>,
    /// `[heads, tokens, keys]`.
    pub masked: Vec<f64>,
}

/// The table.
pub const CASES: &[Case] = &[
    Case { heads: 1, tokens: 1, past: 0, keys: 1 },
    Case { heads: 2, tokens: 1, past: 4, keys: 9 },
    Case { heads: 3, tokens: 17, past: 0, keys: 17 },
    Case { heads: 2, tokens: 6, past: 29, keys: 35 },
    Case { heads: 4, tokens: 130, past: 127, keys: 257 },
    Case { heads: 2, tokens: 512, past: 512, keys: 1024 },
];

impl Case {
    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let scores = draw(self, "scores", 1.0, self.heads * self.tokens * self.keys);
        let masked = checked(self, reference::causal_mask(&scores, self.tokens, self.keys, self.past));
        Data { scores, masked }
    }
}
