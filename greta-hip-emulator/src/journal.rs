//! What launches leave beside their results: what kernels print, which goes to the process's own streams; counters, handed
//! to a caller in the process or written to a file that the environment names, a line of JSON each; and warnings, on
//! standard error.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use greta_emulator::{Counters, Printed, Report};
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

/// A launch that was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountedLaunch {
    /// The kernel, by its name in the code object.
    pub kernel: String,
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Shared memory beside the kernel's own.
    pub dynamic_shared_bytes: u32,
    /// How long the emulator took: no time of a GPU.
    pub seconds: f64,
    /// What its instructions asked of the hardware.
    pub counters: Counters,
}

thread_local! {
    /// The launches of the thread while they are counted.
    static COUNTED: RefCell<Option<Vec<CountedLaunch>>> = const { RefCell::new(None) };
}

/// Counts the launches that `run` makes on this thread and hands them out in their order, those of graphs included.
/// Launches that fault are left out. A call within `run` takes its launches from the outer one. Under a seed of drawn orders
/// a launch is the thread's that waits for it.
pub fn count_launches<T>(run: impl FnOnce() -> T) -> (T, Vec<CountedLaunch>) {
    let outer = COUNTED.replace(Some(Vec::new()));
    let result = run();
    (result, COUNTED.replace(outer).unwrap_or_default())
}

/// Passes on what a kernel printed. A closed stream is no reason to fail.
pub(crate) fn pass_on(printed: &Printed) {
    fn write(mut stream: impl Write, text: &[u8]) {
        if !text.is_empty() {
            let _ = stream.write_all(text).and_then(|()| stream.flush());
        }
    }
    write(std::io::stdout(), &printed.stdout);
    write(std::io::stderr(), &printed.stderr);
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

    /// Whether launches of this thread are to be counted.
    pub(crate) fn counts(&self) -> bool {
        self.file.is_some() || COUNTED.with_borrow(Option::is_some)
    }

    /// Notes a launch that ended well.
    pub(crate) fn note(&self, kernel: &str, shape: &Shape, report: &Report, time: Duration) {
        for warning in &report.warnings {
            eprintln!("emulated HIP runtime: warning: {warning}");
        }
        let Some(counters) = report.counters.clone() else { return };
        let Shape { grid, block, dynamic_shared_bytes } = *shape;
        let (kernel, seconds) = (kernel.to_owned(), time.as_secs_f64());
        let launch = CountedLaunch { kernel, grid, block, dynamic_shared_bytes, seconds, counters };
        self.write(&launch);
        COUNTED.with_borrow_mut(|counted| counted.iter_mut().for_each(|launches| launches.push(launch.clone())));
    }

    fn write(&self, launch: &CountedLaunch) {
        let Some(file) = &self.file else { return };
        let written = serde_json::to_string(launch).map_err(std::io::Error::other);
        // A whole line at a time, so that launches of several threads do not mix.
        if let Err(error) = written.and_then(|line| writeln!(lock(file), "{line}")) {
            eprintln!("emulated HIP runtime: {} is not in the file of counters: {error}", launch.kernel);
        }
    }
}
