//! Executes gfx942 (MI300X) machine code on the CPU: bytes in, memory out.
//!
//! [`Module::load`] reads what a compiler wrote, decodes it and places it in [`Memory`]; [`launch()`] runs
//! one of its kernels. [`isa`] is the instruction set as data. Of the crates of greta it knows `greta-numerics` alone: the
//! formats and the matrix arithmetic.
#![deny(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod count;
pub mod decode;
mod execute;
mod fault;
mod host;
pub mod isa;
mod launch;
mod memory;
mod module;
pub mod object;
mod occupancy;
mod print;
mod program;
mod watch;

pub use crate::object::{CodeObject, Kernel, KernelMetadata};
pub use count::{Classes, Counters, Global, Matrix, Shared};
pub use execute::{Cause, UNEXECUTED};
pub use fault::{Fault, Line, Place};
pub use host::Printed;
pub use launch::{Launch, Options, Report, Warning, launch};
pub use memory::{AccessError, Memory, Region};
pub use module::Module;
pub use occupancy::{COMPUTE_UNITS, Limit, Occupancy};
pub use program::Program;
pub use watch::missing_wait_states;
