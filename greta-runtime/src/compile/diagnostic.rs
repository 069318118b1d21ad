//! Reads the compiler's log: what was said, how severe it is, and which Rust line it is about.

use greta_codegen::emit::Emitted;
use std::fmt::Write;

/// A place in a Rust file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceLocation {
    /// The file, as rustc names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Where each line of an emitted source came from, line 1 at index 0.
#[must_use]
pub fn source_locations(emitted: &Emitted) -> Vec<Option<SourceLocation>> {
    let lines = 1..=u32::try_from(emitted.source.lines().count()).unwrap_or(u32::MAX);
    let location = |line| {
        let place = emitted.line_map.opt_location(line)?;
        Some(SourceLocation { file: place.file.to_owned(), line: place.line, column: place.column })
    };
    lines.map(location).collect()
}

impl std::fmt::Display for SourceLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How severe a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something that the compiler did, on request.
    Remark,
    /// Belongs to the message before it.
    Note,
    /// The code object exists.
    Warning,
    /// There is no code object.
    Error,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Remark => "remark",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One message of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How severe it is.
    pub severity: Severity,
    /// Line of the HIP source, from 1; absent for a message about no line.
    pub hip_line: Option<u32>,
    /// Column of the HIP source, from 1.
    pub hip_column: Option<u32>,
    /// What the compiler says.
    pub message: String,
    /// The source line and what points into it, as the compiler prints them.
    pub snippet: String,
    /// Where that line came from.
    pub rust: Option<SourceLocation>,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.severity, self.message)?;
        if let Some(rust) = &self.rust {
            write!(formatter, "\n  --> {rust}")?;
        }
        if let (Some(line), Some(column)) = (self.hip_line, self.hip_column) {
            write!(formatter, "\n  HIP line {line}, column {column}")?;
        }
        for line in self.snippet.lines() {
            write!(formatter, "\n  {line}")?;
        }
        Ok(())
    }
}

/// The errors with their notes, or the bare log when it has none that can be read.
pub(super) fn display_errors(diagnostics: &[Diagnostic], log: &str) -> String {
    let mut text = String::new();
    let mut last = Severity::Error;
    for diagnostic in diagnostics {
        // A note belongs to what is before it.
        let severity = if diagnostic.severity == Severity::Note { last } else { diagnostic.severity };
        last = severity;
        if severity == Severity::Error {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{diagnostic}");
        }
    }
    if text.is_empty() { format!("\n{}", log.trim()) } else { text }
}

/// The log without the folder that the compiler made for `file_name`, under the name it was asked for.
pub(super) fn rename(log: &str, file_name: &str, name: &str) -> String {
    let mut renamed = String::with_capacity(log.len());
    for line in log.split_inclusive('\n') {
        match line.find(&format!("{file_name}:")) {
            Some(at) if line[..at].ends_with('/') || at == 0 => {
                renamed.push_str(name);
                renamed.push_str(&line[at + file_name.len()..]);
            }
            _ => renamed.push_str(line),
        }
    }
    renamed
}

/// Every message of a log. A message is a line `file:line:column: severity: text`, or
/// `severity: text`; indented or numbered lines below it are its snippet.
pub(super) fn parse(log: &str, line_map: &[Option<SourceLocation>]) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for line in log.lines() {
        if let Some(mut diagnostic) = parse_line(line) {
            let index = diagnostic.hip_line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            diagnostic.rust = index.and_then(|index| line_map.get(index).cloned().flatten());
            diagnostics.push(diagnostic);
        } else if let Some(last) = diagnostics.last_mut() {
            let snippet = line.starts_with(' ') && line.contains('|');
            if snippet && last.severity != Severity::Remark {
                last.snippet.push_str(line);
                last.snippet.push('\n');
            }
        }
    }
    diagnostics
}

fn parse_line(line: &str) -> Option<Diagnostic> {
    const SEVERITIES: [(&str, Severity); 5] = [
        ("fatal error: ", Severity::Error),
        ("error: ", Severity::Error),
        ("warning: ", Severity::Warning),
        ("note: ", Severity::Note),
        ("remark: ", Severity::Remark),
    ];
    let (at, word, severity) = SEVERITIES
        .iter()
        .filter_map(|(word, severity)| Some((line.find(word)?, *word, *severity)))
        .min_by_key(|(at, ..)| *at)?;
    let (place, message) = (&line[..at], &line[at + word.len()..]);
    let (hip_line, hip_column) = parse_place(place)?;
    Some(Diagnostic {
        severity,
        hip_line,
        hip_column,
        message: message.trim().to_owned(),
        snippet: String::new(),
        rust: None,
    })
}

/// `file:line:column: `, or a tool's name, or nothing.
fn parse_place(place: &str) -> Option<(Option<u32>, Option<u32>)> {
    let place = place.trim_end().strip_suffix(':').unwrap_or(place.trim_end());
    let mut parts = place.rsplitn(3, ':');
    let (column, line) = (parts.next()?, parts.next());
    match (line.and_then(|line| line.parse().ok()), column.parse().ok()) {
        (Some(line), Some(column)) => Some((Some(line), Some(column))),
        // A line of code in a snippet may hold such a word too, but it is indented.
        _ if place.starts_with(' ') => None,
        _ => Some((None, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "k.hip:2:3: error: use of undeclared identifier 'q'\n    2 |   q = 1;\n      |   ^\n\
        k.hip:1:6: note: in f: error: said\n<unknown>:0:0: remark: x\nlld: error: undefined symbol: g\n\
        1 warning and 2 errors generated.\n";

    #[test]
    fn messages_carry_line_column_snippet_and_rust_location() {
        let rust = SourceLocation { file: "src/k.rs".into(), line: 40, column: 9 };
        let diagnostics = parse(LOG, &[None, Some(rust.clone())]);
        let severities: Vec<_> = diagnostics.iter().map(|d| d.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Note, Severity::Remark, Severity::Error]);
        assert_eq!((diagnostics[0].hip_line, diagnostics[0].hip_column), (Some(2), Some(3)));
        assert_eq!(diagnostics[0].rust.as_ref(), Some(&rust));
        assert!(diagnostics[0].snippet.contains("q = 1;"));
        assert_eq!(diagnostics[1].message, "in f: error: said");
        assert_eq!(diagnostics[1].rust, None);
        assert_eq!((diagnostics[3].hip_line, diagnostics[3].message.as_str()), (None, "undefined symbol: g"));
    }

    #[test]
    fn the_errors_of_a_log_name_the_rust_line() {
        let rust = SourceLocation { file: "src/k.rs".into(), line: 40, column: 9 };
        let text = display_errors(&parse(LOG, &[None, Some(rust)]), LOG);
        assert!(text.contains("--> src/k.rs:40:9") && text.contains("HIP line 2, column 3"), "{text}");
        assert!(!text.contains("remark"), "{text}");
        assert_eq!(display_errors(&[], "lost\n"), "\nlost");
    }

    #[test]
    fn the_compilers_own_folder_is_not_shown() {
        let log = "/tmp/x/comgr-1/input/k.hip:2:3: error: a\nIn file k.hip: b\n";
        assert_eq!(rename(log, "k.hip", "snap/k.hip"), "snap/k.hip:2:3: error: a\nIn file k.hip: b\n");
    }
}
