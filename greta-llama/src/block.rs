//! A decoder layer on a device: its weights, its static key/value cache and the position of the next token.
//!
//! Guarantees: weights are adopted, not copied, by a device that shares the host's memory. The position lives in device
//! memory and only a step's last node moves it on, so a step is launched again and again unchanged. Deliberately does
//! not know how a step is assembled: that is [`crate::step`].

use greta::runtime::buffer::Element;
use greta::{Buffer, Device};

use crate::config::{Config, ConfigError};
use crate::golden::BlockInputs;
use crate::layer_weights::LayerWeights;
use crate::reference::rope_tables;
use crate::weight::Weight;

/// Why a layer cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The sizes make no layer. The caller's to mend.
    #[error("the layer cannot run")]
    Config(#[from] ConfigError),
    /// A step without tokens. The caller's to mend.
    #[error("a step needs at least one token")]
    NoTokens,
    /// A model without layers. The caller's to mend.
    #[error("a model needs at least one layer")]
    NoLayers,
    /// More tokens than the cache has room for. The caller's to mend: make the block with more room.
    #[error("{given} tokens do not fit in a cache of {room}")]
    Room {
        /// Tokens, old and new.
        given: usize,
        /// Tokens that the cache has room for.
        room: usize,
    },
    /// A buffer of more elements than kernels can count. The caller's to mend: fewer tokens, or a smaller layer.
    #[error("{what} has {given} elements; kernels count up to {limit}", limit = u32::MAX)]
    TooLarge {
        /// Which buffer.
        what: &'static str,
        /// Its elements.
        given: usize,
    },
    /// Inputs of another shape than the layer's. The caller's to mend.
    #[error("{what} has {given} elements; expected {expected}")]
    Length {
        /// Which input.
        what: &'static str,
        /// Elements given.
        given: usize,
        /// Elements needed.
        expected: usize,
    },
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] greta::Error),
}

/// A layer's sizes as kernels take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) hidden: u32,
    pub(crate) intermediate: u32,
    pub(crate) heads: u32,
    pub(crate) kv_heads: u32,
    pub(crate) head_dim: u32,
    pub(crate) max_seq: u32,
    pub(crate) pair_stride: u32,
    pub(crate) pair_distance: u32,
}

impl Sizes {
    /// Columns of a row of queries, keys and values.
    pub(crate) fn qkv_width(&self) -> u32 {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }
}

/// A layer's weights in device memory; shapes as in [`LayerWeights`].
#[derive(Debug)]
pub(crate) struct DeviceWeights<W: Element> {
    pub(crate) input_norm: Buffer<f32>,
    pub(crate) qkv: Buffer<W>,
    pub(crate) o: Buffer<W>,
    pub(crate) post_norm: Buffer<f32>,
    pub(crate) gate_up: Buffer<W>,
    pub(crate) down: Buffer<W>,
}

/// A decoder layer in a device's memory, with matrices of `W`. Everything else is `f32`.
#[derive(Debug)]
pub struct Block<W: Weight = f32> {
    pub(crate) device: Device,
    pub(crate) config: Config,
    pub(crate) sizes: Sizes,
    pub(crate) weights: DeviceWeights<W>,
    /// `[max_seq, head_dim / 2]`.
    pub(crate) cos: Buffer<f32>,
    /// `[max_seq, head_dim / 2]`.
    pub(crate) sin: Buffer<f32>,
    /// `[kv_heads, max_seq, head_dim]`.
    pub(crate) k_cache: Buffer<f32>,
    /// `[kv_heads, max_seq, head_dim]`.
    pub(crate) v_cache: Buffer<f32>,
    /// `[1]`: tokens in the cache.
    pub(crate) position: Buffer<u32>,
}

impl<W: Weight> Block<W> {
    /// Whether kernels can run this layer with a cache that has room for `max_seq` tokens. Costs nothing: call it
    /// before weights and inputs are drawn.
    ///
    /// # Errors
    ///
    /// [`BlockError::Config`] and [`BlockError::TooLarge`].
    pub fn check(config: &Config, max_seq: usize) -> Result<(), BlockError> {
        config.check_loads(W::PER_LOAD)?;
        index("gate and up", config.intermediate.saturating_mul(config.hidden).saturating_mul(2))?;
        index("q, k and v", config.qkv_width().saturating_mul(config.hidden))?;
        Sizes::new(config, max_seq).map(|_| ())
    }

    /// A layer with an empty cache that has room for `max_seq` tokens.
    ///
    /// # Errors
    ///
    /// [`BlockError::Config`], [`BlockError::TooLarge`], [`BlockError::Length`] for weights of another layer, and the
    /// device's.
    pub fn new(device: &Device, config: &Config, weights: LayerWeights<W>, max_seq: usize) -> Result<Self, BlockError> {
        Self::check(config, max_seq)?;
        let sizes = Sizes::new(config, max_seq)?;
        let (hidden, query) = (config.hidden, config.query_width());
        let weights = DeviceWeights {
            input_norm: adopt(device, "input_norm", weights.input_norm, hidden)?,
            qkv: adopt(device, "qkv", weights.qkv, config.qkv_width() * hidden)?,
            o: adopt(device, "o", weights.o, hidden * query)?,
            post_norm: adopt(device, "post_norm", weights.post_norm, hidden)?,
            gate_up: adopt(device, "gate_up", weights.gate_up, 2 * config.intermediate * hidden)?,
            down: adopt(device, "down", weights.down, hidden * config.intermediate)?,
        };
        let (cos, sin) = rope_tables(max_seq, config.head_dim, config.theta).to_f32();
        let cache_len = config.kv_width() * max_seq;
        Ok(Self {
            device: device.clone(),
            config: config.clone(),
            sizes,
            weights,
            cos: device.buffer_from_vec(cos)?,
            sin: device.buffer_from_vec(sin)?,
            k_cache: device.zeroed(cache_len)?,
            v_cache: device.zeroed(cache_len)?,
            position: device.zeroed(1)?,
        })
    }

