//! Reads the compiler's log: what was said, how severe it is, and which Rust line it is about.

use std::fmt::Write;

use greta_codegen::drawing::{self, Drawing, Mark, Place};
use greta_codegen::emit::Emitted;
use greta_codegen::verify::Verified;

use crate::rust_source::opt_rust_source;

/// A place in a Rust file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceLocation {
    /// The file, as rustc names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// `CARGO_MANIFEST_DIR` of the crate that defines the kernel: around it the file is looked for.
    pub manifest_dir: &'static str,
}

/// Where each line of a kernel's emitted source came from, line 1 at index 0.
#[must_use]
pub fn source_locations(kernel: &Verified, emitted: &Emitted) -> Vec<Option<SourceLocation>> {
    let manifest_dir = kernel.kernel().manifest_dir;
    let lines = 1..=u32::try_from(emitted.source.lines().count()).unwrap_or(u32::MAX);
    let location = |line| {
        let place = emitted.line_map.opt_location(line)?;
        Some(SourceLocation { file: place.file.to_owned(), line: place.line, column: place.column, manifest_dir })
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

/// One message of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How severe it is.
    pub severity: Severity,
    /// What the source is written in: `HIP` or `CUDA`.
    pub language: &'static str,
    /// Line and column of the source, from 1; absent for a message about no line.
    pub place: Option<(u32, u32)>,
    /// What the compiler says.
    pub message: String,
    /// The source line and what points into it, as the compiler prints them.
    pub snippet: String,
    /// Where that line came from.
    pub rust: Option<SourceLocation>,
    /// The text of the Rust file, if it was found.
    pub rust_text: Option<String>,
}

/// What a log is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compiled<'a> {
    /// What the source is written in.
    pub(crate) language: &'static str,
    /// Where each line of the source came from, line 1 at index 0.
    pub(crate) line_map: &'a [Option<SourceLocation>],
}

impl Diagnostic {
    /// The message drawn against the Rust source, with the line that the compiler saw below.
    #[must_use]
    pub fn drawing(&self) -> Drawing<'_> {
        let marks = self.rust.iter().map(|rust| Mark {
            place: Place { file: &rust.file, line: rust.line, column: rust.column },
            label: String::new(),
            text: self.rust_text.as_deref(),
        });
        let notes = self.place.iter().map(|(line, column)| {
            // A line that no Rust code stands for may also be one of the language's headers.
            let source = if self.rust.is_some() { " source" } else { "" };
            let place = format!("in the {}{source}, line {line}, column {column}", self.language);
            format!("{place}\n{}", self.snippet.trim_end())
        });
        Drawing { title: self.message.clone(), marks: marks.collect(), notes: notes.collect() }
    }

    /// The message in colour.
    #[must_use]
    pub fn report(&self) -> String {
        self.drawing().report(match self.severity {
            Severity::Error => drawing::Severity::Error,
            Severity::Warning => drawing::Severity::Warning,
            Severity::Note | Severity::Remark => drawing::Severity::Note,
        })
    }
}

