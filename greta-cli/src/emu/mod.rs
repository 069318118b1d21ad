//! `greta emu run`: launches a kernel on the emulated MI300X as a sidecar says and checks what it leaves; or lists what is
//! in a code object.

mod check;
mod element;
mod launch;
mod list;
mod sidecar;

use std::path::PathBuf;

use greta_emulator::Options;

pub(crate) use self::sidecar::SidecarError;
use crate::error::Error;

const EXAMPLES: &str = "\
A sidecar is a JSON file that names an object, its data, the launch, and what must come of it. `--out` keeps every buffer
as it is after the launch, under its name, in its storage type. Exit status 1 says that the kernel faulted or that a
check failed. What a GPU does not tell is a fault too: a missing wait or wait state, a race for LDS, a barrier that a wave
leaves out; a register or LDS that was never written is a warning.

Examples:
  greta emu run softmax_f32.json
  greta emu run softmax_f32.json --out after.safetensors --json | jq .counters
  greta emu run --object softmax_f32.hsaco --list";

/// A few seconds of a wave, with checks and counters.
const BUDGET: u64 = 1 << 24;

/// Run machine code on an emulated MI300X
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Run(Run),
}

/// Launch a kernel as a sidecar says, and check what it leaves
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Run {
    /// The sidecar; its object and data lie beside it
    #[arg(required_unless_present = "object", conflicts_with = "object")]
    sidecar: Option<PathBuf>,
    /// Write all buffers, as they are after the launch, to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "object")]
    out: Option<PathBuf>,
    /// Do not look for missing waits, wait states, races and what was never written: several times as fast
    #[arg(long, conflicts_with = "object")]
    no_checks: bool,
    /// How many instructions a wave may run before the kernel counts as endless
    #[arg(long, value_name = "N", default_value_t = BUDGET, conflicts_with = "object")]
    budget: u64,
    /// A code object, or a bundle of them
    #[arg(long, value_name = "FILE", requires = "list")]
    object: Option<PathBuf>,
    /// List the object's kernels, their arguments and what they need
    #[arg(long, requires = "object")]
    list: bool,
    /// Write JSON: an object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let Command::Run(run) = &arguments.command;
    match (&run.object, &run.sidecar) {
        (Some(object), _) => list::list(object, run.json),
        (None, Some(sidecar)) => {
            let options = Options { checks: !run.no_checks, counters: true, budget: run.budget, ..Options::default() };
            launch::run(sidecar, options, run.out.as_deref(), run.json)
        }
        (None, None) => Ok(()),
    }
}
