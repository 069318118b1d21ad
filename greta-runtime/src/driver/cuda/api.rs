//! The calls into the CUDA driver, each with its status checked.
//!
//! Guarantees: a status other than success becomes an error that names the call, the status and what it was for; the
//! device's context is the thread's before any call that needs one. Deliberately does not know who owns a handle: that
//! is the callers' business, and why most of this is unsafe.
//!
//! Length: a table of calls, one function each.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::time::Duration;

use cudarc::driver::sys::{
    self, CUDA_KERNEL_NODE_PARAMS, CUcontext, CUdevice, CUdevice_attribute, CUevent, CUevent_flags, CUfunction,
    CUfunction_attribute, CUgraph, CUgraphExec, CUgraphNode, CUmodule, CUresult, CUstream, CUstream_flags,
};

use crate::error::{Activity, DriverError, Error, Result};

/// The device's primary context, kept as long as this lives.
#[derive(Debug)]
pub(super) struct Api {
    device: CUdevice,
    context: CUcontext,
}

// SAFETY: CUDA's handles may be used from any thread.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

/// What the device is.
#[derive(Debug)]
pub(super) struct Properties {
    pub(super) name: String,
    /// `sm_90`.
    pub(super) arch: String,
    pub(super) wave: u32,
    pub(super) compute_units: u32,
    pub(super) memory_bytes: u64,
}

/// Between what a copy goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    Up,
    Down,
    Within,
}

/// What a launch or a graph's node runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launch {
    pub(super) function: CUfunction,
    pub(super) grid: [u32; 3],
    pub(super) block: [u32; 3],
    pub(super) shared_bytes: u32,
    pub(super) params: *mut *mut c_void,
}

impl Launch {
    fn node(self) -> CUDA_KERNEL_NODE_PARAMS {
        CUDA_KERNEL_NODE_PARAMS {
            func: self.function,
            gridDimX: self.grid[0],
            gridDimY: self.grid[1],
            gridDimZ: self.grid[2],
            blockDimX: self.block[0],
            blockDimY: self.block[1],
            blockDimZ: self.block[2],
            sharedMemBytes: self.shared_bytes,
            kernelParams: self.params,
            extra: ptr::null_mut(),
            kern: ptr::null_mut(),
            ctx: ptr::null_mut(),
        }
    }
}

macro_rules! call {
    ($name:ident($($argument:expr),* $(,)?), $activity:expr) => {
        check(stringify!($name), sys::$name($($argument),*), || $activity)
    };
}

fn check(call: &'static str, status: CUresult, activity: impl FnOnce() -> Activity) -> Result<()> {
    if status == CUresult::CUDA_SUCCESS {
        return Ok(());
    }
    let (mut name, mut text) = (ptr::null(), ptr::null());
    // SAFETY: both give a string that lives as long as the library, or leave null.
    let (name, text) = unsafe {
        // A status that has no name leaves null, which reads as "unknown".
        let _ = sys::cuGetErrorName(status, &raw mut name);
        let _ = sys::cuGetErrorString(status, &raw mut text);
        (owned(name), owned(text))
    };
    Err(Error::Driver(Box::new(DriverError { call, status: status as i32, name, text, activity: activity() })))
}

