//! How many blocks a compute unit holds, and which block size fills it best.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::hipFunction_t;

use crate::device::COMPUTE_UNITS;
use crate::errors::hipErrorInvalidValue;
use crate::occupancy::{best_block, blocks};
use crate::status::{Outcome, hip};

use super::modules::function;
use super::put;

fn resident(of: *const c_void, threads: c_int, dynamic_shared_bytes: usize) -> Outcome<c_int> {
    let threads = u32::try_from(threads).map_err(|_| hipErrorInvalidValue)?;
    Ok(blocks(&*function(of)?, threads, dynamic_shared_bytes as u64) as c_int)
}

/// The best block size, and the smallest grid that fills the device with such blocks.
fn best(of: *const c_void, dynamic_shared_bytes: usize, limit: c_int) -> Outcome<(c_int, c_int)> {
    let limit = u32::try_from(limit).map_err(|_| hipErrorInvalidValue)?;
    let (threads, resident) = best_block(&*function(of)?, dynamic_shared_bytes as u64, limit);
    Ok((threads as c_int, (u64::from(resident) * COMPUTE_UNITS) as c_int))
}

hip! {
    /// Blocks that a compute unit holds.
    fn hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(
        count: *mut c_int,
        of: hipFunction_t,
        threads: c_int,
        dynamic_shared_bytes: usize,
    ) {
        put(count, resident(of.cast_const().cast(), threads, dynamic_shared_bytes)?)
    }

    /// Blocks that a compute unit holds; `flags` is 0 or 1.
    fn hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        count: *mut c_int,
        of: hipFunction_t,
        threads: c_int,
        dynamic_shared_bytes: usize,
        flags: c_uint,
    ) {
        if flags > 1 {
            return Err(hipErrorInvalidValue.into());
        }
        put(count, resident(of.cast_const().cast(), threads, dynamic_shared_bytes)?)
    }

    /// Blocks that a compute unit holds, of a kernel of a program of hipcc.
    fn hipOccupancyMaxActiveBlocksPerMultiprocessor(
        count: *mut c_int,
        of: *const c_void,
        threads: c_int,
        dynamic_shared_bytes: usize,
    ) {
        put(count, resident(of, threads, dynamic_shared_bytes)?)
    }

    /// Blocks that a compute unit holds, of a kernel of a program of hipcc; `flags` is 0 or 1.
    fn hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        count: *mut c_int,
        of: *const c_void,
        threads: c_int,
        dynamic_shared_bytes: usize,
        flags: c_uint,
    ) {
        if flags > 1 {
            return Err(hipErrorInvalidValue.into());
        }
        put(count, resident(of, threads, dynamic_shared_bytes)?)
    }

    /// The block size that fills a compute unit best, and a grid that fills the device.
    fn hipModuleOccupancyMaxPotentialBlockSize(
        grid: *mut c_int,
        block: *mut c_int,
        of: hipFunction_t,
        dynamic_shared_bytes: usize,
        limit: c_int,
    ) {
        let (threads, blocks) = best(of.cast_const().cast(), dynamic_shared_bytes, limit)?;
        put(grid, blocks)?;
        put(block, threads)
    }

    /// As above; `flags` is 0 or 1.
    fn hipModuleOccupancyMaxPotentialBlockSizeWithFlags(
        grid: *mut c_int,
        block: *mut c_int,
        of: hipFunction_t,
        dynamic_shared_bytes: usize,
        limit: c_int,
        flags: c_uint,
    ) {
        if flags > 1 {
            return Err(hipErrorInvalidValue.into());
        }
        let (threads, blocks) = best(of.cast_const().cast(), dynamic_shared_bytes, limit)?;
        put(grid, blocks)?;
        put(block, threads)
    }

    /// As above, of a kernel of a program of hipcc.
    fn hipOccupancyMaxPotentialBlockSize(
        grid: *mut c_int,
        block: *mut c_int,
        of: *const c_void,
        dynamic_shared_bytes: usize,
        limit: c_int,
    ) {
        let (threads, blocks) = best(of, dynamic_shared_bytes, limit)?;
        put(grid, blocks)?;
        put(block, threads)
    }
}
