//! Lays out text: breaks what is too long for a line, indents, and remembers where each line came from.
//!
//! A [`Doc`] says where a line may break; rendering it gives the flattest layout that fits. Knows nothing of kernels.

use crate::ir::Location;

/// Lines longer than this are broken where that is possible.
const WIDTH: usize = 100;
/// Columns of one level of indentation.
const INDENT: usize = 4;

/// Text with places where it may break.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    /// Text on one line.
    Text(String),
    /// A space, or a line break if the group around it does not fit.
    Space,
    /// Nothing, or a line break if the group around it does not fit.
    Nothing,
    /// One thing after another.
    Sequence(Vec<Self>),
    /// Indented by one level more.
    Nest(Box<Self>),
    /// On one line if that fits, else broken at every place of its own.
    Group(Box<Self>),
}

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One after another.
    pub(super) fn join(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::Sequence(parts.into_iter().collect())
    }

    /// `open a, b, c close`, one to a line if they do not fit.
    pub(super) fn list(open: impl Into<String>, items: Vec<Self>, close: &str) -> Self {
        let open = Self::text(open);
        if items.is_empty() {
            return Self::join([open, Self::text(close)]);
        }
        let mut inside = vec![Self::Nothing];
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                inside.extend([Self::text(","), Self::Space]);
            }
            inside.push(item);
        }
        Self::Group(Box::new(Self::join([
            open,
            Self::Nest(Box::new(Self::Sequence(inside))),
            Self::Nothing,
            Self::text(close),
        ])))
    }

    /// The document on one line.
    pub(super) fn flat(&self) -> String {
        let mut out = String::new();
        self.write_flat(&mut out);
        out
    }

    fn write_flat(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Space => out.push(' '),
            Self::Nothing => {}
            Self::Sequence(parts) => parts.iter().for_each(|part| part.write_flat(out)),
            Self::Nest(inner) | Self::Group(inner) => inner.write_flat(out),
        }
    }

    fn render(&self, level: usize, broken: bool, lines: &mut Vec<String>) {
        match self {
            Self::Text(text) => current(lines).push_str(text),
            Self::Space | Self::Nothing if broken => lines.push(" ".repeat(level * INDENT)),
            Self::Space => current(lines).push(' '),
            Self::Nothing => {}
            Self::Sequence(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    // What follows a group up to the next break must fit on its line too.
                    if let Self::Group(inner) = part {
                        let rest: usize = parts[index + 1..].iter().map_while(opt_unbroken_width).sum();
                        inner.render_group(level, rest, lines);
                    } else {
                        part.render(level, broken, lines);
                    }
                }
            }
            Self::Nest(inner) => inner.render(level + 1, broken, lines),
            Self::Group(inner) => inner.render_group(level, 0, lines),
        }
    }

    fn render_group(&self, level: usize, rest: usize, lines: &mut Vec<String>) {
        let flat = self.flat();
        let used = current(lines).chars().count();
        if used + flat.chars().count() + rest <= WIDTH {
            current(lines).push_str(&flat);
        } else {
            self.render(level, true, lines);
        }
    }
}

fn current(lines: &mut Vec<String>) -> &mut String {
    if lines.is_empty() {
        lines.push(String::new());
    }
    let last = lines.len() - 1;
    &mut lines[last]
}

fn opt_unbroken_width(doc: &Doc) -> Option<usize> {
    match doc {
        Doc::Text(text) => Some(text.chars().count()),
        _ => None,
    }
}

/// Lines of source, each with the Rust code that it came from.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<(String, Option<Location>)>,
    level: usize,
}

impl Lines {
    /// Adds a statement at the current indentation.
    pub(super) fn push(&mut self, doc: &Doc, location: Option<Location>) {
        let mut lines = vec![" ".repeat(self.level * INDENT)];
        Doc::Group(Box::new(doc.clone())).render(self.level, false, &mut lines);
        self.lines.extend(lines.into_iter().map(|line| (line.trim_end().to_owned(), location)));
    }

    /// Adds a line at the current indentation.
    pub(super) fn text(&mut self, text: impl Into<String>, location: Option<Location>) {
        self.push(&Doc::text(text), location);
    }

    /// Adds an empty line.
    pub(super) fn blank(&mut self) {
        self.lines.push((String::new(), None));
    }

    pub(super) fn indent(&mut self) {
        self.level += 1;
    }

    pub(super) fn outdent(&mut self) {
        self.level -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_on_a_line_and_what_does_not_breaks_at_the_outermost_place() {
        let call = |name: &str, count: usize| {
            Doc::list(format!("{name}("), (0..count).map(|index| Doc::text(format!("argument{index}"))).collect(), ")")
        };
        let mut lines = Lines::default();
        lines.push(&Doc::join([call("short", 2), Doc::text(";")]), None);
        lines.push(
            &Doc::join([Doc::list("long(", vec![call("inner", 6), call("inner", 6)], ")"), Doc::text(";")]),
            None,
        );
        let text: Vec<&str> = lines.lines.iter().map(|(line, _)| line.as_str()).collect();
        assert_eq!(
            text,
            [
                "short(argument0, argument1);",
                "long(",
                "    inner(argument0, argument1, argument2, argument3, argument4, argument5),",
                "    inner(argument0, argument1, argument2, argument3, argument4, argument5)",
                ");",
            ]
        );
    }
}
