//! Guest memory: allocations with exact bounds, at addresses of the emulator's choosing.
//!
//! Every access is checked against the allocation that holds it; there is a gap after each, so that
//! an index past the end finds nothing. Words are read and written as relaxed atomics, since
//! workgroups on several threads share them; on the host these are plain loads and stores. Knows
//! nothing of waves.
#![allow(unsafe_code, reason = "words are handed out as atomics of a buffer that this file owns")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// The first address that is given out.
const FIRST_ADDRESS: u64 = 0x7000_0000_0000;
/// Addresses are multiples of this, and at least this much lies between two allocations.
const GAP_BYTES: u64 = 4096;

/// Bytes that an address stands for.
#[derive(Debug)]
pub(crate) struct Allocation {
    address: u64,
    bytes: u64,
    data: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the buffer is owned by the allocation, and reached only through atomics while it is shared.
unsafe impl Send for Allocation {}
// SAFETY: as above.
unsafe impl Sync for Allocation {}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: `new` got the buffer from the global allocator with this layout.
        unsafe { dealloc(self.data.as_ptr(), self.layout) }
    }
}

impl Allocation {
    /// Zeroed bytes. Nothing when no machine has so many.
    pub(crate) fn new(address: u64, bytes: u64) -> Option<Self> {
        let size = usize::try_from(bytes.max(1).checked_next_multiple_of(8)?).ok()?;
        let layout = Layout::from_size_align(size, 64).ok()?;
        // SAFETY: the layout's size is not zero.
        let data = NonNull::new(unsafe { alloc_zeroed(layout) });
        let data = data.unwrap_or_else(|| handle_alloc_error(layout));
        Some(Self { address, bytes, data, layout })
    }

    /// Where `bytes` bytes at `address` are in the buffer, if all of them are.
    #[inline]
    fn offset(&self, address: u64, bytes: u64) -> Option<usize> {
        let offset = address.wrapping_sub(self.address);
        (offset <= self.bytes && bytes <= self.bytes - offset).then_some(offset as usize)
    }

    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    fn bytes_at(&self, address: u64, bytes: u64) -> Option<&[AtomicU8]> {
        let offset = self.offset(address, bytes)?;
        // SAFETY: `offset` keeps the range inside of the buffer, which lives as long as `self`; nothing
        // but atomics of these bytes is ever handed out.
        Some(unsafe { slice::from_raw_parts(self.data.as_ptr().add(offset).cast(), bytes as usize) })
    }

    /// `count` words. `address` is a multiple of 4.
    #[inline]
    fn words_at(&self, address: u64, count: usize) -> Option<&[AtomicU32]> {
        let offset = self.offset(address, count as u64 * 4)?;
        // SAFETY: as in `bytes_at`; both the buffer and the offset are multiples of 4, since allocations
        // start at multiples of 64.
        (offset.is_multiple_of(4))
            .then(|| unsafe { slice::from_raw_parts(self.data.as_ptr().add(offset).cast(), count) })
    }

    fn double_at(&self, address: u64) -> Option<&AtomicU64> {
        let offset = self.offset(address, 8)?;
        // SAFETY: as in `words_at`, for multiples of 8.
        offset.is_multiple_of(8).then(|| unsafe { AtomicU64::from_ptr(self.data.as_ptr().add(offset).cast()) })
    }

    fn half_at(&self, address: u64) -> Option<&AtomicU16> {
        let offset = self.offset(address, 2)?;
        // SAFETY: as in `words_at`, for multiples of 2.
        offset.is_multiple_of(2).then(|| unsafe { AtomicU16::from_ptr(self.data.as_ptr().add(offset).cast()) })
    }

    /// Copies bytes in. False when they do not fit.
    pub(crate) fn write(&self, address: u64, bytes: &[u8]) -> bool {
        let Some(target) = self.bytes_at(address, bytes.len() as u64) else { return false };
        for (target, &byte) in target.iter().zip(bytes) {
            target.store(byte, Ordering::Relaxed);
        }
        true
    }
}

/// Why an access did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// No allocation holds all of the bytes. The program's index or the launch's argument is wrong.
    #[error("no allocation holds the {bytes} B at {address:#x}")]
    OutOfBounds {
        /// The first byte.
        address: u64,
        /// How many.
        bytes: u64,
    },
    /// The address is not a multiple of what the access needs.
    #[error("the address {address:#x} is not a multiple of {alignment}")]
    Unaligned {
        /// The first byte.
        address: u64,
        /// What it should be a multiple of.
        alignment: u64,
    },
}

