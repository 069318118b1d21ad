//! Errors and warnings on standard error, shown against the Rust source where they name a place in it.
//!
//! Guarantees: standard output is never touched. Deliberately does not know how a message is drawn.

use std::io::Write;

use greta_runtime::compile::{self, CompileError, Severity};

use crate::error::Error;

/// Shows why a command failed.
pub(crate) fn show(error: &Error) {
    match error {
        Error::Invalid(invalid) => {
            invalid.reports().for_each(|report| write(&report));
            title(&format!("{} is not valid for {}", invalid.kernel, invalid.target));
        }
        Error::Compile(compile) => compile_error(compile),
        _ => title(&error.to_string()),
    }
}

/// Shows what the HIP compiler said of a kernel, errors and warnings with their notes.
pub(crate) fn show_messages(messages: &[compile::Diagnostic]) {
    for message in messages {
        write(&message.report());
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

fn title(text: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    write(&format!("{style}error{style:#}: {text}"));
}

fn write(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
