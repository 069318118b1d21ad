//! Memory pools: settings, and a count of what was taken. Memory that is freed goes back at once.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hip_sys::hipStream_t;

use crate::errors::{hipErrorInvalidDevice, hipErrorInvalidValue, hipErrorNotSupported};
use crate::handles::{lock, pointer};
use crate::memory::Pool;
use crate::runtime::{self, runtime};
use crate::status::{Outcome, hip};
use crate::types::{hipMemAccessDesc, hipMemLocation, hipMemPool_t, hipMemPoolProps};

use super::memory::allocate_in_order;
use super::{list, put, take};

/// Settings by HIP's numbers: 1 to 3 are flags, 4 is bytes; then come counts of what is reserved and used.
const SETTINGS: std::ops::RangeInclusive<u32> = 1..=4;
const RELEASE_THRESHOLD: u32 = 4;

fn pool(handle: hipMemPool_t) -> Outcome<Arc<Pool>> {
    runtime().pools.get(handle.addr()).ok_or_else(|| hipErrorInvalidValue.into())
}

hip! {
    /// Makes a pool.
    fn hipMemPoolCreate(pool: *mut hipMemPool_t, properties: *const hipMemPoolProps) {
        let properties = take(properties)?;
        if properties.allocType != 1 || properties.location.r#type != 1 || pool.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let device = runtime::device(properties.location.id)?;
        put(pool, pointer(runtime().pools.insert(Pool { device, ..Pool::default() })))
    }

    /// Ends a pool. Its memory stays until it is freed; a device that used it uses the one that it began with again.
    fn hipMemPoolDestroy(handle: hipMemPool_t) {
        let device = pool(handle)?.device;
        if runtime().default_pool(device) == handle.addr() {
            return Err(hipErrorInvalidValue.into());
        }
        if runtime().pool(device) == handle.addr() {
            runtime().set_pool(device, runtime().default_pool(device));
        }
        runtime().pools.remove(handle.addr()).map(|_| ()).ok_or_else(|| hipErrorInvalidValue.into())
    }

    /// The pool that a device begins with.
    fn hipDeviceGetDefaultMemPool(pool: *mut hipMemPool_t, device: c_int) {
        put(pool, pointer(runtime().default_pool(runtime::device(device)?)))
    }

    /// The pool that a device uses.
    fn hipDeviceGetMemPool(pool: *mut hipMemPool_t, device: c_int) {
        put(pool, pointer(runtime().pool(runtime::device(device)?)))
    }

    /// Makes a pool the one that a device uses.
    fn hipDeviceSetMemPool(device: c_int, handle: hipMemPool_t) {
        let device = runtime::device(device)?;
        if pool(handle)?.device != device {
            return Err(hipErrorInvalidDevice.into());
        }
        runtime().set_pool(device, handle.addr());
        Ok(())
    }

    /// Takes memory of a pool in stream order.
    fn hipMallocFromPoolAsync(block: *mut *mut c_void, bytes: usize, handle: hipMemPool_t, order: hipStream_t) {
        pool(handle)?;
        allocate_in_order(block, bytes, Some(handle.addr()), order)
    }

    /// Gives unused memory back: there is none.
    fn hipMemPoolTrimTo(handle: hipMemPool_t, _bytes: usize) {
        pool(handle).map(|_| ())
    }

    /// Changes a setting.
    fn hipMemPoolSetAttribute(handle: hipMemPool_t, attribute: c_uint, value: *mut c_void) {
        let pool = pool(handle)?;
        match attribute {
            RELEASE_THRESHOLD => {
                let bytes = take(value.cast::<u64>())?;
                lock(&pool.settings).insert(attribute, bytes);
            }
            flag if SETTINGS.contains(&flag) => {
                let flag = take(value.cast::<c_int>())?;
                lock(&pool.settings).insert(attribute, flag as u64);
            }
            // Only the highest counts can be reset, to 0.
            6 | 8 if take(value.cast::<u64>())? == 0 => {
                pool.used_most.store(pool.used.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            _ => return Err(hipErrorInvalidValue.into()),
        }
        Ok(())
    }

    /// A setting or a count.
    fn hipMemPoolGetAttribute(handle: hipMemPool_t, attribute: c_uint, value: *mut c_void) {
        let pool = pool(handle)?;
        let setting = || lock(&pool.settings).get(&attribute).copied();
        match attribute {
            RELEASE_THRESHOLD => put(value.cast(), setting().unwrap_or(0)),
            flag if SETTINGS.contains(&flag) => put(value.cast(), setting().unwrap_or(1) as c_int),
            5 | 7 => put(value.cast(), pool.used.load(Ordering::Relaxed)),
            6 | 8 => put(value.cast(), pool.used_most.load(Ordering::Relaxed)),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Says who may reach a pool's memory: everyone can.
    fn hipMemPoolSetAccess(handle: hipMemPool_t, access: *const hipMemAccessDesc, count: usize) {
        pool(handle)?;
        for access in list(access, count)? {
            runtime::device(access.location.id)?;
            if !matches!(access.flags, 0 | 1 | 3) {
                return Err(hipErrorInvalidValue.into());
            }
        }
        Ok(())
    }

    /// Who may reach a pool's memory: read and write for every device.
    fn hipMemPoolGetAccess(flags: *mut c_uint, handle: hipMemPool_t, location: *mut hipMemLocation) {
        pool(handle)?;
        runtime::device(take(location)?.id)?;
        put(flags, 3)
    }

    /// Shares a pool with another process, which the emulator has no part in.
    fn hipMemPoolExportToShareableHandle(_shared: *mut c_void, handle: hipMemPool_t, _kind: c_uint, _flags: c_uint) {
        pool(handle)?;
        Err(hipErrorNotSupported.into())
    }
}
