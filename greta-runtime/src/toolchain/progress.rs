//! How an installation tells what it does. The installer reports events; who shows them is the
//! caller's choice. `to_stderr` draws a bar on a terminal and prints plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Something an installation has begun or reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A step of unknown length begins.
    Step(String),
    /// Part of the download is done.
    Downloaded {
        /// In hundredths, 0 to 100.
        percent: f64,
        /// What is being downloaded, as the package manager names it.
        what: String,
    },
    /// Packages are being unpacked.
    Unpacked {
        /// How many are.
        count: usize,
        /// How many there are.
        total: usize,
    },
    /// The toolchain is ready: one line about it.
    Done(String),
}

/// A reporter on standard error: a progress bar when that is a terminal, otherwise one line a step
/// and one each tenth of the download.
pub fn to_stderr() -> impl FnMut(Progress) {
    let mut bar = std::io::stderr().is_terminal().then(Bar::new);
    let mut lines = Lines { tenth: 0, total_seen: 0 };
    move |progress| match &mut bar {
        Some(bar) => bar.show(progress),
        None => lines.show(progress),
    }
}

struct Bar {
    bar: ProgressBar,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(100);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    fn spin(&self) {
        self.bar.set_style(ProgressStyle::default_spinner());
    }

    fn fill(&self, template: &str) {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style);
    }

    fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Step(text) => {
                self.spin();
                self.bar.set_message(text);
            }
            Progress::Downloaded { percent, what } => {
                self.fill("{spinner} downloading {bar:32} {percent:>3} %  {wide_msg}");
                self.bar.set_length(100);
                self.bar.set_position(percent as u64);
                self.bar.set_message(what);
            }
            Progress::Unpacked { count, total } => {
                self.fill("{spinner} unpacking   {bar:32} {pos}/{len} packages");
                self.bar.set_length(total as u64);
                self.bar.set_position(count as u64);
            }
            Progress::Done(text) => {
                self.spin();
                self.bar.finish_and_clear();
                line(&text);
            }
        }
    }
}

struct Lines {
    tenth: u64,
    total_seen: usize,
}

impl Lines {
    fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Step(text) | Progress::Done(text) => line(&text),
            Progress::Downloaded { percent, .. } => {
                let tenth = (percent / 10.0) as u64;
                if tenth > self.tenth {
                    self.tenth = tenth;
                    line(&format!("downloaded {} %", tenth * 10));
                }
            }
            Progress::Unpacked { total, .. } => {
                if self.total_seen != total {
                    self.total_seen = total;
                    line(&format!("unpacking {total} packages"));
                }
            }
        }
    }
}

/// A closed standard error is no reason to stop an installation.
fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
