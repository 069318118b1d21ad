//! Which Rust code each line of an emitted file came from.

use crate::ir::Location;

/// The Rust location of each line of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineMap {
    locations: Vec<Option<Location>>,
}

impl LineMap {
    pub(super) fn new(locations: Vec<Option<Location>>) -> Self {
        Self { locations }
    }

    /// Where a line, counted from 1, came from; `None` for lines that no Rust code stands for, and beyond the end.
    #[must_use]
    pub fn opt_location(&self, line: u32) -> Option<Location> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.locations.get(index).copied().flatten()
    }

    /// Lines from 1 with the Rust code that they came from, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Location)> {
        (1..).zip(&self.locations).filter_map(|(line, location)| location.map(|location| (line, location)))
    }

    /// The map as text to be kept beside the file: `line<TAB>file:line:column`, one line for each.
    #[must_use]
    pub fn to_sidecar(&self) -> String {
        self.iter().map(|(line, location)| format!("{line}\t{location}\n")).collect()
    }
}
