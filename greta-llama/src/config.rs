//! What a decoder layer looks like: its sizes and conventions, and the presets of three models.
//!
//! Knows nothing of how many tokens a step has or of how long the cache is: those belong to a step.

/// Which elements of a head RoPE rotates together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rope {
    /// Elements `i` and `i + head_dim / 2`: Hugging Face checkpoints.
    RotateHalf,
    /// Elements `2 i` and `2 i + 1`: Meta's checkpoints, llama2.c and GGUF's `llama`.
    Interleaved,
}

impl Rope {
    /// Elements from the first member of one pair to the first member of the next.
    #[must_use]
    pub fn pair_stride(self) -> usize {
        match self {
            Self::RotateHalf => 1,
            Self::Interleaved => 2,
        }
    }

    /// Elements from the first member of a pair to the second.
    #[must_use]
    pub fn pair_distance(self, head_dim: usize) -> usize {
        match self {
            Self::RotateHalf => head_dim / 2,
            Self::Interleaved => 1,
        }
    }
}

/// Sizes and conventions of one decoder layer. Counts are in elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What to call it.
    pub name: String,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; query head `h` uses `h / (heads / kv_heads)`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Base of RoPE's frequencies, `theta^(-2 i / head_dim)` for pair `i`.
    pub theta: f64,
    /// Added to the mean square under RMSNorm's root.
    pub eps: f64,
    /// Which elements RoPE rotates together.
    pub rope: Rope,
}

/// Why a [`Config`] describes no layer that the kernels can run. The caller's to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("{size} must be at least 1")]
    Zero {
        /// Which size.
        size: &'static str,
    },
    /// One size must be a multiple of another.
    #[error("{size} = {given} must be a multiple of {divisor}")]
    Multiple {
        /// Which size.
        size: &'static str,
        /// Its value.
        given: usize,
        /// What must divide it.
        divisor: usize,
    },
    /// The query heads do not fill the residual stream.
    #[error("heads * head_dim = {given} must equal hidden = {hidden}")]
    Heads {
        /// `heads * head_dim`.
        given: usize,
        /// Width of the residual stream.
        hidden: usize,
    },
}

impl Config {
    /// Names that [`Config::opt_preset`] knows.
    pub const PRESETS: [&str; 3] = ["llama2-7b", "llama3-8b", "small"];

    /// The layer of a model of [`Config::PRESETS`].
    #[must_use]
    pub fn opt_preset(name: &str) -> Option<Self> {
        match name {
            "llama2-7b" => Some(Self::llama2_7b()),
            "llama3-8b" => Some(Self::llama3_8b()),
            "small" => Some(Self::small()),
            _ => None,
        }
    }

    /// A layer of Llama-2-7B: 202,375,168 matrix weights, 810 MB in `f32`.
    #[must_use]
    pub fn llama2_7b() -> Self {
        Self {
            name: "llama2-7b".into(),
            hidden: 4096,
            intermediate: 11008,
            heads: 32,
            kv_heads: 32,
            head_dim: 128,
            theta: 1e4,
            eps: 1e-5,
            rope: Rope::RotateHalf,
        }
    }

    /// A layer of Llama-3-8B: four query heads share a key and value head.
    #[must_use]
    pub fn llama3_8b() -> Self {
        Self { name: "llama3-8b".into(), intermediate: 14336, kv_heads: 8, theta: 5e5, ..Self::llama2_7b() }
    }

    /// A layer for tests, with grouped heads and sizes that fit no tile.
    #[must_use]
    pub fn small() -> Self {
        Self {
            name: "small".into(),
            hidden: 256,
            intermediate: 688,
            heads: 8,
            kv_heads: 2,
            head_dim: 32,
            ..Self::llama2_7b()
        }
    }

    /// Whether the kernels can run it in `f32`: 16-byte loads need rows that are multiples of 4, RoPE needs pairs.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_loads(4)
    }

    /// The same with weights of which 16 bytes hold `weights`.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold.
    pub fn check_loads(&self, weights: usize) -> Result<(), ConfigError> {
        let sizes = [
            ("hidden", self.hidden, weights),
            ("intermediate", self.intermediate, weights),
            ("head_dim", self.head_dim, 4),
            ("kv_heads", self.kv_heads, 1),
            ("heads", self.heads, self.kv_heads.max(1)),
        ];
        for (size, given, divisor) in sizes {
            if given == 0 {
                return Err(ConfigError::Zero { size });
            }
            if !given.is_multiple_of(divisor) {
                return Err(ConfigError::Multiple { size, given, divisor });
            }
        }
        if self.query_width() == self.hidden {
            Ok(())
        } else {
            Err(ConfigError::Heads { given: self.query_width(), hidden: self.hidden })
        }
    }

    /// Elements of one token's queries, `heads * head_dim`.
    #[must_use]
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Elements of one token's keys, and of its values, `kv_heads * head_dim`.
    #[must_use]
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Elements of one token's queries, keys and values, which stand in this order.
    #[must_use]
    pub fn qkv_width(&self) -> usize {
        self.query_width() + 2 * self.kv_width()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_name_and_can_run() {
        for name in Config::PRESETS {
            let config = Config::opt_preset(name).expect("a preset of the list");
            assert_eq!(config.name, name);
            assert_eq!(config.check(), Ok(()));
        }
        assert_eq!(Config::opt_preset("llama4"), None);
    }

    #[test]
    fn a_layer_that_cannot_run_is_refused_with_its_sizes() {
        let odd = Config { intermediate: 689, ..Config::small() };
        assert_eq!(odd.check(), Err(ConfigError::Multiple { size: "intermediate", given: 689, divisor: 4 }));
        let headless = Config { kv_heads: 0, ..Config::small() };
        assert_eq!(headless.check(), Err(ConfigError::Zero { size: "kv_heads" }));
        let wide = Config { head_dim: 64, ..Config::small() };
        assert_eq!(wide.check(), Err(ConfigError::Heads { given: 512, hidden: 256 }));
    }
}
