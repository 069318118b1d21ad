//! The table itself: one field a function, resolved once. The library is never unloaded, because
//! the runtime's own threads and exit handlers outlive any handle to it.

use std::error::Error as _;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::path::Path;

use libloading::Library;

use crate::properties::hipDeviceProp_tR0600;
use crate::types::*;

/// File names that the runtime has, in the order in which they are tried.
pub const LIBRARY_NAMES: &[&str] = &["libamdhip64.so", "libamdhip64.so.7", "libamdhip64.so.6"];

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No library of these names loads: ROCm is not installed, or not where the loader looks.
    #[error("the HIP runtime was not found: tried {} ({reason})", tried.join(", "))]
    Library {
        /// Names or paths, in the order of the attempts.
        tried: Vec<String>,
        /// What the loader said of the last one.
        reason: String,
    },
    /// The library is not a HIP runtime of ROCm 6 or newer.
    #[error("{library} has no symbol `{symbol}`: it is not a HIP runtime of ROCm 6 or newer")]
    Symbol {
        /// The library that loaded.
        library: String,
        /// The first symbol that it lacks.
        symbol: &'static str,
    },
}

macro_rules! table {
    ($(#[$table_doc:meta])* $table:ident {
        $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*
    }) => {
        $(#[$table_doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $table {$(
            $(#[$doc])*
            pub $name: unsafe extern "C" fn($($argument: $type),*) -> $result,
        )*}

        impl $table {
            fn resolve(library: &Library, name: &str) -> Result<Self, LoadError> {
                Ok(Self {$(
                    // SAFETY: the ROCm 6.4 headers declare the symbol with this signature, and
                    // later releases version a symbol whose signature changes.
                    $name: unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }
                        .map(|symbol| *symbol)
                        .map_err(|_| LoadError::Symbol {
                            library: name.to_owned(),
                            symbol: stringify!($name),
                        })?,
                )*})
            }
        }
    };
}

impl Hip {
    /// Loads the runtime by its usual names.
    ///
    /// # Errors
    /// [`LoadError`] names what was tried, or the symbol that is missing.
    pub fn load() -> Result<Self, LoadError> {
        Self::load_first(LIBRARY_NAMES)
    }

    /// Loads the runtime from one file, or by one name.
    ///
    /// # Errors
    /// [`LoadError`] names the file, or the symbol that is missing.
    pub fn load_from(path: &Path) -> Result<Self, LoadError> {
        Self::load_first(&[path])
    }

    fn load_first<P: AsRef<Path>>(names: &[P]) -> Result<Self, LoadError> {
        let mut reason = String::new();
        for name in names.iter().map(AsRef::as_ref) {
            // SAFETY: loading runs the library's initialisers; a HIP runtime's have no
            // preconditions, and the caller chose the file.
            match unsafe { Library::new(name) } {
                Ok(library) => {
                    let table = Self::resolve(&library, &name.display().to_string())?;
                    std::mem::forget(library);
                    return Ok(table);
                }
                Err(error) => reason = error.source().map_or_else(|| error.to_string(), ToString::to_string),
            }
        }
        let tried = names.iter().map(|name| name.as_ref().display().to_string()).collect();
        Err(LoadError::Library { tried, reason })
    }
}

