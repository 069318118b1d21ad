//! Attention of one new token over the cache, in one pass: online softmax, grouped heads, keys split among blocks.
//!
//! HD / 4 lanes take a key, 16 bytes each, so a wave takes 64 / (HD / 4) keys at once and each such group of lanes
//! keeps a maximum, a sum and a partial result of its own; KEYS keys a group are in flight. The block joins its groups
//! through shared memory and leaves one partial result for `attention_combine`, which joins the splits.
//! Launch: grid (heads, splits). Memory-bound: 8 B an element of the visible cache; 32 heads of 128 at 2048 tokens:
//! 67 MB, 15.8 µs. A finite lowest score stands for "no key yet", so that a group without keys gives weight 0, no NaN.

use greta::prelude::*;

/// For head h and the keys j of split s, j <= position[0]: with score[j] = q[h] · k_cache[h', j] / sqrt(HD),
/// maxima[s, h] = max score, sums[s, h] = sum exp(score - max), partial[s, h] = sum exp(score - max) * v_cache[h', j]
/// q: [heads, HD] f32; k_cache, v_cache: [kv_heads, max_seq, HD] f32; position: [1] u32;
/// maxima, sums: [splits, heads] f32; partial: [splits, heads, HD] f32; h' = h / (heads / kv_heads).
#[kernel(
    tile(HD = 128 in [32, 64, 128], KEYS = 4 in [1, 2, 4, 8], WAVES = 4 in [2, 4, 8]),
    block = WAVES * 64,
)]
pub fn attention_decode(
    q: &Global<f32>,
    k_cache: &Global<f32>,
    v_cache: &Global<f32>,
    position: &Global<u32>,
    maxima: &mut Global<f32>,
    sums: &mut Global<f32>,
    partial: &mut Global<f32>,
    heads: u32,
    kv_heads: u32,
    max_seq: u32,
) {
    let lowest = -1e30;
    let lanes = HD / 4;
    let streams = BLOCK / lanes;
    let head = block_idx().x;
    let split = block_idx().y;
    let cache = head / (heads / kv_heads) * max_seq * HD;

    let visible = min(position[0] + 1, max_seq);
    let share = (visible + grid_dim().y - 1) / grid_dim().y;
    let begin = min(split * share, visible);
    let end = min(begin + share, visible);

    let stream = thread_idx().x / lanes;
    let element = thread_idx().x % lanes * 4;
    let query = q.load_vector::<f32x4>(head * HD + element) * f32x4::splat(1.0 / sqrt(HD as f32));
    let mut largest = lowest;
    let mut sum = 0.0;
    let mut result = f32x4::splat(0.0);
    for base in (begin..end).step_by(streams * KEYS) {
        let mut keys = [f32x4::splat(0.0); KEYS];
        let mut values = [f32x4::splat(0.0); KEYS];
        #[unroll]
        for i in 0..KEYS {
            let key = min(base + i * streams + stream, end - 1);
            keys[i] = k_cache.load_vector::<f32x4>(cache + key * HD + element);
            values[i] = v_cache.load_vector::<f32x4>(cache + key * HD + element);
        }
        let mut scores = [0.0; KEYS];
        let mut next = largest;
        #[unroll]
        for i in 0..KEYS {
            let product = query * keys[i];
            let mut score = (product[0] + product[1]) + (product[2] + product[3]);
            if lanes == 32 {
                score += shuffle_xor(score, 16);
            }
            if lanes >= 16 {
                score += shuffle_xor(score, 8);
            }
            score += shuffle_xor(score, 4);
            score += shuffle_xor(score, 2);
            score += shuffle_xor(score, 1);
            scores[i] = select(base + i * streams + stream < end, score, lowest);
            next = max(next, scores[i]);
        }
        let shrink = exp(largest - next);
        largest = next;
        sum *= shrink;
        result *= f32x4::splat(shrink);
        #[unroll]
        for i in 0..KEYS {
            let weight = select(base + i * streams + stream < end, exp(scores[i] - largest), 0.0);
            sum += weight;
            result = fma(f32x4::splat(weight), values[i], result);
        }
    }

    let mut stream_maxima = shared::<[f32; BLOCK / (HD / 4)]>();
    let mut stream_sums = shared::<[f32; BLOCK / (HD / 4)]>();
    let mut stream_results = shared::<[[f32; HD]; BLOCK / (HD / 4)]>();
    stream_results[stream].store_vector(element, result);
    if element == 0 {
        stream_maxima[stream] = largest;
        stream_sums[stream] = sum;
    }
    barrier();
    if thread_idx().x < HD {
        let mut largest = lowest;
        for s in 0..streams {
            largest = max(largest, stream_maxima[s]);
        }
        let mut sum = 0.0;
        let mut result = 0.0;
        for s in 0..streams {
            let weight = exp(stream_maxima[s] - largest);
            sum = fma(stream_sums[s], weight, sum);
            result = fma(stream_results[s][thread_idx().x], weight, result);
        }
        let row = split * heads + head;
        partial[row * HD + thread_idx().x] = result;
        if thread_idx().x == 0 {
            maxima[row] = largest;
            sums[row] = sum;
        }
    }
}
