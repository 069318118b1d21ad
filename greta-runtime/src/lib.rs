//! Devices, buffers, streams, compilation, cache, launches and graphs.

pub mod toolchain;
