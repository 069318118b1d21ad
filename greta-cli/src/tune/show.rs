//! What tuning found, as tables or as JSON.

use greta_llama::launchable::Work;
use greta_runtime::resources::KernelResources;
use serde::Serialize;

use super::candidates::Excluded;
use super::trial::{Fate, Trial, opt_fastest};
use super::{Database, Tuning};
use crate::error::Error;
use crate::measure::Times;
use crate::output;
use crate::table::{Column, Table, size};

/// Variants that a table shows; JSON has all.
const SHOWN: usize = 16;

/// The device that is a program.
const SIMULATED: &str = "times are those of the program that stands in for the device: they say nothing of a GPU";

#[derive(Serialize)]
struct TuningRow<'a> {
    kernel: &'static str,
    device: &'a str,
    kind: &'static str,
    shape: String,
    /// Choices of tile parameters that there are, and those that are no variants.
    choices: usize,
    excluded: &'a [Excluded],
    variants: Vec<VariantRow>,
    /// The fastest, as in `variants`; none if none is right.
    winner: Option<String>,
    default_us: Option<f64>,
    /// How often the default variant's time the winner's fits in.
    gain: Option<f64>,
    entry: Option<String>,
}

#[derive(Serialize)]
struct VariantRow {
    tile: String,
    #[serde(flatten)]
    times: Option<Times>,
    rate: Option<f64>,
    unit: &'static str,
    ceiling: Option<f64>,
    registers: Option<u32>,
    shared_bytes: Option<u32>,
    occupancy_waves: Option<u32>,
    /// What went wrong.
    failure: Option<String>,
}

impl Trial {
    /// What happened to a variant that is not right, and why.
    pub(super) fn opt_failure(&self) -> Option<(&'static str, &str)> {
        match &self.fate {
            Fate::Timed { .. } => None,
            Fate::Rejected(why) => Some(("does not compile", why)),
            Fate::Failed(why) => Some(("does not run", why)),
            Fate::Wrong(why) => Some(("gives wrong numbers", why)),
        }
    }
}

impl Tuning {
    /// The tile parameters, as the command line takes them.
    pub(super) fn tile(&self, values: &[u32]) -> String {
        let pairs = self.kernel.parameters.iter().zip(values);
        pairs.map(|(parameter, value)| format!("{}={value}", parameter.name)).collect::<Vec<_>>().join(",")
    }

    fn row(&self, trial: &Trial) -> VariantRow {
        let opt_times = trial.opt_times();
        let resource = |of: fn(&KernelResources) -> u32| trial.resources.as_ref().map(of);
        VariantRow {
            tile: self.tile(&trial.values),
            times: opt_times,
            rate: opt_times.map(|times| rate(self.work, times.median_us)),
            unit: unit(self.work),
            ceiling: opt_times.and_then(|times| Some(self.opt_ceiling_us? / times.median_us)),
            registers: resource(|it| it.vgprs + it.agprs),
            shared_bytes: resource(|it| it.lds_bytes),
            occupancy_waves: trial.resources.as_ref().and_then(|it| it.occupancy_waves),
            failure: trial.opt_failure().map(|(what, why)| format!("{what}: {why}")),
        }
    }

    fn opt_gain(&self) -> Option<f64> {
        Some(self.opt_default_us()? / opt_fastest(&self.trials)?.opt_times()?.median_us)
    }
}

/// TB/s or TFLOP/s of work that takes so long.
pub(crate) fn rate(work: Work, time_us: f64) -> f64 {
    let (Work::Operations(amount) | Work::Bytes(amount)) = work;
    amount / time_us / 1e6
}

/// The unit of [`rate`].
pub(crate) fn unit(work: Work) -> &'static str {
    match work {
        Work::Operations(_) => "TFLOP/s",
        Work::Bytes(_) => "TB/s",
    }
}

/// Writes what was found for each shape to standard output.
///
/// # Errors
///
/// [`Error::Output`].
pub(super) fn show(tunings: &[Tuning], is_json: bool) -> Result<(), Error> {
    if is_json {
        return output::print_json(&tunings.iter().map(tuning_row).collect::<Vec<_>>());
    }
    for tuning in tunings {
        show_one(tuning)?;
    }
    if tunings.len() > 1 { show_gains(tunings) } else { Ok(()) }
}

fn tuning_row(tuning: &Tuning) -> TuningRow<'_> {
    TuningRow {
        kernel: tuning.kernel.name,
        device: &tuning.device.name,
        kind: tuning.device.kind,
        shape: tuning.shape.to_string(),
        choices: tuning.choices,
        excluded: &tuning.excluded,
        variants: sorted(tuning).into_iter().map(|trial| tuning.row(trial)).collect(),
        winner: opt_fastest(&tuning.trials).map(|trial| tuning.tile(&trial.values)),
        default_us: tuning.opt_default_us(),
        gain: tuning.opt_gain(),
        entry: tuning.opt_entry.as_ref().map(|path| path.display().to_string()),
    }
}

