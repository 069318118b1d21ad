//! Types of the HIP C API that only this crate uses, with the layouts of the ROCm 6.4 headers.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::{hipError_t, hipKernelNodeParams, hipMemcpyKind, hipMemsetParams, hipStream_t};

/// A device's number.
pub type hipDevice_t = c_int;
/// A device address.
pub type hipDeviceptr_t = *mut c_void;
/// A function of the program that runs in stream order.
pub type hipHostFn_t = Option<unsafe extern "C" fn(data: *mut c_void)>;
/// A function of the program that is told how the stream fared.
pub type hipStreamCallback_t = Option<unsafe extern "C" fn(stream: hipStream_t, status: hipError_t, data: *mut c_void)>;

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
    /// An object of the program's that ends with what refers to it.
    hipUserObject_t = hipUserObject;
    /// A memory pool.
    hipMemPool_t = ihipMemPoolHandle_t;
    /// A context: a device, by the name of an older interface.
    hipCtx_t = ihipCtx_t;
}

/// What a pointer is.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipPointerAttribute_t {
    /// 0 unregistered, 1 host, 2 device, 3 managed.
    pub r#type: c_uint,
    /// The device that it belongs to.
    pub device: c_int,
    /// Where devices find it.
    pub devicePointer: *mut c_void,
    /// Where the host finds it.
    pub hostPointer: *mut c_void,
    /// Whether it is managed memory.
    pub isManaged: c_int,
    /// What the program asked for.
    pub allocationFlags: c_uint,
}

/// Which memory a kernel accesses often.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipAccessPolicyWindow {
    /// Where it begins.
    pub base_ptr: *mut c_void,
    /// How it is kept in the cache: 0 as other memory, 1 not for long, 2 for long.
    pub hitProp: c_uint,
    /// The share of it that `hitProp` is for.
    pub hitRatio: f32,
    /// How the rest is kept: 0 or 1.
    pub missProp: c_uint,
    /// Its bytes.
    pub num_bytes: usize,
}

impl Default for hipAccessPolicyWindow {
    fn default() -> Self {
        Self { base_ptr: std::ptr::null_mut(), hitProp: 0, hitRatio: 0.0, missProp: 0, num_bytes: 0 }
    }
}

// SAFETY: the pointer is the program's, and nothing looks behind it.
unsafe impl Send for hipAccessPolicyWindow {}
// SAFETY: as above.
unsafe impl Sync for hipAccessPolicyWindow {}

/// What a kernel needs.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct hipFuncAttributes {
    /// Architecture, ten times the major number plus the minor.
    pub binaryVersion: c_int,
    /// Unused.
    pub cacheModeCA: c_int,
    /// Constant memory, in bytes.
    pub constSizeBytes: usize,
    /// Scratch a thread, in bytes.
    pub localSizeBytes: usize,
    /// Most dynamic shared memory, in bytes.
    pub maxDynamicSharedSizeBytes: c_int,
    /// Most threads of a block.
    pub maxThreadsPerBlock: c_int,
    /// Vector registers a thread.
    pub numRegs: c_int,
    /// Unused.
    pub preferredShmemCarveout: c_int,
    /// Architecture, as `binaryVersion`.
    pub ptxVersion: c_int,
    /// Static shared memory, in bytes.
    pub sharedSizeBytes: usize,
}

/// Numbers of bytes, rows and planes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct hipExtent {
    /// Bytes of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Planes.
    pub depth: usize,
}

/// A place in a box of bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct hipPos {
    /// Bytes into a row.
    pub x: usize,
    /// Rows into a plane.
    pub y: usize,
    /// Planes.
    pub z: usize,
}

/// A box of bytes in memory.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipPitchedPtr {
    /// Its first byte.
    pub ptr: *mut c_void,
    /// Bytes from row to row.
    pub pitch: usize,
    /// Bytes of a row.
    pub xsize: usize,
    /// Rows of a plane.
    pub ysize: usize,
}

/// A copy of a box of bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipMemcpy3DParms {
    /// Null: arrays are not supported.
    pub srcArray: *mut c_void,
    /// Where in the source.
    pub srcPos: hipPos,
    /// The source.
    pub srcPtr: hipPitchedPtr,
    /// Null: arrays are not supported.
    pub dstArray: *mut c_void,
    /// Where in the destination.
    pub dstPos: hipPos,
    /// The destination.
    pub dstPtr: hipPitchedPtr,
    /// How much.
    pub extent: hipExtent,
    /// Between what.
    pub kind: hipMemcpyKind,
}

