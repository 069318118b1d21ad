//! What the driver of a GPU asks of HIP or CUDA: the calls that both have, each with its status checked.
//!
//! Guarantees: an implementation turns a status other than success into an error that names the call, the status and
//! what it was for. Deliberately does not know who owns a handle: that is the driver's business, and why most of this is
//! unsafe.

use std::ffi::{CStr, c_void};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use greta_codegen::verify::Verified;

use crate::compile::LineSource;
use crate::error::{Activity, Result};
use crate::resources::KernelResources;

/// A kernel as the device loads it.
#[derive(Debug)]
pub(in crate::driver) struct Image {
    /// The code object or cubin.
    pub(in crate::driver) bytes: Vec<u8>,
    /// Shared memory that each launch must give, in bytes.
    pub(in crate::driver) launch_shared_bytes: u32,
    /// What the kernel costs, if the image says so.
    pub(in crate::driver) resources: Option<KernelResources>,
    /// Where its instructions come from, if the device has a use for that.
    pub(in crate::driver) lines: Option<Arc<LineSource>>,
}

/// Between what a copy goes.
#[derive(Clone, Copy, Debug)]
pub(in crate::driver) enum Direction {
    Up,
    Down,
    Within,
}

impl Direction {
    /// A copy of so many bytes, as errors name it.
    pub(in crate::driver) fn activity(self, bytes: usize) -> Activity {
        let direction = match self {
            Self::Up => "to the device",
            Self::Down => "to the host",
            Self::Within => "within the device",
        };
        Activity::Copy { bytes, direction }
    }
}

/// Threads of a block and the shared memory that a launch gives it, in bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::driver) struct Shape {
    pub(in crate::driver) block: [u32; 3],
    pub(in crate::driver) shared_bytes: u32,
}

/// What a launch or a graph's node runs.
#[derive(Clone, Copy, Debug)]
pub(in crate::driver) struct Launch<F> {
    pub(in crate::driver) function: F,
    pub(in crate::driver) grid: [u32; 3],
    pub(in crate::driver) shape: Shape,
    /// Whether its blocks wait for each other, so that all must run at the same time.
    pub(in crate::driver) cooperative: bool,
    /// A pointer to each argument's value.
    pub(in crate::driver) params: *mut *mut c_void,
}

