//! Allocation of device, pinned and managed memory, and what a pointer is.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::hipStream_t;

use crate::capture;
use crate::device::MEMORY_BYTES;
use crate::errors::{hipErrorInvalidValue, hipErrorNotFound, hipErrorNotSupported, hipErrorOutOfMemory};
use crate::graph::GraphBlock;
use crate::handles::pointer;
use crate::memory::Kind;
use crate::runtime::{current_device, finish_all, runtime, stream};
use crate::status::{Outcome, hip};
use crate::types::{hipDeviceptr_t, hipExtent, hipPitchedPtr, hipPointerAttribute_t};
use crate::work::Work;

use super::devices::address;
use super::{list, put};

/// Rows of pitched memory begin at multiples of this.
const PITCH_BYTES: usize = 256;
/// What pinned memory may be asked for with.
const HOST_FLAGS: c_uint = 0xe000_000f | 0x1f;

/// A fresh block of the thread's device; null for none.
pub(super) fn allocate(bytes: usize) -> Outcome<*mut c_void> {
    if bytes == 0 {
        return Ok(std::ptr::null_mut());
    }
    Ok(pointer(runtime().blocks.allocate(current_device(), bytes, 0)? as usize))
}

fn allocate_host(bytes: usize, kind: Kind, flags: c_uint) -> Outcome<*mut c_void> {
    if bytes == 0 {
        return Ok(std::ptr::null_mut());
    }
    let address = runtime().blocks.allocate_host(current_device(), bytes, kind, flags)?;
    Ok(std::ptr::with_exposed_provenance_mut(address as usize))
}

/// A fresh block in stream order, of the pool or else of the one that the stream's device uses; in a capture that of a
/// node, which counts for the graphs of the stream's device.
///
/// # Safety
///
/// `place` is null or valid for a write.
pub(super) unsafe fn allocate_in_order(
    place: *mut *mut c_void,
    bytes: usize,
    opt_pool: Option<usize>,
    handle: hipStream_t,
) -> Outcome {
    let order = stream(handle)?;
    if place.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    if bytes == 0 {
        // SAFETY: as the caller's contract says.
        return unsafe { put(place, std::ptr::null_mut()) };
    }
    if order.place().is_none() {
        let pool = opt_pool.unwrap_or_else(|| runtime().pool(order.device));
        let device = runtime().pools.get(pool).ok_or(hipErrorInvalidValue)?.device;
        let address = runtime().blocks.allocate(device, bytes, pool)?;
        // SAFETY: as the caller's contract says.
        return unsafe { put(place, pointer(address as usize)) };
    }
    let block = GraphBlock::take(order.device, bytes)?;
    let start = block.address as usize;
    // SAFETY: the work names no memory of the host; the rest as the caller's contract says.
    unsafe {
        order.submit(Work::Allocate(block))?;
        put(place, pointer(start))
    }
}

/// Pinned memory, as four calls take it.
///
/// # Safety
///
/// `place` is null or valid for a write.
unsafe fn allocate_pinned(place: *mut *mut c_void, bytes: usize, flags: c_uint) -> Outcome {
    capture::forbid_unsafe_call()?;
    if place.is_null() || flags & !HOST_FLAGS != 0 {
        return Err(hipErrorInvalidValue.into());
    }
    // SAFETY: as the caller's contract says.
    unsafe { put(place, allocate_host(bytes, Kind::Host, flags)?) }
}

fn free_pinned(block: *mut c_void) -> Outcome {
    capture::forbid_unsafe_call()?;
    free(block, &[Kind::Host])
}

/// Frees a block; null is none.
pub(super) fn free(block: *mut c_void, kinds: &[Kind]) -> Outcome {
    if block.is_null() {
        return Ok(());
    }
    finish_all();
    runtime().blocks.free(address(block) as u64, kinds)
}

fn pitch(width: usize) -> Outcome<usize> {
    width.checked_next_multiple_of(PITCH_BYTES).ok_or_else(|| hipErrorOutOfMemory.into())
}

