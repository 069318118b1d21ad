//! From verified IR to a code object.
//!
//! Guarantees: messages of the compiler lead back to the Rust source. Deliberately does not know the cache, nor where the
//! compiler runs.

use greta_codegen::emit;
use greta_codegen::verify::Verified;

use crate::compile::{CompileRequest, source_locations};
use crate::driver::gpu::api::Image;
use crate::error::Result;

/// Takes the code object of a kernel from the cache, or compiles it.
pub(super) fn compile(kernel: &Verified) -> Result<Image> {
    let name = &kernel.kernel().name;
    let emitted = emit::source(kernel);
    let line_map = source_locations(kernel, &emitted);
    let request = CompileRequest {
        source: &emitted.source,
        name: &format!("{name}.hip"),
        target: kernel.target().name,
        options: &[],
        line_map: &line_map,
    };
    let mut object = crate::compile::compile(&request).map_err(Box::new)?;
    object.resources.kernels.retain(|kernel| kernel.name == *name);
    Ok(Image {
        bytes: object.bytes,
        launch_shared_bytes: emitted.launch_shared_bytes,
        resources: object.resources.kernels.pop(),
    })
}
