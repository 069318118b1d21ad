//! Host calls: packets that a wave fills, pushes and waits for.
//!
//! The layout is that of ROCm 6's device library: a record with the addresses of headers and payloads, a doorbell and two
//! stacks of packets, linked by index; a header of 24 bytes; a payload of 8 words of 64 bits a lane. The host takes the
//! whole stack of packets that are ready, and clears the lowest bit of the header's control word as an answer. The
//! doorbell is a signal that nobody waits for: waves sleep while they wait, which ends their turn.

use super::{Printed, double, split_text, word};
use crate::execute::LANES;
use crate::memory::Allocation;

/// Fields of the record.
const HEADERS: u64 = 0;
const PAYLOADS: u64 = 8;
const DOORBELL: u64 = 16;
const FREE: u64 = 24;
const READY: u64 = 32;
const INDEX_MASK: u64 = 40;
/// What the record points to, from its start.
const SIGNAL: u64 = 64;
const FIRST_HEADER: u64 = 128;
const HEADER_BYTES: u64 = 24;
const FIRST_PAYLOAD: u64 = 1024;
const SLOT_BYTES: u64 = 64;
const PAYLOAD_BYTES: u64 = SLOT_BYTES * LANES as u64;
/// Fields of a header; the link to the next packet is the first.
const LANES_MASK: u64 = 8;
const SERVICE: u64 = 16;
const CONTROL: u64 = 20;

/// At least one packet a wave of the largest workgroup: a power of 2, since a packet's name is its number with a tag above.
const PACKETS: u64 = 32;
const END: u64 = FIRST_PAYLOAD + PACKETS * PAYLOAD_BYTES;
const _: () = assert!(FIRST_HEADER + PACKETS * HEADER_BYTES <= FIRST_PAYLOAD);

/// The service of text that comes in pieces. Others call functions of the host and manage the device's heap.
const PRINTF: u32 = 2;

#[derive(Debug)]
pub(super) struct Calls {
    address: u64,
    /// Texts that have begun, by the number that their lane was told; done ones are empty.
    messages: Vec<Option<Vec<u8>>>,
}

impl Calls {
    pub(super) fn new(address: u64) -> Self {
        Self { address, messages: Vec::new() }
    }

    pub(super) fn address(&self) -> u64 {
        self.address
    }

    pub(super) fn end(&self) -> u64 {
        self.address + END
    }

    /// All packets are free.
    pub(super) fn start(&mut self, memory: &Allocation) {
        self.messages.clear();
        let fields = [
            (HEADERS, self.address + FIRST_HEADER),
            (PAYLOADS, self.address + FIRST_PAYLOAD),
            (DOORBELL, self.address + SIGNAL),
            (FREE, PACKETS - 1),
            (READY, 0),
            (INDEX_MASK, PACKETS - 1),
        ];
        // A link of 0 ends the stack, so that the first packet goes by its number with a tag.
        let link = |index: u64| if index == 1 { PACKETS } else { index.saturating_sub(1) };
        let links = (0..PACKETS).map(|index| (FIRST_HEADER + index * HEADER_BYTES, link(index)));
        for (at, value) in fields.into_iter().chain(links) {
            memory.write(self.address + at, &value.to_le_bytes());
        }
    }

    /// Answers all packets that are ready, those of the first wave first.
    pub(super) fn serve(&mut self, memory: &Allocation, printed: &mut Printed) -> Result<(), u32> {
        let mut next = double(memory, self.address + READY);
        if next == 0 {
            return Ok(());
        }
        memory.write(self.address + READY, &[0; 8]);
        let mut ready = Vec::new();
        // A program may have written anything here: no more links are followed than there are packets.
        while next != 0 && (ready.len() as u64) < PACKETS {
            let index = next % PACKETS;
            ready.push(index);
            next = double(memory, self.address + FIRST_HEADER + index * HEADER_BYTES);
        }
        ready.into_iter().rev().try_for_each(|index| self.answer(memory, index, printed))
    }

    fn answer(&mut self, memory: &Allocation, index: u64, printed: &mut Printed) -> Result<(), u32> {
        let header = self.address + FIRST_HEADER + index * HEADER_BYTES;
        let service = word(memory, header + SERVICE);
        if service != PRINTF {
            return Err(service);
        }
        let lanes = double(memory, header + LANES_MASK);
        for lane in (0..LANES as u64).filter(|lane| lanes >> lane & 1 != 0) {
            let slot = self.address + FIRST_PAYLOAD + index * PAYLOAD_BYTES + lane * SLOT_BYTES;
            let mut piece = [0; SLOT_BYTES as usize];
            memory.read(slot, &mut piece);
            memory.write(slot, &self.add(&piece, printed).to_le_bytes());
        }
        let control = word(memory, header + CONTROL) & !1;
        memory.write(header + CONTROL, &control.to_le_bytes());
        Ok(())
    }

    /// Adds a piece to its text, which is printed with its last one. What the lane is told: its text's number with the
    /// piece's flags, or the number of bytes that were printed, or -1 if it has no such text.
    fn add(&mut self, piece: &[u8; SLOT_BYTES as usize], printed: &mut Printed) -> u64 {
        let (words, _) = piece.as_chunks::<8>();
        let descriptor = u64::from_le_bytes(words[0]);
        let (is_first, is_last) = (descriptor & 1 != 0, descriptor & 2 != 0);
        let count = (descriptor >> 5 & 7) as usize;
        let number = if is_first {
            self.messages.push(Some(Vec::new()));
            self.messages.len() - 1
        } else {
            (descriptor >> 8) as usize
        };
        let Some(place) = self.messages.get_mut(number) else { return u64::MAX };
        let Some(message) = place else { return u64::MAX };
        message.extend_from_slice(words[1..=count].as_flattened());
        if !is_last {
            return (number as u64) << 8 | descriptor & 0xfe;
        }
        let message = place.take().unwrap_or_default();
        let Some((control, text)) = message.split_first_chunk::<8>() else { return 0 };
        let (format, arguments) = split_text(text);
        printed.add(u64::from_le_bytes(*control), format, arguments) as u64
    }
}
