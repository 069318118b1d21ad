//! One Llama decoder layer: its kernels, the layer as a graph, its reference and the cases that its kernels must pass.
//!
//! Data is row-major and `f32` unless a name says otherwise. A linear layer's weight is `[out, in]`; a token's
//! activations are one row. The key/value cache is static, `[kv_heads, max_seq, head_dim]`, and the number of tokens
//! already in it, the position of the next, lives in device memory.
//!
//! The [`reference`](mod@reference) shares nothing with the kernels. Nothing here reads a clock, prints, or draws a
//! progress bar; the only I/O is [`golden::BlockGolden::open`].

pub mod block;
pub mod case_launch;
pub mod cases;
pub mod comparison;
pub mod config;
mod decode;
pub mod generate;
pub mod golden;
pub mod kernels;
pub mod launchable;
pub mod layer_weights;
pub mod layers;
pub mod prefill;
pub mod reference;
pub mod step;
pub mod weight;

pub use block::{Block, BlockError};
pub use comparison::{Comparison, Tolerance};
pub use config::{Config, Rope};
pub use golden::{BlockGolden, BlockInputs, GoldenError};
pub use kernels::KERNELS;
pub use layer_weights::LayerWeights;
pub use layers::Layers;
pub use step::Step;
pub use weight::Weight;
