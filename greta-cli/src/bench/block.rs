//! Rows of a Llama decoder layer: its part of decode steps through several layers, and prefill.
//!
//! Guarantees: no decode step finds its weights in a cache, since the layers together are larger than any. Deliberately
//! does not know which kernels a step has.

use greta::codegen::trace::bf16;
use greta_llama::launchable::Work;
use greta_llama::layer_weights::weight_count;
use greta_llama::{Block, BlockInputs, Config, LayerWeights, Layers, Step, Weight};
use greta_runtime::Graph;

use super::ceilings::Ceilings;
use super::library::Operands;
use super::{BenchError, Row, Rows, Section};
use crate::measure::{Clock, Timed, Times};

/// Layers of a decode step.
const LAYERS: usize = 6;
/// Steps that are timed.
const STEPS: usize = 60;
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
            let times = time_prefill(clock, &sizes, &weights, tokens)?;
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
            let times = time_decode_steps(clock, sizes, weights, past)?;
            let work = decode_work::<W>(&sizes.config, past);
            Ok(Row::new(Section::Block, name.clone(), times, work, ceilings.opt_time_us(work, None)))
        };
        rows.add(&name, time())?;
    }
    Ok(())
}

/// Times of a layer in steps of one token through all layers.
fn time_decode_steps<W: Weight>(
    clock: &Clock,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
    past: usize,
) -> Result<Times, BenchError> {
    let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, past, 1);
    let weights = (0..LAYERS).map(|_| weights.clone());
    let mut layers = Layers::new(clock.stream.device(), &sizes.config, weights, room(past, 1))?;
    for layer in layers.blocks_mut() {
        layer.fill(&inputs)?;
    }
    let step = layers.decode_step()?;
    let first = &mut layers.blocks_mut()[0];
    first.set_position(past + 1)?;
    time_steps(clock, sizes, step, &first.rewind(1)?, &inputs, LAYERS)
}

/// Times of a layer that takes all tokens at once, the first of them at position 0.
fn time_prefill<W: Weight>(
    clock: &Clock,
    sizes: &Sizes,
    weights: &LayerWeights<W>,
    tokens: usize,
) -> Result<Times, BenchError> {
    let inputs = BlockInputs::generate(&sizes.config, STEM, SEED, 0, tokens);
    let mut layer = Block::new(clock.stream.device(), &sizes.config, weights.clone(), room(0, tokens))?;
    let step = layer.step(tokens)?;
    layer.set_position(tokens)?;
    time_steps(clock, sizes, step, &layer.rewind(tokens)?, &inputs, 1)
}

/// Tokens that a cache must have room for: each replay's, and a step's more, since the position is ahead of `past` before
/// each replay puts it back.
fn room(past: usize, tokens: usize) -> usize {
    past + 2 * tokens
}

/// Times of one of so many layers in a step, each replay at the same position: `rewind` puts it back.
fn time_steps(
    clock: &Clock,
    sizes: &Sizes,
    mut step: Step,
    rewind: &Graph,
    inputs: &BlockInputs,
    layers: usize,
) -> Result<Times, BenchError> {
    step.x.upload(&inputs.x)?;
    let (graph, rewind) = (step.graph.instantiate()?, rewind.instantiate()?);
    let timed = Timed { opt_before: Some(&rewind), ..Timed::new(&graph, layers) };
    Ok(clock.alone(timed, sizes.steps)?)
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
