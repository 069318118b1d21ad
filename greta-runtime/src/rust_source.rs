//! Where the Rust source that a message names can be read.
//!
//! rustc names a file relative to the workspace that it compiled; nothing here knows what the message is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The text of the file that rustc knew as `file` when it compiled the crate in `manifest_dir`, if it is still there.
///
/// It is looked for relative to that folder and the ones around it, the workspace's among them, and to where the
/// program runs.
#[must_use]
pub fn opt_rust_source(file: &str, manifest_dir: &str) -> Option<String> {
    let around = Path::new(manifest_dir).ancestors().map(|folder| folder.join(file));
    around.chain([PathBuf::from(file)]).find_map(|path| std::fs::read_to_string(path).ok())
}

/// The texts of the files that a message names, as far as they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFiles {
    texts: BTreeMap<String, String>,
}

impl SourceFiles {
    /// Reads the files that rustc knew by these names when it compiled the crate in `manifest_dir`.
    #[must_use]
    pub fn read<'a>(files: impl Iterator<Item = &'a str>, manifest_dir: &str) -> Self {
        let names: BTreeSet<&str> = files.collect();
        let text = |file: &str| Some((file.to_owned(), opt_rust_source(file, manifest_dir)?));
        Self { texts: names.into_iter().filter_map(text).collect() }
    }

    /// The text of a file.
    #[must_use]
    pub fn opt_text(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_found_from_the_crate_or_the_workspace() {
        let here = env!("CARGO_MANIFEST_DIR");
        let text = opt_rust_source("src/rust_source.rs", here).expect("relative to the crate");
        assert!(text.starts_with("//! Where the Rust source"), "{text}");
        assert_eq!(opt_rust_source(file!(), here).as_deref(), Some(text.as_str()));
        assert_eq!(opt_rust_source("src/no_such_file.rs", here), None);
    }
}
