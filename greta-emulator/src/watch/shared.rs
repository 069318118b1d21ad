//! LDS byte by byte: who wrote and read it since the last barrier.
//!
//! Two waves that touch a byte between the same two barriers, one of them writing and not both by
//! atomics, race. A byte that is read before anything wrote it is doubtful.

use crate::execute::{Cause, SharedAccess, Wave, shared_accesses};
use crate::isa::Instruction;

/// What happened to a byte. Epochs count barriers from 1, so that 0 is never.
#[derive(Debug, Clone, Copy, Default)]
struct Byte {
    write_epoch: u32,
    read_epoch: u32,
    writer: u8,
    is_atomic: bool,
    /// The last wave that read it, or that several did.
    reader: u8,
    is_read_by_several: bool,
}

pub(super) struct SharedShadow {
    bytes: Vec<Byte>,
    epoch: u32,
    /// The first epoch of the workgroup: older marks are of others.
    first_epoch: u32,
}

impl SharedShadow {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes: vec![Byte::default(); bytes], epoch: 1, first_epoch: 1 }
    }

    pub(super) fn start(&mut self) {
        self.epoch += 1;
        self.first_epoch = self.epoch;
    }

    pub(super) fn pass_barrier(&mut self) {
        self.epoch += 1;
    }

    /// Marks what the instruction does. A doubt when it reads what nobody wrote.
    pub(super) fn access(&mut self, wave: &Wave, instruction: &Instruction) -> Result<Option<Cause>, Cause> {
        let mut unwritten = None;
        let mut result = Ok(());
        shared_accesses(wave, instruction, |access| {
            for offset in access.offset..access.offset.saturating_add(access.bytes) {
                if result.is_err() {
                    return;
                }
                match self.mark(wave.number as u8, offset, &access) {
                    Ok(true) => {}
                    Ok(false) => unwritten = Some(Cause::UnwrittenShared { lane: access.lane, offset }),
                    Err(cause) => result = Err(cause),
                }
            }
        });
        result.map(|()| unwritten)
    }

    /// Whether the byte was written before, if it is read.
    fn mark(&mut self, wave: u8, offset: u64, access: &SharedAccess) -> Result<bool, Cause> {
        // What is out of bounds faults when it is executed.
        let Some(byte) = usize::try_from(offset).ok().and_then(|offset| self.bytes.get_mut(offset)) else {
            return Ok(true);
        };
        let epoch = self.epoch;
        let race = |other: u8| Cause::SharedRace { lane: access.lane, offset, other_wave: usize::from(other) };
        let is_written_now = byte.write_epoch == epoch && byte.writer != wave;
        if is_written_now && !(access.is_atomic && byte.is_atomic) {
            return Err(race(byte.writer));
        }
        let is_read_now = byte.read_epoch == epoch && (byte.reader != wave || byte.is_read_by_several);
        if access.writes && is_read_now && !access.is_atomic {
            return Err(race(byte.reader));
        }
        let was_written = byte.write_epoch >= self.first_epoch;
        if access.writes {
            (byte.write_epoch, byte.writer, byte.is_atomic) = (epoch, wave, access.is_atomic);
        } else {
            let is_first = byte.read_epoch != epoch;
            byte.is_read_by_several = !is_first && (byte.is_read_by_several || byte.reader != wave);
            (byte.read_epoch, byte.reader) = (epoch, wave);
        }
        Ok(was_written || (access.writes && !access.is_atomic))
    }
}
