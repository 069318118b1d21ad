//! The weights of one decoder layer: names, shapes, and the layer drawn from the generator.
//!
//! Query, key and value weights stand in one matrix, rows in this order, and so do gate and up weights, as the kernels
//! read them.

use rayon::prelude::*;

use crate::config::Config;
use crate::generate::{Progress, Stream, matrix_scale, norm_weight};
use crate::weight::Weight;

/// Name and shape of one weight of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorShape {
    /// Name in a checkpoint, after `model.layers.N.`.
    pub name: &'static str,
    /// Rows; 1 for a norm's weight, which is a vector.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Whether it is a norm's weight.
    pub norm: bool,
}

impl TensorShape {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether it has no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Names and shapes of a layer's weights.
#[must_use]
pub fn tensor_shapes(config: &Config) -> [TensorShape; 9] {
    let matrix = |name, rows, columns| TensorShape { name, rows, columns, norm: false };
    let norm = |name| TensorShape { name, rows: 1, columns: config.hidden, norm: true };
    [
        norm("input_layernorm.weight"),
        matrix("self_attn.q_proj.weight", config.query_width(), config.hidden),
        matrix("self_attn.k_proj.weight", config.kv_width(), config.hidden),
        matrix("self_attn.v_proj.weight", config.kv_width(), config.hidden),
        matrix("self_attn.o_proj.weight", config.hidden, config.query_width()),
        norm("post_attention_layernorm.weight"),
        matrix("mlp.gate_proj.weight", config.intermediate, config.hidden),
        matrix("mlp.up_proj.weight", config.intermediate, config.hidden),
        matrix("mlp.down_proj.weight", config.hidden, config.intermediate),
    ]
}

/// Number of weights of a layer, norms included.
#[must_use]
pub fn weight_count(config: &Config) -> usize {
    tensor_shapes(config).iter().map(TensorShape::len).sum()
}

/// A layer's weights, row-major: matrices of `W`, norms in `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights<W = f32> {
    /// `[hidden]`: the norm in front of attention.
    pub input_norm: Vec<f32>,
    /// `[query_width + 2 kv_width, hidden]`: query rows, then key rows, then value rows.
    pub qkv: Vec<W>,
    /// `[hidden, query_width]`.
    pub o: Vec<W>,
    /// `[hidden]`: the norm in front of the feed-forward layer.
    pub post_norm: Vec<f32>,
    /// `[2 intermediate, hidden]`: gate rows, then up rows.
    pub gate_up: Vec<W>,
    /// `[hidden, intermediate]`.
    pub down: Vec<W>,
}

impl LayerWeights {
    /// Draws the layer that belongs to a golden file's stem and seed.
    #[must_use]
    pub fn generate(config: &Config, stem: &str, seed: u64, progress: Progress<'_>) -> Self {
        let [input_norm, q, k, v, o, post_norm, gate, up, down] = tensor_shapes(config);
        let fill = |out: &mut [f32], shape: TensorShape| {
            let stream = Stream::new(&format!("{stem}.{}", shape.name), seed);
            if shape.norm {
                stream.fill(out, progress, norm_weight);
            } else {
                let scale = matrix_scale(shape.columns);
                stream.fill(out, progress, |unit| unit * scale);
            }
        };
        // Matrices one above the other.
        let stack = |shapes: &[TensorShape]| {
            let mut out = vec![0.0; shapes.iter().map(TensorShape::len).sum()];
            let mut rest = out.as_mut_slice();
            for &shape in shapes {
                let (rows, below) = rest.split_at_mut(shape.len());
                fill(rows, shape);
                rest = below;
            }
            out
        };
        Self {
            input_norm: stack(&[input_norm]),
            qkv: stack(&[q, k, v]),
            o: stack(&[o]),
            post_norm: stack(&[post_norm]),
            gate_up: stack(&[gate, up]),
            down: stack(&[down]),
        }
    }
}

impl<W: Weight> LayerWeights<W> {
    /// The layer with its matrices in another type, each weight rounded to nearest.
    #[must_use]
    pub fn rounded<N: Weight>(self) -> LayerWeights<N> {
        let round = |matrix: Vec<W>| matrix.into_par_iter().map(|weight| N::from_f32(weight.to_f32())).collect();
        LayerWeights {
            input_norm: self.input_norm,
            qkv: round(self.qkv),
            o: round(self.o),
            post_norm: self.post_norm,
            gate_up: round(self.gate_up),
            down: round(self.down),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_llama2_7b_layer_has_the_published_number_of_matrix_weights() {
        let shapes = tensor_shapes(&Config::llama2_7b());
        let matrices: usize = shapes.iter().filter(|shape| !shape.norm).map(TensorShape::len).sum();
        assert_eq!(matrices, 202_375_168);
    }

    #[test]
    fn the_packed_matrices_hold_their_rows_in_order() {
        let config = Config::small();
        let weights = LayerWeights::generate(&config, "stem", 3, &|_| {});
        let total: usize = [&weights.input_norm, &weights.qkv, &weights.o, &weights.post_norm]
            .into_iter()
            .chain([&weights.gate_up, &weights.down])
            .map(Vec::len)
            .sum();
        assert_eq!(total, weight_count(&config));
        let scale = matrix_scale(config.hidden);
        let first = |name: &str| Stream::new(&format!("stem.{name}_proj.weight"), 3).unit(0) * scale;
        let row = |index: usize| weights.qkv[index * config.hidden];
        assert_eq!(row(0), first("self_attn.q"));
        assert_eq!(row(config.query_width()), first("self_attn.k"));
        assert_eq!(row(config.query_width() + config.kv_width()), first("self_attn.v"));
        assert_eq!(weights.gate_up[0], first("mlp.gate"));
        assert_eq!(weights.gate_up[config.intermediate * config.hidden], first("mlp.up"));
    }
}
