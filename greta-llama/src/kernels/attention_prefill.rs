//! Causal attention of several new tokens after any number of cached ones: online softmax, matrix cores, grouped heads.
//!
//! A wave takes 16 queries of one head and keeps them in registers; the block's waves share tiles of BK keys and values
//! in shared memory. Scores are q · kᵀ on the matrix cores; in their layout a lane holds a few rows of one column, so the
//! running maximum and sum of a row are reduced over 16 lanes, and the results, which have the same layout, are scaled
//! in place. Weights go through shared memory to become the left factor of the second product.
//! Launch: grid (ceil(tokens / (16 * WAVES)), heads). Compute-bound for long prompts: 4 * HD flop a query and key.
//! Row padding keeps shared reads free of bank conflicts: 4 for K (rows fall 4 banks apart), 16 for V.
//! Reference: [`crate::reference::attention`]; cases: [`crate::cases::attention`].

use greta::prelude::*;

use super::attention_rows::{LOWEST, mask_row, store_results};

/// y[t, h] = sum_j softmax_j(q[t, h] · k_cache[h', j] / sqrt(HD)) * v_cache[h', j] over j <= position[0] + t
/// q: [tokens, q_stride] f32, head h at column h * HD; k_cache, v_cache: [kv_heads, max_seq, HD] f32, the new tokens
/// included; position: [1] u32, the first new token's; y: [tokens, heads * HD] f32; h' = h / (heads / kv_heads).
#[kernel(
    tile(HD = 128 in [32, 64, 128], BK = 16 in [16, 32], WAVES = 4 in [1, 2, 4]),
    require(q.len() == tokens * q_stride, heads * HD <= q_stride, heads.is_multiple_of(kv_heads)),
    require(k_cache.len() == kv_heads * max_seq * HD, v_cache.len() == kv_heads * max_seq * HD),
    require(position.len() == 1, y.len() == tokens * heads * HD),
    block = WAVES * WAVE,
)]
pub fn attention_prefill(
    q: &Global<f32>,
    k_cache: &Global<f32>,
    v_cache: &Global<f32>,
    position: &Volatile<u32>,
    y: &mut Global<f32>,
    tokens: u32,
    heads: u32,
    kv_heads: u32,
    max_seq: u32,
    q_stride: u32,
) {
    let mut keys = shared::<[[f32; HD + 4]; BK]>();
    let mut values = shared::<[[f32; HD + 16]; BK]>();
    let mut weights = shared::<[[f32; BK + 4]; WAVES * 16]>();
    let head = block_idx().y;
    let cache = head / (heads / kv_heads) * max_seq * HD;
    let first = block_idx().x * WAVES * 16;
    let tile = first + wave_id() * 16;
    let past = position[0];

    let mut queries: [FragmentA<F32_16x16x4>; HD / 4];
    #[unroll]
    for i in 0..HD / 4 {
        queries[i] = FragmentA::from_elements(|row, column| {
            let token = min(tile + row, tokens - 1);
            q[token * q_stride + head * HD + i * 4 + column] / sqrt(HD as f32)
        });
    }
    let mut results = [Accumulator::<F32_16x16x4>::zero(); HD / 16];
    let mut largest = [LOWEST; results[0].held_rows()];
    let mut sums = [0.0; results[0].held_rows()];

    // Every wave walks over the keys that the block's last query sees: barriers need all of them.
    let end = min(past + min(first + WAVES * 16, tokens), max_seq);
    for base in (0..end).step_by(BK) {
        barrier();
        load_tile(k_cache, &mut keys, cache + base * HD, end - base, HD);
        load_tile(v_cache, &mut values, cache + base * HD, end - base, HD);
        barrier();
        let mut scores: [Accumulator<F32_16x16x4>; BK / 16];
        multiply_keys(&queries, &keys, &mut scores);
        #[unroll]
        for r in 0..largest.len() {
            let row = results[0].row(r);
            let visible = min(past + tile + row + 1, end);
            let next = mask_row(&mut scores, r, base, visible, largest[r]);
            let shrink = exp(largest[r] - next);
            largest[r] = next;
            sums[r] *= shrink;
            #[unroll]
            for n in 0..BK / 16 {
                let weight = select(scores[n][r] > LOWEST, exp(scores[n][r] - next), 0.0);
                sums[r] += weight;
                weights[wave_id() * 16 + row][n * 16 + scores[n].column(r)] = weight;
            }
            #[unroll]
            for n in 0..HD / 16 {
                results[n][r] *= shrink;
            }
        }
        barrier();
        add_values(&weights, &values, &mut results, wave_id() * 16);
    }
    store_results(&results, &sums, y, tile, tokens, heads * HD, head * HD);
}

/// Loads rows of `width` elements from `start` on, as many as the tile has; those from `rows` on are zero.
#[device]
fn load_tile(cache: &Global<f32>, tile: &mut Shared<Shared<f32>>, start: u32, rows: u32, width: u32) {
    for i in (thread_idx().x * 4..tile.len() * width).step_by(BLOCK * 4) {
        let mut part = f32x4::splat(0.0);
        if i / width < rows {
            part = cache.load_vector::<f32x4>(start + i);
        }
        tile[i / width].store_vector(i % width, part);
    }
}

/// scores = queries * keysᵀ, as four sums side by side: short chains keep the matrix cores busy and the error small.
#[device]
fn multiply_keys(
    queries: &Array<FragmentA<F32_16x16x4>>,
    keys: &Shared<Shared<f32>>,
    scores: &mut Array<Accumulator<F32_16x16x4>>,
) {
    #[unroll]
    for n in 0..scores.len() {
        let mut parts = [Accumulator::<F32_16x16x4>::zero(); 4];
        #[unroll]
        for i in 0..queries.len() {
            parts[i % 4] = mma(queries[i], FragmentB::load_transposed(keys, i * 4, n * 16), parts[i % 4]);
        }
        scores[n] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    }
}

/// results += weights * values, for the 16 rows of weights from `row` on.
#[device]
fn add_values(
    weights: &Shared<Shared<f32>>,
    values: &Shared<Shared<f32>>,
    results: &mut Array<Accumulator<F32_16x16x4>>,
    row: u32,
) {
    #[unroll]
    for i in 0..values.len() / 4 {
        let weight = FragmentA::load(weights, row, i * 4);
        #[unroll]
        for n in 0..results.len() {
            results[n] = mma(weight, FragmentB::load(values, i * 4, n * 16), results[n]);
        }
    }
}
