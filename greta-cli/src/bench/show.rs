//! A run as tables, for a terminal or in Markdown.

use super::join::Joined;
use super::overhead::Overhead;
use super::{LeftOut, Report, Row};
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
    for LeftOut { name, reason } in &report.left_out {
        output::print(&format!("No {name}: {}\n", reason.lines().next().unwrap_or_default()))?;
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

#[cfg(test)]
mod tests {
    use super::super::ceilings::Ceiling;
    use super::super::join::{PeerRow, Peers};
    use super::super::{Row, Section};
    use super::*;
    use crate::measure::Times;

    fn times(median_us: f64) -> Times {
        Times { median_us, least_us: median_us * 0.98, most_us: median_us * 1.02, count: 60 }
    }

    fn row(name: &str, median_us: f64, ceiling: Option<f64>) -> Row {
        let (rate, unit) = (405.0 / median_us, "TB/s".to_owned());
        Row {
            section: Section::Block,
            name: name.to_owned(),
            times: times(median_us),
            rate,
            unit,
            ceiling,
            tuned: false,
        }
    }

    fn report(scale: f64) -> Report {
        Report {
            device: "H100".to_owned(),
            kind: "cuda".to_owned(),
            date: "2026-11-23T10:00:00Z".to_owned(),
            compiler: "NVRTC 13.0".to_owned(),
            quick: false,
            ceilings: vec![Ceiling { name: "read".to_owned(), rate: 3.07, unit: "TB/s".to_owned() }],
            rows: vec![
                row("decode bf16 kv 1", 140.0 * scale, Some(0.94)),
                Row { tuned: true, ..row("rope 1 token", 1.5 * scale, None) },
            ],
            left_out: Vec::new(),
            launches: vec![Overhead { name: "launch".to_owned(), host: times(2.0), raw: Some(times(1.9)) }],
        }
    }

    #[test]
    fn markdown_has_the_rows_with_what_others_and_an_earlier_run_took() {
        let peer =
            |peer: &str, median_us| PeerRow { name: "decode bf16 kv 1".to_owned(), peer: peer.to_owned(), median_us };
        let peers = Peers {
            device: "H100".to_owned(),
            versions: vec!["PyTorch 2.11".to_owned()],
            rows: vec![peer("eager", 700.0), peer("compiled", 175.0)],
        };
        let (now, before) = (report(1.0), report(1.25));
        let joined = Joined::new(&now, Some(&before), Some(&peers));
        let expected = "\
| row | time | spread | rate | ceiling | before | change | peer | ratio | who |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| decode bf16 kv 1 | 140.0 µs | 2.0 % | 2.893 TB/s | 94.0 % | 175.0 µs | -20.0 % | 175.0 µs | 1.25 | compiled |
| rope 1 token (tuned) | 1.50 µs | 2.0 % | 270.000 TB/s | - | 1.88 µs | -20.0 % | - | - | - |
";
        assert_eq!(rows(&joined).markdown(), expected);
        let said = "H100 (cuda), NVRTC 13.0, 2026-11-23T10:00:00Z. Before: H100, 2026-11-23T10:00:00Z. \
                    Peers on H100: PyTorch 2.11.\n";
        assert_eq!(heading(&joined), said);
        let launches = "| host time | greta | driver | ratio |\n| --- | ---: | ---: | ---: |\n\
                        | launch | 2.00 µs | 1.90 µs | 1.05 |\n";
        assert_eq!(super::launches(&now.launches).markdown(), launches);
    }

    #[test]
    fn a_report_is_read_as_it_is_written() {
        let text = serde_json::to_string(&report(1.0)).unwrap();
        let read: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
