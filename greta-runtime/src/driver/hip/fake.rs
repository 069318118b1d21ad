//! A HIP runtime of the same thread, for tests: does what each call says at once, and writes it down.
//!
//! Guarantees: handles are numbers that are never given twice and are written as `s1` (stream), `e2` (event), `m3`
//! (device memory), `h4` (host memory), `o5` (module), `f6` (function), `g7` (graph), `n8` (node), `x9` (executable
//! graph); one call can be made to fail. A graph's launch reads the arguments through the pointers that its nodes were
//! given, as late runtimes do. Deliberately does not run kernels.
//!
//! Length: a table of calls, one function each.

#![allow(non_snake_case, reason = "names are those of the C API")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fmt::Write;

use hip_sys::{
    Hip, hipDeviceProp_tR0600, hipError_t, hipErrorNotReady, hipEvent_t, hipFunction_t, hipGraph_t, hipGraphExec_t,
    hipGraphNode_t, hipKernelNodeParams, hipLaunchAttributeID, hipLaunchAttributeValue, hipMemcpyKind, hipModule_t,
    hipStream_t,
};

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    next: usize,
    /// The call that fails, and how.
    fails: Option<(&'static str, hipError_t)>,
    /// How often `hipEventQuery` says that an event is not ready.
    unready: usize,
    gpus: c_int,
    arch: String,
    memory: BTreeMap<usize, Block>,
    /// Symbol of each function.
    functions: BTreeMap<usize, String>,
    /// How the arguments of a kernel are read: `p`ointer or `w`ord, one a parameter.
    signatures: BTreeMap<&'static str, &'static str>,
    /// What each graph's nodes read when they run.
    graphs: BTreeMap<usize, Vec<usize>>,
    nodes: BTreeMap<usize, NodeParams>,
    /// A byte that launches of graphs get wrong: the memory, and how far in.
    wrong: Option<(&'static str, usize)>,
}

struct Block {
    name: String,
    storage: Vec<u64>,
}

#[derive(Clone, Copy)]
struct NodeParams {
    function: usize,
    params: *mut *mut c_void,
}

impl State {
    fn handle(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// Writes a call down and says how it ends.
    fn call(&mut self, name: &'static str, text: &str) -> hipError_t {
        self.calls.push(format!("{name}({text})"));
        match self.fails {
            Some((failing, status)) if failing == name => status,
            _ => 0,
        }
    }

    fn place(&self, address: usize) -> String {
        match self.memory.range(..=address).next_back() {
            Some((start, block)) if address < start + block.storage.len() * 8 => {
                let offset = address - start;
                if offset == 0 { block.name.clone() } else { format!("{}+{offset}", block.name) }
            }
            _ if address == 0 => "null".to_owned(),
            _ => "pageable".to_owned(),
        }
    }

    fn arguments(&self, function: usize, params: *mut *mut c_void) -> String {
        let symbol = &self.functions[&function];
        let signature = self.signatures[symbol.as_str()];
        let mut text = symbol.clone();
        for (index, kind) in signature.chars().enumerate() {
            // SAFETY: the signature has as many letters as the kernel has parameters.
            let value = unsafe { *params.add(index) };
            let word = match kind {
                // SAFETY: the parameter is an address, so the slot holds one.
                'p' => self.place(unsafe { value.cast::<usize>().read() }),
                // SAFETY: the parameter is a number of four bytes.
                _ => unsafe { value.cast::<u32>().read() }.to_string(),
            };
            write!(text, " {word}").expect("invariant: writing to a string succeeds");
        }
        text
    }

    fn allocate(&mut self, letter: char, bytes: usize) -> *mut c_void {
        let mut storage = vec![0xaaaa_aaaa_aaaa_aaaa_u64; bytes.div_ceil(8)];
        let address = storage.as_mut_ptr();
        let name = format!("{letter}{}", self.handle());
        self.memory.insert(address.expose_provenance(), Block { name, storage });
        address.cast()
    }
}

fn with<R>(f: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(f)
}

fn number<T>(handle: *mut T) -> usize {
    handle.addr()
}

fn pointer<T>(number: usize) -> *mut T {
    std::ptr::without_provenance_mut(number)
}

/// The calls made so far, which are forgotten.
pub(super) fn take_calls() -> Vec<String> {
    with(|state| std::mem::take(&mut state.calls))
}

/// Makes every later call of this name fail.
pub(super) fn fail(name: &'static str, status: hipError_t) {
    with(|state| state.fails = Some((name, status)));
}

/// Makes all calls succeed again.
pub(super) fn mend() {
    with(|state| state.fails = None);
}

/// Makes the next `count` queries find their event not ready.
pub(super) fn unready(count: usize) {
    with(|state| state.unready = count);
}

/// Makes launches of graphs flip the bits of a byte.
pub(super) fn get_wrong(memory: &'static str, byte: usize) {
    with(|state| state.wrong = Some((memory, byte)));
}

/// Device and host memory that has not been given back.
pub(super) fn live_memory() -> Vec<String> {
    with(|state| state.memory.values().map(|block| block.name.clone()).collect())
}

/// A runtime with so many GPUs of an architecture, and kernels with these signatures.
pub(super) fn table(gpus: c_int, arch: &str, signatures: &[(&'static str, &'static str)]) -> Hip {
    with(|state| {
        *state =
            State { gpus, arch: arch.to_owned(), signatures: signatures.iter().copied().collect(), ..State::default() };
    });
    functions()
}

macro_rules! simple {
    ($($name:ident($($argument:ident: $type:ty),*) $format:literal $(, $value:expr)*;)*) => {$(
        unsafe extern "C" fn $name($($argument: $type),*) -> hipError_t {
            with(|state| state.call(stringify!($name), &format!($format $(, $value)*)))
        }
    )*};
}

simple! {
    hipInit(_flags: c_uint) "";
    hipSetDevice(device: c_int) "{device}";
    hipDeviceSynchronize() "";
    hipStreamDestroy(stream: hipStream_t) "s{}", number(stream);
    hipStreamSynchronize(stream: hipStream_t) "s{}", number(stream);
    hipStreamWaitEvent(stream: hipStream_t, event: hipEvent_t, _flags: c_uint) "s{} e{}", number(stream), number(event);
    hipEventDestroy(event: hipEvent_t) "e{}", number(event);
    hipEventRecord(event: hipEvent_t, stream: hipStream_t) "e{} s{}", number(event), number(stream);
    hipEventSynchronize(event: hipEvent_t) "e{}", number(event);
    hipModuleUnload(module: hipModule_t) "o{}", number(module);
    hipGraphDestroy(graph: hipGraph_t) "g{}", number(graph);
    hipGraphExecDestroy(exec: hipGraphExec_t) "x{}", number(exec);
}

macro_rules! create {
    ($($name:ident($handle:ty $(, $argument:ident: $type:ty)*) $letter:literal $format:literal $(, $value:expr)*;)*) => {$(
        unsafe extern "C" fn $name(out: *mut $handle $(, $argument: $type)*) -> hipError_t {
            with(|state| {
                let handle = state.handle();
                let text = format!(concat!($letter, "{}", $format), handle $(, $value)*);
                let status = state.call(stringify!($name), &text);
                if status == 0 {
                    // SAFETY: the caller gives a place for the handle.
                    unsafe { out.write(pointer(handle)) };
                }
                status
            })
        }
    )*};
}

create! {
    hipStreamCreateWithFlags(hipStream_t, flags: c_uint) "s" " flags {}", flags;
    hipEventCreateWithFlags(hipEvent_t, flags: c_uint) "e" " flags {}", flags;
    hipModuleLoadData(hipModule_t, image: *const c_void) "o" " first byte {}",
        // SAFETY: the images of the tests are not empty.
        unsafe { image.cast::<u8>().read() };
    hipGraphCreate(hipGraph_t, flags: c_uint) "g" " flags {}", flags;
}

unsafe extern "C" fn hipGetErrorName(status: hipError_t) -> *const c_char {
    match status {
        2 => c"hipErrorOutOfMemory".as_ptr(),
        700 => c"hipErrorIllegalAddress".as_ptr(),
        801 => c"hipErrorNotSupported".as_ptr(),
        _ => c"hipErrorUnknown".as_ptr(),
    }
}

unsafe extern "C" fn hipGetErrorString(_: hipError_t) -> *const c_char {
    c"as the test asked".as_ptr()
}

unsafe extern "C" fn hipGetDeviceCount(count: *mut c_int) -> hipError_t {
    with(|state| {
        // SAFETY: the caller gives a place for the count.
        unsafe { count.write(state.gpus) };
        state.call("hipGetDeviceCount", "")
    })
}

unsafe extern "C" fn hipGetDevicePropertiesR0600(out: *mut hipDeviceProp_tR0600, device: c_int) -> hipError_t {
    with(|state| {
        let mut properties = hipDeviceProp_tR0600::zeroed();
        properties.set_name("Fake MI300X");
        properties.set_gcn_arch_name(&state.arch);
        properties.set_wave_size(64);
        properties.set_compute_unit_count(304);
        properties.set_total_global_bytes(192 << 30);
        // SAFETY: the caller gives a place for the properties.
        unsafe { out.write(properties) };
        state.call("hipGetDevicePropertiesR0600", &device.to_string())
    })
}

fn allocate(name: &'static str, letter: char, out: *mut *mut c_void, bytes: usize) -> hipError_t {
    with(|state| {
        let status = state.call(name, &format!("{bytes}"));
        if status == 0 {
            let address = state.allocate(letter, bytes);
            // SAFETY: the caller gives a place for the address.
            unsafe { out.write(address) };
        }
        status
    })
}

unsafe extern "C" fn hipMalloc(out: *mut *mut c_void, bytes: usize) -> hipError_t {
    allocate("hipMalloc", 'm', out, bytes)
}

unsafe extern "C" fn hipHostMalloc(out: *mut *mut c_void, bytes: usize, _: c_uint) -> hipError_t {
    allocate("hipHostMalloc", 'h', out, bytes)
}

fn free(name: &'static str, address: *mut c_void) -> hipError_t {
    with(|state| {
        let place = state.place(number(address));
        let block = state.memory.remove(&number(address));
        assert!(block.is_some(), "{name}({place}) of what is not allocated");
        state.call(name, &place)
    })
}

unsafe extern "C" fn hipFree(address: *mut c_void) -> hipError_t {
    free("hipFree", address)
}

unsafe extern "C" fn hipHostFree(address: *mut c_void) -> hipError_t {
    free("hipHostFree", address)
}

unsafe extern "C" fn hipMemcpyAsync(
    to: *mut c_void,
    from: *const c_void,
    bytes: usize,
    kind: hipMemcpyKind,
    stream: hipStream_t,
) -> hipError_t {
    with(|state| {
        let (target, source) = (state.place(number(to)), state.place(from.addr()));
        let text = format!("{target} {source} {bytes} kind {kind} s{}", number(stream));
        let status = state.call("hipMemcpyAsync", &text);
        if status == 0 {
            // SAFETY: the caller gives ranges of that length.
            unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), bytes) };
        }
        status
    })
}

