//! Tables on standard output: aligned columns without borders, so that they can be read and cut.
//!
//! On a terminal the last column is wrapped to its width; elsewhere a row is a line.

use std::fmt::Display;
use std::io::IsTerminal;

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table as ComfyTable, Width, presets,
};
use indicatif::HumanBytes;
use serde::Serialize;

use crate::error::Error;
use crate::output;

/// The last column is not wrapped to less than this, however narrow the terminal, nor are its words broken.
const LAST_COLUMN_WIDTH_MIN: usize = 32;

/// Spaces after each column.
const PADDING_COLUMNS: u16 = 2;

/// Rows under a header.
pub(crate) struct Table {
    table: ComfyTable,
    alignments: Vec<CellAlignment>,
    /// Characters of the longest word of the last column, or [`LAST_COLUMN_WIDTH_MIN`].
    last_width_min: usize,
}

/// A column: its title and how its cells are aligned.
pub(crate) enum Column {
    /// Text, aligned left.
    Text(&'static str),
    /// A number, aligned right.
    Number(&'static str),
}

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: &[Column]) -> Self {
        let mut table = ComfyTable::new();
        table.load_style(presets::NOTHING).enforce_styling();
        let is_bold = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        let (titles, alignments): (Vec<&'static str>, Vec<CellAlignment>) = columns
            .iter()
            .map(|column| match column {
                Column::Text(title) => (*title, CellAlignment::Left),
                Column::Number(title) => (*title, CellAlignment::Right),
            })
            .unzip();
        let header = titles.iter().zip(&alignments);
        table.set_header(header.map(|(title, alignment)| {
            let cell = Cell::new(title).set_alignment(*alignment);
            if is_bold { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        Self { table, alignments, last_width_min: LAST_COLUMN_WIDTH_MIN }
    }

    /// Adds a row, one text per column.
    pub(crate) fn row<T: Display>(&mut self, cells: impl IntoIterator<Item = T>) {
        let texts: Vec<String> = cells.into_iter().map(|cell| cell.to_string()).collect();
        let words = texts.last().into_iter().flat_map(|text| text.split(' '));
        self.last_width_min = words.map(|word| word.chars().count()).fold(self.last_width_min, usize::max);
        let cells = texts.into_iter().zip(&self.alignments);
        let cells: Vec<Cell> = cells.map(|(text, alignment)| Cell::new(text).set_alignment(*alignment)).collect();
        self.table.add_row(cells);
    }

    /// Writes the table to standard output.
    ///
    /// # Errors
    ///
    /// [`Error::Output`].
    pub(crate) fn print(mut self) -> Result<(), Error> {
        if std::io::stdout().is_terminal() {
            self.table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        let last = self.alignments.len() - 1;
        let last_width_min = u16::try_from(self.last_width_min + usize::from(PADDING_COLUMNS)).unwrap_or(u16::MAX);
        for (index, column) in self.table.column_iter_mut().enumerate() {
            column.set_padding((0, PADDING_COLUMNS));
            column.set_constraint(if index == last {
                ColumnConstraint::LowerBoundary(Width::Fixed(last_width_min))
            } else {
                ColumnConstraint::ContentWidth
            });
        }
        let mut text = self.table.trim_fmt();
        text.push('\n');
        output::print(&text)
    }
}

/// A launch's counters, a row each.
pub(crate) fn counters(counters: &impl Serialize) -> Table {
    let mut table = Table::new(&[Column::Text("COUNTER"), Column::Number("VALUE")]);
    let counters = serde_json::to_value(counters).unwrap_or_default();
    flatten("", &counters, &mut |name, value| table.row([name, value]));
    table
}

/// The leaves of a value, named by their paths.
fn flatten(path: &str, value: &serde_json::Value, show: &mut impl FnMut(String, String)) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{path}{}{name}", if path.is_empty() { "" } else { "." }), value, show);
            }
        }
        serde_json::Value::Null => {}
        leaf => show(path.to_owned(), leaf.to_string()),
    }
}

/// A size as a person reads it: `64 KiB`.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    HumanBytes(bytes).to_string().replace(".00 ", " ")
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_a_binary_unit_and_no_empty_decimals() {
        let sizes = [0, 16, 1023, 1024, 36_864, 1_500_000, 1 << 30].map(size);
        assert_eq!(sizes, ["0 B", "16 B", "1023 B", "1 KiB", "36 KiB", "1.43 MiB", "1 GiB"]);
    }
}
