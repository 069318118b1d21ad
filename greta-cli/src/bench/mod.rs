//! `greta bench`: times of a layer, of products and of single kernels, beside what the device reaches at most and beside
//! what others take.
//!
//! Guarantees: ceilings and rows are of one run. Deliberately judges nothing: a row is a time and its part of a ceiling.

mod block;
pub(crate) mod ceilings;
mod join;
mod kernels;
mod library;
mod overhead;
mod show;

use std::path::PathBuf;
use std::time::SystemTime;

use greta_llama::BlockError;
use greta_llama::case_launch::PrepareError;
use greta_llama::launchable::Work;
use serde::{Deserialize, Serialize};

use self::ceilings::{Ceiling, Ceilings, opt_library};
use self::overhead::Overhead;
use crate::error::Error;
use crate::measure::{Clock, Times};
use crate::tune::{open, rate, unit};

/// Batches of launches whose host time is taken.
const OVERHEAD_BATCHES: usize = 25;

const EXAMPLES: &str = "\
block    a decoder layer of Llama-2-7B: its part of decode steps through six layers, at several fills of the cache, and
         prefill; all as graph replays
gemm     products of square matrices
kernels  the kernels that a layer consists of, as nodes of a graph

Ceilings come first: memory copied and read by the plainest kernels, and products by cuBLAS where it is there. A row's
CEILING is the part of that rate which it reaches. On cpu and emu sizes are small (--quick), and times are those of the
program that stands in for the device.

Examples:
  greta bench
  greta bench block --device cuda --json > before.json
  greta bench block --compare before.json
  python3 bench/peers.py > peers.json; greta bench --peers peers.json --md
  greta bench --run before.json --peers peers.json --md";

/// Time a layer, products and kernels, beside the device's ceilings and others' times
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to time [default: all of them]
    section: Option<Section>,
    /// Where to run [default: what GRETA_DEVICE names, or the best of the machine]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Small sizes and few repeats, to see that everything runs
    #[arg(long)]
    quick: bool,
    /// Show an earlier run, written with --json, and time nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["section", "device", "quick", "json"])]
    run: Option<PathBuf>,
    /// Add a column with the times of an earlier run, written with --json
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Add columns with the times of others, written by bench/peers.py
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// Write JSON: an object
    #[arg(long, conflicts_with = "md")]
    json: bool,
    /// Write tables in Markdown
    #[arg(long)]
    md: bool,
}

/// A group of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Section {
    /// A decoder layer of Llama-2-7B
    Block,
    /// Products of matrices
    Gemm,
    /// Single kernels
    Kernels,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The layer could not be run.
    #[error("the layer did not run: {0}")]
    Block(#[from] BlockError),
    /// A kernel could not be launched.
    #[error(transparent)]
    Launch(#[from] PrepareError),
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] greta_runtime::Error),
    /// The driver's own calls failed.
    #[error("the driver's own calls: {0}")]
    Raw(#[from] cudarc::driver::DriverError),
    /// A file of times is none. Whoever wrote it has to mend it.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl BenchError {
    /// Whether the kernel is the reason, not the device.
    fn is_of_kernel(&self) -> bool {
        let (Self::Block(BlockError::Device(error)) | Self::Launch(PrepareError::Device(error)) | Self::Device(error)) =
            self
        else {
            return false;
        };
        matches!(error, greta_runtime::Error::Invalid(_) | greta_runtime::Error::Compile(_))
    }
}

/// Everything that a run found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) device: String,
    pub(crate) kind: String,
    /// When it was run, in UTC.
    pub(crate) date: String,
    pub(crate) compiler: String,
    pub(crate) quick: bool,
    pub(crate) ceilings: Vec<Ceiling>,
    pub(crate) rows: Vec<Row>,
    /// Rows that the device has no kernel for.
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) launches: Vec<Overhead>,
}

/// A row that there is no time of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// The rows of a section, and those that there are none of.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    left_out: Vec<LeftOut>,
}

impl Rows {
    /// Adds a row. A kernel that is not made for the device, or does not compile for it, leaves its row out.
    fn add(&mut self, name: &str, row: Result<Row, BenchError>) -> Result<(), BenchError> {
        match row {
            Ok(row) => self.rows.push(row),
            Err(error) if error.is_of_kernel() => {
                self.left_out.push(LeftOut { name: name.to_owned(), reason: error.to_string() });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What was timed, and how long it takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) section: Section,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) times: Times,
    /// Of the work that it must do at the least.
    pub(crate) rate: f64,
    pub(crate) unit: String,
    /// The part of the ceiling that it reaches.
    pub(crate) ceiling: Option<f64>,
    /// Whether a variant of the tuning database was taken.
    pub(crate) tuned: bool,
}

impl Row {
    /// A row; `opt_ceiling_us` is how long the work takes at the device's best rate.
    fn new(section: Section, name: String, times: Times, work: Work, opt_ceiling_us: Option<f64>) -> Self {
        let (rate, unit) = (rate(work, times.median_us), unit(work).to_owned());
        let ceiling = opt_ceiling_us.map(|best_us| best_us / times.median_us);
        Self { section, name, times, rate, unit, ceiling, tuned: false }
    }
}

/// # Errors
///
/// [`Error::Bench`], [`Error::Output`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let opt_before = arguments.compare.as_deref().map(join::read_report).transpose()?;
    let opt_peers = arguments.peers.as_deref().map(join::read_peers).transpose()?;
    let report = match &arguments.run {
        Some(path) => join::read_report(path)?,
        None => measure(arguments)?,
    };
    if arguments.json {
        return crate::output::print_json(&report);
    }
    let joined = join::Joined::new(&report, opt_before.as_ref(), opt_peers.as_ref());
    show::show(&joined, arguments.md)
}

fn measure(arguments: &Arguments) -> Result<Report, BenchError> {
    let device = open(arguments.device.as_deref())?;
    let clock = Clock::new(&device)?;
    let is_quick = arguments.quick || clock.is_simulated();
    let opt_library = opt_library(&clock);
    let ceilings = Ceilings::measure(&clock, opt_library.as_ref())?;
    let is_wanted = |section| arguments.section.is_none_or(|wanted| wanted == section);
    let mut rows = Rows::default();
    if is_wanted(Section::Block) {
        block::time(&clock, &ceilings, is_quick, &mut rows)?;
    }
    if is_wanted(Section::Gemm) {
        kernels::time_products(&clock, &ceilings, opt_library.as_ref(), is_quick, &mut rows)?;
    }
    if is_wanted(Section::Kernels) {
        kernels::time_all(&clock, &ceilings, is_quick, &mut rows)?;
    }
    let Rows { rows, left_out } = rows;
    let launches = overhead::measure(&clock, if is_quick { 1 } else { OVERHEAD_BATCHES })?;
    Ok(Report {
        device: device.info().name.clone(),
        kind: device.info().kind.to_owned(),
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        compiler: device.compiler()?,
        quick: is_quick,
        ceilings: ceilings.all,
        rows,
        left_out,
        launches,
    })
}
