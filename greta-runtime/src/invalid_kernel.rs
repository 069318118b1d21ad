//! A kernel that is not valid for a target, shown against the Rust source.
//!
//! Guarantees: the source is shown if its files can be found, and the message is complete without them. Deliberately does
//! not know what is wrong with a kernel: its findings say that.

use std::fmt::{Display, Formatter};

use greta_codegen::definition::KernelDefinition;
use greta_codegen::diagnostic::Diagnostic;
use greta_codegen::drawing::{Drawing, Severity};
use greta_codegen::ir::Literal;
use greta_codegen::lower::{self, LowerError};
use greta_codegen::target::Target;
use greta_codegen::verify::Verified;

use crate::rust_source::SourceFiles;

/// What is wrong with a kernel, and the source that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidKernel {
    /// The kernel.
    pub kernel: &'static str,
    /// The target.
    pub target: &'static str,
    /// What is wrong, in the order in which it was found; never empty.
    pub diagnostics: Vec<Diagnostic>,
    sources: SourceFiles,
}

impl std::error::Error for InvalidKernel {}

impl InvalidKernel {
    /// Findings with their source, which is looked for around the crate that defines the kernel.
    #[must_use]
    pub fn new(definition: &'static KernelDefinition, target: &'static str, diagnostics: Vec<Diagnostic>) -> Self {
        let files = diagnostics.iter().flat_map(Diagnostic::locations).map(|location| location.file);
        let sources = SourceFiles::read(files, definition.manifest_dir);
        Self { kernel: definition.name, target, diagnostics, sources }
    }

    /// What is wrong, one drawing each.
    pub fn drawings(&self) -> impl Iterator<Item = Drawing<'_>> {
        self.diagnostics.iter().map(|finding| finding.drawing(|file| self.sources.opt_text(file)))
    }

    /// Each finding in colour.
    pub fn reports(&self) -> impl Iterator<Item = String> {
        self.drawings().map(|drawing| drawing.report(Severity::Error))
    }
}

impl Display for InvalidKernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "kernel {} is not valid for {}", self.kernel, self.target)?;
        self.drawings().try_for_each(|drawing| write!(f, "\n\n{}", drawing.message()))
    }
}

/// Traces a kernel, rewrites and verifies it, as [`greta_codegen::lower::lower`]; what is wrong is shown in its source.
pub(crate) fn lower(
    definition: &'static KernelDefinition,
    values: &[u32],
    target: &'static Target,
) -> crate::Result<Verified> {
    lower_specialized(definition, values, &[], target)
}

/// As [`lower`], for values of the kernel's scalars: see [`greta_codegen::lower::lower_specialized`].
pub(crate) fn lower_specialized(
    definition: &'static KernelDefinition,
    values: &[u32],
    scalars: &[Literal],
    target: &'static Target,
) -> crate::Result<Verified> {
    lower::lower_specialized(definition, values, scalars, target).map_err(|error| match error {
        LowerError::Variant(error) => error.into(),
        LowerError::Invalid { target, diagnostics, .. } => {
            Box::new(InvalidKernel::new(definition, target, diagnostics)).into()
        }
    })
}
