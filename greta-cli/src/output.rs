//! Standard output and standard error.
//!
//! Guarantees: results reach standard output whole or an error is returned; escape codes only reach terminals, and none
//! where `NO_COLOR` is set. A closed standard error is no reason to fail.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::Error;

/// Writes a result to standard output.
///
/// # Errors
///
/// [`Error::Output`].
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Output)
}

/// Writes a result to standard output as JSON.
///
/// # Errors
///
/// [`Error::Output`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Error::Output(io::Error::other(error)))?;
    text.push('\n');
    print(&text)
}

/// Writes a line to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
