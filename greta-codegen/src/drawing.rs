//! Messages drawn against the source that they are about, in the layout that Rust programmers know.
//!
//! Guarantees: a message is complete without the source, which is shown where its text is given and has the place.
//! Pure: whoever draws reads the files. Deliberately does not know what the messages are about.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::ir::Location;

/// How severe a message is, as its first line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something has to be mended.
    Error,
    /// Something is worth a look.
    Warning,
    /// Belongs to another message.
    Note,
}

/// A place in a file, as rustc counts: lines and columns from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file, as rustc names it.
    pub file: &'a str,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl From<Location> for Place<'static> {
    fn from(location: Location) -> Self {
        Self { file: location.file, line: location.line, column: location.column }
    }
}

/// A place that a message points to.
#[derive(Clone, Debug)]
pub struct Mark<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What stands beside it; may be empty.
    pub label: String,
    /// The text of the file, if it was found.
    pub text: Option<&'a str>,
}

/// A message with what it points to.
#[derive(Clone, Debug)]
pub struct Drawing<'a> {
    /// What is said.
    pub title: String,
    /// What it is about, the first before all.
    pub marks: Vec<Mark<'a>>,
    /// What is said below.
    pub notes: Vec<String>,
}

impl<'a> Drawing<'a> {
    /// The message without colour, and without a word for how severe it is: whoever shows an error says that.
    #[must_use]
    pub fn message(&self) -> String {
        Renderer::plain().render(&[self.group(Level::ERROR.no_name())])
    }

    /// The message in colour, as it stands by itself on a terminal.
    #[must_use]
    pub fn report(&self, severity: Severity) -> String {
        let level = match severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        Renderer::styled().render(&[self.group(level)])
    }

    fn group<'b>(&'b self, level: Level<'b>) -> Group<'b> {
        let mut group = Group::with_title(level.primary_title(self.title.as_str()));
        let mut left: Vec<(usize, &'b Mark<'a>)> = self.marks.iter().enumerate().collect();
        while let Some(&(_, first)) = left.first() {
            let (here, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(_, mark)| mark.place.file == first.place.file);
            group = in_one_file(group, &here);
            left = others;
        }
        self.notes.iter().fold(group, |group, note| group.element(Level::NOTE.message(note.as_str())))
    }
}

/// Adds the marks of one file: in its text, or as bare places.
fn in_one_file<'b>(group: Group<'b>, marks: &[(usize, &'b Mark<'_>)]) -> Group<'b> {
    let spans: Vec<_> =
        marks.iter().filter_map(|&(index, mark)| Some((index, mark, opt_span(mark.text?, mark.place)?))).collect();
    match spans.first() {
        Some((_, first, _)) if spans.len() == marks.len() => {
            let mut snippet = Snippet::source(first.text.unwrap_or_default()).path(first.place.file);
            for &(index, mark, ref span) in &spans {
                let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let annotation = kind.span(span.clone());
                snippet = snippet.annotation(match mark.label.as_str() {
                    "" => annotation,
                    label => annotation.label(label),
                });
            }
            group.element(snippet)
        }
        _ => marks.iter().fold(group, |group, (_, Mark { place, .. })| {
            let origin = Origin::path(place.file).line(place.line as usize).char_column(place.column as usize);
            group.element(origin)
        }),
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn f() {\n    let ab = 1;\n}\n";

    fn mark(file: &'static str, line: u32, column: u32, label: &str, text: Option<&'static str>) -> Mark<'static> {
        Mark { place: Place { file, line, column }, label: label.to_owned(), text }
    }

    #[test]
    fn marks_of_a_file_are_drawn_in_one_snippet() {
        let marks = vec![mark("k.rs", 2, 9, "here", Some(TEXT)), mark("k.rs", 1, 4, "from here", Some(TEXT))];
        let drawing = Drawing { title: "wrong".to_owned(), marks, notes: vec!["so it is".to_owned()] };
        let expected = "\
wrong
 --> k.rs:2:9
  |
1 | fn f() {
  |    - from here
2 |     let ab = 1;
  |         ^^ here
  |
  = note: so it is";
        assert_eq!(drawing.message(), expected);
        let report = drawing.report(Severity::Warning);
        assert!(report.contains("warning") && report.contains('\u{1b}'), "{report:?}");
    }

    #[test]
    fn a_place_that_cannot_be_shown_is_named() {
        for text in [None, Some(""), Some("\n\n")] {
            let drawing =
                Drawing { title: "wrong".to_owned(), marks: vec![mark("k.rs", 2, 9, "", text)], notes: vec![] };
            assert_eq!(drawing.message(), "wrong\n--> k.rs:2:9");
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