/// Takes rows of `width` bytes and gives the memory and the bytes from row to row.
fn allocate_rows(width: usize, rows: usize) -> Outcome<(*mut c_void, usize)> {
    let pitch = pitch(width)?;
    let bytes = pitch.checked_mul(rows).ok_or(hipErrorOutOfMemory)?;
    Ok((allocate(bytes)?, pitch))
}

hip! {
    /// Takes device memory.
    fn hipMalloc(block: *mut *mut c_void, bytes: usize) {
        capture::forbid_unsafe_call()?;
        if block.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        put(block, allocate(bytes)?)
    }

    /// Takes device memory; all of it is coherent, whatever the flags. A signal, flag 2, has 8 bytes.
    fn hipExtMallocWithFlags(block: *mut *mut c_void, bytes: usize, flags: c_uint) {
        const SIGNAL: c_uint = 2;
        const LAST_FLAG: c_uint = 4;
        if block.is_null() || flags > LAST_FLAG || flags == SIGNAL && bytes != 8 {
            return Err(hipErrorInvalidValue.into());
        }
        put(block, allocate(bytes)?)
    }

    /// Takes device memory in stream order; in a capture a node takes it.
    fn hipMallocAsync(block: *mut *mut c_void, bytes: usize, handle: hipStream_t) {
        allocate_in_order(block, bytes, None, handle)
    }

    /// Gives device memory back.
    fn hipFree(block: *mut c_void) {
        capture::forbid_unsafe_call()?;
        free(block, &[Kind::Device, Kind::Managed])
    }

    /// Gives device memory back in stream order.
    fn hipFreeAsync(block: *mut c_void, handle: hipStream_t) {
        if block.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let order = stream(handle)?;
        match order.place() {
            Some(_) => order.submit(Work::Release(address(block) as u64)),
            None => free(block, &[Kind::Device]),
        }
    }

    /// Takes rows of device memory, and says how far apart they are.
    fn hipMallocPitch(block: *mut *mut c_void, pitch: *mut usize, width: usize, rows: usize) {
        capture::forbid_unsafe_call()?;
        if block.is_null() || pitch.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let (memory, bytes) = allocate_rows(width, rows)?;
        put(block, memory)?;
        put(pitch, bytes)
    }

    /// As `hipMallocPitch`, for elements of 4, 8 or 16 bytes.
    fn hipMemAllocPitch(block: *mut hipDeviceptr_t, pitch: *mut usize, width: usize, rows: usize, element_bytes: c_uint) {
        capture::forbid_unsafe_call()?;
        if block.is_null() || pitch.is_null() || width == 0 || rows == 0 || !matches!(element_bytes, 4 | 8 | 16) {
            return Err(hipErrorInvalidValue.into());
        }
        let (memory, bytes) = allocate_rows(width, rows)?;
        put(block, memory)?;
        put(pitch, bytes)
    }

    /// Takes a box of device memory.
    fn hipMalloc3D(block: *mut hipPitchedPtr, extent: hipExtent) {
        capture::forbid_unsafe_call()?;
        if block.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let rows = extent.height.checked_mul(extent.depth).ok_or(hipErrorOutOfMemory)?;
        let (ptr, pitch) = allocate_rows(extent.width, rows)?;
        put(block, hipPitchedPtr { ptr, pitch, xsize: extent.width, ysize: extent.height })
    }

    /// Takes memory of the host that devices reach at the same address.
    fn hipHostMalloc(block: *mut *mut c_void, bytes: usize, flags: c_uint) {
        allocate_pinned(block, bytes, flags)
    }

    /// As `hipHostMalloc`.
    fn hipHostAlloc(block: *mut *mut c_void, bytes: usize, flags: c_uint) {
        allocate_pinned(block, bytes, flags)
    }

    /// As `hipHostMalloc` without flags.
    fn hipMallocHost(block: *mut *mut c_void, bytes: usize) {
        allocate_pinned(block, bytes, 0)
    }

    /// As `hipHostMalloc` without flags.
    fn hipMemAllocHost(block: *mut *mut c_void, bytes: usize) {
        allocate_pinned(block, bytes, 0)
    }

    /// Gives pinned memory back.
    fn hipHostFree(block: *mut c_void) {
        free_pinned(block)
    }

    /// Gives pinned memory back.
    fn hipFreeHost(block: *mut c_void) {
        free_pinned(block)
    }

    /// Lets devices reach memory of the program's own, at the same address.
    fn hipHostRegister(data: *mut c_void, bytes: usize, flags: c_uint) {
        const LAST_FLAG: c_uint = 15;
        capture::forbid_unsafe_call()?;
        if flags > LAST_FLAG {
            return Err(hipErrorInvalidValue.into());
        }
        address(data);
        runtime().blocks.register(current_device(), data.cast(), bytes, flags)
    }

    /// Ends what `hipHostRegister` began.
    fn hipHostUnregister(data: *mut c_void) {
        capture::forbid_unsafe_call()?;
        if data.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        finish_all();
        runtime().blocks.unregister(address(data) as u64)
    }

    /// Where devices find pinned memory: where the host does.
    fn hipHostGetDevicePointer(found: *mut *mut c_void, host: *mut c_void, flags: c_uint) {
        let block = runtime().blocks.holding(address(host) as u64).filter(|block| block.kind != Kind::Device);
        if flags != 0 || block.is_none() {
            return Err(hipErrorInvalidValue.into());
        }
        put(found, host)
    }

    /// What pinned memory was asked for with.
    fn hipHostGetFlags(flags: *mut c_uint, host: *mut c_void) {
        let block = runtime().blocks.holding(address(host) as u64);
        put(flags, block.filter(|block| block.kind == Kind::Host).ok_or(hipErrorInvalidValue)?.flags)
    }

    /// Takes memory that host and devices reach at the same address; flags are 1 for all devices, 2 for the host's.
    fn hipMallocManaged(block: *mut *mut c_void, bytes: usize, flags: c_uint) {
        capture::forbid_unsafe_call()?;
        if block.is_null() || bytes == 0 || !matches!(flags, 1 | 2) {
            return Err(hipErrorInvalidValue.into());
        }
        // A thread that relaxed its own mode is no exception here.
        capture::forbid_beside_strict()?;
        put(block, allocate_host(bytes, Kind::Managed, flags)?)
    }

    /// Moves managed memory ahead of its use: of no effect.
    fn hipMemPrefetchAsync(data: *const c_void, bytes: usize, _device: c_int, handle: hipStream_t) {
        stream(handle)?;
        let block = runtime().blocks.holding(address(data) as u64).filter(|block| block.kind == Kind::Managed);
        if bytes == 0 || block.is_none() { Err(hipErrorInvalidValue.into()) } else { Ok(()) }
    }

    /// Says how managed memory will be used: of no effect.
    fn hipMemAdvise(data: *const c_void, bytes: usize, _advice: c_uint, _device: c_int) {
        let block = runtime().blocks.holding(address(data) as u64).filter(|block| block.kind == Kind::Managed);
        if bytes == 0 || block.is_none() { Err(hipErrorInvalidValue.into()) } else { Ok(()) }
    }

    /// Free and total memory of the thread's device, in bytes; either place may be null.
    fn hipMemGetInfo(free: *mut usize, total: *mut usize) {
        if !free.is_null() {
            put(free, MEMORY_BYTES.saturating_sub(runtime().blocks.used(current_device())) as usize)?;
        }
        if total.is_null() { Ok(()) } else { put(total, MEMORY_BYTES as usize) }
    }

    /// Size of the block that starts at a pointer.
    fn hipMemPtrGetInfo(data: *mut c_void, bytes: *mut usize) {
        let block = runtime().blocks.at(address(data) as u64).ok_or(hipErrorInvalidValue)?;
        put(bytes, block.bytes as usize)
    }

    /// Start and size of the block that holds a pointer; either may be null.
    fn hipMemGetAddressRange(base: *mut hipDeviceptr_t, bytes: *mut usize, data: hipDeviceptr_t) {
        let block = runtime().blocks.holding(address(data) as u64).ok_or(hipErrorNotFound)?;
        if !base.is_null() {
            put(base, pointer(block.address as usize))?;
        }
        if bytes.is_null() { Ok(()) } else { put(bytes, block.bytes as usize) }
    }

    /// What a pointer is.
    fn hipPointerGetAttributes(attributes: *mut hipPointerAttribute_t, data: *const c_void) {
        if data.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        put(attributes, describe(data))
    }

    /// Several attributes of a pointer, each into its place. What a pointer has not is left as it is.
    fn hipDrvPointerGetAttributes(
        count: c_uint,
        attributes: *mut c_uint,
        values: *mut *mut c_void,
        data: hipDeviceptr_t,
    ) {
        if data.is_null() || count == 0 {
            return Err(hipErrorInvalidValue.into());
        }
        let attributes = list(attributes.cast_const(), count as usize)?;
        let values = list(values.cast_const(), count as usize)?;
        for (&attribute, &value) in attributes.iter().zip(values) {
            // HIP says nothing of those that fail.
            let _ = put_attribute(value, attribute, data);
        }
        Ok(())
    }

    /// Changes an attribute of a pointer: that copies of it are done when their calls return, as all are.
    fn hipPointerSetAttribute(_value: *const c_void, attribute: c_uint, data: hipDeviceptr_t) {
        const SYNC_COPIES: c_uint = 6;
        let is_known = runtime().blocks.holding(address(data) as u64).is_some();
        if attribute == SYNC_COPIES && is_known { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }

    /// One attribute of a pointer.
    fn hipPointerGetAttribute(value: *mut c_void, attribute: c_uint, data: hipDeviceptr_t) {
        put_attribute(value, attribute, data)
    }
}

/// # Safety
///
/// `value` is null or has room for the attribute.
unsafe fn put_attribute(value: *mut c_void, attribute: c_uint, data: hipDeviceptr_t) -> Outcome {
    // SAFETY: as the caller's contract says.
    unsafe {
        let block = runtime().blocks.holding(address(data) as u64).ok_or(hipErrorInvalidValue)?;
        let all = describe(data);
        match attribute {
            2 => put(value.cast(), all.r#type),
            3 => put(value.cast(), data),
            4 if block.kind != Kind::Device => put(value.cast(), data),
            8 => put(value.cast(), all.isManaged as c_uint),
            9 => put(value.cast(), all.device),
            11 => put(value.cast(), pointer::<c_void>(block.address as usize)),
            12 => put(value.cast(), block.bytes as usize),
            13 => put(value.cast(), 1 as c_uint),
            _ => Err(hipErrorNotSupported.into()),
        }
    }
}

fn describe(data: *const c_void) -> hipPointerAttribute_t {
    let block = runtime().blocks.holding(address(data) as u64);
    let data = data.cast_mut();
    let host = |pointer: *mut c_void, is_host: bool| if is_host { pointer } else { std::ptr::null_mut() };
    match block {
        Some(block) => hipPointerAttribute_t {
            r#type: match block.kind {
                Kind::Device => 2,
                Kind::Host | Kind::Registered => 1,
                Kind::Managed => 3,
            },
            device: block.device as c_int,
            devicePointer: data,
            hostPointer: host(data, block.kind != Kind::Device),
            isManaged: c_int::from(block.kind == Kind::Managed),
            allocationFlags: block.flags,
        },
        None => hipPointerAttribute_t {
            r#type: 0,
            device: -2,
            devicePointer: std::ptr::null_mut(),
            hostPointer: std::ptr::null_mut(),
            isManaged: 0,
            allocationFlags: 0,
        },
    }
}
