//! One range of addresses with the bytes behind it, handed out as atomics.
//!
//! Words are read and written as relaxed atomics, since workgroups on several threads share them; on
//! the host these are plain loads and stores. Knows nothing of other allocations.
#![allow(unsafe_code, reason = "words are handed out as atomics of a buffer that this file owns or was lent")]

use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapMut, MmapOptions};

/// Allocations from this size on are mapped, so that pages that nobody touches cost nothing.
const MAPPED_BYTES: usize = 1 << 16;

/// Keeps the bytes of an allocation alive.
#[derive(Debug)]
enum Backing {
    Heap {
        _words: Vec<u64>,
    },
    Mapped {
        _pages: MmapMut,
    },
    /// Memory of the caller, who keeps it alive.
    Host,
}

/// Bytes that an address stands for.
#[derive(Debug)]
pub(crate) struct Allocation {
    address: u64,
    bytes: u64,
    data: NonNull<u8>,
    backing: Backing,
}

// SAFETY: the buffer is owned by the allocation or lent to it for its life, and reached only through
// atomics while it is shared.
unsafe impl Send for Allocation {}
// SAFETY: as above.
unsafe impl Sync for Allocation {}

impl Allocation {
    /// Zeroed bytes. Nothing when the machine has no room for so many.
    pub(crate) fn new(address: u64, bytes: u64) -> Option<Self> {
        let size = usize::try_from(bytes.max(1).checked_next_multiple_of(8)?).ok()?;
        let (data, backing) = if size < MAPPED_BYTES {
            let mut words = vec![0u64; size / 8];
            (NonNull::new(words.as_mut_ptr().cast())?, Backing::Heap { _words: words })
        } else {
            let mut pages = MmapOptions::new().len(size).no_reserve_swap().map_anon().ok()?;
            (NonNull::new(pages.as_mut_ptr())?, Backing::Mapped { _pages: pages })
        };
        Some(Self { address, bytes, data, backing })
    }

    /// The caller's bytes, at the address that they have.
    ///
    /// # Safety
    /// The bytes stay allocated as long as the allocation, and while waves run nobody else reads or
    /// writes them but through atomics.
    pub(super) unsafe fn host(data: NonNull<u8>, bytes: u64) -> Self {
        Self { address: data.as_ptr() as u64, bytes, data, backing: Backing::Host }
    }

    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn is_host(&self) -> bool {
        matches!(self.backing, Backing::Host)
    }

    /// Where `bytes` bytes at `address` are in the buffer, if all of them are.
    #[inline]
    pub(super) fn offset(&self, address: u64, bytes: u64) -> Option<usize> {
        let offset = address.wrapping_sub(self.address);
        (offset <= self.bytes && bytes <= self.bytes - offset).then_some(offset as usize)
    }

    /// A pointer to `count` elements of `size` bytes, if they are inside and aligned.
    #[inline]
    fn pointer(&self, address: u64, size: usize, count: usize) -> Option<NonNull<u8>> {
        let offset = self.offset(address, (size as u64).checked_mul(count as u64)?)?;
        // SAFETY: `offset` is inside of the buffer.
        let pointer = unsafe { self.data.add(offset) };
        (pointer.as_ptr() as usize).is_multiple_of(size).then_some(pointer)
    }

    pub(super) fn bytes_at(&self, address: u64, count: usize) -> Option<&[AtomicU8]> {
        let pointer = self.pointer(address, 1, count)?;
        // SAFETY: `pointer` keeps the range inside of the buffer, which lives as long as `self`; nothing
        // but atomics of these bytes is ever handed out.
        Some(unsafe { slice::from_raw_parts(pointer.as_ptr().cast(), count) })
    }

    #[inline]
    pub(super) fn words_at(&self, address: u64, count: usize) -> Option<&[AtomicU32]> {
        let pointer = self.pointer(address, 4, count)?;
        // SAFETY: as in `bytes_at`; `pointer` checks the alignment too.
        Some(unsafe { slice::from_raw_parts(pointer.as_ptr().cast(), count) })
    }

    pub(super) fn doubles_at(&self, address: u64, count: usize) -> Option<&[AtomicU64]> {
        let pointer = self.pointer(address, 8, count)?;
        // SAFETY: as in `words_at`.
        Some(unsafe { slice::from_raw_parts(pointer.as_ptr().cast(), count) })
    }

    pub(super) fn half_at(&self, address: u64) -> Option<&AtomicU16> {
        let pointer = self.pointer(address, 2, 1)?;
        // SAFETY: as in `words_at`.
        Some(unsafe { AtomicU16::from_ptr(pointer.as_ptr().cast()) })
    }

    /// Copies bytes in. False when they do not fit.
    pub(crate) fn write(&self, address: u64, bytes: &[u8]) -> bool {
        if self.offset(address, bytes.len() as u64).is_none() {
            return false;
        }
        self.pieces(address, bytes.len(), |piece| match piece {
            Piece::Bytes(start, cells) => {
                for (cell, &byte) in cells.iter().zip(&bytes[start..]) {
                    cell.store(byte, Ordering::Relaxed);
                }
            }
            Piece::Doubles(start, cells) => {
                for (cell, bytes) in cells.iter().zip(bytes[start..].as_chunks::<8>().0) {
                    cell.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
                }
            }
        });
        true
    }

    /// Copies bytes out. False when they are not all here.
    pub(crate) fn read(&self, address: u64, bytes: &mut [u8]) -> bool {
        if self.offset(address, bytes.len() as u64).is_none() {
            return false;
        }
        self.pieces(address, bytes.len(), |piece| match piece {
            Piece::Bytes(start, cells) => {
                for (cell, byte) in cells.iter().zip(&mut bytes[start..]) {
                    *byte = cell.load(Ordering::Relaxed);
                }
            }
            Piece::Doubles(start, cells) => {
                for (cell, bytes) in cells.iter().zip(bytes[start..].as_chunks_mut::<8>().0) {
                    *bytes = cell.load(Ordering::Relaxed).to_ne_bytes();
                }
            }
        });
        true
    }

    /// Sets bytes. False when they are not all here.
    pub(super) fn fill(&self, address: u64, count: usize, value: u8) -> bool {
        if self.offset(address, count as u64).is_none() {
            return false;
        }
        self.pieces(address, count, |piece| match piece {
            Piece::Bytes(_, cells) => cells.iter().for_each(|cell| cell.store(value, Ordering::Relaxed)),
            Piece::Doubles(_, cells) => {
                let value = u64::from_ne_bytes([value; 8]);
                cells.iter().for_each(|cell| cell.store(value, Ordering::Relaxed));
            }
        });
        true
    }

    /// A range that is inside, as single bytes up to a multiple of 8, then words of 8, then the rest.
    fn pieces(&self, address: u64, count: usize, mut each: impl FnMut(Piece<'_>)) {
        let Some(start) = self.pointer(address, 1, count) else { return };
        let head = start.as_ptr().align_offset(8).min(count);
        let middle = (count - head) / 8;
        let tail = head + 8 * middle;
        let at = |offset: usize| address.wrapping_add(offset as u64);
        if let Some(cells) = self.bytes_at(at(0), head) {
            each(Piece::Bytes(0, cells));
        }
        if let Some(cells) = self.doubles_at(at(head), middle) {
            each(Piece::Doubles(head, cells));
        }
        if let Some(cells) = self.bytes_at(at(tail), count - tail) {
            each(Piece::Bytes(tail, cells));
        }
    }
}

/// A part of a range, with its offset in it.
enum Piece<'a> {
    Bytes(usize, &'a [AtomicU8]),
    Doubles(usize, &'a [AtomicU64]),
}
