//! The device `cpu` as a program sees it: names, buffers, launches, faults.

use greta_runtime::launch::BoundArgument;
use greta_runtime::{Buffer, Device, Error, Stream};

#[path = "../src/test_kernels.rs"]
mod test_kernels;

use test_kernels::{Bound, ByHand, add, bump, scale};

fn open() -> (Device, Stream) {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    (device, stream)
}

fn ramp(len: usize) -> Vec<f32> {
    (0..len).map(|i| i as f32).collect()
}

/// A kernel of the tests as errors name it.
fn at(kernel: &str) -> String {
    format!("{kernel} at {}", scale::DEFINITION.location)
}

#[test]
fn a_device_says_what_it_is() {
    let device = Device::open("cpu").unwrap();
    let info = device.info();
    assert_eq!((info.kind, info.arch.as_str(), info.wave), ("cpu", "gfx942", 64));
    assert!(info.compute_units >= 1 && info.memory_bytes > 1 << 20 && !info.name.is_empty(), "{info:?}");
}

#[test]
fn an_unknown_name_gets_the_nearest_one_and_the_list() {
    let error = Device::open("cpuu").unwrap_err().to_string();
    assert_eq!(error, "no device is called `cpuu` (did you mean `cpu`?); devices are hip, cuda, cpu, emu");
    let error = Device::open("abacus").unwrap_err().to_string();
    assert_eq!(error, "no device is called `abacus`; devices are hip, cuda, cpu, emu");
}

#[test]
fn buffers_hold_what_they_are_given() {
    let (device, stream) = open();
    let mut buffer = device.buffer_from(&[1_u32, 2, 3]).unwrap();
    assert_eq!((buffer.len(), buffer.bytes(), buffer.is_empty()), (3, 12, false));
    assert_eq!(buffer.download().unwrap(), [1, 2, 3]);
    buffer.upload(&[4, 5, 6]).unwrap();
    assert_eq!(buffer.read(&stream).unwrap(), [4, 5, 6]);
    buffer.upload_async(&stream, &[7, 8, 9]).unwrap();
    assert_eq!(buffer.download_async(&stream).unwrap().wait().unwrap(), [7, 8, 9]);
    assert_eq!(device.zeroed::<i32>(2).unwrap().download().unwrap(), [0, 0]);
    buffer.clear_async(&stream).unwrap();
    assert_eq!(buffer.download().unwrap(), [0; 3]);
}

#[test]
fn a_vector_becomes_a_buffer_without_a_copy_and_a_slice_with_one() {
    let (device, _stream) = open();
    let values = ramp(1 << 20);
    let buffer = device.buffer_from_vec(values.clone()).unwrap();
    assert_eq!(buffer.download().unwrap(), values);
    let copy = device.buffer_from(&values).unwrap();
    drop(buffer);
    assert_eq!(copy.download().unwrap(), values);
}

#[test]
fn views_share_memory_and_stay_within_it() {
    let (device, stream) = open();
    let buffer = device.buffer_from(&ramp(8)).unwrap();
    let middle = buffer.view(2..6).unwrap();
    let mut inner = middle.view(1..=2).unwrap();
    assert_eq!(inner.download().unwrap(), [3.0, 4.0]);
    inner.upload_async(&stream, &[30.0, 40.0]).unwrap();
    drop((middle, inner));
    assert_eq!(buffer.download().unwrap(), [0.0, 1.0, 2.0, 30.0, 40.0, 5.0, 6.0, 7.0]);
    let error = buffer.view(6..9).unwrap_err().to_string();
    assert_eq!(error, "a view of elements 6..9 of a buffer of 8");
    #[expect(clippy::reversed_empty_ranges, reason = "what is tested")]
    let error = buffer.view(5..3).unwrap_err();
    assert!(matches!(error, Error::View { start: 5, end: 3, len: 8 }));
    assert!(buffer.view(..=usize::MAX).is_err());
    assert_eq!(buffer.view(8..).unwrap().len(), 0);
}

