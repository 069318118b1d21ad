//! Fills: of bytes, halves and words, of rows and boxes; at once or in stream order.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::hipStream_t;

use crate::errors::hipErrorInvalidValue;
use crate::runtime::stream;
use crate::status::{Outcome, hip};
use crate::transfer::{Extent, Fill, Side};
use crate::types::{hipDeviceptr_t, hipExtent, hipPitchedPtr};
use crate::work::Work;

use super::copies::NO_STREAM;
use super::devices::address;

fn submit(fill: Fill, order: hipStream_t) -> Outcome {
    fill.check()?;
    let order = stream(order)?;
    // SAFETY: a fill names no memory of the host and no function.
    unsafe { order.submit(Work::Fill(fill)) }?;
    if order.is_null() { order.finish() } else { Ok(()) }
}

fn elements(to: *mut c_void, value: u32, element_bytes: usize, count: usize, order: hipStream_t) -> Outcome {
    let width = count.checked_mul(element_bytes).ok_or(hipErrorInvalidValue)?;
    submit(Fill { to: Side::linear(address(to)), extent: Extent::linear(width), value, element_bytes }, order)
}

fn rows(to: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize, order: hipStream_t) -> Outcome {
    let to = Side { address: address(to), pitch, plane: 0 };
    submit(Fill { to, extent: Extent { width, height, depth: 1 }, value: value as u32, element_bytes: 1 }, order)
}

fn boxes(to: hipPitchedPtr, value: c_int, extent: hipExtent, order: hipStream_t) -> Outcome {
    let side = Side { address: address(to.ptr), pitch: to.pitch, plane: to.pitch.wrapping_mul(to.ysize) };
    let extent = Extent { width: extent.width, height: extent.height, depth: extent.depth };
    submit(Fill { to: side, extent, value: value as u32, element_bytes: 1 }, order)
}

hip! {
    /// Sets bytes and waits.
    fn hipMemset(to: *mut c_void, value: c_int, bytes: usize) {
        elements(to, value as u32, 1, bytes, NO_STREAM)
    }

    /// Sets bytes in stream order.
    fn hipMemsetAsync(to: *mut c_void, value: c_int, bytes: usize, order: hipStream_t) {
        elements(to, value as u32, 1, bytes, order)
    }

    /// Sets bytes.
    fn hipMemsetD8(to: hipDeviceptr_t, value: u8, count: usize) {
        elements(to, value.into(), 1, count, NO_STREAM)
    }

    /// Sets bytes in stream order.
    fn hipMemsetD8Async(to: hipDeviceptr_t, value: u8, count: usize, order: hipStream_t) {
        elements(to, value.into(), 1, count, order)
    }

    /// Sets halves; `count` is in halves.
    fn hipMemsetD16(to: hipDeviceptr_t, value: u16, count: usize) {
        elements(to, value.into(), 2, count, NO_STREAM)
    }

    /// Sets halves in stream order; `count` is in halves.
    fn hipMemsetD16Async(to: hipDeviceptr_t, value: u16, count: usize, order: hipStream_t) {
        elements(to, value.into(), 2, count, order)
    }

    /// Sets words; `count` is in words.
    fn hipMemsetD32(to: hipDeviceptr_t, value: c_int, count: usize) {
        elements(to, value as c_uint, 4, count, NO_STREAM)
    }

    /// Sets words in stream order; `count` is in words.
    fn hipMemsetD32Async(to: *mut c_void, value: c_int, count: usize, order: hipStream_t) {
        elements(to, value as c_uint, 4, count, order)
    }

    /// Sets the bytes of rows.
    fn hipMemset2D(to: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize) {
        rows(to, pitch, value, width, height, NO_STREAM)
    }

    /// Sets the bytes of rows in stream order.
    fn hipMemset2DAsync(to: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize, order: hipStream_t) {
        rows(to, pitch, value, width, height, order)
    }

    /// Sets the bytes of a box.
    fn hipMemset3D(to: hipPitchedPtr, value: c_int, extent: hipExtent) {
        boxes(to, value, extent, NO_STREAM)
    }

    /// Sets the bytes of a box in stream order.
    fn hipMemset3DAsync(to: hipPitchedPtr, value: c_int, extent: hipExtent, order: hipStream_t) {
        boxes(to, value, extent, order)
    }
}
