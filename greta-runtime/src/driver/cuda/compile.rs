//! From verified IR to a cubin: the cache first, then NVRTC.
//!
//! Guarantees: messages of the compiler lead back to the Rust source. Deliberately does not know how NVRTC is called.

use greta_codegen::emit;
use greta_codegen::verify::Verified;

use super::nvrtc::{Nvrtc, NvrtcFailure};
use crate::cache::{Cache, Entry, Key, KeyParts};
use crate::compile::{CompileError, Compiled, diagnostics, source_locations};
use crate::driver::gpu::api::Image;
use crate::error::Result;

/// Options of every compilation. Numbers mean the same as on every other device: products and sums are rounded one by
/// one unless the kernel says `fma`, divisions and square roots are rounded correctly, and subnormals are kept.
const OPTIONS: &[&str] = &["--std=c++17", "--fmad=false", "--prec-div=true", "--prec-sqrt=true", "--ftz=false"];

/// Takes the cubin of a kernel from the cache, or compiles it.
pub(super) fn compile(compiler: &Nvrtc, kernel: &Verified) -> Result<Image> {
    let (name, target) = (format!("{}.cu", kernel.kernel().name), kernel.target().name);
    let emitted = emit::source(kernel);
    let architecture = format!("--gpu-architecture={}", kernel.target().architecture());
    let mut options = vec![architecture.as_str()];
    options.extend(OPTIONS);
    let identity = compiler.identity();
    let key = Key::of(&KeyParts { source: &emitted.source, target, options: &options, compiler: &identity });
    let cache = Cache::open_default();
    let launch_shared_bytes = emitted.launch_shared_bytes;
    if let Some(entry) = cache.get(key) {
        return Ok(Image { bytes: entry.code, launch_shared_bytes, resources: None, lines: None });
    }
    let compiled = compiler.compile(&emitted.source, &options).map_err(|failure| {
        Box::new(match failure {
            NvrtcFailure::Rejected { log } => {
                let log = clang_style(&log);
                let line_map = source_locations(kernel, &emitted);
                let diagnostics = diagnostics(&log, Compiled { language: "CUDA", line_map: &line_map });
                CompileError::Rejected { name: name.clone(), target: target.to_owned(), diagnostics, log }
            }
            NvrtcFailure::Call { call, reason } => CompileError::Compiler {
                name: name.clone(),
                target: target.to_owned(),
                call: call.to_owned(),
                reason,
                log: String::new(),
            },
        })
    })?;
    cache.put(key, &Entry { name, target: target.to_owned(), log: compiled.log, code: compiled.cubin.clone() });
    Ok(Image { bytes: compiled.cubin, launch_shared_bytes, resources: None, lines: None })
}

/// `kernel.cu(12): error: text` as `kernel.cu:12:1: error: text`, which is how other compilers write it.
fn clang_style(log: &str) -> String {
    let rewrite = |line: &str| -> Option<String> {
        let (file, rest) = line.split_once('(')?;
        let (number, rest) = rest.split_once("): ")?;
        number.parse::<u32>().ok()?;
        Some(format!("{file}:{number}:1: {rest}"))
    };
    log.lines().map(|line| rewrite(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_other_compilers_do() {
        let log = "kernel.cu(12): error: identifier \"q\" is undefined\n      q = 1;\n      ^\n1 error detected\n";
        let expected =
            "kernel.cu:12:1: error: identifier \"q\" is undefined\n      q = 1;\n      ^\n1 error detected\n";
        assert_eq!(clang_style(log), expected);
    }
}
