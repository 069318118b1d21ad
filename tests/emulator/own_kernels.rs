//! The library's own kernels, compiled for gfx942 by the real compiler, against plain loops.
//!
//! The sources are the snapshots of the HIP that the library emits. Where there is no compiler the
//! tests say so and pass.

use std::path::Path;

use greta_emulator::{AccessError, Cause, Fault, Launch, Memory, Module, Options, launch};
use greta_runtime::compile::CompileRequest;

/// The kernel's code.
fn compiled(name: &str, options: &[String]) -> Option<Vec<u8>> {
    let compiler = crate::support::compiler()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("{name}.snap.hip"));
    let source = std::fs::read_to_string(path).unwrap();
    let request = CompileRequest { source: &source, name, target: "gfx942", options, line_map: &[] };
    Some(compiler.compile(&request).unwrap().bytes.to_vec())
}

/// Values between -1 and 1 that repeat for nobody.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_769).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// An argument of a kernel.
enum Argument<'a> {
    Input(&'a [f32]),
    Output(usize),
    Word(u32),
}

/// Runs the kernel, optimised and not, and returns the output, which is the same.
fn outcome(name: &str, grid: [u32; 3], block: u32, arguments: &[Argument<'_>]) -> Option<Vec<f32>> {
    let optimised = run(&compiled(name, &[])?, name, (grid, block), arguments, Options::default());
    // Checks change nothing and find nothing, at any level.
    let checked = Options { checks: true, ..Options::default() };
    for level in ["-O1", "-O2", "-O3"] {
        let again = run(&compiled(name, &[level.to_owned()])?, name, (grid, block), arguments, checked);
        assert!(optimised.iter().map(|x| x.to_bits()).eq(again.iter().map(|x| x.to_bits())), "{name} at {level}");
    }
    let plain = run(&compiled(name, &["-O0".to_owned()])?, name, (grid, block), arguments, checked);
    assert!(optimised.iter().map(|x| x.to_bits()).eq(plain.iter().map(|x| x.to_bits())), "{name} at -O0 differs");
    Some(optimised)
}

fn run(
    code: &[u8],
    name: &str,
    (grid, block): ([u32; 3], u32),
    arguments: &[Argument<'_>],
    options: Options,
) -> Vec<f32> {
    let memory = Memory::new();
    let module = Module::load(&memory, code).unwrap();
    let (mut bytes, mut output) = (Vec::new(), (0, 0));
    for argument in arguments {
        match *argument {
            Argument::Input(values) => {
                let address = memory.allocate(values.len() as u64 * 4).unwrap();
                let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                memory.write(address, &data).unwrap();
                bytes.extend(address.to_le_bytes());
            }
            Argument::Output(count) => {
                output = (memory.allocate(count as u64 * 4).unwrap(), count);
                bytes.extend(output.0.to_le_bytes());
            }
            Argument::Word(word) => bytes.extend(word.to_le_bytes()),
        }
    }
    let kernel = module.kernel(name).unwrap();
    let request = Launch { grid, block: [block, 1, 1], options, ..Launch::new(&module, kernel, &bytes) };
    let start = std::time::Instant::now();
    let report = launch(&memory, &request).unwrap_or_else(|fault| panic!("{fault}"));
    for warning in &report.warnings {
        println!("{warning}");
    }
    println!("{name}: {} instructions in {:?}", report.instructions, start.elapsed());
    let mut data = vec![0; output.1 * 4];
    memory.read(output.0, &mut data).unwrap();
    data.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

fn assert_close(found: &[f32], wanted: impl Fn(usize) -> f64, tolerance: f64) {
    assert!(found.iter().any(|value| value.abs() > 0.01), "the result is trivial");
    for (index, &found) in found.iter().enumerate() {
        let wanted = wanted(index);
        let difference = (f64::from(found) - wanted).abs();
        assert!(difference <= tolerance * (1.0 + wanted.abs()), "element {index}: {found}, not {wanted}");
    }
}

fn product_is_a_chain(m: usize, n: usize, k: usize) {
    let (a, b) = (values(m * k, 1), values(n * k, 2));
    let grid = [n.div_ceil(64) as u32, m.div_ceil(64) as u32, 1];
    let words = [m, n, k].map(|size| Argument::Word(size as u32));
    let arguments: Vec<_> =
        [Argument::Input(&a), Argument::Input(&b), Argument::Output(m * n)].into_iter().chain(words).collect();
    let Some(c) = outcome("gemm_f32", grid, 256, &arguments) else { return };
    for i in 0..m {
        for j in 0..n {
            let chain = (0..k).fold(0.0f32, |sum, x| a[i * k + x].mul_add(b[j * k + x], sum));
            assert_eq!(c[i * n + j].to_bits(), chain.to_bits(), "c[{i}, {j}] of {m} x {n} x {k}");
        }
    }
}

#[test]
fn a_product_of_matrices_is_the_chain_in_order_of_k() {
    product_is_a_chain(64, 64, 16);
    product_is_a_chain(70, 130, 37);
    product_is_a_chain(1, 3, 200);
}

#[test]
fn a_norm_of_rows_agrees_with_f64() {
    let (tokens, hidden) = (3, 300);
    let (x, w) = (values(tokens * hidden, 3), values(hidden, 4));
    let arguments = [
        Argument::Input(&x),
        Argument::Input(&w),
        Argument::Output(tokens * hidden),
        Argument::Word(hidden as u32),
        Argument::Word(1e-5f32.to_bits()),
    ];
    let Some(y) = outcome("rmsnorm", [tokens as u32, 1, 1], 256, &arguments) else { return };
    let wanted = |index: usize| {
        let row = &x[index / hidden * hidden..][..hidden];
        let mean = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / hidden as f64;
        f64::from(x[index]) * f64::from(w[index % hidden]) / (mean + 1e-5).sqrt()
    };
    // Sums of 300 squares in f32, a reciprocal square root and two products.
    assert_close(&y, wanted, 2e-6);
}

#[test]
fn a_sigmoid_linear_unit_agrees_with_f64() {
    let x: Vec<f32> = values(1001, 5).into_iter().map(|value| value * 20.0).collect();
    let arguments = [Argument::Input(&x), Argument::Output(x.len()), Argument::Word(x.len() as u32)];
    let Some(y) = outcome("silu", [1, 1, 1], 256, &arguments) else { return };
    // An exponential of 2 ulp and a division.
    assert_close(&y, |index| f64::from(x[index]) / (1.0 + (-f64::from(x[index])).exp()), 1e-6);
}

/// Scores of one query against the cache, as numerators and sums per part of it.
#[test]
fn attention_over_a_cache_agrees_with_f64() {
    let (heads, kv_heads, seq, position) = (4, 2, 96, 70);
    let dim = 128;
    let (q, keys) = (values(heads * dim, 8), values(kv_heads * seq * dim, 9));
    let cached = values(kv_heads * seq * dim, 10);
    let position_bits = [f32::from_bits(position)];
    let (maxima, sums) = (vec![0.0; heads], vec![0.0; heads]);
    let arguments = [
        Argument::Input(&q),
        Argument::Input(&keys),
        Argument::Input(&cached),
        Argument::Input(&position_bits),
        Argument::Input(&maxima),
        Argument::Input(&sums),
        Argument::Output(heads * dim),
        Argument::Word(heads as u32),
        Argument::Word(kv_heads as u32),
        Argument::Word(seq as u32),
    ];
    // With one part the partial result is the whole, before its division by the sum.
    let Some(found) = outcome("attention_decode", [heads as u32, 1, 1], 256, &arguments) else { return };
    let wanted: Vec<f64> = (0..heads * dim)
        .map(|index| {
            let (head, element) = (index / dim, index % dim);
            let cache = head / (heads / kv_heads) * seq * dim;
            let scores: Vec<f64> = (0..=position as usize)
                .map(|row| {
                    let products =
                        (0..dim).map(|x| f64::from(q[head * dim + x]) * f64::from(keys[cache + row * dim + x]));
                    products.sum::<f64>() / (dim as f64).sqrt()
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::MIN, f64::max);
            let weights = scores.iter().map(|score| (score - largest).exp());
            weights.enumerate().map(|(row, weight)| weight * f64::from(cached[cache + row * dim + element])).sum()
        })
        .collect();
    // 71 products of exponentials of 2 ulp.
    assert_close(&found, |index| wanted[index], 2e-5);
}

/// Prints the time; the emulator's target is 0.1 s on 4 cores.
#[test]
fn a_large_product_is_done() {
    let (a, b) = (values(512 * 512, 6), values(512 * 512, 7));
    let words = || Argument::Word(512);
    let arguments = [Argument::Input(&a), Argument::Input(&b), Argument::Output(512 * 512), words(), words(), words()];
    let Some(code) = compiled("gemm_f32", &[]) else { return };
    let c = run(&code, "gemm_f32", ([8, 8, 1], 256), &arguments, Options::default());
    for (i, j) in [(0, 0), (511, 511), (100, 317)] {
        let chain = (0..512).fold(0.0f32, |sum, x| a[i * 512 + x].mul_add(b[j * 512 + x], sum));
        assert_eq!(c[i * 512 + j].to_bits(), chain.to_bits());
    }
}

#[test]
fn a_read_past_an_array_stops_with_its_place() {
    let Some(object) = compiled("silu", &[]) else { return };
    let memory = Memory::new();
    let module = Module::load(&memory, &object).unwrap();
    let (x, y) = (memory.allocate(4096).unwrap(), memory.allocate(8192).unwrap());
    let bytes: Vec<u8> = [x, y].into_iter().flat_map(u64::to_le_bytes).chain(2048u32.to_le_bytes()).collect();
    let kernel = module.kernel("silu").unwrap();
    let request = Launch { grid: [2, 1, 1], block: [256, 1, 1], ..Launch::new(&module, kernel, &bytes) };
    let Err(Fault::Stopped { place, cause, .. }) = launch(&memory, &request) else { panic!("the read is in bounds") };
    assert_eq!((place.kernel.as_str(), place.workgroup, place.wave, place.lane), ("silu", [1, 0, 0], 0, Some(0)));
    assert!(place.instruction().starts_with("global_load_dwordx4"), "{place}");
    assert!(matches!(cause, Cause::Access { error: AccessError::OutOfBounds { .. }, .. }), "{cause}");
    let endless = Launch { options: Options { budget: 10, ..Options::default() }, ..request };
    let Err(Fault::Stopped { cause, .. }) = launch(&memory, &endless) else { panic!("ten instructions suffice") };
    assert_eq!(cause, Cause::Budget { limit: 10 });
}

#[test]
fn host_instructions_do_not_change_a_bit() {
    let Some(object) = compiled("silu", &[]) else { return };
    let memory = Memory::new();
    let module = Module::load(&memory, &object).unwrap();
    let (x, y) = (memory.allocate(4096).unwrap(), memory.allocate(4096).unwrap());
    let data: Vec<u8> = values(1024, 11).iter().flat_map(|value| (value * 90.0).to_le_bytes()).collect();
    memory.write(x, &data).unwrap();
    let bytes: Vec<u8> = [x, y].into_iter().flat_map(u64::to_le_bytes).chain(1024u32.to_le_bytes()).collect();
    let mut results = Vec::new();
    for simd in [greta_numerics::Simd::PORTABLE, greta_numerics::Simd::best()] {
        let kernel = module.kernel("silu").unwrap();
        let options = Options { simd, ..Options::default() };
        let request = Launch { block: [256, 1, 1], options, ..Launch::new(&module, kernel, &bytes) };
        launch(&memory, &request).unwrap();
        let mut result = vec![0; 4096];
        memory.read(y, &mut result).unwrap();
        results.push(result);
    }
    assert_eq!(results[0], results[1]);
}
