//! What the tests of all crates share: where data lies that is no part of the repository, when a test
//! may skip, what a limit of time is compared with, and what a cubin costs. Knows no crate of greta, so that each can use it.

mod cubin;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use cubin::{CubinCosts, MULTIPROCESSOR_REGISTERS};

/// Names the folder of data in place of `../shared` beside the repository.
const SHARED_VARIABLE: &str = "GRETA_SHARED";

/// Says that a test checks nothing, and why. Under `CI` that is a failure.
///
/// # Panics
/// When `CI` is set.
#[track_caller]
pub fn skip(why: impl Display) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// A value that a test needs; without it the test skips.
///
/// # Panics
/// When there is an error and `CI` is set.
#[track_caller]
pub fn ok_or_skip<T>(result: Result<T, impl Display>) -> Option<T> {
    result.map_err(|error| skip(error)).ok()
}

/// A folder of the data: `mfma-vectors`, `objects`, `goldens`. Without it the test skips.
///
/// # Panics
/// When it is not there and `CI` is set.
#[track_caller]
pub fn opt_shared(folder: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let path = std::env::var_os(SHARED_VARIABLE).map_or_else(beside, PathBuf::from).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    skip(format!("no folder ../shared/{folder} beside the repository, and {SHARED_VARIABLE} names none"));
    None
}

/// The files of such a folder that end so, by name; none where the test skips.
///
/// # Panics
/// When the folder is not there and `CI` is set, when it cannot be read, and when it has no such file.
#[track_caller]
pub fn shared_files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let Some(path) = opt_shared(folder) else { return Vec::new() };
    let entries = path.read_dir().expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "no file in {} ends in .{extension}", path.display());
    files
}

/// How long processes have been on a processor, together. On a machine that has other work this says more than a clock.
///
/// # Panics
/// When a process is gone, or the system has no `/proc`.
#[must_use]
pub fn processor_time(processes: &[u32]) -> Duration {
    let ticks = |process: &u32| -> u64 {
        let path = format!("/proc/{process}/stat");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        // The name, in parentheses, may contain anything; user and system time are fields 14 and 15.
        let (_, rest) = text.rsplit_once(')').unwrap_or_else(|| panic!("{path}: {text}"));
        let fields = rest.split_whitespace().skip(11).take(2);
        fields.map(|field| field.parse::<u64>().unwrap_or_else(|error| panic!("{path}: {error}"))).sum()
    };
    // Linux counts a hundred ticks a second for programs, whatever the kernel's own clock is.
    Duration::from_millis(10 * processes.iter().map(ticks).sum::<u64>())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set for the process that asks for what is not there.
    const ASKS: &str = "GRETA_TEST_ASKS";

    #[test]
    fn a_folder_that_is_not_there_is_none() {
        if std::env::var_os(ASKS).is_some() {
            assert_eq!(opt_shared("nothing-of-that-name"), None);
        }
    }

    #[test]
    fn under_ci_a_missing_folder_fails_and_without_it_skips() {
        let run = |is_ci: bool| {
            let mut run = Command::new(std::env::current_exe().expect("a test has a path"));
            run.args(["--exact", "tests::a_folder_that_is_not_there_is_none", "--nocapture"])
                .env(ASKS, "1")
                .env_remove("CI");
            if is_ci {
                run.env("CI", "1");
            }
            let output = run.output().expect("the test starts");
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (passes, text) = run(false);
        assert!(passes && text.contains("skipped: no folder ../shared/nothing-of-that-name"), "{text}");
        let (passes, text) = run(true);
        assert!(!passes && text.contains("no folder ../shared/nothing-of-that-name"), "{text}");
    }
}
