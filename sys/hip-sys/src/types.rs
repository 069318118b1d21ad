//! Types and constants of the HIP C API. Statuses and kinds are integers, not Rust enums: a newer
//! runtime may return values that this file does not name.

use std::ffi::{c_int, c_uint, c_void};

/// Status of every call; 0 is success.
pub type hipError_t = c_int;
/// The call succeeded.
pub const hipSuccess: hipError_t = 0;
/// An argument is null or out of range.
pub const hipErrorInvalidValue: hipError_t = 1;
/// Device or host memory is exhausted.
pub const hipErrorOutOfMemory: hipError_t = 2;
/// The runtime is not initialised.
pub const hipErrorNotInitialized: hipError_t = 3;
/// Grid, block or shared memory of a launch is not possible.
pub const hipErrorInvalidConfiguration: hipError_t = 9;
/// There is no usable GPU.
pub const hipErrorNoDevice: hipError_t = 100;
/// The device's number is out of range.
pub const hipErrorInvalidDevice: hipError_t = 101;
/// The code object is malformed.
pub const hipErrorInvalidImage: hipError_t = 200;
/// The code object has no code for this GPU.
pub const hipErrorNoBinaryForGpu: hipError_t = 209;
/// A handle is not one of the runtime's.
pub const hipErrorInvalidHandle: hipError_t = 400;
/// The module has no such kernel.
pub const hipErrorNotFound: hipError_t = 500;
/// Queries only: work is still running. No failure.
pub const hipErrorNotReady: hipError_t = 600;
/// A kernel touched memory that is not mapped.
pub const hipErrorIllegalAddress: hipError_t = 700;
/// A launch needs more registers or shared memory than there are.
pub const hipErrorLaunchOutOfResources: hipError_t = 701;
/// A kernel failed while it ran.
pub const hipErrorLaunchFailure: hipError_t = 719;
/// This runtime does not implement the call.
pub const hipErrorNotSupported: hipError_t = 801;
/// A parameter update would change the shape of an instantiated graph.
pub const hipErrorGraphExecUpdateFailure: hipError_t = 910;
/// Anything else.
pub const hipErrorUnknown: hipError_t = 999;

/// Direction of a copy.
pub type hipMemcpyKind = c_uint;
/// Host to host.
pub const hipMemcpyHostToHost: hipMemcpyKind = 0;
/// Host to device.
pub const hipMemcpyHostToDevice: hipMemcpyKind = 1;
/// Device to host.
pub const hipMemcpyDeviceToHost: hipMemcpyKind = 2;
/// Device to device.
pub const hipMemcpyDeviceToDevice: hipMemcpyKind = 3;
/// The runtime derives the direction from the addresses.
pub const hipMemcpyDefault: hipMemcpyKind = 4;

/// Property of a kernel function, for `hipFuncGetAttribute`.
pub type hipFunction_attribute = c_uint;
/// Largest block that the kernel can be launched with.
pub const HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: hipFunction_attribute = 0;
/// Bytes of static shared memory.
pub const HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: hipFunction_attribute = 1;
/// Bytes of constant memory.
pub const HIP_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: hipFunction_attribute = 2;
/// Bytes of scratch memory a thread.
pub const HIP_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: hipFunction_attribute = 3;
/// Registers a thread.
pub const HIP_FUNC_ATTRIBUTE_NUM_REGS: hipFunction_attribute = 4;
/// Largest dynamic shared memory, in bytes.
pub const HIP_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: hipFunction_attribute = 8;

