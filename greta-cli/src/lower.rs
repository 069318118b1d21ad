//! A variant of a kernel as verified IR and as HIP C++.

use greta_codegen::definition::KernelDefinition;
use greta_codegen::emit::{self, Emitted};
use greta_codegen::lower::LowerError;
use greta_codegen::target::Target;
use greta_codegen::verify::Verified;
use greta_runtime::compile::{SourceLocation, source_locations};
use greta_runtime::invalid_kernel::InvalidKernel;

use crate::error::Error;

/// A kernel ready to be written or compiled.
pub(crate) struct Lowered {
    verified: Verified,
    emitted: Emitted,
}

/// Traces, rewrites and verifies a variant of a kernel, and writes it as HIP C++.
///
/// # Errors
///
/// [`Error::Variant`] for values that are no variant, [`Error::Invalid`] for a kernel that is wrong.
pub(crate) fn lower(
    definition: &'static KernelDefinition,
    values: &[u32],
    target: &'static Target,
) -> Result<Lowered, Error> {
    let verified = greta_codegen::lower::lower(definition, values, target).map_err(|error| match error {
        LowerError::Variant(source) => Error::Variant { source, nearest: None },
        LowerError::Invalid { target, diagnostics, .. } => {
            Error::Invalid(Box::new(InvalidKernel::new(definition, target, diagnostics)))
        }
    })?;
    let emitted = emit::source(&verified);
    Ok(Lowered { verified, emitted })
}

impl Lowered {
    /// The HIP C++.
    pub(crate) fn source(&self) -> &str {
        &self.emitted.source
    }

    /// The IR as text.
    pub(crate) fn ir(&self) -> String {
        self.verified.kernel().to_string()
    }

    /// Where each line of the source came from, line 1 at index 0.
    pub(crate) fn line_map(&self) -> Vec<Option<SourceLocation>> {
        source_locations(&self.verified, &self.emitted)
    }
}
