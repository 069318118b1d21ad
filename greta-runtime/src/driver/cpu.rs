//! The device `cpu`: kernels run in the interpreter, on the host's own memory.
//!
//! Guarantees: an operation runs when it is submitted, on the submitting thread, and one at a time; so the order is the
//! program's, and memory is never accessed from two sides. A kernel's fault stops its stream: what is submitted after
//! it is skipped until the stream is waited for, which gives the fault. Graphs run in the order of their nodes.
//! Deliberately does not know what a kernel means: that is the interpreter's.

use std::alloc::Layout;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use greta_codegen::ir::{Function, Kernel as Ir};
use greta_codegen::target::{GFX942, Target};
use greta_codegen::verify::{DynamicShared, Verified, shared_bytes};
use greta_interpreter::{Argument, Checks, DefinedBytes, Memory, Program};

use super::undefined::{Undefined, Written};
use super::{
    Address, Contents, Driver, DriverArgument, DriverEvent, DriverGraph, DriverKernel, DriverLaunch, DriverNode,
    DriverStream, Loaded, lock,
};
use crate::device::DeviceInfo;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::module::Parameter;
use crate::options::DeviceOptions;

/// Alignment of allocations: that of the longest vector. With more, the allocator would touch all zeroed memory.
const ALIGNMENT: usize = 16;

/// What fresh memory is filled with where its contents are unspecified: NaN as `f32`, out of range as an index.
const POISON: u8 = 0xff;

/// Opens the device.
pub(crate) fn open(options: &DeviceOptions) -> Result<Arc<dyn Driver>> {
    open_for(&GFX942, options)
}

/// Opens the device with kernels made for `target`: its wave width, its fragments, its limits.
pub(crate) fn open_for(target: &'static Target, options: &DeviceOptions) -> Result<Arc<dyn Driver>> {
    Ok(Arc::new(Cpu::new(target, options.checks()?)?))
}

#[derive(Debug)]
struct Cpu {
    info: DeviceInfo,
    target: &'static Target,
    checks: Checks,
    /// Which bytes of unspecified allocations have been written, for the sanitizer.
    undefined: Undefined,
    /// Held by the operation that runs.
    turn: Mutex<()>,
    /// Where kernels of several blocks run.
    pool: rayon::ThreadPool,
    /// The streams that have not ended.
    streams: Mutex<Vec<Arc<Stream>>>,
    /// Faults of streams that ended before anybody waited for them.
    orphaned: Mutex<Vec<Error>>,
}

/// A stream is what went wrong on it, if anything did.
#[derive(Debug, Default)]
struct Stream {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What nobody was told yet. What comes behind it is skipped.
    fault: Option<Error>,
    /// How many faults there have been, that one included.
    count: u64,
}

impl Stream {
    fn take_fault(&self) -> Option<Error> {
        lock(&self.state).fault.take()
    }

    /// The fault of work before an event.
    fn take_fault_before(&self, mark: &Mark) -> Option<Error> {
        let mut state = lock(&self.state);
        if state.count > mark.faults { None } else { state.fault.take() }
    }
}

/// When an event was recorded, and where.
#[derive(Clone, Debug)]
struct Mark {
    time: Instant,
    stream: Arc<Stream>,
    /// How many faults the stream had had.
    faults: u64,
}

/// When and where an event was recorded last.
type Event = Mutex<Option<Mark>>;

/// A graph is its nodes, in an order in which they may run.
type Graph = Mutex<Vec<Node>>;

#[derive(Debug)]
struct Kernel {
    programs: Programs,
    block_threads: u32,
    /// Without the dynamic array.
    shared_bytes: u32,
    /// Bytes of an element of the dynamic array; 0 if there is none.
    element_bytes: u32,
    manifest_dir: &'static str,
}

/// A kernel as the interpreter takes it, in which every array has a length.
#[derive(Debug)]
enum Programs {
    One(Program),
    /// Of a kernel with a dynamic shared array: one for each length that it was launched with.
    ByLength {
        kernel: Ir,
        programs: Mutex<HashMap<u32, Arc<Program>>>,
    },
}

#[derive(Debug)]
struct Node {
    kernel: Arc<Kernel>,
    grid: [u32; 3],
    shared_elements: u32,
    arguments: Vec<DriverArgument>,
}

impl Cpu {
    fn new(target: &'static Target, checks: Checks) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().thread_name(|index| format!("greta-cpu-{index}")).build();
        Ok(Self {
            info: info(target),
            target,
            checks,
            undefined: Undefined::default(),
            turn: Mutex::default(),
            pool: pool.map_err(Error::Threads)?,
            streams: Mutex::default(),
            orphaned: Mutex::default(),
        })
    }