/// A stream that waits for the null stream.
pub const hipStreamDefault: c_uint = 0;
/// A stream that does not wait for the null stream.
pub const hipStreamNonBlocking: c_uint = 1;
/// An event that keeps the time.
pub const hipEventDefault: c_uint = 0;
/// Waiting for the event blocks the thread instead of spinning.
pub const hipEventBlockingSync: c_uint = 1;
/// An event that only orders.
pub const hipEventDisableTiming: c_uint = 2;
/// Pinned host memory, mapped and coherent.
pub const hipHostMallocDefault: c_uint = 0;
/// Pinned host memory that every device may use.
pub const hipHostMallocPortable: c_uint = 1;
/// Everything in the DOT text of a graph.
pub const hipGraphDebugDotFlagsVerbose: c_uint = 1;
/// Kernel parameters in the DOT text of a graph.
pub const hipGraphDebugDotFlagsKernelNodeParams: c_uint = 1 << 2;
/// Introduces the address of a packed argument buffer in an `extra` list.
pub const HIP_LAUNCH_PARAM_BUFFER_POINTER: *mut c_void = std::ptr::without_provenance_mut(1);
/// Introduces the size of a packed argument buffer in an `extra` list.
pub const HIP_LAUNCH_PARAM_BUFFER_SIZE: *mut c_void = std::ptr::without_provenance_mut(2);
/// Ends an `extra` list.
pub const HIP_LAUNCH_PARAM_END: *mut c_void = std::ptr::without_provenance_mut(3);

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident = $opaque:ident;)*) => {$(
        #[doc(hidden)]
        #[repr(C)]
        #[derive(Debug)]
        pub struct $opaque {
            _private: [u8; 0],
        }
        $(#[$doc])*
        pub type $name = *mut $opaque;
    )*};
}

handles! {
    /// A stream; null is the null stream.
    hipStream_t = ihipStream_t;
    /// An event.
    hipEvent_t = ihipEvent_t;
    /// A loaded code object.
    hipModule_t = ihipModule_t;
    /// A kernel of a loaded code object.
    hipFunction_t = ihipModuleSymbol_t;
    /// A graph under construction.
    hipGraph_t = ihipGraph;
    /// A node of a graph.
    hipGraphNode_t = hipGraphNode;
    /// A graph that can be launched.
    hipGraphExec_t = hipGraphExec;
}

/// Extent of a grid, in blocks, or of a block, in threads.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct dim3 {
    /// Along x.
    pub x: u32,
    /// Along y.
    pub y: u32,
    /// Along z.
    pub z: u32,
}

/// What a kernel node launches. Exactly one of `kernelParams` and `extra` is not null.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipKernelNodeParams {
    /// Threads a block.
    pub blockDim: dim3,
    /// A packed argument buffer, as a list that ends with [`HIP_LAUNCH_PARAM_END`].
    pub extra: *mut *mut c_void,
    /// The kernel: a [`hipFunction_t`] for a loaded module.
    pub func: *mut c_void,
    /// Blocks of the grid.
    pub gridDim: dim3,
    /// One pointer an argument.
    pub kernelParams: *mut *mut c_void,
    /// Dynamic shared memory, in bytes.
    pub sharedMemBytes: c_uint,
}

/// Property of a launch, for `hipGraphKernelNodeSetAttribute`.
pub type hipLaunchAttributeID = c_uint;
/// All blocks of the grid run at the same time, so that they may wait for each other.
pub const hipLaunchAttributeCooperative: hipLaunchAttributeID = 2;

/// Value of a property of a launch. Headers later than 6.4 have it longer, of this size.
#[repr(C)]
#[derive(Clone, Copy)]
pub union hipLaunchAttributeValue {
    /// Of [`hipLaunchAttributeCooperative`]: 1 or 0.
    pub cooperative: c_int,
    /// All of it.
    pub words: [u64; 8],
}

/// What a memset node writes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipMemsetParams {
    /// Where the first row begins.
    pub dst: *mut c_void,
    /// Bytes an element: 1, 2 or 4.
    pub elementSize: c_uint,
    /// Rows.
    pub height: usize,
    /// Bytes from row to row; unused for one row.
    pub pitch: usize,
    /// The element's value.
    pub value: c_uint,
    /// Elements a row.
    pub width: usize,
}

const _: () = {
    assert!(size_of::<hipKernelNodeParams>() == 64);
    assert!(std::mem::offset_of!(hipKernelNodeParams, extra) == 16);
    assert!(std::mem::offset_of!(hipKernelNodeParams, func) == 24);
    assert!(std::mem::offset_of!(hipKernelNodeParams, gridDim) == 32);
    assert!(std::mem::offset_of!(hipKernelNodeParams, kernelParams) == 48);
    assert!(std::mem::offset_of!(hipKernelNodeParams, sharedMemBytes) == 56);
    assert!(size_of::<hipMemsetParams>() == 48);
};