/// A copy of rows, as the driver interface has it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hip_Memcpy2D {
    /// Bytes into a row of the source.
    pub srcXInBytes: usize,
    /// Rows into the source.
    pub srcY: usize,
    /// 1 host, 2 device, 10 array, 11 either.
    pub srcMemoryType: c_uint,
    /// The source, if it is the host's.
    pub srcHost: *const c_void,
    /// The source, if it is the device's.
    pub srcDevice: hipDeviceptr_t,
    /// Null: arrays are not supported.
    pub srcArray: *mut c_void,
    /// Bytes from row to row of the source.
    pub srcPitch: usize,
    /// Bytes into a row of the destination.
    pub dstXInBytes: usize,
    /// Rows into the destination.
    pub dstY: usize,
    /// 1 host, 2 device, 10 array, 11 either.
    pub dstMemoryType: c_uint,
    /// The destination, if it is the host's.
    pub dstHost: *mut c_void,
    /// The destination, if it is the device's.
    pub dstDevice: hipDeviceptr_t,
    /// Null: arrays are not supported.
    pub dstArray: *mut c_void,
    /// Bytes from row to row of the destination.
    pub dstPitch: usize,
    /// Bytes of a row.
    pub WidthInBytes: usize,
    /// Rows.
    pub Height: usize,
}

/// What a host node calls.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipHostNodeParams {
    /// The function.
    pub r#fn: hipHostFn_t,
    /// Its argument.
    pub userData: *mut c_void,
}

/// How a graph is instantiated, and how that went.
#[repr(C)]
#[derive(Debug)]
pub struct hipGraphInstantiateParams {
    /// The node at fault.
    pub errNode_out: hip_sys::hipGraphNode_t,
    /// Flags.
    pub flags: u64,
    /// 0 for success, 1 for an error that the call returns.
    pub result_out: c_uint,
    /// Where to upload.
    pub uploadStream: hipStream_t,
}

/// Where memory is.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipMemLocation {
    /// 1 for a device.
    pub r#type: c_uint,
    /// The device's number.
    pub id: c_int,
}

/// What a pool is made of.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipMemPoolProps {
    /// 1 for pinned memory, the only kind.
    pub allocType: c_uint,
    /// How it is shared between processes: 0.
    pub handleTypes: c_uint,
    /// Where it is.
    pub location: hipMemLocation,
    /// Unused.
    pub win32SecurityAttributes: *mut c_void,
    /// Most bytes; 0 for no limit.
    pub maxSize: usize,
    /// Zeros.
    pub reserved: [u8; 56],
}

/// Who may reach a pool's memory.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hipMemAccessDesc {
    /// The device.
    pub location: hipMemLocation,
    /// 0 nothing, 1 read, 3 read and write.
    pub flags: c_uint,
}

/// A node that takes memory.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct hipMemAllocNodeParams {
    /// Whose memory.
    pub poolProps: hipMemPoolProps,
    /// Who else reaches it: every device does.
    pub accessDescs: *const hipMemAccessDesc,
    /// How many of those.
    pub accessDescCount: usize,
    /// Bytes.
    pub bytesize: usize,
    /// The address that was given out.
    pub dptr: *mut c_void,
}

/// Registered by programs of hipcc: where a kernel's parts of the grid are given. Never filled.
pub type GridPlace = *mut c_void;

const _: () = {
    assert!(size_of::<hipAccessPolicyWindow>() == 32);
    assert!(size_of::<hipPointerAttribute_t>() == 32);
    assert!(size_of::<hipFuncAttributes>() == 56);
    assert!(size_of::<hipMemcpy3DParms>() == 160);
    assert!(size_of::<hip_Memcpy2D>() == 128);
    assert!(size_of::<hipMemPoolProps>() == 88);
    assert!(size_of::<hipMemAccessDesc>() == 12 && size_of::<hipMemAllocNodeParams>() == 120);
    assert!(size_of::<hipGraphInstantiateParams>() == 32);
    assert!(size_of::<hipKernelNodeParams>() == 64 && size_of::<hipMemsetParams>() == 48);
};
