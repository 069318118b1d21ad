//! From verified IR to a code object.
//!
//! Guarantees: messages of the compiler lead back to the Rust source. Deliberately does not know the cache, nor where the
//! compiler runs.

use std::sync::Arc;

use greta_codegen::emit;
use greta_codegen::verify::Verified;

use crate::compile::{Compiler, LineSource};
use crate::driver::gpu::api::Image;
use crate::error::Result;

/// What names the compiler and its version.
pub(super) fn identity() -> Result<String> {
    Ok(Compiler::shared().map_err(Box::new)?.identity().to_owned())
}

/// Takes the code object of a kernel from the cache, or compiles it.
pub(super) fn compile(kernel: &Verified) -> Result<Image> {
    let name = &kernel.kernel().name;
    let emitted = emit::source(kernel);
    let lines = LineSource::new(kernel, &emitted);
    let mut object = crate::compile::compile(&lines.request(&[])).map_err(Box::new)?;
    object.resources.kernels.retain(|kernel| kernel.name == *name);
    Ok(Image {
        bytes: object.bytes,
        launch_shared_bytes: emitted.launch_shared_bytes,
        resources: object.resources.kernels.pop(),
        lines: Some(Arc::new(lines)),
    })
}
