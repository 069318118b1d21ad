//! What greta itself costs beside a kernel's own time: making the library's largest kernel, finding a variant that was
//! made before, a launch that does nothing, and the host's part of launches on a GPU.

use std::ffi::c_void;

use criterion::{Criterion, criterion_group, criterion_main};
use greta::codegen::definition::KernelDefinition;
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::prelude::*;
use greta_llama::KERNELS;
use greta_llama::kernels::add::add;
use hip_sys::{Hip, hipError_t, hipFunction_t, hipGraphExec_t, hipStream_t, hipSuccess};

/// Trace, passes, verifier, writer.
fn source(definition: &'static KernelDefinition) -> String {
    let kernel = lower(definition, &definition.defaults(), &GFX942).unwrap_or_else(|error| panic!("{error}"));
    emit::hip(&kernel).source
}

/// The kernel of the library with the longest HIP.
fn largest() -> &'static KernelDefinition {
    KERNELS.iter().max_by_key(|definition| source(definition).len()).expect("the library has kernels")
}

fn making(criterion: &mut Criterion) {
    let definition = largest();
    criterion.bench_function(&format!("trace, verify and emit {}", definition.name), |bencher| {
        bencher.iter(|| source(definition));
    });
}

#[kernel(block = 64)]
fn nothing() {}

fn launching(criterion: &mut Criterion) {
    let device = Device::open("cpu").expect("cpu is always there");
    let stream = device.stream().expect("cpu has streams");
    let kernel = device.kernel(nothing::variant()).expect("the kernel is valid");
    criterion.bench_function("find a variant", |bencher| {
        bencher.iter(|| device.kernel(nothing::variant()).expect("it was made before"));
    });
    criterion.bench_function("launch an empty kernel on cpu and wait for it", |bencher| {
        bencher.iter(|| {
            kernel.launch(&stream, 1, nothing::Args {}).expect("there is nothing to refuse");
            stream.synchronize().expect("there is nothing to report");
        });
    });
}

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

/// The same of a graph's launch.
unsafe extern "C" fn graph_launched(_: hipGraphExec_t, _: hipStream_t) -> hipError_t {
    hipSuccess
}

/// The path of a GPU up to HIP's call, which returns at once. At most 100 ns: HIP's and CUDA's own part is some 2 µs.
fn launching_on_a_gpu(criterion: &mut Criterion) {
    if let Err(error) = greta::runtime::toolchain::find() {
        eprintln!("skipped: {error}");
        return;
    }
    let emulated = greta_hip_emulator::table();
    let table = Hip { hipModuleLaunchKernel: launched, hipGraphLaunch: graph_launched, ..emulated };
    // SAFETY: nothing here relies on what a kernel would have written.
    let device = unsafe { Device::open_hip(table) }.expect("the emulated GPU is always there");
    let stream = device.stream().expect("it has streams");
    let kernel = device.kernel(add::variant()).expect("the kernel is valid");
    let [a, b, mut y] = [(); 3].map(|()| device.buffer::<f32>(256).expect("there is room"));
    criterion.bench_function("launch on a GPU, without HIP's part", |bencher| {
        bencher.iter(|| {
            let args = add::Args { a: &a, b: &b, y: &mut y, len: 256 };
            kernel.launch(&stream, 1, args).expect("there is nothing to refuse");
        });
    });
    for nodes in [5, 200] {
        let mut graph = device.graph();
        for _ in 0..nodes {
            let args = add::Args { a: &a, b: &b, y: &mut y, len: 256 };
            graph.add(&kernel, 1, args).expect("there is nothing to refuse");
        }
        let graph = graph.instantiate().expect("the graph is valid");
        criterion.bench_function(&format!("launch a graph of {nodes} on a GPU, without HIP's part"), |bencher| {
            bencher.iter(|| graph.launch(&stream).expect("there is nothing to refuse"));
        });
    }
}

criterion_group!(benches, making, launching, launching_on_a_gpu);
criterion_main!(benches);
