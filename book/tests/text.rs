//! The book builds, and shows no code of its own: all of it is included from files that are compiled.

use std::path::{Path, PathBuf};

fn chapters() -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                None if path.is_dir() => folders.push(path),
                Some("md") => files.push(path),
                _ => {}
            }
        }
    }
    files
}

#[test]
fn every_block_of_code_is_included_from_what_is_compiled() {
    for path in chapters() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == "```rust" || line == "```cpp" {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                let included = body.len() == 1 && body[0].starts_with("{{#include ");
                assert!(included, "{}: {body:#?}", path.display());
            }
        }
    }
}

#[test]
fn the_book_builds_with_every_chapter_and_listing() {
    let folder = tempfile::tempdir().unwrap();
    greta_book::build(folder.path()).unwrap();
    for chapter in chapters() {
        let name = chapter.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
        if name == Path::new("SUMMARY.md") {
            continue;
        }
        let page = folder.path().join(name).with_extension("html");
        let html = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(!html.contains("{{#include"), "{}: an include was not found", page.display());
        assert!(!html.contains("ANCHOR"), "{}", page.display());
        check_links(&page, &html);
    }
}

/// Every link within the book leads to a file.
fn check_links(page: &Path, html: &str) {
    let targets = html.split("href=\"").chain(html.split("src=\"")).skip(1).filter_map(|rest| rest.split('"').next());
    for target in targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '<', '\n'])) {
        let file = target.split('#').next().unwrap_or_default();
        let path = page.parent().unwrap().join(file);
        assert!(file.is_empty() || path.exists() || target.starts_with("mailto:"), "{}: {target}", page.display());
    }
}
