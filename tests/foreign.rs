//! Device functions that are written in the target's own language: what comes out, what runs where, and that a broken
//! one is shown at its Rust line.

use greta::codegen::lower::lower;
use greta::codegen::target::{GFX942, SM_80, SM_90};
use greta::codegen::{emit, verify::Verified};
use greta::prelude::*;
use greta::runtime::compile::{self, CompileError, CompileRequest, source_locations};
use greta::runtime::toolchain;

/// 1 / value, to 1 ulp.
#[device(hip = "return __builtin_amdgcn_rcpf(value);", cuda = "return __frcp_rn(value);")]
fn reciprocal(value: f32) -> f32 {
    1.0 / value
}

/// Swaps the halves of a row in place.
#[device(hip = r#"
    if (thread_idx < 4) {
        const float kept = row[thread_idx];
        row[thread_idx] = row[thread_idx + 4];
        row[thread_idx + 4] = kept;
    }
"#)]
fn swap_halves(row: &mut Global<f32>, thread_idx: u32) {
    if thread_idx < 4 {
        let kept = row[thread_idx];
        row[thread_idx] = row[thread_idx + 4];
        row[thread_idx + 4] = kept;
    }
}

#[device(hip = "__builtin_amdgcn_s_sleep(1);")]
fn nap();

#[device(hip = r#"
        float doubled = 2.0f * value;
        return doubled + no_such_name;
    "#)]
fn broken(value: f32) -> f32;

/// The line above that names what does not exist.
const BROKEN_LINE: u32 = 38;

#[kernel(block = 64)]
fn reciprocals(x: &Global<f32>, y: &mut Global<f32>) {
    let i = thread_idx().x;
    y[i] = reciprocal(x[i]) + reciprocal(2.0);
}

#[kernel(block = 64)]
fn swaps(row: &mut Global<f32>) {
    row[thread_idx().x] += 1.0;
    barrier();
    swap_halves(row, thread_idx().x);
}

#[kernel(block = 64)]
fn naps(y: &mut Global<f32>) {
    y[thread_idx().x] = 1.0;
    nap();
}

#[kernel(block = 64)]
fn breaks(y: &mut Global<f32>) {
    y[thread_idx().x] = broken(y[0]);
}

/// What NVIDIA's alone has statements for.
#[device(cuda = "__nanosleep(20);")]
fn pause() {}

#[kernel(block = 64)]
fn pauses(y: &mut Global<f32>) {
    pause();
    y[thread_idx().x] = 1.0;
}

#[kernel(block = 64)]
fn pauses_on_hopper(y: &mut Global<f32>) {
    if has_warpgroup_mma() {
        pause();
    }
    y[thread_idx().x] = 1.0;
}

/// The text that a kernel becomes for an MI300X.
fn hip(definition: &'static greta::codegen::definition::KernelDefinition) -> (Verified, String) {
    let kernel = lower(definition, &[], &GFX942).unwrap();
    let text = emit::source(&kernel).source;
    (kernel, text)
}

#[test]
fn the_text_comes_out_as_a_device_function() {
    let text = reciprocals::variant().hip().unwrap();
    let function = "float reciprocal(float value) {\n    return __builtin_amdgcn_rcpf(value);\n}";
    assert!(text.contains(function), "{text}");
    let text = swaps::variant().hip().unwrap();
    let body = "    if (thread_idx < 4) {\n        const float kept = row[thread_idx];\n";
    assert!(text.contains(body), "{text}");
    let cuda = lower(&reciprocals::DEFINITION, &[], &SM_90).unwrap();
    let text = emit::source(&cuda).source;
    assert!(text.contains("return __frcp_rn(value);"), "{text}");
}

#[test]
fn cpu_runs_the_body_in_rust() {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let values: Vec<f32> = (1..=64).map(|i| i as f32).collect();
    let (x, mut y) = (device.buffer_from(&values).unwrap(), device.zeroed(64).unwrap());
    let kernel = device.kernel(reciprocals::variant()).unwrap();
    kernel.launch(&stream, 1, reciprocals::Args { x: &x, y: &mut y }).unwrap();
    let expected: Vec<f32> = values.iter().map(|x| 1.0 / x + 0.5).collect();
    assert_eq!(y.read(&stream).unwrap(), expected);
    let mut row = device.buffer_from(&values).unwrap();
    device.kernel(swaps::variant()).unwrap().launch(&stream, 1, swaps::Args { row: &mut row }).unwrap();
    assert_eq!(row.read(&stream).unwrap()[..9], [6.0, 7.0, 8.0, 9.0, 2.0, 3.0, 4.0, 5.0, 10.0]);
}

#[test]
fn a_device_that_has_no_text_for_it_refuses_the_kernel() {
    let cpu = Device::open("cpu").unwrap();
    let message = cpu.kernel(naps::variant()).unwrap_err().to_string();
    let place = format!("naps: nap at {}:34:", file!());
    assert!(message.starts_with(&place), "{message}");
    assert!(message.ends_with("has no body in Rust, which device cpu runs"), "{message}");
    let nvidia = Device::open("cpu:sm_90").unwrap();
    let message = nvidia.kernel(swaps::variant()).unwrap_err().to_string();
    assert!(message.contains("swap_halves has no statements for sm_90"), "{message}");
    assert!(message.contains("fn swap_halves(row: &mut Global<f32>, thread_idx: u32) {"), "{message}");
}

#[test]
fn statements_of_one_family_are_for_that_family() {
    let text = emit::source(&lower(&pauses::DEFINITION, &[], &SM_90).unwrap()).source;
    assert!(text.contains("    __nanosleep(20);\n"), "{text}");
    let refused = lower(&pauses::DEFINITION, &[], &GFX942).unwrap_err().to_string();
    assert!(refused.contains("pause has no statements for gfx942"), "{refused}");
    let (_, text) = hip(&pauses_on_hopper::DEFINITION);
    assert!(!text.contains("pause()"), "{text}");
    for (target, calls) in [(&SM_80, false), (&SM_90, true)] {
        let text = emit::source(&lower(&pauses_on_hopper::DEFINITION, &[], target).unwrap()).source;
        assert_eq!(text.contains("pause();"), calls, "{}: {text}", target.name);
    }
}

/// What hiprtc makes of a kernel; `None` where it is not installed.
fn opt_compiled(definition: &'static greta::codegen::definition::KernelDefinition) -> Option<Result<(), CompileError>> {
    toolchain::find().ok()?;
    let (kernel, source) = hip(definition);
    let line_map = source_locations(&kernel, &emit::source(&kernel));
    let request =
        CompileRequest { source: &source, name: "kernel.hip", target: "gfx942", options: &[], line_map: &line_map };
    Some(compile::compile(&request).map(|_| ()))
}

#[test]
fn hiprtc_takes_what_is_right_and_is_shown_at_the_rust_line_of_what_is_broken() {
    for definition in [&reciprocals::DEFINITION, &swaps::DEFINITION, &naps::DEFINITION] {
        if let Some(compiled) = opt_compiled(definition) {
            compiled.unwrap();
        }
    }
    let Some(compiled) = opt_compiled(&breaks::DEFINITION) else { return };
    let message = compiled.unwrap_err().to_string();
    let place = format!("--> {}:{BROKEN_LINE}:1", file!());
    for part in ["no_such_name", &place, "        return doubled + no_such_name;", "in the HIP source, line"] {
        assert!(message.contains(part), "{part:?} is missing in:\n{message}");
    }
}
