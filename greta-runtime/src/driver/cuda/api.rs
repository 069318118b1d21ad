//! The calls into the CUDA driver, each with its status checked.
//!
//! Guarantees: a status other than success becomes an error that names the call, the status and what it was for; the
//! device's context is the thread's before any call that needs one, and a launch that failed for want of it is made again.
//! Deliberately does not know who owns a handle: that is the callers' business, and why most of this is unsafe.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::time::Duration;

use cudarc::driver::sys::{
    self, CUDA_KERNEL_NODE_PARAMS, CUcontext, CUdevice, CUevent, CUevent_flags, CUfunction, CUfunction_attribute,
    CUgraph, CUgraphDependencyType, CUgraphEdgeData, CUgraphExec, CUgraphNode, CUmodule, CUresult, CUstream,
    CUstream_flags,
};
use greta_codegen::verify::Verified;

use super::calls::{call, check};
use super::compile::compile;
use super::cooperative;
use super::nvrtc::Nvrtc;
use crate::driver::gpu::api::{Api, Direction, Image, Launch, Shape};
use crate::error::{Activity, Error, Result};
use crate::resources::KernelResources;

/// The device's primary context, kept as long as this lives, and the compiler.
#[derive(Debug)]
pub(super) struct CudaApi {
    device: CUdevice,
    context: CUcontext,
    compiler: Nvrtc,
}

// SAFETY: CUDA's handles may be used from any thread.
unsafe impl Send for CudaApi {}
// SAFETY: as above.
unsafe impl Sync for CudaApi {}

impl CudaApi {
    /// Starts CUDA, takes the first GPU and finds the compiler.
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
        let compiler = Nvrtc::open()?;
        // SAFETY: what is pointed to is written during the calls only.
        unsafe {
            call!(cuDeviceGetCount(&raw mut count), Activity::Open)?;
            if count == 0 {
                return Err(Error::NoCuda(NO_GPU));
            }
            call!(cuDeviceGet(&raw mut device, 0), Activity::Open)?;
            call!(cuDevicePrimaryCtxRetain(&raw mut context, device), Activity::Open)?;
        }
        Ok(Self { device, context, compiler })
    }

    /// The GPU.
    pub(super) fn device(&self) -> CUdevice {
        self.device
    }

    /// Makes the device's context the thread's.
    pub(super) fn enter(&self) -> Result<()> {
        // SAFETY: the context is retained as long as this lives.
        unsafe { call!(cuCtxSetCurrent(self.context), Activity::Open) }
    }

    /// Makes a call whose handles say which context it is for, and makes it again in the device's context if it failed in
    /// another.
    ///
    /// Launches are too frequent to enter the context before each. CUDA refuses a launch on a stream of a context other
    /// than the thread's before anything is queued, so that the second call is the only one that counts. Most threads are
    /// in the context already: whatever else they asked of the device has put them there.
    fn in_context(&self, call: impl Fn() -> CUresult) -> Result<CUresult> {
        let status = call();
        if status == CUresult::CUDA_SUCCESS || self.is_current() {
            return Ok(status);
        }
        self.enter()?;
        Ok(call())
    }

    /// Whether the device's context is the thread's.
    fn is_current(&self) -> bool {
        let mut current = ptr::null_mut();
        // SAFETY: `current` is written during the call only.
        let status = unsafe { sys::cuCtxGetCurrent(&raw mut current) };
        status == CUresult::CUDA_SUCCESS && current == self.context
    }
}

// SAFETY: CUDA's handles may be used from any thread.
unsafe impl Api for CudaApi {
    type Stream = CUstream;
    type Event = CUevent;
    type Module = CUmodule;
    type Function = CUfunction;
    type Graph = CUgraph;
    type Exec = CUgraphExec;
    type Node = CUgraphNode;

    fn compiler(&self) -> Result<String> {
        Ok(self.compiler.identity())
    }

    fn compile(&self, kernel: &Verified) -> Result<Image> {
        compile(&self.compiler, kernel)
    }

