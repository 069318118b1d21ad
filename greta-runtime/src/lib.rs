//! Devices, buffers, streams, compilation, cache, launches and graphs.

pub mod cache;
pub mod compile;
pub mod resources;
pub mod toolchain;
pub mod worker;
