//! The types that a layer's matrices are stored in, and the kernels that read them.
//!
//! The kernels here widen weights to `f32` as they load them, so a token through a layer of narrow weights comes out as of
//! the `f32` layer of the same numbers, but for the order of additions. For many tokens see [`crate::prefill`].

use greta::codegen::trace::{bf16, f16};
use greta::{Buffer, Graph};

use crate::block::{Block, BlockError, index};
use crate::decode;
use crate::kernels::{attention_output, gemv_add, norm_gate_up, norm_qkv};
use crate::prefill::PrefillWeight;
use crate::step::{Splits, specialized_node, tile};

/// The type of a layer's matrices: `f32`, `bf16` or `f16`.
pub trait Weight: PrefillWeight {
    /// Rust's name of the type.
    const NAME: &'static str;
    /// Weights that 16 bytes hold.
    const PER_LOAD: usize = 16 / size_of::<Self>();
    /// How far rounding moves a number in the type's normal range, as a part of it.
    const ROUNDING: f64;
    /// The nearest weight, ties to even.
    fn from_f32(value: f32) -> Self;
    /// The weight as an `f32`, which holds it exactly.
    fn to_f32(self) -> f32;

    /// Adds norm, projections of queries, keys and values, RoPE and the caches' update for one token.
    ///
    /// # Errors
    ///
    /// The device's.
    fn add_norm_qkv(
        graph: &mut Graph,
        block: &mut Block<Self>,
        x: &Buffer<f32>,
        q: &mut Buffer<f32>,
    ) -> Result<(), BlockError>;

    /// Adds `y = o a + residual` for the attention `a` that the splits make.
    ///
    /// # Errors
    ///
    /// The device's.
    fn add_attention_output(
        graph: &mut Graph,
        block: &Block<Self>,
        splits: &Splits<'_>,
        residual: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), BlockError>;

    /// Adds norm, gate and up projections and SiLU for one token.
    ///
    /// # Errors
    ///
    /// The device's.
    fn add_norm_gate_up(
        graph: &mut Graph,
        block: &Block<Self>,
        x: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), BlockError>;

    /// Adds `y = w x + residual`; the shapes are those of the buffers.
    ///
    /// # Errors
    ///
    /// [`BlockError::TooLarge`] and the device's.
    fn add_gemv(
        graph: &mut Graph,
        label: &str,
        w: &Buffer<Self>,
        x: &Buffer<f32>,
        residual: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), BlockError>;
}

