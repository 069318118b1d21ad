//! `greta tune`: which variant of a kernel is the fastest for a shape, kept for programs to find.
//!
//! Guarantees: what is kept gave the reference's numbers on this device. Deliberately does not know kernels: the library's
//! table of launches says what a shape is.

mod candidates;
mod plot;
mod show;
#[cfg(test)]
mod tests;
mod trial;

use std::path::PathBuf;

use greta_llama::case_launch::{CaseLaunches, PrepareError};
use greta_llama::launchable::{Launchable, Work};
use greta_runtime::Device;
use greta_runtime::tuning::{Database, Measured, Shape, Subject, Unusable};
use indicatif::{ProgressBar, ProgressStyle};

use self::candidates::{Candidates, Excluded};
pub(crate) use self::show::{micros, percent, rate, unit};
pub(crate) use self::trial::{Effort, chain, launches_of};
use self::trial::{STEPS, Trial, opt_fastest, try_variants};
use crate::bench::ceilings::{Ceilings, opt_operands};
use crate::error::Error;
use crate::measure::{Clock, is_simulated};
use crate::output;
use crate::selection::Choice;

/// What a kernel that memory binds reads and writes is there so often that it does not fit in a cache together.
const COLD_BYTES: f64 = (256 << 20) as f64;
/// Fewer bytes are in a cache in any program.
const ALWAYS_CACHED_BYTES: f64 = (1 << 20) as f64;

const EXAMPLES: &str = "\
Every choice of tile parameters is compiled, launched and compared with the reference; those that are right are timed by
the device's events, in turn, as graphs; the fastest are timed again and more often. The winner is kept in the tuning
database for the bucket of the shape (each size rounded up to a power of two), and Device::tuned finds it there.
On cpu and emu times are those of the program that stands in for the device, and say nothing of a GPU.

Columns:
  VARIANT     tile parameters that differ from the default
  TIME        median of a launch; SPREAD: half of the range of the times
  RATE        of the work that any kernel of this shape must do
  CEILING     its part of what the device reaches at most: memory read, or the product of the device's library
  REGISTERS   a lane; SHARED: bytes a block; OCCUPANCY: waves that a SIMD unit or scheduler can hold

Examples:
  greta tune gemm_f32 --shape m=512,n=512,k=512
  greta tune gemv_add --shape n=4096,k=4096 --shape n=4096,k=11008 --device cuda --svg landscape.svg
  greta tune gemm_bf16 --shape m=4096,n=4096,k=4096 --tile BK=32 --json";

/// Find the fastest variant of a kernel for a shape, and keep it for programs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// The sizes that the kernel is launched with; may be given several times
    #[arg(long, value_name = "NAME=SIZE,..", required = true)]
    shape: Vec<Shape>,
    /// Where to run [default: what GRETA_DEVICE names, or the best of the machine]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Write a plot of the times of all variants; of several shapes, the first one's
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Show the result, but keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Write JSON: an array with an object for each shape
    #[arg(long)]
    json: bool,
}

/// Why nothing was tuned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TuneError {
    /// The shape is none of the kernel's.
    #[error(transparent)]
    Shape(#[from] PrepareError),
    /// No variant was right. Each has been reported.
    #[error("{kernel} with {shape}: none of {count} variants gave the reference's numbers; nothing is kept")]
    NoneSound {
        /// The kernel.
        kernel: &'static str,
        /// The shape.
        shape: String,
        /// Variants that were tried.
        count: usize,
    },
    /// The winner cannot be kept.
    #[error("the tuning database: {0}")]
    Database(#[from] Unusable),
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] greta_runtime::Error),
}

/// What was found for a shape.
pub(crate) struct Tuning {
    kernel: &'static greta_codegen::definition::KernelDefinition,
    device: greta_runtime::DeviceInfo,
    shape: Shape,
    work: Work,
    /// The variant that is launched where no other is known.
    default: Vec<u32>,
    choices: usize,
    excluded: Vec<Excluded>,
    trials: Vec<Trial>,
    /// How long the work takes at the device's best rate.
    opt_ceiling_us: Option<f64>,
    /// Where the winner is kept.
    opt_entry: Option<PathBuf>,
}

