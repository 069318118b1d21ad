//! Causal attention over a static cache, with grouped query heads, and its parts: mask, softmax, cache update.

use rayon::prelude::*;

use super::Real;

/// Sizes of one attention step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; query head `h` uses `h / (heads / kv_heads)`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// New tokens.
    pub tokens: usize,
    /// Tokens before them; token `t` sees keys 0 to `past + t`.
    pub past: usize,
    /// Tokens that the cache has room for.
    pub max_seq: usize,
}

/// `y[t, h] = softmax_j(q[t, h] · k[h', j] / sqrt(head_dim)) · v[h', j]` over keys `j <= past + t`.
///
/// `q`, `y`: `[tokens, heads, head_dim]`; `k`, `v`: `[kv_heads, max_seq, head_dim]`. Parallel over heads.
#[must_use]
pub fn attention<T: Real, U: Real>(q: &[T], k: &[U], v: &[U], shape: AttentionShape) -> Vec<f64> {
    let AttentionShape { heads, kv_heads, head_dim, tokens, past, max_seq } = shape;
    assert_eq!(q.len(), tokens * heads * head_dim, "invariant: q is [tokens, heads, head_dim]");
    assert!(k.len() == v.len() && k.len() == kv_heads * max_seq * head_dim, "invariant: caches have their shape");
    assert!(past + tokens <= max_seq, "invariant: the new tokens fit in the cache");
    let one = |index: usize| {
        let (token, head) = (index / heads, index % heads);
        let start = head / (heads / kv_heads) * max_seq * head_dim;
        let query = &q[index * head_dim..][..head_dim];
        let keys = past + token + 1;
        let row = |key: usize| start + key * head_dim..start + (key + 1) * head_dim;
        let scores: Vec<f64> = (0..keys)
            .map(|key| {
                let dot: f64 = query.iter().zip(&k[row(key)]).map(|(&q, &k)| q.into() * k.into()).sum();
                dot / (head_dim as f64).sqrt()
            })
            .collect();
        let mut y = vec![0.0; head_dim];
        for (key, weight) in softmax(&scores, keys).into_iter().enumerate() {
            for (y, &value) in y.iter_mut().zip(&v[row(key)]) {
                *y += weight * value.into();
            }
        }
        y
    };
    (0..tokens * heads).into_par_iter().flat_map_iter(one).collect()
}

/// Softmax of each row: `e^(x - max) / sum e^(x - max)`; a score of `-inf` gets weight 0.
#[must_use]
pub fn softmax<T: Real>(x: &[T], columns: usize) -> Vec<f64> {
    assert!(x.len().is_multiple_of(columns), "invariant: x holds whole rows");
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks_exact(columns) {
        let max = row.iter().fold(f64::NEG_INFINITY, |max, &x| max.max(x.into()));
        let exponentials: Vec<f64> = row.iter().map(|&x| (x.into() - max).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        y.extend(exponentials.iter().map(|e| e / sum));
    }
    y
}

/// Scores `[heads, tokens, keys]` with `-inf` wherever the key comes after the token's own position `past + t`.
#[must_use]
pub fn causal_mask<T: Real>(scores: &[T], tokens: usize, keys: usize, past: usize) -> Vec<f64> {
    assert!(scores.len().is_multiple_of(tokens * keys), "invariant: scores are [heads, tokens, keys]");
    let mut y = Vec::with_capacity(scores.len());
    for (index, &score) in scores.iter().enumerate() {
        let (token, key) = (index / keys % tokens, index % keys);
        y.push(if key > past + token { f64::NEG_INFINITY } else { score.into() });
    }
    y
}

/// Where one of keys and values stands in a token's row, and what the cache looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvLayout {
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens that the cache has room for.
    pub max_seq: usize,
    /// Elements from one token's row to the next.
    pub row_stride: usize,
    /// Element of the row where the first head starts.
    pub column: usize,
}

/// Writes each token's heads into `cache` at positions `past`, `past + 1`, …
///
/// `rows`: `[tokens, row_stride]`; `cache`: `[kv_heads, max_seq, head_dim]`.
pub fn kv_update<T: Real>(cache: &mut [f64], rows: &[T], layout: KvLayout, past: usize) {
    let KvLayout { kv_heads, head_dim, max_seq, row_stride, column } = layout;
    assert_eq!(cache.len(), kv_heads * max_seq * head_dim, "invariant: the cache has its shape");
    for (token, row) in rows.chunks_exact(row_stride).enumerate() {
        for head in 0..kv_heads {
            for element in 0..head_dim {
                cache[(head * max_seq + past + token) * head_dim + element] =
                    row[column + head * head_dim + element].into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_gives_weights_that_sum_to_one_and_ignores_masked_scores() {
        let y = softmax(&causal_mask(&[0.0_f32, 1000.0, 5.0, 5.0], 2, 2, 0), 2);
        assert_eq!(y, [1.0, 0.0, 0.5, 0.5]);
    }

    #[test]
    fn a_token_sees_the_past_and_itself_and_its_own_group_of_heads() {
        let shape = AttentionShape { heads: 2, kv_heads: 1, head_dim: 1, tokens: 2, past: 1, max_seq: 4 };
        // Equal scores: the result is the mean of the visible values.
        let y = attention(&[0.0_f32; 4], &[0.0_f32; 4], &[3.0, 5.0, 10.0, f32::NAN], shape);
        assert_eq!(y, [4.0, 4.0, 6.0, 6.0]);
    }

    #[test]
    fn the_cache_changes_only_where_the_new_tokens_stand() {
        let layout = KvLayout { kv_heads: 2, head_dim: 1, max_seq: 3, row_stride: 4, column: 2 };
        let mut cache = vec![-1.0; 6];
        kv_update(&mut cache, &[0.0_f32, 1.0, 2.0, 3.0], layout, 1);
        assert_eq!(cache, [-1.0, 2.0, -1.0, -1.0, 3.0, -1.0]);
    }
}
