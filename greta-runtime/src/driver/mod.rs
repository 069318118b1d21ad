//! What a driver must do: the one trait between the runtime and a kind of device.
//!
//! A driver hands out handles ([`DriverStream`], [`DriverKernel`] …) of what it makes. Their owners in the files above
//! give each stream and each event back exactly once and never use it after. Work on one stream happens in the order it was submitted.
//! Deliberately does not know element types, hazards or who shares a buffer: arguments arrive checked.

pub(crate) mod cpu;
pub(crate) mod cuda;
mod gpu;
mod handle;
pub(crate) mod hip;
mod undefined;
mod values;

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greta_codegen::ir::Literal;
use greta_codegen::target::Target;
use greta_codegen::verify::Verified;

pub(crate) use self::handle::{DriverEvent, DriverGraph, DriverKernel, DriverStream};
use crate::device::DeviceInfo;
use crate::error::Result;
use crate::module::Parameter;
use crate::resources::KernelResources;

/// A panic elsewhere leaves what the mutex holds as it is, which is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address in a device's memory. Only its driver looks behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address(pub(crate) *mut u8);

// SAFETY: an address is a number to everyone but its driver, and drivers take it from any thread.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

impl Address {
    /// The address `bytes` further on, within the same allocation.
    pub(crate) fn offset(self, bytes: usize) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

/// What fresh memory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// Anything.
    Unspecified,
    /// Zeros.
    Zeros,
}

/// An argument as a driver passes it on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DriverArgument {
    /// A value.
    Scalar(Literal),
    /// The part of a buffer that the kernel sees.
    Buffer {
        /// Where it starts.
        address: Address,
        /// How far it goes.
        bytes: usize,
        /// Bytes from the start of its allocation.
        offset: usize,
    },
}

/// One launch of a kernel; every check has been made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DriverLaunch<'a> {
    /// Which kernel.
    pub(crate) kernel: &'a DriverKernel,
    /// Blocks in x, y and z.
    pub(crate) grid: [u32; 3],
    /// Elements of its dynamic shared array; 0 if it has none.
    pub(crate) shared_elements: u32,
    /// One per parameter.
    pub(crate) arguments: &'a [DriverArgument],
}

/// A node of a graph and the earlier nodes that it waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DriverNode<'a> {
    /// What it launches.
    pub(crate) launch: DriverLaunch<'a>,
    /// Numbers of earlier nodes, ascending.
    pub(crate) dependencies: &'a [usize],
    /// Whether the kernel may begin before its dependency, of which there is one, has ended: it waits by itself.
    pub(crate) early: bool,
}

/// A kernel that is ready to launch.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The kernel.
    pub(crate) kernel: DriverKernel,
    /// What it costs a compute unit, if the driver compiled it.
    pub(crate) resources: Option<KernelResources>,
}

/// A kind of device.
///
/// The unsafe functions share one contract: every address and length lies within a live allocation of this driver
/// (or, where the text says so, of the host), and stays alive until the stream has passed the operation.
pub(crate) trait Driver: Send + Sync + Debug {
    /// What the device is.
    fn info(&self) -> &DeviceInfo;

    /// What kernels are traced and compiled for.
    fn target(&self) -> &'static Target;

    /// What compiles kernels, with its version.
    fn compiler(&self) -> Result<String>;

    /// Whether addresses are the host's own and each operation has finished when its function returns: then memory of
    /// the host serves as a buffer, and copies need no staging.
    fn is_host(&self) -> bool;

    /// Takes memory; `bytes` is not 0.
    fn allocate(&self, bytes: usize, contents: Contents) -> Result<Address>;

    /// Gives memory back, after all work submitted so far has finished.
    ///
    /// # Safety
    ///
    /// `address` comes from `allocate` with the same `bytes`, and is not used again.
    unsafe fn free(&self, address: Address, bytes: usize) -> Result<()>;

    /// Takes host memory that copies run from and to at full speed; `bytes` is not 0.
    fn allocate_host(&self, bytes: usize) -> Result<Address>;

    /// Gives host memory back.
    ///
    /// # Safety
    ///
    /// `address` comes from `allocate_host` with the same `bytes`; no copy uses it any more.
    unsafe fn free_host(&self, address: Address, bytes: usize) -> Result<()>;

