//! Copies: of bytes, of rows, of boxes; at once or in stream order.

use std::ffi::{c_int, c_void};

use hip_sys::{
    hipMemcpyDefault, hipMemcpyDeviceToDevice, hipMemcpyDeviceToHost, hipMemcpyHostToDevice, hipMemcpyKind, hipStream_t,
};

use crate::errors::{
    hipErrorInvalidMemcpyDirection, hipErrorInvalidPitchValue, hipErrorInvalidValue, hipErrorNotSupported,
};
use crate::runtime::{self, stream};
use crate::status::{Outcome, hip};
use crate::transfer::{Copy, Extent, Side};
use crate::types::{hip_Memcpy2D, hipDeviceptr_t, hipMemcpy3DParms};
use crate::work::Work;

use super::devices::address;
use super::take;

/// The stream of calls that name none.
pub(super) const NO_STREAM: hipStream_t = std::ptr::null_mut();

/// # Safety
///
/// What the copy names is there until it is done.
unsafe fn submit(copy: Copy, order: hipStream_t) -> Outcome {
    copy.check()?;
    let order = stream(order)?;
    // SAFETY: as the caller's contract says.
    unsafe { order.submit(Work::Copy(copy)) }?;
    // Copies without a stream wait, and so do those of memory of the host that is not pinned.
    let is_awaited = order.place().is_none() && (order.is_null() || copy.names_pageable());
    if is_awaited { order.finish() } else { Ok(()) }
}

/// # Safety
///
/// As for [`submit`].
unsafe fn bytes(
    to: *mut c_void,
    from: *const c_void,
    bytes: usize,
    kind: hipMemcpyKind,
    order: hipStream_t,
) -> Outcome {
    // SAFETY: as the caller's contract says.
    unsafe { submit(Copy::linear(address(to), address(from), bytes, kind), order) }
}

/// Rows, which neither pitch may cut.
pub(super) fn rows(
    (to, to_pitch): (*mut c_void, usize),
    (from, from_pitch): (*const c_void, usize),
    width: usize,
    height: usize,
    kind: hipMemcpyKind,
) -> Outcome<Copy> {
    if width > 0 && height > 0 && width > to_pitch.min(from_pitch) && kind <= hipMemcpyDefault {
        return Err(hipErrorInvalidPitchValue.into());
    }
    Ok(Copy {
        to: Side { address: address(to), pitch: to_pitch, plane: 0 },
        from: Side { address: address(from), pitch: from_pitch, plane: 0 },
        extent: Extent { width, height, depth: 1 },
        kind,
    })
}

/// The copy that a driver call describes.
fn driver_rows(copy: &hip_Memcpy2D) -> Outcome<Copy> {
    const HOST: u32 = 1;
    const ARRAY: u32 = 10;
    if copy.srcMemoryType == ARRAY || copy.dstMemoryType == ARRAY {
        return Err(hipErrorNotSupported.into());
    }
    let from = if copy.srcMemoryType == HOST { copy.srcHost } else { copy.srcDevice.cast_const() };
    let to = if copy.dstMemoryType == HOST { copy.dstHost } else { copy.dstDevice };
    let inside =
        |start: usize, x: usize, y: usize, pitch: usize| start.wrapping_add(x).wrapping_add(y.wrapping_mul(pitch));
    Ok(Copy {
        to: Side {
            address: inside(address(to), copy.dstXInBytes, copy.dstY, copy.dstPitch),
            pitch: copy.dstPitch,
            plane: 0,
        },
        from: Side {
            address: inside(address(from), copy.srcXInBytes, copy.srcY, copy.srcPitch),
            pitch: copy.srcPitch,
            plane: 0,
        },
        extent: Extent { width: copy.WidthInBytes, height: copy.Height, depth: 1 },
        kind: hipMemcpyDefault,
    })
}

