//! Everything that can go wrong between a program and its device, as data.
//!
//! Guarantees: each variant carries what its message needs, and its documentation says whose fault it is and what to
//! do next. Deliberately does not know how a variant came about: who raises it is in the other files.

use std::ops::Range;

use greta_codegen::definition::VariantError;
use greta_codegen::ir::{Literal, Location};

use crate::fault::Fault;
use crate::invalid_kernel::InvalidKernel;

/// A kernel as errors of launches name it: `axpy at src/main.rs:5:8`, or a copy, which stands nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelAt {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub opt_location: Option<Location>,
}

impl std::fmt::Display for KernelAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.opt_location {
            Some(location) => write!(f, "{} at {location}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the machine did not do what it was asked to.
///
/// `Debug` prints what `Display` does, so that a `main` that returns it shows the message.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No device has that name. The caller's to mend: take one of the names listed.
    #[error("no device is called `{given}`{}; devices are {}", did_you_mean(*.nearest), .known.join(", "))]
    UnknownDevice {
        /// The name asked for.
        given: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
        /// The names there are.
        known: &'static [&'static str],
    },
    /// A choice that only `cpu` can follow. The caller's to mend.
    #[error("device {device} has no option {option}; use device cpu")]
    Option {
        /// The device's name.
        device: &'static str,
        /// The field of [`DeviceOptions`](crate::DeviceOptions).
        option: &'static str,
    },
    /// A variable of the environment with a value that means nothing. The user's to mend.
    #[error("{name} is `{given}`; allowed are {allowed}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        given: String,
        /// The values that it may have, in words.
        allowed: &'static str,
    },
    /// ROCm is not installed, or too old. The machine's to mend: install ROCm 6 or later, or use another device.
    #[error("device hip is not available: {0}; install ROCm 6 or later, or use device cpu")]
    HipLibrary(#[source] Box<hip_sys::LoadError>),
    /// ROCm is installed and finds no GPU. The machine's to mend: check the driver and `HIP_VISIBLE_DEVICES`.
    #[error("device hip is not available: ROCm finds no GPU; check the amdgpu driver and HIP_VISIBLE_DEVICES")]
    NoGpu,
    /// There is no NVIDIA driver, no NVRTC or no NVIDIA GPU. The machine's to mend: install what is missing, or use
    /// another device.
    #[error("device cuda is not available: {0}; use device cpu, or hip on an AMD GPU")]
    NoCuda(&'static str),
    /// The GPU is one that no kernel is written for. Nobody's fault: use another device, or add the target.
    #[error("{device} is {arch}, which is not supported; targets are {}", .known.join(", "))]
    Architecture {
        /// The device's name.
        device: String,
        /// What it calls its architecture.
        arch: String,
        /// The targets there are.
        known: Vec<&'static str>,
    },
    /// The system gives no threads to run kernels on. The machine's to mend: check the limit on processes.
    #[error("device cpu is not available: {0}")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// Tile parameters that the kernel does not admit. The caller's to mend.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// A kernel that is not valid for the device. Its author's to mend, at the places named.
    #[error(transparent)]
    Invalid(#[from] Box<InvalidKernel>),
    /// A kernel calls a function that is written in the language of GPUs only. The kernel author's to mend: give it a
    /// body in Rust, or use a device that the language is for.
    #[error("{kernel}: {function} at {location} has no body in Rust, which device cpu runs")]
    NoRustBody {
        /// The kernel.
        kernel: String,
        /// The function.
        function: String,
        /// Where it stands.
        location: Location,
    },
    /// A kernel did something wrong while it ran. The kernel author's to mend, or that of whoever chose its arguments.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// A grid without blocks, or with more than devices take. The caller's to mend.
    #[error("{kernel}: a grid of {x} x {y} x {z} blocks; each must be at least 1 and at most {limit:?}",
        x = .grid[0], y = .grid[1], z = .grid[2])]
    Grid {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The grid asked for, in blocks.
        grid: [u32; 3],
        /// Blocks at most, in each direction, for this kernel's block.
        limit: [u32; 3],
    },
    /// More blocks than the device holds at once, of a kernel whose blocks wait for each other. The caller's to mend: at most
    /// [`Kernel::resident_blocks`](crate::Kernel::resident_blocks), each of which does more.
    #[error(
        "{kernel}: a grid of {x} x {y} x {z} blocks, which wait for each other at a grid_barrier; the device holds {limit} of \
        them at once",
        x = .grid[0], y = .grid[1], z = .grid[2]
    )]
    Resident {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The grid asked for, in blocks.
        grid: [u32; 3],
        /// Blocks at most.
        limit: u32,
    },
    /// A length for the dynamic shared array that the device has no memory for, or for a kernel without such an array. The
    /// caller's to mend.
    #[error("{}", shared_length(kernel, *given, *opt_limit))]
    SharedLength {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// Elements asked for; 0 if the kernel was not given a length at all.
        given: u32,
        /// Elements at most beside the kernel's other shared arrays; `None` if it has no dynamic one.
        opt_limit: Option<u32>,
    },
    /// A length that `shared = …` of the kernel gives its dynamic shared array and that the device has no memory for. The
    /// caller's to mend: smaller arguments, or another variant.
    #[error(
        "{location}: {kernel}: `shared = {length}` {computed}; the dynamic shared array has 1 to {limit} elements beside \
        the others"
    )]
    ComputedSharedLength {
        /// The kernel.
        kernel: String,
        /// The length as the author wrote it.
        length: &'static str,
        /// Where it stands.
        location: Location,
        /// What it is, and what it names with the values given: `is 18000, with x.len() = 9000`.
        computed: String,
        /// Elements at most beside the kernel's other shared arrays.
        limit: u32,
    },
    /// A value, or a buffer's length, that a loop cannot count to by its steps without leaving the counter's type. The
    /// caller's to mend, or the kernel's author's: a wider counter.
    #[error("{location}: {kernel}: this loop counts to {end}{given}, and its steps reach {most} at most")]
    LoopEnd {
        /// The kernel.
        kernel: String,
        /// Where the loop stands.
        location: Location,
        /// The parameter that it counts to, as `` `n` = ``; empty if the number is computed.
        end: String,
        /// Its value, or its length in elements.
        given: u64,
        /// Its largest value.
        most: u64,
    },
    /// More blocks than a loop that steps by all of them can count by without leaving the counter's type. The caller's to
    /// mend: fewer blocks, since such a loop takes what is left.
    #[error("{location}: {kernel}: this loop steps by a grid of {given} blocks, and can step by {most} at most")]
    LoopStride {
        /// The kernel.
        kernel: String,
        /// Where the loop stands.
        location: Location,
        /// Blocks of the grid in x.
        given: u64,
        /// The most that a launch may have.
        most: u64,
    },
    /// Too few or too many arguments. The fault of whoever implemented `Arguments` by hand.
    #[error("{kernel} takes {expected} arguments; {given} given")]
    ArgumentCount {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// Arguments given.
        given: usize,
        /// Arguments needed.
        expected: usize,
    },
    /// An argument of another type than its parameter. The fault of whoever implemented `Arguments` by hand.
    #[error("{kernel}: argument {argument} is {given}; the kernel takes {expected}")]
    ArgumentType {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The parameter.
        argument: String,
        /// What was given.
        given: String,
        /// What the kernel takes.
        expected: String,
    },
    /// Another value than the one that the kernel was specialized for. The caller's to mend: specialize it for this one.
    #[error("{kernel} was specialized for {argument} = {expected}; {argument} = {given} given")]
    Specialized {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The parameter.
        argument: String,
        /// The value given.
        given: Literal,
        /// The value that the kernel was compiled for.
        expected: Literal,
    },
    /// A buffer of one device given to another. The caller's to mend: copy it through the host.
    #[error(
        "{kernel}: argument {argument} is a buffer of another device, {given}; the kernel takes those of its own, {expected}"
    )]
    ForeignBuffer {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The parameter.
        argument: String,
        /// The device of the buffer, as `cpu` or `AMD Instinct MI300X`.
        given: String,
        /// The device of the kernel.
        expected: String,
    },
    /// The arguments break a `require` of the kernel. The caller's to mend: pass buffers of the lengths that it names.
    #[error("{kernel}: require({contract}) at {location} {}: {values}", if *.computed { "does not hold" } else { "cannot be computed" })]
    Contract {
        /// The kernel.
        kernel: String,
        /// The condition as its author wrote it.
        contract: &'static str,
        /// Where it stands.
        location: Location,
        /// Whether it could be computed: no division by zero, no number below zero or past 128 bits.
        computed: bool,
        /// What it names with the values given, as `a.len() = 12, m = 4, k = 4`.
        values: String,
    },
    /// A buffer too long for a kernel that asks for its length. The caller's to mend: pass views of it.
    #[error(
        "{kernel}: argument {argument} has {given} elements, and the kernel asks for its len(), which is at most 4294967295"
    )]
    BufferLength {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The parameter.
        argument: String,
        /// Its elements.
        given: usize,
    },
    /// A stream, event or kernel used with an object of another device. The caller's to mend.
    #[error("{what} belongs to another device")]
    ForeignObject {
        /// What was used.
        what: &'static str,
    },
    /// A buffer that the kernel writes shares memory with another argument. The caller's to mend: use disjoint views.
    #[error("{kernel}: argument {argument}, which the kernel writes, overlaps argument {other} in bytes {bytes:?}")]
    Aliasing {
        /// The kernel.
        kernel: Box<KernelAt>,
        /// The parameter that is written.
        argument: String,
        /// The parameter that shares memory with it.
        other: String,
        /// Which bytes of the memory both cover.
        bytes: Range<usize>,
    },
    /// A view that does not lie within its buffer. The caller's to mend.
    #[error("a view of elements {start}..{end} of a buffer of {len}")]
    View {
        /// First element asked for.
        start: usize,
        /// The element after the last asked for.
        end: usize,
        /// Elements of the buffer.
        len: usize,
    },
    /// Host data of another length than the buffer. The caller's to mend: take a view of that length.
    #[error("{given} elements on the host; the buffer has {len}")]
    Length {
        /// Elements on the host.
        given: usize,
        /// Elements of the buffer.
        len: usize,
    },
    /// The device has no memory left. The machine's limit: free buffers, or use smaller ones.
    #[error("{device} has no room for {bytes} B")]
    OutOfMemory {
        /// The device.
        device: String,
        /// Bytes asked for.
        bytes: usize,
    },
    /// An event that no stream has recorded. The caller's to mend: call `Stream::record` first.
    #[error("the event was never recorded")]
    EventNotRecorded,
    /// A call into HIP or CUDA failed. The machine's fault as a rule: the status says what to look for.
    #[error(transparent)]
    Driver(#[from] Box<DriverError>),
    /// The kernel did not compile. The message says whose fault it is.
    #[error(transparent)]
    Compile(#[from] Box<crate::compile::CompileError>),
    /// A node used with a graph that it was not added to. The caller's to mend.
    #[error("node {node} is not one of this graph's")]
    ForeignNode {
        /// The node's number in its own graph.
        node: usize,
    },
    /// A dependency on a node that was added later. The caller's to mend: add nodes in an order in which they may run.
    #[error("node {after} cannot wait for node {before}, which was not added before it")]
    DependencyOrder {
        /// The node that was to run first.
        before: usize,
        /// The node that was to wait.
        after: usize,
    },
    /// New arguments would need an order that the instantiated graph does not have. The caller's to mend: build the
    /// graph again with these arguments.
    #[error("updating node {node} makes node {after} wait for node {before}, which the graph does not")]
    UpdateOrder {
        /// The node being updated.
        node: usize,
        /// The node that must run first.
        before: usize,
        /// The node that must wait.
        after: usize,
    },
    /// A replay of the graph gave other bytes than eager launches. The driver's fault: use eager launches, and report it.
    #[error("the graph's replay differs from eager launches in {argument} of node {node} ({label}), at byte {byte}")]
    ReplayDiffers {
        /// The last node that writes the memory.
        node: usize,
        /// Its label.
        label: String,
        /// The parameter through which it is written.
        argument: String,
        /// The first byte that differs, counted from the argument's start.
        byte: usize,
    },
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A call into HIP or CUDA that did not succeed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{call} gave {name} ({status}: {text}) while {activity}")]
pub struct DriverError {
    /// The function called.
    pub call: &'static str,
    /// What it returned.
    pub status: i32,
    /// The library's name for that status.
    pub name: String,
    /// The library's description of it.
    pub text: String,
    /// What the call was for.
    pub activity: Activity,
}

/// What a call into the driver was for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Activity {
    /// Finding and starting the device.
    #[error("opening the device")]
    Open,
    /// Taking device or host memory.
    #[error("allocating {bytes} B")]
    Allocate {
        /// How much.
        bytes: usize,
    },
    /// Giving memory back.
    #[error("freeing {bytes} B")]
    Free {
        /// How much.
        bytes: usize,
    },
    /// Moving or filling bytes.
    #[error("copying {bytes} B {direction}")]
    Copy {
        /// How many.
        bytes: usize,
        /// Between what, in words.
        direction: &'static str,
    },
    /// Making, using or destroying a stream or event.
    #[error("managing {0}")]
    Manage(&'static str),
    /// Loading or unloading a kernel.
    #[error("loading {kernel}")]
    Load {
        /// The kernel.
        kernel: String,
    },
    /// Launching a kernel.
    #[error("launching {kernel}({})", .arguments.join(", "))]
    Launch {
        /// The kernel.
        kernel: String,
        /// Its arguments: `name = value`, or `name: bytes`.
        arguments: Vec<String>,
    },
    /// Waiting for work that was submitted before: the fault is in one of these kernels, or in what they were given.
    #[error("waiting for {}", if .kernels.is_empty() { "copies".to_owned() } else { .kernels.join(", ") })]
    Wait {
        /// The kernels launched last, the oldest first.
        kernels: Vec<String>,
    },
    /// Building, updating or launching a graph.
    #[error("working on a graph of {nodes} nodes")]
    Graph {
        /// How many nodes it has.
        nodes: usize,
    },
    /// Adding or updating one node of a graph.
    #[error("setting node {node}, {kernel}({})", .arguments.join(", "))]
    Node {
        /// The node's number.
        node: usize,
        /// Its kernel.
        kernel: String,
        /// Its arguments: `name = value`, or `name: bytes`.
        arguments: Vec<String>,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn shared_length(kernel: &KernelAt, given: u32, opt_limit: Option<u32>) -> String {
    match opt_limit {
        None => format!("{kernel} has no dynamic shared array to give {given} elements to"),
        Some(limit) if given == 0 => {
            format!("{kernel} has a dynamic shared array: launch it `with_shared(elements)`, of 1 to {limit} elements")
        }
        Some(limit) => {
            format!(
                "{kernel}: a dynamic shared array of {given} elements; beside its other shared arrays it can have {limit}"
            )
        }
    }
}
