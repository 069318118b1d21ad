//! Joins the splits of `attention_decode` into the attention's result. A thread computes one element.
//!
//! Launch: `heads * head_dim` threads. Bound by the launch: it reads a few hundred KB from the cache.
//! Reference: [`crate::reference::attention`]; cases: [`crate::cases::attention`].

use greta::prelude::*;

/// y[h] = sum_s w[s, h] * partial[s, h] / sum_s w[s, h] * sums[s, h]
/// with w[s, h] = exp(maxima[s, h] - max_s maxima[s, h])
/// maxima, sums: [splits, heads] f32; partial: [splits, heads, head_dim] f32; y: [heads, head_dim] f32.
#[kernel(
    require(maxima.len() == splits * heads, sums.len() == splits * heads),
    require(partial.len() == splits * heads * head_dim, y.len() == heads * head_dim),
    block = 64,
)]
pub fn attention_combine(
    maxima: &Global<f32>,
    sums: &Global<f32>,
    partial: &Global<f32>,
    y: &mut Global<f32>,
    heads: u32,
    head_dim: u32,
    splits: u32,
) {
    let index = block_idx().x * BLOCK + thread_idx().x;
    if index < heads * head_dim {
        let head = index / head_dim;
        let mut largest = maxima[head];
        for s in 1..splits {
            largest = max(largest, maxima[s * heads + head]);
        }
        let mut sum = 0.0;
        let mut result = 0.0;
        for s in 0..splits {
            let weight = exp(maxima[s * heads + head] - largest);
            sum = fma(sums[s * heads + head], weight, sum);
            result = fma(partial[s * heads * head_dim + index], weight, result);
        }
        y[index] = result / sum;
    }
}
