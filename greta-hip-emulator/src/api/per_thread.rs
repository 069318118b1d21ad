//! The variants whose default stream is the thread's own: what they are called with goes to the plain function, in that
//! stream where none is named.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::{dim3, hipError_t, hipEvent_t, hipGraph_t, hipGraphExec_t, hipGraphNode_t, hipMemcpyKind, hipStream_t};

use super::{
    hipEventRecord, hipGraphLaunch, hipLaunchCooperativeKernel, hipLaunchHostFunc, hipLaunchKernel, hipMemcpy2DAsync,
    hipMemcpy3DAsync, hipMemcpyAsync, hipMemcpyFromSymbolAsync, hipMemcpyToSymbolAsync, hipMemset2DAsync,
    hipMemset3DAsync, hipMemsetAsync, hipStreamAddCallback, hipStreamBeginCapture, hipStreamEndCapture,
    hipStreamGetCaptureInfo, hipStreamGetCaptureInfo_v2, hipStreamGetFlags, hipStreamGetPriority, hipStreamIsCapturing,
    hipStreamQuery, hipStreamSynchronize, hipStreamWaitEvent,
};
use crate::runtime::THREAD_STREAM;
use crate::types::{hipExtent, hipHostFn_t, hipMemcpy3DParms, hipPitchedPtr, hipStreamCallback_t};

/// The stream of the calling thread.
const THREAD: hipStream_t = std::ptr::without_provenance_mut(THREAD_STREAM);

/// The stream that is named, or the thread's.
fn own(order: hipStream_t) -> hipStream_t {
    if order.is_null() { THREAD } else { order }
}

macro_rules! per_thread {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $plain:ident($($value:expr),*);)*) => {$(
        #[doc = concat!("As `", stringify!($plain), "`, in the thread's own stream where none is named.")]
        ///
        /// # Safety
        ///
        /// Pointers are null or valid for what the C API says is behind them.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> hipError_t {
            // SAFETY: as the caller's contract says.
            unsafe { $plain($($value),*) }
        }

        crate::procedure::list!($name);
    )*};
}

