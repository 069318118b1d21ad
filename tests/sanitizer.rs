//! What `cpu` reports under the sanitizer: each rule broken by a kernel of its own, the report asserted as a whole; and
//! kernels that look as if they broke one.

use greta::prelude::*;
use greta::{DeviceOptions, Error};

#[kernel(block = 128)]
fn missing_barrier(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 128]>();
    let t = thread_idx().x;
    tile[t] = x[t];
    y[t] = tile[127 - t];
}

#[kernel(block = 64)]
fn missing_barrier_at_the_loops_end(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[[f32; 8]; 8]>();
    let t = thread_idx().x;
    for step in 0..2 {
        tile[t / 8][t % 8] = x[step * 64 + t];
        barrier();
        y[step * 64 + t] = tile[t % 8][t / 8];
    }
}

#[kernel(block = 64)]
fn lanes_of_one_store(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 32]>();
    let t = thread_idx().x;
    tile[t / 2] = x[t];
    barrier();
    y[t] = tile[t / 2];
}

#[kernel(block = 64)]
fn blocks_that_overlap(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * 32 + thread_idx().x;
    y[i] = x[i] + block_idx().x as f32;
}

#[kernel(block = 64)]
fn reads_what_another_block_writes(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let next = y[(i + BLOCK) % 256];
    y[i] = x[i] + next;
}

#[kernel(block = 64)]
fn threads_meet_in_a_buffer(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    y[t] = x[t];
    y[t + 64] = y[63 - t];
}

#[kernel(block = 64)]
fn plain_read_of_a_counter(x: &Global<u32>, y: &mut Global<u32>) {
    y.atomic_add(0, x[thread_idx().x]);
    if thread_idx().x == 5 {
        y[1] = y[0];
    }
}

#[kernel(block = 64)]
fn undefined_shared(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 64]>();
    let t = thread_idx().x;
    if t != 20 {
        tile[t] = x[t];
    }
    barrier();
    y[t] = tile[t];
}

#[kernel(block = 64)]
fn undefined_variable(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    let mut value: f32;
    if x[t] > 0.0 {
        value = x[t];
    }
    y[t] = value;
}

#[kernel(block = 64)]
fn undefined_element(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    let mut values: [u32; 4];
    for i in 0..3 {
        values[i] = i * 10;
    }
    y[t] = values[x[t] % 4];
}

#[kernel(block = 64)]
fn copies(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i];
}

#[kernel(block = 64)]
fn copies_vectors(x: &Global<f32>, y: &mut Global<f32>) {
    let i = thread_idx().x * 4;
    y.store_vector(i, x.load_vector::<f32x4>(i));
}

#[kernel(block = 64)]
fn shifts_too_far(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    y[t] = x[t] << (t / 2 + 10);
}

#[kernel(block = 64)]
fn divides_by_zero(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    y[t] = x[t] / (t / 9);
}

#[kernel(block = 64)]
fn shuffles_behind_a_branch(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    if x[t] != 12 {
        y[t] = shuffle_xor(x[t], 1);
    }
}

#[kernel(block = 100)]
fn shuffles_past_the_block(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    y[t] = shuffle_down(x[t], x[2]);
}

#[kernel(block = 64)]
fn matrices_behind_a_branch(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    let mut sum = f32x4::splat(0.0);
    if x[t] > 0.0 {
        sum = mfma_f32_16x16x4_f32(x[t], x[t], sum);
    }
    y[t] = sum[0];
}

#[kernel(block = 64)]
fn never_ends(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    let mut n = x[t];
    while n != 1 {
        for i in 0..3 {
            n += i * 2;
        }
    }
    y[t] = n;
}

#[kernel(block = 100)]
fn shuffles_past_the_block_for_sure(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    y[t] = shuffle_down(x[t], 2);
}

/// All threads store the same, blocks too; then each has an element of its own.
#[kernel(block = 128)]
fn quiet_stores(x: &Global<u32>, y: &mut Global<u32>) {
    let mut tile = shared::<[u32; 2]>();
    let t = thread_idx().x;
    tile[t % 2] = t % 2 + 7;
    barrier();
    y[0] = 3;
    y[1 + block_idx().x * BLOCK + t] = x[t] + tile[0] + tile[1];
}

