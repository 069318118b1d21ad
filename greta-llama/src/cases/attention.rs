//! Cases of attention, decode (one token) and prefill. Tolerance: [`Tolerance::KERNEL`](crate::Tolerance::KERNEL).
//!
//! Keys and values after the last visible token are NaN: no kernel may let them reach a result.

use super::gemm::spread;
use super::{checked, draw};
use crate::generate::matrix_scale;
use crate::reference::{self, AttentionShape};

/// Sizes of one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Heads, tokens and cache.
    pub shape: AttentionShape,
    /// Queries are uniform in [-scale, scale): large ones make the softmax pick single keys.
    pub scale: f32,
}

super::tell!(shape.heads, shape.kv_heads, shape.head_dim, shape.tokens, shape.past, shape.max_seq, scale);

/// Inputs and result of one case.
#[derive(Clone, Debug)]
pub struct Data {
    /// `[tokens, heads, head_dim]`.
    pub q: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]`.
    pub k_cache: Vec<f32>,
    /// `[kv_heads, max_seq, head_dim]`.
    pub v_cache: Vec<f32>,
    /// `[tokens, heads, head_dim]`.
    pub y: Vec<f64>,
}

/// An output projection of a case's attention.
#[derive(Clone, Debug)]
pub struct Output {
    /// `[rows, heads * head_dim]`.
    pub w: Vec<f32>,
    /// `[rows]`.
    pub residual: Vec<f32>,
    /// `[rows]`: `w` times the attention, plus the residual.
    pub sum: Vec<f64>,
}

const fn case(heads: [usize; 2], head_dim: usize, tokens: usize, past: usize, max_seq: usize, scale: f32) -> Case {
    let [heads, kv_heads] = heads;
    Case { shape: AttentionShape { heads, kv_heads, head_dim, tokens, past, max_seq }, scale }
}

/// The table: query and key heads, width of a head, new tokens, past, room in the cache, scale of the queries.
pub const CASES: &[Case] = &[
    case([1, 1], 32, 1, 0, 1, 1.0),
    case([8, 2], 32, 1, 33, 40, 1.0),
    case([4, 4], 64, 1, 66, 67, 10.0),
    case([8, 2], 128, 1, 255, 300, 1.0),
    case([32, 8], 128, 1, 1023, 1024, 1.0),
    case([4, 4], 128, 1, 2050, 2112, 30.0),
    case([2, 1], 32, 2, 0, 2, 1.0),
    case([8, 8], 32, 17, 0, 20, 1.0),
    case([8, 2], 32, 6, 29, 40, 10.0),
    case([4, 1], 64, 65, 0, 128, 1.0),
    case([4, 2], 128, 16, 0, 16, 1.0),
    case([2, 2], 128, 70, 61, 160, 1.0),
    case([4, 2], 128, 130, 300, 430, 4.0),
];

/// Inputs of a case of any size, and what some of its tokens see.
#[derive(Clone, Debug)]
pub struct Sample {
    /// As in [`Data`]; `y` holds the tokens of `rows` only.
    pub data: Data,
    /// Which tokens, ascending; all of them if they are few.
    pub rows: Vec<usize>,
}

/// Tokens that [`Case::sample`] computes at most.
const SAMPLED_TOKENS_MAX: usize = 32;

impl Case {
    /// An output projection of so many rows of an attention, its weights as `round` rounds them.
    #[must_use]
    pub fn draw_output(&self, attended: &[f32], rows: usize, round: impl Fn(f32) -> f32) -> Output {
        let columns = attended.len();
        let w: Vec<f32> = draw(self, "o", matrix_scale(columns), rows * columns).into_iter().map(round).collect();
        let residual = draw(self, "residual", 1.0, rows);
        let sum = checked(self, reference::add(&reference::gemv(attended, &w, &[]), &residual));
        Output { w, residual, sum }
    }

    /// The case's inputs and result.
    #[must_use]
    pub fn draw(&self) -> Data {
        let (q, k_cache, v_cache) = self.inputs();
        let y = reference::attention(&q, &k_cache, &v_cache, self.shape);
        self.data(q, k_cache, v_cache, y)
    }

    /// The case's inputs, and the results of the first token, the last, and some between.
    #[must_use]
    pub fn sample(&self) -> Sample {
        self.sample_rounded(|value| value)
    }

    /// As [`Case::sample`], of inputs that `round` rounds.
    #[must_use]
    pub fn sample_rounded(&self, round: impl Fn(f32) -> f32) -> Sample {
        let (q, k_cache, v_cache) = self.inputs();
        let [q, k_cache, v_cache] =
            [q, k_cache, v_cache].map(|values| values.into_iter().map(&round).collect::<Vec<f32>>());
        let rows = spread(self.shape.tokens, SAMPLED_TOKENS_MAX);
        let width = self.shape.heads * self.shape.head_dim;
        let one = |&row: &usize| {
            let shape = AttentionShape { tokens: 1, past: self.shape.past + row, ..self.shape };
            reference::attention(&q[row * width..][..width], &k_cache, &v_cache, shape)
        };
        let y = rows.iter().flat_map(one).collect();
        Sample { data: self.data(q, k_cache, v_cache, y), rows }
    }

    fn data(&self, q: Vec<f32>, k_cache: Vec<f32>, v_cache: Vec<f32>, y: Vec<f64>) -> Data {
        assert!(y.iter().all(|value| value.is_finite()), "invariant: the reference of {self:?} reads no future key");
        Data { q, k_cache, v_cache, y: checked(self, y) }
    }

    /// Queries, keys and values.
    fn inputs(&self) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let AttentionShape { heads, kv_heads, head_dim, tokens, past, max_seq } = self.shape;
        let q = draw(self, "q", self.scale, tokens * heads * head_dim);
        let cache = |name| {
            let mut cache = draw(self, name, 1.0, kv_heads * max_seq * head_dim);
            for head in cache.chunks_exact_mut(max_seq * head_dim) {
                head[(past + tokens) * head_dim..].fill(f32::NAN);
            }
            cache
        };
        let (k_cache, v_cache) = (cache("k_cache"), cache("v_cache"));
        (q, k_cache, v_cache)
    }
}
