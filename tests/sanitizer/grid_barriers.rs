//! Barriers of the grid: blocks that race between two of them, and those that do not; buffers that cannot count.

use greta::prelude::*;

use crate::{assert_report, device, numbers};

/// Each element becomes the sum of itself and of what stands a block further on, once for each sweep.
#[kernel(tile(LAST = 0 in [0, 1]), block = 64)]
fn sweeps(y: &mut Global<u32>, count: u32, arrivals: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    for _ in 0..count {
        let next = y[(i + BLOCK) % (grid_dim().x * BLOCK)];
        let own = y[i];
        grid_barrier(arrivals);
        y[i] = own + next;
        // Without this one, the next sweep reads what others may not have written yet.
        if LAST == 1 {
            grid_barrier(arrivals);
        }
    }
}

/// Launches `sweeps` of four blocks twice.
fn swept(variant: sweeps::Variant, count: u32) -> Result<Vec<u32>, greta::Error> {
    let device = device();
    let stream = device.stream()?;
    let (mut y, mut arrivals) = (device.buffer_from(&numbers(256))?, device.zeroed(1)?);
    let kernel = device.kernel(variant)?;
    for _ in 0..2 {
        kernel.launch(&stream, 4, sweeps::Args { y: &mut y, count, arrivals: &mut arrivals })?;
    }
    y.read(&stream)
}

fn expected(sweeps: u32) -> Vec<u32> {
    (0..sweeps).fold(numbers(256), |y, _| (0..256).map(|i| y[i] + y[(i + 64) % 256]).collect())
}

#[test]
fn blocks_race_between_two_grid_barriers() {
    let report = || swept(sweeps::variant(), 2).expect_err("the second sweep reads what the first writes");
    let first = report();
    assert_report("blocks_race_between_two_grid_barriers", &first);
    (0..20).for_each(|_| assert_eq!(report().to_string(), first.to_string()));
}

#[test]
fn blocks_do_not_race_across_a_grid_barrier() {
    let swept = |variant, count| swept(variant, count).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(swept(sweeps::variant(), 1), expected(2));
    assert_eq!(swept(sweeps::variant().last(1), 3), expected(6));
}

#[test]
fn what_counts_arrivals_starts_at_zero() {
    let device = device();
    let stream = device.stream().unwrap();
    let mut y = device.buffer_from(&numbers(256)).unwrap();
    let kernel = device.kernel(sweeps::variant()).unwrap();
    let mut report = |arrivals: &mut Buffer<u32>| {
        kernel.launch(&stream, 4, sweeps::Args { y: &mut y, count: 1, arrivals }).unwrap();
        stream.synchronize().expect_err("blocks would not wait for each other")
    };
    let undefined = report(&mut device.buffer(1).unwrap());
    assert_report("arrivals_are_counted_in_what_is_undefined", &undefined);
    let other = report(&mut device.buffer_from(&[3]).unwrap());
    assert_report("arrivals_are_counted_in_what_is_not_zero", &other);
}
