//! How long compilations take. Alone in its program, so that no other test takes the cores.
//!
//! The limit of compiling is 5 s on 4 cores, given as the processor's time: it says the same on a machine that has other
//! work.

mod support;

use std::time::{Duration, Instant};

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CodeObject, CompileRequest, Compiler};
use support::{request, tiled, toolchain};

const COLD_LIMIT: Duration = Duration::from_secs(4 * 5);
const CACHED_LIMIT: Duration = Duration::from_millis(50);
/// A machine that is busy with something else gets another chance.
const ATTEMPTS: usize = 5;

fn timed(compiler: &Compiler, requests: &[CompileRequest<'_>]) -> (Vec<CodeObject>, Duration) {
    let start = Instant::now();
    let objects = compiler.compile_all(requests);
    let time = start.elapsed();
    (objects.into_iter().map(|object| object.unwrap()).collect(), time)
}

/// The shortest of several measurements, of which the first within `limit` is enough.
fn shortest(limit: Duration, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..ATTEMPTS {
        shortest = shortest.min(measure());
        if shortest <= limit {
            break;
        }
    }
    shortest
}

#[test]
fn sixteen_kernels_compile_in_parallel_within_5_s_of_4_cores_and_come_from_the_cache_within_50_ms() {
    let Some(toolchain) = toolchain() else { return };
    let sources: Vec<String> = (0..16).map(tiled).collect();
    let requests: Vec<CompileRequest<'_>> = sources.iter().map(|source| request(source)).collect();
    let folder = tempfile::tempdir().unwrap();
    let compiler = Compiler::new(toolchain.clone(), Cache::new(folder.path(), 1 << 30));
    let (cold, wall) = timed(&compiler, &requests);
    let cold_time = greta_testing::processor_time(&compiler.pool().processes());
    assert!(compiler.pool().processes().len() > 1 || std::thread::available_parallelism().unwrap().get() == 1);
    assert!(cold.iter().all(|object| !object.from_cache));
    for (index, object) in cold.iter().enumerate() {
        assert!(object.resources.kernel(&format!("tiled_{index}")).is_some(), "results are in order");
    }

    let mut cached = Vec::new();
    let cached_time = shortest(CACHED_LIMIT, || {
        let compiler = Compiler::new(toolchain.clone(), Cache::new(folder.path(), 1 << 30));
        let (objects, time) = timed(&compiler, &requests);
        assert!(compiler.pool().processes().is_empty(), "a hit starts no process");
        cached = objects;
        time
    });
    assert!(cached.iter().all(|object| object.from_cache));
    for (cold, cached) in cold.iter().zip(&cached) {
        assert_eq!((&cold.bytes, &cold.log, &cold.resources), (&cached.bytes, &cached.log, &cached.resources));
    }
    eprintln!("16 kernels: cold {wall:?}, of cores {cold_time:?}; cached {cached_time:?}");
    assert!(cold_time <= COLD_LIMIT, "{cold_time:?}");
    assert!(cached_time <= CACHED_LIMIT, "{cached_time:?}");
}
