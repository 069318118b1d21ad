//! The kernels that the command knows by name.

use greta_codegen::definition::KernelDefinition;
pub(crate) use greta_llama::KERNELS;

/// The kernel of a name.
pub(crate) fn opt_kernel(name: &str) -> Option<&'static KernelDefinition> {
    KERNELS.iter().copied().find(|definition| definition.name == name)
}
