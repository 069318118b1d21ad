//! How many blocks of a kernel its device holds at once, which those of a grid barrier need all of.
//!
//! Guarantees: the driver is asked once for each length of the dynamic shared array that follows another, so that a launch
//! reads one word. Deliberately does not know what decides the number: that is the driver's.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::driver::{Driver, DriverKernel};
use crate::error::Result;

/// The answer of last time.
#[derive(Debug)]
pub(crate) struct Resident {
    /// The length that was asked for, and below it the blocks; [`UNKNOWN`] before the first time.
    last: AtomicU64,
}

/// No device holds so many blocks.
const UNKNOWN: u64 = u64::MAX;

impl Default for Resident {
    fn default() -> Self {
        Self { last: AtomicU64::new(UNKNOWN) }
    }
}

impl Resident {
    /// Blocks of a kernel, always the same one, that its device holds at once.
    pub(crate) fn blocks(&self, driver: &dyn Driver, kernel: &DriverKernel, shared_elements: u32) -> Result<u32> {
        let last = self.last.load(Ordering::Relaxed);
        if last != UNKNOWN && last >> 32 == u64::from(shared_elements) {
            return Ok(last as u32);
        }
        let blocks = driver.resident_blocks(kernel, shared_elements)?;
        self.last.store(u64::from(shared_elements) << 32 | u64::from(blocks), Ordering::Relaxed);
        Ok(blocks)
    }
}