#[test]
fn host_data_of_another_length_is_refused() {
    let (device, stream) = open();
    let mut buffer = device.buffer_from(&[1.0_f32, 2.0]).unwrap();
    let error = buffer.upload(&[1.0]).unwrap_err().to_string();
    assert_eq!(error, "1 elements on the host; the buffer has 2");
    assert!(matches!(buffer.upload_async(&stream, &[1.0; 3]), Err(Error::Length { given: 3, len: 2 })));
    assert!(matches!(buffer.download_into(&mut []), Err(Error::Length { given: 0, len: 2 })));
}

#[test]
fn more_memory_than_there_is_is_an_error() {
    let (device, _stream) = open();
    assert!(matches!(device.buffer::<f32>(usize::MAX), Err(Error::OutOfMemory { .. })));
    assert!(matches!(device.zeroed::<f32>(usize::MAX / 8), Err(Error::OutOfMemory { .. })));
}

#[test]
fn buffers_are_copied_between_each_other_unless_they_overlap() {
    let (device, stream) = open();
    let from = device.buffer_from(&ramp(4)).unwrap();
    let mut to = device.zeroed(4).unwrap();
    to.copy_from_async(&stream, &from).unwrap();
    assert_eq!(to.read(&stream).unwrap(), ramp(4));
    let (mut left, right) = (to.view(..3).unwrap(), to.view(1..).unwrap());
    assert!(matches!(left.copy_from_async(&stream, &right), Err(Error::Aliasing { .. })));
}

#[test]
fn a_launch_runs_the_kernel_on_its_arguments() {
    let (device, stream) = open();
    let x = device.buffer_from(&ramp(100)).unwrap();
    let mut y = device.zeroed(100).unwrap();
    let kernel = device.kernel(scale::variant()).unwrap();
    assert_eq!(
        (kernel.module().name(), kernel.module().values(), kernel.module().block()),
        ("scale", "TILE = 64", [64, 1, 1])
    );
    kernel.launch(&stream, 2, scale::Args { factor: 3.0, x: &x, y: &mut y, len: 100 }).unwrap();
    let expected: Vec<f32> = ramp(100).iter().map(|x| 3.0 * x).collect();
    assert_eq!(y.read(&stream).unwrap(), expected);
}

#[test]
fn a_launch_sees_only_its_views() {
    let (device, stream) = open();
    let x = device.buffer_from(&ramp(8)).unwrap();
    let (low, mut high) = (x.view(..4).unwrap(), x.view(4..).unwrap());
    let kernel = device.kernel(scale::Tile(128)).unwrap();
    kernel.launch(&stream, 1, scale::Args { factor: 10.0, x: &low, y: &mut high, len: 4 }).unwrap();
    assert_eq!(x.read(&stream).unwrap(), [0.0, 1.0, 2.0, 3.0, 0.0, 10.0, 20.0, 30.0]);
}

#[test]
fn a_kernel_with_empty_buffers_runs() {
    let (device, stream) = open();
    let x: Buffer<f32> = device.buffer(0).unwrap();
    let mut y = device.buffer(0).unwrap();
    let kernel = device.kernel(scale::variant()).unwrap();
    kernel.launch(&stream, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 0 }).unwrap();
    stream.synchronize().unwrap();
}

#[test]
fn tile_parameters_that_make_no_variant_are_refused() {
    let (device, _stream) = open();
    let error = device.kernel(scale::Tile(100)).unwrap_err().to_string();
    assert_eq!(error, format!("{}: TILE = 100 is not allowed; candidates are [32, 64, 128]", at("scale")));
    let error = device.kernel(scale::Tile(32)).unwrap_err().to_string();
    assert_eq!(error, format!("{}: TILE = 32 violates require(TILE >= 64)", at("scale")));
}

#[test]
fn kernels_prepared_together_are_found_and_the_first_that_fails_is_named() {
    let (device, _stream) = open();
    let prepared = [(&scale::DEFINITION, vec![64]), (&scale::DEFINITION, vec![128]), (&add::DEFINITION, vec![])];
    device.prepare(&prepared).unwrap();
    assert_eq!(device.kernel(scale::Tile(128)).unwrap().module().resources(), None);
    let error =
        device.prepare(&[(&add::DEFINITION, vec![]), (&scale::DEFINITION, vec![7]), (&scale::DEFINITION, vec![8])]);
    let refused = format!("{}: TILE = 7 is not allowed; candidates are [32, 64, 128]", at("scale"));
    assert_eq!(error.unwrap_err().to_string(), refused);
    device.prepare(&[]).unwrap();
}

