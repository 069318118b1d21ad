//! Indices, waves, reductions and the matrix instruction.

use crate::{check, floats};
use greta::codegen::lower::lower;
use greta::codegen::target::{Family, GFX942, SM_90};
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
        let wave = wave();
        let (base, lane) = (i / wave * wave, i % wave);
        let down = if lane + 7 < wave { lane + 7 } else { lane };
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
        let v: Vec<f32> = x.iter().map(|v| (v * 8.0).floor() / 8.0).collect();
        let (block, wave) = (&v[i / 64 * 64..][..64], &v[i / wave() * wave()..][..wave()]);
        let sum = |v: &[f32]| v.iter().sum::<f32>();
        let largest = wave.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let smallest = block.iter().copied().fold(f32::INFINITY, f32::min);
        sum(wave) + largest * 100.0 + (sum(block) + 64.0) + -smallest * 1000.0
    });
}

/// x holds a 16 × 4 matrix A by rows and then a 4 × 16 matrix B by rows.
#[kernel(block = WAVE)]
pub fn fragments(x: &Global<f32>, y: &mut Global<f32>) {
    let a = FragmentA::from_elements(|row, column| x[row * 4 + column]);
    let b = FragmentB::from_elements(|row, column| x[64 + row * 16 + column]);
    let mut tile = Accumulator::<F32_16x16x4>::zero();
    tile.mma(a, b);
    let ones = mma(a, b, Accumulator::<F32_16x16x4>::splat(1.0));
    // Of the 256 elements, y has room for the first 8 rows.
    if block_idx().x == 0 {
        for r in 0..tile.len() {
            let row = tile.row(r);
            if row < 8 {
                y[row * 16 + tile.column(r)] = ones[r] + tile[r];
            }
        }
    }
}

/// The first 8 rows of A B plus those of 1 + A B, each element a chain of fused multiply-adds.
fn products(x: &[f32], i: usize) -> f32 {
    let chain = |from| (0..4).fold(from, |sum, k| x[i / 16 * 4 + k].mul_add(x[64 + k * 16 + i % 16], sum));
    chain(1.0) + chain(0.0)
}

#[test]
fn products_of_fragments_are_chains_of_fused_multiply_adds_on_every_target() {
    check!(fragments, floats(), products);
}

#[kernel(block = 64)]
pub fn matrix_instruction(x: &Global<f32>, y: &mut Global<f32>) {
    let lane = lane_id();
    let a = x[lane % 16 * 4 + lane / 16];
    let b = x[64 + lane / 16 * 16 + lane % 16];
    let from_one = mfma_f32_16x16x4_f32(a, b, f32x4::splat(1.0));
    let from_zero = mfma_f32_16x16x4_f32(a, b, f32x4::splat(0.0));
    if block_idx().x == 0 && lane < 32 {
        for r in 0..4 {
            y[(lane / 16 * 4 + r) * 16 + lane % 16] = from_one[r] + from_zero[r];
        }
    }
}

#[test]
fn the_matrix_instruction_is_a_chain_of_fused_multiply_adds() {
    if Device::open_default().unwrap().target().family == Family::Amd {
        check!(matrix_instruction, floats(), products);
    }
}

#[test]
fn a_raw_matrix_instruction_is_refused_where_there_is_none() {
    let error = lower(&matrix_instruction::DEFINITION, &[], &SM_90).unwrap_err().to_string();
    assert!(error.contains("sm_90 has no mfma_f32_16x16x4_f32"), "{error}");
    assert!(error.contains("Fragments of this shape work on every target"), "{error}");
}

#[kernel(block = 64)]
pub fn half_a_wave_shuffles(x: &Global<f32>, y: &mut Global<f32>) {
    if lane_id() < 16 {
        y[thread_idx().x] = shuffle_xor(x[thread_idx().x], 1);
    }
}

#[test]
fn a_shuffle_that_some_lanes_do_not_reach_is_refused_on_nvidia() {
    assert!(lower(&half_a_wave_shuffles::DEFINITION, &[], &GFX942).is_ok());
    let error = lower(&half_a_wave_shuffles::DEFINITION, &[], &SM_90).unwrap_err().to_string();
    assert!(error.contains("shuffle_xor needs every lane of the wave"), "{error}");
}

#[kernel(block = 64)]
pub fn all_of_shared_memory(x: &Global<f32>, y: &mut Global<f32>) {
    let mut one = shared::<[f32; 8192]>();
    let mut two = shared::<[[f32; 64]; 128]>();
    let t = thread_idx().x;
    for i in (t..8192).step_by(BLOCK) {
        one[i] = x[i % 128];
        two[i / 64][i % 64] = x[i % 128] * 2.0;
    }
    barrier();
    let i = block_idx().x * BLOCK + t;
    y[i] = one[8191 - i] + two[127 - i / 64][63 - i % 64];
}

#[test]
fn a_block_may_use_64_kib_of_shared_memory() {
    check!(all_of_shared_memory, floats(), |x: &[f32], i: usize| x[127 - i] + x[127 - i] * 2.0);
}

/// Lanes of the device's waves.
fn wave() -> usize {
    Device::open_default().unwrap().target().wave as usize
}

crate::kernels!(
    indices,
    shuffles,
    reductions,
    fragments,
    matrix_instruction,
    half_a_wave_shuffles,
    all_of_shared_memory
);
