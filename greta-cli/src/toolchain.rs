//! `greta toolchain`: gets the HIP compiler.

use clap::Subcommand;
use greta_runtime::toolchain::{install, progress};

use crate::error::Error;

const EXAMPLES: &str = "\
Finds ROCm's hiprtc. Where ROCm is not installed, downloads the compiler's packages (67 MB) from this machine's own
Debian or Ubuntu mirror into the user's cache: no root needed, nothing of the system is touched. An installation that
was interrupted continues where it stopped, and two at once wait for each other.

Examples:
  greta toolchain install
  GRETA_TOOLCHAIN_DIR=/opt/greta greta toolchain install";

/// Get the HIP compiler
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Find ROCm's hiprtc, or download the compiler
    #[command(after_help = EXAMPLES)]
    Install,
}

/// # Errors
///
/// [`Error::Toolchain`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    match arguments.action {
        Action::Install => install(&mut progress::to_stderr())?,
    };
    Ok(())
}
