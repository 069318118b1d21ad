//! Executes gfx942 (MI300X) machine code on the CPU: bytes in, memory out.
//!
//! [`CodeObject::load`] reads what a compiler wrote; [`Program`] is its code, decoded once;
//! [`isa`] is the instruction set as data. Of the crates of greta it knows `greta-numerics` alone: the
//! formats and the matrix arithmetic.
#![deny(unsafe_code)]

pub mod decode;
mod dispatch;
mod execute;
mod fault;
pub mod isa;
mod memory;
pub mod object;
mod print;
mod program;

pub use crate::object::{CodeObject, Kernel};
pub use dispatch::{Launch, Statistics, launch};
pub use execute::{Cause, Stop};
pub use fault::Fault;
pub use memory::{AccessError, Memory};
pub use program::Program;
