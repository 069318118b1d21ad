//! The printf buffer: records that lanes append, read when their workgroup has ended.
//!
//! Two words of 32 bits, the bytes in use and the room, then the records: a word with the record's size in bytes above two
//! flags, the stream and whether the format is named by its hash in the object's metadata; then the format or the hash,
//! and the arguments.

use super::{Printed, split_text, word};
use crate::memory::Allocation;
use crate::object::CodeObject;

/// Bytes of records that a workgroup has room for; further ones are dropped, as on the hardware.
const ROOM: u32 = 4 << 20;
const FIRST_RECORD: u64 = 8;
/// The format is a hash.
const IS_HASHED: u32 = 2;

#[derive(Debug)]
pub(super) struct Buffer {
    address: u64,
}

impl Buffer {
    pub(super) fn new(address: u64) -> Self {
        Self { address }
    }

    pub(super) fn address(&self) -> u64 {
        self.address
    }

    pub(super) fn end(&self) -> u64 {
        self.address + FIRST_RECORD + u64::from(ROOM)
    }

    /// It is empty.
    pub(super) fn start(&self, memory: &Allocation) {
        memory.write(self.address, &0_u32.to_le_bytes());
        memory.write(self.address + 4, &ROOM.to_le_bytes());
    }

    /// Prints what is in it, and clears it.
    pub(super) fn drain(&self, memory: &Allocation, object: &CodeObject, printed: &mut Printed) {
        let used = word(memory, self.address).min(ROOM) as usize;
        let mut records = vec![0; used];
        memory.read(self.address + FIRST_RECORD, &mut records);
        let mut rest = &records[..];
        while let Some((head, body)) = rest.split_first_chunk::<4>() {
            let control = u32::from_le_bytes(*head);
            // A record that nobody wrote, since its wave stopped before, has no size.
            let Some(body_bytes) = (control as usize >> 2).checked_sub(4).filter(|&bytes| bytes <= body.len()) else {
                break;
            };
            let (body, after) = body.split_at(body_bytes);
            rest = after;
            match body.split_first_chunk::<8>() {
                Some((hash, arguments)) if control & IS_HASHED != 0 => {
                    let format = object.printf_format(u64::from_le_bytes(*hash)).unwrap_or_default();
                    printed.add(control.into(), format, arguments);
                }
                _ => {
                    let (format, arguments) = split_text(body);
                    printed.add(control.into(), format, arguments);
                }
            }
        }
        memory.write(self.address + FIRST_RECORD, &vec![0; used]);
        self.start(memory);
    }
}
