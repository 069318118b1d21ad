//! The book's page of the matrix instructions, and the diagrams of their layouts: made from the table's rows.
//!
//! `cargo xtask diagrams` writes them; a test fails where the committed files are not what the table gives.

mod diagram;
mod page;

use std::path::{Path, PathBuf};

/// Every file: its path in the repository, and its text.
fn files() -> Vec<(PathBuf, String)> {
    let mut files = vec![(PathBuf::from("book/src/mfma-table.md"), page::text())];
    for shape in diagram::shapes() {
        files.push((Path::new("book/src/diagrams").join(shape.file_name()), shape.svg()));
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Writes the files.
///
/// # Errors
///
/// What the file system says.
pub(crate) fn write() -> std::io::Result<()> {
    for (path, text) in files() {
        let path = root().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_diagrams_are_those_of_the_table() {
        for (path, text) in files() {
            let found = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
            assert!(found == text, "{} is not current: run `cargo xtask diagrams`", path.display());
        }
    }

    #[test]
    fn no_diagram_is_left_over() {
        let known: Vec<PathBuf> = files().into_iter().map(|(path, _)| root().join(path)).collect();
        for entry in std::fs::read_dir(root().join("book/src/diagrams")).unwrap() {
            let path = entry.unwrap().path();
            assert!(known.contains(&path), "{} belongs to no row", path.display());
        }
    }
}
