//! Atomic operations on buffers and shared arrays. What all threads do together is compared, not who came first.

use crate::{check, device, floats, integers};
use greta::prelude::*;

/// counts: [13], of the values of x by a digit of theirs.
#[kernel(block = 64)]
pub fn histogram(x: &Global<u32>, counts: &mut Global<u32>) {
    let mut local = shared::<[u32; 13]>();
    let i = thread_idx().x;
    if i < 13 {
        local[i] = 0;
    }
    barrier();
    local.atomic_add((x[block_idx().x * BLOCK + i] >> 16) % 13, 1);
    barrier();
    if i < 13 {
        counts.atomic_add(i, local[i]);
    }
}

#[test]
fn a_histogram_counts_every_value_once() {
    let device = device();
    let stream = device.stream().unwrap();
    let values = integers();
    let x = device.buffer_from(&values).unwrap();
    let mut counts = device.zeroed(13).unwrap();
    let kernel = device.kernel(histogram::variant()).unwrap();
    kernel.launch(&stream, 2, histogram::Args { x: &x, counts: &mut counts }).unwrap();
    let expected: Vec<u32> =
        (0..13).map(|bin| values.iter().filter(|v| (**v >> 16) % 13 == bin).count() as u32).collect();
    assert_eq!(counts.read(&stream).unwrap(), expected);
    assert!(expected.iter().any(|count| *count != expected[0]), "the bins are told apart");
}

/// Each thread's own element is changed by every operation in turn; what was there before is checked too.
#[kernel(block = 64)]
pub fn integer_changes(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    y[i] = v;
    let mut before = y.atomic_add(i, 3);
    before ^= y.atomic_sub(i, 10);
    before ^= y.atomic_min(i, 0x7FFF_0000);
    before ^= y.atomic_max(i, 1000);
    before ^= y.atomic_and(i, 0x00FF_FFFF);
    before ^= y.atomic_or(i, 1 << 30);
    before ^= y.atomic_xor(i, v);
    before ^= y.atomic_compare_exchange(i, v, 5);
    before ^= y.atomic_exchange(i, before);
    y[i] ^= before;
}

#[test]
fn integers_are_changed_as_by_plain_operations() {
    check!(integer_changes, integers(), |x: &[u32], i: usize| {
        let v = x[i];
        let steps: [&dyn Fn(u32) -> u32; 7] = [
            &|y| y.wrapping_add(3),
            &|y| y.wrapping_sub(10),
            &|y| y.min(0x7FFF_0000),
            &|y| y.max(1000),
            &|y| y & 0x00FF_FFFF,
            &|y| y | 1 << 30,
            &|y| y ^ v,
        ];
        let (mut y, mut before) = (v, 0);
        for step in steps {
            before ^= y;
            y = step(y);
        }
        before ^= y;
        y = if y == v { 5 } else { y };
        let last = y;
        y = before;
        y ^ (before ^ last)
    });
}

#[kernel(block = 64)]
pub fn signed_extremes(x: &Global<u32>, y: &mut Global<u32>) {
    let mut ends = shared::<[i32; 2]>();
    if thread_idx().x == 0 {
        ends[0] = i32::MAX;
        ends[1] = i32::MIN;
    }
    barrier();
    let i = block_idx().x * BLOCK + thread_idx().x;
    ends.atomic_min(0, x[i] as i32);
    ends.atomic_max(1, x[i] as i32);
    barrier();
    y[i] = (ends[0] ^ ends[1]) as u32;
}

#[test]
fn signed_integers_are_compared_with_their_sign() {
    check!(signed_extremes, integers(), |x: &[u32], i: usize| {
        let block = || x[i / 64 * 64..][..64].iter().map(|v| *v as i32);
        (block().min().unwrap() ^ block().max().unwrap()) as u32
    });
}

/// Multiples of 1/8 sum exactly in any order.
#[kernel(block = 64)]
pub fn float_changes(x: &Global<f32>, y: &mut Global<f32>) {
    let mut cells = shared::<[f32; 4]>();
    if thread_idx().x < 4 {
        cells[thread_idx().x] = 0.0;
    }
    barrier();
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = (x[i] * 8.0).floor() / 8.0;
    cells.atomic_add(0, v);
    cells.atomic_sub(1, v);
    cells.atomic_min(2, v);
    cells.atomic_max(3, v);
    y.atomic_exchange(i, v);
    let matched = y.atomic_compare_exchange(i, v, 2.0);
    y.atomic_add(i, matched);
    y.atomic_sub(i, 0.5);
    y.atomic_max(i, 1.0);
    y.atomic_min(i, 2.25);
    barrier();
    y[i] += cells[0] + cells[1] * 2.0 + cells[2] * 3.0 + cells[3] * 5.0;
}

#[test]
fn floats_are_changed_as_by_plain_operations() {
    check!(float_changes, floats(), |x: &[f32], i: usize| {
        let v: Vec<f32> = x[i / 64 * 64..][..64].iter().map(|v| (v * 8.0).floor() / 8.0).collect();
        let sum = v.iter().sum::<f32>();
        let least = v.iter().copied().fold(0.0, f32::min);
        let most = v.iter().copied().fold(0.0, f32::max);
        (2.0 + v[i % 64] - 0.5).clamp(1.0, 2.25) + (sum - sum * 2.0 + least * 3.0 + most * 5.0)
    });
}

