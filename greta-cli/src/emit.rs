//! `greta emit`: writes the source that a kernel becomes.

use crate::error::Error;
use crate::lower::lower;
use crate::output;
use crate::selection::Selection;

const EXAMPLES: &str = "\
The source is all that is written to standard output; it compiles as it is with hipcc or hiprtc.

Examples:
  greta emit rmsnorm
  greta emit gemm_f32 --tile BM=128,BK=32 > gemm.hip
  greta emit softmax --ir";

/// Write the HIP C++ that a kernel becomes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Write the kernel's IR in place of HIP C++
    #[arg(long)]
    ir: bool,
}

/// # Errors
///
/// [`Error::Variant`] and its like for a wrong choice, [`Error::Invalid`] for a kernel that is wrong.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let values = arguments.selection.values()?;
    let lowered = lower(arguments.selection.kernel(), &values, arguments.selection.target)?;
    output::print(&if arguments.ir { lowered.ir() } else { lowered.source().to_owned() })
}