/// The calls of HIP or CUDA that the driver makes, with their statuses checked.
///
/// # Safety
///
/// Handles may be used from any thread.
pub(in crate::driver) unsafe trait Api: Debug + Send + Sync + Sized + 'static {
    /// A stream's handle.
    type Stream: Copy + Debug;
    /// An event's.
    type Event: Copy + Debug;
    /// A loaded image's.
    type Module: Copy + Debug;
    /// A kernel's in a module.
    type Function: Copy + Debug;
    /// A graph's.
    type Graph: Copy + Debug;
    /// An instantiated graph's.
    type Exec: Copy + Debug;
    /// A node's in a graph.
    type Node: Copy + Debug;

    /// What compiles kernels, with its version.
    fn compiler(&self) -> Result<String>;

    /// Compiles a kernel, or takes it from the cache.
    fn compile(&self, kernel: &Verified) -> Result<Image>;

    /// Takes memory of the device that is called so.
    fn malloc(&self, bytes: usize, device: &str) -> Result<*mut c_void>;

    /// Gives memory back, after work submitted before, which may still use it.
    ///
    /// # Safety
    ///
    /// `pointer` comes from `malloc` and is not used again.
    unsafe fn free(&self, pointer: *mut c_void, bytes: usize) -> Result<()>;

    /// Takes host memory that the device reads and writes.
    fn host_malloc(&self, bytes: usize) -> Result<*mut c_void>;

    /// Gives host memory back.
    ///
    /// # Safety
    ///
    /// `pointer` comes from `host_malloc` and is not used again, by no copy either.
    unsafe fn host_free(&self, pointer: *mut c_void, bytes: usize) -> Result<()>;

    /// Copies in the stream's order.
    ///
    /// # Safety
    ///
    /// Both ranges are live until the stream has passed the copy.
    unsafe fn copy(
        &self,
        to: *mut c_void,
        from: *const c_void,
        bytes: usize,
        direction: Direction,
        stream: Self::Stream,
    ) -> Result<()>;

    /// Sets every byte in the stream's order.
    ///
    /// # Safety
    ///
    /// The range is live until the stream has passed the fill.
    unsafe fn fill(&self, to: *mut c_void, byte: u8, bytes: usize, stream: Self::Stream) -> Result<()>;

    /// Makes a stream that does not wait for the null stream.
    fn stream_create(&self) -> Result<Self::Stream>;

    /// Ends a stream.
    ///
    /// # Safety
    ///
    /// The stream is live and not used again.
    unsafe fn stream_destroy(&self, stream: Self::Stream) -> Result<()>;

    /// Waits for a stream, on which these kernels were launched.
    ///
    /// # Safety
    ///
    /// The stream is live.
    unsafe fn stream_synchronize(&self, stream: Self::Stream, kernels: impl FnOnce() -> Vec<String>) -> Result<()>;

    /// Waits for the device, on which these kernels were launched.
    fn device_synchronize(&self, kernels: impl FnOnce() -> Vec<String>) -> Result<()>;

    /// Makes an event.
    fn event_create(&self) -> Result<Self::Event>;

    /// Ends an event.
    ///
    /// # Safety
    ///
    /// The event is live and not used again.
    unsafe fn event_destroy(&self, event: Self::Event) -> Result<()>;

    /// Records an event in a stream's order.
    ///
    /// # Safety
    ///
    /// Both are live.
    unsafe fn event_record(&self, event: Self::Event, stream: Self::Stream) -> Result<()>;

    /// Makes a stream wait for an event.
    ///
    /// # Safety
    ///
    /// Both are live.
    unsafe fn stream_wait(&self, stream: Self::Stream, event: Self::Event) -> Result<()>;

    /// Whether an event has been passed.
    ///
    /// # Safety
    ///
    /// The event is live.
    unsafe fn event_query(&self, event: Self::Event) -> Result<bool>;

    /// Waits for an event.
    ///
    /// # Safety
    ///
    /// The event is live.
    unsafe fn event_synchronize(&self, event: Self::Event) -> Result<()>;

    /// The time between two events.
    ///
    /// # Safety
    ///
    /// Both events are live.
    unsafe fn event_elapsed(&self, from: Self::Event, to: Self::Event) -> Result<Duration>;

    /// Loads an image.
    ///
    /// # Safety
    ///
    /// `image` is what `compile` gave, and its bytes live as long as the module.
    unsafe fn module_load(&self, image: &Image, kernel: &str) -> Result<Self::Module>;

    /// Unloads an image.
    ///
    /// # Safety
    ///
    /// The module is live and not used again; no kernel of it runs.
    unsafe fn module_unload(&self, module: Self::Module, kernel: &str) -> Result<()>;

    /// The kernel of a module that is called so.
    ///
    /// # Safety
    ///
    /// The module is live.
    unsafe fn function(&self, module: Self::Module, symbol: &CStr) -> Result<Self::Function>;

    /// Prepares a kernel for launches of such blocks, of as much shared memory or less. `overlaps` says that it
    /// runs beside the kernels ahead and after it.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    unsafe fn prepare(&self, function: Self::Function, shape: Shape, overlaps: bool, kernel: &str) -> Result<()>;

    /// What a kernel costs, if the device says so.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    unsafe fn opt_resources(
        &self,
        function: Self::Function,
        shape: Shape,
        kernel: &str,
    ) -> Result<Option<KernelResources>>;

    /// Blocks of a kernel that a compute unit holds at once.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    unsafe fn unit_blocks(&self, function: Self::Function, shape: Shape, kernel: &str) -> Result<u32>;

    /// Launches a kernel in the stream's order.
    ///
    /// # Safety
    ///
    /// All handles are live, and the parameters are the function's.
    unsafe fn launch(
        &self,
        launch: Launch<Self::Function>,
        stream: Self::Stream,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()>;

    /// Makes a graph that will have so many nodes.
    fn graph_create(&self, nodes: usize) -> Result<Self::Graph>;

    /// Adds a node that waits for the dependencies. With `early` its kernel may be started before they have ended,
    /// where the API can do that, since it waits for them by itself.
    ///
    /// # Safety
    ///
    /// All handles are live, the dependencies are nodes of the graph, the parameters are the function's and live as
    /// long as the graph. With `early` the kernel waits before it touches what they write.
    unsafe fn graph_add(
        &self,
        graph: Self::Graph,
        dependencies: &[Self::Node],
        early: bool,
        launch: Launch<Self::Function>,
        activity: impl Fn() -> Activity,
    ) -> Result<Self::Node>;

    /// Makes a graph ready to launch.
    ///
    /// # Safety
    ///
    /// The graph is live.
    unsafe fn graph_instantiate(&self, graph: Self::Graph, nodes: usize) -> Result<Self::Exec>;

    /// Gives a node of an instantiated graph other arguments.
    ///
    /// # Safety
    ///
    /// All handles are live, the node is the graph's, the parameters are the function's and live as long as the graph.
    unsafe fn graph_update(
        &self,
        exec: Self::Exec,
        node: Self::Node,
        launch: Launch<Self::Function>,
        activity: impl FnOnce() -> Activity,
    ) -> Result<()>;

    /// Launches a graph in the stream's order.
    ///
    /// # Safety
    ///
    /// Both are live, and so is all that the graph's nodes use.
    unsafe fn graph_launch(&self, exec: Self::Exec, stream: Self::Stream, nodes: usize) -> Result<()>;

    /// Ends an instantiated graph.
    ///
    /// # Safety
    ///
    /// The handle is live, not running and not used again.
    unsafe fn exec_destroy(&self, exec: Self::Exec, nodes: usize) -> Result<()>;

    /// Ends a graph.
    ///
    /// # Safety
    ///
    /// The graph is live and not used again.
    unsafe fn graph_destroy(&self, graph: Self::Graph, nodes: usize) -> Result<()>;
}
