//! Reductions, scans and votes; tables.

use crate::{check, device, floats, integers, wave_width};
use greta::codegen::lower::lower;
use greta::codegen::target::{Family, SM_90};
use greta::prelude::*;

#[kernel(block = 128)]
pub fn integer_reductions(x: &Global<u32>, y: &mut Global<u32>) {
    let i = thread_idx().x;
    let v = x[i];
    let signed = v as i32;
    let sums = wave_sum(v) + block_sum(signed) as u32 * 3;
    let ends = block_min(v) ^ block_max(v) ^ wave_min(signed) as u32 ^ wave_max(signed) as u32;
    if block_idx().x == 0 {
        y[i] = sums ^ ends;
    }
}

#[test]
fn integers_are_reduced_exactly() {
    check!(integer_reductions, integers(), |x: &[u32], i: usize| {
        let wave = &x[i / wave_width() * wave_width()..][..wave_width()];
        let sum = |v: &[u32]| v.iter().fold(0u32, |sum, v| sum.wrapping_add(*v));
        let signed = || wave.iter().map(|v| *v as i32);
        let sums = sum(wave).wrapping_add(sum(x).wrapping_mul(3));
        let ends = x.iter().min().unwrap() ^ x.iter().max().unwrap();
        sums ^ (ends ^ signed().min().unwrap() as u32 ^ signed().max().unwrap() as u32)
    });
}

#[kernel(block = 128)]
pub fn bit_reductions(x: &Global<u32>, y: &mut Global<u32>) {
    let i = thread_idx().x;
    let v = x[i] | 5;
    let waves = wave_and(v) ^ wave_or(x[i] & 0x0FF0);
    let blocks = block_and(v) * 3 ^ block_or((x[i] & 0xF0F0) as i32) as u32;
    if block_idx().x == 0 {
        y[i] = waves + blocks;
    }
}

#[test]
fn bits_are_reduced() {
    check!(bit_reductions, integers(), |x: &[u32], i: usize| {
        let all = |v: &[u32]| v.iter().fold(u32::MAX, |bits, v| bits & (v | 5));
        let any = |v: &[u32], mask: u32| v.iter().fold(0, |bits, v| bits | v & mask);
        let wave = &x[i / wave_width() * wave_width()..][..wave_width()];
        (all(wave) ^ any(wave, 0x0FF0)).wrapping_add(all(x).wrapping_mul(3) ^ any(x, 0xF0F0))
    });
}

/// A block that ends in a part of a wave, and one that is a part of a wave.
macro_rules! partial_waves {
    ($test:ident, $kernel:ident, $threads:literal) => {
        #[kernel(block = $threads)]
        pub(crate) fn $kernel(x: &Global<u32>, y: &mut Global<u32>) {
            let i = thread_idx().x;
            let v = x[i] % 1000;
            let sums = wave_sum(v) + block_sum(v) * 3 + block_max(v) * 5 + block_min(v + 7) * 11;
            let bits = wave_or(v) + wave_and(v | 1) * 13 + block_or(v) * 17;
            let scans = wave_scan_inclusive(v) + wave_scan_exclusive(v) * 19;
            let blocks = block_scan_inclusive(v) * 23 + block_scan_exclusive(v) * 29;
            let votes = wave_any(v > 990) as u32 + wave_all(v > 10) as u32 * 2 + block_all(v < 1000) as u32 * 4;
            if block_idx().x == 0 {
                y[i] = sums ^ bits ^ scans ^ blocks ^ votes;
            }
        }

        #[test]
        fn $test() {
            check!($kernel, integers(), |x: &[u32], i: usize| {
                if i >= $threads {
                    return 0;
                }
                let v: Vec<u32> = x[..$threads].iter().map(|v| v % 1000).collect();
                let first = i / wave_width() * wave_width();
                let wave = &v[first..(first + wave_width()).min($threads)];
                let sum = |v: &[u32]| v.iter().sum::<u32>();
                let any = |v: &[u32]| v.iter().fold(0, |bits, v| bits | v);
                let sums = sum(wave) + sum(&v) * 3 + v.iter().max().unwrap() * 5 + (v.iter().min().unwrap() + 7) * 11;
                let bits = any(wave) + wave.iter().fold(u32::MAX, |bits, v| bits & (v | 1)) * 13 + any(&v) * 17;
                let scans = sum(&v[first..i + 1]) + sum(&v[first..i]) * 19;
                let blocks = sum(&v[..i + 1]) * 23 + sum(&v[..i]) * 29;
                let votes = wave.iter().any(|v| *v > 990) as u32 + wave.iter().all(|v| *v > 10) as u32 * 2 + 4;
                sums ^ bits ^ scans ^ blocks ^ votes
            });
        }
    };
}

