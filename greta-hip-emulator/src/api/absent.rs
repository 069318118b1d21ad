//! The rest of what ROCm 6.4's library exports: each name says once that it is not there.
//!
//! Textures, surfaces, arrays, graphics, memory shared between processes, virtual memory management, linking of code, waits
//! for values in memory, and what only old compilers call.

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

            crate::procedure::list!($name);
        )*

        /// All of them, by name.
        #[cfg(test)]
        const ABSENT: &[(&str, extern "C" fn() -> c_int)] = &[$((stringify!($name), $name)),*];
    };
}

absent! {
    __hipGetPCH __hipRegisterManagedVar __hipRegisterSurface __hipRegisterTexture hipArray3DCreate
    hipArray3DGetDescriptor hipArrayCreate hipArrayDestroy hipArrayGetDescriptor hipArrayGetInfo hipBindTexture
    hipBindTexture2D hipBindTextureToArray hipBindTextureToMipmappedArray hipChooseDevice hipChooseDeviceR0000
    hipConfigureCall hipCreateChannelDesc hipCreateSurfaceObject hipCreateTextureObject hipCtxDisablePeerAccess
    hipCtxEnablePeerAccess hipDestroyExternalMemory hipDestroyExternalSemaphore hipDestroySurfaceObject
    hipDestroyTextureObject hipDrvGraphAddMemFreeNode hipDrvGraphAddMemcpyNode hipDrvGraphAddMemsetNode
    hipDrvGraphExecMemcpyNodeSetParams hipDrvGraphExecMemsetNodeSetParams hipDrvGraphMemcpyNodeGetParams
    hipDrvGraphMemcpyNodeSetParams hipDrvMemcpy3D hipDrvMemcpy3DAsync hipExtLaunchMultiKernelMultiDevice
    hipExtStreamGetCUMask hipExternalMemoryGetMappedBuffer hipFreeArray hipFreeMipmappedArray hipGLGetDevices
    hipGetChannelDesc hipGetCmdName hipGetDeviceProperties hipGetDevicePropertiesR0000 hipGetMipmappedArrayLevel
    hipGetTextureAlignmentOffset hipGetTextureObjectResourceDesc hipGetTextureObjectResourceViewDesc
    hipGetTextureObjectTextureDesc hipGetTextureReference hipGraphAddBatchMemOpNode hipGraphAddNode
    hipGraphBatchMemOpNodeGetParams hipGraphBatchMemOpNodeSetParams hipGraphExecBatchMemOpNodeSetParams
    hipGraphExecNodeSetParams hipGraphNodeSetParams hipGraphicsGLRegisterBuffer hipGraphicsGLRegisterImage
    hipGraphicsMapResources hipGraphicsResourceGetMappedPointer hipGraphicsSubResourceGetMappedArray
    hipGraphicsUnmapResources hipGraphicsUnregisterResource hipImportExternalMemory hipImportExternalSemaphore
    hipIpcCloseMemHandle hipIpcGetEventHandle hipIpcGetMemHandle hipIpcOpenEventHandle hipIpcOpenMemHandle
    hipLaunchByPtr hipLaunchCooperativeKernelMultiDevice hipLinkAddData hipLinkAddFile hipLinkComplete hipLinkCreate
    hipLinkDestroy hipMalloc3DArray hipMallocArray hipMallocMipmappedArray hipMemAddressFree hipMemAddressReserve
    hipMemCreate hipMemExportToShareableHandle hipMemGetAccess hipMemGetAllocationGranularity
    hipMemGetAllocationPropertiesFromHandle hipMemImportFromShareableHandle hipMemMap hipMemMapArrayAsync
    hipMemPoolExportPointer hipMemPoolImportFromShareableHandle hipMemPoolImportPointer hipMemRangeGetAttribute
    hipMemRangeGetAttributes hipMemRelease hipMemRetainAllocationHandle hipMemSetAccess hipMemUnmap
    hipMemcpy2DArrayToArray hipMemcpy2DFromArray hipMemcpy2DFromArrayAsync hipMemcpy2DToArray
    hipMemcpy2DToArrayAsync hipMemcpyAtoA hipMemcpyAtoD hipMemcpyAtoH hipMemcpyAtoHAsync hipMemcpyDtoA
    hipMemcpyFromArray hipMemcpyHtoA hipMemcpyHtoAAsync hipMemcpyToArray hipMipmappedArrayCreate
    hipMipmappedArrayDestroy hipMipmappedArrayGetLevel hipModuleGetTexRef
    hipModuleLaunchCooperativeKernelMultiDevice hipProfilerStart hipProfilerStop hipRegisterTracerCallback
    hipSetupArgument hipSignalExternalSemaphoresAsync hipStreamBatchMemOp hipStreamWaitValue32 hipStreamWaitValue64
    hipTexObjectCreate hipTexObjectDestroy hipTexObjectGetResourceDesc hipTexObjectGetResourceViewDesc
    hipTexObjectGetTextureDesc hipTexRefGetAddress hipTexRefGetAddressMode hipTexRefGetArray hipTexRefGetBorderColor
    hipTexRefGetFilterMode hipTexRefGetFlags hipTexRefGetFormat hipTexRefGetMaxAnisotropy hipTexRefGetMipMappedArray
    hipTexRefGetMipmapFilterMode hipTexRefGetMipmapLevelBias hipTexRefGetMipmapLevelClamp hipTexRefSetAddress
    hipTexRefSetAddress2D hipTexRefSetAddressMode hipTexRefSetArray hipTexRefSetBorderColor hipTexRefSetFilterMode
    hipTexRefSetFlags hipTexRefSetFormat hipTexRefSetMaxAnisotropy hipTexRefSetMipmapFilterMode
    hipTexRefSetMipmapLevelBias hipTexRefSetMipmapLevelClamp hipTexRefSetMipmappedArray hipUnbindTexture
    hipWaitExternalSemaphoresAsync hipMemcpy2DFromArrayAsync_spt hipMemcpy2DFromArray_spt
    hipMemcpy2DToArrayAsync_spt hipMemcpy2DToArray_spt hipMemcpyFromArray_spt
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// In a process of its own, whose standard error is read.
    #[test]
    fn what_is_absent_says_so_once() {
        const MARK: &str = "GRETA_TEST_IS_ALONE";
        if std::env::var_os(MARK).is_some() {
            for (name, call) in ABSENT.iter().chain(ABSENT) {
                assert_eq!(call(), hipErrorNotSupported, "{name}");
                assert_eq!(crate::status::take_last(), hipErrorNotSupported, "{name}");
            }
            return;
        }
        let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
        command.args(["--nocapture", "--exact", "api::absent::tests::what_is_absent_says_so_once"]).env(MARK, "1");
        let output = command.output().expect("the test starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        for (name, _) in ABSENT {
            let count = text.lines().filter(|line| line.ends_with(&format!(": {name} is not supported"))).count();
            assert_eq!(count, 1, "{name}");
        }
    }
}
