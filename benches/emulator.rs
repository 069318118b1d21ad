//! Time of products of 512 x 512 x 512, of loading an object and of an empty launch, on the host's best
//! instructions and without any. Skips, saying so, where there is no compiler.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use greta_emulator::{Launch, Memory, Module, Options, launch};
use greta_numerics::Simd;
use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileRequest, Compiler};
use greta_runtime::toolchain;

const SIZE: u32 = 512;

fn compiled(name: &str, path: &str) -> Option<Vec<u8>> {
    let toolchain = toolchain::find().inspect_err(|error| eprintln!("skipped: {error}")).ok()?;
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()?;
    let request = CompileRequest { source: &source, name, target: "gfx942", options: &[], line_map: &[] };
    let compiler = Compiler::new(toolchain, Cache::open_default());
    Some(compiler.compile(&request).expect("the kernel compiles").bytes.to_vec())
}

/// A product of matrices whose elements have `bytes` bytes, all of them one.
fn product(criterion: &mut Criterion, name: &str, path: &str, (one, bytes): (u32, usize)) {
    let Some(code) = compiled(name, path) else { return };
    let memory = Memory::new();
    let module = Module::load(&memory, &code).expect("the object loads");
    let count = (SIZE * SIZE) as usize;
    let ones: Vec<u8> = one.to_le_bytes()[..bytes].repeat(count);
    let [a, b, c] = [bytes, bytes, 4].map(|bytes| memory.allocate((count * bytes) as u64).expect("there is room"));
    for matrix in [a, b] {
        memory.write(matrix, &ones).expect("the matrix is in bounds");
    }
    let pointers = [a, b, c].into_iter().flat_map(u64::to_le_bytes);
    let arguments: Vec<u8> = pointers.chain([SIZE; 3].into_iter().flat_map(u32::to_le_bytes)).collect();
    let kernel = module.kernel(name).expect("the object has the kernel");
    for (host, simd) in [("best", Simd::best()), ("portable", Simd::PORTABLE)] {
        let options = Options { simd, ..Options::default() };
        let grid = [SIZE / 64, SIZE / 64, 1];
        let request = Launch { grid, block: [256, 1, 1], options, ..Launch::new(&module, kernel, &arguments) };
        launch(&memory, &request).expect("the launch ends");
        let mut element = [0; 4];
        memory.read(c + 4, &mut element).expect("the result is in bounds");
        assert_eq!(f32::from_le_bytes(element), SIZE as f32);
        criterion.bench_function(&format!("{name}_512/{host}"), |bencher| {
            bencher.iter(|| launch(&memory, &request).expect("the launch ends"));
        });
    }
}

fn products(criterion: &mut Criterion) {
    product(criterion, "gemm_f32", "snapshots/gemm_f32.snap.hip", (1f32.to_bits(), 4));
    product(criterion, "gemm_bf16", "benches/gemm_bf16.hip", (0x3f80, 2));
}

fn overheads(criterion: &mut Criterion) {
    let Some(code) = compiled("gemm_bf16", "benches/gemm_bf16.hip") else { return };
    let memory = Memory::new();
    let module = Module::load(&memory, &code).expect("the object loads");
    let kernel = module.kernel("empty").expect("the object has the kernel");
    let request = Launch::new(&module, kernel, &[]);
    criterion.bench_function("empty_launch", |bencher| {
        bencher.iter(|| launch(&memory, &request).expect("the launch ends"));
    });
    // The kernels of a decode step of a block, each in its own object.
    let names = ["norm_qkv", "attention_decode", "attention_output", "gemv_add", "norm_gate_up", "advance_position"];
    let objects: Vec<_> =
        names.iter().filter_map(|name| compiled(name, &format!("snapshots/{name}.snap.hip"))).collect();
    criterion.bench_function("load_and_decode_a_block", |bencher| {
        bencher.iter(|| {
            for object in &objects {
                Module::load(&memory, object).expect("the object loads").unload(&memory);
            }
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = products, overheads
}
criterion_main!(benches);