table! {
    /// The functions of the HIP runtime that a device needs. Calling one is as unsafe as its C
    /// original: handles and pointers must be live, and of the runtime that the table came from.
    Hip {
        /// Initialises the runtime; `flags` is 0.
        fn hipInit(flags: c_uint) -> hipError_t;
        /// Version of the kernel driver.
        fn hipDriverGetVersion(version: *mut c_int) -> hipError_t;
        /// Version of the runtime: major · 10^7 + minor · 10^5 + patch.
        fn hipRuntimeGetVersion(version: *mut c_int) -> hipError_t;
        /// Name of a status, such as `hipErrorInvalidValue`.
        fn hipGetErrorName(error: hipError_t) -> *const c_char;
        /// Sentence about a status.
        fn hipGetErrorString(error: hipError_t) -> *const c_char;
        /// Last failed status of this thread, which the call clears.
        fn hipGetLastError() -> hipError_t;

        /// Number of GPUs.
        fn hipGetDeviceCount(count: *mut c_int) -> hipError_t;
        /// Device of this thread.
        fn hipGetDevice(device: *mut c_int) -> hipError_t;
        /// Makes a device this thread's.
        fn hipSetDevice(device: c_int) -> hipError_t;
        /// Properties of a device, in the layout of ROCm 6 and newer.
        fn hipGetDevicePropertiesR0600(properties: *mut hipDeviceProp_tR0600, device: c_int) -> hipError_t;
        /// Waits for all work of the device.
        fn hipDeviceSynchronize() -> hipError_t;

        /// Allocates device memory.
        fn hipMalloc(pointer: *mut *mut c_void, bytes: usize) -> hipError_t;
        /// Frees device memory.
        fn hipFree(pointer: *mut c_void) -> hipError_t;
        /// Allocates pinned host memory.
        fn hipHostMalloc(pointer: *mut *mut c_void, bytes: usize, flags: c_uint) -> hipError_t;
        /// Frees pinned host memory.
        fn hipHostFree(pointer: *mut c_void) -> hipError_t;
        /// Free and total device memory, in bytes.
        fn hipMemGetInfo(free: *mut usize, total: *mut usize) -> hipError_t;
        /// Copies and waits.
        fn hipMemcpy(to: *mut c_void, from: *const c_void, bytes: usize, kind: hipMemcpyKind) -> hipError_t;
        /// Copies in stream order.
        fn hipMemcpyAsync(to: *mut c_void, from: *const c_void, bytes: usize, kind: hipMemcpyKind, stream: hipStream_t) -> hipError_t;
        /// Sets bytes in stream order.
        fn hipMemsetAsync(to: *mut c_void, value: c_int, bytes: usize, stream: hipStream_t) -> hipError_t;
        /// Sets 32-bit words in stream order; `count` is in words.
        fn hipMemsetD32Async(to: *mut c_void, value: c_int, count: usize, stream: hipStream_t) -> hipError_t;

        /// Creates a stream.
        fn hipStreamCreateWithFlags(stream: *mut hipStream_t, flags: c_uint) -> hipError_t;
        /// Destroys a stream once its work is done.
        fn hipStreamDestroy(stream: hipStream_t) -> hipError_t;
        /// Waits for a stream's work.
        fn hipStreamSynchronize(stream: hipStream_t) -> hipError_t;
        /// Makes later work of a stream wait for an event; `flags` is 0.
        fn hipStreamWaitEvent(stream: hipStream_t, event: hipEvent_t, flags: c_uint) -> hipError_t;
        /// Whether a stream's work is done.
        fn hipStreamQuery(stream: hipStream_t) -> hipError_t;

        /// Creates an event.
        fn hipEventCreateWithFlags(event: *mut hipEvent_t, flags: c_uint) -> hipError_t;
        /// Destroys an event.
        fn hipEventDestroy(event: hipEvent_t) -> hipError_t;
        /// Records an event behind a stream's work.
        fn hipEventRecord(event: hipEvent_t, stream: hipStream_t) -> hipError_t;
        /// Waits for an event.
        fn hipEventSynchronize(event: hipEvent_t) -> hipError_t;
        /// Milliseconds between two recorded events.
        fn hipEventElapsedTime(milliseconds: *mut f32, start: hipEvent_t, stop: hipEvent_t) -> hipError_t;
        /// Whether an event has happened.
        fn hipEventQuery(event: hipEvent_t) -> hipError_t;

        /// Loads a code object.
        fn hipModuleLoadData(module: *mut hipModule_t, image: *const c_void) -> hipError_t;
        /// Unloads a code object.
        fn hipModuleUnload(module: hipModule_t) -> hipError_t;
        /// Finds a kernel by its symbol.
        fn hipModuleGetFunction(function: *mut hipFunction_t, module: hipModule_t, name: *const c_char) -> hipError_t;
        /// Launches a kernel in stream order; grid in blocks, block in threads.
        fn hipModuleLaunchKernel(
            function: hipFunction_t,
            grid_x: c_uint,
            grid_y: c_uint,
            grid_z: c_uint,
            block_x: c_uint,
            block_y: c_uint,
            block_z: c_uint,
            shared_bytes: c_uint,
            stream: hipStream_t,
            kernel_params: *mut *mut c_void,
            extra: *mut *mut c_void,
        ) -> hipError_t;
        /// As `hipModuleLaunchKernel`, with all blocks running at the same time.
        fn hipModuleLaunchCooperativeKernel(
            function: hipFunction_t,
            grid_x: c_uint,
            grid_y: c_uint,
            grid_z: c_uint,
            block_x: c_uint,
            block_y: c_uint,
            block_z: c_uint,
            shared_bytes: c_uint,
            stream: hipStream_t,
            kernel_params: *mut *mut c_void,
        ) -> hipError_t;
        /// A property of a kernel.
        fn hipFuncGetAttribute(value: *mut c_int, attribute: hipFunction_attribute, function: hipFunction_t) -> hipError_t;
        /// Most resident blocks a compute unit, for a block size and dynamic shared memory.
        fn hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(blocks: *mut c_int, function: hipFunction_t, block_size: c_int, dynamic_shared_bytes: usize) -> hipError_t;

        /// Creates an empty graph; `flags` is 0.
        fn hipGraphCreate(graph: *mut hipGraph_t, flags: c_uint) -> hipError_t;
        /// Destroys a graph and its nodes.
        fn hipGraphDestroy(graph: hipGraph_t) -> hipError_t;
        /// Adds a kernel node; argument values are copied.
        fn hipGraphAddKernelNode(node: *mut hipGraphNode_t, graph: hipGraph_t, dependencies: *const hipGraphNode_t, dependency_count: usize, params: *const hipKernelNodeParams) -> hipError_t;
        /// Adds a copy of consecutive bytes.
        fn hipGraphAddMemcpyNode1D(node: *mut hipGraphNode_t, graph: hipGraph_t, dependencies: *const hipGraphNode_t, dependency_count: usize, to: *mut c_void, from: *const c_void, bytes: usize, kind: hipMemcpyKind) -> hipError_t;
        /// Adds a memset.
        fn hipGraphAddMemsetNode(node: *mut hipGraphNode_t, graph: hipGraph_t, dependencies: *const hipGraphNode_t, dependency_count: usize, params: *const hipMemsetParams) -> hipError_t;
        /// Adds a node that does nothing but join.
        fn hipGraphAddEmptyNode(node: *mut hipGraphNode_t, graph: hipGraph_t, dependencies: *const hipGraphNode_t, dependency_count: usize) -> hipError_t;
        /// Adds edges, `from[i]` before `to[i]`.
        fn hipGraphAddDependencies(graph: hipGraph_t, from: *const hipGraphNode_t, to: *const hipGraphNode_t, dependency_count: usize) -> hipError_t;
        /// Nodes of a graph; with a null list, their number.
        fn hipGraphGetNodes(graph: hipGraph_t, nodes: *mut hipGraphNode_t, node_count: *mut usize) -> hipError_t;
        /// Parameters of a kernel node.
        fn hipGraphKernelNodeGetParams(node: hipGraphNode_t, params: *mut hipKernelNodeParams) -> hipError_t;
        /// Changes a kernel node of a graph that is not instantiated.
        fn hipGraphKernelNodeSetParams(node: hipGraphNode_t, params: *const hipKernelNodeParams) -> hipError_t;
        /// Sets a property of a kernel node's launches.
        fn hipGraphKernelNodeSetAttribute(node: hipGraphNode_t, attribute: hipLaunchAttributeID, value: *const hipLaunchAttributeValue) -> hipError_t;
        /// Writes a graph as DOT text into a file.
        fn hipGraphDebugDotPrint(graph: hipGraph_t, path: *const c_char, flags: c_uint) -> hipError_t;
        /// Makes a graph launchable.
        fn hipGraphInstantiate(exec: *mut hipGraphExec_t, graph: hipGraph_t, error_node: *mut hipGraphNode_t, log: *mut c_char, log_bytes: usize) -> hipError_t;
        /// Destroys a launchable graph.
        fn hipGraphExecDestroy(exec: hipGraphExec_t) -> hipError_t;
        /// Changes a kernel node of a launchable graph.
        fn hipGraphExecKernelNodeSetParams(exec: hipGraphExec_t, node: hipGraphNode_t, params: *const hipKernelNodeParams) -> hipError_t;
        /// Launches a graph in stream order.
        fn hipGraphLaunch(exec: hipGraphExec_t, stream: hipStream_t) -> hipError_t;
        /// Moves a launchable graph's data to the device ahead of its first launch.
        fn hipGraphUpload(exec: hipGraphExec_t, stream: hipStream_t) -> hipError_t;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named_with_every_name_that_was_tried() {
        let error = Hip::load_first(&["libgreta-a.so", "libgreta-b.so.6"]).unwrap_err();
        let LoadError::Library { tried, reason } = &error else { panic!("{error}") };
        assert_eq!(tried, &["libgreta-a.so", "libgreta-b.so.6"]);
        assert!(reason.contains("libgreta-b.so.6"), "{reason}");
        let text = error.to_string();
        assert!(text.starts_with("the HIP runtime was not found: tried libgreta-a.so, libgreta-b.so.6 ("), "{text}");
    }

    #[test]
    fn a_library_without_the_symbols_names_the_first_of_them() {
        let error = Hip::load_from(Path::new("libc.so.6")).unwrap_err();
        assert_eq!(error.to_string(), "libc.so.6 has no symbol `hipInit`: it is not a HIP runtime of ROCm 6 or newer");
    }
}
