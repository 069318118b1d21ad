//! The whole runtime over a HIP that writes calls down: their order, their arguments, and what a failure becomes.

use std::sync::Arc;
use std::time::Duration;

use greta_codegen::lower::lower;
use greta_codegen::target::GFX942;
use hip_sys::hipError_t;

use super::api::HipApi;
use super::compile::compile;
use super::{fake, open_table};
use crate::buffer::Buffer;
use crate::device::Device;
use crate::driver::gpu::Gpu;
use crate::driver::gpu::api::Image;
use crate::error::{Activity, DriverError, Error, Result};
use crate::graph::Mode;
use crate::stream::Stream;
use crate::test_kernels::{bump, scale};

const SIGNATURES: &[(&str, &str)] = &[("scale", "wppw"), ("add", "pppw"), ("bump", "pw"), ("meet", "p")];
const ONE: u32 = 0x3f80_0000;

fn driver(gpus: i32, arch: &str) -> Result<Gpu<HipApi>> {
    over(fake::table(gpus, arch, SIGNATURES))
}

/// A driver over a table, of kernels that are not compiled.
fn over(table: hip_sys::Hip) -> Result<Gpu<HipApi>> {
    open_table(
        "hip",
        table,
        |_| Ok(Image { bytes: vec![7], launch_shared_bytes: 0, resources: None, lines: None }),
        None,
    )
}

/// An open device and a stream of it; the calls that made them are forgotten.
pub(super) fn open() -> (Device, Stream) {
    let device = Device::from_driver(Arc::new(driver(1, "gfx942:sramecc+:xnack-").unwrap())).unwrap();
    let stream = device.stream().unwrap();
    fake::take_calls();
    (device, stream)
}

/// A buffer of the device; the calls that made it are forgotten.
pub(super) fn buffer(device: &Device, len: usize) -> Buffer<f32> {
    let buffer = device.buffer(len).unwrap();
    fake::take_calls();
    buffer
}

/// The calls so far whose names begin so.
pub(super) fn calls(prefix: &str) -> Vec<String> {
    fake::take_calls().into_iter().filter(|call| call.starts_with(prefix)).collect()
}

#[test]
fn opening_starts_hip_takes_the_first_gpu_and_makes_non_blocking_streams() {
    let device = Device::from_driver(Arc::new(driver(2, "gfx942:sramecc+:xnack-").unwrap())).unwrap();
    let expected = [
        "hipInit()",
        "hipGetDeviceCount()",
        "hipSetDevice(0)",
        "hipGetDevicePropertiesR0600(0)",
        "hipStreamCreateWithFlags(s1 flags 1)",
        "hipStreamCreateWithFlags(s2 flags 1)",
    ];
    assert_eq!(fake::take_calls(), expected);
    let info = device.info();
    assert_eq!((info.kind, info.name.as_str()), ("hip", "Fake MI300X"));
    assert_eq!((info.arch.as_str(), device.target().name), ("gfx942:sramecc+:xnack-", "gfx942"));
    assert_eq!((info.wave, info.compute_units, info.memory_bytes), (64, 304, 192 << 30));
}

#[test]
fn a_machine_without_a_gpu_is_told_apart_from_one_with_an_unknown_gpu() {
    assert!(matches!(driver(0, "gfx942"), Err(Error::NoGpu)));
    let table = fake::table(0, "gfx942", SIGNATURES);
    fake::fail("hipInit", 100);
    assert!(matches!(over(table), Err(Error::NoGpu)));
    let error = driver(1, "gfx1100").unwrap_err();
    assert_eq!(error.to_string(), "Fake MI300X is gfx1100, which is not supported; targets are gfx942, gfx90a, gfx950");
}

