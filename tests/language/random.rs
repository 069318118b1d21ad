//! Random numbers that are a function of their place: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as
//! 1, 2, 3", 2011), whose products, keys and counters are all arrays of integers.

use crate::{check, floats};
use greta::prelude::*;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

#[device]
fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut c, mut k) = (counter, key);
    #[unroll]
    for _ in 0..10 {
        let high = [c[0].mul_hi(MULTIPLIERS[0]), c[2].mul_hi(MULTIPLIERS[1])];
        let low = [c[0] * MULTIPLIERS[0], c[2] * MULTIPLIERS[1]];
        c = [high[1] ^ c[1] ^ k[0], low[1], high[0] ^ c[3] ^ k[1], low[0]];
        k = [k[0] + STEPS[0], k[1] + STEPS[1]];
    }
    c
}

/// The same in plain Rust.
fn reference(mut c: [u32; 4], mut k: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [a, b] = [0, 1].map(|i| u64::from(c[2 * i]) * u64::from(MULTIPLIERS[i]));
        c = [(b >> 32) as u32 ^ c[1] ^ k[0], b as u32, (a >> 32) as u32 ^ c[3] ^ k[1], a as u32];
        k = [k[0].wrapping_add(STEPS[0]), k[1].wrapping_add(STEPS[1])];
    }
    c
}

/// y[i] = x[i] / (1 - p) or, with probability p, 0
#[kernel(block = 64)]
pub(crate) fn dropout(x: &Global<f32>, y: &mut Global<f32>, p: f32, seed: u64) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let random = philox([i / 4, 0, 0, 0], [seed as u32, (seed >> 32) as u32]);
    let uniform = (random[i % 4] >> 8) as f32 * (1.0 / 16_777_216.0);
    y[i] = if uniform < p { 0.0 } else { x[i] / (1.0 - p) };
}

const P: f32 = 0.375;
const SEED: u64 = 0x0123_4567_89ab_cdef;

#[test]
fn the_same_seed_drops_the_same_elements() {
    // The generator's published answer for zeros.
    assert_eq!(reference([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    check!(dropout { p: P, seed: SEED }, floats(), |x: &[f32], i: usize| {
        let random = reference([i as u32 / 4, 0, 0, 0], [SEED as u32, (SEED >> 32) as u32]);
        let uniform = (random[i % 4] >> 8) as f32 / 16_777_216.0;
        if uniform < P { 0.0 } else { x[i] / (1.0 - P) }
    });
}

crate::kernels!(dropout);
