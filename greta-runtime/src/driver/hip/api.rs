//! The HIP calls that the driver makes, each with its status checked.
//!
//! Guarantees: a status other than success becomes an error that names the call, the status and what it was for.
//! Deliberately does not know who owns a handle.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::time::Duration;

use greta_codegen::verify::Verified;
use greta_hip_emulator::FindLine;
use hip_sys::{
    Hip, dim3, hipDeviceProp_tR0600, hipError_t, hipErrorNoDevice, hipErrorNotReady, hipErrorOutOfMemory, hipEvent_t,
    hipEventDefault, hipFunction_t, hipGraph_t, hipGraphExec_t, hipGraphNode_t, hipHostMallocDefault,
    hipKernelNodeParams, hipLaunchAttributeCooperative, hipLaunchAttributeValue, hipMemcpyDeviceToDevice,
    hipMemcpyDeviceToHost, hipMemcpyHostToDevice, hipMemcpyKind, hipModule_t, hipStream_t, hipStreamNonBlocking,
    hipSuccess,
};

use crate::driver::gpu::api::{Api, Direction, Image, Launch, Shape};
use crate::error::{Activity, DriverError, Error, Result};
use crate::resources::KernelResources;

/// The table of HIP's functions, with their statuses checked.
#[derive(Debug)]
pub(super) struct HipApi {
    table: Hip,
    compile: Compile,
    opt_set_lines: Option<SetLines>,
}

/// Makes a code object of a kernel.
pub(super) type Compile = fn(&Verified) -> Result<Image>;

/// Tells a device in this process where a module's instructions come from.
pub(super) type SetLines = fn(hipModule_t, Box<FindLine>) -> bool;

macro_rules! call {
    ($api:ident.$name:ident($($argument:expr),* $(,)?), $activity:expr) => {
        $api.check(stringify!($name), ($api.table.$name)($($argument),*), || $activity)
    };
}

impl HipApi {
    pub(super) fn new(table: Hip, compile: Compile, opt_set_lines: Option<SetLines>) -> Self {
        Self { table, compile, opt_set_lines }
    }

    fn check(&self, call: &'static str, status: hipError_t, activity: impl FnOnce() -> Activity) -> Result<()> {
        if status == hipSuccess {
            return Ok(());
        }
        // SAFETY: both take any status and give a string that lives as long as the library, or null.
        let (name, text) =
            unsafe { (owned((self.table.hipGetErrorName)(status)), owned((self.table.hipGetErrorString)(status))) };
        Err(Error::Driver(Box::new(DriverError { call, status, name, text, activity: activity() })))
    }

    /// Starts HIP and counts the GPUs.
    pub(super) fn open(&self) -> Result<usize> {
        let mut count = 0;
        let none = |error: &Error| matches!(error, Error::Driver(error) if error.status == hipErrorNoDevice);
        // SAFETY: `count` is written during the call only.
        let started = unsafe {
            call!(self.hipInit(0), Activity::Open)
                .and_then(|()| call!(self.hipGetDeviceCount(&raw mut count), Activity::Open))
        };
        match started {
            Err(error) if none(&error) => return Ok(0),
            started => started?,
        }
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Makes the first GPU the thread's, and describes it.
    pub(super) fn properties(&self) -> Result<hipDeviceProp_tR0600> {
        let mut properties = hipDeviceProp_tR0600::zeroed();
        // SAFETY: the structure has the size that this version of the call fills.
        unsafe {
            call!(self.hipSetDevice(0), Activity::Open)?;
            call!(self.hipGetDevicePropertiesR0600(&raw mut properties, 0), Activity::Open)?;
        }
        Ok(properties)
    }
}

// SAFETY: HIP's handles may be used from any thread.
unsafe impl Api for HipApi {
    type Stream = hipStream_t;
    type Event = hipEvent_t;
    type Module = hipModule_t;
    type Function = hipFunction_t;
    type Graph = hipGraph_t;
    type Exec = hipGraphExec_t;
    type Node = hipGraphNode_t;

