//! Indices, waves, reductions and the matrix instruction.

use crate::{check, floats};
use greta::prelude::*;

#[kernel(block = (8, 4, 2))]
pub fn indices(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx();
    let linear = (t.z * block_dim().y + t.y) * block_dim().x + t.x;
    let i = block_idx().x * BLOCK + linear;
    y[i] = x[i] + (linear == wave_id() * WAVE + lane_id()) as u32 as f32 + grid_dim().x as f32;
}

#[test]
fn threads_are_numbered_x_first() {
    check!(indices, floats(), |x: &[f32], i: usize| x[i] + 1.0 + 2.0);
}

#[kernel(block = 64)]
pub fn shuffles(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    y[i] = shuffle(v, 5) + shuffle_xor(v, 3) * 2.0 + shuffle_down(v, 7) * 4.0;
}

#[test]
fn shuffles_read_other_lanes() {
    check!(shuffles, floats(), |x: &[f32], i: usize| {
        let (base, lane) = (i / 64 * 64, i % 64);
        let down = if lane + 7 < 64 { lane + 7 } else { lane };
        x[base + 5] + x[base + (lane ^ 3)] * 2.0 + x[base + down] * 4.0
    });
}

#[kernel(block = 64)]
pub fn reductions(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // Multiples of 1/8 sum exactly in any order.
    let v = (x[i] * 8.0).floor() / 8.0;
    y[i] = wave_sum(v) + wave_max(v) * 100.0 + block_sum(v + 1.0) + block_max(-v) * 1000.0;
}

#[test]
fn reductions_reach_every_thread() {
    check!(reductions, floats(), |x: &[f32], i: usize| {
        let v: Vec<f32> = x[i / 64 * 64..][..64].iter().map(|v| (v * 8.0).floor() / 8.0).collect();
        let sum: f32 = v.iter().sum();
        let largest = v.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let smallest = v.iter().copied().fold(f32::INFINITY, f32::min);
        sum + largest * 100.0 + (sum + 64.0) + -smallest * 1000.0
    });
}

/// x holds a 16 × 4 matrix A by rows and then a 4 × 16 matrix B by rows.
#[kernel(block = 64)]
pub fn matrix_instruction(x: &Global<f32>, y: &mut Global<f32>) {
    let lane = lane_id();
    let a = x[lane % 16 * 4 + lane / 16];
    let b = x[64 + lane / 16 * 16 + lane % 16];
    let raw = mfma_f32_16x16x4f32(a, b, f32x4::splat(1.0));
    let mut tile = Accumulator::<F32_16x16x4>::zero();
    tile.mma(FragmentA::from_element(a), FragmentB::from_element(b));
    // Of the 256 elements, y has room for the first 8 rows.
    if block_idx().x == 0 {
        for r in 0..4 {
            let row = tile.row(r);
            if row < 8 {
                y[row * 16 + tile.column(r)] = raw[r] + tile[r];
            }
        }
    }
}

#[test]
fn the_matrix_instruction_is_a_chain_of_fused_multiply_adds() {
    check!(matrix_instruction, floats(), |x: &[f32], i: usize| {
        let chain = |from| (0..4).fold(from, |sum, k| x[i / 16 * 4 + k].mul_add(x[64 + k * 16 + i % 16], sum));
        chain(1.0) + chain(0.0)
    });
}

crate::kernels!(indices, shuffles, reductions, matrix_instruction);
