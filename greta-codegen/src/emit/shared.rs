//! Shared memory that the source cannot declare: where each array lies in what the launch gives instead.
//!
//! NVIDIA's compilers take 48 KiB of declared shared memory; a kernel that uses more gets all of it in one piece. The
//! dynamic array is the last of that piece.

use std::collections::BTreeMap;

use crate::ir::{Kernel, VarId};
use crate::target::Target;
use crate::verify::{DynamicShared, SHARED_ALIGNMENT, shared_array_bytes, shared_arrays};

/// The name of the piece in the source.
pub(super) const MEMORY: &str = "shared_memory";
/// Alignment of every array in the piece, in bytes.
const ALIGNMENT: u32 = SHARED_ALIGNMENT;
/// Alignment at which the hardware's swizzles of shared memory begin, in bytes.
const SWIZZLE_ALIGNMENT: u32 = 1024;

/// Alignment of the piece, in bytes: of a kernel with statements of its author's, which may name what reads swizzled rows,
/// that of swizzles.
pub(super) fn piece_alignment(kernel: &Kernel) -> u32 {
    if kernel.functions.iter().any(|function| function.foreign.is_some()) { SWIZZLE_ALIGNMENT } else { ALIGNMENT }
}

/// Where the shared arrays lie in the memory that the launch gives; empty where the source declares them.
#[derive(Debug, Default)]
pub(super) struct LaunchShared {
    /// How much the launch gives, without the dynamic array.
    pub(super) bytes: u32,
    /// Byte offsets.
    pub(super) offsets: BTreeMap<VarId, u32>,
}

impl LaunchShared {
    pub(super) fn of(kernel: &Kernel, target: &Target) -> Self {
        let arrays: Vec<(VarId, u32)> = shared_arrays(kernel)
            .into_iter()
            .map(|array| (array, u32::try_from(shared_array_bytes(kernel, array)).unwrap_or(u32::MAX)))
            .collect();
        let declared = arrays.iter().fold(0_u32, |sum, (_, bytes)| sum.saturating_add(*bytes));
        let mut shared = Self::default();
        if declared > target.static_shared_bytes_max {
            for (array, bytes) in arrays {
                shared.offsets.insert(array, shared.bytes);
                shared.bytes = shared.bytes.saturating_add(bytes.next_multiple_of(ALIGNMENT));
            }
        }
        if let Some(dynamic) = DynamicShared::of(kernel, target) {
            shared.offsets.insert(dynamic.array, shared.bytes);
        }
        shared
    }
}