    /// Copies from the host to the device, in the stream's order.
    ///
    /// # Safety
    ///
    /// The trait's contract; `from` is host memory, unchanged until the stream has passed the copy.
    unsafe fn upload(&self, stream: &DriverStream, to: Address, from: *const u8, bytes: usize) -> Result<()>;

    /// Copies from the device to the host, in the stream's order.
    ///
    /// # Safety
    ///
    /// The trait's contract; `to` is host memory that nobody looks at until the stream has passed the copy.
    unsafe fn download(&self, stream: &DriverStream, to: *mut u8, from: Address, bytes: usize) -> Result<()>;

    /// Copies within the device, in the stream's order.
    ///
    /// # Safety
    ///
    /// The trait's contract; the two ranges do not overlap.
    unsafe fn copy(&self, stream: &DriverStream, to: Address, from: Address, bytes: usize) -> Result<()>;

    /// Sets every byte, in the stream's order.
    ///
    /// # Safety
    ///
    /// The trait's contract.
    unsafe fn fill(&self, stream: &DriverStream, to: Address, byte: u8, bytes: usize) -> Result<()>;

    /// Makes a stream that is never the null stream and does not wait for it.
    fn create_stream(&self) -> Result<DriverStream>;

    /// Ends a stream after its work. An error that nobody waited for is kept for [`Driver::synchronize`].
    fn destroy_stream(&self, stream: &DriverStream) -> Result<()>;

    /// Waits for a stream; gives, once, the error that stopped it.
    fn synchronize_stream(&self, stream: &DriverStream) -> Result<()>;

    /// Waits for everything submitted to the device; gives an error that stopped a stream, if any.
    fn synchronize(&self) -> Result<()>;

    /// Makes an event.
    fn create_event(&self) -> Result<DriverEvent>;

    /// Ends an event.
    fn destroy_event(&self, event: &DriverEvent) -> Result<()>;

    /// Marks the place that the stream's submitted work has reached.
    fn record_event(&self, stream: &DriverStream, event: &DriverEvent) -> Result<()>;

    /// Makes what is submitted to the stream from now on wait for the event.
    fn wait_event(&self, stream: &DriverStream, event: &DriverEvent) -> Result<()>;

    /// Whether the event's place has been passed.
    fn query_event(&self, event: &DriverEvent) -> Result<bool>;

    /// Waits until the event's place has been passed.
    fn synchronize_event(&self, event: &DriverEvent) -> Result<()>;

    /// Time between two recorded events, both passed.
    fn elapsed(&self, from: &DriverEvent, to: &DriverEvent) -> Result<Duration>;

    /// Makes a verified kernel ready to launch; on a GPU that compiles it, or takes it from the cache.
    /// Errors call it `name`. The last handle is dropped when no stream and no graph uses the kernel any more.
    fn load(&self, name: &'static str, kernel: &Verified, parameters: &[Parameter]) -> Result<Loaded>;

    /// Blocks of a kernel that the device holds at once, each with so many elements of its dynamic shared array.
    fn resident_blocks(&self, kernel: &DriverKernel, shared_elements: u32) -> Result<u32>;

    /// Launches a kernel in the stream's order; all blocks of one with a grid barrier run at the same time.
    ///
    /// # Safety
    ///
    /// The trait's contract for every buffer; count and types of the arguments are the kernel's.
    unsafe fn launch(&self, stream: &DriverStream, launch: &DriverLaunch<'_>) -> Result<()>;

    /// Builds and instantiates a graph of kernels; each node waits for its dependencies and for nothing else. The last
    /// handle is dropped when no launch of the graph is under way.
    ///
    /// # Safety
    ///
    /// As for `launch`, for every node, until the graph is destroyed.
    unsafe fn create_graph(&self, nodes: &[DriverNode<'_>]) -> Result<DriverGraph>;

    /// Gives one node new arguments and a new grid. No launch of the graph is under way.
    ///
    /// # Safety
    ///
    /// As for `create_graph`; the kernel is the node's own.
    unsafe fn update_graph(&self, graph: &DriverGraph, node: usize, launch: &DriverLaunch<'_>) -> Result<()>;

    /// Launches all of a graph in the stream's order.
    fn launch_graph(&self, stream: &DriverStream, graph: &DriverGraph) -> Result<()>;
}
