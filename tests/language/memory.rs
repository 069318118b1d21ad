//! Register arrays, shared arrays, order of reads and writes.

use crate::{check, floats, integers};
use greta::prelude::*;

#[kernel(tile(N = 4 in [2, 4]), block = 64)]
pub fn register_arrays(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sums = [[0.0; N]; N * 2];
    for r in 0..N * 2 {
        for c in 0..N {
            sums[r][c] = x[(i + r * c) % 128];
            sums[r][c] += 1.0;
        }
    }
    let weights = [1.0, 2.0, x[i], 4.0];
    let mut total = 0.0;
    for r in 0..N * 2 {
        total += sums[r][r % N] * weights[r % 4];
    }
    y[i] = total;
}

#[test]
fn register_arrays_are_private_and_indexed_at_run_time() {
    check!(register_arrays, floats(), |x: &[f32], i: usize| {
        let mut sums = [[0.0f32; 4]; 8];
        for (r, row) in sums.iter_mut().enumerate() {
            for (c, sum) in row.iter_mut().enumerate() {
                *sum = x[(i + r * c) % 128] + 1.0;
            }
        }
        let weights = [1.0, 2.0, x[i], 4.0];
        let mut total = 0.0;
        for r in 0..8 {
            total += sums[r][r % 4] * weights[r % 4];
        }
        total
    });
}

#[kernel(block = 64)]
pub fn shared_reversal(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut row = shared::<[f32; BLOCK]>();
    let mut square = shared::<[[f32; 9]; 8]>();
    let t = thread_idx().x;
    row[t] = x[i];
    square[t / 8][t % 8] = x[i] * 2.0;
    barrier();
    y[i] = row[BLOCK - 1 - t] + square[t % 8][t / 8];
}

#[test]
fn shared_memory_is_seen_by_the_block_after_a_barrier() {
    check!(shared_reversal, floats(), |x: &[f32], i: usize| {
        let (base, t) = (i / 64 * 64, i % 64);
        x[base + 63 - t] + x[base + t % 8 * 8 + t / 8] * 2.0
    });
}

#[kernel(block = 64)]
pub fn reads_before_writes(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i];
    let before = y[i];
    let mut counter = 5;
    let snapshot = counter;
    counter += 1;
    let mixed = counter * 10 + {
        counter += 1;
        counter
    };
    y[i] = y[i] + 1;
    y[i] += before ^ snapshot ^ mixed;
}

#[test]
fn reads_and_writes_keep_rusts_order() {
    check!(reads_before_writes, integers(), |x: &[u32], i: usize| {
        let before = x[i];
        let mixed = 6 * 10 + 7;
        before.wrapping_add(1).wrapping_add(before ^ 5 ^ mixed)
    });
}

#[kernel(block = 64)]
pub fn lanes_in_arrays(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut acc = [f32x4::splat(1.0); 2];
    acc[i % 2][1] = x[i];
    acc[1][i % 4] *= 3.0;
    y[i] = acc[0][1] + acc[1][1] * 10.0 + acc[1][3];
}

#[test]
fn lanes_of_vectors_in_arrays_are_assigned() {
    check!(lanes_in_arrays, floats(), |x: &[f32], i: usize| {
        let mut acc = [[1.0f32; 4]; 2];
        acc[i % 2][1] = x[i];
        acc[1][i % 4] *= 3.0;
        acc[0][1] + acc[1][1] * 10.0 + acc[1][3]
    });
}

#[kernel(block = 64)]
pub fn streamed(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    setprio(1);
    if i % 8 < 4 {
        y.store_nontemporal(i, x.load_nontemporal(i) * 3.0);
    } else if i % 4 == 0 {
        sched_barrier(0);
        let four = x.load_vector_nontemporal::<f32x4>(i);
        sched_group_barrier(0x20, 1, 0);
        y.store_vector_nontemporal(i, four * f32x4::splat(3.0));
    }
    setprio(0);
}

#[test]
fn hints_change_no_value() {
    check!(streamed, floats(), |x: &[f32], i: usize| x[i] * 3.0);
}

#[kernel(block = 64)]
pub fn copied_async(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 2 * BLOCK]>();
    let t = thread_idx().x;
    let first = block_idx().x * BLOCK;
    tile.copy_async(t, x, first + t);
    copy_async_commit();
    if t % 4 == 0 {
        tile.copy_vector_async::<f32x4>(BLOCK + t, x, first + t);
    }
    copy_async_commit();
    grid_dependents_launch();
    grid_dependency_wait();
    copy_async_wait(0);
    barrier();
    y[first + t] = tile[BLOCK - 1 - t] + tile[2 * BLOCK - 1 - t] * if has_copy_async() { 4.0 } else { 2.0 };
}

#[test]
fn copies_to_shared_memory_are_there_once_waited_for() {
    let factor = if crate::device().target().copy_async { 4.0 } else { 2.0 };
    let device = crate::device();
    let stream = device.stream().unwrap();
    let input = floats();
    let (x, mut y) = (device.buffer_from(&input).unwrap(), device.zeroed(crate::LEN).unwrap());
    let kernel = device.kernel(copied_async::variant()).unwrap();
    kernel.launch(&stream, 2, copied_async::Args { x: &x, y: &mut y }).unwrap();
    for (i, value) in y.read(&stream).unwrap().into_iter().enumerate() {
        let mirrored = input[i / 64 * 64 + 63 - i % 64];
        assert_eq!(value, mirrored + mirrored * factor);
    }
}

/// The block after this one will read the next elements; the last block names its own.
#[kernel(block = 64)]
pub fn prefetched(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i % 32 == 0 {
        x.prefetch(min(i + BLOCK, (grid_dim().x - 1) * BLOCK + thread_idx().x));
    }
    for line in 0..2 {
        y.prefetch(block_idx().x * BLOCK + line * 32);
    }
    y[i] = x[i] * 5.0;
}

#[test]
fn prefetches_change_no_value() {
    check!(prefetched, floats(), |x: &[f32], i: usize| x[i] * 5.0);
}

#[kernel(tile(N = 64 in [32, 64]), block = 64)]
pub fn smaller_and_larger_lengths(x: &Global<f32>, y: &mut Global<f32>) {
    let mut row = shared::<[f32; min(N, 48)]>();
    let mut kept: [f32; max(N / 32, 1)];
    let (t, first) = (thread_idx().x, block_idx().x * BLOCK);
    let length = min(N, 48);
    if t < length {
        row[t] = x[first + t];
    }
    barrier();
    kept[max(N / 32, 1) - 1] = row[t % length];
    y[first + t] = kept[max(N / 32, 1) - 1];
}

#[test]
fn the_smaller_or_larger_of_two_sizes_is_a_length() {
    check!(smaller_and_larger_lengths, floats(), |x: &[f32], i: usize| x[i / 64 * 64 + i % 64 % 48]);
}

crate::kernels!(
    copied_async,
    smaller_and_larger_lengths,
    prefetched,
    streamed,
    register_arrays,
    shared_reversal,
    reads_before_writes,
    lanes_in_arrays,
    volatile_vectors
);

#[kernel(block = 64)]
pub fn volatile_vectors(x: &Volatile<f32>, y: &mut Volatile<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i % 4 == 0 {
        y.store_vector(i, x.load_vector::<f32x4>(i) * f32x4::splat(2.0));
    }
}

#[test]
fn vectors_go_to_and_from_volatile_buffers() {
    check!(volatile_vectors, floats(), |x: &[f32], i: usize| x[i] * 2.0);
}
