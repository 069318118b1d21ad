//! Runs one Llama decoder layer as a graph of kernels and checks it against its `f64` reference.
//!
//! The layer's weights and inputs are drawn from a seed, or as a golden file says. The same steps are run twice, kernel
//! by kernel and through one instantiated graph whose position advances on the device; both must agree bit for bit, and
//! the first step with the reference within tolerance: with narrow weights three times the error of rounding them alone.
//! Results go to standard output, the rest to standard error.
//! Exit code: 0 if everything agrees, 1 if not, 2 if the layer could not be run.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use greta::codegen::trace::{bf16, f16};
use greta::runtime::graph::{Mode, NodeTime};
use greta::{Device, GraphExec, Stream};
use greta_llama::generate::Progress;
use greta_llama::layer_weights::weight_count;
use greta_llama::reference::{BlockOutput, block};
use greta_llama::{Block, BlockGolden, BlockInputs, Comparison, Config, LayerWeights, Step, Tolerance, Weight};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Seed of weights and inputs that no golden file prescribes.
const SEED: u64 = 1;
/// Steps of a decode run; each takes the last one's output as its input.
const DECODE_STEPS: usize = 3;

/// Run one Llama decoder layer as a graph of kernels and check it against its f64 reference.
#[derive(Parser)]
struct Options {
    /// Device to run on: hip, cuda, emu, cpu, or cpu:TARGET such as cpu:sm_90 [default: the best that this machine has]
    #[arg(long)]
    device: Option<String>,
    /// Layer to run
    #[arg(long, default_value = "llama2-7b", value_parser = Config::PRESETS)]
    config: String,
    /// New tokens: 1 is a decode step, more a prefill
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    tokens: u32,
    /// Tokens already in the cache
    #[arg(long, default_value_t = 128)]
    past: u32,
    /// What the matrices' weights are stored in; everything is computed in f32
    #[arg(long, default_value = f32::NAME, value_parser = [f32::NAME, bf16::NAME, f16::NAME])]
    dtype: String,
    /// Take the layer, its inputs and its results from a golden file
    #[arg(long, value_name = "FILE.safetensors", conflicts_with_all = ["config", "tokens", "past"])]
    golden: Option<PathBuf>,
    /// Write the graph as DOT
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What is run, and what must come out of its first step.
struct Task {
    config: Config,
    weights: LayerWeights,
    inputs: BlockInputs,
    past: usize,
    tokens: usize,
    steps: usize,
    /// Where `wanted` comes from.
    reference: &'static str,
    wanted: BlockOutput,
}

/// What a run of all steps left.
struct Run {
    outputs: Vec<Vec<f32>>,
    keys: Vec<f32>,
    values: Vec<f32>,
    times: Vec<Duration>,
}

/// Everything that is reported.
struct Report {
    task: String,
    device: [String; 3],
    mode: Mode,
    nodes: Vec<NodeTime>,
    graph_time: Duration,
    eager_time: Duration,
    steps: usize,
    bits_equal: bool,
    reference: &'static str,
    dtype: &'static str,
    comparisons: [(&'static str, Comparison); 3],
    /// The normwise error that rounding the weights alone makes in each, where they are rounded.
    rounding: Option<[f64; 3]>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.dtype.as_str() {
        bf16::NAME => run::<bf16>(&options),
        f16::NAME => run::<f16>(&options),
        _ => run::<f32>(&options),
    };
    match result {
        Ok(report) => {
            let text = if options.json { report.json() } else { report.text() };
            match std::io::stdout().write_all(text.as_bytes()) {
                Ok(()) if report.passed() => ExitCode::SUCCESS,
                Ok(()) | Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run<W: Weight>(options: &Options) -> Result<Report, Box<dyn Error>> {
    let device = match &options.device {
        Some(name) => Device::open(name)?,
        None => Device::open_default()?,
    };
    let Task { config, weights, inputs, past, tokens, steps, reference, wanted } = task(options)?;
    Block::<W>::check(&config, room(past, tokens))?;
    let stream = device.stream()?;
    let weights = weights.rounded::<W>();
    let rounding = (W::NAME != f32::NAME).then(|| rounding(&config, weights.clone(), &inputs, &wanted));
    let mut layer = Block::new(&device, &config, weights, room(past, tokens))?;
    let mut step = layer.step(tokens)?;
    if let Some(path) = &options.dot {
        std::fs::write(path, step.graph.dot()).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let exec = step.graph.instantiate()?;
    let mut nodes = Vec::new();
    let eager = run_steps(&mut layer, &mut step, &stream, &inputs, steps, |number| match number {
        0 => exec.profile(&stream).map(|times| nodes = times),
        _ => exec.launch_eager(&stream),
    })?;
    let graph = run_steps(&mut layer, &mut step, &stream, &inputs, steps, |_| exec.launch(&stream))?;
    let new = |cached: &[f32]| first_tokens(cached, &config, tokens, steps);
    Ok(Report {
        task: format!("{}, {} after {past}", config.name, count(tokens, "token")),
        device: [device.info().kind.to_owned(), device.info().name.clone(), device.info().arch.clone()],
        mode: GraphExec::mode(&exec),
        nodes,
        graph_time: median(&graph.times),
        eager_time: median(&eager.times),
        steps,
        bits_equal: graph.bits() == eager.bits(),
        reference,
        dtype: W::NAME,
        rounding,
        comparisons: [
            ("y", Comparison::new(&graph.outputs[0], &wanted.y)),
            ("k_new", Comparison::new(&new(&graph.keys), &wanted.k_new)),
            ("v_new", Comparison::new(&new(&graph.values), &wanted.v_new)),
        ],
    })
}

/// The normwise errors of a layer that is exact but for its weights.
fn rounding<W: Weight>(
    config: &Config,
    weights: LayerWeights<W>,
    inputs: &BlockInputs,
    wanted: &BlockOutput,
) -> [f64; 3] {
    let rounded = block(config, &weights.rounded::<f32>(), inputs);
    [(&rounded.y, &wanted.y), (&rounded.k_new, &wanted.k_new), (&rounded.v_new, &wanted.v_new)]
        .map(|(rounded, wanted)| Comparison::new(rounded, wanted).normwise_err)
}

/// Draws weights and inputs, and computes or reads what must come out.
fn task(options: &Options) -> Result<Task, Box<dyn Error>> {
    if let Some(path) = &options.golden {
        let golden = BlockGolden::open(path)?;
        Block::<f32>::check(&golden.config, room(golden.past, golden.tokens))?;
        let weights = with_progress(&golden.config, |progress| golden.weights(progress));
        let inputs = golden.inputs();
        let BlockGolden { config, past, tokens, y, k_new, v_new, .. } = golden;
        let wanted = BlockOutput { y, k_new, v_new };
        return Ok(Task { config, weights, inputs, past, tokens, steps: steps(tokens), reference: "golden", wanted });
    }
    let config = Config::opt_preset(&options.config).ok_or("no such config")?;
    let (past, tokens) = (options.past as usize, options.tokens as usize);
    Block::<f32>::check(&config, room(past, tokens))?;
    let weights = with_progress(&config, |progress| LayerWeights::generate(&config, &config.name, SEED, progress));
    let inputs = BlockInputs::generate(&config, &config.name, SEED, past, tokens);
    let wanted = block(&config, &weights, &inputs);
    Ok(Task { config, weights, inputs, past, tokens, steps: steps(tokens), reference: "f64 reference", wanted })
}

fn steps(tokens: usize) -> usize {
    if tokens == 1 { DECODE_STEPS } else { 1 }
}

/// Tokens that the cache must have room for.
fn room(past: usize, tokens: usize) -> usize {
    past.saturating_add(tokens.saturating_mul(steps(tokens)))
}

/// Draws weights under a progress bar, which shows on a terminal only.
fn with_progress(config: &Config, draw: impl FnOnce(Progress<'_>) -> LayerWeights) -> LayerWeights {
    let bar = ProgressBar::new(weight_count(config) as u64).with_message("weights");
    let template = "{msg} [{bar:40}] {human_pos} of {human_len}";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let weights = draw(&|drawn| bar.inc(drawn as u64));
    bar.finish_and_clear();
    weights
}

/// Runs all steps from the task's own cache, position and input on.
fn run_steps<W: Weight>(
    layer: &mut Block<W>,
    step: &mut Step,
    stream: &Stream,
    inputs: &BlockInputs,
    steps: usize,
    mut launch: impl FnMut(usize) -> Result<(), greta::Error>,
) -> Result<Run, Box<dyn Error>> {
    layer.fill(inputs)?;
    step.x.upload(&inputs.x)?;
    let (mut outputs, mut times) = (Vec::new(), Vec::new());
    for number in 0..steps {
        let start = Instant::now();
        launch(number)?;
        stream.synchronize()?;
        times.push(start.elapsed());
        outputs.push(step.y.download()?);
        step.x.copy_from_async(stream, &step.y)?;
    }
    stream.synchronize()?;
    let past = layer.position()? - steps * step.tokens;
    let (keys, values) = (layer.keys(past, steps * step.tokens)?, layer.values(past, steps * step.tokens)?);
    Ok(Run { outputs, keys, values, times })
}

/// The first step's part of `[kv_heads, steps * tokens, head_dim]`.
fn first_tokens(cached: &[f32], config: &Config, tokens: usize, steps: usize) -> Vec<f32> {
    let head_len = steps * tokens * config.head_dim;
    cached.chunks_exact(head_len).flat_map(|head| head[..tokens * config.head_dim].iter().copied()).collect()
}

impl Run {
    fn bits(&self) -> Vec<u32> {
        let parts = self.outputs.iter().chain([&self.keys, &self.values]);
        parts.flatten().map(|value| value.to_bits()).collect()
    }
}

impl Report {
    fn passed(&self) -> bool {
        let within = |number: usize| self.comparisons[number].1.within(self.tolerance(number));
        self.bits_equal && (0..self.comparisons.len()).all(within)
    }

    /// Of one of the results.
    fn tolerance(&self, number: usize) -> Tolerance {
        match self.rounding {
            None => Tolerance::BLOCK,
            Some(alone) => Tolerance { max_abs_err: f64::INFINITY, normwise_err: 3.0 * alone[number] },
        }
    }

    fn text(&self) -> String {
        let [kind, name, arch] = &self.device;
        let mode = match self.mode {
            Mode::Graph => "graph",
            Mode::Eager => "graph, launched node by node",
        };
        let mut lines =
            vec![format!("device   {kind}: {name} ({arch})"), format!("layer    {}, {}", self.task, self.dtype)];
        lines.push(format!("nodes    {}", self.nodes.len()));
        lines.extend([String::new(), self.table(), String::new()]);
        lines.push(format!("{mode}: {} a step", millis(self.graph_time)));
        lines.push(format!("eager launches: {} a step", millis(self.eager_time)));
        let equal = if self.bits_equal { "equal" } else { "DIFFER FROM" };
        let steps = count(self.steps, "step");
        lines.push(format!("{steps} through one instantiated graph {equal} eager launches bit for bit"));
        for (number, (name, comparison)) in self.comparisons.iter().enumerate() {
            let verdict = if comparison.within(self.tolerance(number)) { "ok" } else { "OVER TOLERANCE" };
            lines.push(format!(
                "{name:<6} against {}: max_abs_err {:.3e}, normwise {:.3e}: {verdict}",
                self.reference, comparison.max_abs_err, comparison.normwise_err
            ));
        }
        lines.push(self.tolerance_text());
        lines.join("\n")
    }

    fn tolerance_text(&self) -> String {
        let Some(alone) = self.rounding else {
            let Tolerance { max_abs_err, normwise_err } = Tolerance::BLOCK;
            return format!("tolerance: max_abs_err {max_abs_err:e}, normwise {normwise_err:e}\n");
        };
        let ratios = self.comparisons.iter().zip(alone).map(|((name, comparison), alone)| {
            format!("{name} {:.4} times {alone:.3e}", comparison.normwise_err / alone)
        });
        let ratios = ratios.collect::<Vec<_>>().join(", ");
        format!("rounding the weights alone: {ratios}; tolerance: 3 times\n")
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(["node", "kernel", "grid", "block", "time"]);
        for NodeTime { node, duration } in &self.nodes {
            let (grid, block) = (extent(node.grid), extent(node.block));
            table.add_row([node.label.clone(), node.kernel.clone(), grid, block, millis(*duration)]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.to_string()
    }

    fn json(&self) -> String {
        let [kind, name, arch] = &self.device;
        let nodes = self.nodes.iter().map(|NodeTime { node, duration }| {
            json!({
                "label": node.label, "kernel": node.kernel, "grid": node.grid, "block": node.block,
                "time_us": micros(*duration),
            })
        });
        let comparisons = self.comparisons.iter().map(|(name, comparison)| {
            let Comparison { max_abs_err, normwise_err, .. } = comparison;
            json!({ "tensor": name, "max_abs_err": max_abs_err, "normwise_err": normwise_err })
        });
        let report = json!({
            "device": { "kind": kind, "name": name, "arch": arch },
            "layer": self.task,
            "dtype": self.dtype,
            "rounding_normwise_err": self.rounding,
            "nodes": nodes.collect::<Vec<_>>(),
            "node_count": self.nodes.len(),
            "launched_as_graph": self.mode == Mode::Graph,
            "graph_us": micros(self.graph_time),
            "eager_us": micros(self.eager_time),
            "steps": self.steps,
            "graph_equals_eager": self.bits_equal,
            "reference": self.reference,
            "errors": comparisons.collect::<Vec<_>>(),
            "passed": self.passed(),
        });
        format!("{report:#}\n")
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// `4 x 2`: as many of the three as matter.
fn extent([x, y, z]: [u32; 3]) -> String {
    match (y, z) {
        (1, 1) => x.to_string(),
        (_, 1) => format!("{x} x {y}"),
        _ => format!("{x} x {y} x {z}"),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
