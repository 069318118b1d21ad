//! Runs greta's kernel IR on the CPU, with every access checked.
//!
//! A [`Program`] is compiled once from a kernel and run any number of times. A block's threads run in lock step, 64 at a
//! time, with a mask of those that take part; blocks are spread over the machine's cores. Accesses outside an object,
//! barriers under divergent control flow, divisions by zero and partial matrix instructions end the launch with a
//! [`Report`] that names block, thread and place. No I/O; nothing here knows of devices, streams or files.
//!
//! kernel --`lower`--> tree --`uniformity`--> tree --`encode`--> program --`launch`, `execute`--> memory

mod access;
mod encode;
mod execute;
mod frame;
mod lanewise;
mod launch;
mod level;
#[cfg(test)]
mod level_tests;
mod lower;
mod math;
mod matrix;
mod meeting;
mod memory;
mod propagate_copies;
mod report;
mod sanitize;
mod tree;
mod uniformity;
mod wave;
mod wide;

pub use encode::{Checks, Program};
pub use launch::RESIDENT_BLOCKS_MAX;
pub use memory::{Argument, Element, Memory};
pub use report::{Access, Gathered, Party, Passed, Report, ReportKind};
pub use sanitize::DefinedBytes;
