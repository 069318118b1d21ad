//! Reads a golden file: one decoder layer's results in `f64`, with what is needed to draw its weights and inputs.
//!
//! The format is `goldens/README.md`'s. Everything works on bytes but [`BlockGolden::open`], the crate's only I/O.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

use crate::config::{Config, ConfigError, Rope};
use crate::generate::uniform;
use crate::layer_weights::LayerWeights;

/// A layer's results for one step, and the recipe of its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockGolden {
    /// The file's name without `.safetensors`: part of every tensor's name in the generator.
    pub stem: String,
    /// The layer.
    pub config: Config,
    /// Tokens already in the cache.
    pub past: usize,
    /// New tokens.
    pub tokens: usize,
    /// The generator's seed.
    pub seed: u64,
    /// `[tokens, hidden]`: the layer's output.
    pub y: Vec<f64>,
    /// `[kv_heads, tokens, head_dim]`: keys to append to the cache, after RoPE.
    pub k_new: Vec<f64>,
    /// `[kv_heads, tokens, head_dim]`: values to append to the cache.
    pub v_new: Vec<f64>,
}

/// What a layer is given for one step.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockInputs {
    /// `[tokens, hidden]`.
    pub x: Vec<f32>,
    /// `[kv_heads, past, head_dim]`, after RoPE.
    pub k_cache: Vec<f32>,
    /// `[kv_heads, past, head_dim]`.
    pub v_cache: Vec<f32>,
}

impl BlockInputs {
    /// Draws the inputs that belong to a stem and seed.
    #[must_use]
    pub fn generate(config: &Config, stem: &str, seed: u64, past: usize, tokens: usize) -> Self {
        let draw = |name: &str, len| uniform(&format!("{stem}.{name}"), seed, 1.0, len);
        Self {
            x: draw("x", tokens * config.hidden),
            k_cache: draw("k_cache", past * config.kv_width()),
            v_cache: draw("v_cache", past * config.kv_width()),
        }
    }
}

/// Why a file is no golden of a decoder layer. The file's fault, or the path's.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// The file cannot be read: check the path.
    #[error("cannot read {}", path.display())]
    Read {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path has no file name to draw tensor names from.
    #[error("{} does not end in a file name", path.display())]
    Stem {
        /// The path asked for.
        path: PathBuf,
    },
    /// The bytes are not in the safetensors format.
    #[error("{stem} is not a safetensors file")]
    Format {
        /// The file's stem.
        stem: String,
        /// What the format's reader said.
        source: safetensors::SafeTensorError,
    },
    /// A metadata entry is missing.
    #[error("{stem} has no metadata entry `{key}`")]
    Missing {
        /// The file's stem.
        stem: String,
        /// The entry.
        key: &'static str,
    },
    /// A metadata entry has a value that means nothing here.
    #[error("{stem}: metadata entry `{key}` is `{given}`; expected {expected}")]
    Value {
        /// The file's stem.
        stem: String,
        /// The entry.
        key: &'static str,
        /// Its value.
        given: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The sizes make no layer.
    #[error("{stem} describes no layer that can run")]
    Config {
        /// The file's stem.
        stem: String,
        /// Which rule does not hold.
        source: ConfigError,
    },
    /// A tensor is not what the metadata promises.
    #[error("{stem}: tensor `{tensor}` is {given_type} {given_shape:?}; expected F64 {expected_shape:?}")]
    Tensor {
        /// The file's stem.
        stem: String,
        /// The tensor.
        tensor: &'static str,
        /// Its element type.
        given_type: String,
        /// Its shape.
        given_shape: Vec<usize>,
        /// The shape that the metadata calls for.
        expected_shape: Vec<usize>,
    },
}

impl BlockGolden {
    /// Reads a golden from a file. The crate's only I/O.
    ///
    /// # Errors
    ///
    /// The path cannot be read or has no name, or [`BlockGolden::from_bytes`] refuses the contents.
    pub fn open(path: &Path) -> Result<Self, GoldenError> {
        let stem = path.file_stem().ok_or_else(|| GoldenError::Stem { path: path.to_owned() })?;
        let bytes = std::fs::read(path).map_err(|source| GoldenError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&stem.to_string_lossy(), &bytes)
    }

    /// Reads a golden from a file's contents.
    ///
    /// # Errors
    ///
    /// The bytes are not safetensors, metadata is missing or meaningless, or a tensor has another type or shape.
    pub fn from_bytes(stem: &str, bytes: &[u8]) -> Result<Self, GoldenError> {
        let format = |source| GoldenError::Format { stem: stem.to_owned(), source };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(format)?;
        let metadata = Metadata { stem, entries: header.metadata().as_ref() };
        let config = metadata.config()?;
        let (past, tokens) = (metadata.number("past")?, metadata.number("tokens")?);
        let read = |tensor, shape: &[usize]| read_f64(stem, &tensors, tensor, shape);
        let kv_shape = [config.kv_heads, tokens, config.head_dim];
        Ok(Self {
            stem: stem.to_owned(),
            past,
            tokens,
            seed: metadata.number("seed")?,
            y: read("y", &[tokens, config.hidden])?,
            k_new: read("k_new", &kv_shape)?,
            v_new: read("v_new", &kv_shape)?,
            config,
        })
    }

    /// Draws the layer's weights.
    #[must_use]
    pub fn weights(&self, progress: crate::generate::Progress<'_>) -> LayerWeights {
        LayerWeights::generate(&self.config, &self.stem, self.seed, progress)
    }

    /// Draws the step's inputs.
    #[must_use]
    pub fn inputs(&self) -> BlockInputs {
        BlockInputs::generate(&self.config, &self.stem, self.seed, self.past, self.tokens)
    }
}

struct Metadata<'a> {
    stem: &'a str,
    entries: Option<&'a std::collections::HashMap<String, String>>,
}

