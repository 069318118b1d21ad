//! A run as tables, for a terminal or in Markdown.

use super::join::Joined;
use super::overhead::Overhead;
use super::{Report, Row};
use crate::error::Error;
use crate::output;
use crate::table::{Column, Table};
use crate::tune::{micros, percent};

/// A table before it is known where it goes: titles, and whether each column is a number; rows.
struct Grid {
    columns: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

/// Writes a run to standard output.
///
/// # Errors
///
/// [`Error::Output`].
pub(super) fn show(joined: &Joined<'_>, is_markdown: bool) -> Result<(), Error> {
    let report = joined.report;
    output::print(&(heading(joined) + "\n"))?;
    let grids = [ceilings(report), rows(joined), launches(&report.launches)];
    for grid in grids.into_iter().filter(|grid| !grid.rows.is_empty()) {
        if is_markdown {
            output::print(&grid.markdown())?;
        } else {
            grid.table().print()?;
        }
        output::print("\n")?;
    }
    Ok(())
}

fn heading(joined: &Joined<'_>) -> String {
    let Report { device, kind, date, compiler, .. } = joined.report;
    let mut text = format!("{device} ({kind}), {compiler}, {date}.");
    if matches!(kind.as_str(), "cpu" | "emu") {
        text += " Times are those of the program that stands in for the device: they say nothing of a GPU.";
    }
    if let Some(before) = joined.opt_before {
        text += &format!(" Before: {}, {}.", before.device, before.date);
    }
    if let Some(peers) = joined.opt_peers {
        text += &format!(" Peers on {}: {}.", peers.device, peers.versions.join(", "));
    }
    text + "\n"
}

fn ceilings(report: &Report) -> Grid {
    let columns = vec![("CEILING", false), ("RATE", true)];
    let row = |it: &super::Ceiling| vec![it.name.clone(), format!("{:.2} {}", it.rate, it.unit)];
    Grid { columns, rows: report.ceilings.iter().map(row).collect() }
}

fn rows(joined: &Joined<'_>) -> Grid {
    let mut columns = vec![("ROW", false), ("TIME", true), ("SPREAD", true), ("RATE", true), ("CEILING", true)];
    if joined.opt_before.is_some() {
        columns.extend([("BEFORE", true), ("CHANGE", true)]);
    }
    if joined.opt_peers.is_some() {
        columns.extend([("PEER", true), ("RATIO", true), ("WHO", false)]);
    }
    Grid { columns, rows: joined.report.rows.iter().map(|row| cells(joined, row)).collect() }
}

fn cells(joined: &Joined<'_>, row: &Row) -> Vec<String> {
    let or_dash = |opt_text: Option<String>| opt_text.unwrap_or_else(|| "-".to_owned());
    let time_us = row.times.median_us;
    let mut cells = vec![
        if row.tuned { format!("{} (tuned)", row.name) } else { row.name.clone() },
        micros(time_us),
        percent(row.times.spread()),
        format!("{:.3} {}", row.rate, row.unit),
        or_dash(row.ceiling.map(percent)),
    ];
    if joined.opt_before.is_some() {
        let opt_before_us = joined.opt_before_us(row);
        cells.push(or_dash(opt_before_us.map(micros)));
        cells.push(or_dash(opt_before_us.map(|before_us| format!("{:+.1} %", (time_us / before_us - 1.0) * 100.0))));
    }
    if joined.opt_peers.is_some() {
        let opt_peer = joined.opt_peer(row);
        cells.push(or_dash(opt_peer.map(|peer| micros(peer.median_us))));
        cells.push(or_dash(opt_peer.map(|peer| format!("{:.2}", peer.median_us / time_us))));
        cells.push(or_dash(opt_peer.map(|peer| peer.peer.clone())));
    }
    cells
}

fn launches(launches: &[Overhead]) -> Grid {
    let columns = vec![("HOST TIME", false), ("GRETA", true), ("DRIVER", true), ("RATIO", true)];
    let or_dash = |opt_text: Option<String>| opt_text.unwrap_or_else(|| "-".to_owned());
    let row = |launch: &Overhead| {
        vec![
            launch.name.clone(),
            micros(launch.host.median_us),
            or_dash(launch.raw.map(|times| micros(times.median_us))),
            or_dash(launch.opt_ratio().map(|ratio| format!("{ratio:.2}"))),
        ]
    };
    Grid { columns, rows: launches.iter().map(row).collect() }
}

impl Grid {
    fn table(&self) -> Table {
        let column = |&(title, is_number): &(&'static str, bool)| {
            if is_number { Column::Number(title) } else { Column::Text(title) }
        };
        let mut table = Table::new(&self.columns.iter().map(column).collect::<Vec<_>>());
        self.rows.iter().for_each(|row| table.row(row));
        table
    }

    fn markdown(&self) -> String {
        let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
        let titles: Vec<String> = self.columns.iter().map(|(title, _)| title.to_lowercase()).collect();
        let rules = self.columns.iter().map(|(_, is_number)| if *is_number { "---:" } else { "---" });
        let mut text = line(titles.iter().map(String::as_str).collect()) + &line(rules.collect());
        self.rows.iter().for_each(|row| text += &line(row.iter().map(String::as_str).collect()));
        text
    }
}
