//! Causal attention of several new tokens as `attention_prefill`, with factors and results in `bf16`: the products sum
//! in `f32` on matrix cores that are many times as fast.
//!
//! A wave takes 16 queries of one head and keeps them in registers; the block's waves share tiles of BK keys and values
//! in shared memory, rounded on their way, the values transposed: both products then load what a thread holds of a row
//! at once. Scores are never in memory: maximum, sum and result of a row follow each tile of keys (online softmax). What is
//! summed are the rounded weights, so a row of equal values comes out as it is.
//! Launch: grid (ceil(tokens / (16 * WAVES)), heads). Compute-bound for long prompts: 4 * HD flop a query and key.
//! Reference: [`crate::reference::attention`]; cases: [`crate::cases::attention`].

use greta::prelude::*;

use super::activations::Activation;
use super::attention_rows::{LOWEST, mask_row, store_results};

/// y[t, h] = sum_j softmax_j(q[t, h] · k_cache[h', j] / sqrt(HD)) * v_cache[h', j] over j <= position[0] + t
/// q: [tokens, q_stride] f32, head h at column h * HD; k_cache, v_cache: [kv_heads, max_seq, HD] f32, the new tokens
/// included; position: [1] u32, the first new token's; y: [tokens, heads * HD] bf16; h' = h / (heads / kv_heads).
#[kernel(
    tile(HD = 128 in [32, 64, 128], BK = 32 in [16, 32, 64], WAVES = 4 in [1, 2, 4, 8]),
    require(q.len() == tokens * q_stride, heads * HD <= q_stride, heads.is_multiple_of(kv_heads)),
    require(k_cache.len() == kv_heads * max_seq * HD, v_cache.len() == kv_heads * max_seq * HD),
    require(position.len() == 1, y.len() == tokens * heads * HD),
    block = WAVES * WAVE,
)]
pub fn attention_prefill_bf16(
    q: &Global<f32>,
    k_cache: &Global<f32>,
    v_cache: &Global<f32>,
    position: &Volatile<u32>,
    y: &mut Global<bf16>,
    tokens: u32,
    heads: u32,
    kv_heads: u32,
    max_seq: u32,
    q_stride: u32,
) {
    let mut keys = shared::<[[bf16; HD + 8]; BK]>();
    let mut values = shared::<[[bf16; BK + 8]; HD]>();
    let mut weights = shared::<[[bf16; BK + 8]; WAVES * 16]>();
    let head = block_idx().y;
    let cache = head / (heads / kv_heads) * max_seq * HD;
    let first = block_idx().x * WAVES * 16;
    let tile = first + wave_id() * 16;
    let past = position[0];

    let mut queries: [FragmentA<Bf16_16x16x16>; HD / 16];
    #[unroll]
    for i in 0..HD / 16 {
        queries[i] = FragmentA::from_elements(|row, column| {
            bf16::narrow(q[min(tile + row, tokens - 1) * q_stride + head * HD + i * 16 + column])
        });
    }
    let mut results = [Accumulator::<Bf16_16x16x16>::zero(); HD / 16];
    let mut largest = [LOWEST; results[0].held_rows()];
    let mut sums = [0.0; results[0].held_rows()];

    // Every wave walks over the keys that the block's last query sees: barriers need all of them.
    let end = min(past + min(first + WAVES * 16, tokens), max_seq);
    for base in (0..end).step_by(BK) {
        barrier();
        load_keys(k_cache, &mut keys, cache + base * HD, end - base, HD);
        load_values(v_cache, &mut values, cache + base * HD, end - base, BK);
        barrier();
        let mut scores = [Accumulator::<Bf16_16x16x16>::zero(); BK / 16];
        multiply_keys(&queries, &keys, &mut scores, 1.0 / sqrt(HD as f32));
        #[unroll]
        for i in 0..largest.len() {
            let row = scores[0].row(scores[0].in_row(i, 0));
            let visible = min(past + tile + row + 1, end);
            let next = mask_row(&mut scores, i, base, visible, largest[i]);
            let shrink = exp(largest[i] - next);
            largest[i] = next;
            sums[i] *= shrink;
            #[unroll]
            for n in 0..BK / 16 {
                #[unroll]
                for j in 0..scores[0].held_columns() {
                    let r = scores[n].in_row(i, j);
                    let weight = bf16::narrow(select(scores[n][r] > LOWEST, exp(scores[n][r] - next), 0.0));
                    sums[i] += weight as f32;
                    weights[wave_id() * 16 + row][n * 16 + scores[n].column(r)] = weight;
                }
            }
            #[unroll]
            for n in 0..HD / 16 {
                #[unroll]
                for j in 0..results[0].held_columns() {
                    let r = results[n].in_row(i, j);
                    results[n][r] *= shrink;
                }
            }
        }
        barrier();
        add_values(&weights, &values, &mut results, wave_id() * 16, BK);
    }
    store_results(&results, &sums, y, tile, tokens, heads * HD, head * HD);
}

