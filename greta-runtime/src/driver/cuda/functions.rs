//! What a compiled kernel takes of a multiprocessor.
//!
//! Guarantees: handles are of this device. Deliberately does not launch.

use cudarc::driver::sys::{self, CUdevice_attribute, CUfunction, CUfunction_attribute};

use super::api::{CudaApi, call, check};
use crate::driver::gpu::api::Shape;
use crate::error::{Activity, Result};

/// Shared memory of a multiprocessor that runs a kernel whose blocks need no more, as many as fit.
const SMALL_SHARE_BYTES: u32 = 64 << 10;
/// No share in particular.
const DRIVERS_CHOICE: i32 = -1;
/// What the driver adds to a block's shared memory.
const RESERVED_BYTES: u32 = 1 << 10;

impl CudaApi {
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn function_attribute(
        &self,
        function: CUfunction,
        attribute: CUfunction_attribute,
        kernel: &str,
    ) -> Result<u32> {
        self.enter()?;
        let mut value = 0;
        // SAFETY: as the caller's contract says; `value` is written during the call only.
        unsafe {
            let activity = || Activity::Load { kernel: kernel.to_owned() };
            call!(cuFuncGetAttribute(&raw mut value, attribute, function), activity())?;
        }
        Ok(u32::try_from(value).unwrap_or(0))
    }

    /// Blocks of a kernel that a multiprocessor can hold.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn occupancy(
        &self,
        function: CUfunction,
        threads: u32,
        shared_bytes: u32,
        kernel: &str,
    ) -> Result<u32> {
        self.enter()?;
        let mut blocks = 0;
        let threads = i32::try_from(threads).unwrap_or(i32::MAX);
        // SAFETY: as the caller's contract says; `blocks` is written during the call only.
        unsafe {
            let activity = || Activity::Load { kernel: kernel.to_owned() };
            let shared = shared_bytes as usize;
            call!(cuOccupancyMaxActiveBlocksPerMultiprocessor(&raw mut blocks, function, threads, shared), activity())?;
        }
        Ok(u32::try_from(blocks).unwrap_or(0))
    }

    /// Allows a kernel's blocks as much shared memory, and says how a multiprocessor that runs them divides its memory
    /// between that and the cache.
    ///
    /// Left to itself the driver gives kernels of small blocks as little as they need, and a kernel that may have large ones
    /// as much as there is, which leaves little of the cache that loads go through. A multiprocessor is divided anew when
    /// nothing runs on it, so a kernel cannot start beside one of another division. All small ones have the same: of a
    /// layer's 138 µs in bf16, that takes 2 off.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn divide_memory(&self, function: CUfunction, shape: Shape, kernel: &str) -> Result<()> {
        use CUfunction_attribute::{
            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
            CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
        };
        self.enter()?;
        // SAFETY: as the caller's contract says.
        let set = |attribute, value| unsafe {
            call!(cuFuncSetAttribute(function, attribute, value), Activity::Load { kernel: kernel.to_owned() })
        };
        if shape.shared_bytes > 0 {
            let bytes = i32::try_from(shape.shared_bytes).unwrap_or(i32::MAX);
            set(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes)?;
        }
        // SAFETY: as the caller's contract says.
        let declared = unsafe { self.function_attribute(function, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, kernel) }?;
        // SAFETY: as above.
        let blocks = unsafe { self.occupancy(function, shape.block.iter().product(), shape.shared_bytes, kernel) }?;
        let block_bytes = declared + shape.shared_bytes;
        let is_small = blocks.saturating_mul(block_bytes + RESERVED_BYTES) <= SMALL_SHARE_BYTES;
        let percent = if block_bytes > 0 && is_small { self.small_share_percent(kernel)? } else { DRIVERS_CHOICE };
        set(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, percent)
    }

    /// [`SMALL_SHARE_BYTES`] of what a multiprocessor can have.
    fn small_share_percent(&self, kernel: &str) -> Result<i32> {
        let attribute = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR;
        let mut most = 0;
        // SAFETY: the device is known; `most` is written during the call only.
        unsafe {
            let activity = || Activity::Load { kernel: kernel.to_owned() };
            call!(cuDeviceGetAttribute(&raw mut most, attribute, self.device()), activity())?;
        }
        Ok((100 * SMALL_SHARE_BYTES.cast_signed()).checked_div(most).unwrap_or(100).min(100))
    }
}
