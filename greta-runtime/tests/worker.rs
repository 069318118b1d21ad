//! Compiler processes that are killed, hang or lose their parent.

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileError, CompileRequest, Compiler, DEFAULT_LIMIT};
use greta_runtime::toolchain::{Rocm, Toolchain};
use greta_runtime::worker::{Pool, WorkerError};
use support::{ENDLESS, ENDLESS_OPTION, MFMA, request, toolchain};

const SECOND: Duration = Duration::from_secs(1);

fn is_alive(process: u32) -> bool {
    // A process that nobody has waited for yet is dead all the same.
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|text| !text.contains(") Z "))
}

fn within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    condition()
}

fn kill(process: u32) {
    // SAFETY: the signal goes to a process that this test started and has not waited for.
    assert_eq!(unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) }, 0);
}

/// A compiler of one worker, which is running.
fn single(limit: Duration) -> Option<(Compiler, u32)> {
    let pool = Pool::new(toolchain()?, 1);
    let compiler = Compiler::with_pool(pool, Cache::disabled(), limit);
    compiler.compile(&request(MFMA)).unwrap();
    let process = compiler.pool().processes()[0];
    Some((compiler, process))
}

#[test]
fn a_worker_killed_while_it_compiles_is_an_error_and_the_next_compilation_works() {
    let Some((compiler, process)) = single(DEFAULT_LIMIT) else { return };
    let options = [ENDLESS_OPTION.to_owned()];
    let endless = CompileRequest { options: &options, ..request(ENDLESS) };
    let error = std::thread::scope(|scope| {
        let compilation = scope.spawn(|| compiler.compile(&endless));
        std::thread::sleep(SECOND / 2);
        kill(process);
        compilation.join().unwrap().unwrap_err()
    });
    let CompileError::Worker { source: WorkerError::Died { status, .. }, .. } = &error else { panic!("{error}") };
    assert_eq!(status, "signal 9");
    compiler.compile(&request(MFMA)).unwrap();
    assert_ne!(compiler.pool().processes(), [process]);
}

#[test]
fn a_worker_that_died_between_compilations_is_replaced_unnoticed() {
    let Some((compiler, process)) = single(DEFAULT_LIMIT) else { return };
    kill(process);
    assert!(within(SECOND, || !is_alive(process)));
    compiler.compile(&request(MFMA)).unwrap();
}

#[test]
fn a_compilation_that_takes_too_long_is_stopped_and_its_process_killed() {
    let Some((compiler, process)) = single(2 * SECOND) else { return };
    let options = [ENDLESS_OPTION.to_owned()];
    let start = Instant::now();
    let error = compiler.compile(&CompileRequest { options: &options, ..request(ENDLESS) }).unwrap_err();
    let CompileError::Worker { source: WorkerError::TimedOut { limit, .. }, .. } = &error else { panic!("{error}") };
    assert_eq!(*limit, 2 * SECOND);
    assert!(start.elapsed() < 4 * SECOND, "{:?}", start.elapsed());
    assert!(!is_alive(process));
    compiler.compile(&request(MFMA)).unwrap();
}

#[test]
fn a_crash_of_the_compiler_is_an_error_with_what_it_wrote() {
    let Some((compiler, _)) = single(DEFAULT_LIMIT) else { return };
    for (pragma, wrote) in [("crash", ""), ("llvm_fatal_error", "LLVM ERROR")] {
        let source = format!("#pragma clang __debug {pragma}\nextern \"C\" __global__ void k() {{}}\n");
        let error = compiler.compile(&request(&source)).unwrap_err();
        let CompileError::Worker { source: WorkerError::Died { status, log }, .. } = &error else { panic!("{error}") };
        assert!(status.starts_with("signal "), "{error}");
        assert!(log.contains(wrote), "{error}");
        compiler.compile(&request(MFMA)).unwrap();
    }
}

#[test]
fn a_worker_serves_many_compilations_and_ends_with_its_pool() {
    let Some((compiler, process)) = single(DEFAULT_LIMIT) else { return };
    for _ in 0..3 {
        compiler.compile(&request(MFMA)).unwrap();
    }
    assert_eq!(compiler.pool().processes(), [process]);
    assert!(is_alive(process));
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let folder = String::from_utf8(environment).unwrap();
    let folder = folder.split('\0').find_map(|pair| pair.strip_prefix("TMPDIR=")).unwrap().to_owned();
    assert!(Path::new(&folder).exists());
    drop(compiler);
    assert!(!is_alive(process));
    assert!(!Path::new(&folder).exists(), "the worker's folder is gone");
}

/// Not a test of its own: the parent whose death the next one watches.
#[test]
fn parent_that_is_killed() {
    if std::env::var_os("GRETA_TEST_PARENT").is_none() {
        return;
    }
    let (compiler, process) = single(DEFAULT_LIMIT).unwrap();
    println!("worker={process}");
    let options = [ENDLESS_OPTION.to_owned()];
    let _ = compiler.compile(&CompileRequest { options: &options, ..request(ENDLESS) });
}

#[test]
fn a_worker_ends_when_its_parent_is_killed_even_while_it_compiles() {
    if toolchain().is_none() {
        return;
    }
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_that_is_killed", "--nocapture"])
        .env("GRETA_TEST_PARENT", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let process = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("worker=").map(|(_, process)| process.trim().to_owned()))
        .unwrap();
    let process: u32 = process.parse().unwrap();
    std::thread::sleep(SECOND / 5);
    assert!(is_alive(process));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(within(2 * SECOND, || !is_alive(process)));
}

#[test]
fn a_compiler_library_that_does_not_load_is_named() {
    let libhiprtc = PathBuf::from("/nowhere/libhiprtc.so.6");
    let toolchain = Toolchain::Rocm(Rocm { libhiprtc, libamd_comgr: None, version: None });
    let compiler = Compiler::with_pool(Pool::new(toolchain, 1), Cache::disabled(), DEFAULT_LIMIT);
    let error = compiler.compile(&request(MFMA)).unwrap_err().to_string();
    assert!(error.contains("hiprtc was not found: tried /nowhere/libhiprtc.so.6"), "{error}");
}
