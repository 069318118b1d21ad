//! The whole decoder layer for one step.

use super::{AttentionShape, KvLayout, Real, add, attention, gemm, kv_update, rmsnorm, rope, rope_tables, silu_mul};
use crate::config::Config;
use crate::golden::BlockInputs;
use crate::layer_weights::LayerWeights;

/// What a layer computes in one step, in `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockOutput {
    /// `[tokens, hidden]`.
    pub y: Vec<f64>,
    /// `[kv_heads, tokens, head_dim]`: keys to append to the cache, after RoPE.
    pub k_new: Vec<f64>,
    /// `[kv_heads, tokens, head_dim]`: values to append to the cache.
    pub v_new: Vec<f64>,
}

/// rmsnorm, q k v, RoPE, cache, attention, o, residual; rmsnorm, gate and up, SiLU, down, residual.
///
/// Memory beyond the inputs: activations and an `f64` copy of the cache, none of the weights.
#[must_use]
pub fn block(config: &Config, weights: &LayerWeights, inputs: &BlockInputs) -> BlockOutput {
    let hidden = config.hidden;
    let tokens = inputs.x.len() / hidden;
    let past = inputs.k_cache.len() / config.kv_width();
    let normed = rmsnorm(&inputs.x, &weights.input_norm, config.eps);
    let qkv = gemm(&normed, &weights.qkv, hidden);

    let tables = rope_tables(past + tokens, config.head_dim, config.theta);
    let (query, kv) = (config.query_width(), config.kv_width());
    let columns = |start: usize, width: usize| -> Vec<f64> {
        qkv.chunks_exact(config.qkv_width()).flat_map(|row| row[start..start + width].iter().copied()).collect()
    };
    let rotate = |x: &[f64], heads: usize| rope(x, &tables, past, heads, config.head_dim, config.rope);
    let q = rotate(&columns(0, query), config.heads);
    let k = rotate(&columns(query, kv), config.kv_heads);
    let v = columns(query + kv, kv);

    let k_cache = extend(config, &inputs.k_cache, &k, past);
    let v_cache = extend(config, &inputs.v_cache, &v, past);
    let shape = AttentionShape {
        heads: config.heads,
        kv_heads: config.kv_heads,
        head_dim: config.head_dim,
        tokens,
        past,
        max_seq: past + tokens,
    };
    let attended = attention(&q, &k_cache, &v_cache, shape);
    let x = add(&inputs.x, &gemm(&attended, &weights.o, query));

    let normed = rmsnorm(&x, &weights.post_norm, config.eps);
    let (gate, up) = weights.gate_up.split_at(config.intermediate * hidden);
    let product = silu_mul(&gemm(&normed, gate, hidden), &gemm(&normed, up, hidden));
    let y = add(&x, &gemm(&product, &weights.down, config.intermediate));
    BlockOutput { y, k_new: appended(config, &k_cache, past), v_new: appended(config, &v_cache, past) }
}

/// A cache with room for the new tokens, `[kv_heads, past + tokens, head_dim]`, holding old and new.
fn extend<T: Real>(config: &Config, cache: &[T], new: &[f64], past: usize) -> Vec<f64> {
    let (head_dim, row_stride) = (config.head_dim, config.kv_width());
    let max_seq = past + new.len() / row_stride;
    let mut extended = vec![0.0; max_seq * row_stride];
    for head in 0..config.kv_heads {
        for element in 0..past * head_dim {
            extended[head * max_seq * head_dim + element] = cache[head * past * head_dim + element].into();
        }
    }
    let layout = KvLayout { kv_heads: config.kv_heads, head_dim, max_seq, row_stride, column: 0 };
    kv_update(&mut extended, new, layout, past);
    extended
}

/// The part of an extended cache after the first `past` tokens.
fn appended(config: &Config, cache: &[f64], past: usize) -> Vec<f64> {
    let head_len = cache.len() / config.kv_heads;
    cache.chunks_exact(head_len).flat_map(|head| head[past * config.head_dim..].iter().copied()).collect()
}
