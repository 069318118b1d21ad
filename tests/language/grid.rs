//! Barriers of the grid: what each block writes is read by all of them in the same launch.

use crate::{LEN, device, floats, integers};
use greta::prelude::*;

/// Each block sums its elements; then every thread adds up what the blocks have.
#[kernel(block = 64)]
pub fn summed_by_all(x: &Global<u32>, sums: &mut Global<u32>, y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let sum = block_sum(x[i]);
    if thread_idx().x == 0 {
        sums[block_idx().x] = sum;
    }
    grid_barrier(arrivals);
    let mut total = 0;
    for block in 0..grid_dim().x {
        total += sums[block];
    }
    y[i] = x[i] ^ total;
}

/// Sweeps of a stencil over a ring, from one buffer to the other and back; the last one is in `a` if `sweeps` is even.
#[kernel(block = 64)]
pub fn swept(a: &mut Global<f32>, b: &mut Global<f32>, sweeps: u32, arrivals: &mut Global<u32>) {
    let cells = grid_dim().x * BLOCK;
    let i = block_idx().x * BLOCK + thread_idx().x;
    let left = (i + cells - 1) % cells;
    let right = (i + 1) % cells;
    for sweep in 0..sweeps {
        if sweep % 2 == 0 {
            b[i] = (a[left] + a[right]) * 0.25 + a[i] * 0.5;
        } else {
            a[i] = (b[left] + b[right]) * 0.25 + b[i] * 0.5;
        }
        grid_barrier(arrivals);
    }
}

#[device]
fn meet(arrivals: &mut Global<u32>) {
    grid_barrier(arrivals);
}

/// What is in shared memory and in registers stays; the element that all lanes read has another value after each meeting.
#[kernel(block = (32, 2))]
pub fn kept_across(x: &Global<u32>, turn: &mut Global<u32>, y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    let mut tile = shared::<[u32; 64]>();
    let t = thread_idx().y * 32 + thread_idx().x;
    let i = (block_idx().y * grid_dim().x + block_idx().x) * BLOCK + t;
    let own = x[i];
    tile[t] = own;
    let mut seen = 0;
    let mut round = 0;
    while round < 5 {
        seen = seen * 10 + turn[0];
        meet(arrivals);
        if t == 63 && block_idx().x == 1 && block_idx().y == 1 {
            turn[0] = round + 1;
        }
        meet(arrivals);
        round += 1;
    }
    y[i] = tile[63 - t] ^ own ^ seen;
}

crate::kernels!(summed_by_all, swept, kept_across);

/// What counts arrivals, after so many barriers.
fn counted(barriers: u32) -> Vec<u32> {
    vec![(barriers % 2) << 31]
}

#[test]
fn all_threads_read_what_each_block_wrote() {
    let (device, x) = (device(), integers());
    let stream = device.stream().unwrap();
    let kernel = device.kernel(summed_by_all::variant()).unwrap();
    let mut arrivals = device.zeroed::<u32>(1).unwrap();
    let input = device.buffer_from(&x).unwrap();
    let total = x.iter().fold(0_u32, |sum, x| sum.wrapping_add(*x));
    let expected: Vec<u32> = x.iter().map(|x| x ^ total).collect();
    for launch in 1..=3 {
        let (mut sums, mut y) = (device.zeroed(2).unwrap(), device.zeroed(LEN).unwrap());
        let args = summed_by_all::Args { x: &input, sums: &mut sums, y: &mut y, arrivals: &mut arrivals };
        kernel.launch(&stream, 2, args).unwrap();
        assert_eq!(y.read(&stream).unwrap(), expected);
        assert_eq!(arrivals.read(&stream).unwrap(), counted(launch));
    }
}

#[test]
fn sweeps_wait_for_the_sweep_before() {
    let device = device();
    let stream = device.stream().unwrap();
    let kernel = device.kernel(swept::variant()).unwrap();
    let (mut a, mut b) = (device.buffer_from(&floats()).unwrap(), device.zeroed(LEN).unwrap());
    let mut arrivals = device.zeroed::<u32>(1).unwrap();
    let mut expected = floats();
    // The second launch begins with what the first has left, its count of arrivals too.
    for sweeps in [4, 10] {
        let args = swept::Args { a: &mut a, b: &mut b, sweeps, arrivals: &mut arrivals };
        kernel.launch(&stream, 2, args).unwrap();
        for _ in 0..sweeps {
            let at = |i: usize| expected[i % LEN];
            expected = (0..LEN).map(|i| (at(i + LEN - 1) + at(i + 1)) * 0.25 + at(i) * 0.5).collect();
        }
    }
    assert_eq!(a.read(&stream).unwrap(), expected);
    assert_eq!(arrivals.read(&stream).unwrap(), counted(0));
}

#[test]
fn shared_memory_and_registers_live_across() {
    let device = device();
    let stream = device.stream().unwrap();
    let kernel = device.kernel(kept_across::variant()).unwrap();
    let x: Vec<u32> = (0..6 * 64).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
    let (input, mut turn) = (device.buffer_from(&x).unwrap(), device.buffer_from(&[0]).unwrap());
    let (mut y, mut arrivals) = (device.zeroed(x.len()).unwrap(), device.zeroed(1).unwrap());
    let args = kept_across::Args { x: &input, turn: &mut turn, y: &mut y, arrivals: &mut arrivals };
    kernel.launch(&stream, [3, 2], args).unwrap();
    let turned = |i: usize| x[i / 64 * 64 + 63 - i % 64];
    let expected: Vec<u32> = (0..x.len()).map(|i| turned(i) ^ x[i] ^ 1234).collect();
    assert_eq!(y.read(&stream).unwrap(), expected);
    assert_eq!(arrivals.read(&stream).unwrap(), counted(10));
}
