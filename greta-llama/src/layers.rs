//! Decoder layers one after the other: a step of all of them is one graph.
//!
//! Guarantees: they share the position, which the step's last node moves on, once. Deliberately does not know what a layer
//! computes: that is [`Block`].

use greta::Device;

use crate::block::{Block, BlockError};
use crate::config::Config;
use crate::layer_weights::LayerWeights;
use crate::step::Step;
use crate::weight::Weight;

/// Layers of one model in a device's memory.
#[derive(Debug)]
pub struct Layers<W: Weight = f32> {
    blocks: Vec<Block<W>>,
}

impl<W: Weight> Layers<W> {
    /// Layers with empty caches that have room for `max_seq` tokens.
    ///
    /// # Errors
    ///
    /// [`BlockError::NoLayers`], and as for [`Block::new`].
    pub fn new(
        device: &Device,
        config: &Config,
        weights: impl IntoIterator<Item = LayerWeights<W>>,
        max_seq: usize,
    ) -> Result<Self, BlockError> {
        let mut blocks: Vec<Block<W>> = Vec::new();
        for weights in weights {
            let mut block = Block::new(device, config, weights, max_seq)?;
            if let Some(first) = blocks.first() {
                block.position = first.position.view(0..1)?;
            }
            blocks.push(block);
        }
        if blocks.is_empty() { Err(BlockError::NoLayers) } else { Ok(Self { blocks }) }
    }

    /// The layers, in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block<W>] {
        &self.blocks
    }

    /// The layers, in order: to fill their caches.
    pub fn blocks_mut(&mut self) -> &mut [Block<W>] {
        &mut self.blocks
    }

    /// The graph of a decode step: one token through all layers, at whatever position they have then.
    ///
    /// # Errors
    ///
    /// As for [`Block::step`].
    pub fn decode_step(&mut self) -> Result<Step, BlockError> {
        let (device, hidden) = (self.blocks[0].device.clone(), self.blocks[0].config.hidden);
        let mut graph = device.graph();
        let x = device.zeroed(hidden)?;
        let mut input = x.view(0..hidden)?;
        for block in &mut self.blocks {
            let mut output = device.zeroed(hidden)?;
            block.add_decode(&mut graph, &input, &mut output)?;
            input = output;
        }
        self.blocks[0].add_advance(&mut graph, 1)?;
        Ok(Step { graph, x, y: input, tokens: 1 })
    }
}