#[test]
fn buffers_are_copied_on_a_stream_that_is_waited_for() {
    let (device, _stream) = open();
    let mut buffer = device.buffer_from(&[1.0_f32, 2.0, 3.0]).unwrap();
    let expected = [
        "hipMalloc(12)",
        "hipDeviceSynchronize()",
        "hipMemcpyAsync(m4 pageable 12 kind 1 s2)",
        "hipStreamSynchronize(s2)",
    ];
    assert_eq!(fake::take_calls(), expected);
    assert_eq!(buffer.view(1..).unwrap().download().unwrap(), [2.0, 3.0]);
    let expected = ["hipDeviceSynchronize()", "hipMemcpyAsync(pageable m4+4 8 kind 2 s2)", "hipStreamSynchronize(s2)"];
    assert_eq!(fake::take_calls(), expected);
    buffer.upload(&[4.0, 5.0, 6.0]).unwrap();
    assert_eq!(buffer.download().unwrap(), [4.0, 5.0, 6.0]);
    drop(buffer);
    assert_eq!(calls("hipFree"), ["hipFree(m4)"]);
}

#[test]
fn zeroed_memory_is_filled_on_a_stream_before_anyone_sees_it() {
    let (device, _stream) = open();
    let buffer: Buffer<u32> = device.zeroed(4).unwrap();
    assert_eq!(fake::take_calls(), ["hipMalloc(16)", "hipMemsetAsync(m4 0 16 s1)", "hipStreamSynchronize(s1)"]);
    assert_eq!(buffer.download().unwrap(), [0; 4]);
}

#[test]
fn empty_buffers_take_no_memory() {
    let (device, stream) = open();
    let mut buffer: Buffer<f32> = device.buffer(0).unwrap();
    buffer.upload_async(&stream, &[]).unwrap();
    buffer.clear_async(&stream).unwrap();
    assert_eq!(fake::take_calls(), [""; 0]);
    assert_eq!(buffer.download_async(&stream).unwrap().wait().unwrap().len(), 0);
}

#[test]
fn what_an_upload_reads_from_is_kept_until_the_stream_has_passed_it() {
    let (device, stream) = open();
    let mut buffer = buffer(&device, 2);
    let mut values = [1.0, 2.0];
    buffer.upload_async(&stream, &values).unwrap();
    values.fill(9.0);
    let expected = [
        "hipHostMalloc(4096)",
        "hipEventCreateWithFlags(e6 flags 0)",
        "hipMemcpyAsync(m4 h5 8 kind 1 s3)",
        "hipEventRecord(e6 s3)",
    ];
    assert_eq!(fake::take_calls(), expected);
    fake::unready(1);
    buffer.upload_async(&stream, &[3.0, 4.0]).unwrap();
    assert_eq!(calls("hipHostMalloc").len(), 1, "the first piece is in use");
    buffer.upload_async(&stream, &[5.0, 6.0]).unwrap();
    assert_eq!(calls("hipHost"), [""; 0], "the first piece is used again");
    assert_eq!(buffer.read(&stream).unwrap(), [5.0, 6.0]);
    drop(stream);
    assert_eq!(fake::live_memory(), ["m4"]);
}

#[test]
fn a_download_is_waited_for_by_its_event_even_if_nobody_asks_for_it() {
    let (device, stream) = open();
    let buffer = device.buffer_from(&[1_u32, 2]).unwrap();
    assert_eq!(buffer.download_async(&stream).unwrap().wait().unwrap(), [1, 2]);
    fake::take_calls();
    let download = buffer.download_async(&stream).unwrap();
    fake::unready(2);
    assert!(!download.is_complete().unwrap());
    drop(download);
    let expected = [
        "hipEventCreateWithFlags(e7 flags 0)",
        "hipHostMalloc(8)",
        "hipMemcpyAsync(h8 m4 8 kind 2 s3)",
        "hipEventRecord(e7 s3)",
        "hipEventQuery(e7)",
        "hipEventQuery(e7)",
        "hipEventSynchronize(e7)",
        "hipEventDestroy(e7)",
        "hipHostFree(h8)",
    ];
    assert_eq!(fake::take_calls(), expected);
}