/// All allocations of a device.
#[derive(Debug, Default)]
pub struct Memory {
    /// By address.
    allocations: Vec<Allocation>,
    next: u64,
}

impl Memory {
    /// No allocations.
    #[must_use]
    pub fn new() -> Self {
        Self { allocations: Vec::new(), next: FIRST_ADDRESS }
    }

    /// Allocates zeroed bytes and returns their address. Nothing when the machine cannot.
    pub fn allocate(&mut self, bytes: u64) -> Option<u64> {
        let address = self.next;
        let end = address.checked_add(bytes)?.checked_next_multiple_of(GAP_BYTES)?;
        self.next = end.checked_add(GAP_BYTES)?;
        self.allocations.push(Allocation::new(address, bytes)?);
        Some(address)
    }

    /// Frees the allocation that starts at `address`. False when none does.
    pub fn free(&mut self, address: u64) -> bool {
        let found = self.allocations.binary_search_by_key(&address, |allocation| allocation.address);
        found.map(|index| self.allocations.remove(index)).is_ok()
    }

    /// Copies bytes to the guest.
    ///
    /// # Errors
    /// When no allocation holds them all.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), AccessError> {
        let outside = AccessError::OutOfBounds { address, bytes: bytes.len() as u64 };
        self.find(address).filter(|allocation| allocation.write(address, bytes)).map(|_| ()).ok_or(outside)
    }

    /// Copies bytes from the guest.
    ///
    /// # Errors
    /// When no allocation holds them all.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), AccessError> {
        let outside = AccessError::OutOfBounds { address, bytes: bytes.len() as u64 };
        let source = self.find(address).and_then(|allocation| allocation.bytes_at(address, bytes.len() as u64));
        for (byte, source) in bytes.iter_mut().zip(source.ok_or(outside)?) {
            *byte = source.load(Ordering::Relaxed);
        }
        Ok(())
    }

    fn find(&self, address: u64) -> Option<&Allocation> {
        let index = self.allocations.partition_point(|allocation| allocation.address <= address);
        self.allocations.get(index.checked_sub(1)?)
    }
}

/// What the waves of a workgroup see: the device's memory and the launch's own. Remembers the
/// allocation that it found last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    memory: &'a Memory,
    own: &'a Allocation,
    last: &'a Allocation,
}

impl<'a> View<'a> {
    pub(crate) fn new(memory: &'a Memory, own: &'a Allocation) -> Self {
        Self { memory, own, last: own }
    }

    #[inline]
    fn holder(&mut self, address: u64, bytes: u64, alignment: u64) -> Result<&'a Allocation, AccessError> {
        if !address.is_multiple_of(alignment) {
            return Err(AccessError::Unaligned { address, alignment });
        }
        if self.last.offset(address, bytes).is_none() {
            let found =
                if self.own.offset(address, bytes).is_some() { Some(self.own) } else { self.memory.find(address) };
            self.last = found
                .filter(|allocation| allocation.offset(address, bytes).is_some())
                .ok_or(AccessError::OutOfBounds { address, bytes })?;
        }
        Ok(self.last)
    }

    #[inline]
    pub(crate) fn words(&mut self, address: u64, count: usize) -> Result<&'a [AtomicU32], AccessError> {
        let holder = self.holder(address, count as u64 * 4, 4)?;
        holder.words_at(address, count).ok_or(AccessError::OutOfBounds { address, bytes: count as u64 * 4 })
    }

    #[inline]
    pub(crate) fn word(&mut self, address: u64) -> Result<&'a AtomicU32, AccessError> {
        self.words(address, 1)?.first().ok_or(AccessError::OutOfBounds { address, bytes: 4 })
    }

    pub(crate) fn double(&mut self, address: u64) -> Result<&'a AtomicU64, AccessError> {
        let holder = self.holder(address, 8, 8)?;
        holder.double_at(address).ok_or(AccessError::OutOfBounds { address, bytes: 8 })
    }

    pub(crate) fn half(&mut self, address: u64) -> Result<&'a AtomicU16, AccessError> {
        let holder = self.holder(address, 2, 2)?;
        holder.half_at(address).ok_or(AccessError::OutOfBounds { address, bytes: 2 })
    }

    pub(crate) fn byte(&mut self, address: u64) -> Result<&'a AtomicU8, AccessError> {
        let holder = self.holder(address, 1, 1)?;
        let found = holder.bytes_at(address, 1).and_then(<[_]>::first);
        found.ok_or(AccessError::OutOfBounds { address, bytes: 1 })
    }
}
