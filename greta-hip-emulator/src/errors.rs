//! The statuses of HIP: a row each, with its value, its name and what it means.
//!
//! Values and names are those of the ROCm 6.4 headers; the sentences are this crate's.

use std::ffi::CStr;

use hip_sys::hipError_t;

/// A status.
pub(crate) struct Row {
    pub(crate) status: hipError_t,
    pub(crate) name: &'static CStr,
    pub(crate) text: &'static CStr,
}

macro_rules! rows {
    ($($status:literal $name:ident $text:literal;)*) => {
        /// All statuses, by value.
        pub(crate) const ROWS: &[Row] = &[$(Row {
            status: $status,
            name: match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name has no NUL"),
            },
            text: $text,
        },)*];

        $(#[allow(dead_code, reason = "the table is whole; not every status is given")]
        pub(crate) const $name: hipError_t = $status;)*
    };
}

/// The row of a status; that of `hipErrorUnknown` where there is none.
pub(crate) fn row(status: hipError_t) -> &'static Row {
    let find = |status| ROWS.iter().find(|row| row.status == status);
    find(status).or_else(|| find(hipErrorUnknown)).unwrap_or(&ROWS[0])
}

rows! {
    0 hipSuccess c"no error";
    1 hipErrorInvalidValue c"an argument is null or out of range";
    2 hipErrorOutOfMemory c"memory is exhausted";
    3 hipErrorNotInitialized c"the runtime is not initialised";
    4 hipErrorDeinitialized c"the runtime has been shut down";
    5 hipErrorProfilerDisabled c"profiling is off";
    6 hipErrorProfilerNotInitialized c"the profiler was not started";
    7 hipErrorProfilerAlreadyStarted c"the profiler runs already";
    8 hipErrorProfilerAlreadyStopped c"the profiler is stopped already";
    9 hipErrorInvalidConfiguration c"grid, block or shared memory of the launch is not possible";
    12 hipErrorInvalidPitchValue c"the pitch is smaller than a row";
    13 hipErrorInvalidSymbol c"no such device symbol";
    17 hipErrorInvalidDevicePointer c"the pointer is not one of the device's";
    21 hipErrorInvalidMemcpyDirection c"no such direction of a copy";
    35 hipErrorInsufficientDriver c"the driver is older than the runtime";
    52 hipErrorMissingConfiguration c"the launch was not configured";
    53 hipErrorPriorLaunchFailure c"an earlier launch failed";
    98 hipErrorInvalidDeviceFunction c"the function has no code for this device";
    100 hipErrorNoDevice c"there is no GPU";
    101 hipErrorInvalidDevice c"no device has that number";
    200 hipErrorInvalidImage c"the code object is malformed";
    201 hipErrorInvalidContext c"no such context";
    202 hipErrorContextAlreadyCurrent c"the context is current already";
    205 hipErrorMapFailed c"mapping failed";
    206 hipErrorUnmapFailed c"unmapping failed";
    207 hipErrorArrayIsMapped c"the array is mapped";
    208 hipErrorAlreadyMapped c"the resource is mapped already";
    209 hipErrorNoBinaryForGpu c"the code object has no code for this GPU";
    210 hipErrorAlreadyAcquired c"the resource is acquired already";
    211 hipErrorNotMapped c"the resource is not mapped";
    212 hipErrorNotMappedAsArray c"the resource is not mapped as an array";
    213 hipErrorNotMappedAsPointer c"the resource is not mapped as a pointer";
    214 hipErrorECCNotCorrectable c"memory has an error that cannot be corrected";
    215 hipErrorUnsupportedLimit c"the device has no such limit";
    216 hipErrorContextAlreadyInUse c"the context belongs to another thread";
    217 hipErrorPeerAccessUnsupported c"the devices cannot reach each other's memory";
    218 hipErrorInvalidKernelFile c"the kernel file is malformed";
    219 hipErrorInvalidGraphicsContext c"no such graphics context";
    300 hipErrorInvalidSource c"the kernel's source is not valid";
    301 hipErrorFileNotFound c"the file was not found";
    302 hipErrorSharedObjectSymbolNotFound c"the shared object lacks a symbol";
    303 hipErrorSharedObjectInitFailed c"the shared object did not start";
    304 hipErrorOperatingSystem c"the operating system refused";
    400 hipErrorInvalidHandle c"the handle is none of the runtime's";
    401 hipErrorIllegalState c"the object is not in a state for this call";
    500 hipErrorNotFound c"nothing has that name";
    600 hipErrorNotReady c"work is still under way";
    700 hipErrorIllegalAddress c"a kernel reached memory that is not its own";
    701 hipErrorLaunchOutOfResources c"the launch needs more than a compute unit has";
    702 hipErrorLaunchTimeOut c"a kernel ran too long";
    704 hipErrorPeerAccessAlreadyEnabled c"access to the peer is on already";
    705 hipErrorPeerAccessNotEnabled c"access to the peer is off";
    708 hipErrorSetOnActiveProcess c"the device is in use";
    709 hipErrorContextIsDestroyed c"the stream or context is gone";
    710 hipErrorAssert c"a kernel's assertion failed";
    712 hipErrorHostMemoryAlreadyRegistered c"the host memory is registered already";
    713 hipErrorHostMemoryNotRegistered c"the host memory is not registered";
    719 hipErrorLaunchFailure c"a kernel failed while it ran";
    720 hipErrorCooperativeLaunchTooLarge c"the grid does not fit the device at once";
    801 hipErrorNotSupported c"this runtime does not implement the call";
    900 hipErrorStreamCaptureUnsupported c"the call is not allowed while a stream is captured";
    901 hipErrorStreamCaptureInvalidated c"an earlier error ended the capture";
    902 hipErrorStreamCaptureMerge c"two captures would become one";
    903 hipErrorStreamCaptureUnmatched c"the capture did not begin in this stream";
    904 hipErrorStreamCaptureUnjoined c"a stream of the capture was not joined";
    905 hipErrorStreamCaptureIsolation c"the capture would depend on work outside of it";
    906 hipErrorStreamCaptureImplicit c"the null stream would wait for a capture";
    907 hipErrorCapturedEvent c"the event was recorded in a capture";
    908 hipErrorStreamCaptureWrongThread c"another thread began the capture";
    910 hipErrorGraphExecUpdateFailure c"the update would change the graph's shape";
    911 hipErrorInvalidChannelDescriptor c"the channel descriptor is not valid";
    912 hipErrorInvalidTexture c"the texture is not valid";
    999 hipErrorUnknown c"unknown error";
    1052 hipErrorRuntimeMemory c"the runtime below failed in a memory call";
    1053 hipErrorRuntimeOther c"the runtime below failed";
}
