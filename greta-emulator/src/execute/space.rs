//! The address spaces of a workgroup: device memory, LDS and the scratch of a lane, read and written
//! in pieces of 1, 2 or 4 bytes.

use std::sync::atomic::Ordering;

use super::action::{Rule, combine};
use super::cause::Cause;
use super::wave::Wave;
use crate::count::Count;
use crate::memory::{AccessError, View};
use crate::watch::Watch;

/// Where a lane's access goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// A device address.
    Global(u64),
    /// An offset in the workgroup's LDS.
    Shared(u64),
    /// An offset in the lane's scratch.
    Scratch(u64),
}

/// What the waves of a workgroup share.
pub(crate) struct Group<'a> {
    pub(crate) view: View<'a>,
    pub(crate) shared: Vec<u8>,
    /// Address of the object's image.
    pub(crate) base: u64,
    /// What looks at every instruction, if checks are asked for.
    pub(crate) watch: Option<Box<Watch>>,
    /// What counts every instruction, if counters are asked for.
    pub(crate) count: Option<Box<Count>>,
}

impl Target {
    pub(super) fn offset(self, bytes: u64) -> Self {
        match self {
            Self::Global(address) => Self::Global(address.wrapping_add(bytes)),
            Self::Shared(offset) => Self::Shared(offset.wrapping_add(bytes)),
            Self::Scratch(offset) => Self::Scratch(offset.wrapping_add(bytes)),
        }
    }
}

/// The part of `memory` that an access covers.
fn piece(memory: &mut [u8], offset: u64, bytes: u64) -> Option<&mut [u8]> {
    let start = usize::try_from(offset).ok()?;
    memory.get_mut(start..start.checked_add(bytes as usize)?)
}

/// Atomic operations are aligned. Plain ones need not be: the ABI has the hardware in its unaligned mode, and the
/// compiler merges accesses accordingly.
fn aligned(lane: usize, address: u64, alignment: u64) -> Result<(), Cause> {
    if address.is_multiple_of(alignment) {
        return Ok(());
    }
    Err(Cause::Access { lane: Some(lane), error: AccessError::Unaligned { address, alignment } })
}

fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

