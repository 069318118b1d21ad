//! greta's own driver of AMD GPUs over the emulated runtime: in process, and through the shared library.
//!
//! Needs the HIP compiler. Where there is none the tests say so and pass; under `CI` they fail.

mod support;

use std::path::PathBuf;
use std::process::Command;

use greta::prelude::*;
use greta::{Device, Error};
use greta_hip_emulator::count_launches;
use greta_runtime::toolchain;

#[kernel(block = 64)]
fn twice(x: &Global<f32>, y: &mut Global<f32>, count: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < count {
        y[i] = x[i] * 2.0;
    }
}

#[kernel(block = 64)]
fn tell(x: &Global<f32>, count: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if thread_idx().x == 1 {
        println!("{} of {}: {}, {}, {}", i, count, x[i], x[i] as i32 - 3, i > 64);
    }
    assert!(i < count, "{} is outside", i);
}

fn has_compiler() -> bool {
    greta_testing::ok_or_skip(toolchain::find()).is_some()
}

/// Doubles `count` numbers, of which the buffers have 1,000.
fn doubled(device: &Device, count: u32) -> Result<Vec<f32>, Error> {
    let stream = device.stream()?;
    let x: Vec<f32> = (0..1000).map(|i| i as f32 / 8.0).collect();
    let (x, mut y) = (device.buffer_from(&x)?, device.zeroed(1000)?);
    let kernel = device.kernel(twice::variant())?;
    let launched = kernel.launch(&stream, count.div_ceil(64), twice::Args { x: &x, y: &mut y, count });
    launched.and_then(|()| stream.synchronize())?;
    y.read(&stream)
}

#[test]
fn the_emulated_device_runs_machine_code_of_the_real_compiler() {
    if !has_compiler() {
        return;
    }
    let (cpu, emulated) = (Device::open("cpu").unwrap(), Device::open("emu").unwrap());
    assert_eq!((emulated.info().kind, emulated.info().arch.as_str()), ("emu", "gfx942:sramecc+:xnack-"));
    assert_eq!((emulated.info().compute_units, emulated.info().wave), (304, 64));
    let result = doubled(&emulated, 999).unwrap();
    assert_eq!(result, doubled(&cpu, 999).unwrap());
    assert_eq!((result[998], result[999]), (998.0 / 4.0, 0.0));
}

#[test]
fn launches_are_counted_while_asked_for() {
    if !has_compiler() {
        return;
    }
    let device = Device::open("emu").unwrap();
    let (result, launches) = count_launches(|| {
        doubled(&device, 999).unwrap();
        // The inner launches are the inner call's.
        let (_, inner) = count_launches(|| doubled(&device, 64).unwrap());
        inner.len()
    });
    assert_eq!((result, launches.len()), (1, 1));
    let launch = &launches[0];
    assert_eq!((launch.kernel.as_str(), launch.grid, launch.block), ("twice", [16, 1, 1], [64, 1, 1]));
    assert_eq!((launch.counters.waves, launch.counters.global.lane_bytes), (16, 2 * 4 * 999));
    doubled(&device, 999).unwrap();
    assert!(count_launches(|| ()).1.is_empty(), "launches outside are not kept");
}

