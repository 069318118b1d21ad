//! The driver of a GPU, over the calls that HIP and CUDA both have.
//!
//! Guarantees: every stream is non-blocking and none is the null stream; kernels are launched by `kernelParams`; graphs
//! are built of explicit kernel nodes. Deliberately does not know whose GPU it is, nor IR: the API compiles kernels and
//! makes the calls.

pub(super) mod api;
mod graph;
mod kernel;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greta_codegen::target::Target;
use greta_codegen::verify::Verified;

use self::api::{Api, Direction};
use self::graph::{Graph, Work};
use self::kernel::Kernel;
use super::table::Table;
use super::{Address, Contents, Driver, DriverLaunch, DriverNode, EventId, GraphId, KernelId, Loaded, StreamId, lock};
use crate::device::DeviceInfo;
use crate::error::{Activity, Error, Result};
use crate::module::Parameter;

/// Kernels of a stream that an error of the stream names at most.
const NAMED_KERNELS_MAX: usize = 8;

/// A GPU.
#[derive(Debug)]
pub(super) struct Gpu<A: Api> {
    info: DeviceInfo,
    target: &'static Target,
    streams: Table<StreamId, Stream<A>>,
    events: Table<EventId, Event<A>>,
    kernels: Table<KernelId, Kernel<A>>,
    graphs: Table<GraphId, Mutex<Graph<A>>>,
    /// Fills fresh memory.
    fills: A::Stream,
    api: Arc<A>,
}

// SAFETY: the API's handles may be used from any thread.
unsafe impl<A: Api> Send for Gpu<A> {}
// SAFETY: as above; what changes is behind locks.
unsafe impl<A: Api> Sync for Gpu<A> {}

#[derive(Debug)]
struct Stream<A: Api> {
    handle: A::Stream,
    /// What was launched since the stream was last waited for, the latest at the end.
    launched: Mutex<VecDeque<Arc<str>>>,
}

// SAFETY: the API's handles may be used from any thread.
unsafe impl<A: Api> Send for Stream<A> {}
// SAFETY: as above.
unsafe impl<A: Api> Sync for Stream<A> {}

#[derive(Debug)]
struct Event<A: Api> {
    handle: A::Event,
    recorded: Mutex<bool>,
}

// SAFETY: the API's handles may be used from any thread.
unsafe impl<A: Api> Send for Event<A> {}
// SAFETY: as above.
unsafe impl<A: Api> Sync for Event<A> {}

impl<A: Api> Gpu<A> {
    /// A driver of the device that `info` describes.
    pub(super) fn new(api: A, info: DeviceInfo, target: &'static Target) -> Result<Self> {
        let fills = api.stream_create()?;
        Ok(Self {
            info,
            target,
            streams: Table::new(),
            events: Table::new(),
            kernels: Table::new(),
            graphs: Table::new(),
            fills,
            api: Arc::new(api),
        })
    }

    /// # Safety
    ///
    /// The trait's contract, for both ranges.
    unsafe fn transfer(
        &self,
        stream: StreamId,
        to: *mut u8,
        from: *const u8,
        bytes: usize,
        direction: Direction,
    ) -> Result<()> {
        let stream = self.streams.get(stream);
        // SAFETY: the stream is live while the table holds it; the rest as the caller's contract says.
        unsafe { self.api.copy(to.cast(), from.cast(), bytes, direction, stream.handle) }
    }
}

impl<A: Api> Stream<A> {
    /// # Safety
    ///
    /// The stream is live.
    unsafe fn synchronize(&self, api: &A) -> Result<()> {
        let launched = || lock(&self.launched).iter().map(ToString::to_string).collect();
        // SAFETY: as the caller's contract says.
        let result = unsafe { api.stream_synchronize(self.handle, launched) };
        lock(&self.launched).clear();
        result
    }

    fn note<'a>(&self, kernels: impl Iterator<Item = &'a Arc<str>>) {
        let mut launched = lock(&self.launched);
        launched.extend(kernels.map(Arc::clone));
        let surplus = launched.len().saturating_sub(NAMED_KERNELS_MAX);
        launched.drain(..surplus);
    }
}

