//! A prefill step of a decoder layer: any number of tokens, after any number of cached ones, as one graph.
//!
//! The single kernels over all tokens: norm; q, k and v; RoPE; cache write; attention; o and residual; norm; gate and up;
//! SiLU; down and residual; the position's advance. What the products multiply weights by is rounded to the weights' own
//! type where that is `bf16`: then they, and attention, run on the matrix cores in `bf16` and sum in `f32`, which is
//! also what the residual, q, k, v and the cache stay in. Weights of `f16` are widened instead, since activations may
//! exceed what `f16` holds.

use greta::codegen::trace::{bf16, f16};
use greta::runtime::buffer::Element;
use greta::runtime::launch::Variant;
use greta::runtime::tuning::Shape;
use greta::{Buffer, Graph};

use crate::block::{Block, BlockError, index};
use crate::kernels::add::add;
use crate::kernels::gemm_narrow::{gemm_bf16, gemm_bf16_add};
use crate::kernels::kv_update::kv_update;
use crate::kernels::rope::rope;
use crate::kernels::{attention_prefill, attention_prefill_bf16, gemm_f32_blocked, rmsnorm, silu_mul};
use crate::step::{node, tile};
use crate::weight::Weight;

/// Elements that a block of an elementwise kernel takes: 256 threads, four elements each.
const ELEMENTS_PER_BLOCK: u32 = 1024;

/// The type of what prefill multiplies weights by, and the kernels that write it.
pub trait Activation: Element {
    /// Adds `y = x w / sqrt(mean(x²) + eps)`, a row for each of `tokens`.
    ///
    /// # Errors
    ///
    /// The device's.
    fn add_norm<W: Weight>(
        graph: &mut Graph,
        block: &Block<W>,
        x: &Buffer<f32>,
        w: &Buffer<f32>,
        y: &mut Buffer<Self>,
        tokens: u32,
    ) -> Result<(), BlockError>;

    /// Adds attention of `q`, whose rows are those of `q k v`, over the cache.
    ///
    /// # Errors
    ///
    /// The device's; a head's width that attention has no variant for.
    fn add_attention<W: Weight>(
        graph: &mut Graph,
        block: &Block<W>,
        q: &Buffer<f32>,
        y: &mut Buffer<Self>,
        tokens: u32,
    ) -> Result<(), BlockError>;

    /// Adds `y = silu(gate) up`.
    ///
    /// # Errors
    ///
    /// [`BlockError::TooLarge`] and the device's.
    fn add_silu(graph: &mut Graph, gate_up: &Buffer<f32>, y: &mut Buffer<Self>, width: u32) -> Result<(), BlockError>;
}

macro_rules! activations {
    ($($element:ident: $rmsnorm:ident, $attention:ident, $silu_mul:ident;)*) => {
        $(impl Activation for $element {
            fn add_norm<W: Weight>(
                graph: &mut Graph,
                block: &Block<W>,
                x: &Buffer<f32>,
                w: &Buffer<f32>,
                y: &mut Buffer<Self>,
                tokens: u32,
            ) -> Result<(), BlockError> {
                use rmsnorm::$rmsnorm as kernel;
                let args = kernel::Args { x, w, y, hidden: block.sizes.hidden, eps: block.config.eps as f32 };
                node(graph, "norm", kernel::variant(), tokens, args)
            }

            fn add_attention<W: Weight>(
                graph: &mut Graph,
                block: &Block<W>,
                q: &Buffer<f32>,
                y: &mut Buffer<Self>,
                tokens: u32,
            ) -> Result<(), BlockError> {
                use $attention::$attention as kernel;
                let sizes = block.sizes;
                let variant = kernel::variant().hd(sizes.head_dim);
                let grid = (tokens.div_ceil(16 * tile(&variant, "WAVES")), sizes.heads);
                let args = kernel::Args {
                    q,
                    k_cache: &block.k_cache,
                    v_cache: &block.v_cache,
                    position: &block.position,
                    y,
                    tokens,
                    heads: sizes.heads,
                    kv_heads: sizes.kv_heads,
                    max_seq: sizes.max_seq,
                    q_stride: sizes.qkv_width(),
                };
                node(graph, "attention", variant, grid, args)
            }

            fn add_silu(
                graph: &mut Graph,
                gate_up: &Buffer<f32>,
                y: &mut Buffer<Self>,
                width: u32,
            ) -> Result<(), BlockError> {
                use silu_mul::$silu_mul as kernel;
                let len = index("a step's activations", y.len())?;
                let args = kernel::Args { gate_up, y, width, len };
                node(graph, "silu", kernel::variant(), len.div_ceil(ELEMENTS_PER_BLOCK), args)
            }
        })*
    };
}

