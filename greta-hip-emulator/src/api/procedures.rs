//! Functions by name.

use std::ffi::{c_char, c_int, c_uint, c_void};

use super::{name, put};
use crate::errors::{hipErrorInvalidValue, hipErrorNotFound};
use crate::procedure::opt_address;
use crate::status::hip;

/// Functions that took another structure before ROCm 6, by the name that they have since.
const RENAMED: &[(&str, &str)] =
    &[("hipGetDeviceProperties", "hipGetDevicePropertiesR0600"), ("hipChooseDevice", "hipChooseDeviceR0600")];
/// The version, as programs give it, from which the new ones are meant.
const RENAMED_VERSION: c_int = 600;
/// Asks for variants whose default stream is the thread's own.
const PER_THREAD: u64 = 2;
/// Flags that there are.
const FLAGS_MAX: u64 = 2;
/// Results: found, or not.
const FOUND: c_uint = 0;
const MISSING: c_uint = 1;

hip! {
    /// The address of a function, as it is since a version of HIP (600 is 6.0). Flags are 0 or 1 for the plain functions,
    /// 2 for variants with a default stream of the thread's own, where there are such. `result`, which may be null, is 0
    /// if the function is found and 1 if not.
    fn hipGetProcAddress(
        symbol: *const c_char,
        address: *mut *mut c_void,
        version: c_int,
        flags: u64,
        result: *mut c_uint,
    ) {
        if address.is_null() || flags > FLAGS_MAX {
            return Err(hipErrorInvalidValue.into());
        }
        let given = name(symbol)?;
        let renamed = RENAMED.iter().find(|(old, _)| *old == given && version >= RENAMED_VERSION);
        let wanted = renamed.map_or(given, |(_, new)| new);
        let own = if flags == PER_THREAD { opt_address(&format!("{wanted}_spt")) } else { None };
        let found = own.or_else(|| opt_address(wanted));
        put(address, found.unwrap_or(std::ptr::null_mut()))?;
        if !result.is_null() {
            put(result, if found.is_some() { FOUND } else { MISSING })?;
        }
        if found.is_some() { Ok(()) } else { Err(hipErrorNotFound.into()) }
    }
}
