//! Shared memory whose length the launch gives, and atomic operations on words of 64 bits.

use greta::prelude::*;

use super::device;

#[kernel(block = 128)]
fn missing_barrier_in_dynamic_memory(x: &Global<f32>, y: &mut Global<f32>) {
    let mut row = shared_dynamic::<f32>();
    let t = thread_idx().x;
    row[t] = x[t];
    y[t] = row[127 - t];
}

#[kernel(block = 128)]
fn undefined_dynamic_memory(x: &Global<f32>, y: &mut Global<f32>) {
    let mut row = shared_dynamic::<f32>();
    let t = thread_idx().x;
    if t != 100 {
        row[t] = x[t];
    }
    barrier();
    y[t] = row[127 - t];
}

#[kernel(block = 128)]
fn sound_dynamic_memory(x: &Global<f32>, y: &mut Global<f32>) {
    let mut row = shared_dynamic::<f32>();
    let t = thread_idx().x;
    row[t] = x[t];
    barrier();
    y[t] = row[127 - t];
}

/// Launches a kernel on 0, 1, … with 128 elements of dynamic memory; what it writes, or its report.
macro_rules! launch {
    ($kernel:ident) => {{
        let device = device();
        let stream = device.stream().unwrap();
        let numbers: Vec<f32> = (0..128).map(|i| i as f32).collect();
        let x = device.buffer_from(&numbers).unwrap();
        let mut y = device.zeroed::<f32>(128).unwrap();
        let kernel = device.kernel($kernel::variant()).unwrap().with_shared(128).unwrap();
        let launched = kernel.launch(&stream, 3, $kernel::Args { x: &x, y: &mut y });
        launched.and_then(|()| y.read(&stream)).map_err(|error| error.to_string())
    }};
}

#[test]
fn dynamic_shared_memory_is_watched() {
    let report = launch!(missing_barrier_in_dynamic_memory).unwrap_err();
    for part in ["data race on row[", "row[t] = x[t];", "y[t] = row[127 - t];", "missing_barrier_in_dynamic_memory"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
    let report = launch!(undefined_dynamic_memory).unwrap_err();
    for part in ["read of row[100], which is undefined", "thread [27, 0, 0]", "y[t] = row[127 - t];"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
    let reversed: Vec<f32> = (0..128).rev().map(|i| i as f32).collect();
    assert_eq!(launch!(sound_dynamic_memory).unwrap(), reversed);
}

#[kernel(block = 64)]
fn counts_in_wide_words(sum: &mut Global<u64>, y: &mut Global<u64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    sum.atomic_add(0, 1 << 33);
    sum.atomic_max(1, i as u64);
    y[i] = 0;
}

#[kernel(block = 64)]
fn reads_a_wide_counter(sum: &mut Global<u64>, y: &mut Global<u64>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    sum.atomic_add(0, 1);
    y[i] = sum[0];
}

#[test]
fn atomic_operations_on_words_of_64_bits_are_watched() {
    let device = device();
    let stream = device.stream().unwrap();
    let mut sum = device.zeroed::<u64>(2).unwrap();
    let mut y = device.buffer_from(&[1_u64; 640]).unwrap();
    let kernel = device.kernel(counts_in_wide_words::variant()).unwrap();
    kernel.launch(&stream, 10, counts_in_wide_words::Args { sum: &mut sum, y: &mut y }).unwrap();
    assert_eq!(sum.read(&stream).unwrap(), [640 << 33, 639]);
    assert_eq!(y.read(&stream).unwrap(), [0; 640]);
    let kernel = device.kernel(reads_a_wide_counter::variant()).unwrap();
    let launched = kernel.launch(&stream, 10, reads_a_wide_counter::Args { sum: &mut sum, y: &mut y });
    let report = launched.and_then(|()| stream.synchronize()).unwrap_err().to_string();
    for part in ["data race on sum[0]", "atomic update", "y[i] = sum[0];", "sum.atomic_add(0, 1);"] {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
}
