//! The first chapter's text, followed to the letter in an empty folder outside of the workspace.

use std::path::Path;
use std::process::Command;

/// A block of the chapter: what it is, and its lines.
enum Block<'a> {
    /// Lines that begin with `$ ` are run; what follows each is what it prints.
    Console(Vec<&'a str>),
    /// Contents of a file.
    File { path: &'a str, appended: bool, lines: Vec<&'a str> },
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut file = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->")) {
            file = Some(name);
        } else if let Some(language) = line.strip_prefix("```") {
            let lines = lines.by_ref().take_while(|line| *line != "```").collect();
            match (language, file.take()) {
                ("console", _) => blocks.push(Block::Console(lines)),
                (_, Some(name)) => {
                    let (path, appended) = name.strip_suffix(", appended").map_or((name, false), |path| (path, true));
                    blocks.push(Block::File { path, appended, lines });
                }
                _ => {}
            }
        }
    }
    blocks
}

/// The lines of a file, an include replaced by what it includes.
fn contents(lines: &[&str]) -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for line in lines {
        match line.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}")) {
            None => text.push_str(line),
            Some(include) => {
                let (file, anchor) = include.split_once(':').expect("an include has an anchor");
                let source = std::fs::read_to_string(manifest.join("src").join(file)).unwrap();
                let start = source.find(&format!("// ANCHOR: {anchor}\n")).expect("the anchor begins");
                let end = source.find(&format!("// ANCHOR_END: {anchor}\n")).expect("the anchor ends");
                let part = source[start..end].lines().filter(|line| !line.contains("// ANCHOR"));
                text.push_str(&part.collect::<Vec<&str>>().join("\n"));
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_first_chapter_works_in_an_empty_folder() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(workspace.join("book/src/first-kernel.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // What the chapter takes from the network is this very tree.
    let published = "{ git = \"https://github.com/greta-rs/greta\" }";
    let local = format!("{{ path = {:?} }}", workspace.display().to_string());
    let mut commands = 0;
    for block in blocks(&text) {
        match block {
            Block::File { path, appended, lines } => {
                let path = folder.path().join(path);
                let before = if appended { std::fs::read_to_string(&path).unwrap() } else { String::new() };
                std::fs::write(path, before + &contents(&lines).replace(published, &local)).unwrap();
            }
            Block::Console(lines) => {
                let command = lines[0].strip_prefix("$ ").expect("a command begins with `$ `");
                assert_eq!(
                    run(command, folder.path()),
                    lines[1..].iter().map(|line| format!("{line}\n")).collect::<String>()
                );
                commands += 1;
            }
        }
    }
    assert_eq!(commands, 2);
}

/// Runs a command in the folder and gives what it prints.
fn run(command: &str, folder: &Path) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder);
    // Built once for all runs of this test, with the versions of dependencies that this tree was tested with.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-chapter");
    shell.env("CARGO_TARGET_DIR", target).env_remove("RUSTFLAGS");
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let own = folder.join("first_kernel/Cargo.lock");
    if own.parent().is_some_and(Path::exists) && !own.exists() {
        std::fs::copy(lock, own).unwrap();
    }
    let output = shell.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command}\n{stdout}{stderr}");
    stdout.into_owned()
}
