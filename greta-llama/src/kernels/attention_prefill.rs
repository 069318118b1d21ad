//! Causal attention of several new tokens, after any number of cached ones: online softmax, matrix cores, grouped heads.
//!
//! A wave takes 16 queries of one head and keeps them in registers; the block's waves share tiles of BK keys and values
//! in shared memory. Scores are q · kᵀ on the matrix cores; in their layout a lane holds rows 4 (lane / 16) + r, so the
//! running maximum and sum of a row are reduced over 16 lanes, and the results, which have the same layout, are scaled
//! in place. Weights go through shared memory to become the left factor of the second product.
//! Launch: grid (ceil(tokens / (16 * WAVES)), heads). Compute-bound for long prompts: 4 * HD flop a query and key.
//! Row padding keeps shared reads free of bank conflicts: 4 for K (rows fall 4 banks apart), 16 for V.

use greta::prelude::*;

/// y[t, h] = sum_j softmax_j(q[t, h] · k_cache[h', j] / sqrt(HD)) * v_cache[h', j] over j <= position[0] + t
/// q: [tokens, q_stride] f32, head h at column h * HD; k_cache, v_cache: [kv_heads, max_seq, HD] f32, the new tokens
/// included; position: [1] u32, the first new token's; y: [tokens, heads * HD] f32; h' = h / (heads / kv_heads).
#[kernel(
    tile(HD = 128 in [32, 64, 128], BK = 32 in [16, 32], WAVES = 4 in [1, 2, 4]),
    block = WAVES * 64,
)]
pub fn attention_prefill(
    q: &Global<f32>,
    k_cache: &Global<f32>,
    v_cache: &Global<f32>,
    position: &Global<u32>,
    y: &mut Global<f32>,
    tokens: u32,
    heads: u32,
    kv_heads: u32,
    max_seq: u32,
    q_stride: u32,
) {
    let lowest = -1e30;
    let mut keys = shared::<[[f32; HD + 4]; BK]>();
    let mut values = shared::<[[f32; HD + 16]; BK]>();
    let mut weights = shared::<[[f32; BK + 4]; WAVES * 16]>();
    let head = block_idx().y;
    let cache = head / (heads / kv_heads) * max_seq * HD;
    let lane = lane_id();
    let (minor, major) = (lane % 16, lane / 16);
    let first = block_idx().x * WAVES * 16;
    let tile = first + wave_id() * 16;
    let past = position[0];

    let mut queries = [0.0; HD / 4];
    let row = min(tile + minor, tokens - 1) * q_stride + head * HD;
    let scale = 1.0 / sqrt(HD as f32);
    #[unroll]
    for i in 0..HD / 4 {
        queries[i] = q[row + i * 4 + major] * scale;
    }
    let mut results = [f32x4::splat(0.0); HD / 16];
    let mut largest = [lowest; 4];
    let mut sums = [0.0; 4];

    // Every wave walks over the keys that the block's last query sees: barriers need all of them.
    let end = min(past + min(first + WAVES * 16, tokens), max_seq);
    for base in (0..end).step_by(BK) {
        barrier();
        for i in (thread_idx().x * 4..BK * HD).step_by(BLOCK * 4) {
            let (key, column) = (i / HD, i % HD);
            let mut k = f32x4::splat(0.0);
            let mut v = f32x4::splat(0.0);
            if base + key < end {
                k = k_cache.load_vector::<f32x4>(cache + base * HD + i);
                v = v_cache.load_vector::<f32x4>(cache + base * HD + i);
            }
            keys[key].store_vector(column, k);
            values[key].store_vector(column, v);
        }
        barrier();

        let mut scores = [f32x4::splat(0.0); BK / 16];
        #[unroll]
        for n in 0..BK / 16 {
            #[unroll]
            for i in 0..HD / 4 {
                scores[n] = mfma_f32_16x16x4f32(queries[i], keys[n * 16 + minor][i * 4 + major], scores[n]);
            }
        }
        #[unroll]
        for r in 0..4 {
            let query = tile + major * 4 + r;
            let mut next = largest[r];
            #[unroll]
            for n in 0..BK / 16 {
                let key = base + n * 16 + minor;
                scores[n][r] = select(key <= past + query && key < end, scores[n][r], lowest);
                next = max(next, scores[n][r]);
            }
            next = max(next, shuffle_xor(next, 8));
            next = max(next, shuffle_xor(next, 4));
            next = max(next, shuffle_xor(next, 2));
            next = max(next, shuffle_xor(next, 1));
            let shrink = exp(largest[r] - next);
            largest[r] = next;
            sums[r] *= shrink;
            #[unroll]
            for n in 0..BK / 16 {
                let weight = select(scores[n][r] > lowest, exp(scores[n][r] - next), 0.0);
                sums[r] += weight;
                weights[wave_id() * 16 + major * 4 + r][n * 16 + minor] = weight;
            }
            #[unroll]
            for n in 0..HD / 16 {
                results[n][r] *= shrink;
            }
        }
        barrier();
        #[unroll]
        for i in 0..BK / 4 {
            let weight = weights[wave_id() * 16 + minor][i * 4 + major];
            #[unroll]
            for n in 0..HD / 16 {
                results[n] = mfma_f32_16x16x4f32(weight, values[i * 4 + major][n * 16 + minor], results[n]);
            }
        }
    }

    #[unroll]
    for r in 0..4 {
        let query = tile + major * 4 + r;
        let mut sum = sums[r];
        sum += shuffle_xor(sum, 8);
        sum += shuffle_xor(sum, 4);
        sum += shuffle_xor(sum, 2);
        sum += shuffle_xor(sum, 1);
        if query < tokens {
            #[unroll]
            for n in 0..HD / 16 {
                y[(query * heads + head) * HD + n * 16 + minor] = results[n][r] / sum;
            }
        }
    }
}
