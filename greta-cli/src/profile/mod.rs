//! `greta profile`: runs a kernel, or a layer's step, on the emulated MI300X and shows what each launch asks of the
//! hardware, and how long it takes there at least.
//!
//! Deliberately times nothing: what the emulator takes says nothing of a GPU.

mod bound;
mod plot;
mod show;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use greta_codegen::definition::KernelDefinition;
use greta_emulator::Counters;
use greta_hip_emulator::{CountedLaunch, count_launches};
use greta_llama::case_launch::{CaseLaunches, LaunchError, PrepareError};
use greta_llama::launchable::Launchable;
use greta_llama::{Block, BlockError, BlockInputs, Config, LayerWeights};
use greta_runtime::Device;
use greta_runtime::tuning::Shape;
use serde::Serialize;

use self::bound::{Bound, Busy, LEFT_OUT};
use crate::catalog;
use crate::error::Error;
use crate::selection::Tile;

/// The subject that is no kernel.
const BLOCK: &str = "block";
/// Seed of a layer's weights and inputs: the counters of decode do not depend on it.
const SEED: u64 = 1;

const EXAMPLES: &str = "\
The bound is a lower one: the time on an MI300X (304 compute units, 2.1 GHz, 5.3 TB/s) is at least that of the busiest of
the matrix units, the vector units, LDS and memory, each at its peak. It leaves out: launch overhead; latency, dependencies
and barriers; occupancy and idle compute units; cache misses beyond each line once a launch, and lines that an earlier
launch left in a cache; the caches' own bandwidth; slow vector instructions; clocks under load. A bound is no prediction.

Examples:
  greta profile gemm_f32 --case 8 --tile BK=32
  greta profile gemm_bf16 --shape m=256,n=256,k=1024
  greta profile block --config llama2-7b --svg roofline.svg
  greta profile block --tokens 16 --json | jq '.nodes[] | [.label, .bound.binds]'";

/// Count what a kernel or a layer asks of an MI300X, and bound its time from below
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A kernel that `greta kernels` lists, or `block`: one step of a Llama decoder layer
    #[arg(value_name = "KERNEL|block", value_parser = subject_parser())]
    subject: String,
    /// Of a kernel: which row of its table of cases, 1 for the first
    #[arg(long, value_name = "N", conflicts_with_all = ["config", "tokens", "past"])]
    case: Option<usize>,
    /// Of a kernel: the sizes that it is launched with, in place of a case
    #[arg(long, value_name = "NAME=SIZE,..", conflicts_with_all = ["case", "config", "tokens", "past"])]
    shape: Option<Shape>,
    #[command(flatten)]
    tile: Tile,
    /// Of the block: the layer's sizes [default: small]
    #[arg(long, value_parser = Config::PRESETS)]
    config: Option<String>,
    /// Of the block: new tokens; 1 is a decode step, more a prefill [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tokens: Option<u32>,
    /// Of the block: tokens already in the cache [default: 128]
    #[arg(long, value_name = "N")]
    past: Option<u32>,
    /// Write a plot of the roofline with a point per node
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write JSON: an object
    #[arg(long)]
    json: bool,
}

