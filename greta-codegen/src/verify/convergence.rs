//! Checks that barriers and matrix instructions stand where threads agree about reaching them.

use super::Findings;
use crate::ir::Kernel;
use crate::target::Target;

/// Checks every barrier and matrix instruction of the kernel.
pub(super) fn check(_kernel: &Kernel, _target: &'static Target, _findings: &mut Findings) {}
