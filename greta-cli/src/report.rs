//! Errors and warnings on standard error, shown against the Rust source where they name a place in it.
//!
//! Guarantees: a message is complete without the source, which is shown if its file can be found. Standard output is
//! never touched.

use std::io::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use greta_codegen::diagnostic::Diagnostic;
use greta_runtime::compile::{self, CompileError, Severity};
use greta_runtime::rust_source::opt_rust_source;

use crate::error::Error;

/// Around this crate is the workspace that the kernels were compiled in.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Shows why a command failed.
pub(crate) fn show(error: &Error) {
    match error {
        Error::Invalid { diagnostics, .. } => {
            for finding in diagnostics {
                write(&finding_text(finding));
            }
            title(&error.to_string());
        }
        Error::Compile(compile) => compile_error(compile),
        _ => title(&error.to_string()),
    }
}

/// Shows what the HIP compiler said of a kernel, errors and warnings with their notes.
pub(crate) fn show_messages(messages: &[compile::Diagnostic]) {
    for message in messages {
        write(&message_text(message));
    }
}

fn compile_error(error: &CompileError) {
    match error {
        CompileError::Rejected { name, target, diagnostics, .. }
            if diagnostics.iter().any(|message| message.severity == Severity::Error) =>
        {
            show_messages(diagnostics);
            title(&format!("the HIP compiler rejected {name} for {target}"));
        }
        _ => title(&error.to_string()),
    }
}

fn finding_text(finding: &Diagnostic) -> String {
    let place = finding.location;
    let title = Level::ERROR.primary_title(finding.kind.to_string());
    let text = opt_rust_source(place.file, HERE);
    let at = Place { file: place.file, line: place.line, column: place.column };
    Renderer::styled().render(&[pointed(Group::with_title(title), at, text.as_deref())])
}

fn message_text(message: &compile::Diagnostic) -> String {
    let level = match message.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note | Severity::Remark => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(message.message.as_str()));
    let text = message.rust.as_ref().and_then(|rust| opt_rust_source(&rust.file, HERE));
    if let Some(rust) = &message.rust {
        group = pointed(group, Place { file: &rust.file, line: rust.line, column: rust.column }, text.as_deref());
    }
    if let (Some(line), Some(column)) = (message.hip_line, message.hip_column) {
        // A line that no Rust code stands for may also be one of HIP's headers.
        let file = if message.rust.is_some() { "the HIP source" } else { "HIP" };
        let snippet = message.snippet.trim_end();
        let text = format!("in {file}, line {line}, column {column}\n{snippet}");
        group = group.element(Level::NOTE.message(text));
    }
    Renderer::styled().render(&[group])
}

/// A place in a Rust file, as rustc counts.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

/// Adds a place to a message: the source with what is pointed at if there is a text, else file and line.
fn pointed<'a>(group: Group<'a>, place: Place<'a>, text: Option<&'a str>) -> Group<'a> {
    match text.and_then(|text| Some((text, opt_span(text, place)?))) {
        Some((text, span)) => {
            group.element(Snippet::source(text).path(place.file).annotation(AnnotationKind::Primary.span(span)))
        }
        None => group.element(Origin::path(place.file).line(place.line as usize).char_column(place.column as usize)),
    }
}

/// The bytes of the word at a place, or of one character.
fn opt_span(text: &str, place: Place<'_>) -> Option<std::ops::Range<usize>> {
    let before = place.line.checked_sub(1)? as usize;
    let line_start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(line_start..)?.lines().next()?;
    let (offset, first) = line.char_indices().nth(place.column.checked_sub(1)? as usize)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = line[offset..].find(|c| !is_word(c)).unwrap_or(line.len() - offset);
    let start = line_start + offset;
    Some(start..start + word.max(first.len_utf8()))
}

fn title(text: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    write(&format!("{style}error{style:#}: {text}"));
}

fn write(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use greta_codegen::diagnostic::DiagnosticKind;
    use greta_codegen::ir::Location;
    use greta_runtime::compile::SourceLocation;

    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_finding_is_shown_in_its_source() {
        let location = Location { file: file!(), line: 1, column: 5 };
        let kind = DiagnosticKind::OutsideLoop { statement: "break" };
        let text = plain(&finding_text(&Diagnostic { location, kind }));
        assert!(text.contains("`break` outside a loop"), "{text}");
        assert!(text.contains("report.rs:1:5"), "{text}");
        assert!(text.contains("//! Errors and warnings on standard error"), "{text}");
    }

    #[test]
    fn a_finding_whose_source_is_gone_names_file_and_line() {
        let location = Location { file: "no/such/file.rs", line: 7, column: 3 };
        let kind = DiagnosticKind::OutsideLoop { statement: "break" };
        let text = plain(&finding_text(&Diagnostic { location, kind }));
        assert!(text.contains("no/such/file.rs:7:3"), "{text}");
    }

    #[test]
    fn a_compilers_message_shows_both_the_rust_and_the_hip_line() {
        let message = compile::Diagnostic {
            severity: Severity::Error,
            hip_line: Some(12),
            hip_column: Some(9),
            message: "use of undeclared identifier 'q'".to_owned(),
            snippet: "   12 |   q = 1;\n      |   ^\n".to_owned(),
            rust: Some(SourceLocation { file: file!().to_owned(), line: 1, column: 1 }),
        };
        let text = plain(&message_text(&message));
        for part in ["undeclared identifier 'q'", "report.rs:1:1", "line 12, column 9", "q = 1;"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_place_outside_the_text_has_no_span() {
        let span = |line, column| opt_span("let ab = 1;\n", Place { file: "", line, column });
        assert_eq!(span(1, 5), Some(4..6));
        assert_eq!(span(1, 8), Some(7..8));
        for (line, column) in [(0, 1), (1, 0), (2, 1), (1, 40), (9, 9)] {
            assert_eq!(span(line, column), None, "{line}:{column}");
        }
    }
}
