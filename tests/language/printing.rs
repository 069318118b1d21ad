//! `println!` and assertions. What a kernel prints on `cpu` is tested with the interpreter.

use crate::{check, device, floats};
use greta::prelude::*;

/// y[i] = x[i] * 2, with a few words about it.
#[kernel(block = 64)]
pub fn talkative(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    assert!(v < 1.0 && v >= -1.0);
    assert!(i < 2 * BLOCK, "thread {i} of {}", 2 * BLOCK);
    assert_eq!(i / BLOCK, block_idx().x);
    assert_ne!(v, 2.0, "two");
    if v > 4.0 {
        println!("100% of \"x\"[{i}] is {v} {{{:?}}}", v > 0.5);
    }
    y[i] = v * 2.0;
}

#[test]
fn words_change_no_value() {
    check!(talkative, floats(), |x: &[f32], i: usize| x[i] * 2.0);
}

#[kernel(block = 64)]
pub fn bounded(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    assert!(x[i] < 100, "x[{i}] is {}, too large", x[i]);
    assert_eq!(x[i] % 2, 0);
    y[i] = x[i];
}

/// What the launch on a device says of x with one value changed.
fn complaint(device: &str, position: usize, value: u32) -> String {
    let device = Device::open(device).unwrap();
    let stream = device.stream().unwrap();
    let mut values = vec![4_u32; crate::LEN];
    values[position] = value;
    let x = device.buffer_from(&values).unwrap();
    let mut y = device.zeroed(crate::LEN).unwrap();
    let kernel = device.kernel(bounded::variant()).unwrap();
    let launched = kernel.launch(&stream, 2, bounded::Args { x: &x, y: &mut y });
    launched.and_then(|()| stream.synchronize()).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

#[test]
fn an_assertion_that_fails_names_its_line_thread_and_values() {
    assert_eq!(complaint("cpu", 0, 6), "fine");
    for (position, value, message, thread) in [
        (70, 123, "x[70] is 123, too large", "block [1, 0, 0], thread [6, 0, 0]"),
        (3, 7, "assertion failed: x[i] % 2 == 0; left is 1, right is 0", "block [0, 0, 0], thread [3, 0, 0]"),
    ] {
        let said = complaint("cpu", position, value);
        for part in [message, thread, "tests/language/printing.rs:"] {
            assert!(said.contains(part), "no `{part}` in\n{said}");
        }
    }
}

/// In a process of its own: until its stream is dropped, the fault is one of the whole device, which other tests wait for.
#[test]
fn an_assertion_that_fails_on_emu_is_an_error() {
    const ALONE: &str = "GRETA_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut run = std::process::Command::new(std::env::current_exe().unwrap());
        run.args(["--exact", "printing::an_assertion_that_fails_on_emu_is_an_error"]).env(ALONE, "1");
        let output = run.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    if greta_testing::ok_or_skip(greta::runtime::toolchain::find()).is_none() {
        return;
    }
    assert_eq!(complaint("emu", 0, 6), "fine");
    let said = complaint("emu", 70, 123);
    assert!(said.contains("kernel bounded, workgroup [1, 0, 0], wave 0, lane 6"), "{said}");
}

#[test]
fn assertions_are_printf_and_trap_in_hip() {
    let source = bounded::variant().hip().unwrap();
    for part in ["printf(\"tests/language/printing.rs:", "x[%u] is %u, too large\\n\"", "__builtin_trap();"] {
        assert!(source.contains(part), "no `{part}` in\n{source}");
    }
    assert!(device().kernel(talkative::variant()).is_ok());
}

/// Says of every type what a value of it is, and fails.
#[kernel(block = 64)]
pub fn every_type(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    println!("{} {} {} {}", v as i8, v as u16, v as i64, v as f64);
    y[i] = v;
    let (long, unsigned) = ((v as i64) << 40, (v as u64) << 60);
    assert!(v != 2.5, "{} {} {} {long} {} {} {} {unsigned}", v as i8, v as i16, v as i32, v as u8, v as u16, v as u32);
    assert!(v != 3.5, "{} {} {} {} {} {} {}", v as f16, v as bf16, v, v as f64 / 3.0, v as fp8, v as bf8, v > 3.0);
    assert_eq!(v as f64, 1.0, "as f64");
}

/// What the kernel says where x is `value`.
fn said_of(value: f32) -> String {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&[value; 64]).unwrap();
    let mut y = device.zeroed(64).unwrap();
    let kernel = device.kernel(every_type::variant()).unwrap();
    kernel.launch(&stream, 1, every_type::Args { x: &x, y: &mut y }).unwrap();
    stream.synchronize().map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

#[test]
fn values_of_every_scalar_type_are_said() {
    assert_eq!(said_of(1.0), "fine");
    let third = 3.5 / 3.0;
    for (value, words) in [
        (2.5, format!("2 2 2 {} 2 2 2 {}", 2_i64 << 40, 2_u64 << 60)),
        (3.5, format!("3.5 3.5 3.5 {third:?} 3.5 3.5 true")),
        (7.0, "as f64: assertion failed: v as f64 == 1.0; left is 7.0, right is 1.0".to_owned()),
    ] {
        let said = said_of(value);
        assert!(said.contains(&words), "no `{words}` in\n{said}");
    }
}

#[test]
fn each_type_has_its_format_in_hip() {
    let source = every_type::variant().hip().unwrap();
    for part in
        ["\"%d %u %lld %.17g\\n\"", "%d %d %d %lld %u %u %u %llu\\n\"", "%.5g %.4g %.9g %.17g %.3g %.2g %s\\n\""]
    {
        assert!(source.contains(part), "no `{part}` in\n{source}");
    }
    for part in ["(long long)", "(unsigned long long)", "? \"true\" : \"false\"", "float_from_fp8("] {
        assert!(source.contains(part), "no `{part}` in\n{source}");
    }
}

crate::kernels!(talkative, bounded, every_type);
