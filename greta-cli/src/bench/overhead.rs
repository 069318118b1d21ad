//! What the host spends on a launch, beside the same launch made of the driver's own calls.
//!
//! Guarantees: both launch the same machine code with the same arguments on a stream of the same kind, in turn, and
//! check every status. Deliberately does not time what the device does.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Instant;

use cudarc::driver::sys::{self, CUresult};
use cudarc::driver::{CudaContext, CudaModule, CudaSlice, CudaStream, DevicePtr, DriverError};
use cudarc::nvrtc::Ptx;
use greta::{Buffer, GraphExec};
use greta_codegen::lower::lower;
use greta_llama::kernels::add::add;
use greta_runtime::Device;
use serde::{Deserialize, Serialize};

use super::BenchError;
use crate::measure::{Clock, Times};

/// Nodes of the graphs that are launched.
const GRAPH_NODES: [usize; 2] = [5, 200];
/// Elements that the kernel adds: one block's.
const LEN: usize = 256;
/// Launches that are timed together, of single kernels and of graphs: few enough for no queue to fill.
const LAUNCHES_PER_BATCH: usize = 200;
const GRAPHS_PER_BATCH: usize = 4;

/// Host time of a launch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Overhead {
    /// What is launched.
    pub(crate) name: String,
    pub(crate) host: Times,
    /// The same by the driver's calls, where there is a driver.
    pub(crate) raw: Option<Times>,
}

impl Overhead {
    /// How much longer the host takes than with the driver's own calls.
    pub(crate) fn opt_ratio(&self) -> Option<f64> {
        Some(self.host.median_us / self.raw?.median_us)
    }
}

/// Measures single launches and graphs.
///
/// # Errors
///
/// The device's and the driver's.
pub(super) fn measure(clock: &Clock, batches: usize) -> Result<Vec<Overhead>, BenchError> {
    let device = clock.stream.device();
    let opt_raw = if device.info().kind == "cuda" { Some(Raw::new(device)?) } else { None };
    let mut operands = Operands::new(device)?;
    let kernel = device.kernel(add::variant())?;
    let mut all = vec![compare(
        "launch",
        batches,
        LAUNCHES_PER_BATCH,
        clock,
        || Ok(kernel.launch(&clock.stream, 1, operands.args())?),
        opt_raw.as_ref(),
        Raw::launch,
    )?];
    for nodes in GRAPH_NODES {
        let graph = operands.graph(device, nodes)?;
        let opt_exec = opt_raw.as_ref().map(|raw| raw.graph(nodes)).transpose()?;
        let name = format!("graph of {nodes}");
        all.push(compare(
            &name,
            batches,
            GRAPHS_PER_BATCH,
            clock,
            || Ok(graph.launch(&clock.stream)?),
            opt_raw.as_ref(),
            |raw| opt_exec.as_ref().map_or(Ok(()), |exec| raw.launch_graph(exec)),
        )?);
    }
    Ok(all)
}

/// The kernel's arguments.
struct Operands {
    a: Buffer<f32>,
    b: Buffer<f32>,
    y: Buffer<f32>,
}

impl Operands {
    fn new(device: &Device) -> Result<Self, greta_runtime::Error> {
        let ones = vec![1.0; LEN];
        Ok(Self { a: device.buffer_from(&ones)?, b: device.buffer_from(&ones)?, y: device.zeroed(LEN)? })
    }

    fn args(&mut self) -> add::Args<'_> {
        add::Args { a: &self.a, b: &self.b, y: &mut self.y, len: LEN as u32 }
    }

    fn graph(&mut self, device: &Device, nodes: usize) -> Result<GraphExec, greta_runtime::Error> {
        let kernel = device.kernel(add::variant())?;
        let mut graph = device.graph();
        for _ in 0..nodes {
            graph.add(&kernel, 1, self.args())?;
        }
        graph.instantiate()
    }
}

/// Times batches of launches by greta and by the driver's calls, in turn.
fn compare(
    name: &str,
    batches: usize,
    per_batch: usize,
    clock: &Clock,
    mut launch: impl FnMut() -> Result<(), BenchError>,
    opt_raw: Option<&Raw>,
    mut launch_raw: impl FnMut(&Raw) -> Result<(), BenchError>,
) -> Result<Overhead, BenchError> {
    let (mut host, mut raw_times) = (Vec::new(), Vec::new());
    // The first batch warms up.
    for batch in 0..=batches {
        let time = timed(per_batch, &mut launch)?;
        clock.stream.synchronize()?;
        if batch > 0 {
            host.push(time);
        }
        let Some(raw) = opt_raw else { continue };
        let time = timed(per_batch, || launch_raw(raw))?;
        raw.stream.synchronize()?;
        if batch > 0 {
            raw_times.push(time);
        }
    }
    let raw = opt_raw.map(|_| Times::of(raw_times));
    Ok(Overhead { name: name.to_owned(), host: Times::of(host), raw })
}

