//! A step's graph, instantiated once and launched again and again, against the same kernels launched one by one.

mod device;

use greta_llama::{Block, BlockError, BlockInputs, Config, LayerWeights, Layers, Rope};

const SEED: u64 = 11;
const PAST: usize = 5;
const STEPS: usize = 3;

fn layer(config: &Config) -> (Block, BlockInputs) {
    let device = device::open();
    let weights = LayerWeights::generate(config, "replay", SEED, &|_| {});
    let inputs = BlockInputs::generate(config, "replay", SEED, PAST, 1);
    let mut block = Block::new(&device, config, weights, PAST + STEPS).expect("a layer");
    block.fill(&inputs).expect("a filled cache");
    (block, inputs)
}

/// What [`STEPS`] steps leave, each step's input being the last one's output: outputs, new keys, new values.
fn decode(config: &Config, replayed: bool) -> Vec<Vec<f32>> {
    let (mut block, inputs) = layer(config);
    let stream = block.device().stream().expect("a stream");
    let mut step = block.step(1).expect("a step");
    assert!(step.graph.len() <= 7, "nodes of a decode step: {}", step.graph.len());
    step.x.upload(&inputs.x).expect("inputs");
    let exec = step.graph.instantiate().expect("a graph");
    let mut results = Vec::new();
    for _ in 0..STEPS {
        if replayed { exec.launch(&stream) } else { step.graph.launch_eager(&stream) }.expect("a launch");
        results.push(step.y.download().expect("an output"));
        step.x.copy_from_async(&stream, &step.y).expect("a copy");
    }
    stream.synchronize().expect("nothing goes wrong");
    assert_eq!(block.position().expect("the position"), PAST + STEPS);
    results.push(block.keys(0, PAST + STEPS).expect("keys"));
    results.push(block.values(0, PAST + STEPS).expect("values"));
    results
}

#[test]
fn three_steps_through_one_graph_equal_eager_launches_bit_for_bit() {
    for rope in [Rope::RotateHalf, Rope::Interleaved] {
        let config = Config { rope, ..Config::small() };
        let (replayed, eager) = (decode(&config, true), decode(&config, false));
        let bits = |results: &[Vec<f32>]| results.concat().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert!(bits(&replayed) == bits(&eager));
        assert!(replayed[0] != replayed[1] && replayed[1] != replayed[2], "every step has a result of its own");
    }
}

#[test]
fn several_tokens_at_once_equal_the_same_tokens_one_by_one_within_rounding() {
    let config = Config::small();
    let (mut block, _) = layer(&config);
    let stream = block.device().stream().expect("a stream");
    let x = BlockInputs::generate(&config, "tokens", SEED, 0, STEPS).x;

    let mut prefill = block.step(STEPS).expect("a step");
    prefill.x.upload(&x).expect("inputs");
    prefill.graph.launch_eager(&stream).expect("a launch");
    let together = prefill.y.download().expect("outputs");

    block.set_position(PAST).expect("a position");
    let mut decode = block.step(1).expect("a step");
    let mut one_by_one = Vec::new();
    for token in x.chunks_exact(config.hidden) {
        decode.x.upload(token).expect("inputs");
        decode.graph.launch_eager(&stream).expect("a launch");
        one_by_one.extend(decode.y.download().expect("an output"));
    }
    let largest = together.iter().zip(&one_by_one).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    assert!(largest > 0.0 && largest <= 1e-5, "largest difference {largest}");
}

#[test]
fn layers_in_one_graph_equal_the_layers_one_by_one_bit_for_bit() {
    let config = Config::small();
    let device = device::open();
    let stream = device.stream().expect("a stream");
    let inputs = BlockInputs::generate(&config, "replay", SEED, PAST, 1);
    let weights = || (0..2).map(|layer| LayerWeights::generate(&config, "replay", SEED + layer, &|_| {}));

    let mut layers: Layers = Layers::new(&device, &config, weights(), PAST + STEPS).expect("layers");
    for block in layers.blocks_mut() {
        block.fill(&inputs).expect("a filled cache");
    }
    let mut step = layers.decode_step().expect("a step");
    step.x.upload(&inputs.x).expect("inputs");
    step.graph.instantiate().expect("a graph").launch(&stream).expect("a launch");
    let together = step.y.read(&stream).expect("an output");
    // One advance, which all layers see.
    for block in layers.blocks() {
        assert_eq!(block.position().expect("the position"), PAST + 1);
    }

    let mut x = inputs.x.clone();
    for weights in weights() {
        let mut block = Block::new(&device, &config, weights, PAST + STEPS).expect("a layer");
        block.fill(&inputs).expect("a filled cache");
        let mut step = block.step(1).expect("a step");
        step.x.upload(&x).expect("inputs");
        step.graph.launch_eager(&stream).expect("a launch");
        x = step.y.read(&stream).expect("an output");
    }
    assert!(x.iter().map(|value| value.to_bits()).eq(together.iter().map(|value| value.to_bits())));
    assert!(matches!(Layers::<f32>::new(&device, &config, [], PAST), Err(BlockError::NoLayers)));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (mut block, _) = layer(&Config::small());
    let given = PAST + STEPS + 1;
    assert!(matches!(block.step(given), Err(BlockError::Room { given: 9, room: 8 })));
    assert!(matches!(block.step(0), Err(BlockError::NoTokens)));
    assert!(matches!(block.set_position(given), Err(BlockError::Room { .. })));
    assert!(matches!(block.keys(PAST, STEPS + 1), Err(BlockError::Room { .. })));
    let wide = Config { heads: 1, kv_heads: 1, head_dim: 256, ..Config::small() };
    let weights = LayerWeights::generate(&wide, "replay", SEED, &|_| {});
    let mut block = Block::new(block.device(), &wide, weights, 4).expect("a layer");
    let refusal = block.step(1).expect_err("no attention kernel for heads of 256").to_string();
    assert!(refusal.contains("HD = 256"), "{refusal}");
}
