//! Attention of one new token over the cache, in one pass: online softmax, grouped heads, keys split among blocks.
//!
//! HD / 4 lanes take a key, 16 bytes each, so a wave takes WAVE / (HD / 4) keys at once and each such group of lanes, a
//! stream, keeps a maximum, a sum and a partial result of its own; KEYS keys a stream are in flight. The block joins
//! its streams through shared memory and leaves one partial result for `attention_combine`, which joins the splits.
//! Launch: grid (heads, splits). Memory-bound: 8 B an element of the visible cache; 32 heads of 128 at 2048 tokens:
//! 67 MB, 15.8 µs. A finite lowest score stands for "no key yet", so that a stream without keys gives weight 0, no NaN.
//! Reference: [`crate::reference::attention`]; cases: [`crate::cases::attention`].

use greta::prelude::*;

use super::weights::lanes_sum;

/// Below every score.
pub(super) const LOWEST: f32 = -1e30;

/// For head h and the keys j of split s, j <= position[0]: with score[j] = q[h] · k_cache[h', j] / sqrt(HD),
/// maxima[s, h] = max score, sums[s, h] = sum exp(score - max), partial[s, h] = sum exp(score - max) * v_cache[h', j]
/// q: [heads, HD] f32; k_cache, v_cache: [kv_heads, max_seq, HD] f32; position: [1] u32;
/// maxima, sums: [splits, heads] f32; partial: [splits, heads, HD] f32; h' = h / (heads / kv_heads).
#[kernel(
    tile(HD = 128 in [32, 64, 128], KEYS = 4 in [1, 2, 4, 8], WAVES = 4 in [2, 4, 8, 16]),
    require(q.len() == heads * HD, heads.is_multiple_of(kv_heads), position.len() == 1),
    require(k_cache.len() == kv_heads * max_seq * HD, v_cache.len() == kv_heads * max_seq * HD),
    require(maxima.len().is_multiple_of(heads), sums.len() == maxima.len(), partial.len() == maxima.len() * HD),
    block = WAVES * WAVE,
)]
pub fn attention_decode(
    q: &Global<f32>,
    k_cache: &Global<f32>,
    v_cache: &Global<f32>,
    position: &Volatile<u32>,
    maxima: &mut Global<f32>,
    sums: &mut Global<f32>,
    partial: &mut Global<f32>,
    heads: u32,
    kv_heads: u32,
    max_seq: u32,
) {
    let streams = BLOCK / (HD / 4);
    let (head, split) = (block_idx().x, block_idx().y);
    let cache = head / (heads / kv_heads) * max_seq * HD;
    let visible = min(position[0] + 1, max_seq);
    let share = (visible + grid_dim().y - 1) / grid_dim().y;
    let begin = min(split * share, visible);
    let end = min(begin + share, visible);
    let stream = thread_idx().x / (HD / 4);
    let element = thread_idx().x % (HD / 4) * 4;

    grid_dependents_launch();
    grid_dependency_wait();
    let query = q.load_vector::<f32x4>(head * HD + element) * f32x4::splat(1.0 / sqrt(HD as f32));
    let mut keys = [f32x4::splat(0.0); KEYS];
    let mut values = [f32x4::splat(0.0); KEYS];
    if begin + stream < end {
        load_rows(k_cache, &mut keys, cache + element, begin + stream, streams, end, HD);
        load_rows(v_cache, &mut values, cache + element, begin + stream, streams, end, HD);
    }
    let mut largest = LOWEST;
    let mut sum = 0.0;
    let mut result = f32x4::splat(0.0);
    for base in (begin..end).step_by(streams * KEYS) {
        // The next keys and values are under way while these are used.
        let next = base + streams * KEYS;
        let mut scores: [f32; KEYS];
        let mut highest = largest;
        #[unroll]
        for i in 0..KEYS {
            let score = stream_sum(lanes_sum(query * keys[i]), HD / 4);
            scores[i] = select(base + i * streams + stream < end, score, LOWEST);
            highest = max(highest, scores[i]);
        }
        if next < end {
            load_rows(k_cache, &mut keys, cache + element, next + stream, streams, end, HD);
        }
        let shrink = exp(largest - highest);
        largest = highest;
        sum *= shrink;
        result *= f32x4::splat(shrink);
        #[unroll]
        for i in 0..KEYS {
            let weight = select(scores[i] > LOWEST, exp(scores[i] - largest), 0.0);
            sum += weight;
            result = fma(f32x4::splat(weight), values[i], result);
        }
        if next < end {
            load_rows(v_cache, &mut values, cache + element, next + stream, streams, end, HD);
        }
    }

    let mut stream_maxima = shared::<[f32; BLOCK / (HD / 4)]>();
    let mut stream_sums = shared::<[f32; BLOCK / (HD / 4)]>();
    let stream_results = shared::<[[f32; HD]; BLOCK / (HD / 4)]>();
    stream_results[stream].store_vector(element, result);
    if element == 0 {
        stream_maxima[stream] = largest;
        stream_sums[stream] = sum;
    }
    barrier();
    let row = split * heads + head;
    for column in (thread_idx().x..HD).step_by(BLOCK) {
        join_streams(&stream_maxima, &stream_sums, &stream_results, maxima, sums, partial, row, column, HD);
    }
}

/// rows[i] = the elements at `column` of row `first + i * stride`; the last row before `end` stands for those past it.
#[device]
fn load_rows(cache: &Global<f32>, rows: &mut Array<f32x4>, column: u32, first: u32, stride: u32, end: u32, width: u32) {
    #[unroll]
    for i in 0..rows.len() {
        rows[i] = cache.load_vector::<f32x4>(column + min(first + i * stride, end - 1) * width);
    }
}

/// The sum of `value` over the `lanes` lanes of a stream, a power of two.
#[device]
fn stream_sum(value: f32, lanes: u32) -> f32 {
    let mut sum = value;
    let mut offset = lanes / 2;
    while offset > 0 {
        sum += shuffle_xor(sum, offset);
        offset /= 2;
    }
    sum
}

/// Joins the block's streams into row `row` of the results; this thread computes `column` of `width`.
#[device]
fn join_streams(
    stream_maxima: &Shared<f32>,
    stream_sums: &Shared<f32>,
    stream_results: &Shared<Shared<f32>>,
    maxima: &mut Global<f32>,
    sums: &mut Global<f32>,
    partial: &mut Global<f32>,
    row: u32,
    column: u32,
    width: u32,
) {
    let mut largest = LOWEST;
    for s in 0..stream_maxima.len() {
        largest = max(largest, stream_maxima[s]);
    }
    let mut sum = 0.0;
    let mut result = 0.0;
    for s in 0..stream_maxima.len() {
        let weight = exp(stream_maxima[s] - largest);
        sum = fma(stream_sums[s], weight, sum);
        result = fma(stream_results[s][column], weight, result);
    }
    partial[row * width + column] = result;
    if column == 0 {
        maxima[row] = largest;
        sums[row] = sum;
    }
}
