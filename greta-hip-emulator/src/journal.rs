//! What launches leave beside their results: counters, a line of JSON each, in a file that the environment names, and
//! warnings on standard error.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use greta_emulator::{Counters, Report};
use serde::Serialize;

use crate::function::Shape;
use crate::handles::lock;

/// Names the file.
const COUNTERS_VARIABLE: &str = "GRETA_EMULATOR_COUNTERS";

/// Where counters go.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Option<Mutex<File>>,
}

/// A launch.
#[derive(Serialize)]
struct Line<'a> {
    kernel: &'a str,
    grid: [u32; 3],
    block: [u32; 3],
    dynamic_shared_bytes: u32,
    /// How long the emulator took.
    seconds: f64,
    counters: &'a Counters,
}

impl Journal {
    /// Begins the file, if there is to be one.
    pub(crate) fn open() -> Self {
        let path = std::env::var_os(COUNTERS_VARIABLE).filter(|path| !path.is_empty());
        let file = path.and_then(|path| match File::create(&path) {
            Ok(file) => Some(Mutex::new(file)),
            Err(error) => {
                eprintln!("emulated HIP runtime: {}: {error}; launches are not counted", path.display());
                None
            }
        });
        Self { file }
    }

    /// Whether launches are to be counted.
    pub(crate) fn counts(&self) -> bool {
        self.file.is_some()
    }

    /// Notes a launch that ended well.
    pub(crate) fn note(&self, kernel: &str, shape: &Shape, report: &Report, time: Duration) {
        for warning in &report.warnings {
            eprintln!("emulated HIP runtime: warning: {warning}");
        }
        let (Some(file), Some(counters)) = (&self.file, &report.counters) else { return };
        let Shape { grid, block, dynamic_shared_bytes } = *shape;
        let line = Line { kernel, grid, block, dynamic_shared_bytes, seconds: time.as_secs_f64(), counters };
        let written = serde_json::to_string(&line).map_err(std::io::Error::other);
        // A whole line at a time, so that launches of several threads do not mix.
        if let Err(error) = written.and_then(|line| writeln!(lock(file), "{line}")) {
            eprintln!("emulated HIP runtime: {kernel} is not in the file of counters: {error}");
        }
    }
}
