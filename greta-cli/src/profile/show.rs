//! A profile on standard output: a row per node, and all counters where there is one node only.

use super::{Node, Profile};
use crate::error::Error;
use crate::output;
use crate::table::{Column, Table, counters, size};

const COLUMNS: [Column; 12] = [
    Column::Text("NODE"),
    Column::Text("KERNEL"),
    Column::Number("WAVES"),
    Column::Number("VECTOR"),
    Column::Number("MATRIX"),
    Column::Number("LDS CLOCKS"),
    Column::Number("BARRIERS"),
    Column::Number("COALESCING"),
    Column::Number("MEMORY"),
    Column::Number("BOUND"),
    Column::Number("PEAK"),
    Column::Text("BINDS"),
];

/// # Errors
///
/// [`Error::Output`].
pub(super) fn show(profile: &Profile, is_json: bool) -> Result<(), Error> {
    if is_json {
        return output::print_json(profile);
    }
    output::print(&format!("{}, counted on the emulator\n\n", profile.subject))?;
    let mut table = Table::new(&COLUMNS);
    profile.nodes.iter().for_each(|node| table.row(row(node)));
    table.print()?;
    if let [node] = profile.nodes.as_slice() {
        output::print("\n")?;
        counters(&node.counters).print()?;
    }
    output::print(&summary(profile))
}

fn row(node: &Node) -> [String; COLUMNS.len()] {
    let (counters, bound) = (&node.counters, &node.bound);
    [
        node.label.clone(),
        node.kernel.clone(),
        counters.waves.to_string(),
        counters.instructions.vector.to_string(),
        counters.matrix.count.to_string(),
        (counters.shared.phases + counters.shared.conflicts).to_string(),
        counters.barriers.to_string(),
        format!("{:.2}", counters.global.coalescing),
        size(counters.memory_bytes),
        micros(bound.bound_us),
        format!("{:.1} %", bound.share * 100.0),
        bound.binds.name().to_owned(),
    ]
}

fn micros(time: f64) -> String {
    if time < 1e-3 { format!("{time:.1e} µs") } else { format!("{time:.3} µs") }
}

fn summary(profile: &Profile) -> String {
    let (total, binds) = (micros(profile.total.bound_us), profile.total.binds.name());
    let mut text = format!("\nbound on an MI300X: at least {total}, {binds} binds");
    if profile.nodes.len() > 1 {
        text += &format!("; node after node at least {}", micros(profile.sequential_us));
    }
    text += "\nPEAK is the part of the arithmetic peak that the bound admits. The bound leaves out:\n";
    profile.left_out.iter().for_each(|part| text += &format!("  {part}\n"));
    text
}
