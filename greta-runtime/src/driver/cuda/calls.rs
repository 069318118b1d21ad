//! A call into the CUDA driver, and the error that its status is.

use std::ffi::{CStr, c_char};
use std::ptr;

use cudarc::driver::sys::{self, CUresult};

use crate::error::{Activity, DriverError, Error, Result};

/// Makes a call and checks its status; the second argument says what it is for, if it failed.
macro_rules! call {
    ($name:ident($($argument:expr),* $(,)?), $activity:expr) => {
        check(stringify!($name), sys::$name($($argument),*), || $activity)
    };
}

pub(super) use call;

pub(super) fn check(call: &'static str, status: CUresult, activity: impl FnOnce() -> Activity) -> Result<()> {
    if status == CUresult::CUDA_SUCCESS {
        return Ok(());
    }
    let (mut name, mut text) = (ptr::null(), ptr::null());
    // SAFETY: both give a string that lives as long as the library, or leave null.
    let (name, text) = unsafe {
        // A status that has no name leaves null, which reads as "unknown".
        let _ = sys::cuGetErrorName(status, &raw mut name);
        let _ = sys::cuGetErrorString(status, &raw mut text);
        (owned(name), owned(text))
    };
    Err(Error::Driver(Box::new(DriverError { call, status: status as i32, name, text, activity: activity() })))
}

/// The text as a string; null reads as "unknown".
///
/// # Safety
///
/// `text` is null or a C string.
pub(super) unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return "unknown".to_owned();
    }
    // SAFETY: as the caller's contract says.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
