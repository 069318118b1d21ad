//! The reference layer and the layer on a device against every block golden: layers that Hugging Face transformers
//! computed in `f64`.
//!
//! The goldens are in `../shared/goldens` beside the repository. Where they are not at hand the tests say so and check
//! nothing; under `CI` they fail.

mod device;

use greta::codegen::trace::{bf16, f16};
use greta_llama::reference::block;
use greta_llama::{Block, BlockGolden, Comparison, LayerWeights, Tolerance, Weight};

/// Number of block goldens.
const GOLDEN_COUNT: usize = 7;

fn goldens() -> Vec<BlockGolden> {
    let paths = greta_testing::shared_files("goldens", "safetensors");
    assert!(paths.is_empty() || paths.len() == GOLDEN_COUNT, "block goldens in the folder: {paths:?}");
    paths.iter().map(|path| BlockGolden::open(path).expect("a golden file")).collect()
}

#[track_caller]
fn check<T: Copy + Into<f64>>(golden: &BlockGolden, results: [(&str, &[T], &[f64]); 3], tolerance: Tolerance) {
    for (name, result, wanted) in results {
        let comparison = Comparison::new(result, wanted);
        println!("{} {name}: {comparison}", golden.stem);
        assert!(comparison.within(tolerance), "{} {name}: {comparison}", golden.stem);
    }
}

#[test]
fn the_reference_layer_agrees_with_every_golden() {
    for golden in goldens() {
        let output = block(&golden.config, &golden.weights(&|_| {}), &golden.inputs());
        let results = [
            ("y", output.y.as_slice(), golden.y.as_slice()),
            ("k_new", &output.k_new, &golden.k_new),
            ("v_new", &output.v_new, &golden.v_new),
        ];
        check(&golden, results, Tolerance::F64);
    }
}

/// y and the new keys and values of the golden's step on a device, with matrices of `W`.
fn step_on_device<W: Weight>(golden: &BlockGolden, weights: LayerWeights<W>) -> [Vec<f32>; 3] {
    let device = device::open();
    let stream = device.stream().expect("a stream");
    let (past, tokens) = (golden.past, golden.tokens);
    let mut layer = Block::new(&device, &golden.config, weights, past + tokens).expect("a layer");
    let inputs = golden.inputs();
    layer.fill(&inputs).expect("a filled cache");
    let mut step = layer.step(tokens).expect("a step");
    step.x.upload(&inputs.x).expect("inputs");
    step.graph.instantiate().expect("a graph").launch(&stream).expect("a launch");
    stream.synchronize().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(layer.position().expect("the position"), past + tokens);
    let (y, k_new, v_new) = (step.y.download(), layer.keys(past, tokens), layer.values(past, tokens));
    [y.expect("y"), k_new.expect("keys"), v_new.expect("values")]
}

#[test]
fn the_layer_on_a_device_agrees_with_every_golden() {
    for golden in goldens() {
        let [y, k_new, v_new] = step_on_device(&golden, golden.weights(&|_| {}));
        let results = [
            ("y", y.as_slice(), golden.y.as_slice()),
            ("k_new", &k_new, &golden.k_new),
            ("v_new", &v_new, &golden.v_new),
        ];
        check(&golden, results, Tolerance::BLOCK);
    }
}

/// With narrow weights the layer is about as far from the golden as rounding the weights alone takes it; where activations
/// stay `f32`, near the `f64` layer of the rounded weights.
fn narrow_weights_cost_their_rounding<W: Weight>() {
    let mut worst = 0.0_f64;
    for golden in goldens() {
        let weights = golden.weights(&|_| {}).rounded::<W>();
        let rounded = block(&golden.config, &weights.clone().rounded::<f32>(), &golden.inputs());
        let found = step_on_device(&golden, weights);
        let wanted = [&golden.y, &golden.k_new, &golden.v_new];
        let results = [("y", &rounded.y), ("k_new", &rounded.k_new), ("v_new", &rounded.v_new)];
        for (((name, rounded), wanted), found) in results.into_iter().zip(wanted).zip(&found) {
            let (alone, total) = (Comparison::new(rounded, wanted), Comparison::new(found, wanted));
            let ratio = total.normwise_err / alone.normwise_err;
            println!(
                "{} {name} in {}: normwise {:.3e}, {ratio:.4} times {:.3e} of rounding alone",
                golden.stem,
                W::NAME,
                total.normwise_err,
                alone.normwise_err
            );
            assert!(ratio <= 3.0, "{} {name}: {ratio} times the weights' rounding", golden.stem);
            let distance = Comparison::new(found, rounded);
            let are_activations_wide = golden.tokens == 1 || size_of::<W::Activation>() == size_of::<f32>();
            assert!(!are_activations_wide || distance.within(Tolerance::BLOCK), "{} {name}: {distance}", golden.stem);
            worst = worst.max(ratio);
        }
    }
    println!("{}: at most {worst:.4} times the error of rounding the weights alone", W::NAME);
}

#[test]
fn the_layer_in_bf16_costs_the_rounding_of_its_weights() {
    narrow_weights_cost_their_rounding::<bf16>();
}

#[test]
fn the_layer_in_f16_costs_the_rounding_of_its_weights() {
    narrow_weights_cost_their_rounding::<f16>();
}
