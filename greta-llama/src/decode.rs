//! How the kernels of a decode step are launched on a device: tile parameters, blocks, splits.
//!
//! Where a device copies asynchronously, a block of many waves stays on each compute unit and its waves take group of rows
//! after group of rows; elsewhere each wave takes one group.

use greta::Device;
use greta::codegen::target::Target;
use greta::runtime::launch::Variant;

use crate::kernels::attention_decode::attention_decode;
use crate::step::tile;

/// Keys that a block of decode attention takes at most, where blocks come and go.
pub(crate) const KEYS_PER_SPLIT: u32 = 256;
/// Waves of a block that stays.
pub(crate) const WAVES: u32 = 16;
/// Rows of a group then.
pub(crate) const ROWS: u32 = 2;

/// The variant of a kernel that takes rows of so many columns, and its blocks. `stay` makes the variant whose blocks stay,
/// with queues of so many slots, for devices where copies are asynchronous and shared memory has room for the queues beside
/// the vector; `groups` says how many groups of rows a variant has.
pub(crate) fn shape<V: Variant>(
    device: &Device,
    columns: u32,
    variant: V,
    stay: impl FnOnce(u32) -> V,
    groups: impl FnOnce(&V) -> u32,
) -> (V, u32) {
    let (variant, most) = match opt_depth(device.target(), columns) {
        Some(depth) => (stay(depth), device.info().compute_units.max(1)),
        None => (variant, u32::MAX),
    };
    let blocks = groups(&variant).div_ceil(tile(&variant, "WAVES")).clamp(1, most);
    (variant, blocks)
}

/// Slots of a wave's queue: the most for which all queues fit into shared memory, beside the vector and a block's sums.
fn opt_depth(target: &Target, columns: u32) -> Option<u32> {
    // The sums of the waves, for the norm.
    const SUMS: u32 = 256;
    let vector = columns.checked_next_multiple_of(512)?.checked_mul(4)?;
    let room = target.shared_bytes_max.checked_sub(vector.checked_add(SUMS)?)?;
    let slot = WAVES * ROWS * target.wave * 16;
    [8, 4, 2, 1].into_iter().find(|depth| target.copy_async && depth * slot <= room)
}

/// The variant of decode attention, but for the width of a head.
pub(crate) fn attention_variant(device: &Device) -> attention_decode::Variant {
    let variant = attention_decode::variant();
    if device.target().copy_async { variant.waves(WAVES) } else { variant }
}

/// Blocks among which the keys of a head are split: as many as keep all compute units busy with one block each, or, where
/// blocks come and go, one for every few keys.
pub(crate) fn splits(device: &Device, heads: u32, max_seq: u32) -> u32 {
    let most = max_seq.div_ceil(KEYS_PER_SPLIT).max(1);
    match device.target().copy_async {
        true => (device.info().compute_units / heads).clamp(1, most),
        false => most,
    }
}
