//! Bodies of device functions that their author wrote in the target's language.
//!
//! Guarantees: the text comes out as it was written, indented as the file is, with the parameters by the names that they
//! have there. Deliberately does not read the language.

use super::Writer;
use crate::ir::{ForeignText, Location, VarId};

impl Writer<'_> {
    /// Writes such a body.
    pub(super) fn foreign(&mut self, text: ForeignText, params: &[VarId]) {
        self.lines.indent();
        for (line, location) in dedented(&text) {
            let line = params
                .iter()
                .fold(line, |line, &param| replace_word(&line, &self.kernel.var(param).name, self.names.var(param)));
            self.lines.text(line, Some(location));
        }
        self.lines.outdent();
    }
}

/// The lines of a text without blank ones at its ends and without the indentation that they share.
fn dedented(text: &ForeignText) -> Vec<(String, Location)> {
    let mut lines: Vec<(&str, Location)> = text.lines().collect();
    let is_blank = |line: &(&str, Location)| line.0.trim().is_empty();
    while lines.last().is_some_and(is_blank) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| is_blank(line)).count();
    lines.drain(..blank);
    let indentation = |line: &str| line.len() - line.trim_start().len();
    // A first line beside the quote has no indentation to share.
    let aligned = lines.iter().skip(usize::from(blank == 0)).filter(|line| !is_blank(line));
    let shared = aligned.map(|(line, _)| indentation(line)).min().unwrap_or(0);
    let cut = |(line, place): (&str, Location)| (line[shared.min(indentation(line))..].to_owned(), place);
    lines.into_iter().map(cut).collect()
}

/// `text` with each `from` that stands as a word of its own replaced.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    if from == to {
        return text.to_owned();
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(is_word) {
        replaced.push_str(&rest[..start]);
        let end = rest[start..].find(|c| !is_word(c)).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        replaced.push_str(if word == from { to } else { word });
        rest = &rest[end..];
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_own_indentation_and_its_lines() {
        let location = Location { file: "k.rs", line: 7, column: 16 };
        let text = ForeignText { text: "\n        if (a) {\n            b;\n        }\n    ", location, by_line: true };
        let lines: Vec<(String, u32)> = dedented(&text).into_iter().map(|(line, place)| (line, place.line)).collect();
        assert_eq!(lines, [("if (a) {".to_owned(), 8), ("    b;".to_owned(), 9), ("}".to_owned(), 10)]);
        let text = ForeignText { text: "a;\n    b;", location, by_line: false };
        let lines: Vec<(String, u32)> = dedented(&text).into_iter().map(|(line, place)| (line, place.line)).collect();
        assert_eq!(lines, [("a;".to_owned(), 7), ("b;".to_owned(), 7)]);
    }

    #[test]
    fn only_whole_words_are_replaced() {
        assert_eq!(replace_word("a + ab * a_1 - f(a)", "a", "a_2"), "a_2 + ab * a_1 - f(a_2)");
    }
}
