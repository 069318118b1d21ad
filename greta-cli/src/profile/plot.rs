//! The roofline as an SVG: a slope of memory, a roof of arithmetic, and a point for each node.
//!
//! Both axes are logarithmic. A point lies on the roofline unless LDS binds, since a bound is all there is: nothing here
//! was timed.

use std::path::Path;

use plotters::prelude::*;

use super::Node;
use super::bound::RIDGE;
use crate::error::Error;

const SIZE_PIXELS: (u32, u32) = (960, 600);
const POINT_PIXELS: i32 = 5;
/// Room around the points, as a factor.
const ROOM: f64 = 4.0;

/// Writes the plot of the nodes that read or write memory and compute.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn write(path: &Path, title: &str, nodes: &[Node]) -> Result<(), Error> {
    let mut text = String::new();
    let file = |source| Error::File { path: path.to_owned(), source };
    draw(&mut text, title, nodes).map_err(|error| file(std::io::Error::other(error.to_string())))?;
    std::fs::write(path, text).map_err(file)
}

/// Intensity and share, where both have a logarithm.
fn opt_point(node: &Node) -> Option<(f64, f64)> {
    let intensity = node.bound.intensity.filter(|&intensity| intensity > 0.0)?;
    Some((intensity, node.bound.share))
}

fn draw(text: &mut String, title: &str, nodes: &[Node]) -> Result<(), Box<dyn std::error::Error>> {
    let points: Vec<(f64, f64)> = nodes.iter().filter_map(opt_point).collect();
    let least = |of: fn(&(f64, f64)) -> f64, start| points.iter().map(of).fold(start, f64::min) / ROOM;
    let (left, bottom) = (least(|point| point.0, RIDGE), least(|point| point.1, 1.0));
    let right = points.iter().map(|point| point.0).fold(RIDGE, f64::max) * ROOM;

    let root = SVGBackend::with_string(text, SIZE_PIXELS).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d((left..right).log_scale(), (bottom..2.0).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("arithmetic intensity: SIMD clocks per byte of memory")
        .y_desc("share of the arithmetic peak, at most")
        .x_label_formatter(&|value| rounded(*value).to_string())
        .y_label_formatter(&|value| format!("{} %", rounded(value * 100.0)))
        .draw()?;
    let roof = [(left, left / RIDGE), (RIDGE, 1.0), (right, 1.0)];
    let roof = roof.into_iter().map(|(x, y)| (x.max(bottom * RIDGE), y.max(bottom)));
    chart.draw_series(LineSeries::new(roof, BLACK.stroke_width(2)))?;
    for (index, node) in nodes.iter().enumerate() {
        let Some(point) = opt_point(node) else { continue };
        let color = Palette99::pick(index).to_rgba();
        let series = chart.draw_series(std::iter::once(Circle::new(point, POINT_PIXELS, color.filled())))?;
        let label = format!("{}: {} binds, {:.3} µs", node.label, node.bound.binds.name(), node.bound.bound_us);
        series.label(label).legend(move |(x, y)| Circle::new((x + 8, y), POINT_PIXELS, color.filled()));
    }
    let labels = &mut chart.configure_series_labels();
    labels.position(SeriesLabelPosition::LowerRight).background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}

/// A tick of an axis, which counts in decimals, without what binary fractions add.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
