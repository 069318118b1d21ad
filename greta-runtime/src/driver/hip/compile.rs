//! From verified IR to a code object.
//!
//! Guarantees: messages of the compiler lead back to the Rust source. Deliberately does not know the cache, nor where the
//! compiler runs.

use greta_codegen::emit;
use greta_codegen::verify::Verified;

use crate::compile::{CompileRequest, SourceLocation};
use crate::error::Result;
use crate::resources::KernelResources;

/// A kernel as the device loads it.
#[derive(Debug)]
pub(super) struct Image {
    /// The code object.
    pub(super) bytes: Vec<u8>,
    /// What the kernel costs, if the code object says so.
    pub(super) resources: Option<KernelResources>,
}

/// Takes the code object of a kernel from the cache, or compiles it.
pub(super) fn compile(kernel: &Verified) -> Result<Image> {
    let name = &kernel.kernel().name;
    let emitted = emit::source(kernel);
    let lines = u32::try_from(emitted.source.lines().count()).unwrap_or(u32::MAX);
    let line_map: Vec<Option<SourceLocation>> = (1..=lines)
        .map(|line| {
            emitted.line_map.opt_location(line).map(|location| SourceLocation {
                file: location.file.to_owned(),
                line: location.line,
                column: location.column,
            })
        })
        .collect();
    let request = CompileRequest {
        source: &emitted.source,
        name: &format!("{name}.hip"),
        target: kernel.target().name,
        options: &[],
        line_map: &line_map,
    };
    let mut object = crate::compile::compile(&request).map_err(Box::new)?;
    object.resources.kernels.retain(|kernel| kernel.name == *name);
    Ok(Image { bytes: object.bytes, resources: object.resources.kernels.pop() })
}
