//! Times of an earlier run and of others beside those of this one.

use std::path::Path;

use serde::Deserialize;

use super::{BenchError, Report, Row};

/// What `bench/peers.py` writes.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Peers {
    pub(super) device: String,
    /// Names and versions of what was timed.
    pub(super) versions: Vec<String>,
    pub(super) rows: Vec<PeerRow>,
}

/// A time of one peer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PeerRow {
    /// The row's name, as in [`Row`].
    pub(super) name: String,
    /// Who took the time.
    pub(super) peer: String,
    pub(super) median_us: f64,
}

/// A run with what is compared to it.
pub(super) struct Joined<'a> {
    pub(super) report: &'a Report,
    pub(super) opt_before: Option<&'a Report>,
    pub(super) opt_peers: Option<&'a Peers>,
}

impl<'a> Joined<'a> {
    pub(super) fn new(report: &'a Report, opt_before: Option<&'a Report>, opt_peers: Option<&'a Peers>) -> Self {
        Self { report, opt_before, opt_peers }
    }

    /// The same row of the earlier run.
    pub(super) fn opt_before_us(&self, row: &Row) -> Option<f64> {
        let earlier = self.opt_before?.rows.iter().find(|earlier| earlier.name == row.name)?;
        Some(earlier.times.median_us)
    }

    /// The fastest of the others.
    pub(super) fn opt_peer(&self, row: &Row) -> Option<&'a PeerRow> {
        let of_row = self.opt_peers?.rows.iter().filter(|peer| peer.name == row.name);
        of_row.min_by(|one, other| one.median_us.total_cmp(&other.median_us))
    }
}

/// Reads what `--json` wrote.
///
/// # Errors
///
/// [`BenchError::File`].
pub(super) fn read_report(path: &Path) -> Result<Report, BenchError> {
    read(path)
}

/// Reads what `bench/peers.py` wrote.
///
/// # Errors
///
/// [`BenchError::File`], also for a time that is none.
pub(super) fn read_peers(path: &Path) -> Result<Peers, BenchError> {
    let peers: Peers = read(path)?;
    let is_time = |us: f64| us > 0.0;
    match peers.rows.iter().find(|row| !is_time(row.median_us)) {
        None => Ok(peers),
        Some(row) => {
            let reason = format!("{}: {} µs is no time", row.name, row.median_us);
            Err(BenchError::File { path: path.to_owned(), reason })
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, BenchError> {
    let file = |reason: String| BenchError::File { path: path.to_owned(), reason };
    let text = std::fs::read(path).map_err(|error| file(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| file(error.to_string()))
}
