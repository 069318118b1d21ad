//! What greta itself costs beside a kernel's own time: making the library's largest kernel, finding a variant that was
//! made before, and a launch that does nothing.

use criterion::{Criterion, criterion_group, criterion_main};
use greta::codegen::definition::KernelDefinition;
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::prelude::*;
use greta_llama::KERNELS;

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

criterion_group!(benches, making, launching);
criterion_main!(benches);
