//! The layer and its parts as plain loops: `f32` or `f64` data in, every sum and intermediate in `f64`.
//!
//! Guarantees: nothing is shared with the kernels but shapes; each formula is written as a textbook has it. Data may be
//! `f32` (a kernel's inputs) or `f64` (an earlier step's result). Weights are read as they stand and never copied.
//! Functions panic when a slice's length contradicts the sizes given with it: that is a bug of the caller's.

mod attention;
mod block;
mod elementwise;
mod matmul;
mod narrow;
mod norm;
mod rope;

pub use attention::{AttentionShape, KvLayout, attention, causal_mask, kv_update, softmax};
pub use block::{BlockOutput, block};
pub use elementwise::{add, silu, silu_mul};
pub use matmul::{gemm, gemm_fma_chain, gemv};
pub use narrow::{gemm_bf16, gemm_f16, gemm_fp8, gemm_i8, narrow_product_bound};
pub use norm::rmsnorm;
pub use rope::{RopeTables, rope, rope_tables};

/// A number that a reference computes with in `f64`.
pub trait Real: Copy + Sync + Into<f64> {}

impl Real for f32 {}
impl Real for f64 {}