/// The copy of a box.
pub(super) fn boxes(copy: &hipMemcpy3DParms) -> Outcome<Copy> {
    if !copy.srcArray.is_null() || !copy.dstArray.is_null() {
        return Err(hipErrorNotSupported.into());
    }
    for (place, position) in [(&copy.srcPtr, &copy.srcPos), (&copy.dstPtr, &copy.dstPos)] {
        if place.pitch < place.xsize {
            return Err(hipErrorInvalidPitchValue.into());
        }
        if place.ptr.is_null() || position.x.saturating_add(copy.extent.width) > place.pitch {
            return Err(hipErrorInvalidValue.into());
        }
    }
    let side = |place: &crate::types::hipPitchedPtr, position: &crate::types::hipPos| {
        let plane = place.pitch.wrapping_mul(place.ysize);
        let inside = position.x.wrapping_add(position.y.wrapping_mul(place.pitch));
        let start = address(place.ptr).wrapping_add(inside).wrapping_add(position.z.wrapping_mul(plane));
        Side { address: start, pitch: place.pitch, plane }
    };
    let extent = Extent { width: copy.extent.width, height: copy.extent.height, depth: copy.extent.depth };
    Ok(Copy { to: side(&copy.dstPtr, &copy.dstPos), from: side(&copy.srcPtr, &copy.srcPos), extent, kind: copy.kind })
}