/// The trials, the finalists first, then the others that are right, the fastest first, then the rest.
fn sorted(tuning: &Tuning) -> Vec<&Trial> {
    let rank = |trial: &Trial| match trial.fate {
        Fate::Timed { times, is_finalist } => (u8::from(!is_finalist), times.median_us),
        _ => (2, 0.0),
    };
    let mut trials: Vec<&Trial> = tuning.trials.iter().collect();
    trials.sort_by(|one, other| {
        let (one, other) = (rank(one), rank(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
    trials
}

fn show_one(tuning: &Tuning) -> Result<(), Error> {
    let device = &tuning.device;
    let mut text = format!("{} with {} on {} ({})\n", tuning.kernel.name, tuning.shape, device.name, device.kind);
    if matches!(device.kind, "cpu" | "emu") {
        text += &format!("{SIMULATED}\n");
    }
    text += &format!("{} choices of tile parameters, {} tried\n", tuning.choices, tuning.trials.len());
    tuning
        .excluded
        .iter()
        .for_each(|excluded| text += &format!("  {} excluded by {}\n", excluded.count, excluded.reason));
    output::print(&(text + "\n"))?;
    let mut table = Table::new(&[
        Column::Number("TIME"),
        Column::Number("SPREAD"),
        Column::Number("RATE"),
        Column::Number("CEILING"),
        Column::Number("REGISTERS"),
        Column::Number("SHARED"),
        Column::Number("OCCUPANCY"),
        Column::Text("VARIANT"),
    ]);
    let sorted = sorted(tuning);
    let is_shown = |(place, trial): &(usize, &Trial)| *place < SHOWN || trial.values == tuning.default;
    let shown: Vec<&Trial> = sorted.iter().copied().enumerate().filter(is_shown).map(|(_, trial)| trial).collect();
    shown.iter().for_each(|trial| table.row(cells(tuning, trial)));
    table.print()?;
    if shown.len() < sorted.len() {
        output::print(&format!("{} more; --json has all\n", sorted.len() - shown.len()))?;
    }
    output::print(&(summary(tuning) + "\n"))
}

fn cells(tuning: &Tuning, trial: &Trial) -> [String; 8] {
    let row = tuning.row(trial);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut variant = row.tile.clone();
    if trial.values == tuning.default {
        variant += "  (default)";
    }
    if let Some((what, _)) = trial.opt_failure() {
        variant += &format!("  {what}");
    }
    [
        or_dash(row.times.map(|times| micros(times.median_us))),
        or_dash(row.times.map(|times| percent(times.spread()))),
        or_dash(row.rate.map(|rate| format!("{rate:.3} {}", row.unit))),
        or_dash(row.ceiling.map(percent)),
        or_dash(row.registers.map(|count| count.to_string())),
        or_dash(row.shared_bytes.map(|bytes| size(bytes.into()))),
        or_dash(row.occupancy_waves.map(|waves| waves.to_string())),
        variant,
    ]
}

/// A time, as tables show it.
pub(crate) fn micros(time_us: f64) -> String {
    if time_us < 100.0 { format!("{time_us:.2} µs") } else { format!("{time_us:.1} µs") }
}

/// A part, as tables show it.
pub(crate) fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

fn summary(tuning: &Tuning) -> String {
    let Some(winner) = opt_fastest(&tuning.trials) else {
        return "\nno variant is right; nothing is kept\n".to_owned();
    };
    let tile = tuning.tile(&winner.values);
    let gain = tuning.opt_gain().map_or_else(String::new, |gain| format!(", {gain:.2} times as fast as the default"));
    let entry = match &tuning.opt_entry {
        Some(path) => format!("kept in {}", path.display()),
        None => match Database::open_default().folder() {
            Some(_) => "not kept".to_owned(),
            None => "not kept: this user has no folder for data".to_owned(),
        },
    };
    format!("\nfastest: {tile}{gain}\n{entry}\n")
}

/// A row for each shape.
fn show_gains(tunings: &[Tuning]) -> Result<(), Error> {
    let columns = [
        Column::Text("SHAPE"),
        Column::Number("DEFAULT"),
        Column::Number("TUNED"),
        Column::Number("GAIN"),
        Column::Text("VARIANT"),
    ];
    let mut table = Table::new(&columns);
    for tuning in tunings {
        let opt_winner = opt_fastest(&tuning.trials);
        let time = |opt_us: Option<f64>| opt_us.map_or_else(|| "-".to_owned(), micros);
        table.row([
            tuning.shape.to_string(),
            time(tuning.opt_default_us()),
            time(opt_winner.and_then(Trial::opt_times).map(|times| times.median_us)),
            tuning.opt_gain().map_or_else(|| "-".to_owned(), |gain| format!("{gain:.2}")),
            opt_winner.map_or_else(|| "-".to_owned(), |winner| tuning.tile(&winner.values)),
        ]);
    }
    table.print()
}