impl Group<'_> {
    /// LDS or scratch, by the target.
    fn local<'w>(
        &'w mut self,
        wave: &'w mut Wave,
        lane: usize,
        target: Target,
        bytes: u64,
    ) -> Result<&'w mut [u8], Cause> {
        match target {
            Target::Scratch(offset) => {
                let limit = wave.scratch_bytes as u64;
                let outside = Cause::ScratchOutOfBounds { lane, offset, bytes, limit };
                let start = lane * wave.scratch_bytes;
                let scratch = wave.scratch.get_mut(start..start + wave.scratch_bytes);
                scratch.and_then(|scratch| piece(scratch, offset, bytes)).ok_or(outside)
            }
            Target::Shared(offset) | Target::Global(offset) => {
                let limit = self.shared.len() as u64;
                piece(&mut self.shared, offset, bytes).ok_or(Cause::SharedOutOfBounds { lane, offset, bytes, limit })
            }
        }
    }

    /// Whole words of LDS.
    #[inline]
    pub(super) fn shared_words<const WORDS: usize>(
        &self,
        lane: usize,
        offset: u64,
    ) -> Result<&[[u8; 4]; WORDS], Cause> {
        let start = offset as usize;
        let words = self.shared.get(start..start + 4 * WORDS).and_then(|bytes| bytes.as_chunks().0.first_chunk());
        words.ok_or_else(|| self.refused(lane, offset, 4 * WORDS as u64))
    }

    #[inline]
    pub(super) fn shared_words_mut<const WORDS: usize>(
        &mut self,
        lane: usize,
        offset: u64,
    ) -> Result<&mut [[u8; 4]; WORDS], Cause> {
        let (start, limit) = (offset as usize, self.shared.len() as u64);
        let bytes = self.shared.get_mut(start..start + 4 * WORDS);
        let words = bytes.and_then(|bytes| bytes.as_chunks_mut().0.first_chunk_mut());
        words.ok_or(Cause::SharedOutOfBounds { lane, offset, bytes: 4 * WORDS as u64, limit })
    }

    /// Why an access to LDS that is not possible is not.
    #[cold]
    fn refused(&self, lane: usize, offset: u64, bytes: u64) -> Cause {
        Cause::SharedOutOfBounds { lane, offset, bytes, limit: self.shared.len() as u64 }
    }

    /// Up to 4 bytes of device memory at any address.
    #[cold]
    pub(super) fn read_bytes(&mut self, lane: usize, address: u64, bytes: usize) -> Result<u32, Cause> {
        let cells = self.view.bytes(address, bytes).map_err(|error| Cause::Access { lane: Some(lane), error })?;
        Ok(cells.iter().rev().fold(0, |value, cell| value << 8 | u32::from(cell.load(Ordering::Relaxed))))
    }

    #[cold]
    pub(super) fn write_bytes(&mut self, lane: usize, address: u64, bytes: usize, value: u32) -> Result<(), Cause> {
        let cells = self.view.bytes(address, bytes).map_err(|error| Cause::Access { lane: Some(lane), error })?;
        for (cell, byte) in cells.iter().zip(value.to_le_bytes()) {
            cell.store(byte, Ordering::Relaxed);
        }
        Ok(())
    }

    /// 1, 2 or 4 bytes, zero-extended.
    #[inline]
    pub(super) fn read(&mut self, wave: &mut Wave, lane: usize, target: Target, bytes: u64) -> Result<u32, Cause> {
        let at_lane = |error| Cause::Access { lane: Some(lane), error };
        match (target, bytes) {
            (Target::Global(address), _) if !address.is_multiple_of(bytes) => {
                self.read_bytes(lane, address, bytes as usize)
            }
            (Target::Global(address), 1) => {
                Ok(u32::from(self.view.byte(address).map_err(at_lane)?.load(Ordering::Relaxed)))
            }
            (Target::Global(address), 2) => {
                Ok(u32::from(self.view.half(address).map_err(at_lane)?.load(Ordering::Relaxed)))
            }
            (Target::Global(address), _) => Ok(self.view.word(address).map_err(at_lane)?.load(Ordering::Relaxed)),
            _ => self.local(wave, lane, target, bytes).map(|bytes| little(bytes)),
        }
    }

    #[inline]
    pub(super) fn write(
        &mut self,
        wave: &mut Wave,
        lane: usize,
        target: Target,
        bytes: u64,
        value: u32,
    ) -> Result<(), Cause> {
        let at_lane = |error| Cause::Access { lane: Some(lane), error };
        match (target, bytes) {
            (Target::Global(address), _) if !address.is_multiple_of(bytes) => {
                self.write_bytes(lane, address, bytes as usize, value)?;
            }
            (Target::Global(address), 1) => {
                self.view.byte(address).map_err(at_lane)?.store(value as u8, Ordering::Relaxed);
            }
            (Target::Global(address), 2) => {
                self.view.half(address).map_err(at_lane)?.store(value as u16, Ordering::Relaxed);
            }
            (Target::Global(address), _) => {
                self.view.word(address).map_err(at_lane)?.store(value, Ordering::Relaxed);
            }
            _ => {
                let count = bytes as usize;
                self.local(wave, lane, target, bytes)?.copy_from_slice(&value.to_le_bytes()[..count]);
            }
        }
        Ok(())
    }

    /// Replaces a value by what `rule` makes of it, in one step, and returns the old one.
    pub(super) fn update(
        &mut self,
        wave: &mut Wave,
        lane: usize,
        target: Target,
        (rule, bytes): (Rule, u8),
        (data, compare): (u64, u64),
    ) -> Result<u64, Cause> {
        let at_lane = |error| Cause::Access { lane: Some(lane), error };
        match (target, bytes) {
            (Target::Global(address), 8) => {
                let cell = self.view.double(address).map_err(at_lane)?;
                let update = |old| Some(combine(rule, 8, old, data, compare));
                Ok(cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update).unwrap_or_default())
            }
            (Target::Global(address), _) => {
                let cell = self.view.word(address).map_err(at_lane)?;
                let update = |old| Some(combine(rule, 4, u64::from(old), data, compare) as u32);
                Ok(u64::from(cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, update).unwrap_or_default()))
            }
            _ => {
                let (Target::Shared(offset) | Target::Scratch(offset) | Target::Global(offset)) = target;
                aligned(lane, offset, bytes.into())?;
                let cell = self.local(wave, lane, target, u64::from(bytes))?;
                let old = cell.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
                let new = combine(rule, bytes, old, data, compare).to_le_bytes();
                cell.copy_from_slice(&new[..usize::from(bytes)]);
                Ok(old)
            }
        }
    }
}
