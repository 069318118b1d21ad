//! The bytes that a launch may write, as they were before it.

use crate::memory::{Argument, Memory};

/// Bytes that are copied at most: with more, blocks run in order at once, which needs no copies.
const BYTES_MAX: usize = 1 << 30;

/// Copies of the buffers that a launch writes.
pub(crate) struct Undo<'a> {
    copies: Vec<Copy<'a>>,
}

struct Copy<'a> {
    memory: &'a Memory<'a>,
    bytes: Vec<u8>,
    marks: Option<Vec<u8>>,
}

impl<'a> Undo<'a> {
    /// Copies the arguments for which `written` holds; nothing if they are too large to be copied.
    pub(crate) fn opt_new(arguments: &[Argument<'a>], written: impl Fn(usize) -> bool) -> Option<Self> {
        let memories = arguments.iter().enumerate().filter_map(|(index, argument)| match argument {
            Argument::Buffer(memory) if written(index) => Some(*memory),
            _ => None,
        });
        let memories: Vec<&Memory<'a>> = memories.collect();
        let bytes = memories.iter().try_fold(0_usize, |sum, memory| sum.checked_add(memory.bytes()))?;
        if bytes > BYTES_MAX {
            return None;
        }
        let copies = memories.into_iter().map(|memory| Copy {
            memory,
            // SAFETY: the memory's range is readable, and no launch runs that could write to it.
            bytes: unsafe { std::slice::from_raw_parts(memory.pointer(), memory.bytes()) }.to_vec(),
            marks: memory.opt_defined().map(|(defined, _)| defined.marks()),
        });
        Some(Self { copies: copies.collect() })
    }

    /// Puts everything back.
    pub(crate) fn restore(&self) {
        for copy in &self.copies {
            // SAFETY: as above; a launch may write to the memory, so this may.
            unsafe { copy.memory.pointer().copy_from_nonoverlapping(copy.bytes.as_ptr(), copy.bytes.len()) };
            if let (Some((defined, _)), Some(marks)) = (copy.memory.opt_defined(), &copy.marks) {
                defined.set_marks(marks);
            }
        }
    }
}