#[test]
fn a_grid_without_blocks_or_with_too_many_is_refused() {
    let (device, stream) = open();
    let mut x = device.zeroed::<u32>(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    let mut launch = |grid: [u32; 3]| kernel.launch(&stream, grid, bump::Args { x: &mut x, by: 1 });
    let error = launch([1, 0, 1]).unwrap_err().to_string();
    let limits = "each must be at least 1 and at most [2147483647, 65535, 65535]";
    assert_eq!(error, format!("{}: a grid of 1 x 0 x 1 blocks; {limits}", at("bump")));
    assert!(matches!(launch([1 << 31, 1, 1]), Err(Error::Grid { .. })));
    assert!(matches!(launch([1, 1, 65_536]), Err(Error::Grid { .. })));
    let (x, mut y) = (device.zeroed(1).unwrap(), device.zeroed(1).unwrap());
    let kernel = device.kernel(scale::variant()).unwrap();
    let launched = kernel.launch(&stream, 1 << 26, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 1 });
    assert!(matches!(launched, Err(Error::Grid { limit: [67_108_863, 65_535, 65_535], .. })), "{launched:?}");
}

#[test]
fn a_buffer_that_is_written_must_not_share_memory_with_another_argument() {
    let (device, stream) = open();
    let x: Buffer<f32> = device.zeroed(100).unwrap();
    let (low, mut high) = (x.view(..60).unwrap(), x.view(40..).unwrap());
    let kernel = device.kernel(scale::variant()).unwrap();
    let args = scale::Args { factor: 1.0, x: &low, y: &mut high, len: 60 };
    let error = kernel.launch(&stream, 1, args).unwrap_err().to_string();
    let overlap = "argument y, which the kernel writes, overlaps argument x in bytes 160..240";
    assert_eq!(error, format!("{}: {overlap}", at("scale")));
    // Reading twice is no harm.
    let mut z = device.zeroed(60).unwrap();
    let kernel = device.kernel(add::Add).unwrap();
    kernel.launch(&stream, 1, add::Args { x: &low, y: &low, z: &mut z, len: 60 }).unwrap();
    stream.synchronize().unwrap();
}

#[test]
fn arguments_bound_by_hand_are_checked_for_count_and_type() {
    let (device, stream) = open();
    let kernel = device.kernel(ByHand(&bump::DEFINITION)).unwrap();
    let launch =
        |arguments: Vec<BoundArgument<'_>>| kernel.launch(&stream, 1, Bound(arguments)).unwrap_err().to_string();
    let bump = at("bump");
    let mut floats = device.zeroed::<f32>(1).unwrap();
    let mut words = device.zeroed::<u32>(1).unwrap();
    assert_eq!(launch(vec![]), format!("{bump} takes 2 arguments; 0 given"));
    assert_eq!(
        launch(vec![BoundArgument::buffer_mut("x", &mut floats), BoundArgument::scalar("by", 1_u32)]),
        format!("{bump}: argument x is &mut Buffer<f32>; the kernel takes &mut Buffer<u32>")
    );
    assert_eq!(
        launch(vec![BoundArgument::buffer("x", &words), BoundArgument::scalar("by", 1_u32)]),
        format!("{bump}: argument x is &Buffer<u32>; the kernel takes &mut Buffer<u32>")
    );
    assert_eq!(
        launch(vec![BoundArgument::buffer_mut("x", &mut words), BoundArgument::scalar("by", true)]),
        format!("{bump}: argument by is bool; the kernel takes u32")
    );
}