impl<A: Api> Event<A> {
    /// The handle, if a stream has recorded the event.
    fn recorded(&self) -> Result<A::Event> {
        if *lock(&self.recorded) { Ok(self.handle) } else { Err(Error::EventNotRecorded) }
    }
}

impl<A: Api> Driver for Gpu<A> {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn target(&self) -> &'static Target {
        self.target
    }

    fn compiler(&self) -> Result<String> {
        self.api.compiler()
    }

    fn is_host(&self) -> bool {
        false
    }

    fn allocate(&self, bytes: usize, contents: Contents) -> Result<Address> {
        let address = self.api.malloc(bytes, &self.info.name)?;
        if contents == Contents::Zeros {
            // SAFETY: the memory is fresh, and the stream is waited for before anyone else learns of it.
            let filled = unsafe {
                let filled = self.api.fill(address, 0, bytes, self.fills);
                filled.and(self.api.stream_synchronize(self.fills, Vec::new))
            };
            if let Err(error) = filled {
                // SAFETY: nobody else knows of the memory.
                unsafe { self.api.free(address, bytes) }?;
                return Err(error);
            }
        }
        Ok(Address(address.cast()))
    }

    unsafe fn free(&self, address: Address, bytes: usize) -> Result<()> {
        // The call waits for the device, so that work submitted before may still use the memory.
        // SAFETY: as the caller's contract says.
        unsafe { self.api.free(address.0.cast(), bytes) }
    }

    fn allocate_host(&self, bytes: usize) -> Result<Address> {
        Ok(Address(self.api.host_malloc(bytes)?.cast()))
    }

    unsafe fn free_host(&self, address: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.api.host_free(address.0.cast(), bytes) }
    }

    unsafe fn upload(&self, stream: StreamId, to: Address, from: *const u8, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to.0, from, bytes, Direction::Up) }
    }

    unsafe fn download(&self, stream: StreamId, to: *mut u8, from: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to, from.0, bytes, Direction::Down) }
    }

    unsafe fn copy(&self, stream: StreamId, to: Address, from: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to.0, from.0, bytes, Direction::Within) }
    }

    unsafe fn fill(&self, stream: StreamId, to: Address, byte: u8, bytes: usize) -> Result<()> {
        let stream = self.streams.get(stream);
        // SAFETY: the stream is live while the table holds it; the rest as the caller's contract says.
        unsafe { self.api.fill(to.0.cast(), byte, bytes, stream.handle) }
    }

    fn create_stream(&self) -> Result<StreamId> {
        Ok(self.streams.insert(Stream { handle: self.api.stream_create()?, launched: Mutex::default() }))
    }

    fn destroy_stream(&self, stream: StreamId) -> Result<()> {
        let stream = self.streams.remove(stream);
        // Waiting keeps kernels and buffers from going away under work that still runs.
        // SAFETY: the stream was live until now, and its name is gone.
        unsafe { stream.synchronize(&self.api).and(self.api.stream_destroy(stream.handle)) }
    }

    fn synchronize_stream(&self, stream: StreamId) -> Result<()> {
        // SAFETY: the stream is live while the table holds it.
        unsafe { self.streams.get(stream).synchronize(&self.api) }
    }

    fn synchronize(&self) -> Result<()> {
        let streams = self.streams.all();
        let launched = || {
            let of_stream =
                |stream: &Arc<Stream<A>>| lock(&stream.launched).iter().map(ToString::to_string).collect::<Vec<_>>();
            streams.iter().flat_map(of_stream).collect()
        };
        self.api.device_synchronize(launched)
    }

    fn create_event(&self) -> Result<EventId> {
        Ok(self.events.insert(Event { handle: self.api.event_create()?, recorded: Mutex::default() }))
    }

    fn destroy_event(&self, event: EventId) -> Result<()> {
        // SAFETY: the event was live until now, and its name is gone.
        unsafe { self.api.event_destroy(self.events.remove(event).handle) }
    }

    fn record_event(&self, stream: StreamId, event: EventId) -> Result<()> {
        let (stream, event) = (self.streams.get(stream), self.events.get(event));
        // SAFETY: both are live while the tables hold them.
        unsafe { self.api.event_record(event.handle, stream.handle) }?;
        *lock(&event.recorded) = true;
        Ok(())
    }

    fn wait_event(&self, stream: StreamId, event: EventId) -> Result<()> {
        let (stream, event) = (self.streams.get(stream), self.events.get(event));
        // SAFETY: both are live while the tables hold them.
        unsafe { self.api.stream_wait(stream.handle, event.recorded()?) }
    }

    fn query_event(&self, event: EventId) -> Result<bool> {
        // SAFETY: the event is live while the table holds it.
        unsafe { self.api.event_query(self.events.get(event).recorded()?) }
    }

    fn synchronize_event(&self, event: EventId) -> Result<()> {
        // SAFETY: the event is live while the table holds it.
        unsafe { self.api.event_synchronize(self.events.get(event).recorded()?) }
    }

    fn elapsed(&self, from: EventId, to: EventId) -> Result<Duration> {
        let (from, to) = (self.events.get(from), self.events.get(to));
        // SAFETY: both are live while the table holds them.
        unsafe { self.api.event_elapsed(from.recorded()?, to.recorded()?) }
    }

    fn load(&self, kernel: &Verified, parameters: &[Parameter]) -> Result<Loaded> {
        let image = self.api.compile(kernel)?;
        let kernel = Kernel::load(&self.api, image, kernel, parameters)?;
        let resources = kernel.resources().cloned();
        Ok(Loaded { id: self.kernels.insert(kernel), resources })
    }

    fn unload(&self, kernel: KernelId) -> Result<()> {
        self.kernels.remove(kernel);
        Ok(())
    }

    unsafe fn launch(&self, stream: StreamId, launch: &DriverLaunch<'_>) -> Result<()> {
        let (stream, kernel) = (self.streams.get(stream), self.kernels.get(launch.kernel));
        let mut slots = kernel.layout().slots(launch.arguments);
        let mut pointers = kernel.layout().pointers(&mut slots);
        let params = pointers.as_mut_ptr();
        let activity =
            || Activity::Launch { kernel: kernel.name().to_string(), arguments: kernel.describe(launch.arguments) };
        // The API copies the values during the call.
        // SAFETY: the tables hold stream and kernel; the rest as the caller's contract says.
        unsafe {
            self.api.launch(kernel.launch(launch.grid, launch.shared_elements, params), stream.handle, activity)
        }?;
        stream.note([kernel.name()].into_iter());
        Ok(())
    }

    unsafe fn create_graph(&self, nodes: &[DriverNode<'_>]) -> Result<GraphId> {
        let work: Vec<Work<'_, A>> = nodes
            .iter()
            .map(|node| Work {
                kernel: self.kernels.get(node.launch.kernel),
                grid: node.launch.grid,
                shared_elements: node.launch.shared_elements,
                arguments: node.launch.arguments,
                dependencies: node.dependencies,
                early: node.early,
            })
            .collect();
        // SAFETY: as the caller's contract says.
        let graph = unsafe { Graph::new(&self.api, &work) }?;
        Ok(self.graphs.insert(Mutex::new(graph)))
    }

    unsafe fn update_graph(&self, graph: GraphId, node: usize, launch: &DriverLaunch<'_>) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { lock(&self.graphs.get(graph)).update(node, launch) }
    }

    fn launch_graph(&self, stream: StreamId, graph: GraphId) -> Result<()> {
        let (stream, graph) = (self.streams.get(stream), self.graphs.get(graph));
        let graph = lock(&graph);
        // SAFETY: the table holds the stream, and whoever made the graph keeps its buffers.
        unsafe { graph.launch(stream.handle) }?;
        stream.note(graph.last_kernels(NAMED_KERNELS_MAX));
        Ok(())
    }

    fn destroy_graph(&self, graph: GraphId) -> Result<()> {
        self.graphs.remove(graph);
        Ok(())
    }
}

impl<A: Api> Drop for Gpu<A> {
    fn drop(&mut self) {
        // SAFETY: the stream is the driver's own.
        if let Err(error) = unsafe { self.api.stream_destroy(self.fills) } {
            tracing::warn!(%error, "a stream was not closed");
        }
    }
}
