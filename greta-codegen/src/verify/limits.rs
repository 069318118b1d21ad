//! Checks what concerns the kernel as a whole: block size, shared memory, sizes, constants.
//!
//! Knows the target. Does not look into expressions beyond their compile-time value.

use super::{Findings, display_name};
use crate::diagnostic::DiagnosticKind;
use crate::ir::{Block, Extent, Kernel, Location, StmtKind, VarId, VarKind};
use crate::reserved;
use crate::target::Target;

/// Checks the whole kernel against its target.
pub(super) fn check(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    if reserved::is_reserved(&kernel.name) {
        findings.add(kernel.location, DiagnosticKind::KernelName { name: format!("`{}`", kernel.name) });
    }
    check_constants(kernel, findings);
    check_block(kernel, target, findings);
    check_shared_memory(kernel, target, findings);
    for var in &kernel.vars {
        for extent in var.kind.opt_extents().unwrap_or_default() {
            check_extent(kernel, extent, var.location, findings);
            if extent.value == 0 {
                findings.add(var.location, DiagnosticKind::EmptyArray { name: display_name(var) });
            }
        }
    }
}

fn check_constants(kernel: &Kernel, findings: &mut Findings) {
    for constant in &kernel.constants {
        let Some(definition) = &constant.definition else { continue };
        let computed = kernel.opt_constant(definition);
        let differs = match computed {
            Some(value) => value != constant.value,
            // A float's value is the target's to compute: only its type is known here.
            None => definition.ty != constant.value.ty() || !definition.ty.scalar.is_float(),
        };
        if differs {
            let kind = DiagnosticKind::Constant { name: constant.name.clone(), given: constant.value.to_string() };
            findings.add(definition.location, kind);
        }
    }
}

fn check_block(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    for extent in &kernel.block {
        check_extent(kernel, extent, kernel.location, findings);
    }
    let given = kernel.block.iter().fold(1_u64, |product, extent| product.saturating_mul(extent.value.into()));
    if given == 0 || given > target.block_threads_max.into() {
        let kind = DiagnosticKind::BlockSize { given, limit: target.block_threads_max, target: target.name };
        findings.add(kernel.location, kind);
    }
}

fn check_extent(kernel: &Kernel, extent: &Extent, location: Location, findings: &mut Findings) {
    let computed = kernel.opt_u32(&extent.expr);
    if computed != Some(extent.value) {
        findings.add(location, DiagnosticKind::Extent { given: extent.value, computed });
    }
}

fn check_shared_memory(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    let given = shared_bytes(kernel);
    if given > target.shared_bytes_max.into() {
        let kind = DiagnosticKind::SharedMemory { given, limit: target.shared_bytes_max, target: target.name };
        let first = shared_arrays(kernel).first().map_or(kernel.location, |&array| kernel.var(array).location);
        findings.add(first, kind);
    }
}

/// Bytes of all shared arrays that the kernel and its device functions declare.
fn shared_bytes(kernel: &Kernel) -> u64 {
    let bytes = shared_arrays(kernel).into_iter().map(|array| shared_array_bytes(kernel, array));
    bytes.fold(0, u64::saturating_add)
}

/// Bytes of a shared array.
pub(crate) fn shared_array_bytes(kernel: &Kernel, array: VarId) -> u64 {
    let var = kernel.var(array);
    let extents = var.kind.opt_extents().unwrap_or_default();
    extents.iter().fold(u64::from(var.ty.bytes()), |bytes, extent| bytes.saturating_mul(extent.value.into()))
}

/// The shared arrays that the kernel and its device functions declare.
pub(crate) fn shared_arrays(kernel: &Kernel) -> Vec<VarId> {
    let mut arrays = Vec::new();
    let bodies: Vec<&Block> = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]).collect();
    for stmt in bodies.into_iter().flatten() {
        stmt.walk(&mut |stmt| match stmt.kind {
            StmtKind::Declare(var) if matches!(kernel.var(var).kind, VarKind::Shared(_)) => arrays.push(var),
            _ => {}
        });
    }
    arrays
}