    /// Puts the past tokens of `inputs` into the cache and the position after them. Waits for the device.
    ///
    /// # Errors
    ///
    /// [`BlockError::Room`], [`BlockError::Length`], and the device's.
    pub fn fill(&mut self, inputs: &BlockInputs) -> Result<(), BlockError> {
        let past = inputs.k_cache.len() / self.config.kv_width();
        self.check_room(past)?;
        for (what, cache, values) in
            [("k_cache", &self.k_cache, &inputs.k_cache), ("v_cache", &self.v_cache, &inputs.v_cache)]
        {
            let expected = past * self.config.kv_width();
            if values.len() != expected {
                return Err(BlockError::Length { what, given: values.len(), expected });
            }
            let width = past * self.config.head_dim;
            for head in 0..self.config.kv_heads {
                let first = self.cache_index(head, 0);
                cache.view(first..first + width)?.upload(&values[head * width..(head + 1) * width])?;
            }
        }
        self.set_position(past)
    }

    /// Says how many tokens the cache holds; what it holds stays. Waits for the device.
    ///
    /// # Errors
    ///
    /// [`BlockError::Room`], and the device's.
    pub fn set_position(&mut self, past: usize) -> Result<(), BlockError> {
        self.check_room(past)?;
        Ok(self.position.upload(&[index("position", past)?])?)
    }

    /// How many tokens the cache holds. Waits for the device.
    ///
    /// # Errors
    ///
    /// The device's, also what went wrong in earlier steps.
    pub fn position(&self) -> Result<usize, BlockError> {
        Ok(self.position.download()?[0] as usize)
    }

    /// Keys of tokens `past` to `past + tokens`, `[kv_heads, tokens, head_dim]`. Waits for the device.
    ///
    /// # Errors
    ///
    /// [`BlockError::Room`], and the device's, also what went wrong in earlier steps.
    pub fn keys(&self, past: usize, tokens: usize) -> Result<Vec<f32>, BlockError> {
        self.cached(&self.k_cache, past, tokens)
    }

    /// Values of tokens `past` to `past + tokens`, `[kv_heads, tokens, head_dim]`. Waits for the device.
    ///
    /// # Errors
    ///
    /// [`BlockError::Room`], and the device's, also what went wrong in earlier steps.
    pub fn values(&self, past: usize, tokens: usize) -> Result<Vec<f32>, BlockError> {
        self.cached(&self.v_cache, past, tokens)
    }

    /// The layer.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it runs.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Tokens that the cache has room for.
    #[must_use]
    pub fn max_seq(&self) -> usize {
        self.sizes.max_seq as usize
    }

    pub(crate) fn check_room(&self, given: usize) -> Result<(), BlockError> {
        let room = self.max_seq();
        if given <= room { Ok(()) } else { Err(BlockError::Room { given, room }) }
    }

    fn cached(&self, cache: &Buffer<f32>, past: usize, tokens: usize) -> Result<Vec<f32>, BlockError> {
        self.check_room(past.saturating_add(tokens))?;
        let mut values = Vec::with_capacity(tokens * self.config.kv_width());
        for head in 0..self.config.kv_heads {
            let (first, last) = (self.cache_index(head, past), self.cache_index(head, past + tokens));
            values.extend(cache.view(first..last)?.download()?);
        }
        Ok(values)
    }

    fn cache_index(&self, head: usize, token: usize) -> usize {
        (head * self.max_seq() + token) * self.config.head_dim
    }
}

impl Sizes {
    fn new(config: &Config, max_seq: usize) -> Result<Self, BlockError> {
        index("a cache", config.kv_width().saturating_mul(max_seq))?;
        index("a table of angles", (config.head_dim / 2).saturating_mul(max_seq))?;
        Ok(Self {
            hidden: index("hidden", config.hidden)?,
            intermediate: index("intermediate", config.intermediate)?,
            heads: index("heads", config.heads)?,
            kv_heads: index("kv_heads", config.kv_heads)?,
            head_dim: index("head_dim", config.head_dim)?,
            max_seq: index("the cache's room", max_seq)?,
            pair_stride: index("head_dim", config.rope.pair_stride())?,
            pair_distance: index("head_dim", config.rope.pair_distance(config.head_dim))?,
        })
    }
}

/// A buffer of a weight, which is as long as it should be.
fn adopt<T: Element>(
    device: &Device,
    what: &'static str,
    values: Vec<T>,
    expected: usize,
) -> Result<Buffer<T>, BlockError> {
    if values.len() == expected {
        Ok(device.buffer_from_vec(values)?)
    } else {
        Err(BlockError::Length { what, given: values.len(), expected })
    }
}

/// A number of elements as kernels count them.
pub(crate) fn index(what: &'static str, given: usize) -> Result<u32, BlockError> {
    u32::try_from(given).map_err(|_| BlockError::TooLarge { what, given })
}
