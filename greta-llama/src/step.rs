//! Assembles one step of a decoder layer as a graph of kernels.
//!
//! A decode step, one token, is six nodes: norm, q, k, v, RoPE and cache write; attention; its splits joined, o and
//! residual; norm, gate, up and SiLU; down and residual; the position's advance. A prefill step is another matter:
//! [`crate::prefill`]. The graph derives what waits for what from the buffers. All buffers
//! are made here, before any launch; the graph keeps them alive.

use greta::runtime::IntoGrid;
use greta::runtime::launch::Variant;
use greta::{Buffer, Graph, Kernel};

use crate::block::{Block, BlockError, index};
use crate::decode;
use crate::kernels::advance_position::advance_position;
use crate::kernels::attention_decode::attention_decode;
use crate::weight::Weight;

/// One step of a layer, ready to be instantiated. Every launch reads `x`, writes `y` and moves the position on.
#[derive(Debug)]
pub struct Step {
    /// The kernels.
    pub graph: Graph,
    /// `[tokens, hidden]`: the layer's input.
    pub x: Buffer<f32>,
    /// `[tokens, hidden]`: the layer's output.
    pub y: Buffer<f32>,
    /// New tokens.
    pub tokens: usize,
}

/// What the splits of decode attention leave: see [`attention_decode`](crate::kernels::attention_decode).
#[derive(Clone, Copy, Debug)]
pub struct Splits<'a> {
    /// `[count, heads]`.
    pub maxima: &'a Buffer<f32>,
    /// `[count, heads]`.
    pub sums: &'a Buffer<f32>,
    /// `[count, heads, head_dim]`.
    pub partial: &'a Buffer<f32>,
    /// How many splits there are.
    pub count: u32,
}

impl<W: Weight> Block<W> {
    /// The graph of a step of `tokens` new tokens at whatever position the block has then: decode for one token,
    /// prefill for more.
    ///
    /// # Errors
    ///
    /// [`BlockError::NoTokens`], [`BlockError::Room`], [`BlockError::TooLarge`], and the device's: a head's width that
    /// attention has no variant for, or a kernel that does not compile.
    pub fn step(&mut self, tokens: usize) -> Result<Step, BlockError> {
        self.check_room(tokens)?;
        let hidden = self.config.hidden;
        let x = self.device.zeroed(tokens.saturating_mul(hidden))?;
        let mut y = self.device.zeroed(tokens.saturating_mul(hidden))?;
        let graph = match tokens {
            0 => return Err(BlockError::NoTokens),
            1 => self.decode(&x, &mut y)?,
            _ => self.prefill(&x, &mut y, tokens)?,
        };
        Ok(Step { graph, x, y, tokens })
    }

    fn decode(&mut self, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<Graph, BlockError> {
        let mut graph = self.device.graph();
        self.add_decode(&mut graph, x, y)?;
        self.add_advance(&mut graph, 1)?;
        Ok(graph)
    }

    /// Adds the nodes of a decode step, without the position's advance.
    pub(crate) fn add_decode(
        &mut self,
        graph: &mut Graph,
        x: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), BlockError> {
        let (heads, head_dim) = (self.sizes.heads, self.sizes.head_dim);
        let splits = decode::splits(&self.device, heads, self.sizes.max_seq);
        let query = self.config.query_width();
        let mut q = self.device.buffer(query)?;
        let mut maxima = self.device.buffer(self.config.heads * splits as usize)?;
        let mut sums = self.device.buffer(self.config.heads * splits as usize)?;
        let mut partial = self.device.buffer(query * splits as usize)?;
        let mut middle = self.device.buffer(self.config.hidden)?;
        let mut product = self.device.buffer(self.config.intermediate)?;

        W::add_norm_qkv(graph, self, x, &mut q)?;
        specialized_node(
            graph,
            "attention",
            decode::attention_variant(&self.device).hd(head_dim),
            (heads, splits),
            attention_decode::Args {
                q: &q,
                k_cache: &self.k_cache,
                v_cache: &self.v_cache,
                position: &self.position,
                maxima: &mut maxima,
                sums: &mut sums,
                partial: &mut partial,
                heads,
                kv_heads: self.sizes.kv_heads,
                max_seq: self.sizes.max_seq,
            },
        )?;
        let split = Splits { maxima: &maxima, sums: &sums, partial: &partial, count: splits };
        W::add_attention_output(graph, self, &split, x, &mut middle)?;
        W::add_norm_gate_up(graph, self, &middle, &mut product)?;
        W::add_gemv(graph, "down + residual", &self.weights.down, &product, &middle, y)
    }

    /// A graph that moves the position back by so many tokens, so that a step is launched at one position again and again.
    ///
    /// # Errors
    ///
    /// [`BlockError::TooLarge`], and the device's.
    pub fn rewind(&mut self, tokens: usize) -> Result<Graph, BlockError> {
        let mut graph = self.device.graph();
        // The position counts modulo 2^32.
        let back = index("tokens", tokens)?.wrapping_neg();
        self.add_advance(&mut graph, back)?;
        Ok(graph)
    }

    pub(crate) fn add_advance(&mut self, graph: &mut Graph, tokens: u32) -> Result<(), BlockError> {
        let args = advance_position::Args { position: &mut self.position, tokens };
        node(graph, "advance position", advance_position::variant(), 1, args)
    }
}

/// Adds one launch.
pub(crate) fn node<V: Variant>(
    graph: &mut Graph,
    label: &str,
    variant: V,
    grid: impl IntoGrid,
    args: V::Args<'_>,
) -> Result<(), BlockError> {
    let kernel = graph.device().kernel(variant)?;
    add(graph, label, &kernel, grid, args)
}

/// As [`node`], of the kernel compiled for these sizes: those of the model, which every decode step has.
pub(crate) fn specialized_node<V: Variant>(
    graph: &mut Graph,
    label: &str,
    variant: V,
    grid: impl IntoGrid,
    args: V::Args<'_>,
) -> Result<(), BlockError> {
    let kernel = graph.device().specialized(variant, &args)?;
    add(graph, label, &kernel, grid, args)
}

fn add<V: Variant>(
    graph: &mut Graph,
    label: &str,
    kernel: &Kernel<V>,
    grid: impl IntoGrid,
    args: V::Args<'_>,
) -> Result<(), BlockError> {
    let node = graph.add(kernel, grid, args)?;
    Ok(graph.label(node, label)?)
}

/// The value that a variant has for one of its tile parameters.
pub(crate) fn tile(variant: &impl Variant, name: &str) -> u32 {
    let position = variant.definition().parameters.iter().position(|parameter| parameter.name == name);
    variant.values()[position.expect("invariant: the kernel has a tile parameter of that name")]
}