unsafe extern "C" fn hipMemsetAsync(to: *mut c_void, value: c_int, bytes: usize, stream: hipStream_t) -> hipError_t {
    with(|state| {
        let text = format!("{} {value} {bytes} s{}", state.place(number(to)), number(stream));
        let status = state.call("hipMemsetAsync", &text);
        if status == 0 {
            // SAFETY: the caller gives a range of that length.
            unsafe { to.cast::<u8>().write_bytes(u8::try_from(value).unwrap(), bytes) };
        }
        status
    })
}

unsafe extern "C" fn hipEventQuery(event: hipEvent_t) -> hipError_t {
    with(|state| {
        let status = state.call("hipEventQuery", &format!("e{}", number(event)));
        if status == 0 && state.unready > 0 {
            state.unready -= 1;
            return hipErrorNotReady;
        }
        status
    })
}

unsafe extern "C" fn hipEventElapsedTime(out: *mut f32, from: hipEvent_t, to: hipEvent_t) -> hipError_t {
    // SAFETY: the caller gives a place for the time.
    unsafe { out.write(1.5) };
    with(|state| state.call("hipEventElapsedTime", &format!("e{} e{}", number(from), number(to))))
}

unsafe extern "C" fn hipModuleGetFunction(
    out: *mut hipFunction_t,
    module: hipModule_t,
    symbol: *const c_char,
) -> hipError_t {
    with(|state| {
        let handle = state.handle();
        // SAFETY: the caller gives a C string.
        let symbol = unsafe { CStr::from_ptr(symbol) }.to_str().unwrap().to_owned();
        let status = state.call("hipModuleGetFunction", &format!("f{handle} o{} {symbol}", number(module)));
        state.functions.insert(handle, symbol);
        // SAFETY: the caller gives a place for the handle.
        unsafe { out.write(pointer(handle)) };
        status
    })
}

