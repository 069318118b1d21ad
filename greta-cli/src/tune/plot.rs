//! The tuning landscape as an SVG: the time of every variant that is right, in the order of their times, and in the order
//! of the tile parameters, in which neighbours differ in the last of them.

use std::path::Path;

use plotters::prelude::*;

use super::Tuning;
use super::trial::{Fate, opt_fastest};
use crate::error::Error;

const SIZE_PIXELS: (u32, u32) = (960, 640);
const POINT_PIXELS: i32 = 3;
const MARK_PIXELS: i32 = 6;
/// Room above and below the points, as a factor.
const ROOM: f64 = 1.25;

/// Writes the plot.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn write(path: &Path, tuning: &Tuning) -> Result<(), Error> {
    let mut text = String::new();
    let file = |source| Error::File { path: path.to_owned(), source };
    draw(&mut text, tuning).map_err(|error| file(std::io::Error::other(error.to_string())))?;
    std::fs::write(path, text).map_err(file)
}

/// A variant's place among those that were tried, and its time.
struct Point {
    place: usize,
    time_us: f64,
    values: Vec<u32>,
}

fn points(tuning: &Tuning) -> Vec<Point> {
    let opt_point = |(place, trial): (usize, &super::Trial)| match trial.fate {
        Fate::Timed { times, .. } => Some(Point { place, time_us: times.median_us, values: trial.values.clone() }),
        _ => None,
    };
    tuning.trials.iter().enumerate().filter_map(opt_point).collect()
}

fn draw(text: &mut String, tuning: &Tuning) -> Result<(), Box<dyn std::error::Error>> {
    let points = points(tuning);
    let times = || points.iter().map(|point| point.time_us);
    let (low, high) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    let (low, high) = if points.is_empty() { (1.0, 10.0) } else { (low / ROOM, high * ROOM) };

    let root = SVGBackend::with_string(text, SIZE_PIXELS).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("{} with {} on {}", tuning.kernel.name, tuning.shape, tuning.device.name);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..tuning.trials.len().max(1) as f64, (low..high).log_scale())?;
    let names: Vec<&str> = tuning.kernel.parameters.iter().map(|parameter| parameter.name).collect();
    chart
        .configure_mesh()
        .x_desc(format!("variants, by {}", names.join(", ")))
        .y_desc("time of a launch, µs")
        .y_label_formatter(&|time| format!("{time:.1}"))
        .draw()?;
    let groups = tuning.kernel.parameters.first().map_or(&[][..], |parameter| parameter.candidates);
    for (index, &group) in groups.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        let of_group = points.iter().filter(|point| point.values.first() == Some(&group));
        let circles =
            of_group.map(|point| Circle::new((point.place as f64, point.time_us), POINT_PIXELS, color.filled()));
        let series = chart.draw_series(circles)?;
        let label = format!("{} = {group}", names[0]);
        series.label(label).legend(move |(x, y)| Circle::new((x + 8, y), POINT_PIXELS, color.filled()));
    }
    let fastest = opt_fastest(&tuning.trials).map(|trial| trial.values.as_slice());
    for (values, name, color) in [(Some(tuning.default.as_slice()), "default", BLACK), (fastest, "fastest", RED)] {
        let marked = points.iter().filter(|point| Some(point.values.as_slice()) == values);
        let marks =
            marked.map(|point| Circle::new((point.place as f64, point.time_us), MARK_PIXELS, color.stroke_width(2)));
        let series = chart.draw_series(marks)?;
        series.label(name).legend(move |(x, y)| Circle::new((x + 8, y), MARK_PIXELS, color.stroke_width(2)));
    }
    let labels = &mut chart.configure_series_labels();
    labels.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