/// The errors with their notes, or the bare log when it has none that can be read.
pub(super) fn display_errors(diagnostics: &[Diagnostic], log: &str) -> String {
    let mut text = String::new();
    let mut last = Severity::Error;
    for diagnostic in diagnostics {
        let is_note = diagnostic.severity == Severity::Note;
        // A note belongs to what is before it.
        last = if is_note { last } else { diagnostic.severity };
        if last == Severity::Error {
            let word = if is_note { "note: " } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(text, "\n\n{word}{}", diagnostic.drawing().message());
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
pub(super) fn parse(log: &str, compiled: Compiled<'_>) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for line in log.lines() {
        if let Some(mut diagnostic) = parse_line(line, compiled.language) {
            let index = diagnostic.place.and_then(|(line, _)| usize::try_from(line).ok()?.checked_sub(1));
            diagnostic.rust = index.and_then(|index| compiled.line_map.get(index).cloned().flatten());
            let text = |rust: &SourceLocation| opt_rust_source(&rust.file, rust.manifest_dir);
            diagnostic.rust_text = diagnostic.rust.as_ref().and_then(text);
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

fn parse_line(line: &str, language: &'static str) -> Option<Diagnostic> {
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
    let place = parse_place(place)?;
    Some(Diagnostic {
        severity,
        language,
        place,
        message: message.trim().to_owned(),
        snippet: String::new(),
        rust: None,
        rust_text: None,
    })
}

/// The line and column of `file:line:column: `; of a tool's name, or nothing, there is no place.
fn parse_place(place: &str) -> Option<Option<(u32, u32)>> {
    let place = place.trim_end().strip_suffix(':').unwrap_or(place.trim_end());
    let mut parts = place.rsplitn(3, ':');
    let (column, line) = (parts.next()?, parts.next());
    match (line.and_then(|line| line.parse().ok()), column.parse().ok()) {
        (Some(line), Some(column)) => Some(Some((line, column))),
        // A line of code in a snippet may hold such a word too, but it is indented.
        _ if place.starts_with(' ') => None,
        _ => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "k.hip:2:3: error: use of undeclared identifier 'q'\n    2 |   q = 1;\n      |   ^\n\
        k.hip:1:6: note: in f: error: said\n<unknown>:0:0: remark: x\nlld: error: undefined symbol: g\n\
        1 warning and 2 errors generated.\n";

    fn compiled(line_map: &[Option<SourceLocation>]) -> Compiled<'_> {
        Compiled { language: "HIP", line_map }
    }

    fn rust() -> SourceLocation {
        SourceLocation { file: "src/k.rs".into(), line: 40, column: 9, manifest_dir: "" }
    }

    #[test]
    fn messages_carry_line_column_snippet_and_rust_location() {
        let diagnostics = parse(LOG, compiled(&[None, Some(rust())]));
        let severities: Vec<_> = diagnostics.iter().map(|d| d.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Note, Severity::Remark, Severity::Error]);
        assert_eq!(diagnostics[0].place, Some((2, 3)));
        assert_eq!(diagnostics[0].rust, Some(rust()));
        assert!(diagnostics[0].snippet.contains("q = 1;"));
        assert_eq!(diagnostics[1].message, "in f: error: said");
        assert_eq!(diagnostics[1].rust, None);
        assert_eq!((diagnostics[3].place, diagnostics[3].message.as_str()), (None, "undefined symbol: g"));
    }

    #[test]
    fn the_errors_of_a_log_name_the_rust_line() {
        let text = display_errors(&parse(LOG, compiled(&[None, Some(rust())])), LOG);
        assert!(text.contains("--> src/k.rs:40:9") && text.contains("in the HIP source, line 2, column 3"), "{text}");
        assert!(!text.contains("remark"), "{text}");
        assert_eq!(display_errors(&[], "lost\n"), "\nlost");
    }

    #[test]
    fn a_message_shows_both_the_rust_and_the_compiled_line() {
        let here =
            SourceLocation { file: file!().into(), line: 1, column: 5, manifest_dir: env!("CARGO_MANIFEST_DIR") };
        let diagnostics = parse(LOG, Compiled { language: "CUDA", line_map: &[None, Some(here)] });
        let text = diagnostics[0].drawing().message();
        for part in [
            "undeclared identifier 'q'",
            "diagnostic.rs:1:5",
            "//! Reads the compiler's log",
            "CUDA source, line 2",
            "q = 1;",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(diagnostics[0].report().contains("error"), "{text}");
    }

    #[test]
    fn the_compilers_own_folder_is_not_shown() {
        let log = "/tmp/x/comgr-1/input/k.hip:2:3: error: a\nIn file k.hip: b\n";
        assert_eq!(rename(log, "k.hip", "snap/k.hip"), "snap/k.hip:2:3: error: a\nIn file k.hip: b\n");
    }
}
