//! The driver of a GPU, over the calls that HIP and CUDA both have.
//!
//! Guarantees: every stream is non-blocking and none is the null stream; kernels are launched by `kernelParams`; graphs
//! are built of explicit kernel nodes. Deliberately does not know whose GPU it is, nor IR: the API compiles kernels and
//! makes the calls.

pub(super) mod api;
mod graph;
mod kernel;
mod recent;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use greta_codegen::target::Target;
use greta_codegen::verify::Verified;

use self::api::{Api, Direction};
use self::graph::{Graph, Work};
use self::kernel::Kernel;
use self::recent::Recent;
use super::values::{Pointers, Slots};
use super::{
    Address, Contents, Driver, DriverEvent, DriverGraph, DriverKernel, DriverLaunch, DriverNode, DriverStream, Loaded,
    lock,
};
use crate::device::DeviceInfo;
use crate::error::{Activity, Error, Result};
use crate::module::Parameter;

/// A GPU.
#[derive(Debug)]
pub(super) struct Gpu<A: Api> {
    info: DeviceInfo,
    target: &'static Target,
    /// The streams that have not ended.
    streams: Mutex<Vec<Arc<Stream<A>>>>,
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
    /// What was launched since the stream was last waited for.
    launched: Mutex<Recent>,
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
        Ok(Self { info, target, streams: Mutex::default(), fills, api: Arc::new(api) })
    }

    /// # Safety
    ///
    /// The trait's contract, for both ranges.
    unsafe fn transfer(
        &self,
        stream: &DriverStream,
        to: *mut u8,
        from: *const u8,
        bytes: usize,
        direction: Direction,
    ) -> Result<()> {
        let stream: &Stream<A> = stream.get();
        // SAFETY: the owner of the stream has not ended it; the rest as the caller's contract says.
        unsafe { self.api.copy(to.cast(), from.cast(), bytes, direction, stream.handle) }
    }
}

