//! `greta cache`: looks after the compiled kernels that are kept.

use std::io;
use std::time::SystemTime;

use clap::Subcommand;
use greta_runtime::cache::{Cache, Listed, Removed};
use indicatif::HumanDuration;
use serde::Serialize;

use crate::error::Error;
use crate::output;
use crate::table::{Column, Table, size};

const EXAMPLES: &str = "\
A compiled kernel is kept under the hash of its HIP source, target, options and compiler. Removing one costs nothing
but the time to compile it again; damaged ones are found by their checksum whenever they are read.

Examples:
  greta cache ls
  greta cache ls --json | jq '[.[].bytes] | add'
  GRETA_CACHE_LIMIT=256M greta cache gc";

/// Look after the compiled kernels that are kept
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// Write JSON: an array of entries for `ls`, an object for the others
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the entries, the last used first
    Ls,
    /// Check every entry and remove the damaged ones
    Verify,
    /// Remove every entry
    Clear,
    /// Remove what interrupted processes left, and what is over the limit, the longest unused first
    Gc,
}

#[derive(Serialize)]
struct EntryRow {
    key: String,
    name: Option<String>,
    target: Option<String>,
    bytes: u64,
    /// Seconds since the epoch of Unix, to a minute.
    used_unix_s: u64,
    /// Whether the entry is undamaged.
    sound: bool,
    path: String,
}

#[derive(Serialize)]
struct VerifiedRow {
    sound_count: usize,
    damaged: Vec<String>,
}

#[derive(Serialize)]
struct RemovedRow {
    removed_count: usize,
    removed_bytes: u64,
    remaining_bytes: u64,
}

/// # Errors
///
/// [`Error::Cache`] when the folder cannot be read or a file in it cannot be removed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let cache = Cache::open_default();
    let failed = |source: io::Error| Error::Cache { folder: cache.folder().map(Into::into), source };
    match arguments.action {
        Action::Ls => list(&cache, &cache.ls().map_err(failed)?, arguments.json),
        Action::Verify => {
            let verified = cache.verify().map_err(failed)?;
            let damaged = verified.damaged.iter().map(|path| path.display().to_string()).collect();
            verified_row(&VerifiedRow { sound_count: verified.sound_count, damaged }, arguments.json)
        }
        Action::Clear => removed(&cache.clear().map_err(failed)?, arguments.json),
        Action::Gc => removed(&cache.gc().map_err(failed)?, arguments.json),
    }
}

fn list(cache: &Cache, entries: &[Listed], json: bool) -> Result<(), Error> {
    if json {
        return output::print_json(&entries.iter().map(entry_row).collect::<Vec<_>>());
    }
    if !entries.is_empty() {
        table(entries).print()?;
    }
    let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let folder = cache.folder().map_or_else(|| "no folder".to_owned(), |folder| folder.display().to_string());
    output::note(&format!("{}, {} of {} in {folder}", count(entries.len()), size(bytes), size(cache.limit_bytes())));
    Ok(())
}

fn table(entries: &[Listed]) -> Table {
    let mut table = Table::new(&[
        Column::Text("KEY"),
        Column::Text("TARGET"),
        Column::Number("SIZE"),
        Column::Text("USED"),
        Column::Text("NAME"),
    ]);
    for entry in entries {
        let key = entry.key.to_string();
        let age = SystemTime::now().duration_since(entry.used).unwrap_or_default();
        let (name, target) =
            entry.contents.as_ref().map_or(("(damaged)", ""), |(name, target)| (name.as_str(), target.as_str()));
        let used = format!("{} ago", HumanDuration(age));
        table.row([&key[..12], target, &size(entry.bytes), &used, name]);
    }
    table
}

fn entry_row(entry: &Listed) -> EntryRow {
    let used = entry.used.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (name, target) = entry.contents.clone().unzip();
    EntryRow {
        key: entry.key.to_string(),
        sound: name.is_some(),
        name,
        target,
        bytes: entry.bytes,
        used_unix_s: used.as_secs(),
        path: entry.path.display().to_string(),
    }
}

fn verified_row(row: &VerifiedRow, json: bool) -> Result<(), Error> {
    if json {
        return output::print_json(row);
    }
    let mut text = format!("{} sound, {} damaged and removed\n", count(row.sound_count), row.damaged.len());
    for path in &row.damaged {
        text.push_str(&format!("  {path}\n"));
    }
    output::print(&text)
}

fn removed(removed: &Removed, json: bool) -> Result<(), Error> {
    let Removed { count: removed_count, bytes: removed_bytes, remaining_bytes } = *removed;
    if json {
        return output::print_json(&RemovedRow { removed_count, removed_bytes, remaining_bytes });
    }
    let files = if removed_count == 1 { "file" } else { "files" };
    let (removed, remaining) = (size(removed_bytes), size(remaining_bytes));
    output::print(&format!("removed {removed_count} {files}, {removed}; {remaining} remain\n"))
}

fn count(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}
