//! Devices, buffers, streams, compilation, cache, launches and graphs.

mod argument;
pub mod buffer;
pub mod cache;
pub mod compile;
pub mod device;
mod driver;
pub mod error;
pub mod event;
pub mod fault;
pub mod graph;
pub mod invalid_kernel;
pub mod launch;
mod memory;
pub mod module;
pub mod options;
mod resident;
pub mod resources;
pub mod rust_source;
pub mod stream;
pub mod toolchain;
pub mod tuning;
pub mod worker;

pub use buffer::{Buffer, Download, Element};
pub use device::{Device, DeviceInfo};
pub use error::{Error, KernelAt, Result};
pub use event::Event;
pub use graph::{Graph, GraphExec, NodeId};
pub use launch::{Grid, IntoGrid};
pub use module::{Kernel, Module};
pub use options::DeviceOptions;
pub use stream::Stream;

// The kernels of the tests name this crate as its users do.
#[cfg(test)]
extern crate self as greta_runtime;
#[cfg(test)]
mod test_kernels;