/// The same on integers of 64 bits, with operands that do not fit 32.
#[kernel(block = 64)]
pub fn long_changes(x: &Global<u64>, y: &mut Global<u64>) {
    let mut ends = shared::<[i64; 2]>();
    if thread_idx().x == 0 {
        ends[0] = i64::MAX;
        ends[1] = i64::MIN;
    }
    barrier();
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    ends.atomic_min(0, v as i64);
    ends.atomic_max(1, v as i64);
    y[i] = v;
    let mut before = y.atomic_add(i, 3 << 40);
    before ^= y.atomic_sub(i, 10 << 35);
    before ^= y.atomic_min(i, 0x7FFF_0000_0000_0000);
    before ^= y.atomic_max(i, 1 << 50);
    before ^= y.atomic_and(i, 0x00FF_FFFF_FFFF_FFFF);
    before ^= y.atomic_or(i, 1 << 62);
    before ^= y.atomic_xor(i, v);
    before ^= y.atomic_compare_exchange(i, v, 5);
    before ^= y.atomic_exchange(i, before);
    barrier();
    y[i] ^= before ^ (ends[0] ^ ends[1]) as u64;
}

/// Numbers whose upper halves differ.
fn longs() -> Vec<u64> {
    integers().iter().map(|v| u64::from(*v).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect()
}

#[test]
fn integers_of_64_bits_are_changed_as_by_plain_operations() {
    let values = longs();
    let y = run_long(&values);
    for (i, v) in values.iter().enumerate() {
        let steps: [&dyn Fn(u64) -> u64; 7] = [
            &|y| y.wrapping_add(3 << 40),
            &|y| y.wrapping_sub(10 << 35),
            &|y| y.min(0x7FFF_0000_0000_0000),
            &|y| y.max(1 << 50),
            &|y| y & 0x00FF_FFFF_FFFF_FFFF,
            &|y| y | 1 << 62,
            &|y| y ^ v,
        ];
        let (mut state, mut before) = (*v, 0);
        for step in steps {
            before ^= state;
            state = step(state);
        }
        before ^= state;
        let last = if state == *v { 5 } else { state };
        let block = || values[i / 64 * 64..][..64].iter().map(|v| *v as i64);
        let ends = (block().min().unwrap() ^ block().max().unwrap()) as u64;
        assert_eq!(y[i], before ^ (before ^ last) ^ ends, "element {i}");
    }
}

fn run_long(values: &[u64]) -> Vec<u64> {
    let device = device();
    let stream = device.stream().unwrap();
    let x = device.buffer_from(values).unwrap();
    let mut y = device.zeroed(crate::LEN).unwrap();
    let kernel = device.kernel(long_changes::variant()).unwrap();
    kernel.launch(&stream, 2, long_changes::Args { x: &x, y: &mut y }).unwrap();
    y.read(&stream).unwrap()
}

/// Multiples of 2^-40 sum exactly in any order.
#[kernel(block = 64)]
pub fn double_changes(x: &Global<f64>, y: &mut Global<f64>) {
    let mut cells = shared::<[f64; 4]>();
    if thread_idx().x < 4 {
        cells[thread_idx().x] = 0.0;
    }
    barrier();
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    cells.atomic_add(0, v);
    cells.atomic_sub(1, v);
    cells.atomic_min(2, v);
    cells.atomic_max(3, v);
    y.atomic_exchange(i, v);
    let matched = y.atomic_compare_exchange(i, v, 2.0);
    y.atomic_add(i, matched);
    y.atomic_sub(i, 0.5);
    y.atomic_max(i, 1.0);
    y.atomic_min(i, 2.25);
    barrier();
    y[i] += cells[0] + cells[1] * 2.0 + cells[2] * 3.0 + cells[3] * 5.0;
}

#[test]
fn floats_of_64_bits_are_changed_as_by_plain_operations() {
    let doubles: Vec<f64> = integers().iter().map(|v| (f64::from(*v) - 2f64.powi(31)) / 2f64.powi(40)).collect();
    check!(double_changes, doubles, |x: &[f64], i: usize| {
        let block = &x[i / 64 * 64..][..64];
        let sum = block.iter().sum::<f64>();
        let least = block.iter().copied().fold(0.0, f64::min);
        let most = block.iter().copied().fold(0.0, f64::max);
        (2.0 + x[i] - 0.5).clamp(1.0, 2.25) + (sum + -sum * 2.0 + least * 3.0 + most * 5.0)
    });
}

/// Every thread takes a number of its own from a counter; the numbers are 0..128 in some order.
#[kernel(block = 64)]
pub fn tickets(counter: &mut Global<u32>, y: &mut Global<u32>) {
    let ticket = counter.atomic_add(0, 1);
    y[ticket] = block_idx().x * BLOCK + thread_idx().x;
}

#[test]
fn each_thread_gets_a_ticket_of_its_own() {
    let device = device();
    let stream = device.stream().unwrap();
    let mut counter = device.buffer_from(&[0_u32]).unwrap();
    let mut y = device.buffer_from(&[u32::MAX; crate::LEN]).unwrap();
    let kernel = device.kernel(tickets::variant()).unwrap();
    kernel.launch(&stream, 2, tickets::Args { counter: &mut counter, y: &mut y }).unwrap();
    let mut holders = y.read(&stream).unwrap();
    holders.sort_unstable();
    assert_eq!(holders, (0..crate::LEN as u32).collect::<Vec<_>>());
    assert_eq!(counter.read(&stream).unwrap(), [crate::LEN as u32]);
}

crate::kernels!(histogram, integer_changes, signed_extremes, float_changes, long_changes, double_changes, tickets);
