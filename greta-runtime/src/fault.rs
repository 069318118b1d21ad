//! A kernel's fault as the interpreter reports it, shown against the Rust source.
//!
//! Guarantees: the source is shown if its file can be found, and the report is complete without it. Deliberately does
//! not know what the rules are that a kernel can break.

use greta_interpreter::Report;

use crate::rust_source::SourceFiles;

/// A rule that a kernel broke while it ran on `cpu`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .report.render(|file| .sources.opt_text(file)))]
pub struct Fault {
    /// Which rule, and where.
    pub report: Report,
    sources: SourceFiles,
}

impl Fault {
    /// A report with its source, which is looked for around the crate that defines the kernel.
    pub(crate) fn new(report: Report, manifest_dir: &str) -> Self {
        let sources = SourceFiles::read(report.files(), manifest_dir);
        Self { report, sources }
    }
}