    fn malloc(&self, bytes: usize, device: &str) -> Result<*mut c_void> {
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

    unsafe fn free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe {
            let waited = call!(cuCtxSynchronize(), Activity::Free { bytes });
            call!(cuMemFree_v2(pointer.expose_provenance() as u64), Activity::Free { bytes }).and(waited)
        }
    }

    fn host_malloc(&self, bytes: usize) -> Result<*mut c_void> {
        self.enter()?;
        let mut pointer = ptr::null_mut();
        // SAFETY: `pointer` is written during the call only.
        unsafe { call!(cuMemHostAlloc(&raw mut pointer, bytes, 0), Activity::Allocate { bytes }) }?;
        Ok(pointer)
    }

    unsafe fn host_free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuMemFreeHost(pointer), Activity::Free { bytes }) }
    }

    unsafe fn copy(
        &self,
        to: *mut c_void,
        from: *const c_void,
        bytes: usize,
        direction: Direction,
        stream: CUstream,
    ) -> Result<()> {
        self.enter()?;
        let device = |pointer: *const c_void| pointer.expose_provenance() as u64;
        let activity = || direction.activity(bytes);
        // SAFETY: as the caller's contract says.
        unsafe {
            match direction {
                Direction::Up => call!(cuMemcpyHtoDAsync_v2(device(to), from, bytes, stream), activity()),
                Direction::Down => call!(cuMemcpyDtoHAsync_v2(to, device(from), bytes, stream), activity()),
                Direction::Within => call!(cuMemcpyDtoDAsync_v2(device(to), device(from), bytes, stream), activity()),
            }
        }
    }

    unsafe fn fill(&self, to: *mut c_void, byte: u8, bytes: usize, stream: CUstream) -> Result<()> {
        self.enter()?;
        let activity = || Activity::Copy { bytes, direction: "of one value" };
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuMemsetD8Async(to.expose_provenance() as u64, byte, bytes, stream), activity()) }
    }

    fn stream_create(&self) -> Result<CUstream> {
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

    unsafe fn stream_destroy(&self, stream: CUstream) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamDestroy_v2(stream), Activity::Manage("the end of a stream")) }
    }

    unsafe fn stream_synchronize(&self, stream: CUstream, kernels: impl FnOnce() -> Vec<String>) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamSynchronize(stream), Activity::Wait { kernels: kernels() }) }
    }

    fn device_synchronize(&self, kernels: impl FnOnce() -> Vec<String>) -> Result<()> {
        self.enter()?;
        // SAFETY: the call takes nothing.
        unsafe { call!(cuCtxSynchronize(), Activity::Wait { kernels: kernels() }) }
    }

    fn event_create(&self) -> Result<CUevent> {
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

    unsafe fn event_destroy(&self, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventDestroy_v2(event), Activity::Manage("the end of an event")) }
    }

    unsafe fn event_record(&self, event: CUevent, stream: CUstream) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventRecord(event, stream), Activity::Manage("the record of an event")) }
    }

    unsafe fn stream_wait(&self, stream: CUstream, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuStreamWaitEvent(stream, event, 0), Activity::Manage("a stream's wait for an event")) }
    }

    unsafe fn event_query(&self, event: CUevent) -> Result<bool> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        let status = unsafe { sys::cuEventQuery(event) };
        if status == CUresult::CUDA_ERROR_NOT_READY {
            return Ok(false);
        }
        check("cuEventQuery", status, || Activity::Manage("the state of an event"))?;
        Ok(true)
    }

    unsafe fn event_synchronize(&self, event: CUevent) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuEventSynchronize(event), Activity::Wait { kernels: Vec::new() }) }
    }

    unsafe fn event_elapsed(&self, from: CUevent, to: CUevent) -> Result<Duration> {
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

    unsafe fn module_load(&self, image: &Image, kernel: &str) -> Result<CUmodule> {
        self.enter()?;
        let mut module = ptr::null_mut();
        let activity = || Activity::Load { kernel: kernel.to_owned() };
        // SAFETY: as the caller's contract says; `module` is written during the call only.
        unsafe { call!(cuModuleLoadData(&raw mut module, image.bytes.as_ptr().cast()), activity()) }?;
        Ok(module)
    }

    unsafe fn module_unload(&self, module: CUmodule, kernel: &str) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuModuleUnload(module), Activity::Load { kernel: kernel.to_owned() }) }
    }

    unsafe fn function(&self, module: CUmodule, symbol: &CStr) -> Result<CUfunction> {
        self.enter()?;
        let mut function = ptr::null_mut();
        let activity = || Activity::Load { kernel: symbol.to_string_lossy().into_owned() };
        // SAFETY: as the caller's contract says; `function` is written during the call only.
        unsafe { call!(cuModuleGetFunction(&raw mut function, module, symbol.as_ptr()), activity()) }?;
        Ok(function)
    }

    unsafe fn prepare(&self, function: CUfunction, shape: Shape, overlaps: bool, kernel: &str) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe {
            self.allow_shared(function, shape, kernel)?;
            if overlaps { self.divide_memory(function, shape, kernel) } else { Ok(()) }
        }
    }

    unsafe fn opt_resources(
        &self,
        function: CUfunction,
        shape: Shape,
        kernel: &str,
    ) -> Result<Option<KernelResources>> {
        use CUfunction_attribute::{
            CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, CU_FUNC_ATTRIBUTE_NUM_REGS,
            CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
        };
        // SAFETY: as the caller's contract says.
        let attribute = |attribute| unsafe { self.function_attribute(function, attribute, kernel) };
        let (threads, shared_bytes) = (shape.block.iter().product(), shape.shared_bytes);
        // SAFETY: as above.
        let blocks = unsafe { self.occupancy(function, threads, shared_bytes, kernel) }?;
        Ok(Some(KernelResources {
            name: kernel.to_owned(),
            vgprs: attribute(CU_FUNC_ATTRIBUTE_NUM_REGS)?,
            lds_bytes: attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)? + shared_bytes,
            scratch_bytes: attribute(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)?,
            max_block_threads: attribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
            // Four schedulers share a multiprocessor's waves.
            occupancy_waves: Some(blocks * threads.div_ceil(WAVE) / 4),
            wave_lanes: WAVE,
            ..KernelResources::default()
        }))
    }

    unsafe fn unit_blocks(&self, function: CUfunction, shape: Shape, kernel: &str) -> Result<u32> {
        // SAFETY: as the caller's contract says.
        unsafe { self.occupancy(function, shape.block.iter().product(), shape.shared_bytes, kernel) }
    }

    unsafe fn launch(
        &self,
        launch: Launch<CUfunction>,
        stream: CUstream,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        if launch.cooperative {
            // SAFETY: as the caller's contract says.
            let status = self.in_context(|| unsafe { cooperative::launch(launch, stream) })?;
            return check("cuLaunchKernelEx", status, activity);
        }
        let ([gx, gy, gz], [bx, by, bz]) = (launch.grid, launch.shape.block);
        let status = self.in_context(|| {
            let (shared, extra) = (launch.shape.shared_bytes, ptr::null_mut());
            // SAFETY: as the caller's contract says.
            unsafe {
                sys::cuLaunchKernel(launch.function, gx, gy, gz, bx, by, bz, shared, stream, launch.params, extra)
            }
        })?;
        check("cuLaunchKernel", status, activity)
    }

    fn graph_create(&self, nodes: usize) -> Result<CUgraph> {
        self.enter()?;
        let mut graph = ptr::null_mut();
        // SAFETY: `graph` is written during the call only.
        unsafe { call!(cuGraphCreate(&raw mut graph, 0), Activity::Graph { nodes }) }?;
        Ok(graph)
    }

    unsafe fn graph_add(
        &self,
        graph: CUgraph,
        dependencies: &[CUgraphNode],
        early: bool,
        launch: Launch<CUfunction>,
        activity: impl Fn() -> Activity,
    ) -> Result<CUgraphNode> {
        self.enter()?;
        let mut node = ptr::null_mut();
        let params = node_params(launch);
        let (first, count) = match dependencies {
            [] => (ptr::null(), 0),
            _ if early => (ptr::null(), 0),
            some => (some.as_ptr(), some.len()),
        };
        // SAFETY: as the caller's contract says; `node` is written during the call only.
        unsafe {
            call!(cuGraphAddKernelNode_v2(&raw mut node, graph, first, count, &raw const params), activity())?;
        }
        if launch.cooperative {
            // SAFETY: the node is a kernel's.
            check("cuGraphKernelNodeSetAttribute", unsafe { cooperative::mark(node) }, &activity)?;
        }
        if early {
            for dependency in dependencies {
                // SAFETY: both are nodes of the graph, of kernels.
                unsafe {
                    call!(
                        cuGraphAddDependencies_v2(graph, dependency, &raw const node, &raw const PROGRAMMATIC, 1),
                        Activity::Graph { nodes: dependencies.len() + 1 }
                    )?;
                }
            }
        }
        Ok(node)
    }

    unsafe fn graph_instantiate(&self, graph: CUgraph, nodes: usize) -> Result<CUgraphExec> {
        self.enter()?;
        let mut exec = ptr::null_mut();
        // SAFETY: as the caller's contract says; `exec` is written during the call only.
        unsafe {
            call!(cuGraphInstantiateWithFlags(&raw mut exec, graph, 0), Activity::Graph { nodes })?;
        }
        Ok(exec)
    }

    unsafe fn graph_update(
        &self,
        exec: CUgraphExec,
        node: CUgraphNode,
        launch: Launch<CUfunction>,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        self.enter()?;
        let params = node_params(launch);
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphExecKernelNodeSetParams_v2(exec, node, &raw const params), activity()) }
    }

    unsafe fn graph_launch(&self, exec: CUgraphExec, stream: CUstream, nodes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        let status = self.in_context(|| unsafe { sys::cuGraphLaunch(exec, stream) })?;
        check("cuGraphLaunch", status, || Activity::Graph { nodes })
    }

    unsafe fn exec_destroy(&self, exec: CUgraphExec, nodes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphExecDestroy(exec), Activity::Graph { nodes }) }
    }

    unsafe fn graph_destroy(&self, graph: CUgraph, nodes: usize) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuGraphDestroy(graph), Activity::Graph { nodes }) }
    }
}

