//! The Llama kernels, one file each: formula, shapes, what bounds it, kernel.
//!
//! A decode step is seven of them: [`norm_qkv`], [`attention_decode`], [`attention_combine`], [`gemv`] with the
//! residual, [`norm_gate_up`], [`gemv`] with the residual, [`advance_position`]. The others make up prefill.
//!
//! Floors are for an MI300X that reads 4.26 TB/s from memory and multiplies 163 TFLOP/s in `f32`.

pub mod add;
pub mod advance_position;
pub mod attention_combine;
pub mod attention_decode;
pub mod attention_prefill;
pub mod causal_mask;
pub mod gemm_f32;
pub mod gemv;
pub mod kv_update;
pub mod norm_gate_up;
pub mod norm_qkv;
pub mod rmsnorm;
pub mod rope;
pub mod silu;
pub mod silu_mul;
pub mod softmax;