impl<A: Api> Stream<A> {
    /// # Safety
    ///
    /// The stream is live.
    unsafe fn synchronize(&self, api: &A) -> Result<()> {
        let launched = || lock(&self.launched).names();
        // SAFETY: as the caller's contract says.
        let result = unsafe { api.stream_synchronize(self.handle, launched) };
        *lock(&self.launched) = Recent::default();
        result
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

    unsafe fn upload(&self, stream: &DriverStream, to: Address, from: *const u8, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to.0, from, bytes, Direction::Up) }
    }

    unsafe fn download(&self, stream: &DriverStream, to: *mut u8, from: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to, from.0, bytes, Direction::Down) }
    }

    unsafe fn copy(&self, stream: &DriverStream, to: Address, from: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.transfer(stream, to.0, from.0, bytes, Direction::Within) }
    }

    unsafe fn fill(&self, stream: &DriverStream, to: Address, byte: u8, bytes: usize) -> Result<()> {
        let stream: &Stream<A> = stream.get();
        // SAFETY: the owner of the stream has not ended it; the rest as the caller's contract says.
        unsafe { self.api.fill(to.0.cast(), byte, bytes, stream.handle) }
    }

    fn create_stream(&self) -> Result<DriverStream> {
        let stream = Arc::new(Stream { handle: self.api.stream_create()?, launched: Mutex::default() });
        lock(&self.streams).push(Arc::clone(&stream));
        Ok(DriverStream::new(stream))
    }

    fn destroy_stream(&self, stream: &DriverStream) -> Result<()> {
        let stream: &Stream<A> = stream.get();
        lock(&self.streams).retain(|live| !std::ptr::eq(&**live, stream));
        // Waiting keeps kernels and buffers from going away under work that still runs.
        // SAFETY: the stream was live until now, and its owner does not use it again.
        unsafe { stream.synchronize(&self.api).and(self.api.stream_destroy(stream.handle)) }
    }

    fn synchronize_stream(&self, stream: &DriverStream) -> Result<()> {
        // SAFETY: the owner of the stream has not ended it.
        unsafe { stream.get::<Stream<A>>().synchronize(&self.api) }
    }

    fn synchronize(&self) -> Result<()> {
        let launched = || lock(&self.streams).iter().flat_map(|stream| lock(&stream.launched).names()).collect();
        self.api.device_synchronize(launched)
    }

    fn create_event(&self) -> Result<DriverEvent> {
        let event: Event<A> = Event { handle: self.api.event_create()?, recorded: Mutex::default() };
        Ok(DriverEvent::new(Arc::new(event)))
    }

    fn destroy_event(&self, event: &DriverEvent) -> Result<()> {
        // SAFETY: the event was live until now, and its owner does not use it again.
        unsafe { self.api.event_destroy(event.get::<Event<A>>().handle) }
    }

    fn record_event(&self, stream: &DriverStream, event: &DriverEvent) -> Result<()> {
        let (stream, event): (&Stream<A>, &Event<A>) = (stream.get(), event.get());
        // SAFETY: the owners of both have not ended them.
        unsafe { self.api.event_record(event.handle, stream.handle) }?;
        *lock(&event.recorded) = true;
        Ok(())
    }

    fn wait_event(&self, stream: &DriverStream, event: &DriverEvent) -> Result<()> {
        let (stream, event): (&Stream<A>, &Event<A>) = (stream.get(), event.get());
        // SAFETY: the owners of both have not ended them.
        unsafe { self.api.stream_wait(stream.handle, event.recorded()?) }
    }

    fn query_event(&self, event: &DriverEvent) -> Result<bool> {
        // SAFETY: the owner of the event has not ended it.
        unsafe { self.api.event_query(event.get::<Event<A>>().recorded()?) }
    }

    fn synchronize_event(&self, event: &DriverEvent) -> Result<()> {
        // SAFETY: the owner of the event has not ended it.
        unsafe { self.api.event_synchronize(event.get::<Event<A>>().recorded()?) }
    }

    fn elapsed(&self, from: &DriverEvent, to: &DriverEvent) -> Result<Duration> {
        let (from, to): (&Event<A>, &Event<A>) = (from.get(), to.get());
        // SAFETY: the owners of both have not ended them.
        unsafe { self.api.event_elapsed(from.recorded()?, to.recorded()?) }
    }

    fn load(&self, name: &'static str, kernel: &Verified, parameters: &[Parameter]) -> Result<Loaded> {
        let image = self.api.compile(kernel)?;
        let kernel = Kernel::load(&self.api, image, name, kernel, parameters)?;
        let resources = kernel.resources().cloned();
        Ok(Loaded { kernel: DriverKernel::new(Arc::new(kernel)), resources })
    }

    fn resident_blocks(&self, kernel: &DriverKernel, shared_elements: u32) -> Result<u32> {
        Ok(self.info.compute_units * kernel.get::<Kernel<A>>().unit_blocks(shared_elements)?)
    }

    unsafe fn launch(&self, stream: &DriverStream, launch: &DriverLaunch<'_>) -> Result<()> {
        let (stream, kernel): (&Stream<A>, &Kernel<A>) = (stream.get(), launch.kernel.get());
        let (mut slots, mut pointers) = (Slots::new(), Pointers::new());
        kernel.layout().write(launch.arguments, &mut slots);
        kernel.layout().point(&mut slots, &mut pointers);
        let params = pointers.as_mut_ptr();
        let activity =
            || Activity::Launch { kernel: kernel.name().to_string(), arguments: kernel.describe(launch.arguments) };
        // The API copies the values during the call.
        // SAFETY: the owners of both hold stream and kernel; the rest as the caller's contract says.
        unsafe {
            self.api.launch(kernel.launch(launch.grid, launch.shared_elements, params)?, stream.handle, activity)
        }?;
        lock(&stream.launched).add(kernel.name());
        Ok(())
    }

    unsafe fn create_graph(&self, nodes: &[DriverNode<'_>]) -> Result<DriverGraph> {
        let work: Vec<Work<'_, A>> = nodes
            .iter()
            .map(|node| Work {
                kernel: node.launch.kernel.shared(),
                grid: node.launch.grid,
                shared_elements: node.launch.shared_elements,
                arguments: node.launch.arguments,
                dependencies: node.dependencies,
                early: node.early,
            })
            .collect();
        // SAFETY: as the caller's contract says.
        let graph = unsafe { Graph::new(&self.api, &work) }?;
        Ok(DriverGraph::new(Arc::new(Mutex::new(graph))))
    }

    unsafe fn update_graph(&self, graph: &DriverGraph, node: usize, launch: &DriverLaunch<'_>) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { lock(graph.get::<Mutex<Graph<A>>>()).update(node, launch) }
    }

    fn launch_graph(&self, stream: &DriverStream, graph: &DriverGraph) -> Result<()> {
        let (stream, graph): (&Stream<A>, &Mutex<Graph<A>>) = (stream.get(), graph.get());
        let graph = lock(graph);
        // SAFETY: the owner of the stream has not ended it, and whoever made the graph keeps its buffers.
        unsafe { graph.launch(stream.handle) }?;
        lock(&stream.launched).append(graph.launched());
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