/// Why nothing was profiled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    /// An option of the other kind of subject. The user's to mend: leave it out.
    #[error("{option} is not for {}", if *.is_block { "`block`, which has no cases and no tile" } else { "a kernel; --case or --shape chooses its sizes" })]
    Misplaced {
        /// The option.
        option: &'static str,
        /// Whether the subject is the block.
        is_block: bool,
    },
    /// The kernel has no such case. The user's to mend.
    #[error("{kernel} has no case {given}; it has\n{}", .cases.join("\n"))]
    NoCase {
        /// The kernel.
        kernel: &'static str,
        /// The number given.
        given: usize,
        /// The cases, numbered.
        cases: Vec<String>,
    },
    /// The shape is none of the kernel's. The user's to mend.
    #[error(transparent)]
    Shape(#[from] PrepareError),
    /// A tile parameter that the sizes decide. The user's to mend: choose other sizes.
    #[error("{kernel}: the sizes ask for {parameter} = {value}")]
    FixedTile {
        /// The kernel.
        kernel: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: u32,
    },
    /// The layer could not be run.
    #[error("the block did not run: {0}")]
    Block(#[from] BlockError),
    /// The emulated device did not do what it was asked to.
    #[error("emu: {0}")]
    Device(#[from] greta_runtime::Error),
}

/// What was run and what came of it.
#[derive(Debug, Serialize)]
struct Profile {
    /// What was run, with its sizes.
    subject: String,
    nodes: Vec<Node>,
    /// Of all nodes together, which may overlap.
    total: Bound,
    /// Of the nodes one after another: the sum of their bounds.
    sequential_us: f64,
    /// What the bounds leave out.
    left_out: [&'static str; LEFT_OUT.len()],
}

/// A launch.
#[derive(Debug, Serialize)]
struct Node {
    label: String,
    kernel: String,
    grid: [u32; 3],
    block: [u32; 3],
    /// How long the emulator took.
    emulator_seconds: f64,
    counters: Counters,
    bound: Bound,
}

/// # Errors
///
/// [`Error::Profile`], [`Error::File`], [`Error::Output`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let (subject, nodes) = match CaseLaunches::opt_of(&arguments.subject) {
        Some(launches) => kernel(launches, arguments)?,
        None => block(arguments)?,
    };
    let profile = Profile::new(subject, nodes);
    if let Some(path) = &arguments.svg {
        plot::write(path, &format!("{}: bound on an MI300X", profile.subject), &profile.nodes)?;
    }
    show::show(&profile, arguments.json)
}

/// Runs a case of a kernel.
fn kernel(launches: &CaseLaunches, arguments: &Arguments) -> Result<(String, Vec<Node>), Error> {
    let options = [
        ("--config", arguments.config.is_some()),
        ("--tokens", arguments.tokens.is_some()),
        ("--past", arguments.past.is_some()),
    ];
    refuse(&options, false)?;
    let device = Device::open("emu").map_err(ProfileError::Device)?;
    let (sizes, mut launchable) = prepare(launches, &device, arguments)?;
    let kernel = launches.kernel;
    let (values, changed) = variant(kernel, &launchable, &arguments.tile)?;
    let (result, counted) = count_launches(|| {
        let stream = device.stream()?;
        launchable.launch(&stream, &values).and_then(|()| stream.synchronize())
    });
    result.map_err(ProfileError::Device)?;
    let with = if changed.is_empty() { String::new() } else { format!(" with {changed}") };
    let node = |launch| Node::new(kernel.name.to_owned(), kernel.name.to_owned(), launch);
    Ok((format!("{}{with}, {sizes}", kernel.name), counted.into_iter().map(node).collect()))
}

/// The values of a kernel's tile parameters, and those that differ from what the sizes have by default, as text.
fn variant(
    kernel: &'static KernelDefinition,
    launchable: &Launchable,
    tile: &Tile,
) -> Result<(Vec<u32>, String), Error> {
    let defaults = launchable.default_values();
    let values = tile.values(kernel, defaults)?;
    let mut changed = Vec::new();
    for ((parameter, value), &default) in kernel.parameters.iter().zip(&values).zip(defaults) {
        if *value == default {
            continue;
        }
        if launchable.fixed().contains(&parameter.name) {
            let (kernel, parameter, value) = (kernel.name, parameter.name, default);
            return Err(ProfileError::FixedTile { kernel, parameter, value }.into());
        }
        changed.push(format!("{}={value}", parameter.name));
    }
    Ok((values, changed.join(",")))
}

/// Refuses options of the other kind of subject.
fn refuse(options: &[(&'static str, bool)], is_block: bool) -> Result<(), ProfileError> {
    match options.iter().find(|(_, is_given)| *is_given) {
        Some(&(option, _)) => Err(ProfileError::Misplaced { option, is_block }),
        None => Ok(()),
    }
}

/// A kernel with the arguments of the shape or the case that was asked for, and what that is.
fn prepare(
    launches: &CaseLaunches,
    device: &Device,
    arguments: &Arguments,
) -> Result<(String, Launchable), ProfileError> {
    if let Some(shape) = &arguments.shape {
        return Ok((shape.to_string(), launches.prepare(device, shape, 1)?));
    }
    let (case, cases) = (arguments.case.unwrap_or(1), launches.cases());
    let launchable = launches.prepare_case(device, case).map_err(|error| match error {
        LaunchError::NoCase { given, .. } => {
            let cases = cases.iter().zip(1..).map(|(case, number)| format!("  {number}: {case}")).collect();
            ProfileError::NoCase { kernel: launches.kernel.name, given, cases }
        }
        LaunchError::Device(error) => error.into(),
    })?;
    Ok((format!("case {case} of {}: {}", cases.len(), cases[case - 1]), launchable))
}

/// Runs a step of a layer.
fn block(arguments: &Arguments) -> Result<(String, Vec<Node>), ProfileError> {
    let options = [
        ("--case", arguments.case.is_some()),
        ("--shape", arguments.shape.is_some()),
        ("--tile", !arguments.tile.is_empty()),
    ];
    refuse(&options, true)?;
    let config = arguments.config.as_deref().and_then(Config::opt_preset).unwrap_or_else(Config::small);
    let (tokens, past) = (arguments.tokens.unwrap_or(1) as usize, arguments.past.unwrap_or(128) as usize);
    let room = past + tokens;
    Block::<f32>::check(&config, room)?;
    let weights = LayerWeights::generate(&config, &config.name, SEED, &|_| ());
    let inputs = BlockInputs::generate(&config, &config.name, SEED, past, tokens);
    let device = Device::open("emu")?;
    let mut layer = Block::new(&device, &config, weights, room)?;
    layer.fill(&inputs)?;
    let mut step = layer.step(tokens)?;
    step.x.upload(&inputs.x)?;
    let exec = step.graph.instantiate()?;
    let stream = device.stream()?;
    // One by one, so that launches come in the order of the nodes.
    let (result, counted) = count_launches(|| exec.launch_eager(&stream).and_then(|()| stream.synchronize()));
    result?;
    let nodes = exec.nodes().into_iter().zip(counted);
    let nodes = nodes.map(|(node, launch)| Node::new(node.label, node.kernel, launch)).collect();
    let new = format!("{tokens} token{}", if tokens == 1 { "" } else { "s" });
    Ok((format!("block {}: {new} after {past}", config.name), nodes))
}

impl Profile {
    fn new(subject: String, nodes: Vec<Node>) -> Self {
        let busy = nodes.iter().fold(Busy::default(), |sum, node| sum.plus(node.bound.busy_us));
        let sequential_us = nodes.iter().map(|node| node.bound.bound_us).sum();
        Self { subject, nodes, total: busy.bound(), sequential_us, left_out: LEFT_OUT }
    }
}

impl Node {
    fn new(label: String, kernel: String, launch: CountedLaunch) -> Self {
        let CountedLaunch { grid, block, seconds, counters, .. } = launch;
        let bound = Busy::of(&counters).bound();
        Self { label, kernel, grid, block, emulator_seconds: seconds, counters, bound }
    }
}

fn subject_parser() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(catalog::KERNELS.iter().map(|definition| definition.name).chain([BLOCK]))
}
