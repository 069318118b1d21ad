//! How many blocks of a kernel a compute unit holds at once, and which block size fills it best.

use crate::device::{BLOCK_THREADS_MAX, WAVE_LANES};
use crate::function::Function;

/// Blocks of `threads` threads with `dynamic_shared_bytes` of dynamic LDS that a compute unit holds; 0 where one does
/// not fit.
pub(crate) fn blocks(function: &Function, threads: u32, dynamic_shared_bytes: u64) -> u32 {
    if threads == 0 || threads > function.block_threads_max().min(BLOCK_THREADS_MAX) {
        return 0;
    }
    let dynamic_shared_bytes = u32::try_from(dynamic_shared_bytes).unwrap_or(u32::MAX);
    function.kernel().occupancy(threads, dynamic_shared_bytes).workgroups
}

/// The block size that keeps a compute unit's waves busiest, and how many such blocks it holds.
pub(crate) fn best_block(function: &Function, dynamic_shared_bytes: u64, limit: u32) -> (u32, u32) {
    let most = if limit == 0 { function.block_threads_max() } else { limit.min(function.block_threads_max()) };
    let sizes = (1..=most / WAVE_LANES).map(|waves| waves * WAVE_LANES);
    let rated = sizes.map(|threads| (threads, blocks(function, threads, dynamic_shared_bytes)));
    rated.max_by_key(|(threads, blocks)| (threads * blocks, *threads)).unwrap_or((most, 0))
}