partial_waves!(a_block_of_a_wave_and_a_half_is_reduced, wave_and_a_half, 96);
partial_waves!(a_block_of_less_than_a_wave_is_reduced, half_a_wave, 24);
partial_waves!(a_block_of_waves_and_one_thread_is_reduced, wave_and_a_thread, 65);

#[kernel(block = 128)]
pub fn scans(x: &Global<u32>, y: &mut Global<u32>) {
    let i = thread_idx().x;
    let v = x[i] % 1000;
    let waves = wave_scan_inclusive(v) + wave_scan_exclusive(v) * 3;
    let blocks = block_scan_inclusive(v) * 5 + block_scan_exclusive(v as i32) as u32 * 7;
    if block_idx().x == 0 {
        y[i] = waves + blocks;
    }
}

#[test]
fn scans_sum_what_is_before() {
    check!(scans, integers(), |x: &[u32], i: usize| {
        let sum = |from: usize, to: usize| x[from..to].iter().map(|v| v % 1000).sum::<u32>();
        let wave = i / wave_width() * wave_width();
        sum(wave, i + 1) + sum(wave, i) * 3 + sum(0, i + 1) * 5 + sum(0, i) * 7
    });
}

#[kernel(block = 64)]
pub fn float_scan(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // Multiples of 1/8 sum exactly in any order.
    let v = (x[i] * 8.0).floor() / 8.0;
    y[i] = block_scan_inclusive(v) - wave_scan_exclusive(v) * 2.0 + block_min(v) + wave_broadcast(v, 7);
}

#[test]
fn floats_are_scanned() {
    check!(float_scan, floats(), |x: &[f32], i: usize| {
        let v: Vec<f32> = x[i / 64 * 64..][..64].iter().map(|v| (v * 8.0).floor() / 8.0).collect();
        let sum = |from: usize, to: usize| v[from..to].iter().sum::<f32>();
        let smallest = v.iter().copied().fold(f32::INFINITY, f32::min);
        let (i, wave) = (i % 64, i % 64 / wave_width() * wave_width());
        sum(0, i + 1) - sum(wave, i) * 2.0 + smallest + v[wave + 7]
    });
}

#[kernel(block = 64)]
pub fn shifted_up(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = shuffle_up(x[i], 3) + shuffle_up(x[i], i % 40) * 5;
}

#[test]
fn shuffles_up_stop_at_the_start_of_the_wave() {
    check!(shifted_up, integers(), |x: &[u32], i: usize| {
        let from = |by: usize| x[if by <= i % wave_width() { i - by } else { i }];
        from(3).wrapping_add(from(i % 40).wrapping_mul(5))
    });
}

#[kernel(block = 64)]
pub fn shuffled_far(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let far = [64, 65, 127, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 3];
    let by = far[i % 8];
    let ways = shuffle_xor(x[i], by) + shuffle_down(x[i], by) * 3 + shuffle_up(x[i], by) * 5;
    let top = 0xffff_ffff;
    y[i] = ways + shuffle_xor(x[i], 65) * 7 + shuffle_down(x[i], top) * 11 + shuffle_up(x[i], top) * 13;
}

#[test]
fn shuffles_past_the_wave_give_the_threads_own_value() {
    check!(shuffled_far, integers(), |x: &[u32], i: usize| {
        let (lane, width) = (i % wave_width(), wave_width());
        // One distance of eight is within the wave.
        let near = |to: Option<usize>| to.filter(|to| i % 8 == 7 && *to < width).map_or(x[i], |to| x[i - lane + to]);
        [(1, near(Some(lane ^ 3))), (3, near(Some(lane + 3))), (5, near(lane.checked_sub(3))), (7 + 11 + 13, x[i])]
            .into_iter()
            .fold(0_u32, |sum, (factor, value)| sum.wrapping_add(value.wrapping_mul(factor)))
    });
}

#[kernel(block = 128)]
pub fn votes(x: &Global<u32>, y: &mut Global<u32>) {
    let i = thread_idx().x;
    let wave = wave_any(i == 70) as u32 + wave_all(i < 64) as u32 * 2;
    let block = block_any(i == 70) as u32 * 4 + block_all(i < 127) as u32 * 8 + block_all(i < 128) as u32 * 16;
    if block_idx().x == 0 {
        y[i] = wave + block + x[i];
    }
}

