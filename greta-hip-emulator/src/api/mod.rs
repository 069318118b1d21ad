//! The functions of the C API, a file a group, and the names that are exported without one.
//!
//! A function here reads and checks what C gave it and asks the other modules; it holds no state.

mod absent;
mod contexts;
mod copies;
mod devices;
mod errors;
mod events;
mod graph_memory;
mod graph_nodes;
mod graphs;
mod launches;
mod memory;
mod modules;
mod occupancy;
mod per_thread;
mod pools;
mod procedures;
mod registration;
mod sets;
mod streams;

use std::ffi::{CStr, c_char};

pub use contexts::*;
pub use copies::*;
pub use devices::*;
pub use errors::*;
pub use events::*;
pub use graph_memory::*;
pub use graph_nodes::*;
pub use graphs::*;
pub use launches::*;
pub use memory::*;
pub use modules::*;
pub use occupancy::*;
pub use per_thread::*;
pub use pools::*;
pub use procedures::*;
pub use registration::*;
pub use sets::*;
pub use streams::*;

use crate::errors::hipErrorInvalidValue;
use crate::status::Outcome;

/// Writes a result where C wants it.
///
/// # Safety
///
/// `place` is null or valid for a write.
unsafe fn put<T>(place: *mut T, value: T) -> Outcome {
    if place.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    // SAFETY: as the caller's contract says.
    unsafe { place.write(value) };
    Ok(())
}

/// Reads a structure that C gives.
///
/// # Safety
///
/// `place` is null or valid for a read.
unsafe fn take<T: Copy>(place: *const T) -> Outcome<T> {
    // SAFETY: as the caller's contract says.
    unsafe { place.as_ref() }.copied().ok_or_else(|| hipErrorInvalidValue.into())
}

/// Reads a list that C gives.
///
/// # Safety
///
/// `first` is null or that of `count` elements.
unsafe fn list<'a, T>(first: *const T, count: usize) -> Outcome<&'a [T]> {
    match (first.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(hipErrorInvalidValue.into()),
        // SAFETY: as the caller's contract says.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(first, count) }),
    }
}

/// Reads a name that C gives.
///
/// # Safety
///
/// `text` is null or a C string.
unsafe fn name<'a>(text: *const c_char) -> Outcome<&'a str> {
    if text.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    // SAFETY: as the caller's contract says.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| hipErrorInvalidValue.into())
}