/// Barriers and atomic updates order everything; a variable is assigned on every way.
#[kernel(block = 128)]
fn quiet_exchange(x: &Global<u32>, y: &mut Global<u32>) {
    let mut tile = shared::<[u32; 128]>();
    let t = thread_idx().x;
    tile[t] = 0;
    barrier();
    tile.atomic_add(t / 2, x[t]);
    barrier();
    let mut value: u32;
    if t < 64 {
        value = tile[t];
    } else {
        value = 1 << (t % 32);
    }
    y.atomic_max(0, value);
    let own = 1 + block_idx().x * BLOCK;
    y[own + t] = value;
    barrier();
    let other = y[own + 127 - t];
    barrier();
    y[own + t] = other;
}

fn device() -> Device {
    let options = DeviceOptions { sanitize: Some(true), loop_limit: Some(1000) };
    Device::open_with("cpu", &options).unwrap_or_else(|error| panic!("{error}"))
}

/// Launches a kernel on `x` and `y`.
macro_rules! launch {
    ($kernel:ident, $grid:expr, $x:expr, $y:expr) => {{
        let device = device();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&$x).unwrap();
        let mut y = device.buffer_from(&$y).unwrap();
        let kernel = device.kernel($kernel::variant()).unwrap_or_else(|error| panic!("{error}"));
        let launched = kernel.launch(&stream, $grid, $kernel::Args { x: &x, y: &mut y });
        launched.and_then(|()| y.read(&stream))
    }};
}

/// A kernel that breaks a rule, and the whole report: `tests/sanitizer/TEST.snap`.
macro_rules! reports {
    ($($test:ident: $kernel:ident, $grid:expr, $x:expr, $y:expr;)*) => {$(
        #[test]
        fn $test() {
            let launched = launch!($kernel, $grid, $x, $y);
            assert_report(stringify!($test), &launched.expect_err("the kernel breaks a rule"));
        }
    )*};
}

#[path = "sanitizer/asynchronous.rs"]
mod asynchronous;
#[path = "sanitizer/environment.rs"]
mod environment;
#[path = "sanitizer/grid_barriers.rs"]
mod grid_barriers;
#[path = "sanitizer/shared_by_the_launch.rs"]
mod shared_by_the_launch;
#[path = "sanitizer/sizes.rs"]
mod sizes;

fn assert_report(test: &str, report: &Error) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("sanitizer");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(test, report));
}

reports! {
    a_missing_barrier_is_a_race: missing_barrier, 2, floats(128), floats(128);
    a_read_races_with_the_next_iterations_write: missing_barrier_at_the_loops_end, 1, floats(128), floats(128);
    lanes_that_store_different_values_race: lanes_of_one_store, 3, floats(64), floats(64);
    blocks_that_write_an_element_race: blocks_that_overlap, 20, floats(1024), floats(1024);
    a_block_races_with_one_that_reads: reads_what_another_block_writes, 4, floats(256), floats(256);
    threads_of_a_block_race_in_a_buffer: threads_meet_in_a_buffer, 1, floats(64), floats(128);
    an_atomic_update_races_with_a_plain_read: plain_read_of_a_counter, 1, numbers(64), numbers(2);
    shared_memory_starts_undefined: undefined_shared, 2, floats(64), floats(64);
    a_variable_that_only_some_threads_assign: undefined_variable, 1, floats(64), floats(64);
    an_element_that_no_iteration_assigns: undefined_element, 1, numbers(64), numbers(64);
    a_shift_by_the_width: shifts_too_far, 1, numbers(64), numbers(64);
    a_division_by_zero: divides_by_zero, 1, numbers(64), numbers(64);
    a_shuffle_from_a_lane_behind_a_branch: shuffles_behind_a_branch, 1, numbers(64), numbers(64);
    a_shuffle_from_beyond_the_block: shuffles_past_the_block, 1, numbers(100), numbers(100);
    a_matrix_instruction_of_some_lanes: matrices_behind_a_branch, 1, floats(64), floats(64);
    a_loop_that_never_ends: never_ends, 1, numbers(64), numbers(64);
}