/// # Errors
///
/// [`Error::Tune`], [`Error::File`], [`Error::Output`]; tile parameters that are wrong.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let kernel = arguments.choice.kernel;
    let given = arguments.choice.given()?;
    let launches = CaseLaunches::opt_of(kernel.name).expect("invariant: every kernel of the library has launches");
    let device = open(arguments.device.as_deref()).map_err(TuneError::Device)?;
    let clock = Clock::new(&device).map_err(TuneError::Device)?;
    let ceilings = Ceilings::of_gpu(&clock).map_err(TuneError::Device)?;
    let mut tunings = Vec::new();
    for shape in &arguments.shape {
        let mut launchable = prepare(launches, &device, shape).map_err(TuneError::Shape)?;
        let is_asked_for = |values: &[u32]| {
            let fixed = |index: usize| launchable.fixed().contains(&kernel.parameters[index].name);
            let wanted =
                |index: usize| if fixed(index) { Some(launchable.default_values()[index]) } else { given[index] };
            let is_given = |(index, value): (usize, &u32)| wanted(index).is_none_or(|wanted| wanted == *value);
            // What the winner is compared with is tried whatever was asked for.
            values == launchable.default_values() || values.iter().enumerate().all(is_given)
        };
        let candidates = Candidates::new(kernel, device.target(), is_asked_for);
        let tuning = tune(&clock, kernel, shape, &mut launchable, candidates, &ceilings)?;
        report_failures(&tuning);
        let tuning = if arguments.dry_run { tuning } else { keep(&device, &launchable, tuning)? };
        tunings.push(tuning);
    }
    if let (Some(path), Some(tuning)) = (&arguments.svg, tunings.first()) {
        plot::write(path, tuning)?;
    }
    show::show(&tunings, arguments.json)?;
    match tunings.iter().find(|tuning| opt_fastest(&tuning.trials).is_none()) {
        None => Ok(()),
        Some(tuning) => {
            let (shape, count) = (tuning.shape.to_string(), tuning.trials.len());
            Err(TuneError::NoneSound { kernel: kernel.name, shape, count }.into())
        }
    }
}

/// The device of a name, or the default one.
pub(crate) fn open(opt_name: Option<&str>) -> Result<Device, greta_runtime::Error> {
    opt_name.map_or_else(Device::open_default, Device::open)
}

/// Arguments of a shape; of a kernel that memory binds so many sets that none is found in a GPU's cache.
pub(crate) fn prepare(launches: &CaseLaunches, device: &Device, shape: &Shape) -> Result<Launchable, PrepareError> {
    let once = launches.prepare(device, shape, 1)?;
    match once.work() {
        Work::Bytes(bytes) if !is_simulated(device) && (ALWAYS_CACHED_BYTES..COLD_BYTES).contains(&bytes) => {
            drop(once);
            launches.prepare(device, shape, (COLD_BYTES / bytes).ceil() as usize)
        }
        _ => Ok(once),
    }
}

/// Tries the candidates.
fn tune(
    clock: &Clock,
    kernel: &'static greta_codegen::definition::KernelDefinition,
    shape: &Shape,
    launchable: &mut Launchable,
    candidates: Candidates,
    ceilings: &Ceilings,
) -> Result<Tuning, Error> {
    let Candidates { choices, variants, excluded } = candidates;
    let style = ProgressStyle::with_template("{spinner} {msg:9} {bar:32} {percent:>3} %, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new((variants.len() * STEPS) as u64).with_style(style);
    let trials =
        try_variants(clock, kernel, launchable, variants, Effort::of(clock), &bar).map_err(TuneError::Device)?;
    let device = clock.stream.device();
    let opt_operands = opt_operands(clock, kernel, launchable).map_err(TuneError::Device)?;
    let opt_ceiling_us = ceilings.opt_time_us(launchable.work(), opt_operands);
    Ok(Tuning {
        kernel,
        device: device.info().clone(),
        shape: shape.clone(),
        work: launchable.work(),
        default: launchable.default_values().to_vec(),
        choices,
        excluded,
        trials,
        opt_ceiling_us,
        opt_entry: None,
    })
}

/// Says on standard error which variants were not right.
fn report_failures(tuning: &Tuning) {
    for trial in &tuning.trials {
        let Some((what, why)) = trial.opt_failure() else { continue };
        let values = tuning.kernel.describe(&trial.values);
        output::note(&format!("{} with {values} {what}: {why}", tuning.kernel.name));
    }
}

/// Keeps the winner, if there is one.
fn keep(device: &Device, launchable: &Launchable, tuning: Tuning) -> Result<Tuning, TuneError> {
    let Some(winner) = opt_fastest(&tuning.trials) else { return Ok(tuning) };
    let Some(times) = winner.opt_times() else { return Ok(tuning) };
    let measured = Measured {
        values: winner.values.clone(),
        fixed: launchable.fixed().iter().map(|&name| name.to_owned()).collect(),
        time_us: times.median_us,
        default_us: tuning.opt_default_us(),
        shape: tuning.shape.to_string(),
    };
    let subject = Subject::new(device, tuning.kernel, &tuning.shape)?;
    let opt_entry = Database::open_default().put(&subject, &measured)?;
    Ok(Tuning { opt_entry, ..tuning })
}

impl Tuning {
    /// Median time of the default variant, if that was timed.
    fn opt_default_us(&self) -> Option<f64> {
        let default = self.trials.iter().find(|trial| trial.values == self.default)?;
        Some(default.opt_times()?.median_us)
    }
}
