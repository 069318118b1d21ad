//! Decoded code: for every word of the text, the instruction that starts there.
//!
//! Each word is decoded as if it were a first word, so that a jump anywhere finds its instruction by
//! a subtraction and a shift, data between functions do no harm, and decoding needs no control flow.
//! A word that starts no instruction is a fault when it is reached, never earlier.

use crate::Fault;
use crate::decode::decode;
use crate::isa::Instruction;

/// The instructions of an object's text.
#[derive(Debug, Clone)]
pub struct Program {
    start: u64,
    words: Vec<u32>,
    slots: Vec<Option<Instruction>>,
}

impl Program {
    /// Decodes `text`, which is at offset `start` of the image. Bytes after the last whole word are
    /// no code.
    pub fn decode(start: u64, text: &[u8]) -> Self {
        let words: Vec<_> =
            text.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect();
        let decode_at = |index: usize| decode(words[index], words.get(index + 1).copied());
        let slots = (0..words.len()).map(decode_at).collect();
        Self { start, words, slots }
    }

    /// Where the text starts in the image.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// A slot per word; index `(offset - start) / 4`. Instructions of two words occupy two slots, the
    /// second of which holds whatever its bits would mean.
    pub fn slots(&self) -> &[Option<Instruction>] {
        &self.slots
    }

    /// The instruction at `offset` of the image.
    ///
    /// # Errors
    /// When there is none: no code, no whole word, or no instruction of gfx942.
    pub fn at(&self, offset: u64) -> Result<&Instruction, Fault> {
        let unknown = || Fault::UnknownInstruction { address: offset, words: self.words_at(offset) };
        let index =
            offset.checked_sub(self.start).filter(|distance| distance.is_multiple_of(4)).ok_or_else(unknown)? / 4;
        let slot = usize::try_from(index).ok().and_then(|index| self.slots.get(index));
        slot.and_then(Option::as_ref).ok_or_else(unknown)
    }

    /// The instructions from `offset` on, one after the other, each with its offset, until `end` or an
    /// unknown one.
    pub fn listing(&self, offset: u64, end: u64) -> impl Iterator<Item = Result<(u64, &Instruction), Fault>> {
        let mut next = Some(offset);
        std::iter::from_fn(move || {
            let offset = next.take().filter(|&offset| offset < end)?;
            Some(self.at(offset).map(|instruction| {
                next = offset.checked_add(instruction.bytes());
                (offset, instruction)
            }))
        })
    }

    /// The word at `offset` of the image and the one after it, as far as there is code; none between two words.
    pub(crate) fn words_at(&self, offset: u64) -> Vec<u32> {
        let distance = offset.checked_sub(self.start).filter(|distance| distance % 4 == 0);
        let index = distance.and_then(|distance| usize::try_from(distance / 4).ok()).unwrap_or(usize::MAX);
        self.words.iter().skip(index).take(2).copied().collect()
    }
}