/// -20, -19, …
fn floats(len: usize) -> Vec<f32> {
    (0..len).map(|i| i as f32 - 20.0).collect()
}

/// 0, 1, …
fn numbers(len: u32) -> Vec<u32> {
    (0..len).collect()
}

#[test]
fn a_buffer_is_undefined_until_it_is_written() {
    let device = device();
    let stream = device.stream().unwrap();
    let kernel = device.kernel(copies::variant()).unwrap();
    let mut y = device.zeroed::<f32>(128).unwrap();
    let mut x = device.buffer::<f32>(128).unwrap();
    x.view(..70).unwrap().upload(&floats(70)).unwrap();
    kernel.launch(&stream, 2, copies::Args { x: &x, y: &mut y }).unwrap();
    assert_report(
        "a_buffer_is_undefined_until_it_is_written",
        &stream.synchronize().expect_err("the kernel breaks a rule"),
    );
    // What a kernel or a copy writes is defined.
    kernel.launch(&stream, 2, copies::Args { x: &device.buffer_from(&floats(128)).unwrap(), y: &mut x }).unwrap();
    let mut copy = device.buffer(128).unwrap();
    copy.copy_from_async(&stream, &x).unwrap();
    kernel.launch(&stream, 2, copies::Args { x: &copy, y: &mut y }).unwrap();
    assert_eq!(y.read(&stream).unwrap(), floats(128));
}

#[test]
fn a_view_that_starts_within_a_vector_is_misaligned() {
    let device = device();
    let stream = device.stream().unwrap();
    let kernel = device.kernel(copies_vectors::variant()).unwrap();
    let x = device.buffer_from(&floats(300)).unwrap();
    let mut y = device.buffer::<f32>(256).unwrap();
    kernel.launch(&stream, 1, copies_vectors::Args { x: &x.view(3..).unwrap(), y: &mut y }).unwrap();
    assert_report(
        "a_view_that_starts_within_a_vector_is_misaligned",
        &stream.synchronize().expect_err("the kernel breaks a rule"),
    );
    kernel.launch(&stream, 1, copies_vectors::Args { x: &x.view(4..).unwrap(), y: &mut y }).unwrap();
    assert_eq!(y.read(&stream).unwrap(), floats(300)[4..260]);
}

#[test]
fn a_shuffle_that_is_known_to_read_nobody_is_refused_before_it_runs() {
    let refusal = device().kernel(shuffles_past_the_block_for_sure::variant()).expect_err("lane 36 does not exist");
    let wanted = "shuffle_down in lane 34 reads lane 36, which does not take part";
    assert!(refusal.to_string().contains(wanted), "{refusal}");
}

#[test]
fn a_program_always_gets_the_same_report() {
    let report = || launch!(blocks_that_overlap, 31, floats(1024), floats(1024)).unwrap_err().to_string();
    let first = report();
    (0..50).for_each(|_| assert_eq!(report(), first));
}

#[test]
fn what_is_in_order_or_stores_the_same_is_not_reported() {
    let y = launch!(quiet_stores, 9, numbers(128), numbers(1153)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(y[..4], [3, 15, 16, 17]);
    let y = launch!(quiet_exchange, 9, numbers(128), numbers(1153)).unwrap_or_else(|error| panic!("{error}"));
    // Thread 127 has a bit of its own, which its block's thread 0 gets.
    assert_eq!((y[0], y[1], y[128]), (1 << 31, 1 << 31, 1));
}

#[test]
fn a_device_that_cannot_sanitize_says_so() {
    let options = DeviceOptions { sanitize: Some(true), ..DeviceOptions::default() };
    for device in Device::names().iter().filter(|name| **name != "cpu") {
        let error = Device::open_with(device, &options).expect_err("only cpu sanitizes");
        assert!(matches!(error, Error::Option { .. }), "{error}");
        assert_eq!(error.to_string(), format!("device {device} has no option sanitize; use device cpu"));
    }
}
