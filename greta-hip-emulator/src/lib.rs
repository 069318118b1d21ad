//! The HIP runtime API of ROCm 6.4 over an emulated MI300X.
//!
//! Every function has the name, the arguments and the statuses of the C API and may be called from C: as a table in the
//! same process, see [`table`], or as `libamdhip64.so`, see the crate's README. Work is done before the call that asks
//! for it returns, in every stream, as HIP does under `AMD_SERIALIZE_KERNEL=3`: runs are deterministic, and a kernel's
//! fault is the status of its own launch, with the emulator's report as the text that [`hipGetErrorString`] gives. A seed in
//! the environment has work put off, to find what nothing waits for: see the crate's README.
//! Deliberately does not know how an instruction is executed, nor what greta is.

#![allow(non_snake_case, non_upper_case_globals, non_camel_case_types, reason = "names are those of the C API")]

mod api;
mod argument;
mod attributes;
mod capture;
mod device;
mod errors;
mod event;
mod function;
mod graph;
mod handles;
mod image;
mod journal;
mod lines;
mod memory;
mod occupancy;
mod order;
mod procedure;
mod runtime;
mod schedule;
mod status;
mod stream;
mod table;
mod transfer;
mod types;
mod work;

pub use api::*;
pub use journal::{CountedLaunch, count_launches};
pub use lines::{FindLine, set_lines};
pub use table::table;
pub use types::*;
