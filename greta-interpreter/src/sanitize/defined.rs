//! Which bytes of a buffer have been written since it was allocated.
//!
//! Whoever allocates memory of unspecified contents keeps one of these beside it; launches that sanitize read and mark
//! it. Marks are only ever added.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::zeroed::opt_zeroed;

/// A mark for each byte of some memory: whether it has a value.
#[derive(Debug)]
pub struct DefinedBytes {
    marks: Box<[AtomicU8]>,
}

impl DefinedBytes {
    /// For `bytes` bytes of which none has a value; nothing if the machine does not give the memory.
    #[must_use]
    pub fn opt_none(bytes: usize) -> Option<Self> {
        Some(Self { marks: opt_zeroed(bytes)? })
    }

    /// How many bytes it is about.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether it is about no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Marks bytes. Those beyond the end are ignored.
    pub fn mark(&self, range: Range<usize>) {
        self.slice(range).iter().for_each(|mark| mark.store(1, Relaxed));
    }

    /// Takes over the marks of as many bytes of `from`, from `start` on; without `from` all are marked.
    pub fn copy(&self, range: Range<usize>, from: Option<(&Self, usize)>) {
        let Some((from, start)) = from else { return self.mark(range) };
        let marks = from.slice(start..start.saturating_add(range.len()));
        for (to, from) in self.slice(range).iter().zip(marks) {
            to.store(from.load(Relaxed), Relaxed);
        }
    }

    /// Whether all bytes of a range are marked.
    #[must_use]
    pub fn is_complete(&self, range: Range<usize>) -> bool {
        self.slice(range).iter().all(|mark| mark.load(Relaxed) != 0)
    }

    pub(crate) fn marks(&self) -> Vec<u8> {
        self.marks.iter().map(|mark| mark.load(Relaxed)).collect()
    }

    pub(crate) fn set_marks(&self, marks: &[u8]) {
        for (to, from) in self.marks.iter().zip(marks) {
            to.store(*from, Relaxed);
        }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &[AtomicU8] {
        let end = range.end.min(self.marks.len());
        &self.marks[range.start.min(end)..end]
    }
}
