//! From a kernel's definition to verified IR: the one way in which kernels reach a driver.
//!
//! Guarantees: the tile parameters are a variant of the kernel, and the IR has passed the verifier for the target.
//! Deliberately does not know what a driver makes of it.

use greta_codegen::definition::KernelDefinition;
use greta_codegen::diagnostic::Diagnostic;
use greta_codegen::ir::Kernel;
use greta_codegen::target::Target;
use greta_codegen::verify::{Verified, verify};

use crate::error::{Error, Result};

/// A verified kernel, as drivers take it.
#[derive(Debug)]
pub(crate) struct Code {
    verified: Verified,
}

impl Code {
    /// Traces a variant for a target, rewrites and verifies it.
    pub(crate) fn new(definition: &'static KernelDefinition, values: &[u32], target: &'static Target) -> Result<Self> {
        let expected = definition.parameters.len();
        if values.len() != expected {
            return Err(Error::VariantValues { kernel: definition.name, given: values.len(), expected });
        }
        definition.check(values)?;
        let invalid = |diagnostics: Vec<Diagnostic>| Error::Invalid {
            kernel: definition.name.to_owned(),
            target: target.name,
            diagnostics,
        };
        let traced = (definition.trace)(values, target).map_err(invalid)?;
        Ok(Self { verified: verify(traced, target).map_err(invalid)? })
    }

    /// The kernel.
    pub(crate) fn ir(&self) -> &Kernel {
        self.verified.kernel()
    }

    /// The kernel as the writers take it.
    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }
}