/// In a process of its own, since the failure of a stream is one of its device's while the stream lives.
#[test]
fn a_fault_comes_back_as_an_error_with_all_that_the_emulator_says() {
    let name = "a_fault_comes_back_as_an_error_with_all_that_the_emulator_says";
    if !has_compiler() || opt_output_alone(name, &[]).is_some() {
        return;
    }
    let device = Device::open("emu").unwrap();
    let error = doubled(&device, 4096).unwrap_err().to_string();
    for part in ["hipErrorIllegalAddress", "kernel twice", "workgroup [", "pc 0x", "global_load", "count = 4096"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let line = include_str!("device.rs").lines().position(|line| line.contains("= x[i] * 2.0")).unwrap() + 1;
    assert!(error.contains(&format!("\n  at {}:{line}\n", file!())), "the Rust line: {error}");
    assert!(doubled(&device, 10).is_ok(), "another stream of the same device works");
    let [first, second, launch] = behind_a_fault(&device);
    assert!(first.contains("kernel twice, workgroup") && !first.contains("an earlier kernel"), "{first}");
    assert!(second.contains("kernel twice, workgroup"), "a stream keeps its fault: {second}");
    assert!(launch.contains("an earlier kernel failed: kernel twice, workgroup"), "{launch}");
    let [first, second, launch] = behind_a_fault(&Device::open("cpu").unwrap());
    assert!(first.contains("twice"), "{first}");
    assert_eq!((second.as_str(), launch.as_str()), ("fine", "fine"), "`cpu` gives a fault once");
}

/// What a stream says when a kernel fails on it, when it is waited for again, and of a launch after that.
fn behind_a_fault(device: &Device) -> [String; 3] {
    let said = |result: Result<(), Error>| result.map_or_else(|error| error.to_string(), |()| "fine".to_owned());
    let stream = device.stream().unwrap();
    let (x, mut y) = (device.zeroed(1000).unwrap(), device.zeroed(1000).unwrap());
    let kernel = device.kernel(twice::variant()).unwrap();
    let mut launch = |count| kernel.launch(&stream, 64, twice::Args { x: &x, y: &mut y, count });
    let first = launch(4096).and_then(|()| stream.synchronize());
    let second = stream.synchronize();
    let third = launch(10).and_then(|()| stream.synchronize());
    [first, second, third].map(said)
}

/// In a process of its own, whose standard output is read.
#[test]
fn kernels_print_in_the_order_of_their_blocks() {
    let name = "kernels_print_in_the_order_of_their_blocks";
    if !has_compiler() {
        return;
    }
    if let Some(output) = opt_output_alone(name, &[]) {
        let lines: Vec<&str> = output.lines().filter(|line| line.contains(" of ")).collect();
        assert_eq!(
            lines,
            ["1 of 130: 0.125, -3, false", "65 of 130: 8.125, 5, true", "129 of 130: 16.125, 13, true"],
            "{output}"
        );
        let line = include_str!("device.rs").lines().position(|line| line.contains("is outside\", i")).unwrap() + 1;
        assert!(output.contains(&format!("{}:{line}: 130 is outside\n", file!())), "the assertion's text: {output}");
        return;
    }
    let (device, x): (_, Vec<f32>) = (Device::open("emu").unwrap(), (0..192).map(|i| i as f32 / 8.0).collect());
    let (stream, x) = (device.stream().unwrap(), device.buffer_from(&x).unwrap());
    let kernel = device.kernel(tell::variant()).unwrap();
    let launched = kernel.launch(&stream, 3, tell::Args { x: &x, count: 130 });
    let error = launched.and_then(|()| stream.synchronize()).unwrap_err().to_string();
    assert!(error.contains("hipErrorAssert") && error.contains("s_trap"), "{error}");
}

#[test]
fn the_shared_library_is_a_hip_runtime_to_the_driver() {
    let variables: [(&str, PathBuf); 1] = [("GRETA_HIP_LIBRARY", support::library())];
    let name = "the_shared_library_is_a_hip_runtime_to_the_driver";
    if !has_compiler() || opt_output_alone(name, &variables).is_some() {
        return;
    }
    let device = Device::open("hip").unwrap();
    assert_eq!((device.info().kind, device.info().name.as_str()), ("hip", "AMD Instinct MI300X (emulated)"));
    assert_eq!(doubled(&device, 1000).unwrap()[77], 77.0 / 4.0);
    assert!(doubled(&device, 4096).unwrap_err().to_string().contains("kernel twice"));
}

/// Nothing in the process that runs this test alone. Elsewhere such a process is started, with these variables: it must
/// succeed, and this is what it wrote.
fn opt_output_alone(test: &str, variables: &[(&str, PathBuf)]) -> Option<String> {
    const MARK: &str = "GRETA_TEST_IS_ALONE";
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(MARK, "1").envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
    Some(text)
}