unsafe extern "C" fn hipModuleLaunchKernel(
    function: hipFunction_t,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared_bytes: c_uint,
    stream: hipStream_t,
    params: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> hipError_t {
    assert!(extra.is_null());
    let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
    launch("hipModuleLaunchKernel", function, grid, block, shared_bytes, stream, params)
}

unsafe extern "C" fn hipModuleLaunchCooperativeKernel(
    function: hipFunction_t,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    shared_bytes: c_uint,
    stream: hipStream_t,
    params: *mut *mut c_void,
) -> hipError_t {
    let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
    launch("hipModuleLaunchCooperativeKernel", function, grid, block, shared_bytes, stream, params)
}

fn launch(
    name: &'static str,
    function: hipFunction_t,
    grid: [u32; 3],
    block: [u32; 3],
    shared_bytes: c_uint,
    stream: hipStream_t,
    params: *mut *mut c_void,
) -> hipError_t {
    assert_eq!(shared_bytes, 0);
    with(|state| {
        let arguments = state.arguments(number(function), params);
        state.call(name, &format!("{arguments} {grid:?} {block:?} s{}", number(stream)))
    })
}

/// Three blocks fit a compute unit.
unsafe extern "C" fn hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
    blocks: *mut c_int,
    function: hipFunction_t,
    threads: c_int,
    shared_bytes: usize,
) -> hipError_t {
    // SAFETY: the caller gives a place for the number.
    unsafe { blocks.write(3) };
    let text = format!("f{} {threads} {shared_bytes}", number(function));
    with(|state| state.call("hipModuleOccupancyMaxActiveBlocksPerMultiprocessor", &text))
}

