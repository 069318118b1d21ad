//! Where the Rust source that a message names can be read.
//!
//! rustc names a file relative to the workspace that it compiled; nothing here knows what the message is.

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
