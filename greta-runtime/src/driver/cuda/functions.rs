//! What a compiled kernel takes of a multiprocessor.
//!
//! Guarantees: handles are of this device. Deliberately does not launch.

use cudarc::driver::sys::{self, CUdevice_attribute, CUfunction, CUfunction_attribute};

use super::api::CudaApi;
use super::calls::{call, check};
use crate::driver::gpu::api::Shape;
use crate::error::{Activity, Result};

/// Shared memory of a multiprocessor that runs a kernel of small blocks.
const SMALL_SHARE_BYTES: u32 = 64 << 10;
/// No share in particular.
const DRIVERS_CHOICE: i32 = -1;

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

    /// Says how a multiprocessor that runs a kernel divides its memory between shared memory and the cache: see
    /// [`share_percent`]. A wish: that it is not granted is no error.
    ///
    /// # Safety
    ///
    /// The function's module is live.
    pub(super) unsafe fn divide_memory(&self, function: CUfunction, shape: Shape, kernel: &str) -> Result<()> {
        use CUdevice_attribute::{
            CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR as MOST,
            CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK as RESERVED,
        };
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES;
        // SAFETY: as the caller's contract says.
        let declared = unsafe { self.function_attribute(function, attribute, kernel) }?;
        // SAFETY: as above.
        let blocks = unsafe { self.occupancy(function, shape.block.iter().product(), shape.shared_bytes, kernel) }?;
        let block_bytes = declared + shape.shared_bytes;
        let (reserved, most) = (self.device_attribute(RESERVED)?, self.device_attribute(MOST)?);
        let percent = share_percent(blocks, block_bytes, reserved, most);
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
        // SAFETY: as above.
        if let Err(error) = unsafe { self.set_attribute(function, attribute, percent, kernel) } {
            tracing::warn!(%error, kernel, "a multiprocessor's memory is divided as the driver chooses");
        }
        Ok(())
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
}

/// The part of a multiprocessor's memory that is to be shared memory, for a kernel that runs beside others: so many blocks of
/// it fit at once, each of so many bytes and those that the driver adds, where a multiprocessor can have `most` of them.
///
/// A multiprocessor is divided anew when nothing runs on it, so a kernel cannot start beside one of another division. Left to
/// itself the driver gives each as little shared memory as its blocks need, and one that may have large blocks as much as
/// there is, which leaves little of the cache that loads go through. Kernels whose blocks need no more get the same 64 KiB
/// here; one without shared memory runs beside any, and one of larger blocks needs what it needs.
fn share_percent(blocks: u32, block_bytes: u32, reserved: u32, most: u32) -> i32 {
    let needed = u64::from(blocks).saturating_mul(u64::from(block_bytes) + u64::from(reserved));
    if blocks == 0 || block_bytes == 0 || most == 0 || needed > u64::from(SMALL_SHARE_BYTES) {
        return DRIVERS_CHOICE;
    }
    (100 * SMALL_SHARE_BYTES / most).min(100).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shared memory of a multiprocessor of sm_90, sm_80 and sm_89.
    const MOST: [u32; 3] = [228 << 10, 164 << 10, 100 << 10];

    #[test]
    fn kernels_of_small_blocks_get_the_same_share_of_64_kib() {
        let of = |blocks, bytes| MOST.map(|most| share_percent(blocks, bytes, 1 << 10, most));
        assert_eq!(of(2, 8320), [28, 39, 64]);
        assert_eq!(of(2, 16416), [28, 39, 64]);
        assert_eq!(of(1, 63 << 10), [28, 39, 64]);
    }

    #[test]
    fn others_get_what_the_driver_chooses() {
        for (blocks, bytes) in [(1, (63 << 10) + 1), (4, 16 << 10), (0, 1024), (16, 0), (u32::MAX, u32::MAX)] {
            assert_eq!(share_percent(blocks, bytes, 1 << 10, MOST[0]), DRIVERS_CHOICE, "{blocks} of {bytes} B");
        }
        assert_eq!(share_percent(2, 8320, 1 << 10, 0), DRIVERS_CHOICE);
    }
}