#[test]
fn events_order_streams_and_measure() {
    let (device, one) = open();
    let two = device.stream().unwrap();
    let (start, end) = (device.event().unwrap(), device.event().unwrap());
    assert!(matches!(start.is_complete(), Err(Error::EventNotRecorded)));
    one.record(&start).unwrap();
    two.wait(&start).unwrap();
    two.record(&end).unwrap();
    fake::take_calls();
    assert_eq!(end.elapsed_since(&start).unwrap(), Duration::from_micros(1500));
    assert_eq!(
        fake::take_calls(),
        ["hipEventSynchronize(e5)", "hipEventSynchronize(e6)", "hipEventElapsedTime(e5 e6)"]
    );
}

#[test]
fn a_launch_passes_each_argument_through_kernel_params() {
    let (device, stream) = open();
    let x = buffer(&device, 256);
    let mut y = buffer(&device, 256);
    let kernel = device.kernel(scale::Tile(128)).unwrap();
    assert_eq!(fake::take_calls(), ["hipModuleLoadData(o6 first byte 7)", "hipModuleGetFunction(f7 o6 scale)"]);
    let view = x.view(16..).unwrap();
    kernel.launch(&stream, 2, scale::Args { factor: 1.0, x: &view, y: &mut y, len: 240 }).unwrap();
    let expected = format!("hipModuleLaunchKernel(scale {ONE} m4+64 m5 240 [2, 1, 1] [128, 1, 1] s3)");
    assert_eq!(fake::take_calls(), [expected]);
    device.kernel(scale::Tile(128)).unwrap();
    assert_eq!(fake::take_calls(), [""; 0]);
}

#[test]
fn modules_are_unloaded_after_all_streams_are_done() {
    let (device, stream) = open();
    let kernel = device.kernel(bump::Bump).unwrap();
    let mut x: Buffer<u32> = device.zeroed(1).unwrap();
    kernel.launch(&stream, 1, bump::Args { x: &mut x, by: 1 }).unwrap();
    fake::take_calls();
    drop((kernel, device, x));
    drop(stream);
    let expected = [
        "hipFree(m6)",
        "hipStreamSynchronize(s3)",
        "hipStreamDestroy(s3)",
        "hipStreamSynchronize(s2)",
        "hipStreamDestroy(s2)",
        "hipModuleUnload(o4)",
        "hipStreamDestroy(s1)",
    ];
    assert_eq!(fake::take_calls(), expected);
}

#[test]
fn memory_that_the_device_lacks_is_an_error_of_its_own() {
    let (device, _stream) = open();
    fake::fail("hipMalloc", 2);
    let error = device.buffer::<f32>(1000).unwrap_err();
    assert_eq!(error.to_string(), "Fake MI300X has no room for 4000 B");
}