hip! {
    /// Copies bytes and waits.
    fn hipMemcpy(to: *mut c_void, from: *const c_void, count: usize, kind: hipMemcpyKind) {
        bytes(to, from, count, kind, NO_STREAM)
    }

    /// Copies bytes in stream order.
    fn hipMemcpyAsync(to: *mut c_void, from: *const c_void, count: usize, kind: hipMemcpyKind, order: hipStream_t) {
        bytes(to, from, count, kind, order)
    }

    /// Copies bytes in stream order and waits.
    fn hipMemcpyWithStream(to: *mut c_void, from: *const c_void, count: usize, kind: hipMemcpyKind, order: hipStream_t) {
        bytes(to, from, count, kind, order)?;
        let order = stream(order)?;
        if order.place().is_some() { Ok(()) } else { order.finish() }
    }

    /// Copies bytes to the device.
    fn hipMemcpyHtoD(to: hipDeviceptr_t, from: *const c_void, count: usize) {
        bytes(to, from, count, hipMemcpyHostToDevice, NO_STREAM)
    }

    /// Copies bytes to the host.
    fn hipMemcpyDtoH(to: *mut c_void, from: hipDeviceptr_t, count: usize) {
        bytes(to, from, count, hipMemcpyDeviceToHost, NO_STREAM)
    }

    /// Copies bytes within the device.
    fn hipMemcpyDtoD(to: hipDeviceptr_t, from: hipDeviceptr_t, count: usize) {
        bytes(to, from, count, hipMemcpyDeviceToDevice, NO_STREAM)
    }

    /// Copies bytes to the device, in stream order.
    fn hipMemcpyHtoDAsync(to: hipDeviceptr_t, from: *const c_void, count: usize, order: hipStream_t) {
        bytes(to, from, count, hipMemcpyHostToDevice, order)
    }

    /// Copies bytes to the host, in stream order.
    fn hipMemcpyDtoHAsync(to: *mut c_void, from: hipDeviceptr_t, count: usize, order: hipStream_t) {
        bytes(to, from, count, hipMemcpyDeviceToHost, order)
    }

    /// Copies bytes within the device, in stream order.
    fn hipMemcpyDtoDAsync(to: hipDeviceptr_t, from: hipDeviceptr_t, count: usize, order: hipStream_t) {
        bytes(to, from, count, hipMemcpyDeviceToDevice, order)
    }

    /// Copies bytes between devices.
    fn hipMemcpyPeer(to: *mut c_void, to_device: c_int, from: *const c_void, from_device: c_int, count: usize) {
        runtime::device(to_device)?;
        runtime::device(from_device)?;
        bytes(to, from, count, hipMemcpyDeviceToDevice, NO_STREAM)
    }

    /// Copies bytes between devices, in stream order.
    fn hipMemcpyPeerAsync(to: *mut c_void, to_device: c_int, from: *const c_void, from_device: c_int, count: usize, order: hipStream_t) {
        runtime::device(to_device)?;
        runtime::device(from_device)?;
        bytes(to, from, count, hipMemcpyDeviceToDevice, order)
    }

    /// Copies rows and waits.
    fn hipMemcpy2D(to: *mut c_void, to_pitch: usize, from: *const c_void, from_pitch: usize, width: usize, height: usize, kind: hipMemcpyKind) {
        submit(rows((to, to_pitch), (from, from_pitch), width, height, kind)?, NO_STREAM)
    }

    /// Copies rows in stream order.
    fn hipMemcpy2DAsync(to: *mut c_void, to_pitch: usize, from: *const c_void, from_pitch: usize, width: usize, height: usize, kind: hipMemcpyKind, order: hipStream_t) {
        submit(rows((to, to_pitch), (from, from_pitch), width, height, kind)?, order)
    }

    /// Copies rows as described.
    fn hipMemcpyParam2D(copy: *const hip_Memcpy2D) {
        submit(driver_rows(&take(copy)?)?, NO_STREAM)
    }

    /// Copies rows as described, in stream order.
    fn hipMemcpyParam2DAsync(copy: *const hip_Memcpy2D, order: hipStream_t) {
        submit(driver_rows(&take(copy)?)?, order)
    }

    /// Copies rows as described.
    fn hipDrvMemcpy2DUnaligned(copy: *const hip_Memcpy2D) {
        submit(driver_rows(&take(copy)?)?, NO_STREAM)
    }

    /// Copies a box and waits.
    fn hipMemcpy3D(copy: *const hipMemcpy3DParms) {
        submit(boxes(&take(copy)?)?, NO_STREAM)
    }

    /// Copies a box in stream order.
    fn hipMemcpy3DAsync(copy: *const hipMemcpy3DParms, order: hipStream_t) {
        submit(boxes(&take(copy)?)?, order)
    }

    /// Copies into a variable of a program of hipcc.
    fn hipMemcpyToSymbol(symbol: *const c_void, from: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind) {
        check_direction(kind, TO_VARIABLES)?;
        bytes(variable(symbol, count, offset)?, from, count, kind, NO_STREAM)
    }

    /// Copies into a variable of a program of hipcc, in stream order.
    fn hipMemcpyToSymbolAsync(symbol: *const c_void, from: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind, order: hipStream_t) {
        check_direction(kind, TO_VARIABLES)?;
        bytes(variable(symbol, count, offset)?, from, count, kind, order)
    }

    /// Copies out of a variable of a program of hipcc.
    fn hipMemcpyFromSymbol(to: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind) {
        check_direction(kind, FROM_VARIABLES)?;
        bytes(to, variable(symbol, count, offset)?, count, kind, NO_STREAM)
    }

    /// Copies out of a variable of a program of hipcc, in stream order.
    fn hipMemcpyFromSymbolAsync(to: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind, order: hipStream_t) {
        check_direction(kind, FROM_VARIABLES)?;
        bytes(to, variable(symbol, count, offset)?, count, kind, order)
    }
}

/// Refuses directions other than the two.
fn check_direction(kind: hipMemcpyKind, allowed: [hipMemcpyKind; 2]) -> Outcome {
    if allowed.contains(&kind) { Ok(()) } else { Err(hipErrorInvalidMemcpyDirection.into()) }
}

const TO_VARIABLES: [hipMemcpyKind; 2] = [hipMemcpyHostToDevice, hipMemcpyDeviceToDevice];
const FROM_VARIABLES: [hipMemcpyKind; 2] = [hipMemcpyDeviceToHost, hipMemcpyDeviceToDevice];

/// A place in a variable.
pub(super) fn variable(symbol: *const c_void, count: usize, offset: usize) -> Outcome<*mut c_void> {
    let (start, bytes) = super::registration::variable(symbol)?;
    match offset.checked_add(count) {
        Some(end) if end <= bytes => Ok(crate::handles::pointer(start + offset)),
        _ => Err(hipErrorInvalidValue.into()),
    }
}
