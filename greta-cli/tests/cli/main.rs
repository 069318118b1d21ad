//! The `greta` command as a user runs it: what each command writes where, and how it ends.
//!
//! Each run has a cache of its own. Tests that need the HIP compiler skip, saying so, where there is none; under `CI`
//! they fail.

mod bench;
mod cache;
mod compile;
mod doctor;
mod emit;
mod emu;
mod kernels;
mod profile;
mod tune;
mod usage;

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A place to run the command in: an environment with nothing of the user's but the toolchain.
struct Sandbox {
    cache: TempDir,
}

/// What a run wrote, and its exit status.
struct Run {
    stdout: String,
    stderr: String,
    status: Option<i32>,
}

impl Sandbox {
    fn new() -> Self {
        Self { cache: tempfile::tempdir().expect("a folder for the cache") }
    }

    /// The command with arguments separated by spaces.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greta"));
        command.args(arguments.split_whitespace()).env("GRETA_CACHE_DIR", self.cache.path());
        command.env("GRETA_TUNING_DIR", self.cache.path().join("tuning"));
        for variable in ["GRETA_DEVICE", "GRETA_CACHE_LIMIT", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &str) -> Run {
        Run::of(self.command(arguments))
    }
}

impl Run {
    fn of(mut command: Command) -> Self {
        let Output { stdout, stderr, status } = command.output().expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("the command writes UTF-8");
        let run = Self { stdout: text(stdout), stderr: text(stderr), status: status.code() };
        assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "no colours in a pipe: {}", run.all());
        assert!(!run.stderr.contains("panicked"), "{}", run.all());
        run
    }

    fn all(&self) -> String {
        format!("status {:?}\n--- stdout\n{}--- stderr\n{}", self.status, self.stdout, self.stderr)
    }

    /// Standard output of a run that succeeded.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.all());
        self.stdout
    }

    /// Standard output of a run that succeeded, as JSON.
    #[track_caller]
    fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Standard error of a run that failed with this status and wrote no result.
    #[track_caller]
    fn fails(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}", self.all());
        assert_eq!(self.stdout, "", "no result");
        self.stderr
    }
}

/// Whether this machine has the HIP compiler. Where it has none, a test skips, saying so; under `CI` it fails.
fn has_compiler() -> bool {
    greta_testing::ok_or_skip(greta_runtime::toolchain::find()).is_some()
}
