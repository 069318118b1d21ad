//! Asynchronous copies to shared memory: read too early, read by others without a barrier, overwritten; and a pipeline
//! that waits as it should, in a kernel that starts early. Prefetches, which are no reads.

use greta::prelude::*;

use crate::{assert_report, device, floats};

#[kernel(block = 64)]
fn reads_before_the_wait(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 64]>();
    let t = thread_idx().x;
    tile.copy_async(t, x, t);
    copy_async_commit();
    y[t] = tile[t];
    copy_async_wait(0);
}

/// The wait is for the first group, the read of the second.
#[kernel(block = 64)]
fn waits_for_too_little(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 128]>();
    let t = thread_idx().x;
    for half in 0..2 {
        tile.copy_async(half * 64 + t, x, half * 64 + t);
        copy_async_commit();
    }
    copy_async_wait(1);
    barrier();
    y[t] = tile[63 - t];
    y[64 + t] = tile[127 - t];
}

#[kernel(block = 64)]
fn meets_before_the_wait(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 64]>();
    let t = thread_idx().x;
    tile.copy_async(t, x, t);
    copy_async_commit();
    barrier();
    copy_async_wait(0);
    y[t] = tile[63 - t];
}

#[kernel(block = 64)]
fn stores_over_a_copy(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 64]>();
    let t = thread_idx().x;
    tile.copy_async(t, x, t);
    copy_async_commit();
    tile[t] = 0.0;
    copy_async_wait(0);
    y[t] = tile[t];
}

/// While one half is read, the next tile is on its way to the other.
#[kernel(block = 64)]
fn pipeline(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 128]>();
    let t = thread_idx().x;
    tile.copy_async(t, x, t);
    copy_async_commit();
    grid_dependency_wait();
    for step in 0..4 {
        if step < 3 {
            tile.copy_async((step + 1) % 2 * 64 + t, x, (step + 1) * 64 + t);
        }
        copy_async_commit();
        copy_async_wait(1);
        barrier();
        y[step * 64 + t] = tile[step % 2 * 64 + 63 - t];
        barrier();
    }
}

/// Names what the other block writes.
#[kernel(block = 64)]
fn prefetches_what_another_block_writes(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y.prefetch((i + BLOCK) % 128);
    y[i] = x[i] + 1.0;
}

reports! {
    a_copy_is_read_before_the_wait: reads_before_the_wait, 1, floats(64), floats(64);
    a_copy_of_a_later_group_is_read: waits_for_too_little, 1, floats(128), floats(128);
    a_copy_is_read_by_others_without_a_barrier: meets_before_the_wait, 2, floats(64), floats(64);
    a_copy_is_overwritten_before_the_wait: stores_over_a_copy, 1, floats(64), floats(64);
}

#[test]
fn a_pipeline_of_copies_is_not_reported() {
    let y = launch!(pipeline, 1, floats(256), floats(256)).unwrap_or_else(|error| panic!("{error}"));
    let expected: Vec<f32> = floats(256).chunks(64).flat_map(|tile| tile.iter().rev().copied()).collect();
    assert_eq!(y, expected);
}

#[test]
fn a_prefetch_is_no_read_that_races() {
    let y = launch!(prefetches_what_another_block_writes, 2, floats(128), floats(128));
    let y = y.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(y, floats(128).iter().map(|x| x + 1.0).collect::<Vec<f32>>());
}