activations! {
    f32: rmsnorm, attention_prefill, silu_mul;
    bf16: rmsnorm_bf16, attention_prefill_bf16, silu_mul_bf16;
}

/// A type of weights as prefill multiplies by them.
pub trait PrefillWeight: Element {
    /// What they are multiplied by.
    type Activation: Activation;

    /// Adds `c = a bᵀ` for `m` rows; the other shapes are those of the buffers.
    ///
    /// # Errors
    ///
    /// [`BlockError::TooLarge`] and the device's.
    fn add_gemm(
        graph: &mut Graph,
        label: &str,
        a: &Buffer<Self::Activation>,
        b: &Buffer<Self>,
        c: &mut Buffer<f32>,
        m: u32,
    ) -> Result<(), BlockError>;

    /// Adds `c = a bᵀ + residual` likewise.
    ///
    /// # Errors
    ///
    /// [`BlockError::TooLarge`] and the device's.
    fn add_gemm_residual(
        graph: &mut Graph,
        label: &str,
        a: &Buffer<Self::Activation>,
        b: &Buffer<Self>,
        residual: &Buffer<f32>,
        c: &mut Buffer<f32>,
        m: u32,
    ) -> Result<(), BlockError>;
}

/// Columns of the result of a product of `m` rows, and columns of its factors.
fn widths<A: Element>(a: &Buffer<A>, c: &Buffer<f32>, m: u32) -> Result<(u32, u32), BlockError> {
    Ok((index("a row", c.len() / m as usize)?, index("a row", a.len() / m as usize)?))
}

/// Products of `f32`, into which weights are widened. Few rows get a low tile.
macro_rules! widened {
    ($($weight:ident: $gemm:ident;)*) => {
        $(impl PrefillWeight for $weight {
            type Activation = f32;

            fn add_gemm(
                graph: &mut Graph,
                label: &str,
                a: &Buffer<f32>,
                b: &Buffer<Self>,
                c: &mut Buffer<f32>,
                m: u32,
            ) -> Result<(), BlockError> {
                use gemm_f32_blocked::$gemm as kernel;
                let variant = match m {
                    0..=16 => kernel::variant().bm(16).wm(16).bk(32),
                    17..=32 => kernel::variant().bm(32),
                    _ => kernel::variant(),
                };
                let (n, k) = widths(a, c, m)?;
                let grid = product_grid(&variant, m, n);
                node(graph, label, variant, grid, kernel::Args { a, b, c, m, n, k })
            }

            fn add_gemm_residual(
                graph: &mut Graph,
                label: &str,
                a: &Buffer<f32>,
                b: &Buffer<Self>,
                residual: &Buffer<f32>,
                c: &mut Buffer<f32>,
                m: u32,
            ) -> Result<(), BlockError> {
                let mut product = graph.device().buffer(c.len())?;
                Self::add_gemm(graph, label, a, b, &mut product, m)?;
                let len = index("a step's activations", c.len())?;
                let args = add::Args { a: residual, b: &product, y: c, len };
                node(graph, "residual", add::variant(), len.div_ceil(ELEMENTS_PER_BLOCK), args)
            }
        })*
    };
}

widened! {
    f32: gemm_f32_blocked;
    f16: gemm_f32_blocked_f16;
}

impl PrefillWeight for bf16 {
    type Activation = bf16;

    fn add_gemm(
        graph: &mut Graph,
        label: &str,
        a: &Buffer<bf16>,
        b: &Buffer<bf16>,
        c: &mut Buffer<f32>,
        m: u32,
    ) -> Result<(), BlockError> {
        let (n, k) = widths(a, c, m)?;
        let variant = graph.device().tuned(gemm_bf16::variant(), &product_shape(m, n, k));
        let grid = product_grid(&variant, m, n);
        node(graph, label, variant, grid, gemm_bf16::Args { a, b, c, m, n, k })
    }

    fn add_gemm_residual(
        graph: &mut Graph,
        label: &str,
        a: &Buffer<bf16>,
        b: &Buffer<bf16>,
        residual: &Buffer<f32>,
        c: &mut Buffer<f32>,
        m: u32,
    ) -> Result<(), BlockError> {
        let (n, k) = widths(a, c, m)?;
        let variant = graph.device().tuned(gemm_bf16_add::variant(), &product_shape(m, n, k));
        let grid = product_grid(&variant, m, n);
        node(graph, label, variant, grid, gemm_bf16_add::Args { a, b, residual, c, m, n, k })
    }
}

