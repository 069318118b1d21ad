//! Guest memory: allocations with exact bounds, at addresses of the emulator's choosing, and memory
//! of the host at the addresses that it has.
//!
//! Every access is checked against the allocation that holds it; there is a gap after each, and no
//! address is given out twice, so that an index past the end and a pointer to freed memory find
//! nothing. Allocations come and go while waves run: a launch sees those that there were when it
//! began. Knows nothing of waves.

mod allocation;
mod view;

use std::ptr::NonNull;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use allocation::Allocation;
pub(crate) use view::View;

/// The first address that is given out: where no host maps its own memory unasked.
const FIRST_ADDRESS: u64 = 0x0100_0000_0000;
/// Addresses are multiples of this, and at least this much lies between two allocations.
const GAP_BYTES: u64 = 4096;

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

/// A range of addresses that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The first byte.
    pub address: u64,
    /// How many.
    pub bytes: u64,
    /// Whether it is memory of the host; see [`Memory::map_host`].
    pub is_host: bool,
}

/// All allocations of a device. Shared by threads.
#[derive(Debug, Default)]
pub struct Memory {
    table: RwLock<Table>,
}

/// The allocations at one moment, by address.
pub(crate) type Snapshot = Arc<Vec<Arc<Allocation>>>;

#[derive(Debug)]
struct Table {
    allocations: Snapshot,
    next: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self { allocations: Snapshot::default(), next: FIRST_ADDRESS }
    }
}

impl Table {
    fn insert(&mut self, allocation: Allocation) {
        let index = self.allocations.partition_point(|other| other.address() < allocation.address());
        Arc::make_mut(&mut self.allocations).insert(index, Arc::new(allocation));
    }
}

impl Memory {
    /// No allocations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allocates zeroed bytes and returns their address, a multiple of 4096. Pages of large
    /// allocations take room on the host when they are first touched. Nothing when the host cannot.
    pub fn allocate(&self, bytes: u64) -> Option<u64> {
        let mut table = self.table_mut();
        let address = table.next;
        let end = address.checked_add(bytes)?.checked_next_multiple_of(GAP_BYTES)?;
        let allocation = Allocation::new(address, bytes)?;
        table.next = end.checked_add(GAP_BYTES)?;
        table.insert(allocation);
        Some(address)
    }

    /// Lets waves reach memory of the host, at the address that it has there, which is returned.
    /// [`Self::free`] with that address ends it. Nothing when an allocation has some of the addresses.
    ///
    /// # Safety
    /// The bytes stay allocated until they are freed here and launches that began before have ended.
    /// While a launch runs nobody else reads or writes them but through atomics.
    #[allow(unsafe_code, reason = "the host's memory is the caller's")]
    pub unsafe fn map_host(&self, data: NonNull<u8>, bytes: u64) -> Option<u64> {
        // SAFETY: the caller's promise is this function's.
        let allocation = unsafe { Allocation::host(data, bytes) };
        let address = allocation.address();
        let end = address.checked_add(bytes)?;
        let mut table = self.table_mut();
        let after = table.allocations.partition_point(|other| other.address() < end);
        let before = after.checked_sub(1).map(|index| &table.allocations[index]);
        if before.is_some_and(|other| other.address() + other.bytes().max(1) > address) {
            return None;
        }
        table.insert(allocation);
        Some(address)
    }

    /// Frees the allocation that starts at `address`. False when none does.
    pub fn free(&self, address: u64) -> bool {
        let mut table = self.table_mut();
        let found = table.allocations.binary_search_by_key(&address, |allocation| allocation.address());
        found.map(|index| Arc::make_mut(&mut table.allocations).remove(index)).is_ok()
    }

    /// The allocation that holds `address`, if one does.
    pub fn region(&self, address: u64) -> Option<Region> {
        let allocation = self.holder(address, 1).ok()?;
        Some(Region { address: allocation.address(), bytes: allocation.bytes(), is_host: allocation.is_host() })
    }

    /// Bytes of all allocations that are not the host's.
    pub fn allocated_bytes(&self) -> u64 {
        let table = self.table();
        table.allocations.iter().filter(|allocation| !allocation.is_host()).map(|allocation| allocation.bytes()).sum()
    }