impl Metadata<'_> {
    fn config(&self) -> Result<Config, GoldenError> {
        let (hidden, heads): (usize, usize) = (self.number("hidden")?, self.number("heads")?);
        let rope = match self.text("rope")? {
            "rotate_half" => Rope::RotateHalf,
            "interleaved" => Rope::Interleaved,
            given => return Err(self.value("rope", given, "rotate_half or interleaved")),
        };
        let config = Config {
            name: self.stem.to_owned(),
            hidden,
            intermediate: self.number("intermediate")?,
            heads,
            kv_heads: self.number("kv_heads")?,
            head_dim: hidden.checked_div(heads).unwrap_or(0),
            theta: self.number("theta")?,
            eps: self.number("eps")?,
            rope,
        };
        config.check().map_err(|source| GoldenError::Config { stem: self.stem.to_owned(), source })?;
        Ok(config)
    }

    fn number<T: std::str::FromStr>(&self, key: &'static str) -> Result<T, GoldenError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| self.value(key, text, "a number"))
    }

    fn text(&self, key: &'static str) -> Result<&str, GoldenError> {
        let entry = self.entries.and_then(|entries| entries.get(key));
        entry.map(String::as_str).ok_or_else(|| GoldenError::Missing { stem: self.stem.to_owned(), key })
    }

    fn value(&self, key: &'static str, given: &str, expected: &'static str) -> GoldenError {
        GoldenError::Value { stem: self.stem.to_owned(), key, given: given.to_owned(), expected }
    }
}

fn read_f64(
    stem: &str,
    tensors: &SafeTensors<'_>,
    tensor: &'static str,
    expected_shape: &[usize],
) -> Result<Vec<f64>, GoldenError> {
    let view = tensors.tensor(tensor).map_err(|source| GoldenError::Format { stem: stem.to_owned(), source })?;
    if view.dtype() != Dtype::F64 || view.shape() != expected_shape {
        return Err(GoldenError::Tensor {
            stem: stem.to_owned(),
            tensor,
            given_type: format!("{:?}", view.dtype()),
            given_shape: view.shape().to_vec(),
            expected_shape: expected_shape.to_vec(),
        });
    }
    let (values, _) = view.data().as_chunks::<8>();
    Ok(values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;
    use std::collections::HashMap;

    fn file(changes: &[(&str, Option<&str>)]) -> Vec<u8> {
        let pairs = [("hidden", "8"), ("intermediate", "12"), ("heads", "2"), ("kv_heads", "1"), ("theta", "10000.0")];
        let more = [("eps", "1e-5"), ("past", "3"), ("tokens", "1"), ("seed", "5"), ("rope", "rotate_half")];
        let mut metadata: HashMap<String, String> =
            pairs.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (key, value) in changes {
            metadata.remove(*key);
            if let Some(value) = value {
                metadata.insert((*key).to_owned(), (*value).to_owned());
            }
        }
        let bytes: Vec<u8> = (0..8).flat_map(|i| f64::from(i).to_le_bytes()).collect();
        let tensor = |shape: Vec<usize>| {
            let len = shape.iter().product::<usize>() * 8;
            TensorView::new(Dtype::F64, shape, &bytes[..len]).expect("a view of its own size")
        };
        let tensors = [("y", tensor(vec![1, 8])), ("k_new", tensor(vec![1, 1, 4])), ("v_new", tensor(vec![1, 1, 4]))];
        safetensors::serialize(tensors, Some(metadata)).expect("a file of three tensors")
    }

    #[test]
    fn a_file_gives_its_layer_step_and_results() {
        let golden = BlockGolden::from_bytes("stem", &file(&[])).expect("a whole file");
        assert_eq!((golden.config.head_dim, golden.config.kv_heads, golden.config.eps), (4, 1, 1e-5));
        assert_eq!((golden.past, golden.tokens, golden.seed), (3, 1, 5));
        assert_eq!((golden.y[7], golden.k_new[3]), (7.0, 3.0));
        assert_eq!(golden.inputs().k_cache.len(), 12);
    }

    #[test]
    fn a_broken_file_is_refused_with_what_is_wrong() {
        let error = |bytes: &[u8]| BlockGolden::from_bytes("stem", bytes).expect_err("a broken file").to_string();
        assert_eq!(error(b"not a file"), "stem is not a safetensors file");
        assert_eq!(error(&file(&[("eps", None)])), "stem has no metadata entry `eps`");
        assert_eq!(error(&file(&[("seed", Some("-1"))])), "stem: metadata entry `seed` is `-1`; expected a number");
        assert_eq!(error(&file(&[("heads", Some("0"))])), "stem describes no layer that can run");
        let tensor = "stem: tensor `y` is F64 [1, 8]; expected F64 [2, 8]";
        assert_eq!(error(&file(&[("tokens", Some("2"))])), tensor);
        let whole = file(&[]);
        assert_eq!(error(&whole[..whole.len() - 1]), "stem is not a safetensors file");
    }
}
