//! How long the library's kernels take to compile: all of them, cold and from the cache. A binary of its own, so that
//! no other test runs beside it.
//!
//! The limit is 5 s on 4 cores, given as the processor's time: it says the same on a machine that has other work.

use std::time::{Duration, Instant};

use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::runtime::cache::Cache;
use greta::runtime::compile::{CompileRequest, Compiler};
use greta::runtime::toolchain;
use greta_llama::KERNELS;

const COLD_LIMIT: Duration = Duration::from_secs(4 * 5);
const CACHED_LIMIT: Duration = Duration::from_millis(50);
/// So short a time may be interrupted: the shortest counts.
const CACHED_ATTEMPTS: usize = 5;

#[test]
fn all_kernels_compile_cold_in_5_s_of_4_cores_and_from_the_cache_in_50_ms() {
    let Some(toolchain) = greta_testing::ok_or_skip(toolchain::find()) else { return };
    let sources: Vec<String> = KERNELS
        .iter()
        .map(|definition| lower(definition, &definition.defaults(), &GFX942).unwrap_or_else(|error| panic!("{error}")))
        .map(|kernel| emit::hip(&kernel).source)
        .collect();
    let requests: Vec<CompileRequest<'_>> = sources
        .iter()
        .zip(KERNELS)
        .map(|(source, definition)| CompileRequest {
            source,
            name: definition.name,
            target: "gfx942",
            options: &[],
            line_map: &[],
        })
        .collect();
    let folder = std::env::temp_dir().join(format!("greta-compile-time-{}", std::process::id()));
    let compiler = Compiler::new(toolchain, Cache::new(folder.clone(), 1 << 30));
    let timed = |from_cache: bool| {
        let start = Instant::now();
        for result in compiler.compile_all(&requests) {
            assert_eq!(result.unwrap_or_else(|error| panic!("{error}")).from_cache, from_cache);
        }
        start.elapsed()
    };
    let wall = timed(false);
    let processor = greta_testing::processor_time(&compiler.pool().processes());
    let cached = (0..CACHED_ATTEMPTS).map(|_| timed(true)).min().unwrap_or_default();
    let _ = std::fs::remove_dir_all(folder);
    println!("{} kernels: cold {wall:.2?}, of cores {processor:.2?}; cached {cached:.2?}", KERNELS.len());
    assert!(processor <= COLD_LIMIT, "cold: {processor:?}");
    assert!(cached <= CACHED_LIMIT, "cached: {cached:?}");
}
