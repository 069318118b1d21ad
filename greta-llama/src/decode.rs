//! How the kernels of a decode step are launched on a device: tile parameters, blocks, splits.
//!
//! Where a device copies asynchronously, the kernels that begin with a norm, those of the large matrices, hold weights on
//! their way in registers, a group of rows to a wave: blocks come as others go, so that no compute unit waits for slower
//! ones. The others have too few rows for that: a block of many waves stays on each compute unit with queues in shared
//! memory, and its waves take group after group. Elsewhere each wave takes one group.

use greta::Device;
use greta::codegen::target::Target;
use greta::runtime::launch::Variant;

use crate::kernels::attention_decode::attention_decode;
use crate::step::tile;

/// Keys that a block of decode attention takes at most, where blocks come and go.
pub(crate) const KEYS_PER_SPLIT: u32 = 256;
/// Rows of a group, where a device copies asynchronously.
pub(crate) const ROWS: u32 = 2;

/// Waves of a block that holds weights in registers: two such blocks fill them.
const WAVES_IN_REGISTERS: u32 = 8;
/// Loads of each of a wave's rows that are under way there.
const DEPTH_IN_REGISTERS: u32 = 8;
/// Waves of a block that stays.
const WAVES: u32 = 16;

/// What weights of a block are under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    /// Loads of each row that are under way.
    pub(crate) depth: u32,
    /// Waves of a block.
    pub(crate) waves: u32,
}

/// The variant of a kernel that begins with a norm, and its blocks. `hold` makes the variant that holds weights in
/// registers, for devices where copies are asynchronous; `groups` says how many groups of rows a variant has.
pub(crate) fn normed_shape<V: Variant>(
    device: &Device,
    variant: V,
    hold: impl FnOnce(Tile) -> V,
    groups: impl FnOnce(&V) -> u32,
) -> (V, u32) {
    let variant = match device.target().copy_async {
        true => hold(Tile { depth: DEPTH_IN_REGISTERS, waves: WAVES_IN_REGISTERS }),
        false => variant,
    };
    let blocks = groups(&variant).div_ceil(tile(&variant, "WAVES")).max(1);
    (variant, blocks)
}

/// The variant of another kernel that takes rows of so many columns, and its blocks. `stay` makes the variant whose blocks
/// stay, for devices where copies are asynchronous and shared memory has room for the queues beside the vector.
pub(crate) fn shape<V: Variant>(
    device: &Device,
    columns: u32,
    variant: V,
    stay: impl FnOnce(Tile) -> V,
    groups: impl FnOnce(&V) -> u32,
) -> (V, u32) {
    let (variant, most) = match opt_depth(device.target(), columns) {
        Some(depth) => (stay(Tile { depth, waves: WAVES }), device.info().compute_units.max(1)),
        None => (variant, u32::MAX),
    };
    let blocks = groups(&variant).div_ceil(tile(&variant, "WAVES")).clamp(1, most);
    (variant, blocks)
}

/// Slots of a wave's queue: the most for which all queues fit into shared memory, beside the vector.
fn opt_depth(target: &Target, columns: u32) -> Option<u32> {
    let vector = columns.checked_next_multiple_of(512)?.checked_mul(4)?;
    let room = target.shared_bytes_max.checked_sub(vector)?;
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
