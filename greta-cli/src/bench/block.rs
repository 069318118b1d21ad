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
use super::{BenchError, Row, Section};
use crate::measure::{Clock, Timed};

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

/// Decode in `f32` and `bf16`, prefill in `bf16`.
///
/// # Errors
///
/// The device's.
pub(super) fn rows(clock: &Clock, ceilings: &Ceilings, is_quick: bool) -> Result<Vec<Row>, BenchError> {
    let sizes = Sizes::new(is_quick);
    let weights = LayerWeights::generate(&sizes.config, STEM, SEED, &|_| ());
    let mut rows = decode(clock, ceilings, &sizes, &weights)?;
    let weights: LayerWeights<bf16> = weights.rounded();
    rows.extend(decode(clock, ceilings, &sizes, &weights)?);
    rows.extend(prefill(clock, ceilings, &sizes, &weights)?);
    Ok(rows)
}

fn decode<W: Weight>(
    clock: &Clock,
    ceilings: &Ceilings,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    for &past in sizes.pasts {
        let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, past, 1);
        let layers = (0..LAYERS).map(|_| Layer::new(clock, &sizes.config, weights, &inputs));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let timed: Vec<Timed<'_>> = layers.iter().map(Layer::timed).collect();
        let times = clock.together(&timed, sizes.steps)?;
        let name = format!("decode {} kv {past}", W::NAME);
        let work = decode_work::<W>(&sizes.config, past);
        rows.push(Row::new(Section::Block, name, times, work, ceilings.opt_time_us(work, None)));
    }
    Ok(rows)
}

fn prefill<W: Weight>(
    clock: &Clock,
    ceilings: &Ceilings,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    for &tokens in sizes.prefills {
        let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, 0, tokens);
        let layer = Layer::new(clock, &sizes.config, weights, &inputs)?;
        let times = clock.together(&[layer.timed()], sizes.steps)?;
        let name = format!("prefill {} {tokens} tokens", W::NAME);
        let work = prefill_work(&sizes.config, tokens);
        rows.push(Row::new(Section::Block, name, times, work, ceilings.opt_time_us(work, Some(Operands::Bf16))));
    }
    Ok(rows)
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
