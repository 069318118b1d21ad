//! What a kernel asks of the host while it runs, which is to print: host calls, as HIP's compiler makes them of `printf`
//! by default, and the buffer that it fills under `-mprintf-kind=buffered`.
//!
//! Guarantees: text is in the order of the grid's workgroups, since each that runs has calls and a buffer of its own, in
//! memory that only it sees; within one it is in the order in which waves take turns. Knows nothing of instructions.

mod buffer;
mod calls;
mod printf;

use crate::memory::Allocation;
use crate::object::{ArgumentKind, CodeObject, Kernel};
use buffer::Buffer;
use calls::Calls;

/// What a launch printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The text of `printf`.
    pub stdout: Vec<u8>,
    /// That of failed assertions, which HIP sends to the other stream.
    pub stderr: Vec<u8>,
}

impl Printed {
    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }

    /// Text follows.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.stdout.extend(&other.stdout);
        self.stderr.extend(&other.stderr);
    }

    /// A format and its arguments follow, as a message has them behind its first word, whose lowest bit names the
    /// stream. How many bytes that gives.
    fn add(&mut self, control: u64, format: &[u8], arguments: &[u8]) -> usize {
        let stream = if control & 1 == 0 { &mut self.stdout } else { &mut self.stderr };
        let before = stream.len();
        printf::format(format, arguments, stream);
        stream.len() - before
    }
}

/// What serves one workgroup at a time.
#[derive(Debug, Default)]
pub(crate) struct Host {
    calls: Option<Calls>,
    buffer: Option<Buffer>,
    printed: Printed,
}

impl Host {
    /// What a kernel's hidden arguments ask for, in memory from `start` on, and where that ends.
    pub(crate) fn new(kernel: &Kernel, start: u64) -> (Self, u64) {
        let asks = |kind| kernel.metadata.arguments.iter().any(|argument| argument.kind == kind);
        let start = start.next_multiple_of(64);
        let calls = asks(ArgumentKind::HiddenHostcallBuffer).then(|| Calls::new(start));
        let start = calls.as_ref().map_or(start, Calls::end);
        let buffer = asks(ArgumentKind::HiddenPrintfBuffer).then(|| Buffer::new(start));
        let end = buffer.as_ref().map_or(start, Buffer::end);
        (Self { calls, buffer, printed: Printed::default() }, end)
    }

    /// Where an argument points, if it is one of those that are served.
    pub(crate) fn address(&self, kind: ArgumentKind) -> Option<u64> {
        match kind {
            ArgumentKind::HiddenHostcallBuffer => self.calls.as_ref().map(Calls::address),
            ArgumentKind::HiddenPrintfBuffer => self.buffer.as_ref().map(Buffer::address),
            _ => None,
        }
    }

    /// A workgroup starts: nobody has asked for anything.
    pub(crate) fn start(&mut self, memory: &Allocation) {
        if let Some(calls) = &mut self.calls {
            calls.start(memory);
        }
        if let Some(buffer) = &self.buffer {
            buffer.start(memory);
        }
    }

    /// Answers what waves ask for now.
    ///
    /// # Errors
    /// The number of a service that there is not.
    pub(crate) fn serve(&mut self, memory: &Allocation) -> Result<(), u32> {
        self.calls.as_mut().map_or(Ok(()), |calls| calls.serve(memory, &mut self.printed))
    }

    /// What the workgroup printed, now that it runs no more.
    pub(crate) fn finish(&mut self, memory: &Allocation, object: &CodeObject) -> Printed {
        if let Some(buffer) = &self.buffer {
            buffer.drain(memory, object, &mut self.printed);
        }
        std::mem::take(&mut self.printed)
    }
}

/// A word of 32 bits of memory that holds it.
fn word(memory: &Allocation, address: u64) -> u32 {
    let mut bytes = [0; 4];
    memory.read(address, &mut bytes);
    u32::from_le_bytes(bytes)
}

/// A word of 64 bits of memory that holds it.
fn double(memory: &Allocation, address: u64) -> u64 {
    let mut bytes = [0; 8];
    memory.read(address, &mut bytes);
    u64::from_le_bytes(bytes)
}

/// A message's format, up to its NUL, and what follows it, from the next multiple of 8 bytes on.
fn split_text(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let end = (length + 1).next_multiple_of(8).min(bytes.len());
    (&bytes[..length], &bytes[end..])
}
