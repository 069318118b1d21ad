//! The `greta` command: what the library offers to someone at a terminal.
//!
//! Results go to standard output; progress, notes and errors go to standard error. Exit status: 0 success, 1 failure,
//! 2 wrong usage. Deliberately knows nothing of kernels or compilers: each command is a file of its own that asks the
//! libraries and shows what they answer.

mod bench;
mod cache;
mod catalog;
mod compile;
mod doctor;
mod emit;
mod emu;
mod error;
mod kernels;
mod lower;
mod measure;
mod output;
mod profile;
mod report;
mod resource_table;
mod selection;
mod table;
mod toolchain;
mod tune;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::error::Error;

const EXAMPLES: &str = "\
Examples:
  greta doctor                              what this machine has, and what it lacks
  greta toolchain install                   get the HIP compiler; no root, no GPU needed
  greta kernels                             the kernels and what can be tuned
  greta emit rmsnorm                        the HIP C++ of a kernel
  greta compile gemm_f32 --tile BK=32       its registers, shared memory, spills and occupancy
  greta cache ls                            compiled kernels that are kept
  greta emu run softmax.json                machine code on an emulated MI300X, checked
  greta profile gemm_f32 --case 8           what it asks of an MI300X, and a bound of its time
  greta tune gemv --shape n=4096,k=4096     the fastest variant on this device, kept for programs
  greta bench block                         a Llama layer's times beside the device's ceilings

Environment:
  GRETA_DEVICE           the device that programs open: hip, cuda, emu, cpu, or cpu:TARGET such as cpu:sm_90
  GRETA_SANITIZE         1: cpu reports races, undefined memory, misaligned views, shifts out of range
  GRETA_LOOP_LIMIT       iterations after which cpu reports a loop as endless
  GRETA_CACHE_DIR        folder of compiled kernels
  GRETA_CACHE_LIMIT      its bound, such as 512M (default 1G)
  GRETA_TOOLCHAIN_DIR    folder of the HIP compiler
  GRETA_TUNING_DIR       folder of the tuning database
  NO_COLOR               no colours

Exit status: 0 success, 1 failure, 2 wrong usage.";

/// Write GPU kernels in Rust: read the HIP C++ they become, compile it, and see what it costs.
#[derive(Debug, Parser)]
#[command(name = "greta", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    /// Tell on standard error what is being done
    #[arg(short, long, global = true, display_order = 100)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::Arguments),
    Toolchain(toolchain::Arguments),
    Kernels(kernels::Arguments),
    Emit(emit::Arguments),
    Compile(compile::Arguments),
    Cache(cache::Arguments),
    Emu(emu::Arguments),
    Profile(profile::Arguments),
    Tune(tune::Arguments),
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    show_log(cli.verbose);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough: `greta emit … | head`.
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            report::show(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Toolchain(arguments) => toolchain::run(&arguments),
        Command::Kernels(arguments) => kernels::run(&arguments),
        Command::Emit(arguments) => emit::run(&arguments),
        Command::Compile(arguments) => compile::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Emu(arguments) => emu::run(&arguments),
        Command::Profile(arguments) => profile::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    }
}

/// Shows what the libraries log: warnings, or more on request.
fn show_log(verbose: bool) {
    let level = if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
