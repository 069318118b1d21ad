//! Memory as HIP has it: blocks of a device, of the host, or of both, and pools of blocks.
//!
//! Guarantees: a block is freed once, by the call that belongs to it; a device's blocks are no more than its memory.
//! Deliberately does not copy.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::device::MEMORY_BYTES;
use crate::errors::{
    hipErrorHostMemoryAlreadyRegistered, hipErrorHostMemoryNotRegistered, hipErrorInvalidValue, hipErrorOutOfMemory,
};
use crate::handles::lock;
use crate::runtime::runtime;
use crate::status::Outcome;

/// Memory of the host is given out at multiples of this, so that no two blocks share a page.
const HOST_ALIGNMENT: usize = 4096;

/// Whose memory a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The device's: the host reaches it by copies.
    Device,
    /// The host's, which devices reach at the same address.
    Host,
    /// Both sides', at the same address.
    Managed,
    /// The program's own, which devices reach at the same address while it is registered.
    Registered,
}

/// A block of memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) address: u64,
    pub(crate) bytes: u64,
    pub(crate) device: usize,
    pub(crate) kind: Kind,
    /// What the program asked for.
    pub(crate) flags: u32,
    /// The handle of the pool that it came from; 0 for none.
    pub(crate) pool: usize,
    /// What the host allocator was asked for, for memory that is this crate's.
    layout: Option<Layout>,
}

/// All blocks, by address.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    table: Mutex<BTreeMap<u64, Block>>,
}

/// A pool: what its blocks take, and its settings by HIP's numbers.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) device: usize,
    pub(crate) used: AtomicU64,
    pub(crate) used_most: AtomicU64,
    pub(crate) settings: Mutex<BTreeMap<u32, u64>>,
}

impl Blocks {
    /// The block that holds an address.
    pub(crate) fn holding(&self, address: u64) -> Option<Block> {
        let table = lock(&self.table);
        let (_, block) = table.range(..=address).next_back()?;
        (address - block.address < block.bytes).then_some(*block)
    }

    /// The block that starts at an address.
    pub(crate) fn at(&self, address: u64) -> Option<Block> {
        lock(&self.table).get(&address).copied()
    }

    /// Bytes of a device's blocks.
    pub(crate) fn used(&self, device: usize) -> u64 {
        let table = lock(&self.table);
        let own = table.values().filter(|block| block.device == device && block.kind == Kind::Device);
        own.map(|block| block.bytes).sum()
    }

    /// Takes memory of a device and counts it for a pool; `pool` is 0 for none.
    pub(crate) fn allocate(&self, device: usize, bytes: usize, pool: usize) -> Outcome<u64> {
        let bytes = bytes as u64;
        if bytes > MEMORY_BYTES - self.used(device).min(MEMORY_BYTES) {
            return Err(hipErrorOutOfMemory.into());
        }
        let address = runtime().memory.allocate(bytes).ok_or(hipErrorOutOfMemory)?;
        self.insert(Block { address, bytes, device, kind: Kind::Device, flags: 0, pool, layout: None });
        if let Some(pool) = runtime().pools.get(pool) {
            pool.add(bytes);
        }
        Ok(address)
    }

    /// Takes memory of the host that devices reach.
    pub(crate) fn allocate_host(&self, device: usize, bytes: usize, kind: Kind, flags: u32) -> Outcome<u64> {
        let layout = Layout::from_size_align(bytes.max(1), HOST_ALIGNMENT).map_err(|_| hipErrorOutOfMemory)?;
        // SAFETY: the layout's size is not 0.
        let data = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(hipErrorOutOfMemory)?;
        // SAFETY: the block keeps the memory until `free` ends the mapping.
        let Some(address) = (unsafe { runtime().memory.map_host(data, bytes as u64) }) else {
            // SAFETY: the memory is from the call above, and nobody else knows of it.
            unsafe { dealloc(data.as_ptr(), layout) };
            return Err(hipErrorOutOfMemory.into());
        };
        self.insert(Block { address, bytes: bytes as u64, device, kind, flags, pool: 0, layout: Some(layout) });
        Ok(address)
    }

    /// Lets devices reach memory of the program's own.
    ///
    /// # Safety
    ///
    /// The memory stays allocated until [`Self::unregister`].
    pub(crate) unsafe fn register(&self, device: usize, data: *mut u8, bytes: usize, flags: u32) -> Outcome {
        let data = NonNull::new(data).filter(|_| bytes > 0).ok_or(hipErrorInvalidValue)?;
        // SAFETY: as the caller's contract says.
        let mapped = unsafe { runtime().memory.map_host(data, bytes as u64) };
        let address = mapped.ok_or(hipErrorHostMemoryAlreadyRegistered)?;
        let kind = Kind::Registered;
        self.insert(Block { address, bytes: bytes as u64, device, kind, flags, pool: 0, layout: None });
        Ok(())
    }

    pub(crate) fn unregister(&self, address: u64) -> Outcome {
        self.remove(address, &[Kind::Registered]).ok_or(hipErrorHostMemoryNotRegistered)?;
        Ok(())
    }

    /// Gives memory back: a block of one of `kinds` that starts at `address`.
    pub(crate) fn free(&self, address: u64, kinds: &[Kind]) -> Outcome {
        let block = self.remove(address, kinds).ok_or(hipErrorInvalidValue)?;
        if let Some(pool) = runtime().pools.get(block.pool) {
            pool.used.fetch_sub(block.bytes, Ordering::Relaxed);
        }
        if let Some(layout) = block.layout {
            // SAFETY: the block was made with this layout by `allocate_host`, and is no longer in the table.
            unsafe { dealloc(std::ptr::with_exposed_provenance_mut(address as usize), layout) };
        }
        Ok(())
    }

    fn insert(&self, block: Block) {
        lock(&self.table).insert(block.address, block);
    }

    fn remove(&self, address: u64, kinds: &[Kind]) -> Option<Block> {
        let mut table = lock(&self.table);
        let block = *table.get(&address).filter(|block| kinds.contains(&block.kind))?;
        table.remove(&address);
        runtime().memory.free(address);
        Some(block)
    }
}

impl Pool {
    fn add(&self, bytes: u64) {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.used_most.fetch_max(used, Ordering::Relaxed);
    }
}