#[test]
fn votes_ask_all_lanes() {
    check!(votes, floats().iter().map(|v| (v.abs() * 100.0) as u32).collect::<Vec<_>>(), |x: &[u32], i: usize| {
        let any = i / wave_width() == 70 / wave_width();
        u32::from(any) + u32::from(i < 64) * 2 + 4 + 16 + x[i]
    });
}

/// y: the place of each thread among those of its wave whose x is odd, by the ballot; 99 for the others.
#[kernel(block = 64)]
pub fn places(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let odd = ballot(x[i] % 2 == 1);
    let before = odd & ((1u64 << lane_id() as u64) - 1);
    y[i] = 99;
    if x[i] % 2 == 1 {
        y[i] = (before as u32).count_ones() + ((before >> 32) as u32).count_ones();
    }
}

fn small_integers() -> Vec<u32> {
    floats().iter().map(|v| (v.abs() * 100.0) as u32).collect()
}

#[test]
fn a_ballot_has_a_bit_for_each_lane() {
    check!(places, small_integers(), |x: &[u32], i: usize| {
        let before = x[i / wave_width() * wave_width()..i].iter().filter(|v| **v % 2 == 1).count() as u32;
        if x[i] % 2 == 1 { before } else { 99 }
    });
}

#[kernel(block = 64)]
pub fn ballot_of_some(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let odd = ballot(x[i] % 2 == 1);
    y[i] = 2;
    if x[i] % 2 == 1 {
        y[i] = (ballot(true) == odd) as u32;
    }
}

#[test]
fn a_ballot_of_some_lanes_has_their_bits_and_is_refused_on_nvidia() {
    let refused = lower(&ballot_of_some::DEFINITION, &[], &SM_90).unwrap_err().to_string();
    assert!(refused.contains("ballot needs every lane of the wave, but lanes may disagree"), "{refused}");
    if device().target().family == Family::Amd {
        check!(ballot_of_some, small_integers(), |x: &[u32], i: usize| if x[i] % 2 == 1 { 1 } else { 2 });
    }
}

const WEIGHTS: [f32; 5] = [0.5, -1.0, 2.0, 0.25, 8.0];
const SHIFTS: [u32; 4] = [1, 5, 9, 2];

#[kernel(block = 64)]
pub fn constant_array(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = x[i] * WEIGHTS[i % 5] + WEIGHTS[2];
    for k in 0..4 {
        sum += WEIGHTS[k + 1];
    }
    y[i] = sum + (i << SHIFTS[i % 4]) as f32;
}

#[test]
fn constant_arrays_are_indexed_at_run_time() {
    check!(constant_array, floats(), |x: &[f32], i: usize| {
        let mut sum = x[i] * WEIGHTS[i % 5] + WEIGHTS[2];
        for k in 0..4 {
            sum += WEIGHTS[k + 1];
        }
        sum + ((i as u32) << SHIFTS[i % 4]) as f32
    });
}

/// y[row] = the sum of row of x, a wave a row, of rows fewer than waves
#[kernel(block = 64)]
pub fn wave_rows(x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32) {
    let row = (block_idx().x * BLOCK + thread_idx().x) / WAVE;
    if row >= rows {
        return;
    }
    let mut sum = 0.0;
    for c in (lane_id()..columns).step_by(WAVE) {
        sum += x[row * columns + c];
    }
    sum = wave_sum(sum);
    if lane_id() == 0 {
        y[row] = sum;
    }
}

#[test]
fn waves_without_a_row_leave() {
    let device = crate::device();
    let stream = device.stream().unwrap();
    // Small integers: every sum is exact.
    let (rows, columns) = (3, 100);
    let input: Vec<f32> = (0..rows * columns).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
    let (x, mut y) = (device.buffer_from(&input).unwrap(), device.zeroed(rows).unwrap());
    let args = wave_rows::Args { x: &x, y: &mut y, rows: rows as u32, columns: columns as u32 };
    device.kernel(wave_rows::variant()).unwrap().launch(&stream, 4, args).unwrap();
    let expected: Vec<f32> = input.chunks(columns).map(|row| row.iter().sum()).collect();
    assert_eq!(y.read(&stream).unwrap(), expected);
}

crate::kernels!(
    wave_rows,
    integer_reductions,
    bit_reductions,
    wave_and_a_half,
    half_a_wave,
    wave_and_a_thread,
    shifted_up,
    shuffled_far,
    scans,
    float_scan,
    votes,
    places,
    ballot_of_some,
    constant_array
);