#[test]
fn objects_of_different_devices_do_not_mix() {
    let (device, stream) = open();
    let (other, other_stream) = open();
    let mut x = device.zeroed::<u32>(1).unwrap();
    let mut foreign = other.zeroed::<u32>(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    let error = kernel.launch(&stream, 1, bump::Args { x: &mut foreign, by: 1 }).unwrap_err().to_string();
    let (given, expected) = (&other.info().name, &device.info().name);
    let both = format!("a buffer of another device, {given}; the kernel takes those of its own, {expected}");
    assert_eq!(error, format!("{}: argument x is {both}", at("bump")));
    let error = kernel.launch(&other_stream, 1, bump::Args { x: &mut x, by: 1 }).unwrap_err().to_string();
    assert_eq!(error, "the stream belongs to another device");
    assert!(matches!(x.upload_async(&other_stream, &[1]), Err(Error::ForeignObject { .. })));
    assert!(matches!(x.read(&other_stream), Err(Error::ForeignObject { .. })));
    let event = other.event().unwrap();
    assert!(matches!(stream.record(&event), Err(Error::ForeignObject { .. })));
    assert!(matches!(other.graph().add(&kernel, 1, bump::Args { x: &mut x, by: 1 }), Err(Error::ForeignObject { .. })));
}

#[test]
fn a_fault_comes_from_the_streams_synchronisation_and_shows_the_source() {
    let (device, stream) = open();
    let (x, mut y) = (device.zeroed(64).unwrap(), device.zeroed(10).unwrap());
    let kernel = device.kernel(scale::variant()).unwrap();
    kernel.launch(&stream, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 64 }).unwrap();
    let error = stream.synchronize().unwrap_err();
    let Error::Fault(fault) = &error else { panic!("{error}") };
    assert_eq!((fault.report.kernel.as_str(), fault.report.thread), ("scale", [10, 0, 0]));
    let text = error.to_string();
    assert!(text.contains("y.set_element(i"), "{text}");
    assert!(text.contains("limit 10"), "{text}");
    stream.synchronize().unwrap();
}

#[test]
fn what_follows_a_fault_on_its_stream_is_skipped_until_the_stream_is_waited_for() {
    let (device, stream) = open();
    let other = device.stream().unwrap();
    let mut x = device.zeroed::<u32>(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    kernel.launch(&stream, 2, bump::Args { x: &mut x, by: 1 }).unwrap();
    kernel.launch(&stream, 1, bump::Args { x: &mut x, by: 100 }).unwrap();
    kernel.launch(&other, 1, bump::Args { x: &mut x, by: 1000 }).unwrap();
    other.synchronize().unwrap();
    assert!(matches!(x.read(&stream), Err(Error::Fault(_))));
    assert_eq!(x.read(&stream).unwrap()[0] / 100, 10);
    kernel.launch(&stream, 1, bump::Args { x: &mut x, by: 5000 }).unwrap();
    assert_eq!(x.read(&stream).unwrap()[0] / 100, 60);
}

#[test]
fn a_fault_that_nobody_waited_for_comes_from_the_device() {
    let (device, stream) = open();
    let mut x = device.zeroed::<u32>(1).unwrap();
    device.kernel(bump::Bump).unwrap().launch(&stream, 2, bump::Args { x: &mut x, by: 1 }).unwrap();
    drop(stream);
    assert!(matches!(x.download(), Err(Error::Fault(_))));
    device.synchronize().unwrap();
}

#[test]
fn an_event_gives_the_faults_of_work_before_it_alone() {
    let (device, stream) = open();
    let (before, behind) = (device.event().unwrap(), device.event().unwrap());
    let mut x = device.zeroed::<u32>(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    stream.record(&before).unwrap();
    kernel.launch(&stream, 2, bump::Args { x: &mut x, by: 1 }).unwrap();
    before.synchronize().unwrap();
    stream.record(&behind).unwrap();
    assert!(matches!(behind.synchronize(), Err(Error::Fault(_))));
    // It is given once.
    stream.synchronize().unwrap();
    kernel.launch(&stream, 2, bump::Args { x: &mut x, by: 1 }).unwrap();
    behind.synchronize().unwrap();
    assert!(matches!(stream.synchronize(), Err(Error::Fault(_))));
}

#[test]
fn events_are_passed_once_recorded() {
    let (device, stream) = open();
    let (start, end) = (device.event().unwrap(), device.event().unwrap());
    assert!(matches!(end.synchronize(), Err(Error::EventNotRecorded)));
    assert!(matches!(end.is_complete(), Err(Error::EventNotRecorded)));
    assert!(matches!(stream.wait(&end), Err(Error::EventNotRecorded)));
    stream.record(&start).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2));
    stream.record(&end).unwrap();
    device.stream().unwrap().wait(&end).unwrap();
    assert!(end.is_complete().unwrap());
    assert!(end.elapsed_since(&start).unwrap() >= std::time::Duration::from_millis(2));
}