/// Microseconds of one of `count` calls.
fn timed(count: usize, mut call: impl FnMut() -> Result<(), BenchError>) -> Result<f64, BenchError> {
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / count as f64)
}

/// The kernel and its arguments in the hands of the driver's calls.
struct Raw {
    stream: Arc<CudaStream>,
    function: sys::CUfunction,
    block: u32,
    /// The values of a, b, y and len.
    values: [u64; 4],
    _buffers: [CudaSlice<f32>; 3],
    _module: Arc<CudaModule>,
}

/// A graph and what was instantiated of it.
struct RawGraph {
    graph: sys::CUgraph,
    exec: sys::CUgraphExec,
}

impl Drop for RawGraph {
    fn drop(&mut self) {
        // SAFETY: both were made once, and no launch of them is under way: every batch is waited for.
        unsafe {
            let _ = sys::cuGraphExecDestroy(self.exec);
            let _ = sys::cuGraphDestroy(self.graph);
        }
    }
}

fn check(status: CUresult) -> Result<(), BenchError> {
    if status == CUresult::CUDA_SUCCESS { Ok(()) } else { Err(DriverError(status).into()) }
}

impl Raw {
    fn new(device: &Device) -> Result<Self, BenchError> {
        let verified = lower(&add::DEFINITION, &add::DEFINITION.defaults(), device.target())
            .expect("invariant: the library's kernels are valid");
        let block = verified.kernel().block[0].value;
        let cubin = greta_runtime::compile::cuda(&verified)?;
        let context = CudaContext::new(0)?;
        let stream = context.new_stream()?;
        let module = context.load_module(Ptx::from_binary(cubin))?;
        let function = module.load_function(add::DEFINITION.name)?.cu_function();
        let ones = vec![1.0_f32; LEN];
        let buffers = [stream.clone_htod(&ones)?, stream.clone_htod(&ones)?, stream.clone_htod(&ones)?];
        let address = |buffer: &CudaSlice<f32>| buffer.device_ptr(&stream).0;
        let values = [address(&buffers[0]), address(&buffers[1]), address(&buffers[2]), LEN as u64];
        stream.synchronize()?;
        Ok(Self { stream, function, block, values, _buffers: buffers, _module: module })
    }

    fn pointers(&self) -> [*mut c_void; 4] {
        self.values.each_ref().map(|value| std::ptr::from_ref(value).cast_mut().cast())
    }

    fn launch(&self) -> Result<(), BenchError> {
        let mut pointers = self.pointers();
        // SAFETY: the function takes three pointers and a word; its buffers have the length that the word says.
        check(unsafe {
            sys::cuLaunchKernel(
                self.function,
                1,
                1,
                1,
                self.block,
                1,
                1,
                0,
                self.stream.cu_stream(),
                pointers.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        })
    }

    /// A graph in which each node waits for the one before it.
    fn graph(&self, nodes: usize) -> Result<RawGraph, BenchError> {
        let mut raw = RawGraph { graph: std::ptr::null_mut(), exec: std::ptr::null_mut() };
        let mut pointers = self.pointers();
        let params = sys::CUDA_KERNEL_NODE_PARAMS {
            func: self.function,
            gridDimX: 1,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.block,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            kernelParams: pointers.as_mut_ptr(),
            extra: std::ptr::null_mut(),
            kern: std::ptr::null_mut(),
            ctx: std::ptr::null_mut(),
        };
        // SAFETY: what is pointed to is read and written during the calls only, or belongs to the graph.
        unsafe {
            check(sys::cuGraphCreate(&raw mut raw.graph, 0))?;
            let mut before: sys::CUgraphNode = std::ptr::null_mut();
            for number in 0..nodes {
                let (from, count) = if number == 0 { (std::ptr::null(), 0) } else { (&raw const before, 1) };
                let mut node = std::ptr::null_mut();
                check(sys::cuGraphAddKernelNode_v2(&raw mut node, raw.graph, from, count, &raw const params))?;
                before = node;
            }
            check(sys::cuGraphInstantiateWithFlags(&raw mut raw.exec, raw.graph, 0))?;
        }
        Ok(raw)
    }

    fn launch_graph(&self, graph: &RawGraph) -> Result<(), BenchError> {
        // SAFETY: the graph is instantiated, and its buffers live as long as this.
        check(unsafe { sys::cuGraphLaunch(graph.exec, self.stream.cu_stream()) })
    }
}