per_thread! {
    fn hipMemcpy_spt(to: *mut c_void, from: *const c_void, count: usize, kind: hipMemcpyKind)
        = hipMemcpyAsync(to, from, count, kind, THREAD);
    fn hipMemcpyAsync_spt(
        to: *mut c_void, from: *const c_void, count: usize, kind: hipMemcpyKind, order: hipStream_t
    ) = hipMemcpyAsync(to, from, count, kind, own(order));
    fn hipMemcpyToSymbol_spt(
        symbol: *const c_void, from: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind
    ) = hipMemcpyToSymbolAsync(symbol, from, count, offset, kind, THREAD);
    fn hipMemcpyToSymbolAsync_spt(
        symbol: *const c_void, from: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind, order: hipStream_t
    ) = hipMemcpyToSymbolAsync(symbol, from, count, offset, kind, own(order));
    fn hipMemcpyFromSymbol_spt(
        to: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind
    ) = hipMemcpyFromSymbolAsync(to, symbol, count, offset, kind, THREAD);
    fn hipMemcpyFromSymbolAsync_spt(
        to: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: hipMemcpyKind, order: hipStream_t
    ) = hipMemcpyFromSymbolAsync(to, symbol, count, offset, kind, own(order));
    fn hipMemcpy2D_spt(
        to: *mut c_void, to_pitch: usize, from: *const c_void, from_pitch: usize, width: usize, height: usize,
        kind: hipMemcpyKind
    ) = hipMemcpy2DAsync(to, to_pitch, from, from_pitch, width, height, kind, THREAD);
    fn hipMemcpy2DAsync_spt(
        to: *mut c_void, to_pitch: usize, from: *const c_void, from_pitch: usize, width: usize, height: usize,
        kind: hipMemcpyKind, order: hipStream_t
    ) = hipMemcpy2DAsync(to, to_pitch, from, from_pitch, width, height, kind, own(order));
    fn hipMemcpy3D_spt(copy: *const hipMemcpy3DParms) = hipMemcpy3DAsync(copy, THREAD);
    fn hipMemcpy3DAsync_spt(copy: *const hipMemcpy3DParms, order: hipStream_t) = hipMemcpy3DAsync(copy, own(order));
    fn hipMemset_spt(to: *mut c_void, value: c_int, bytes: usize) = hipMemsetAsync(to, value, bytes, THREAD);
    fn hipMemsetAsync_spt(to: *mut c_void, value: c_int, bytes: usize, order: hipStream_t)
        = hipMemsetAsync(to, value, bytes, own(order));
    fn hipMemset2D_spt(to: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize)
        = hipMemset2DAsync(to, pitch, value, width, height, THREAD);
    fn hipMemset2DAsync_spt(
        to: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize, order: hipStream_t
    ) = hipMemset2DAsync(to, pitch, value, width, height, own(order));
    fn hipMemset3D_spt(to: hipPitchedPtr, value: c_int, extent: hipExtent) = hipMemset3DAsync(to, value, extent, THREAD);
    fn hipMemset3DAsync_spt(to: hipPitchedPtr, value: c_int, extent: hipExtent, order: hipStream_t)
        = hipMemset3DAsync(to, value, extent, own(order));
    fn hipLaunchKernel_spt(
        function: *const c_void, grid: dim3, block: dim3, params: *mut *mut c_void, dynamic_shared_bytes: usize,
        order: hipStream_t
    ) = hipLaunchKernel(function, grid, block, params, dynamic_shared_bytes, own(order));
    fn hipLaunchCooperativeKernel_spt(
        function: *const c_void, grid: dim3, block: dim3, params: *mut *mut c_void, dynamic_shared_bytes: c_uint,
        order: hipStream_t
    ) = hipLaunchCooperativeKernel(function, grid, block, params, dynamic_shared_bytes, own(order));
    fn hipLaunchHostFunc_spt(order: hipStream_t, function: hipHostFn_t, data: *mut c_void)
        = hipLaunchHostFunc(own(order), function, data);
    fn hipGraphLaunch_spt(exec: hipGraphExec_t, order: hipStream_t) = hipGraphLaunch(exec, own(order));
    fn hipEventRecord_spt(event: hipEvent_t, order: hipStream_t) = hipEventRecord(event, own(order));
    fn hipStreamAddCallback_spt(order: hipStream_t, callback: hipStreamCallback_t, data: *mut c_void, flags: c_uint)
        = hipStreamAddCallback(own(order), callback, data, flags);
    fn hipStreamBeginCapture_spt(order: hipStream_t, mode: c_uint) = hipStreamBeginCapture(own(order), mode);
    fn hipStreamEndCapture_spt(order: hipStream_t, graph: *mut hipGraph_t) = hipStreamEndCapture(own(order), graph);
    fn hipStreamGetCaptureInfo_spt(order: hipStream_t, status: *mut c_uint, number: *mut u64)
        = hipStreamGetCaptureInfo(own(order), status, number);
    fn hipStreamGetCaptureInfo_v2_spt(
        order: hipStream_t, status: *mut c_uint, number: *mut u64, graph: *mut hipGraph_t,
        dependencies: *mut *const hipGraphNode_t, count: *mut usize
    ) = hipStreamGetCaptureInfo_v2(own(order), status, number, graph, dependencies, count);
    fn hipStreamIsCapturing_spt(order: hipStream_t, status: *mut c_uint) = hipStreamIsCapturing(own(order), status);
    fn hipStreamGetFlags_spt(order: hipStream_t, flags: *mut c_uint) = hipStreamGetFlags(own(order), flags);
    fn hipStreamGetPriority_spt(order: hipStream_t, priority: *mut c_int) = hipStreamGetPriority(own(order), priority);
    fn hipStreamQuery_spt(order: hipStream_t) = hipStreamQuery(own(order));
    fn hipStreamSynchronize_spt(order: hipStream_t) = hipStreamSynchronize(own(order));
    fn hipStreamWaitEvent_spt(order: hipStream_t, event: hipEvent_t, flags: c_uint)
        = hipStreamWaitEvent(own(order), event, flags);
}
