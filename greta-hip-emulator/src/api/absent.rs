//! The rest of what ROCm 6.4's library exports: each name says once that it is not there.
//!
//! Textures, surfaces, arrays, graphics, memory shared between processes, virtual memory management, linking of code,
//! contexts, user objects, and the variants with a default stream of the thread's own.

use std::ffi::c_int;
use std::sync::Once;

use crate::errors::hipErrorNotSupported;
use crate::status::record;

/// Says that a call is not supported, the first time.
fn refuse(name: &str, said: &Once) -> c_int {
    said.call_once(|| eprintln!("emulated HIP runtime: {name} is not supported"));
    record(|| Err(hipErrorNotSupported.into()))
}

macro_rules! absent {
    ($($name:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name() -> c_int {
                static SAID: Once = Once::new();
                refuse(stringify!($name), &SAID)
            }
        )*
    };
}

absent! {
    __hipRegisterManagedVar __hipRegisterSurface __hipRegisterTexture hipArray3DCreate hipArray3DGetDescriptor
    hipArrayCreate hipArrayDestroy hipArrayGetDescriptor hipArrayGetInfo hipBindTexture hipBindTexture2D
    hipBindTextureToArray hipBindTextureToMipmappedArray hipChooseDevice hipChooseDeviceR0000 hipConfigureCall
    hipCreateChannelDesc hipCreateSurfaceObject hipCreateTextureObject hipCtxCreate hipCtxDestroy
    hipCtxDisablePeerAccess hipCtxEnablePeerAccess hipCtxGetApiVersion hipCtxGetCacheConfig hipCtxGetCurrent
    hipCtxGetDevice hipCtxGetFlags hipCtxGetSharedMemConfig hipCtxPopCurrent hipCtxPushCurrent
    hipCtxSetCacheConfig hipCtxSetCurrent hipCtxSetSharedMemConfig hipCtxSynchronize hipDestroyExternalMemory
    hipDestroyExternalSemaphore hipDestroySurfaceObject hipDestroyTextureObject hipDeviceGetCacheConfig
    hipDeviceGetGraphMemAttribute hipDeviceGetSharedMemConfig hipDeviceGraphMemTrim hipDevicePrimaryCtxGetState
    hipDevicePrimaryCtxRelease hipDevicePrimaryCtxReset hipDevicePrimaryCtxRetain hipDevicePrimaryCtxSetFlags
    hipDeviceSetCacheConfig hipDeviceSetGraphMemAttribute hipDeviceSetSharedMemConfig hipDrvGraphAddMemFreeNode
    hipDrvGraphAddMemcpyNode hipDrvGraphAddMemsetNode hipDrvGraphExecMemcpyNodeSetParams
    hipDrvGraphExecMemsetNodeSetParams hipDrvGraphMemcpyNodeGetParams hipDrvGraphMemcpyNodeSetParams
    hipDrvMemcpy3D hipDrvMemcpy3DAsync hipDrvPointerGetAttributes hipExtLaunchMultiKernelMultiDevice
    hipExtStreamGetCUMask hipExternalMemoryGetMappedBuffer hipFreeArray hipFreeMipmappedArray hipGLGetDevices
    hipGetChannelDesc hipGetCmdName hipGetDeviceProperties hipGetDevicePropertiesR0000 hipGetMipmappedArrayLevel
    hipGetProcAddress hipGetTextureAlignmentOffset hipGetTextureObjectResourceDesc
    hipGetTextureObjectResourceViewDesc hipGetTextureObjectTextureDesc hipGetTextureReference
    hipGraphAddBatchMemOpNode hipGraphAddMemAllocNode hipGraphAddMemFreeNode hipGraphAddMemcpyNodeFromSymbol
    hipGraphAddMemcpyNodeToSymbol hipGraphAddNode hipGraphBatchMemOpNodeGetParams
    hipGraphBatchMemOpNodeSetParams hipGraphExecBatchMemOpNodeSetParams
    hipGraphExecMemcpyNodeSetParamsFromSymbol hipGraphExecMemcpyNodeSetParamsToSymbol hipGraphExecNodeSetParams
    hipGraphKernelNodeCopyAttributes hipGraphKernelNodeGetAttribute hipGraphKernelNodeSetAttribute
    hipGraphMemAllocNodeGetParams hipGraphMemFreeNodeGetParams hipGraphMemcpyNodeSetParamsFromSymbol
    hipGraphMemcpyNodeSetParamsToSymbol hipGraphNodeSetParams hipGraphReleaseUserObject hipGraphRetainUserObject
    hipGraphicsGLRegisterBuffer hipGraphicsGLRegisterImage hipGraphicsMapResources
    hipGraphicsResourceGetMappedPointer hipGraphicsSubResourceGetMappedArray hipGraphicsUnmapResources
    hipGraphicsUnregisterResource hipImportExternalMemory hipImportExternalSemaphore hipIpcCloseMemHandle
    hipIpcGetEventHandle hipIpcGetMemHandle hipIpcOpenEventHandle hipIpcOpenMemHandle hipLaunchByPtr
    hipLaunchCooperativeKernelMultiDevice hipLinkAddData hipLinkAddFile hipLinkComplete hipLinkCreate
    hipLinkDestroy hipMalloc3DArray hipMallocArray hipMallocMipmappedArray hipMemAddressFree
    hipMemAddressReserve hipMemCreate hipMemExportToShareableHandle hipMemGetAccess
    hipMemGetAllocationGranularity hipMemGetAllocationPropertiesFromHandle hipMemImportFromShareableHandle
    hipMemMap hipMemMapArrayAsync hipMemPoolExportPointer hipMemPoolImportFromShareableHandle
    hipMemPoolImportPointer hipMemRangeGetAttribute hipMemRangeGetAttributes hipMemRelease
    hipMemRetainAllocationHandle hipMemSetAccess hipMemUnmap hipMemcpy2DArrayToArray hipMemcpy2DFromArray
    hipMemcpy2DFromArrayAsync hipMemcpy2DToArray hipMemcpy2DToArrayAsync hipMemcpyAtoA hipMemcpyAtoD
    hipMemcpyAtoH hipMemcpyAtoHAsync hipMemcpyDtoA hipMemcpyFromArray hipMemcpyHtoA hipMemcpyHtoAAsync
    hipMemcpyToArray hipMipmappedArrayCreate hipMipmappedArrayDestroy hipMipmappedArrayGetLevel
    hipModuleGetTexRef hipModuleLaunchCooperativeKernelMultiDevice hipPointerSetAttribute hipProfilerStart
    hipProfilerStop hipRegisterTracerCallback hipSetupArgument hipSignalExternalSemaphoresAsync
    hipStreamBatchMemOp hipStreamWaitValue32 hipStreamWaitValue64 hipTexObjectCreate hipTexObjectDestroy
    hipTexObjectGetResourceDesc hipTexObjectGetResourceViewDesc hipTexObjectGetTextureDesc hipTexRefGetAddress
    hipTexRefGetAddressMode hipTexRefGetArray hipTexRefGetBorderColor hipTexRefGetFilterMode hipTexRefGetFlags
    hipTexRefGetFormat hipTexRefGetMaxAnisotropy hipTexRefGetMipMappedArray hipTexRefGetMipmapFilterMode
    hipTexRefGetMipmapLevelBias hipTexRefGetMipmapLevelClamp hipTexRefSetAddress hipTexRefSetAddress2D
    hipTexRefSetAddressMode hipTexRefSetArray hipTexRefSetBorderColor hipTexRefSetFilterMode hipTexRefSetFlags
    hipTexRefSetFormat hipTexRefSetMaxAnisotropy hipTexRefSetMipmapFilterMode hipTexRefSetMipmapLevelBias
    hipTexRefSetMipmapLevelClamp hipTexRefSetMipmappedArray hipUnbindTexture hipUserObjectCreate
    hipUserObjectRelease hipUserObjectRetain hipWaitExternalSemaphoresAsync hipEventRecord_spt
    hipGraphLaunch_spt hipLaunchCooperativeKernel_spt hipLaunchHostFunc_spt hipLaunchKernel_spt
    hipMemcpy2DAsync_spt hipMemcpy2DFromArrayAsync_spt hipMemcpy2DFromArray_spt hipMemcpy2DToArrayAsync_spt
    hipMemcpy2DToArray_spt hipMemcpy2D_spt hipMemcpy3DAsync_spt hipMemcpy3D_spt hipMemcpyAsync_spt
    hipMemcpyFromArray_spt hipMemcpyFromSymbolAsync_spt hipMemcpyFromSymbol_spt hipMemcpyToSymbolAsync_spt
    hipMemcpyToSymbol_spt hipMemcpy_spt hipMemset2DAsync_spt hipMemset2D_spt hipMemset3DAsync_spt
    hipMemset3D_spt hipMemsetAsync_spt hipMemset_spt hipStreamAddCallback_spt hipStreamBeginCapture_spt
    hipStreamEndCapture_spt hipStreamGetCaptureInfo_spt hipStreamGetCaptureInfo_v2_spt hipStreamGetFlags_spt
    hipStreamGetPriority_spt hipStreamIsCapturing_spt hipStreamQuery_spt hipStreamSynchronize_spt
    hipStreamWaitEvent_spt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_says_so() {
        assert_eq!(hipCreateTextureObject(), hipErrorNotSupported);
        assert_eq!(crate::status::take_last(), hipErrorNotSupported);
    }
}
