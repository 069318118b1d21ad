//! Checks what concerns the kernel as a whole: block size, shared memory, sizes, constants.
//!
//! Knows the target. Does not look into expressions beyond their compile-time value.

use super::{Findings, display_name};
use crate::diagnostic::DiagnosticKind;
use crate::ir::{Block, Extent, Kernel, Location, StmtKind, VarId, VarKind};
use crate::reserved;
use crate::target::Target;

/// Alignment of shared arrays that a launch gives memory for, in bytes: that of the widest access.
pub(crate) const SHARED_ALIGNMENT: u32 = 16;

/// Checks the whole kernel against its target.
pub(super) fn check(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    if reserved::is_reserved(&kernel.name) {
        findings.add(kernel.location, DiagnosticKind::KernelName { name: format!("`{}`", kernel.name) });
    }
    check_constants(kernel, findings);
    check_block(kernel, target, findings);
    check_min_blocks(kernel, target, findings);
    check_shared_memory(kernel, target, findings);
    check_dynamic_shared(kernel, findings);
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

fn check_min_blocks(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    let Some(blocks) = &kernel.min_blocks else { return };
    check_extent(kernel, blocks, kernel.location, findings);
    let threads = kernel.block.iter().fold(1_u32, |product, extent| product.saturating_mul(extent.value));
    let shared_bytes = u32::try_from(shared_bytes(kernel)).unwrap_or(u32::MAX);
    let limit = target.compute_unit_blocks(threads, shared_bytes);
    // A block of which a compute unit holds none is refused as such.
    if limit > 0 && !(1..=limit).contains(&blocks.value) {
        let (given, target) = (blocks.value, target.name);
        findings.add(kernel.location, DiagnosticKind::MinBlocks { given, limit, threads, shared_bytes, target });
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

fn check_dynamic_shared(kernel: &Kernel, findings: &mut Findings) {
    let dynamic = declared(kernel, |kind| *kind == VarKind::DynamicShared);
    if let [first, second, ..] = dynamic.as_slice() {
        let [first, name] = [first, second].map(|&array| display_name(kernel.var(array)));
        findings.add(kernel.var(*second).location, DiagnosticKind::DynamicShared { name, first });
    }
}

/// Bytes of all shared arrays of known length that the kernel and its device functions declare.
#[must_use]
pub fn shared_bytes(kernel: &Kernel) -> u64 {
    let bytes = shared_arrays(kernel).into_iter().map(|array| shared_array_bytes(kernel, array));
    bytes.fold(0, u64::saturating_add)
}

/// Bytes of a shared array.
pub(crate) fn shared_array_bytes(kernel: &Kernel, array: VarId) -> u64 {
    let var = kernel.var(array);
    let extents = var.kind.opt_extents().unwrap_or_default();
    extents.iter().fold(u64::from(var.ty.bytes()), |bytes, extent| bytes.saturating_mul(extent.value.into()))
}

/// The dynamic shared array of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicShared {
    /// The array.
    pub array: VarId,
    /// Bytes of an element.
    pub element_bytes: u32,
    /// Elements that the other shared arrays leave it.
    pub elements_max: u32,
}

impl DynamicShared {
    /// The dynamic shared array of a verified kernel, if it declares one.
    #[must_use]
    pub fn of(kernel: &Kernel, target: &Target) -> Option<Self> {
        let array = *declared(kernel, |kind| *kind == VarKind::DynamicShared).first()?;
        let element_bytes = kernel.var(array).ty.bytes();
        // Each array may begin at the next multiple of the widest access.
        let sizes = shared_arrays(kernel).into_iter().map(|array| shared_array_bytes(kernel, array));
        let taken =
            sizes.fold(0, |sum: u64, bytes| sum.saturating_add(bytes.next_multiple_of(SHARED_ALIGNMENT.into())));
        let left = target.shared_bytes_max.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
        Some(Self { array, element_bytes, elements_max: left / element_bytes })
    }
}

/// The shared arrays of known length that the kernel and its device functions declare.
pub(crate) fn shared_arrays(kernel: &Kernel) -> Vec<VarId> {
    declared(kernel, |kind| matches!(kind, VarKind::Shared(_)))
}

fn declared(kernel: &Kernel, wanted: impl Fn(&VarKind) -> bool) -> Vec<VarId> {
    let mut arrays = Vec::new();
    let bodies: Vec<&Block> = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]).collect();
    for stmt in bodies.into_iter().flatten() {
        stmt.walk(&mut |stmt| match stmt.kind {
            StmtKind::Declare(var) if wanted(&kernel.var(var).kind) => arrays.push(var),
            _ => {}
        });
    }
    arrays
}
