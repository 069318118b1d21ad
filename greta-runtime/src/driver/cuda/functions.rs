//! What a compiled kernel takes of a multiprocessor.
//!
//! Guarantees: handles are of this device. Deliberately does not launch.

use cudarc::driver::sys::{self, CUdevice_attribute, CUfunction, CUfunction_attribute};

use super::api::CudaApi;
use super::calls::{call, check};
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

    /// Allows a kernel's blocks as much shared memory as a launch gives them.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn allow_shared(&self, function: CUfunction, shape: Shape, kernel: &str) -> Result<()> {
        if shape.shared_bytes == 0 {
            return Ok(());
        }
        let bytes = i32::try_from(shape.shared_bytes).unwrap_or(i32::MAX);
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        // SAFETY: as the caller's contract says.
        unsafe { self.set_attribute(function, attribute, bytes, kernel) }
    }

    /// Says how a multiprocessor that runs a kernel divides its memory between shared memory and the cache.
    ///
    /// A multiprocessor is divided anew when nothing runs on it, so a kernel cannot start beside one of another division.
    /// Left to itself the driver gives each as little shared memory as its blocks need, and one that may have large blocks
    /// as much as there is, which leaves little of the cache that loads go through. Kernels of small blocks get the same
    /// here, one step above the least: of a layer's 140 µs in bf16, that takes 2 off. A kernel that runs beside no
    /// other has nothing to gain from it: a softmax was 8 % slower with the smaller cache.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn divide_memory(&self, function: CUfunction, shape: Shape, kernel: &str) -> Result<()> {
        // SAFETY: as the caller's contract says.
        let declared = unsafe {
            self.function_attribute(function, CUfunction_attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, kernel)
        }?;
        // SAFETY: as above.
        let blocks = unsafe { self.occupancy(function, shape.block.iter().product(), shape.shared_bytes, kernel) }?;
        let block_bytes = declared + shape.shared_bytes;
        let is_small = blocks.saturating_mul(block_bytes + RESERVED_BYTES) <= SMALL_SHARE_BYTES;
        let percent = if block_bytes > 0 && is_small { self.small_share_percent(kernel)? } else { DRIVERS_CHOICE };
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
        // SAFETY: as above.
        unsafe { self.set_attribute(function, attribute, percent, kernel) }
    }

    /// # Safety
    ///
    /// The function's module is live.
    unsafe fn set_attribute(
        &self,
        function: CUfunction,
        attribute: CUfunction_attribute,
        value: i32,
        kernel: &str,
    ) -> Result<()> {
        self.enter()?;
        // SAFETY: as the caller's contract says.
        unsafe { call!(cuFuncSetAttribute(function, attribute, value), Activity::Load { kernel: kernel.to_owned() }) }
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