    fn compiler(&self) -> Result<String> {
        super::compile::identity()
    }

    fn compile(&self, kernel: &Verified) -> Result<Image> {
        (self.compile)(kernel)
    }

    fn malloc(&self, bytes: usize, device: &str) -> Result<*mut c_void> {
        let mut pointer = ptr::null_mut();
        // SAFETY: `pointer` is written during the call only.
        let status = unsafe { (self.table.hipMalloc)(&raw mut pointer, bytes) };
        if status == hipErrorOutOfMemory {
            return Err(Error::OutOfMemory { device: device.to_owned(), bytes });
        }
        self.check("hipMalloc", status, || Activity::Allocate { bytes })?;
        Ok(pointer)
    }

    unsafe fn free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipFree(pointer), Activity::Free { bytes }) }
    }

    fn host_malloc(&self, bytes: usize) -> Result<*mut c_void> {
        let mut pointer = ptr::null_mut();
        // SAFETY: `pointer` is written during the call only.
        unsafe {
            call!(self.hipHostMalloc(&raw mut pointer, bytes, hipHostMallocDefault), Activity::Allocate { bytes })?;
        }
        Ok(pointer)
    }

    unsafe fn host_free(&self, pointer: *mut c_void, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipHostFree(pointer), Activity::Free { bytes }) }
    }

    unsafe fn copy(
        &self,
        to: *mut c_void,
        from: *const c_void,
        bytes: usize,
        direction: Direction,
        stream: hipStream_t,
    ) -> Result<()> {
        let kind = copy_kind(direction);
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipMemcpyAsync(to, from, bytes, kind, stream), direction.activity(bytes)) }
    }

    unsafe fn fill(&self, to: *mut c_void, byte: u8, bytes: usize, stream: hipStream_t) -> Result<()> {
        let activity = || Activity::Copy { bytes, direction: "of one value" };
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipMemsetAsync(to, byte.into(), bytes, stream), activity()) }
    }

    fn stream_create(&self) -> Result<hipStream_t> {
        let mut stream = ptr::null_mut();
        // SAFETY: `stream` is written during the call only.
        unsafe {
            call!(
                self.hipStreamCreateWithFlags(&raw mut stream, hipStreamNonBlocking),
                Activity::Manage("a new stream")
            )?;
        }
        Ok(stream)
    }

    unsafe fn stream_destroy(&self, stream: hipStream_t) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipStreamDestroy(stream), Activity::Manage("the end of a stream")) }
    }

    unsafe fn stream_synchronize(&self, stream: hipStream_t, kernels: impl FnOnce() -> Vec<String>) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipStreamSynchronize(stream), Activity::Wait { kernels: kernels() }) }
    }

    fn device_synchronize(&self, kernels: impl FnOnce() -> Vec<String>) -> Result<()> {
        // SAFETY: the call takes nothing.
        unsafe { call!(self.hipDeviceSynchronize(), Activity::Wait { kernels: kernels() }) }
    }

    fn event_create(&self) -> Result<hipEvent_t> {
        let mut event = ptr::null_mut();
        // SAFETY: `event` is written during the call only.
        unsafe {
            call!(self.hipEventCreateWithFlags(&raw mut event, hipEventDefault), Activity::Manage("a new event"))?;
        }
        Ok(event)
    }

    unsafe fn event_destroy(&self, event: hipEvent_t) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipEventDestroy(event), Activity::Manage("the end of an event")) }
    }

    unsafe fn event_record(&self, event: hipEvent_t, stream: hipStream_t) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipEventRecord(event, stream), Activity::Manage("the record of an event")) }
    }

    unsafe fn stream_wait(&self, stream: hipStream_t, event: hipEvent_t) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipStreamWaitEvent(stream, event, 0), Activity::Manage("a stream's wait for an event")) }
    }

    unsafe fn event_query(&self, event: hipEvent_t) -> Result<bool> {
        // SAFETY: as the caller's contract says.
        let status = unsafe { (self.table.hipEventQuery)(event) };
        if status == hipErrorNotReady {
            return Ok(false);
        }
        self.check("hipEventQuery", status, || Activity::Manage("the state of an event"))?;
        Ok(true)
    }

    unsafe fn event_synchronize(&self, event: hipEvent_t) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipEventSynchronize(event), Activity::Wait { kernels: Vec::new() }) }
    }

    unsafe fn event_elapsed(&self, from: hipEvent_t, to: hipEvent_t) -> Result<Duration> {
        let mut milliseconds = 0.0_f32;
        // SAFETY: as the caller's contract says; `milliseconds` is written during the call only.
        unsafe {
            call!(
                self.hipEventElapsedTime(&raw mut milliseconds, from, to),
                Activity::Manage("the time between two events")
            )?;
        }
        Ok(Duration::try_from_secs_f64(f64::from(milliseconds) / 1e3).unwrap_or_default())
    }

    unsafe fn module_load(&self, image: &Image, kernel: &str) -> Result<hipModule_t> {
        let mut module = ptr::null_mut();
        let activity = || Activity::Load { kernel: kernel.to_owned() };
        // SAFETY: as the caller's contract says; `module` is written during the call only.
        unsafe { call!(self.hipModuleLoadData(&raw mut module, image.bytes.as_ptr().cast()), activity()) }?;
        if let (Some(set_lines), Some(lines)) = (self.opt_set_lines, image.lines.clone()) {
            set_lines(module, Box::new(move |object, offset| lines.opt_line(object, offset)));
        }
        Ok(module)
    }

    unsafe fn module_unload(&self, module: hipModule_t, kernel: &str) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipModuleUnload(module), Activity::Load { kernel: kernel.to_owned() }) }
    }

    unsafe fn function(&self, module: hipModule_t, symbol: &CStr) -> Result<hipFunction_t> {
        let mut function = ptr::null_mut();
        let activity = || Activity::Load { kernel: symbol.to_string_lossy().into_owned() };
        // SAFETY: as the caller's contract says; `function` is written during the call only.
        unsafe { call!(self.hipModuleGetFunction(&raw mut function, module, symbol.as_ptr()), activity()) }?;
        Ok(function)
    }

    unsafe fn prepare(&self, _: hipFunction_t, _: Shape, _: bool, _: &str) -> Result<()> {
        // A block gets what its launch asks for.
        Ok(())
    }

    unsafe fn opt_resources(&self, _: hipFunction_t, _: Shape, _: &str) -> Result<Option<KernelResources>> {
        // They are read from the code object.
        Ok(None)
    }

    unsafe fn unit_blocks(&self, function: hipFunction_t, shape: Shape, kernel: &str) -> Result<u32> {
        let mut blocks = 0;
        let threads = c_int::try_from(shape.block.iter().product::<u32>()).unwrap_or(c_int::MAX);
        let shared_bytes = shape.shared_bytes as usize;
        let activity = || Activity::Load { kernel: kernel.to_owned() };
        // SAFETY: as the caller's contract says; `blocks` is written during the call only.
        unsafe {
            call!(
                self.hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
                    &raw mut blocks,
                    function,
                    threads,
                    shared_bytes
                ),
                activity()
            )?;
        }
        Ok(u32::try_from(blocks).unwrap_or(0))
    }

    unsafe fn launch(
        &self,
        launch: Launch<hipFunction_t>,
        stream: hipStream_t,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        let Launch { function: f, grid: [gx, gy, gz], shape, params, .. } = launch;
        let ([bx, by, bz], shared) = (shape.block, shape.shared_bytes);
        if launch.cooperative {
            let call = self.table.hipModuleLaunchCooperativeKernel;
            // SAFETY: as the caller's contract says.
            let status = unsafe { call(f, gx, gy, gz, bx, by, bz, shared, stream, params) };
            return self.check("hipModuleLaunchCooperativeKernel", status, activity);
        }
        let call = self.table.hipModuleLaunchKernel;
        // SAFETY: as the caller's contract says.
        let status = unsafe { call(f, gx, gy, gz, bx, by, bz, shared, stream, params, ptr::null_mut()) };
        self.check("hipModuleLaunchKernel", status, activity)
    }

    fn graph_create(&self, nodes: usize) -> Result<hipGraph_t> {
        let mut graph = ptr::null_mut();
        // SAFETY: `graph` is written during the call only.
        unsafe { call!(self.hipGraphCreate(&raw mut graph, 0), Activity::Graph { nodes }) }?;
        Ok(graph)
    }

    unsafe fn graph_add(
        &self,
        graph: hipGraph_t,
        dependencies: &[hipGraphNode_t],
        _early: bool,
        launch: Launch<hipFunction_t>,
        activity: impl Fn() -> Activity,
    ) -> Result<hipGraphNode_t> {
        let mut node = ptr::null_mut();
        let params = node_params(launch);
        let (first, count) = match dependencies {
            [] => (ptr::null(), 0),
            some => (some.as_ptr(), some.len()),
        };
        // SAFETY: as the caller's contract says; `node` is written during the call only.
        unsafe {
            call!(self.hipGraphAddKernelNode(&raw mut node, graph, first, count, &raw const params), activity())?;
        }
        if launch.cooperative {
            let mut value = hipLaunchAttributeValue { words: [0; 8] };
            value.cooperative = 1;
            let (attribute, value) = (hipLaunchAttributeCooperative, &raw const value);
            // SAFETY: the node is a kernel's, and the value is read during the call only.
            unsafe { call!(self.hipGraphKernelNodeSetAttribute(node, attribute, value), activity())? };
        }
        Ok(node)
    }

    unsafe fn graph_instantiate(&self, graph: hipGraph_t, nodes: usize) -> Result<hipGraphExec_t> {
        let mut exec = ptr::null_mut();
        // SAFETY: as the caller's contract says; `exec` is written during the call only, and no log is asked for.
        unsafe {
            let (node, log) = (ptr::null_mut(), ptr::null_mut());
            call!(self.hipGraphInstantiate(&raw mut exec, graph, node, log, 0), Activity::Graph { nodes })?;
        }
        Ok(exec)
    }

    unsafe fn graph_update(
        &self,
        exec: hipGraphExec_t,
        node: hipGraphNode_t,
        launch: Launch<hipFunction_t>,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()> {
        let params = node_params(launch);
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipGraphExecKernelNodeSetParams(exec, node, &raw const params), activity()) }
    }

    unsafe fn graph_launch(&self, exec: hipGraphExec_t, stream: hipStream_t, nodes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipGraphLaunch(exec, stream), Activity::Graph { nodes }) }
    }

    unsafe fn exec_destroy(&self, exec: hipGraphExec_t, nodes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipGraphExecDestroy(exec), Activity::Graph { nodes }) }
    }

    unsafe fn graph_destroy(&self, graph: hipGraph_t, nodes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { call!(self.hipGraphDestroy(graph), Activity::Graph { nodes }) }
    }
}

fn copy_kind(direction: Direction) -> hipMemcpyKind {
    match direction {
        Direction::Up => hipMemcpyHostToDevice,
        Direction::Down => hipMemcpyDeviceToHost,
        Direction::Within => hipMemcpyDeviceToDevice,
    }
}

fn node_params(launch: Launch<hipFunction_t>) -> hipKernelNodeParams {
    let dim = |[x, y, z]: [u32; 3]| dim3 { x, y, z };
    hipKernelNodeParams {
        blockDim: dim(launch.shape.block),
        extra: ptr::null_mut(),
        func: launch.function.cast(),
        gridDim: dim(launch.grid),
        kernelParams: launch.params,
        sharedMemBytes: launch.shape.shared_bytes,
    }
}

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
