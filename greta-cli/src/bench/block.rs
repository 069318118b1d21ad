//! Rows of a Llama decoder layer: decode steps over the weights of several layers in turn, and prefill.
//!
//! Guarantees: no step finds its weights in a cache, since the layers in between are larger than any. Deliberately does
//! not know which kernels a step has.

use greta::codegen::trace::bf16;
use greta_llama::launchable::Work;
use greta_llama::layer_weights::weight_count;
use greta_llama::{Block, BlockInputs, Config, LayerWeights, Weight};
use greta_runtime::GraphExec;

use super::ceilings::Ceilings;
use super::library::Operands;
use super::{BenchError, Row, Rows, Section};
use crate::measure::{Clock, Timed, Times};

/// Layers whose weights take turns.
const LAYERS: usize = 3;
/// Steps of each layer that are timed.
const STEPS: usize = 20;
const STEM: &str = "bench";
const SEED: u64 = 1;

/// What is measured.
struct Sizes {
    config: Config,
    pasts: &'static [usize],
    prefills: &'static [usize],
    steps: usize,
}

impl Sizes {
    fn new(is_quick: bool) -> Self {
        if is_quick {
            return Self { config: Config::small(), pasts: &[1, 9], prefills: &[3], steps: 1 };
        }
        Self { config: Config::llama2_7b(), pasts: &[1, 512, 2048], prefills: &[128, 512, 2048], steps: STEPS }
    }
}

/// Times decode in `f32` and `bf16`, and prefill in `bf16`.
///
/// # Errors
///
/// The device's.
pub(super) fn time(clock: &Clock, ceilings: &Ceilings, is_quick: bool, rows: &mut Rows) -> Result<(), BenchError> {
    let sizes = Sizes::new(is_quick);
    let weights = LayerWeights::generate(&sizes.config, STEM, SEED, &|_| ());
    time_decode(clock, ceilings, &sizes, &weights, rows)?;
    let weights: LayerWeights<bf16> = weights.rounded();
    time_decode(clock, ceilings, &sizes, &weights, rows)?;
    for &tokens in sizes.prefills {
        let name = format!("prefill bf16 {tokens} tokens");
        let time = || {
            let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, 0, tokens);
            let times = time_layers(clock, &sizes, &weights, &inputs, 1)?;
            let work = prefill_work(&sizes.config, tokens);
            let opt_ceiling_us = ceilings.opt_time_us(work, Some(Operands::Bf16));
            Ok(Row::new(Section::Block, name.clone(), times, work, opt_ceiling_us))
        };
        rows.add(&name, time())?;
    }
    Ok(())
}

fn time_decode<W: Weight>(
    clock: &Clock,
    ceilings: &Ceilings,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
    rows: &mut Rows,
) -> Result<(), BenchError> {
    for &past in sizes.pasts {
        let name = format!("decode {} kv {past}", W::NAME);
        let time = || {
            let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, past, 1);
            let times = time_layers(clock, sizes, weights, &inputs, LAYERS)?;
            let work = decode_work::<W>(&sizes.config, past);
            Ok(Row::new(Section::Block, name.clone(), times, work, ceilings.opt_time_us(work, None)))
        };
        rows.add(&name, time())?;
    }
    Ok(())
}

/// Times of a step, the layers taking turns.
fn time_layers<W: Weight>(
    clock: &Clock,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
    inputs: &BlockInputs,
    count: usize,
) -> Result<Times, BenchError> {
    let layers = (0..count).map(|_| Layer::new(clock, &sizes.config, weights, inputs));
    let layers = layers.collect::<Result<Vec<_>, _>>()?;
    let timed: Vec<Timed<'_>> = layers.iter().map(Layer::timed).collect();
    Ok(clock.together(&timed, sizes.steps)?)
}

/// A layer's step, always at the same position.
struct Layer {
    step: GraphExec,
    /// Puts the position back.
    rewind: GraphExec,
}

impl Layer {
    fn new<W: Weight>(
        clock: &Clock,
        config: &Config,
        weights: &LayerWeights<W>,
        inputs: &BlockInputs,
    ) -> Result<Self, BenchError> {
        let (past, tokens) = (inputs.k_cache.len() / config.kv_width(), inputs.x.len() / config.hidden);
        // The first replay's rewind would leave the position below 0, were there not a step's tokens more.
        let mut layer = Block::new(clock.stream.device(), config, weights.clone(), past + 2 * tokens)?;
        layer.fill(inputs)?;
        layer.set_position(past + tokens)?;
        let mut step = layer.step(tokens)?;
        step.x.upload(&inputs.x)?;
        Ok(Self { step: step.graph.instantiate()?, rewind: layer.rewind(tokens)?.instantiate()? })
    }

    fn timed(&self) -> Timed<'_> {
        Timed { opt_before: Some(&self.rewind), ..Timed::new(&self.step, 1) }
    }
}

/// Weights, and the keys and values that the token sees.
fn decode_work<W: Weight>(config: &Config, past: usize) -> Work {
    let cache = 2 * (past + 1) * config.kv_width() * size_of::<f32>();
    Work::Bytes((weight_count(config) * size_of::<W>() + cache) as f64)
}

/// Products with the weights, and of each token with the keys and values that it sees.
fn prefill_work(config: &Config, tokens: usize) -> Work {
    let seen = tokens * (tokens + 1) / 2;
    Work::Operations((2 * tokens * weight_count(config) + 4 * seen * config.query_width()) as f64)
}