unsafe extern "C" fn hipGraphKernelNodeSetAttribute(
    node: hipGraphNode_t,
    attribute: hipLaunchAttributeID,
    value: *const hipLaunchAttributeValue,
) -> hipError_t {
    // SAFETY: the caller gives a value, of a number for each attribute that a test sets.
    let value = unsafe { (*value).cooperative };
    let text = format!("n{} {attribute} {value}", number(node));
    with(|state| state.call("hipGraphKernelNodeSetAttribute", &text))
}

/// What a node launches, as text.
fn node_text(state: &State, params: &hipKernelNodeParams) -> String {
    assert!(params.extra.is_null() && params.sharedMemBytes == 0);
    let (grid, block) = (params.gridDim, params.blockDim);
    let arguments = state.arguments(number(params.func), params.kernelParams);
    format!("{arguments} {:?} {:?}", [grid.x, grid.y, grid.z], [block.x, block.y, block.z])
}

unsafe extern "C" fn hipGraphAddKernelNode(
    out: *mut hipGraphNode_t,
    graph: hipGraph_t,
    dependencies: *const hipGraphNode_t,
    count: usize,
    params: *const hipKernelNodeParams,
) -> hipError_t {
    // SAFETY: the caller gives a list of that length, and parameters.
    let (before, params) = unsafe {
        let before = if count == 0 { &[] } else { std::slice::from_raw_parts(dependencies, count) };
        (before.iter().map(|&node| format!("n{}", number(node))).collect::<Vec<_>>(), &*params)
    };
    with(|state| {
        let handle = state.handle();
        let text = format!("n{handle} g{} after {before:?} {}", number(graph), node_text(state, params));
        let status = state.call("hipGraphAddKernelNode", &text.replace('"', ""));
        if status == 0 {
            state.graphs.entry(number(graph)).or_default().push(handle);
            let node = NodeParams { function: number(params.func), params: params.kernelParams };
            state.nodes.insert(handle, node);
            // SAFETY: the caller gives a place for the handle.
            unsafe { out.write(pointer(handle)) };
        }
        status
    })
}

unsafe extern "C" fn hipGraphInstantiate(
    out: *mut hipGraphExec_t,
    graph: hipGraph_t,
    _node: *mut hipGraphNode_t,
    _log: *mut c_char,
    _bytes: usize,
) -> hipError_t {
    with(|state| {
        let handle = state.handle();
        let status = state.call("hipGraphInstantiate", &format!("x{handle} g{}", number(graph)));
        if status == 0 {
            let nodes = state.graphs.get(&number(graph)).cloned().unwrap_or_default();
            state.graphs.insert(handle, nodes);
            // SAFETY: the caller gives a place for the handle.
            unsafe { out.write(pointer(handle)) };
        }
        status
    })
}