/// A block for each tile of a product's `m` rows and `n` columns.
fn product_grid(variant: &impl Variant, m: u32, n: u32) -> (u32, u32) {
    (n.div_ceil(tile(variant, "BN")), m.div_ceil(tile(variant, "BM")))
}

/// A product's sizes as tunings know them.
fn product_shape(m: u32, n: u32, k: u32) -> Shape {
    Shape::new([("m", m as usize), ("n", n as usize), ("k", k as usize)])
}

impl<W: Weight> Block<W> {
    /// The graph of a step of several tokens.
    pub(crate) fn prefill(&mut self, x: &Buffer<f32>, y: &mut Buffer<f32>, tokens: usize) -> Result<Graph, BlockError> {
        let mut graph = self.device.graph();
        let (hidden, intermediate) = (self.config.hidden, self.config.intermediate);
        let (query, width) = (self.config.query_width(), self.config.qkv_width());
        index("a step's activations", tokens.saturating_mul(width.max(2 * intermediate)))?;
        let buffer = |columns: usize| self.device.buffer::<f32>(tokens * columns);
        let factor = |columns: usize| self.device.buffer::<W::Activation>(tokens * columns);
        let (mut qkv, mut middle, mut gate_up) = (buffer(width)?, buffer(hidden)?, buffer(2 * intermediate)?);
        let (mut normed, mut attended, mut product) = (factor(hidden)?, factor(query)?, factor(intermediate)?);
        let count = index("tokens", tokens)?;

        W::Activation::add_norm(&mut graph, self, x, &self.weights.input_norm, &mut normed, count)?;
        W::add_gemm(&mut graph, "q k v", &normed, &self.weights.qkv, &mut qkv, count)?;
        self.add_rope(&mut graph, &mut qkv, count)?;
        self.add_kv_update(&mut graph, &qkv, count)?;
        W::Activation::add_attention(&mut graph, self, &qkv, &mut attended, count)?;
        W::add_gemm_residual(&mut graph, "o", &attended, &self.weights.o, x, &mut middle, count)?;
        W::Activation::add_norm(&mut graph, self, &middle, &self.weights.post_norm, &mut normed, count)?;
        W::add_gemm(&mut graph, "gate up", &normed, &self.weights.gate_up, &mut gate_up, count)?;
        W::Activation::add_silu(&mut graph, &gate_up, &mut product, self.sizes.intermediate)?;
        W::add_gemm_residual(&mut graph, "down", &product, &self.weights.down, &middle, y, count)?;
        self.add_advance(&mut graph, count)?;
        Ok(graph)
    }

    /// Rotates queries and keys, which stand side by side.
    fn add_rope(&self, graph: &mut Graph, qkv: &mut Buffer<f32>, tokens: u32) -> Result<(), BlockError> {
        let sizes = self.sizes;
        let heads = sizes.heads + sizes.kv_heads;
        let args = rope::Args {
            x: qkv,
            cos: &self.cos,
            sin: &self.sin,
            position: &self.position,
            tokens,
            heads,
            head_dim: sizes.head_dim,
            row_stride: sizes.qkv_width(),
            pair_stride: sizes.pair_stride,
            pair_distance: sizes.pair_distance,
            max_seq: sizes.max_seq,
        };
        node(graph, "rope", rope::variant(), (tokens * heads * (sizes.head_dim / 2)).div_ceil(256), args)
    }

    fn add_kv_update(&mut self, graph: &mut Graph, qkv: &Buffer<f32>, tokens: u32) -> Result<(), BlockError> {
        let sizes = self.sizes;
        let args = kv_update::Args {
            rows: qkv,
            k_cache: &mut self.k_cache,
            v_cache: &mut self.v_cache,
            position: &self.position,
            tokens,
            kv_heads: sizes.kv_heads,
            head_dim: sizes.head_dim,
            max_seq: sizes.max_seq,
            row_stride: sizes.qkv_width(),
            k_column: sizes.heads * sizes.head_dim,
            v_column: (sizes.heads + sizes.kv_heads) * sizes.head_dim,
        };
        node(graph, "cache", kv_update::variant(), (tokens * sizes.kv_heads * sizes.head_dim).div_ceil(256), args)
    }
}