macro_rules! weights {
    ($($weight:ident {
        $norm_qkv:ident, $attention_output:ident, $norm_gate_up:ident, $gemv_add:ident, $rounding:expr, $from:expr, $to:expr
    })*) => {
        $(impl Weight for $weight {
            const NAME: &'static str = stringify!($weight);
            const ROUNDING: f64 = $rounding;

            fn from_f32(value: f32) -> Self {
                let from: fn(f32) -> Self = $from;
                from(value)
            }

            fn to_f32(self) -> f32 {
                let to: fn(Self) -> f32 = $to;
                to(self)
            }

            fn add_norm_qkv(
                graph: &mut Graph,
                block: &mut Block<Self>,
                x: &Buffer<f32>,
                q: &mut Buffer<f32>,
            ) -> Result<(), BlockError> {
                use norm_qkv::$norm_qkv as kernel;
                let sizes = block.sizes;
                let pairs = (sizes.heads + 2 * sizes.kv_heads) * (sizes.head_dim / 2);
                let (variant, grid) = decode::normed_shape(
                    &block.device,
                    kernel::variant(),
                    |of| kernel::variant().pairs(decode::ROWS / 2).depth(of.depth).waves(of.waves),
                    |variant| pairs.div_ceil(tile(variant, "PAIRS")),
                );
                let args = kernel::Args {
                    x,
                    norm: &block.weights.input_norm,
                    weight: &block.weights.qkv,
                    cos: &block.cos,
                    sin: &block.sin,
                    position: &block.position,
                    q,
                    k_cache: &mut block.k_cache,
                    v_cache: &mut block.v_cache,
                    hidden: sizes.hidden,
                    heads: sizes.heads,
                    kv_heads: sizes.kv_heads,
                    head_dim: sizes.head_dim,
                    max_seq: sizes.max_seq,
                    pair_stride: sizes.pair_stride,
                    pair_distance: sizes.pair_distance,
                    eps: block.config.eps as f32,
                };
                specialized_node(graph, "norm, q k v, rope, cache", variant, grid, args)
            }

            fn add_norm_gate_up(
                graph: &mut Graph,
                block: &Block<Self>,
                x: &Buffer<f32>,
                y: &mut Buffer<f32>,
            ) -> Result<(), BlockError> {
                use norm_gate_up::$norm_gate_up as kernel;
                let (variant, grid) = decode::normed_shape(
                    &block.device,
                    kernel::variant(),
                    |of| kernel::variant().rows(decode::ROWS / 2).depth(of.depth).waves(of.waves),
                    |variant| block.sizes.intermediate.div_ceil(tile(variant, "ROWS")),
                );
                let args = kernel::Args {
                    x,
                    norm: &block.weights.post_norm,
                    gate_up: &block.weights.gate_up,
                    y,
                    hidden: block.sizes.hidden,
                    intermediate: block.sizes.intermediate,
                    eps: block.config.eps as f32,
                };
                specialized_node(graph, "norm, gate up, silu", variant, grid, args)
            }

            fn add_gemv(
                graph: &mut Graph,
                label: &str,
                w: &Buffer<Self>,
                x: &Buffer<f32>,
                residual: &Buffer<f32>,
                y: &mut Buffer<f32>,
            ) -> Result<(), BlockError> {
                use gemv_add::$gemv_add as kernel;
                let (n, k) = (index("a row", y.len())?, index("a row", x.len())?);
                let (variant, grid) = decode::shape(
                    graph.device(),
                    k,
                    kernel::variant(),
                    |of| kernel::variant().rows(decode::ROWS).depth(of.depth).waves(of.waves),
                    |variant| n.div_ceil(tile(variant, "ROWS")),
                );
                specialized_node(graph, label, variant, grid, kernel::Args { w, x, residual, y, n, k })
            }

            fn add_attention_output(
                graph: &mut Graph,
                block: &Block<Self>,
                splits: &Splits<'_>,
                residual: &Buffer<f32>,
                y: &mut Buffer<f32>,
            ) -> Result<(), BlockError> {
                use attention_output::$attention_output as kernel;
                let sizes = block.sizes;
                let (variant, grid) = decode::shape(
                    &block.device,
                    sizes.heads * sizes.head_dim,
                    kernel::variant(),
                    |of| kernel::variant().rows(decode::ROWS).depth(of.depth).waves(of.waves),
                    |variant| sizes.hidden.div_ceil(tile(variant, "ROWS")),
                );
                let args = kernel::Args {
                    w: &block.weights.o,
                    maxima: splits.maxima,
                    sums: splits.sums,
                    partial: splits.partial,
                    residual,
                    y,
                    n: sizes.hidden,
                    heads: sizes.heads,
                    head_dim: sizes.head_dim,
                    splits: splits.count,
                };
                specialized_node(graph, "join, o + residual", variant, grid, args)
            }
        })*
    };
}

weights! {
    f32 { norm_qkv, attention_output, norm_gate_up, gemv_add, 0.0, |value| value, |weight| weight }
    bf16 {
        norm_qkv_bf16, attention_output_bf16, norm_gate_up_bf16, gemv_add_bf16, 1.0 / 256.0, bf16::from_f32, bf16::to_f32
    }
    f16 { norm_qkv_f16, attention_output_f16, norm_gate_up_f16, gemv_add_f16, 1.0 / 2048.0, f16::from_f32, f16::to_f32 }
}
