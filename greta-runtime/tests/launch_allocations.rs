//! What launches take from the heap: nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;

use greta_runtime::{Device, Kernel, Stream};
use hip_sys::{Hip, hipError_t, hipFunction_t, hipGraphExec_t, hipStream_t, hipSuccess};

mod support;
#[path = "../src/test_kernels.rs"]
mod test_kernels;

use test_kernels::{meet, scale};

/// The system's memory, which counts what each thread takes.
struct Counting;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: as the caller's contract says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller's contract says.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Stands for HIP's own part of a launch.
unsafe extern "C" fn launched(
    _: hipFunction_t,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: hipStream_t,
    _: *mut *mut c_void,
    _: *mut *mut c_void,
) -> hipError_t {
    hipSuccess
}

/// The same of a launch of blocks that wait for each other.
unsafe extern "C" fn launched_as_a_whole(
    _: hipFunction_t,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: u32,
    _: hipStream_t,
    _: *mut *mut c_void,
) -> hipError_t {
    hipSuccess
}

/// The same of a graph's launch.
unsafe extern "C" fn graph_launched(_: hipGraphExec_t, _: hipStream_t) -> hipError_t {
    hipSuccess
}

/// A GPU whose launches do nothing.
fn device() -> Device {
    let emulated = greta_hip_emulator::table();
    let table = Hip {
        hipModuleLaunchKernel: launched,
        hipModuleLaunchCooperativeKernel: launched_as_a_whole,
        hipGraphLaunch: graph_launched,
        ..emulated
    };
    // SAFETY: no test looks at what a kernel would have written.
    unsafe { Device::open_hip(table) }.unwrap()
}

fn allocations(call: impl FnOnce()) -> u64 {
    let before = TAKEN.get();
    call();
    TAKEN.get() - before
}

#[test]
fn a_launch_takes_nothing_from_the_heap() {
    if support::toolchain().is_none() {
        return;
    }
    let device = device();
    let stream = device.stream().unwrap();
    let (x, mut y) = (device.zeroed(64).unwrap(), device.zeroed(64).unwrap());
    let kernel: Kernel<scale::Checked> = device.kernel(scale::Checked).unwrap();
    let mut launch = |stream: &Stream| {
        kernel.launch(stream, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 64 }).unwrap();
    };
    assert!(allocations(|| drop(device.stream().unwrap())) > 0, "what does take memory is counted");
    assert_eq!(allocations(|| launch(&stream)), 0);
}

#[test]
fn a_launch_of_blocks_that_wait_for_each_other_takes_nothing_from_the_heap() {
    if support::toolchain().is_none() {
        return;
    }
    let device = device();
    let stream = device.stream().unwrap();
    let mut arrivals = device.zeroed(1).unwrap();
    let kernel = device.kernel(meet::Meet).unwrap();
    let mut launch = || kernel.launch(&stream, 9, meet::Args { arrivals: &mut arrivals }).unwrap();
    launch();
    assert_eq!(allocations(launch), 0);
}

#[test]
fn a_launch_of_a_graph_takes_nothing_from_the_heap() {
    if support::toolchain().is_none() {
        return;
    }
    let device = device();
    let stream = device.stream().unwrap();
    let (x, mut y) = (device.zeroed(64).unwrap(), device.zeroed(64).unwrap());
    let kernel = device.kernel(scale::variant()).unwrap();
    let mut graph = device.graph();
    for _ in 0..20 {
        graph.add(&kernel, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 64 }).unwrap();
    }
    let graph = graph.instantiate().unwrap();
    assert_eq!(allocations(|| graph.launch(&stream).unwrap()), 0);
}
