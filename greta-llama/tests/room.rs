//! A step that finds no room in the cache: its output says so.

mod device;

use greta_llama::{Block, BlockInputs, Config, LayerWeights};

const ROOM: usize = 4;

/// Outputs of two launches of a step of `tokens`, the cache holding `past` of [`ROOM`] tokens before the first.
fn outputs(past: usize, tokens: usize) -> [Vec<f32>; 2] {
    let config = Config::small();
    let device = device::open();
    let weights = LayerWeights::generate(&config, "room", 3, &|_| {});
    let inputs = BlockInputs::generate(&config, "room", 3, past, tokens);
    let mut block = Block::new(&device, &config, weights, ROOM).expect("a layer");
    block.fill(&inputs).expect("a filled cache");
    let stream = device.stream().expect("a stream");
    let mut step = block.step(tokens).expect("a step");
    step.x.upload(&inputs.x).expect("inputs");
    let exec = step.graph.instantiate().expect("a graph");
    [(); 2].map(|()| {
        exec.launch(&stream).expect("a launch");
        step.y.read(&stream).expect("an output")
    })
}

#[test]
fn decode_past_the_caches_room_gives_no_number() {
    let [within, past] = outputs(ROOM - 1, 1);
    assert!(within.iter().all(|value| value.is_finite()));
    assert!(past.iter().all(|value| value.is_nan()));
}

#[test]
fn tokens_of_a_prefill_past_the_caches_room_give_no_number() {
    let [within, past] = outputs(ROOM - 3, 2);
    let hidden = within.len() / 2;
    assert!(within.iter().all(|value| value.is_finite()));
    assert!(past[..hidden].iter().all(|value| value.is_finite()), "the first token still has room");
    assert!(past[hidden..].iter().all(|value| value.is_nan()));
}
