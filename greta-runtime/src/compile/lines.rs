//! The line that an instruction comes from, for devices that say where a kernel stopped.
//!
//! Kernels are compiled without line information, so that code objects and their cache are the same for all devices. When a
//! line is asked for, the source is compiled once more with it, which leaves the code as it is.

use greta_codegen::emit;
use greta_codegen::verify::Verified;
use greta_emulator::CodeObject;
use greta_emulator::object::SourceLine;

use super::{CompileRequest, SourceLocation, source_locations};

/// Adds line information and changes no instruction.
const LINE_OPTION: &str = "-gline-tables-only";

/// A source to compile, with where its lines came from.
#[derive(Debug)]
pub(crate) struct LineSource {
    name: String,
    target: &'static str,
    source: String,
    line_map: Vec<Option<SourceLocation>>,
}

impl LineSource {
    /// The source of a kernel.
    pub(crate) fn new(kernel: &Verified, emitted: &emit::Emitted) -> Self {
        Self {
            name: format!("{}.hip", kernel.kernel().name),
            target: kernel.target().name,
            source: emitted.source.clone(),
            line_map: source_locations(kernel, emitted),
        }
    }

    /// The compilation that gives the kernel's code.
    pub(crate) fn request<'a>(&'a self, options: &'a [String]) -> CompileRequest<'a> {
        CompileRequest {
            source: &self.source,
            name: &self.name,
            target: self.target,
            options,
            line_map: &self.line_map,
        }
    }

    /// The Rust line of the instruction at `offset` of an object of this source, or the line of the source if no Rust line
    /// became it. Nothing if the compiler fails or gives other code than the object's.
    pub(crate) fn opt_line(&self, object: &CodeObject, offset: u64) -> Option<SourceLine> {
        let options = [LINE_OPTION.to_owned()];
        let compiled = super::compile(&self.request(&options));
        let compiled = compiled.inspect_err(|error| tracing::warn!(%error, "no line information")).ok()?;
        let lined = CodeObject::load(&compiled.bytes).ok()?;
        if lined.text != object.text || lined.code() != object.code() {
            tracing::warn!(kernel = self.name, "line information changes the code");
            return None;
        }
        let line = lined.source_line(offset)?.line;
        let rust = self.line_map.get(line as usize - 1).cloned().flatten();
        Some(match rust {
            Some(SourceLocation { file, line, .. }) => SourceLine { file, line },
            None => SourceLine { file: self.name.clone(), line },
        })
    }
}
