//! A kernel's fault as the interpreter reports it, shown against the Rust source.
//!
//! Guarantees: the source is shown if its file can be found, and the report is complete without it. Deliberately does
//! not know what the rules are that a kernel can break.

use greta_interpreter::Report;

use crate::rust_source::opt_rust_source;

/// A rule that a kernel broke while it ran on `cpu`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .report.render(.text.as_deref()))]
pub struct Fault {
    /// Which rule, and where.
    pub report: Report,
    /// The text of the source file that the report names, if it was found.
    text: Option<String>,
}

impl Fault {
    /// A report with its source, which is looked for around the crate that defines the kernel.
    pub(crate) fn new(report: Report, manifest_dir: &str) -> Self {
        let text = opt_rust_source(report.location.file, manifest_dir);
        Self { report, text }
    }
}
