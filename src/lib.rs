//! greta: write AMD GPU kernels in Rust, read the HIP C++ they become, and run them.
//!
//! ```
//! use greta::prelude::*;
//!
//! /// y[i] = a * x[i] + y[i]
//! #[kernel(block = 256)]
//! pub fn axpy(a: f32, x: &Global<f32>, y: &mut Global<f32>, len: u32) {
//!     let i = block_idx().x * BLOCK + thread_idx().x;
//!     if i < len {
//!         y[i] += a * x[i];
//!     }
//! }
//!
//! # fn main() -> Result<(), greta::Error> {
//! let device = Device::open("cpu")?;
//! let stream = device.stream()?;
//! let x = device.buffer_from(&[1.0, 2.0, 3.0])?;
//! let mut y = device.buffer_from(&[10.0, 20.0, 30.0])?;
//! device.kernel(axpy::variant())?.launch(&stream, 1, axpy::Args { a: 2.0, x: &x, y: &mut y, len: 3 })?;
//! assert_eq!(y.read(&stream)?, [12.0, 24.0, 36.0]);
//! # Ok(())
//! # }
//! ```
//!
//! This crate only gathers what a kernel author needs; the parts are `greta-macros`, `greta-codegen`,
//! `greta-interpreter` and `greta-runtime`.

// The attributes' expansions name this crate, also from inside it.
extern crate self as greta;

pub mod reduce;
pub mod tile;

pub use greta_codegen as codegen;
pub use greta_macros::{KernelValue, device, kernel};
pub use greta_runtime as runtime;
pub use greta_runtime::{Buffer, Device, DeviceOptions, Error, Event, Graph, GraphExec, Kernel, Stream};

/// Everything that a kernel and the code that launches it use.
pub mod prelude {
    pub use crate::reduce::{
        block_all, block_and, block_any, block_max, block_min, block_or, block_scan_exclusive, block_scan_inclusive,
        block_sum, wave_and, wave_broadcast, wave_max, wave_min, wave_or, wave_scan_exclusive, wave_scan_inclusive,
        wave_sum,
    };
    pub use crate::tile::SharedTile;
    pub use crate::{Buffer, Device, Event, Graph, GraphExec, Kernel, KernelValue, Stream, device, kernel};
    // The shapes of fragments, and the raw intrinsics.
    pub use greta_codegen::trace::instructions::*;
    // For `axpy::variant().hip()`.
    pub use greta_codegen::trace::vector::*;
    pub use greta_codegen::trace::{
        Accumulator, Array, Castable, Comparable, Float, FragmentA, FragmentB, Global, Integer, Number, Shared,
        Volatile, Word, abs, ballot, barrier, bf8, bf16, bf16_from_bits, block_dim, block_idx, ceil, copy_async_commit,
        copy_async_wait, copysign, cos, erf, exp, exp2, f16, f16_from_bits, f32_from_bits, f64_from_bits, fast_cos,
        fast_div, fast_exp, fast_exp2, fast_log, fast_log2, fast_log10, fast_pow, fast_recip, fast_rsqrt, fast_sin,
        fast_sqrt, fast_tanh, floor, fma, fp8, grid_barrier, grid_dependency_wait, grid_dependents_launch, grid_dim,
        has_copy_async, has_warpgroup_mma, lane_id, log, log2, log10, max, min, mma, pow, round, rsqrt, sched_barrier,
        sched_group_barrier, select, setprio, shared, shared_dynamic, shuffle, shuffle_down, shuffle_up, shuffle_xor,
        sin, sqrt, tan, tanh, thread_idx, trunc, wave_all, wave_any, wave_count, wave_id,
    };
    pub use greta_runtime::launch::Variant as _;
}

/// What the expansions of the attributes refer to. Not for use by hand.
#[doc(hidden)]
pub mod rt {
    pub use greta_codegen::contract;
    pub use greta_codegen::definition::{KernelDefinition, Known, Requirement, TileParameter, VariantError};
    pub use greta_codegen::diagnostic::Diagnostic;
    pub use greta_codegen::ir::{
        Argument, Foreign, ForeignText, Kernel, Literal, Location, Shape, Type, Unroll, VarId,
    };
    pub use greta_codegen::target::Target;
    pub use greta_codegen::trace::*;
    pub use greta_runtime::Buffer;
    pub use greta_runtime::launch::{Arguments, BoundArgument, BoundArguments, Tunable, Variant};
}
