//! Launches of which all blocks run at the same time, so that they may wait for each other.
//!
//! Guarantees: the driver refuses what does not fit the device. Deliberately does not check a status.

use std::ptr;

use cudarc::driver::sys::{
    self, CUfunction, CUgraphNode, CUlaunchAttribute, CUlaunchAttributeID, CUlaunchAttributeValue, CUlaunchConfig,
    CUresult, CUstream,
};

use crate::driver::gpu::api::Launch;

/// The attribute that says so.
const COOPERATIVE: CUlaunchAttributeID = CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_COOPERATIVE;

fn value() -> CUlaunchAttributeValue {
    CUlaunchAttributeValue { cooperative: 1 }
}

/// Launches a kernel in the stream's order.
///
/// # Safety
///
/// All handles are live, and the parameters are the function's.
pub(super) unsafe fn launch(launch: Launch<CUfunction>, stream: CUstream) -> CUresult {
    let ([gx, gy, gz], [bx, by, bz]) = (launch.grid, launch.shape.block);
    let mut attribute = CUlaunchAttribute { id: COOPERATIVE, pad: [0; 4], value: value() };
    let config = CUlaunchConfig {
        gridDimX: gx,
        gridDimY: gy,
        gridDimZ: gz,
        blockDimX: bx,
        blockDimY: by,
        blockDimZ: bz,
        sharedMemBytes: launch.shape.shared_bytes,
        hStream: stream,
        attrs: &raw mut attribute,
        numAttrs: 1,
    };
    // SAFETY: as the caller's contract says; the configuration is read during the call only.
    unsafe { sys::cuLaunchKernelEx(&raw const config, launch.function, launch.params, ptr::null_mut()) }
}

/// Marks a node of a graph that is not instantiated.
///
/// # Safety
///
/// The node is live and a kernel's.
pub(super) unsafe fn mark(node: CUgraphNode) -> CUresult {
    let value = value();
    // SAFETY: as the caller's contract says; the value is read during the call only.
    unsafe { sys::cuGraphKernelNodeSetAttribute(node, COOPERATIVE, &raw const value) }
}
