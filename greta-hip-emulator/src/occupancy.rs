//! How many blocks of a kernel a compute unit holds at once: by registers, by LDS and by waves.
//!
//! gfx942: 4 SIMDs of 512 vector registers a lane, in pieces of 8, and of 8 waves at most; LDS in pieces of 512 B.

use crate::device::{COMPUTE_UNIT_WAVES_MAX, SHARED_BYTES, WAVE_LANES};
use crate::function::Function;

const SIMDS: u32 = 4;
const SIMD_REGISTERS: u32 = 512;
const REGISTERS_GRANULE: u32 = 8;
const SHARED_GRANULE: u64 = 512;

/// Blocks of `threads` threads with `dynamic_shared_bytes` of dynamic LDS that a compute unit holds; 0 where one does
/// not fit.
pub(crate) fn blocks(function: &Function, threads: u32, dynamic_shared_bytes: u64) -> u32 {
    if threads == 0 || threads > function.block_threads_max() {
        return 0;
    }
    let descriptor = &function.kernel().descriptor;
    let registers = descriptor.vgprs().next_multiple_of(REGISTERS_GRANULE);
    let waves = (SIMD_REGISTERS / registers).min(COMPUTE_UNIT_WAVES_MAX / SIMDS) * SIMDS;
    let by_waves = waves / threads.div_ceil(WAVE_LANES);
    let shared = u64::from(descriptor.shared_bytes).saturating_add(dynamic_shared_bytes);
    let by_shared = match shared.next_multiple_of(SHARED_GRANULE) {
        0 => by_waves,
        bytes => u32::try_from(SHARED_BYTES / bytes).unwrap_or(0),
    };
    by_waves.min(by_shared)
}

/// The block size that keeps a compute unit's waves busiest, and how many such blocks it holds.
pub(crate) fn best_block(function: &Function, dynamic_shared_bytes: u64, limit: u32) -> (u32, u32) {
    let most = if limit == 0 { function.block_threads_max() } else { limit.min(function.block_threads_max()) };
    let sizes = (1..=most / WAVE_LANES).map(|waves| waves * WAVE_LANES);
    let rated = sizes.map(|threads| (threads, blocks(function, threads, dynamic_shared_bytes)));
    rated.max_by_key(|(threads, blocks)| (threads * blocks, *threads)).unwrap_or((most, 0))
}
