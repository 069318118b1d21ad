//! From a kernel's definition to verified IR: trace, passes, verifier. The one way in which kernels are made.

use crate::definition::{KernelDefinition, VariantError};
use crate::diagnostic::Diagnostic;
use crate::ir::Literal;
use crate::passes;
use crate::target::Target;
use crate::verify::{OtherScalars, Verified};

/// Why a variant of a kernel cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LowerError {
    /// The tile parameters make no variant: the caller's to mend.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// The kernel is wrong: its author's to mend.
    #[error("kernel {kernel} is not valid for {target}:{}", list(diagnostics))]
    Invalid {
        /// The kernel.
        kernel: &'static str,
        /// The target.
        target: &'static str,
        /// What is wrong, in the order in which it was found; never empty.
        diagnostics: Vec<Diagnostic>,
    },
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("\n  {diagnostic}")).collect()
}

/// Traces a kernel for one value per tile parameter, rewrites it to what is written and run, and verifies it.
///
/// # Errors
///
/// Values that make no variant, or what is wrong with the kernel.
pub fn lower(
    definition: &'static KernelDefinition,
    values: &[u32],
    target: &'static Target,
) -> Result<Verified, LowerError> {
    definition.check(values)?;
    let invalid = |diagnostics| LowerError::Invalid { kernel: definition.name, target: target.name, diagnostics };
    let traced = (definition.trace)(values, target).map_err(invalid)?;
    passes::lower(traced, target).map_err(invalid)
}

/// As [`lower`], for launches that give the kernel's scalars these values, in order of declaration and a struct's one by
/// one: they are written as constants, so that the compiler computes what follows from them. None leaves the kernel as
/// it is, for any values.
///
/// # Errors
///
/// As for [`lower`], and values that are not the kernel's in number or type.
pub fn lower_specialized(
    definition: &'static KernelDefinition,
    values: &[u32],
    scalars: &[Literal],
    target: &'static Target,
) -> Result<Verified, LowerError> {
    let lowered = lower(definition, values, target)?;
    let (kernel, location) = (definition.name, definition.location);
    let refused = |OtherScalars { given, expected }| VariantError::Scalars { kernel, location, given, expected };
    Ok(if scalars.is_empty() { lowered } else { lowered.specialized(scalars).map_err(refused)? })
}
