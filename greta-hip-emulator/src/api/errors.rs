//! Statuses in words, and the thread's last one.

use std::ffi::c_char;

use hip_sys::hipError_t;

use crate::errors::{hipErrorInvalidValue, row};
use crate::procedure::list;
use crate::status::{hip, last, report, take_last};

use super::put;

/// The name of a status.
#[unsafe(no_mangle)]
pub extern "C" fn hipGetErrorName(error: hipError_t) -> *const c_char {
    row(error).name.as_ptr()
}

list!(hipGetErrorName);

/// What a status means; after a kernel's fault, the emulator's report of it. The report is good until the thread's next
/// fault.
#[unsafe(no_mangle)]
pub extern "C" fn hipGetErrorString(error: hipError_t) -> *const c_char {
    report(error).map_or(row(error).text.as_ptr(), |report| report.as_ptr())
}

list!(hipGetErrorString);

/// The thread's last failure, which is forgotten.
#[unsafe(no_mangle)]
pub extern "C" fn hipGetLastError() -> hipError_t {
    take_last()
}

list!(hipGetLastError);

/// The thread's last failure, which is forgotten.
#[unsafe(no_mangle)]
pub extern "C" fn hipExtGetLastError() -> hipError_t {
    take_last()
}

list!(hipExtGetLastError);

/// The thread's last failure.
#[unsafe(no_mangle)]
pub extern "C" fn hipPeekAtLastError() -> hipError_t {
    last()
}

list!(hipPeekAtLastError);

hip! {
    /// The name of a status.
    fn hipDrvGetErrorName(error: hipError_t, text: *mut *const c_char) {
        if row(error).status != error {
            return Err(hipErrorInvalidValue.into());
        }
        put(text, row(error).name.as_ptr())
    }

    /// What a status means.
    fn hipDrvGetErrorString(error: hipError_t, text: *mut *const c_char) {
        if row(error).status != error {
            return Err(hipErrorInvalidValue.into());
        }
        put(text, hipGetErrorString(error))
    }
}