impl Api {
    /// Starts CUDA and takes the first GPU.
    pub(super) fn open() -> Result<Self> {
        // SAFETY: loading the library runs its initialisers only.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoCuda("no libcuda.so; install the NVIDIA driver"));
        }
        let (mut version, mut count, mut device, mut context) = (0, 0, 0, ptr::null_mut());
        // SAFETY: `version` is written during the call only.
        unsafe { call!(cuDriverGetVersion(&raw mut version), Activity::Open) }?;
        if version < DRIVER_VERSION_MIN {
            return Err(Error::NoCuda("the NVIDIA driver is older than CUDA 12.8; install driver 570 or later"));
        }
        // SAFETY: the call takes no pointers.
        match unsafe { sys::cuInit(0) } {
            CUresult::CUDA_ERROR_NO_DEVICE => return Err(Error::NoCuda(NO_GPU)),
            status => check("cuInit", status, || Activity::Open)?,
        }
        // SAFETY: what is pointed to is written during the calls only.
        unsafe {
            call!(cuDeviceGetCount(&raw mut count), Activity::Open)?;
            if count == 0 {
                return Err(Error::NoCuda(NO_GPU));
            }
            call!(cuDeviceGet(&raw mut device, 0), Activity::Open)?;
            call!(cuDevicePrimaryCtxRetain(&raw mut context, device), Activity::Open)?;
        }
        Ok(Self { device, context })
    }

    /// Describes the GPU.
    pub(super) fn properties(&self) -> Result<Properties> {
        use CUdevice_attribute::{
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, CU_DEVICE_ATTRIBUTE_WARP_SIZE,
        };
        let attribute = |attribute| {
            let mut value = 0;
            // SAFETY: `value` is written during the call only.
            unsafe { call!(cuDeviceGetAttribute(&raw mut value, attribute, self.device), Activity::Open) }?;
            Ok::<u32, Error>(u32::try_from(value).unwrap_or(0))
        };
        let mut name = [0 as c_char; 256];
        let mut bytes = 0;
        // SAFETY: the name's buffer has the length given, and `bytes` is written during the call only.
        let name = unsafe {
            call!(cuDeviceGetName(name.as_mut_ptr(), 256, self.device), Activity::Open)?;
            call!(cuDeviceTotalMem_v2(&raw mut bytes, self.device), Activity::Open)?;
            owned(name.as_ptr())
        };
        let major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        Ok(Properties {
            name,
            arch: format!("sm_{major}{minor}"),
            wave: attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE)?,
            compute_units: attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
            memory_bytes: bytes as u64,
        })
    }

    /// Makes the device's context the thread's.
    fn enter(&self) -> Result<()> {
        // SAFETY: the context is retained as long as this lives.
        unsafe { call!(cuCtxSetCurrent(self.context), Activity::Open) }
    }

    pub(super) fn malloc(&self, bytes: usize, device: &str) -> Result<*mut c_void> {
        self.enter()?;
        let mut pointer = 0;
        // SAFETY: `pointer` is written during the call only.
        let status = unsafe { sys::cuMemAlloc_v2(&raw mut pointer, bytes) };
        if status == CUresult::CUDA_ERROR_OUT_OF_MEMORY {
            return Err(Error::OutOfMemory { device: device.to_owned(), bytes });
        }
        check("cuMemAlloc", status, || Activity::Allocate { bytes })?;
        Ok(ptr::with_exposed_provenance_mut(pointer as usize))
    }

    /// Waits for the device first: work submitted before may still use the memory.
    ///
    /// # Safety
    ///
    /// `pointer` comes from `malloc` and is not used again.
    pub(super) unsafe fn free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe {
            let waited = call!(cuCtxSynchronize(), Activity::Free { bytes });
            call!(cuMemFree_v2(pointer.expose_provenance() as u64), Activity::Free { bytes }).and(waited)
        }
    }

    pub(super) fn host_malloc(&self, bytes: usize) -> Result<*mut c_void> {
        self.enter()?;
        let mut pointer = ptr::null_mut();
        // SAFETY: `pointer` is written during the call only.
        unsafe { call!(cuMemHostAlloc(&raw mut pointer, bytes, 0), Activity::Allocate { bytes }) }?;
        Ok(pointer)
    }

    /// # Safety
    ///
    /// `pointer` comes from `host_malloc` and is not used again, by no copy either.
    pub(super) unsafe fn host_free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuMemFreeHost(pointer), Activity::Free { bytes }) }
    }

    /// # Safety
    ///
    /// Both ranges are live until the stream has passed the copy.
    pub(super) unsafe fn copy(
        &self,
        to: *mut c_void,
        from: *const c_void,
        bytes: usize,
        direction: Direction,
        stream: CUstream,
    ) -> Result<()> {
        self.enter()?;
        let device = |pointer: *const c_void| pointer.expose_provenance() as u64;
        // SAFETY: as the caller's contract says.
        unsafe {
            match direction {
                Direction::Up => call!(
                    cuMemcpyHtoDAsync_v2(device(to), from, bytes, stream),
                    Activity::Copy { bytes, direction: "to the device" }
                ),
                Direction::Down => call!(
                    cuMemcpyDtoHAsync_v2(to, device(from), bytes, stream),
                    Activity::Copy { bytes, direction: "to the host" }
                ),
                Direction::Within => call!(
                    cuMemcpyDtoDAsync_v2(device(to), device(from), bytes, stream),
                    Activity::Copy { bytes, direction: "within the device" }
                ),
            }
        }
    }

    /// # Safety
    ///
    /// The range is live until the stream has passed the fill.
    pub(super) unsafe fn fill(&self, to: *mut c_void, byte: u8, bytes: usize, stream: CUstream) -> Result<()> {
        self.enter()?;
        let activity = || Activity::Copy { bytes, direction: "of one value" };
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuMemsetD8Async(to.expose_provenance() as u64, byte, bytes, stream), activity()) }
    }

    pub(super) fn stream_create(&self) -> Result<CUstream> {
        self.enter()?;
        let mut stream = ptr::null_mut();
        // SAFETY: `stream` is written during the call only.
        unsafe {
            call!(
                cuStreamCreate(&raw mut stream, CUstream_flags::CU_STREAM_NON_BLOCKING as u32),
                Activity::Manage("a new stream")
            )?;
        }
        Ok(stream)
    }

    /// # Safety
    ///
    /// The stream is live and not used again.
    pub(super) unsafe fn stream_destroy(&self, stream: CUstream) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamDestroy_v2(stream), Activity::Manage("the end of a stream")) }
    }

    /// # Safety
    ///
    /// The stream is live.
    pub(super) unsafe fn stream_synchronize(
        &self,
        stream: CUstream,
        kernels: impl FnOnce() -> Vec<String>,
    ) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamSynchronize(stream), Activity::Wait { kernels: kernels() }) }
    }

    pub(super) fn device_synchronize(&self, kernels: impl FnOnce() -> Vec<String>) -> Result<()> {
        self.enter()?;
        // SAFETY: the call takes nothing.
        unsafe { call!(cuCtxSynchronize(), Activity::Wait { kernels: kernels() }) }
    }

    pub(super) fn event_create(&self) -> Result<CUevent> {
        self.enter()?;
        let mut event = ptr::null_mut();
        // SAFETY: `event` is written during the call only.
        unsafe {
            call!(
                cuEventCreate(&raw mut event, CUevent_flags::CU_EVENT_DEFAULT as u32),
                Activity::Manage("a new event")
            )?;
        }
        Ok(event)
    }

    /// # Safety
    ///
    /// The event is live and not used again.
    pub(super) unsafe fn event_destroy(&self, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventDestroy_v2(event), Activity::Manage("the end of an event")) }
    }

    /// # Safety
    ///
    /// Both are live.
    pub(super) unsafe fn event_record(&self, event: CUevent, stream: CUstream) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventRecord(event, stream), Activity::Manage("the record of an event")) }
    }

    /// # Safety
    ///
    /// Both are live.
    pub(super) unsafe fn stream_wait(&self, stream: CUstream, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamWaitEvent(stream, event, 0), Activity::Manage("a stream's wait for an event")) }
    }

    /// # Safety
    ///
    /// The event is live.
    pub(super) unsafe fn event_query(&self, event: CUevent) -> Result<bool> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        let status = unsafe { sys::cuEventQuery(event) };
        if status == CUresult::CUDA_ERROR_NOT_READY {
            return Ok(false);
        }
        check("cuEventQuery", status, || Activity::Manage("the state of an event"))?;
        Ok(true)
    }

    /// # Safety
    ///
    /// The event is live.
    pub(super) unsafe fn event_synchronize(&self, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventSynchronize(event), Activity::Wait { kernels: Vec::new() }) }
    }

    /// # Safety
    ///
    /// Both events are live.
    pub(super) unsafe fn event_elapsed(&self, from: CUevent, to: CUevent) -> Result<Duration> {
        self.enter()?;
        let mut milliseconds = 0.0_f32;
        // SAFETY: as the caller's contract says; `milliseconds` is written during the call only.
        unsafe {
            call!(
                cuEventElapsedTime_v2(&raw mut milliseconds, from, to),
                Activity::Manage("the time between two events")
            )?;
        }
        Ok(Duration::try_from_secs_f64(f64::from(milliseconds) / 1e3).unwrap_or_default())
    }

    /// # Safety
    ///
    /// `image` is a code object, and lives as long as the module.
    pub(super) unsafe fn module_load(&self, image: &[u8], kernel: &str) -> Result<CUmodule> {
        self.enter()?;
        let mut module = ptr::null_mut();
        let activity = || Activity::Load { kernel: kernel.to_owned() };
        // SAFETY: as the caller's contract says; `module` is written during the call only.
        unsafe { call!(cuModuleLoadData(&raw mut module, image.as_ptr().cast()), activity()) }?;
        Ok(module)
    }

    /// # Safety
    ///
    /// The module is live and not used again; no kernel of it runs.
    pub(super) unsafe fn module_unload(&self, module: CUmodule, kernel: &str) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuModuleUnload(module), Activity::Load { kernel: kernel.to_owned() }) }
    }

    /// # Safety
    ///
    /// The module is live.
    pub(super) unsafe fn function(&self, module: CUmodule, symbol: &CStr) -> Result<CUfunction> {
        self.enter()?;
        let mut function = ptr::null_mut();
        let activity = || Activity::Load { kernel: symbol.to_string_lossy().into_owned() };
        // SAFETY: as the caller's contract says; `function` is written during the call only.
        unsafe { call!(cuModuleGetFunction(&raw mut function, module, symbol.as_ptr()), activity()) }?;
        Ok(function)
    }

    /// Lets a kernel take more shared memory from its launch than may be declared.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn allow_shared(&self, function: CUfunction, bytes: u32, kernel: &str) -> Result<()> {
        self.enter()?;
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuFuncSetAttribute(function, attribute, bytes), Activity::Load { kernel: kernel.to_owned() }) }
    }

    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn function_attribute(
        &self,
        function: CUfunction,
        attribute: CUfunction_attribute,
        kernel: &str,
    ) -> Result<u32> {
        self.enter()?;
        let mut value = 0;
        // SAFETY: as the caller's contract says; `value` is written during the call only.
        unsafe {
            let activity = || Activity::Load { kernel: kernel.to_owned() };
            call!(cuFuncGetAttribute(&raw mut value, attribute, function), activity())?;
        }
        Ok(u32::try_from(value).unwrap_or(0))
    }

    /// Blocks of a kernel that a multiprocessor can hold.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn occupancy(
        &self,
        function: CUfunction,
        threads: u32,
        shared_bytes: u32,
        kernel: &str,
    ) -> Result<u32> {
        self.enter()?;
        let mut blocks = 0;
        let threads = i32::try_from(threads).unwrap_or(i32::MAX);
        // SAFETY: as the caller's contract says; `blocks` is written during the call only.
        unsafe {
            let activity = || Activity::Load { kernel: kernel.to_owned() };
            let shared = shared_bytes as usize;
            call!(cuOccupancyMaxActiveBlocksPerMultiprocessor(&raw mut blocks, function, threads, shared), activity())?;
        }
        Ok(u32::try_from(blocks).unwrap_or(0))
    }

    /// # Safety
    ///
    /// All handles are live, and the parameters are the function's.
    pub(super) unsafe fn launch(
        &self,
        launch: Launch,
        stream: CUstream,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        self.enter()?;
        let ([gx, gy, gz], [bx, by, bz]) = (launch.grid, launch.block);
        // SAFETY: as the caller's contract says.
        let status = unsafe {
            let (shared, extra) = (launch.shared_bytes, ptr::null_mut());
            sys::cuLaunchKernel(launch.function, gx, gy, gz, bx, by, bz, shared, stream, launch.params, extra)
        };
        check("cuLaunchKernel", status, activity)
    }

    pub(super) fn graph_create(&self, nodes: usize) -> Result<CUgraph> {
        self.enter()?;
        let mut graph = ptr::null_mut();
        // SAFETY: `graph` is written during the call only.
        unsafe { call!(cuGraphCreate(&raw mut graph, 0), Activity::Graph { nodes }) }?;
        Ok(graph)
    }

    /// # Safety
    ///
    /// All handles are live, the dependencies are nodes of the graph, the parameters are the function's and live as
    /// long as the graph.
    pub(super) unsafe fn graph_add(
        &self,
        graph: CUgraph,
        dependencies: &[CUgraphNode],
        launch: Launch,
        activity: impl FnOnce() -> Activity,
    ) -> Result<CUgraphNode> {
        self.enter()?;
        let mut node = ptr::null_mut();
        let params = launch.node();
        let (first, count) = match dependencies {
            [] => (ptr::null(), 0),
            some => (some.as_ptr(), some.len()),
        };
        // SAFETY: as the caller's contract says; `node` is written during the call only.
        unsafe {
            call!(cuGraphAddKernelNode_v2(&raw mut node, graph, first, count, &raw const params), activity())?;
        }
        Ok(node)
    }

    /// # Safety
    ///
    /// The graph is live.
    pub(super) unsafe fn graph_instantiate(&self, graph: CUgraph, nodes: usize) -> Result<CUgraphExec> {
        self.enter()?;
        let mut exec = ptr::null_mut();
        // SAFETY: as the caller's contract says; `exec` is written during the call only.
        unsafe {
            call!(cuGraphInstantiateWithFlags(&raw mut exec, graph, 0), Activity::Graph { nodes })?;
        }
        Ok(exec)
    }

    /// # Safety
    ///
    /// All handles are live, the node is the graph's, the parameters are the function's and live as long as the graph.
    pub(super) unsafe fn graph_update(
        &self,
        exec: CUgraphExec,
        node: CUgraphNode,
        launch: Launch,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        self.enter()?;
        let params = launch.node();
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphExecKernelNodeSetParams_v2(exec, node, &raw const params), activity()) }
    }

    /// # Safety
    ///
    /// Both are live, and so is all that the graph's nodes use.
    pub(super) unsafe fn graph_launch(&self, exec: CUgraphExec, stream: CUstream, nodes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphLaunch(exec, stream), Activity::Graph { nodes }) }
    }

    /// # Safety
    ///
    /// The handle is live, not running and not used again.
    pub(super) unsafe fn exec_destroy(&self, exec: CUgraphExec, nodes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphExecDestroy(exec), Activity::Graph { nodes }) }
    }

    /// # Safety
    ///
    /// The graph is live and not used again.
    pub(super) unsafe fn graph_destroy(&self, graph: CUgraph, nodes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphDestroy(graph), Activity::Graph { nodes }) }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // SAFETY: the context was retained once, and all that was made in it is gone.
        if let Err(error) = unsafe { call!(cuDevicePrimaryCtxRelease_v2(self.device), Activity::Open) } {
            tracing::warn!(%error, "the device's context was not released");
        }
    }
}

/// The driver that has all calls made here: CUDA 12.8.
const DRIVER_VERSION_MIN: i32 = 12_080;

/// What is said where the driver is there and a GPU is not.
const NO_GPU: &str = "the NVIDIA driver finds no GPU; check it and CUDA_VISIBLE_DEVICES";

/// # Safety
///
/// `text` is null or a C string.
unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return "unknown".to_owned();
    }
    // SAFETY: as the caller's contract says.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
