//! The kernels of the language reference, a file a section.

pub mod control;
pub mod functions;
pub mod loops;
pub mod memory;
pub mod structs;
pub mod threads;
pub mod values;
pub mod vectors;
