//! Typed IR of greta's kernels: traced from Rust, verified, rewritten by passes, written as HIP C++.
//!
//! Pure: no I/O, no FFI, no clock. The same kernel and tile parameters always give the same bytes.

pub mod atomics;
pub mod bounds;
pub mod contract;
pub mod definition;
mod dependency;
pub mod diagnostic;
pub mod drawing;
pub mod emit;
pub mod footprint;
mod grid_barrier;
pub mod ir;
pub mod lower;
pub mod mfma;
pub mod ops;
pub mod passes;
mod reserved;
pub mod target;
pub mod trace;
pub mod uniformity;
pub mod verify;

#[cfg(test)]
mod testing;