    /// Does something in a stream's order, unless the stream has stopped.
    fn run(&self, stream: &DriverStream, operation: impl FnOnce() -> Result<()> + Send) {
        let stream: &Stream = stream.get();
        if lock(&stream.state).fault.is_some() {
            return;
        }
        if let Err(fault) = self.take_turn(operation) {
            let mut state = lock(&stream.state);
            state.count += 1;
            state.fault = Some(fault);
        }
    }

    /// Does something while nothing else runs on the device.
    fn take_turn<T: Send>(&self, operation: impl FnOnce() -> T + Send) -> T {
        let run = || {
            let _turn = lock(&self.turn);
            operation()
        };
        if rayon::current_thread_index().is_none() {
            return run();
        }
        // A thread of the caller's pool would take up other tasks of the caller's while it waits for the interpreter,
        // and those may want a turn of their own: so it waits outside of the pool.
        std::thread::scope(|scope| match scope.spawn(run).join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    fn node(&self, launch: &DriverLaunch<'_>) -> Node {
        Node {
            kernel: launch.kernel.shared(),
            grid: launch.grid,
            shared_elements: launch.shared_elements,
            arguments: launch.arguments.to_vec(),
        }
    }

    fn program(&self, kernel: &Ir) -> Program {
        Program::with_checks(kernel, self.target.wave, self.checks).with_print(|line| println!("{line}"))
    }

    fn recorded(&self, event: &DriverEvent) -> Result<Mark> {
        lock(event.get::<Event>()).clone().ok_or(Error::EventNotRecorded)
    }
}

impl Programs {
    fn new(kernel: &Ir, device: &Cpu) -> Self {
        match DynamicShared::of(kernel, device.target) {
            None => Self::One(device.program(kernel)),
            Some(_) => Self::ByLength { kernel: kernel.clone(), programs: Mutex::default() },
        }
    }

    /// Runs something with the program for a length of the dynamic shared array.
    fn with<T>(&self, device: &Cpu, shared_elements: u32, run: impl FnOnce(&Program) -> T) -> T {
        match self {
            Self::One(program) => run(program),
            Self::ByLength { kernel, programs } => {
                let sized = || Arc::new(device.program(&kernel.with_shared_length(shared_elements)));
                let program = Arc::clone(lock(programs).entry(shared_elements).or_insert_with(sized));
                run(&program)
            }
        }
    }
}

impl Node {
    /// # Safety
    ///
    /// Every buffer lies within live memory that nobody else uses while the kernel runs.
    unsafe fn run(&self, device: &Cpu) -> Result<()> {
        let arguments = &self.arguments;
        let written: Vec<Option<Written>> =
            arguments.iter().map(|argument| device.undefined.opt_written(argument)).collect();
        let memories: Vec<Option<Memory<'_>>> = arguments
            .iter()
            .zip(&written)
            .map(|(argument, written)| match *argument {
                DriverArgument::Scalar(_) => None,
                // An empty buffer has no address.
                DriverArgument::Buffer { bytes: 0, .. } => {
                    // SAFETY: no byte of it is ever accessed.
                    Some(unsafe { Memory::from_raw(NonNull::<u64>::dangling().as_ptr().cast(), 0) })
                }
                DriverArgument::Buffer { address, bytes, offset } => {
                    // SAFETY: the caller vouches for the range.
                    let memory = unsafe { Memory::from_raw(address.0, bytes) }.at_offset(offset);
                    Some(match written {
                        Some(Written { bytes, start }) => memory.with_defined(bytes, *start),
                        None => memory,
                    })
                }
            })
            .collect();
        let arguments: Vec<Argument<'_>> = arguments
            .iter()
            .zip(&memories)
            .map(|(argument, memory)| match (argument, memory) {
                (_, Some(memory)) => Argument::Buffer(memory),
                (DriverArgument::Scalar(value), None) => Argument::Scalar(*value),
                (DriverArgument::Buffer { .. }, None) => unreachable!("every buffer has its memory"),
            })
            .collect();
        // A single block runs here: to wake a thread takes longer than a small kernel.
        let run = |program: &Program| match self.grid {
            [1, 1, 1] => program.run(self.grid, &arguments),
            grid => device.pool.install(|| program.run(grid, &arguments)),
        };
        let result = self.kernel.programs.with(device, self.shared_elements, run);
        result.map_err(|report| Error::Fault(Box::new(Fault::new(*report, self.kernel.manifest_dir))))
    }
}

impl Driver for Cpu {
    fn info(&self) -> &DeviceInfo {
        &self.info
    }

    fn target(&self) -> &'static Target {
        self.target
    }

    fn compiler(&self) -> Result<String> {
        Ok(concat!("interpreter ", env!("CARGO_PKG_VERSION")).to_owned())
    }

    fn is_host(&self) -> bool {
        true
    }

    fn allocate(&self, bytes: usize, contents: Contents) -> Result<Address> {
        let out_of_memory = || Error::OutOfMemory { device: self.info.name.clone(), bytes };
        let layout = Layout::from_size_align(bytes, ALIGNMENT).map_err(|_| out_of_memory())?;
        assert!(bytes > 0, "invariant: empty memory is not allocated");
        let is_watched = contents == Contents::Unspecified && self.checks.sanitize;
        let defined = match is_watched {
            true => Some(DefinedBytes::opt_none(bytes).ok_or_else(out_of_memory)?),
            false => None,
        };
        let address = match contents {
            // SAFETY: the layout is not empty.
            Contents::Zeros => unsafe { std::alloc::alloc_zeroed(layout) },
            // SAFETY: as above.
            Contents::Unspecified => unsafe { std::alloc::alloc(layout) },
        };
        if address.is_null() {
            return Err(out_of_memory());
        }
        if contents == Contents::Unspecified {
            // SAFETY: `address` is fresh memory of this size.
            unsafe { address.write_bytes(POISON, bytes) };
        }
        if let Some(defined) = defined {
            self.undefined.add(Address(address), defined);
        }
        Ok(Address(address))
    }

    unsafe fn free(&self, address: Address, bytes: usize) -> Result<()> {
        let layout = Layout::from_size_align(bytes, ALIGNMENT).expect("invariant: the memory was allocated so");
        self.undefined.remove(address);
        // SAFETY: `allocate` used this layout; the caller gives the memory back once.
        unsafe { std::alloc::dealloc(address.0, layout) };
        Ok(())
    }

    fn allocate_host(&self, bytes: usize) -> Result<Address> {
        self.allocate(bytes, Contents::Zeros)
    }

    unsafe fn free_host(&self, address: Address, bytes: usize) -> Result<()> {
        // SAFETY: as the caller's contract says.
        unsafe { self.free(address, bytes) }
    }

    unsafe fn upload(&self, stream: &DriverStream, to: Address, from: *const u8, bytes: usize) -> Result<()> {
        // SAFETY: the caller vouches for both ranges; host and device memory are distinct allocations.
        unsafe { self.copy(stream, to, Address(from.cast_mut()), bytes) }
    }

    unsafe fn download(&self, stream: &DriverStream, to: *mut u8, from: Address, bytes: usize) -> Result<()> {
        // SAFETY: as for `upload`.
        unsafe { self.copy(stream, Address(to), from, bytes) }
    }

    unsafe fn copy(&self, stream: &DriverStream, to: Address, from: Address, bytes: usize) -> Result<()> {
        self.run(stream, || {
            let (to, from): (Address, Address) = (to, from);
            // SAFETY: the caller vouches for both ranges and that they are disjoint.
            unsafe { std::ptr::copy_nonoverlapping(from.0, to.0, bytes) };
            self.undefined.copy(to, from, bytes);
            Ok(())
        });
        Ok(())
    }

    unsafe fn fill(&self, stream: &DriverStream, to: Address, byte: u8, bytes: usize) -> Result<()> {
        self.run(stream, || {
            let to: Address = to;
            // SAFETY: the caller vouches for the range.
            unsafe { to.0.write_bytes(byte, bytes) };
            self.undefined.mark(to, bytes);
            Ok(())
        });
        Ok(())
    }

    fn create_stream(&self) -> Result<DriverStream> {
        let stream = Arc::new(Stream::default());
        lock(&self.streams).push(Arc::clone(&stream));
        Ok(DriverStream::new(stream))
    }

    fn destroy_stream(&self, stream: &DriverStream) -> Result<()> {
        let stream: &Stream = stream.get();
        lock(&self.streams).retain(|live| !std::ptr::eq(&**live, stream));
        lock(&self.orphaned).extend(stream.take_fault());
        Ok(())
    }

    fn synchronize_stream(&self, stream: &DriverStream) -> Result<()> {
        stream.get::<Stream>().take_fault().map_or(Ok(()), Err)
    }

    fn synchronize(&self) -> Result<()> {
        if let Some(fault) = lock(&self.orphaned).pop() {
            return Err(fault);
        }
        lock(&self.streams).iter().find_map(|stream| stream.take_fault()).map_or(Ok(()), Err)
    }

    fn create_event(&self) -> Result<DriverEvent> {
        Ok(DriverEvent::new(Arc::new(Event::default())))
    }

    fn destroy_event(&self, _: &DriverEvent) -> Result<()> {
        Ok(())
    }

    fn record_event(&self, stream: &DriverStream, event: &DriverEvent) -> Result<()> {
        let stream: Arc<Stream> = stream.shared();
        let faults = lock(&stream.state).count;
        *lock(event.get::<Event>()) = Some(Mark { time: Instant::now(), stream, faults });
        Ok(())
    }

    fn wait_event(&self, _: &DriverStream, event: &DriverEvent) -> Result<()> {
        // Whatever came before the event has run.
        self.recorded(event).map(|_| ())
    }

    fn query_event(&self, event: &DriverEvent) -> Result<bool> {
        self.recorded(event).map(|_| true)
    }

    fn synchronize_event(&self, event: &DriverEvent) -> Result<()> {
        let mark = self.recorded(event)?;
        mark.stream.take_fault_before(&mark).map_or(Ok(()), Err)
    }

    fn elapsed(&self, from: &DriverEvent, to: &DriverEvent) -> Result<Duration> {
        Ok(self.recorded(to)?.time.saturating_duration_since(self.recorded(from)?.time))
    }

    fn load(&self, _: &'static str, kernel: &Verified, _: &[Parameter]) -> Result<Loaded> {
        let kernel = kernel.kernel();
        let is_foreign = |function: &&Function| function.foreign.is_some_and(|foreign| !foreign.has_body);
        if let Some(function) = kernel.functions.iter().find(is_foreign) {
            let (kernel, function, location) = (kernel.name.clone(), function.name.clone(), function.location);
            return Err(Error::NoRustBody { kernel, function, location });
        }
        let kernel = Kernel {
            programs: Programs::new(kernel, self),
            block_threads: kernel.block.iter().map(|extent| extent.value).product(),
            shared_bytes: u32::try_from(shared_bytes(kernel)).unwrap_or(u32::MAX),
            element_bytes: DynamicShared::of(kernel, self.target).map_or(0, |dynamic| dynamic.element_bytes),
            manifest_dir: kernel.manifest_dir,
        };
        Ok(Loaded { kernel: DriverKernel::new(Arc::new(kernel)), resources: None })
    }

    fn resident_blocks(&self, kernel: &DriverKernel, shared_elements: u32) -> Result<u32> {
        let kernel: &Kernel = kernel.get();
        let shared_bytes = kernel.shared_bytes + shared_elements * kernel.element_bytes;
        Ok(self.target.resident_blocks(kernel.block_threads, shared_bytes))
    }

    unsafe fn launch(&self, stream: &DriverStream, launch: &DriverLaunch<'_>) -> Result<()> {
        let node = self.node(launch);
        // SAFETY: the caller vouches for the buffers, and `run` lets one operation run at a time.
        self.run(stream, || unsafe { node.run(self) });
        Ok(())
    }

    unsafe fn create_graph(&self, nodes: &[DriverNode<'_>]) -> Result<DriverGraph> {
        // Dependencies point to earlier nodes, so the order of the nodes is one in which they may run.
        let nodes: Vec<Node> = nodes.iter().map(|node| self.node(&node.launch)).collect();
        Ok(DriverGraph::new(Arc::new(Graph::new(nodes))))
    }

    unsafe fn update_graph(&self, graph: &DriverGraph, node: usize, launch: &DriverLaunch<'_>) -> Result<()> {
        lock(graph.get::<Graph>())[node] = self.node(launch);
        Ok(())
    }

    fn launch_graph(&self, stream: &DriverStream, graph: &DriverGraph) -> Result<()> {
        for node in &*lock(graph.get::<Graph>()) {
            // SAFETY: whoever made the graph keeps its buffers, and `run` lets one operation run at a time.
            self.run(stream, || unsafe { node.run(self) });
        }
        Ok(())
    }
}

fn info(target: &Target) -> DeviceInfo {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    DeviceInfo {
        kind: "cpu",
        name: opt_model_name().unwrap_or_else(|| "host processor".to_owned()),
        arch: target.name.to_owned(),
        wave: target.wave,
        compute_units: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_bytes: memory_bytes(),
    }
}

fn opt_model_name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory_bytes() -> u64 {
    // SAFETY: `sysconf` only reads its argument.
    let (pages, page) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u64::try_from(pages).unwrap_or(0) * u64::try_from(page).unwrap_or(0)
}
