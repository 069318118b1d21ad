//! Reductions, scans and votes; tables.

use crate::{check, floats, integers};
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
        let wave = &x[i / 64 * 64..][..64];
        let sum = |v: &[u32]| v.iter().fold(0u32, |sum, v| sum.wrapping_add(*v));
        let signed = || wave.iter().map(|v| *v as i32);
        let sums = sum(wave).wrapping_add(sum(x).wrapping_mul(3));
        let ends = x.iter().min().unwrap() ^ x.iter().max().unwrap();
        sums ^ (ends ^ signed().min().unwrap() as u32 ^ signed().max().unwrap() as u32)
    });
}

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
        let wave = i / 64 * 64;
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
        let sum = |to: usize| v[..to].iter().sum::<f32>();
        let smallest = v.iter().copied().fold(f32::INFINITY, f32::min);
        sum(i % 64 + 1) - sum(i % 64) * 2.0 + smallest + v[7]
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
        (if i < 64 { 2 } else { 1 }) + 4 + 16 + x[i]
    });
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

crate::kernels!(integer_reductions, scans, float_scan, votes, constant_array);