    /// Copies bytes to the guest.
    ///
    /// # Errors
    /// When no allocation holds them all.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), AccessError> {
        self.holder(address, bytes.len() as u64)?.write(address, bytes);
        Ok(())
    }

    /// Copies bytes from the guest.
    ///
    /// # Errors
    /// When no allocation holds them all.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), AccessError> {
        self.holder(address, bytes.len() as u64)?.read(address, bytes);
        Ok(())
    }

    /// Sets bytes of the guest.
    ///
    /// # Errors
    /// When no allocation holds them all.
    pub fn fill(&self, address: u64, bytes: u64, value: u8) -> Result<(), AccessError> {
        self.holder(address, bytes)?.fill(address, bytes as usize, value);
        Ok(())
    }

    /// Copies bytes of the guest to another place, in pieces, first byte first.
    ///
    /// # Errors
    /// When no allocation holds them all, at either place. Nothing was copied then.
    pub fn copy(&self, target: u64, source: u64, bytes: u64) -> Result<(), AccessError> {
        let (from, to) = (self.holder(source, bytes)?, self.holder(target, bytes)?);
        let mut piece = vec![0; bytes.min(1 << 20) as usize];
        let mut done = 0;
        while done < bytes {
            let count = (bytes - done).min(piece.len() as u64) as usize;
            from.read(source + done, &mut piece[..count]);
            to.write(target + done, &piece[..count]);
            done += count as u64;
        }
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Arc::clone(&self.table().allocations)
    }

    fn holder(&self, address: u64, bytes: u64) -> Result<Arc<Allocation>, AccessError> {
        let table = self.table();
        let found = view::find(&table.allocations, address).filter(|found| found.offset(address, bytes).is_some());
        found.cloned().ok_or(AccessError::OutOfBounds { address, bytes })
    }

    // The table is whole between any two statements, so that a thread that panicked left it usable.
    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn table_mut(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_outside_of_an_allocation_are_not_reached() {
        let memory = Memory::new();
        let address = memory.allocate(100).unwrap();
        memory.write(address + 1, &[7; 99]).unwrap();
        let mut read = [0; 100];
        memory.read(address, &mut read).unwrap();
        assert!(read[0] == 0 && read[1..].iter().all(|&byte| byte == 7));
        let outside = AccessError::OutOfBounds { address: address + 1, bytes: 100 };
        assert_eq!(memory.write(address + 1, &[0; 100]), Err(outside));
        assert!(memory.free(address) && !memory.free(address));
        assert_eq!(memory.read(address, &mut [0]), Err(AccessError::OutOfBounds { address, bytes: 1 }));
    }

    #[test]
    fn pages_that_nobody_touches_cost_nothing() {
        let memory = Memory::new();
        let bytes = 192 << 30;
        let address = memory.allocate(bytes).unwrap();
        memory.fill(address + bytes - 3, 3, 9).unwrap();
        memory.copy(address + 5, address + bytes - 3, 3).unwrap();
        let mut read = [0; 4];
        memory.read(address + 5, &mut read).unwrap();
        assert_eq!(read, [9, 9, 9, 0]);
        assert_eq!(memory.region(address + 77), Some(Region { address, bytes, is_host: false }));
        assert_eq!(memory.allocated_bytes(), bytes);
    }

    #[test]
    #[allow(unsafe_code, reason = "maps a vector of its own")]
    fn memory_of_the_host_has_its_own_address() {
        let memory = Memory::new();
        let mut words = vec![1u64, 2, 3];
        let data = NonNull::new(words.as_mut_ptr().cast::<u8>()).unwrap();
        // SAFETY: the vector outlives the mapping, and is not used while it is mapped.
        let address = unsafe { memory.map_host(data, 24) }.unwrap();
        assert_eq!(address, data.as_ptr() as u64);
        // SAFETY: refused, since the addresses overlap.
        assert_eq!(unsafe { memory.map_host(data, 8) }, None);
        memory.write(address + 8, &9u64.to_le_bytes()).unwrap();
        assert!(memory.region(address).unwrap().is_host && memory.free(address));
        assert_eq!(words, [1, 9, 3]);
    }
}
