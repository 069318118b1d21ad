//! Contexts, which HIP keeps for programs of CUDA's driver: each device has one, and making it current chooses the device.

use std::cell::RefCell;
use std::ffi::{c_int, c_uint};

use super::put;
use crate::errors::{hipErrorInvalidContext, hipErrorInvalidValue};
use crate::handles::pointer;
use crate::runtime::{self, current_device, runtime, set_device};
use crate::status::{Outcome, hip};
use crate::types::{hipCtx_t, hipDevice_t};

/// The first device's context; the next device's is one further.
const FIRST: usize = 0x100;
/// What `hipCtxGetApiVersion` says.
const API_VERSION: c_uint = 4;

thread_local! {
    /// Devices whose contexts were current before.
    static STACK: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn context(device: usize) -> hipCtx_t {
    pointer(FIRST + device)
}

/// The device of a context.
fn device_of(context: hipCtx_t) -> Outcome<usize> {
    let device = context.addr().checked_sub(FIRST).filter(|&device| device < runtime().device_count);
    device.ok_or_else(|| hipErrorInvalidContext.into())
}

fn push(device: usize) {
    STACK.with_borrow_mut(|stack| stack.push(current_device()));
    set_device(device);
}

hip! {
    /// A device's context, made current.
    fn hipCtxCreate(place: *mut hipCtx_t, _flags: c_uint, device: hipDevice_t) {
        let device = runtime::device(device)?;
        put(place, context(device))?;
        push(device);
        Ok(())
    }

    /// Ends the use of a context; the device keeps it.
    fn hipCtxDestroy(context: hipCtx_t) {
        device_of(context).map(|_| ())
    }

    /// Makes a context current, over the one that is.
    fn hipCtxPushCurrent(context: hipCtx_t) {
        push(device_of(context)?);
        Ok(())
    }

    /// Makes the context current again that was before; gives the one that is, if asked for it.
    fn hipCtxPopCurrent(place: *mut hipCtx_t) {
        let before = STACK.with_borrow_mut(Vec::pop).ok_or(hipErrorInvalidContext)?;
        if !place.is_null() {
            put(place, context(current_device()))?;
        }
        set_device(before);
        Ok(())
    }

    /// Makes a context current.
    fn hipCtxSetCurrent(context: hipCtx_t) {
        set_device(device_of(context)?);
        Ok(())
    }

    /// The context that is current.
    fn hipCtxGetCurrent(place: *mut hipCtx_t) {
        put(place, context(current_device()))
    }

    /// The device whose context is current.
    fn hipCtxGetDevice(device: *mut hipDevice_t) {
        put(device, current_device() as c_int)
    }

    /// Waits for the device whose context is current.
    fn hipCtxSynchronize() {
        super::devices::synchronize()
    }

    /// The version of the interface that a context was made for.
    fn hipCtxGetApiVersion(context: hipCtx_t, version: *mut c_uint) {
        device_of(context)?;
        put(version, API_VERSION)
    }

    /// A context's flags: none.
    fn hipCtxGetFlags(flags: *mut c_uint) {
        put(flags, 0)
    }

    /// Asks for a division between cache and LDS, of which the hardware has none.
    fn hipCtxSetCacheConfig(_preference: c_uint) {
        Ok(())
    }

    /// The division between cache and LDS: none is preferred.
    fn hipCtxGetCacheConfig(preference: *mut c_uint) {
        put(preference, 0)
    }

    /// Asks for a width of LDS banks, which the hardware does not change.
    fn hipCtxSetSharedMemConfig(_width: c_uint) {
        Ok(())
    }

    /// The width of LDS banks: 4 bytes, which is 1.
    fn hipCtxGetSharedMemConfig(width: *mut c_uint) {
        put(width, 1)
    }

    /// A device's context.
    fn hipDevicePrimaryCtxRetain(place: *mut hipCtx_t, device: hipDevice_t) {
        put(place, context(runtime::device(device)?))
    }

    /// Ends the use of a device's context, which stays.
    fn hipDevicePrimaryCtxRelease(device: hipDevice_t) {
        runtime::device(device).map(|_| ()).map_err(Into::into)
    }

    /// Resets a device's context: nothing, as on ROCm.
    fn hipDevicePrimaryCtxReset(device: hipDevice_t) {
        runtime::device(device).map(|_| ()).map_err(Into::into)
    }

    /// Asks for flags of a device's context, which has one already.
    fn hipDevicePrimaryCtxSetFlags(device: hipDevice_t, flags: c_uint) {
        runtime::device(device)?;
        if flags == 0 { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }

    /// Flags of a device's context, and whether it is the current one.
    fn hipDevicePrimaryCtxGetState(device: hipDevice_t, flags: *mut c_uint, is_active: *mut c_int) {
        let device = runtime::device(device)?;
        put(flags, 0)?;
        put(is_active, c_int::from(device == current_device()))
    }
}