#[test]
fn a_failed_launch_names_call_status_kernel_and_arguments() {
    let (device, stream) = open();
    let mut x: Buffer<u32> = device.zeroed(2).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    fake::fail("hipModuleLaunchKernel", 700);
    let error = kernel.launch(&stream, 2, bump::Args { x: &mut x, by: 5 }).unwrap_err();
    let expected = "hipModuleLaunchKernel gave hipErrorIllegalAddress (700: as the test asked) while launching \
        bump(x: 8 B, by = 5)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_fault_found_by_waiting_names_the_kernels_launched_before() {
    let (device, stream) = open();
    let mut x: Buffer<u32> = device.zeroed(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    kernel.launch(&stream, 1, bump::Args { x: &mut x, by: 5 }).unwrap();
    fake::fail("hipStreamSynchronize", 700);
    let Error::Driver(error) = stream.synchronize().unwrap_err() else { panic!("another error") };
    assert_eq!(error.activity, Activity::Wait { kernels: vec!["bump".to_owned()] });
    fake::mend();
}

/// Does everything that a program can.
fn everything() -> Result<()> {
    let table = fake::table(1, "gfx942", SIGNATURES);
    if let Some((call, status)) = FAILING.get() {
        fake::fail(call, status);
    }
    let device = Device::from_driver(Arc::new(over(table)?))?;
    let stream = device.stream()?;
    let mut x: Buffer<f32> = device.zeroed(64)?;
    let mut y = device.buffer_from(&[0.5_f32; 64])?;
    x.upload_async(&stream, &[1.0; 64])?;
    x.upload_async(&stream, &[1.0; 64])?;
    y.copy_from_async(&stream, &x)?;
    y.clear_async(&stream)?;
    let scale = device.kernel(scale::variant())?;
    scale.launch(&stream, 1, scale::Args { factor: 2.0, x: &x, y: &mut y, len: 64 })?;
    let (start, end) = (device.event()?, device.event()?);
    stream.record(&start)?;
    stream.wait(&start)?;
    stream.record(&end)?;
    start.is_complete()?;
    end.elapsed_since(&start)?;
    let mut graph = device.graph();
    let node = graph.add(&scale, 1, scale::Args { factor: 2.0, x: &x, y: &mut y, len: 64 })?;
    let mut exec = graph.instantiate_as(Mode::Graph)?;
    exec.launch(&stream)?;
    exec.update(node, scale::Args { factor: 3.0, x: &x, y: &mut y, len: 64 })?;
    y.download_async(&stream)?.wait()?;
    device.synchronize()?;
    stream.synchronize()
}

#[test]
fn the_failure_of_each_call_becomes_an_error_that_names_it() {
    const CALLS: &[&str] = &[
        "hipInit",
        "hipGetDeviceCount",
        "hipSetDevice",
        "hipGetDevicePropertiesR0600",
        "hipStreamCreateWithFlags",
        "hipMalloc",
        "hipMemsetAsync",
        "hipStreamSynchronize",
        "hipMemcpyAsync",
        "hipHostMalloc",
        "hipEventCreateWithFlags",
        "hipEventRecord",
        "hipEventQuery",
        "hipModuleLoadData",
        "hipModuleGetFunction",
        "hipModuleLaunchKernel",
        "hipStreamWaitEvent",
        "hipEventSynchronize",
        "hipEventElapsedTime",
        "hipGraphCreate",
        "hipGraphAddKernelNode",
        "hipGraphInstantiate",
        "hipGraphLaunch",
        "hipGraphExecKernelNodeSetParams",
        "hipDeviceSynchronize",
    ];
    everything().unwrap();
    for &call in CALLS {
        failing(call, 999);
    }
}

fn failing(call: &'static str, status: hipError_t) {
    FAILING.set(Some((call, status)));
    let error = everything().unwrap_err();
    FAILING.set(None);
    let Error::Driver(error) = error else { panic!("{call}: {error}") };
    let DriverError { call: named, status: given, name, text, .. } = *error;
    assert_eq!((named, given, name.as_str()), (call, status, "hipErrorUnknown"));
    assert_eq!(text, "as the test asked");
    assert_eq!(fake::live_memory(), [""; 0], "{call} leaks");
}

thread_local! {
    static FAILING: std::cell::Cell<Option<(&'static str, hipError_t)>> = const { std::cell::Cell::new(None) };
}

#[test]
fn what_cannot_be_given_back_is_logged_and_does_no_harm() {
    for call in [
        "hipFree",
        "hipHostFree",
        "hipEventDestroy",
        "hipStreamDestroy",
        "hipModuleUnload",
        "hipGraphExecDestroy",
        "hipGraphDestroy",
    ] {
        FAILING.set(Some((call, 999)));
        everything().unwrap();
        FAILING.set(None);
    }
}

#[test]
fn a_kernel_compiles_to_a_code_object_with_its_resources() {
    if greta_testing::ok_or_skip(crate::toolchain::find()).is_none() {
        return;
    }
    let kernel = lower(&scale::DEFINITION, &[128], &GFX942).unwrap();
    let image = compile(&kernel).unwrap();
    assert_eq!(image.bytes[..4], *b"\x7fELF");
    let resources = image.resources.unwrap();
    assert_eq!((resources.name.as_str(), resources.max_block_threads), ("scale", 128));
    assert_eq!(resources.vgpr_spills, 0);
}

#[test]
fn the_null_stream_is_never_used() {
    everything().unwrap();
    let calls = fake::take_calls();
    assert!(calls.len() > 50, "{}", calls.len());
    assert!(calls.iter().all(|call| !call.contains("s0")), "{calls:#?}");
}