unsafe extern "C" fn hipGraphExecKernelNodeSetParams(
    exec: hipGraphExec_t,
    node: hipGraphNode_t,
    params: *const hipKernelNodeParams,
) -> hipError_t {
    // SAFETY: the caller gives parameters.
    let params = unsafe { &*params };
    with(|state| {
        let text = format!("x{} n{} {}", number(exec), number(node), node_text(state, params));
        let status = state.call("hipGraphExecKernelNodeSetParams", &text);
        if status == 0 {
            let node_params = NodeParams { function: number(params.func), params: params.kernelParams };
            state.nodes.insert(number(node), node_params);
        }
        status
    })
}

unsafe extern "C" fn hipGraphLaunch(exec: hipGraphExec_t, stream: hipStream_t) -> hipError_t {
    with(|state| {
        let nodes: Vec<NodeParams> = state.graphs[&number(exec)].iter().map(|node| state.nodes[node]).collect();
        let ran: Vec<String> = nodes.iter().map(|node| state.arguments(node.function, node.params)).collect();
        let text = format!("x{} s{} runs {}", number(exec), number(stream), ran.join(", "));
        if let Some((memory, byte)) = state.wrong {
            let block = state.memory.values_mut().find(|block| block.name == memory).expect("the memory is live");
            block.storage[byte / 8] ^= 0xff << (8 * (byte % 8));
        }
        state.call("hipGraphLaunch", &text)
    })
}

/// Stands for every function that the driver is not to call.
unsafe extern "C" fn uncalled() {
    // A panic cannot cross the C API.
    std::process::abort();
}

/// The place of such a function in the table.
fn absent<F: Copy>() -> F {
    let function: unsafe extern "C" fn() = uncalled;
    assert_eq!(size_of::<F>(), size_of_val(&function));
    // SAFETY: `F` is a C function of the table; this one ends the process before it looks at its arguments.
    unsafe { std::mem::transmute_copy(&function) }
}

fn functions() -> Hip {
    Hip {
        hipInit,
        hipDriverGetVersion: absent(),
        hipRuntimeGetVersion: absent(),
        hipGetErrorName,
        hipGetErrorString,
        hipGetLastError: absent(),
        hipGetDeviceCount,
        hipGetDevice: absent(),
        hipSetDevice,
        hipGetDevicePropertiesR0600,
        hipDeviceSynchronize,
        hipMalloc,
        hipFree,
        hipHostMalloc,
        hipHostFree,
        hipMemGetInfo: absent(),
        hipMemcpy: absent(),
        hipMemcpyAsync,
        hipMemsetAsync,
        hipMemsetD32Async: absent(),
        hipStreamCreateWithFlags,
        hipStreamDestroy,
        hipStreamSynchronize,
        hipStreamWaitEvent,
        hipStreamQuery: absent(),
        hipEventCreateWithFlags,
        hipEventDestroy,
        hipEventRecord,
        hipEventSynchronize,
        hipEventElapsedTime,
        hipEventQuery,
        hipModuleLoadData,
        hipModuleUnload,
        hipModuleGetFunction,
        hipModuleLaunchKernel,
        hipModuleLaunchCooperativeKernel,
        hipFuncGetAttribute: absent(),
        hipModuleOccupancyMaxActiveBlocksPerMultiprocessor,
        hipGraphCreate,
        hipGraphDestroy,
        hipGraphAddKernelNode,
        hipGraphAddMemcpyNode1D: absent(),
        hipGraphAddMemsetNode: absent(),
        hipGraphAddEmptyNode: absent(),
        hipGraphAddDependencies: absent(),
        hipGraphGetNodes: absent(),
        hipGraphKernelNodeGetParams: absent(),
        hipGraphKernelNodeSetParams: absent(),
        hipGraphKernelNodeSetAttribute,
        hipGraphDebugDotPrint: absent(),
        hipGraphInstantiate,
        hipGraphExecDestroy,
        hipGraphExecKernelNodeSetParams,
        hipGraphLaunch,
        hipGraphUpload: absent(),
    }
}
