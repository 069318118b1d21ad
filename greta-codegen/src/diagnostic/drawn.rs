//! The places that a diagnostic names, and how it is drawn against the source.

use super::{Diagnostic, DiagnosticKind};
use crate::drawing::{Drawing, Mark};
use crate::ir::Location;

impl Diagnostic {
    /// The message drawn against the source; `text` gives that of a file, if it is at hand.
    pub fn drawing<'a>(&self, text: impl Fn(&str) -> Option<&'a str>) -> Drawing<'a> {
        let mark = |location: Location, label: &str| Mark {
            place: location.into(),
            label: label.to_owned(),
            text: text(location.file),
        };
        let mut marks = vec![mark(self.location, "")];
        marks.extend(self.kind.opt_cause().map(|(location, label)| mark(location, label)));
        Drawing { title: self.kind.to_string(), marks, notes: Vec::new() }
    }

    /// Every place that it names.
    pub fn locations(&self) -> impl Iterator<Item = Location> {
        [self.location].into_iter().chain(self.kind.opt_cause().map(|(location, _)| location))
    }
}

impl DiagnosticKind {
    /// Another place that is to blame, and for what.
    fn opt_cause(&self) -> Option<(Location, &'static str)> {
        match self {
            Self::DivergentBarrier { cause } => Some((*cause, "may differ between threads")),
            Self::DivergentGridBarrier { cause } => Some((*cause, "may differ between threads of the grid")),
            Self::DivergentMatrix { cause, .. } => Some((*cause, "may differ between lanes")),
            _ => None,
        }
    }
}