fn node_params(launch: Launch<CUfunction>) -> CUDA_KERNEL_NODE_PARAMS {
    let ([gx, gy, gz], [bx, by, bz]) = (launch.grid, launch.shape.block);
    CUDA_KERNEL_NODE_PARAMS {
        func: launch.function,
        gridDimX: gx,
        gridDimY: gy,
        gridDimZ: gz,
        blockDimX: bx,
        blockDimY: by,
        blockDimZ: bz,
        sharedMemBytes: launch.shape.shared_bytes,
        kernelParams: launch.params,
        extra: ptr::null_mut(),
        kern: ptr::null_mut(),
        ctx: ptr::null_mut(),
    }
}

impl Drop for CudaApi {
    fn drop(&mut self) {
        // SAFETY: the context was retained once, and all that was made in it is gone.
        if let Err(error) = unsafe { call!(cuDevicePrimaryCtxRelease_v2(self.device), Activity::Open) } {
            tracing::warn!(%error, "the device's context was not released");
        }
    }
}

/// The edge to a kernel that waits by itself for the one before it, from where that one lets it start.
static PROGRAMMATIC: CUgraphEdgeData = CUgraphEdgeData {
    from_port: sys::CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC as u8,
    to_port: 0,
    type_: CUgraphDependencyType::CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC as u8,
    reserved: [0; 5],
};

/// Lanes of a wave.
const WAVE: u32 = 32;

/// The driver that has all calls made here: CUDA 12.8.
const DRIVER_VERSION_MIN: i32 = 12_080;

/// What is said where the driver is there and a GPU is not.
const NO_GPU: &str = "the NVIDIA driver finds no GPU; check it and CUDA_VISIBLE_DEVICES";
