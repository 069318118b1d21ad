//! Kernels of another compiler, launched as their sidecars say, give what NumPy gives.
//!
//! Objects lie in `../shared/objects` beside the repository; where they are missing the tests say so
//! and pass, and under `CI` they fail. The sidecar's format is in the folder's README.

use std::collections::BTreeMap;

use greta_emulator::{Launch, Memory, Module, Options, launch};
use safetensors::SafeTensors;
use serde::Deserialize;

#[derive(Deserialize)]
struct Sidecar {
    object: String,
    data: String,
    kernel: String,
    grid: [u32; 3],
    block: [u32; 3],
    shared_bytes: u32,
    kernarg_size: usize,
    args: Vec<Argument>,
    buffers: BTreeMap<String, Buffer>,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Argument {
    kind: String,
    buffer: Option<String>,
    #[serde(rename = "type")]
    scalar: Option<String>,
    value: Option<f64>,
    offset: usize,
    size: usize,
}

#[derive(Deserialize)]
struct Buffer {
    dtype: String,
    bytes: u64,
}

#[derive(Deserialize)]
struct Check {
    buffer: String,
    expect: String,
    written: String,
    mode: String,
    #[serde(default)]
    rtol: f64,
    #[serde(default)]
    atol: f64,
}

fn element(dtype: &str, bytes: &[u8], index: usize) -> (u64, f64) {
    let size = match dtype {
        "f32" | "i32" => 4,
        "bf16" | "f16" => 2,
        _ => 1,
    };
    let bits = bytes[index * size..][..size].iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    let value = match dtype {
        "f32" => f64::from(f32::from_bits(bits as u32)),
        "i32" => f64::from(bits as u32 as i32),
        "bf16" => f64::from(f32::from_bits((bits as u32) << 16)),
        "f16" => f64::from(greta_numerics::float16::f32_from_f16(bits as u16)),
        _ => f64::from(bits as u8 as i8),
    };
    (bits, value)
}

fn evaluate(check: &Check, dtype: &str, before: &[u8], after: &[u8], tensors: &SafeTensors<'_>) {
    let expected = tensors.tensor(&check.expect).unwrap();
    let written = tensors.tensor(&check.written).unwrap();
    assert!(written.data().contains(&1), "the check looks at nothing");
    for (index, &is_written) in written.data().iter().enumerate() {
        let (bits, value) = element(dtype, after, index);
        if is_written == 0 {
            assert_eq!(bits, element(dtype, before, index).0, "{}[{index}] must not be written", check.buffer);
        } else if check.mode == "exact" {
            assert_eq!(bits, element(dtype, expected.data(), index).0, "{}[{index}]", check.buffer);
        } else {
            let wanted = element("f32", expected.data(), index).1;
            let limit = check.atol + check.rtol * wanted.abs();
            assert!((value - wanted).abs() <= limit, "{}[{index}] is {value}, not {wanted}", check.buffer);
        }
    }
}

/// Without and with checks, which find nothing.
fn kernel_gives_expected_results(name: &str) {
    for checks in [false, true] {
        run_and_compare(name, Options { checks, ..Options::default() });
    }
}

fn run_and_compare(name: &str, options: Options) {
    let Some(folder) = greta_testing::opt_shared("objects") else { return };
    let sidecar = std::fs::read(folder.join(name).with_extension("json")).unwrap();
    let sidecar: Sidecar = serde_json::from_slice(&sidecar).unwrap();
    let data = std::fs::read(folder.join(&sidecar.data)).unwrap();
    let tensors = SafeTensors::deserialize(&data).unwrap();
    let memory = Memory::new();
    let module = Module::load(&memory, &std::fs::read(folder.join(&sidecar.object)).unwrap()).unwrap();
    let mut addresses = BTreeMap::new();
    for (name, buffer) in &sidecar.buffers {
        let address = memory.allocate(buffer.bytes).unwrap();
        memory.write(address, tensors.tensor(name).unwrap().data()).unwrap();
        addresses.insert(name.as_str(), address);
    }
    let mut arguments = vec![0; sidecar.kernarg_size];
    for argument in &sidecar.args {
        let value = match (argument.kind.as_str(), argument.scalar.as_deref(), argument.value) {
            ("buffer", ..) => addresses[argument.buffer.as_deref().unwrap()],
            ("scalar", Some("f32"), Some(value)) => u64::from((value as f32).to_bits()),
            ("scalar", _, Some(value)) => value as i64 as u64,
            _ => 0,
        };
        arguments[argument.offset..][..argument.size].copy_from_slice(&value.to_le_bytes()[..argument.size]);
    }
    let kernel = module.kernel(&sidecar.kernel).unwrap();
    let request = Launch {
        grid: sidecar.grid,
        block: sidecar.block,
        dynamic_shared_bytes: sidecar.shared_bytes,
        options,
        ..Launch::new(&module, kernel, &arguments)
    };
    let report = launch(&memory, &request).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(report.warnings.is_empty(), "{name}: {}", report.warnings[0]);
    for check in &sidecar.checks {
        let buffer = &sidecar.buffers[&check.buffer];
        let mut after = vec![0; buffer.bytes as usize];
        memory.read(addresses[check.buffer.as_str()], &mut after).unwrap();
        evaluate(check, &buffer.dtype, tensors.tensor(&check.buffer).unwrap().data(), &after, &tensors);
    }
}

#[test]
fn a_sum_of_vectors() {
    kernel_gives_expected_results("vecadd_f32");
}

#[test]
fn a_softmax() {
    kernel_gives_expected_results("softmax_f32");
}

#[test]
fn a_layer_norm_of_bf16() {
    kernel_gives_expected_results("layernorm_bf16");
}

#[test]
fn a_histogram_by_atomics() {
    kernel_gives_expected_results("histogram_i32");
}

#[test]
fn a_matrix_product_of_bf16() {
    kernel_gives_expected_results("matmul_bf16");
}

#[test]
fn a_matrix_product_of_f32() {
    kernel_gives_expected_results("matmul_f32_ieee");
}

#[test]
fn a_matrix_product_of_f32_without_matrix_instructions() {
    kernel_gives_expected_results("matmul_f32_nomfma");
}

#[test]
fn a_matrix_product_of_i8() {
    kernel_gives_expected_results("matmul_int8");
}
