//! The functions as the table that a loaded library would fill.

use hip_sys::Hip;

use crate::api::*;

macro_rules! table {
    ($($name:ident)*) => {
        /// The emulated runtime as a table of functions of this process.
        #[must_use]
        pub fn table() -> Hip {
            Hip { $($name),* }
        }
    };
}

table! {
    hipInit hipDriverGetVersion hipRuntimeGetVersion hipGetErrorName hipGetErrorString hipGetLastError
    hipGetDeviceCount hipGetDevice hipSetDevice hipGetDevicePropertiesR0600 hipDeviceSynchronize
    hipMalloc hipFree hipHostMalloc hipHostFree hipMemGetInfo hipMemcpy hipMemcpyAsync hipMemsetAsync hipMemsetD32Async
    hipStreamCreateWithFlags hipStreamDestroy hipStreamSynchronize hipStreamWaitEvent hipStreamQuery
    hipEventCreateWithFlags hipEventDestroy hipEventRecord hipEventSynchronize hipEventElapsedTime hipEventQuery
    hipModuleLoadData hipModuleUnload hipModuleGetFunction hipModuleLaunchKernel hipModuleLaunchCooperativeKernel
    hipFuncGetAttribute hipModuleOccupancyMaxActiveBlocksPerMultiprocessor
    hipGraphCreate hipGraphDestroy hipGraphAddKernelNode hipGraphAddMemcpyNode1D hipGraphAddMemsetNode
    hipGraphAddEmptyNode hipGraphAddDependencies hipGraphGetNodes hipGraphKernelNodeGetParams
    hipGraphKernelNodeSetParams hipGraphKernelNodeSetAttribute hipGraphDebugDotPrint hipGraphInstantiate hipGraphExecDestroy
    hipGraphExecKernelNodeSetParams hipGraphLaunch hipGraphUpload
}
