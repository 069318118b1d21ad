//! The HIP runtime's C API as a table of function pointers, filled at run time: builds without ROCm.
//!
//! Written by hand from the ROCm 6.4 headers. [`Hip`] is plain data: it can also be filled with
//! functions of the same process. Checks no status and owns no handle; that is the runtime's work.

#![allow(non_snake_case, non_camel_case_types, non_upper_case_globals, reason = "names are those of the C API")]

mod load;
mod properties;
mod types;

pub use load::{Hip, LIBRARY_NAMES, LoadError};
pub use properties::hipDeviceProp_tR0600;
pub use types::*;