/// Loads rows of `width` elements from `start` on, as many as the tile has; those from `rows` on are zero.
#[device]
fn load_keys(cache: &Global<f32>, tile: &mut Shared<Shared<bf16>>, start: u32, rows: u32, width: u32) {
    for i in (thread_idx().x * 4..tile.len() * width).step_by(BLOCK * 4) {
        let mut part = f32x4::splat(0.0);
        if i / width < rows {
            part = cache.load_vector::<f32x4>(start + i);
        }
        tile[i / width].store_vector(i % width, bf16::narrow_four(part));
    }
}

/// Loads as many rows as `columns` says from `start` on, transposed: four elements of four rows at a time. Rows from `rows`
/// on are zero.
#[device]
fn load_values(cache: &Global<f32>, tile: &mut Shared<Shared<bf16>>, start: u32, rows: u32, columns: u32) {
    for i in (thread_idx().x..tile.len() * columns / 16).step_by(BLOCK) {
        let (key, first) = (i / (tile.len() / 4) * 4, i % (tile.len() / 4) * 4);
        let mut parts: [f32x4; 4];
        #[unroll]
        for r in 0..4 {
            parts[r] = f32x4::splat(0.0);
            if key + r < rows {
                parts[r] = cache.load_vector::<f32x4>(start + (key + r) * tile.len() + first);
            }
        }
        #[unroll]
        for c in 0..4 {
            let mut part = f32x4::splat(0.0);
            #[unroll]
            for r in 0..4 {
                part[r] = parts[r][c];
            }
            tile[first + c].store_vector(key, bf16::narrow_four(part));
        }
    }
}

/// scores = queries * keysᵀ * scale
#[device]
fn multiply_keys(
    queries: &Array<FragmentA<Bf16_16x16x16>>,
    keys: &Shared<Shared<bf16>>,
    scores: &mut Array<Accumulator<Bf16_16x16x16>>,
    scale: f32,
) {
    #[unroll]
    for n in 0..scores.len() {
        #[unroll]
        for i in 0..queries.len() {
            scores[n] = mma(queries[i], FragmentB::load_transposed_vector(keys, i * 16, n * 16), scores[n]);
        }
        #[unroll]
        for r in 0..scores[0].len() {
            scores[n][r] *= scale;
        }
    }
}

/// results += weights * values, for the 16 rows of weights from `row` on.
#[device]
fn add_values(
    weights: &Shared<Shared<bf16>>,
    values: &Shared<Shared<bf16>>,
    results: &mut Array<Accumulator<Bf16_16x16x16>>,
    row: u32,
    keys: u32,
) {
    #[unroll]
    for i in 0..keys / 16 {
        let weight = FragmentA::load_vector(weights, row, i * 16);
        #[unroll]
        for n in 0..results.len() {
            results[n] = mma(weight, FragmentB::load_transposed_vector(values, i * 16, n * 16), results[n]);
        }
    }
}
