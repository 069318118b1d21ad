//! The Llama kernels, one file each: formula, shapes, what bounds it, kernel.
//!
//! A decode step is six of them: [`norm_qkv`], [`attention_decode`], [`attention_output`], [`norm_gate_up`], [`gemv_add`],
//! [`advance_position`]. The others make up prefill, or do alone what a fused one does: [`attention_combine`].
//!
//! Floors are for an MI300X that reads 4.26 TB/s from memory and multiplies 163 TFLOP/s in `f32`.

// The attribute makes a module of each kernel's name inside the file of that name.
#![allow(clippy::module_inception, reason = "a kernel's file has the kernel's name")]

pub mod activations;
pub mod add;
pub mod advance_position;
pub mod attention_combine;
pub mod attention_decode;
pub mod attention_output;
pub mod attention_prefill;
pub mod attention_prefill_bf16;
mod attention_rows;
pub mod causal_mask;
pub mod gemm_f32;
pub mod gemm_f32_blocked;
mod gemm_groups;
pub mod gemm_narrow;
pub mod gemm_narrow_tile;
mod gemm_products;
mod gemm_staged;
mod gemm_threads;
mod gemm_tile;
mod gemm_turned;
pub mod gemv;
pub mod gemv_add;
pub mod kv_update;
pub mod norm_gate_up;
pub mod norm_qkv;
pub mod rmsnorm;
pub mod rope;
mod row_products;
mod row_queue;
pub mod silu;
pub mod silu_mul;
pub mod softmax;
mod staged_vector;
mod swizzle;
pub mod weights;

use greta::codegen::definition::KernelDefinition;

/// Every kernel of this crate, by name.
pub static KERNELS: &[&KernelDefinition] = &[
    &add::add::DEFINITION,
    &advance_position::advance_position::DEFINITION,
    &attention_combine::attention_combine::DEFINITION,
    &attention_decode::attention_decode::DEFINITION,
    &attention_output::attention_output::DEFINITION,
    &attention_output::attention_output_bf16::DEFINITION,
    &attention_output::attention_output_f16::DEFINITION,
    &attention_prefill::attention_prefill::DEFINITION,
    &attention_prefill_bf16::attention_prefill_bf16::DEFINITION,
    &causal_mask::causal_mask::DEFINITION,
    &gemm_narrow::gemm_bf16::DEFINITION,
    &gemm_narrow::gemm_bf16_add::DEFINITION,
    &gemm_narrow::gemm_f16::DEFINITION,
    &gemm_f32::gemm_f32::DEFINITION,
    &gemm_f32_blocked::gemm_f32_blocked::DEFINITION,
    &gemm_f32_blocked::gemm_f32_blocked_bf16::DEFINITION,
    &gemm_f32_blocked::gemm_f32_blocked_f16::DEFINITION,
    &gemm_narrow::gemm_fp8::DEFINITION,
    &gemm_narrow::gemm_i8::DEFINITION,
    &gemv::gemv::DEFINITION,
    &gemv_add::gemv_add::DEFINITION,
    &gemv_add::gemv_add_bf16::DEFINITION,
    &gemv_add::gemv_add_f16::DEFINITION,
    &kv_update::kv_update::DEFINITION,
    &norm_gate_up::norm_gate_up::DEFINITION,
    &norm_gate_up::norm_gate_up_bf16::DEFINITION,
    &norm_gate_up::norm_gate_up_f16::DEFINITION,
    &norm_qkv::norm_qkv::DEFINITION,
    &norm_qkv::norm_qkv_bf16::DEFINITION,
    &norm_qkv::norm_qkv_f16::DEFINITION,
    &rmsnorm::rmsnorm::DEFINITION,
    &rmsnorm::rmsnorm_bf16::DEFINITION,
    &rope::rope::DEFINITION,
    &silu::silu::DEFINITION,
    &silu_mul::silu_mul::DEFINITION,
    &silu_mul::silu_mul_bf16::DEFINITION,
    &softmax::softmax::DEFINITION,
];
