//! The source line of an instruction, where the object was compiled with line information.

use std::fmt;

use addr2line::gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

use super::CodeObject;

/// A line of the source that a kernel was compiled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The file, as the compiler was told.
    pub file: String,
    /// From 1 on.
    pub line: u32,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl CodeObject {
    /// The line that the instruction at `offset` of the image comes from. Nothing where the compiler
    /// left none.
    pub fn source_line(&self, offset: u64) -> Option<SourceLine> {
        let section = |id: SectionId| {
            let bytes = self.debug.get(id.name()).map_or(&[][..], Vec::as_slice);
            Ok::<_, addr2line::gimli::Error>(EndianSlice::new(bytes, LittleEndian))
        };
        let context = addr2line::Context::from_dwarf(Dwarf::load(section).ok()?).ok()?;
        let mut frames = context.find_frames(offset).skip_all_loads().ok()?;
        let mut lines = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let line = frame.location.and_then(|at| Some(SourceLine { file: at.file?.to_owned(), line: at.line? }));
            lines.extend(line);
        }
        // Of what was inlined here, the innermost that is in the kernel's own file: others are headers.
        let own = lines.last()?.file.clone();
        lines.into_iter().find(|line| line.file == own)
    }
}
