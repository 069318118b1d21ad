//! What the waves of a workgroup see: the device's memory as it was when the launch began, and the
//! launch's own. Remembers the allocation that it found last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::{AccessError, Allocation};

#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    allocations: &'a [Arc<Allocation>],
    own: &'a Allocation,
    last: &'a Allocation,
}

/// The allocation that `address` lies in, or the one before it.
pub(super) fn find(allocations: &[Arc<Allocation>], address: u64) -> Option<&Arc<Allocation>> {
    let index = allocations.partition_point(|allocation| allocation.address() <= address);
    allocations.get(index.checked_sub(1)?)
}

impl<'a> View<'a> {
    pub(crate) fn new(allocations: &'a [Arc<Allocation>], own: &'a Allocation) -> Self {
        Self { allocations, own, last: own }
    }

    #[inline]
    fn holder(&mut self, address: u64, bytes: u64, alignment: u64) -> Result<&'a Allocation, AccessError> {
        if !address.is_multiple_of(alignment) {
            return Err(AccessError::Unaligned { address, alignment });
        }
        if self.last.offset(address, bytes).is_none() {
            self.last = self.search(address, bytes)?;
        }
        Ok(self.last)
    }

    fn search(&self, address: u64, bytes: u64) -> Result<&'a Allocation, AccessError> {
        let holds = |allocation: &&Allocation| allocation.offset(address, bytes).is_some();
        let found = Some(self.own).filter(holds);
        let found = found.or_else(|| find(self.allocations, address).map(|found| &**found).filter(holds));
        found.ok_or(AccessError::OutOfBounds { address, bytes })
    }

    #[inline]
    pub(crate) fn words(&mut self, address: u64, count: usize) -> Result<&'a [AtomicU32], AccessError> {
        let bytes = count as u64 * 4;
        let holder = self.holder(address, bytes, 4)?;
        holder.words_at(address, count).ok_or(AccessError::Unaligned { address, alignment: 4 })
    }

    #[inline]
    pub(crate) fn word(&mut self, address: u64) -> Result<&'a AtomicU32, AccessError> {
        self.words(address, 1)?.first().ok_or(AccessError::OutOfBounds { address, bytes: 4 })
    }

    pub(crate) fn double(&mut self, address: u64) -> Result<&'a AtomicU64, AccessError> {
        let holder = self.holder(address, 8, 8)?;
        let found = holder.doubles_at(address, 1).and_then(<[_]>::first);
        found.ok_or(AccessError::Unaligned { address, alignment: 8 })
    }

    pub(crate) fn half(&mut self, address: u64) -> Result<&'a AtomicU16, AccessError> {
        let holder = self.holder(address, 2, 2)?;
        holder.half_at(address).ok_or(AccessError::Unaligned { address, alignment: 2 })
    }

    pub(crate) fn byte(&mut self, address: u64) -> Result<&'a AtomicU8, AccessError> {
        self.bytes(address, 1)?.first().ok_or(AccessError::OutOfBounds { address, bytes: 1 })
    }

    /// Bytes at any address: what an access is made of that is not aligned.
    pub(crate) fn bytes(&mut self, address: u64, count: usize) -> Result<&'a [AtomicU8], AccessError> {
        let bytes = count as u64;
        let holder = self.holder(address, bytes, 1)?;
        holder.bytes_at(address, count).ok_or(AccessError::OutOfBounds { address, bytes })
    }
}