#[test]
fn everything_outlives_the_handle_of_its_device() {
    let (device, stream) = open();
    let mut x = device.zeroed::<u32>(1).unwrap();
    let kernel = device.kernel(bump::Bump).unwrap();
    drop(device);
    kernel.launch(&stream, 1, bump::Args { x: &mut x, by: 3 }).unwrap();
    drop(kernel);
    assert_eq!(x.read(&stream).unwrap(), [3]);
    drop(stream);
    assert_eq!(x.download().unwrap(), [3]);
}

#[test]
fn many_threads_use_one_device_and_one_buffer() {
    let (device, _stream) = open();
    let counter = device.zeroed::<u32>(1).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let stream = device.stream().unwrap();
                let kernel = device.kernel(bump::Bump).unwrap();
                let mut counter = counter.view(..).unwrap();
                for _ in 0..50 {
                    kernel.launch(&stream, 1, bump::Args { x: &mut counter, by: 1 }).unwrap();
                }
                stream.synchronize().unwrap();
            });
        }
    });
    // One operation runs at a time on this device, so that no increment is lost.
    assert_eq!(counter.download().unwrap(), [400]);
}

#[test]
fn launches_from_the_tasks_of_a_thread_pool_do_not_wait_for_each_other_for_ever() {
    use rayon::prelude::*;
    let (device, _stream) = open();
    let kernel = device.kernel(scale::variant()).unwrap();
    let sums: Vec<f32> = (0..64_u32)
        .into_par_iter()
        .map(|factor| {
            let stream = device.stream().unwrap();
            let x = device.buffer_from(&ramp(1000)).unwrap();
            let mut y = device.zeroed(1000).unwrap();
            kernel.launch(&stream, 16, scale::Args { factor: factor as f32, x: &x, y: &mut y, len: 1000 }).unwrap();
            y.read(&stream).unwrap()[999]
        })
        .collect();
    let expected: Vec<f32> = (0..64).map(|factor| factor as f32 * 999.0).collect();
    assert_eq!(sums, expected);
}

#[test]
fn a_machine_without_rocm_says_so_in_one_line() {
    if let Err(error) = Device::open("hip") {
        let text = error.to_string();
        assert!(text.starts_with("device hip is not available: "), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

/// Does `check` in a process of its own that runs `test`, the caller, with an environment variable set.
fn alone(test: &str, variable: &str, value: &str, check: impl FnOnce()) {
    if std::env::var_os("GRETA_TEST_ALONE").is_some() {
        return check();
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", test]).env("GRETA_TEST_ALONE", "1").env(variable, value).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn the_environment_chooses_the_default_device() {
    alone("the_environment_chooses_the_default_device", "GRETA_DEVICE", "cpu", || {
        assert_eq!(Device::open_default().unwrap().info().kind, "cpu");
    });
}

#[test]
fn an_unknown_device_in_the_environment_is_an_error() {
    alone("an_unknown_device_in_the_environment_is_an_error", "GRETA_DEVICE", "gpu", || {
        assert!(matches!(Device::open_default(), Err(Error::UnknownDevice { nearest: Some("cpu"), .. })));
    });
}

#[test]
fn the_environment_switches_graphs_off() {
    alone("the_environment_switches_graphs_off", "GRETA_GRAPH", "off", || {
        let (device, _stream) = open();
        assert_eq!(device.graph().instantiate().unwrap().mode(), greta_runtime::graph::Mode::Eager);
    });
}
