//! What `cpu` says of a kernel that goes wrong: kernel, block, thread, the Rust line, the index and the limit.

use greta::prelude::*;

#[kernel(block = 64)]
fn past_the_end(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i + 1];
}

#[kernel(block = 64)]
fn shared_past_the_end(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[[f32; 8]; 4]>();
    let t = thread_idx().x;
    tile[t / 16][t % 16] = x[t];
    barrier();
    y[t] = tile[t % 4][0];
}

#[kernel(block = 64)]
fn register_past_the_end(x: &Global<f32>, y: &mut Global<f32>) {
    let mut values = [0.0; 4];
    for i in 0..thread_idx().x / 8 {
        values[i] += x[i];
    }
    y[thread_idx().x] = values[0];
}

#[kernel(block = 128)]
fn divergent_barrier(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    if x[t] > 0.0 {
        barrier();
    }
    y[t] = 1.0;
}

#[kernel(block = 64)]
fn divides_by_zero(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    y[t] = 100 / x[t];
}

/// What a launch on `x` that fills `y` reports, without colour.
macro_rules! report {
    ($kernel:ident, $grid:expr, $x:expr, $y:expr) => {{
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&$x).unwrap();
        let mut y = device.buffer_from(&$y).unwrap();
        let kernel = device.kernel($kernel::variant()).unwrap();
        let launched = kernel.launch(&stream, $grid, $kernel::Args { x: &x, y: &mut y });
        launched.and_then(|()| stream.synchronize()).unwrap_err().to_string()
    }};
}

/// 128 floats, the one at 70 negative.
fn floats() -> Vec<f32> {
    (0..128).map(|i| if i == 70 { -1.0 } else { 1.0 }).collect()
}

/// Asserts that a report names all of `parts`.
fn names(report: &str, parts: &[&str]) {
    for part in parts {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
}

#[test]
fn a_read_past_a_buffers_end_names_index_and_limit() {
    let report = report!(past_the_end, 2, floats(), vec![0.0f32; 128]);
    names(
        &report,
        &["past_the_end", "block [1, 0, 0]", "thread [63, 0, 0]", "tests/reports.rs:8:", "read of x", "128"],
    );
    names(&report, &["y[i] = x[i + 1];"]);
}

#[test]
fn a_shared_array_is_checked_in_each_dimension() {
    let report = report!(shared_past_the_end, 1, floats(), vec![0.0f32; 64]);
    names(&report, &["thread [8, 0, 0]", "tests/reports.rs:15:", "write of tile at index 8 of dimension 1, limit 8"]);
}

#[test]
fn a_register_array_is_checked_per_thread() {
    let report = report!(register_past_the_end, 1, floats(), vec![0.0f32; 64]);
    names(&report, &["thread [40, 0, 0]", "tests/reports.rs:24:", "read of values at index 4, limit 4"]);
}

#[test]
fn a_barrier_that_not_all_threads_reach_is_reported() {
    let report = report!(divergent_barrier, 1, floats(), vec![0.0f32; 128]);
    names(
        &report,
        &["divergent_barrier", "barrier", "127 of 128 threads", "thread [70, 0, 0]", "tests/reports.rs:33:"],
    );
}

#[test]
fn an_integer_division_by_zero_is_reported() {
    let mut x = vec![1u32; 64];
    x[5] = 0;
    let report = report!(divides_by_zero, 1, x, vec![0u32; 64]);
    names(&report, &["divides_by_zero", "thread [5, 0, 0]", "tests/reports.rs:41:"]);
}
