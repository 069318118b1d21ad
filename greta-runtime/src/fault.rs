//! A kernel's fault as the interpreter reports it, shown against the Rust source.
//!
//! Guarantees: the source is shown if its file can be found, and the report is complete without it. Deliberately does
//! not know what the rules are that a kernel can break.

use std::path::{Path, PathBuf};

use greta_interpreter::Report;

/// A rule that a kernel broke while it ran on `cpu`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .report.render(.text.as_deref()))]
pub struct Fault {
    /// Which rule, and where.
    pub report: Report,
    /// The text of the source file that the report names, if it was found.
    text: Option<String>,
}

impl Fault {
    /// A report with its source, which is looked for around the crate that defines the kernel.
    pub(crate) fn new(report: Report, manifest_dir: &str) -> Self {
        let text = opt_source(Path::new(report.location.file), Path::new(manifest_dir));
        Self { report, text }
    }
}

/// The text of a file that the compiler knew as `file`: relative to the workspace, which is the crate's folder or one
/// around it, or to where the program runs.
fn opt_source(file: &Path, manifest_dir: &Path) -> Option<String> {
    let around = manifest_dir.ancestors().map(|folder| folder.join(file));
    around.chain([PathBuf::from(file)]).find_map(|path| std::fs::read_to_string(path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_found_from_the_crate_or_the_workspace() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = opt_source(Path::new("src/fault.rs"), here).expect("relative to the crate");
        assert!(text.starts_with("//! A kernel's fault"), "{text}");
        assert_eq!(opt_source(Path::new(file!()), here).as_deref(), Some(text.as_str()));
        assert_eq!(opt_source(Path::new("src/no_such_file.rs"), here), None);
    }
}
