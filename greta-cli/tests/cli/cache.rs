//! `greta cache`.

use std::fs;

use crate::{Run, Sandbox, has_compiler};

#[test]
fn an_empty_cache_lists_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.run("cache ls");
    assert!(run.stderr.contains("0 entries"), "{}", run.all());
    assert_eq!(run.ok(), "");
    assert_eq!(sandbox.run("cache ls --json").json(), serde_json::json!([]));
    let removed = sandbox.run("cache clear --json").json();
    assert_eq!(removed, serde_json::json!({"removed_count": 0, "removed_bytes": 0, "remaining_bytes": 0}));
}

#[test]
fn what_was_compiled_is_listed_checked_and_removed() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    for kernel in ["add", "softmax"] {
        sandbox.run(&format!("compile {kernel}")).ok();
    }
    let entries = sandbox.run("cache ls --json").json();
    let mut names: Vec<&str> =
        entries.as_array().expect("an array").iter().filter_map(|entry| entry["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["add.hip", "softmax.hip"]);
    let first = &entries[0];
    assert_eq!((&first["target"], &first["sound"]), (&"gfx942".into(), &true.into()));
    assert!(first["bytes"].as_u64() > Some(0) && first["used_unix_s"].as_u64() > Some(1_600_000_000), "{first}");
    let text = sandbox.run("cache ls").ok();
    assert!(text.lines().count() == 3 && text.contains(&first["key"].as_str().expect("a key")[..12]), "{text}");

    assert_eq!(sandbox.run("cache verify").ok(), "2 entries sound, 0 damaged and removed\n");
    let path = first["path"].as_str().expect("a path");
    fs::write(path, b"damaged").expect("it is written");
    assert!(sandbox.run("cache ls").ok().contains("(damaged)"));
    let verified = sandbox.run("cache verify --json").json();
    assert_eq!(verified, serde_json::json!({"sound_count": 1, "damaged": [path]}));

    let removed = sandbox.run("cache clear --json").json();
    assert_eq!((&removed["removed_count"], &removed["remaining_bytes"]), (&1.into(), &0.into()));
}

#[test]
fn gc_keeps_to_the_limit() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run("compile add").ok();
    let kept = sandbox.run("cache gc --json").json();
    assert_eq!(kept["removed_count"], 0);
    let mut command = sandbox.command("cache --json gc");
    command.env("GRETA_CACHE_LIMIT", "1K");
    let removed = Run::of(command).json();
    assert_eq!((&removed["removed_count"], &removed["remaining_bytes"]), (&1.into(), &0.into()));
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error() {
    let sandbox = Sandbox::new();
    let file = sandbox.cache.path().join("file");
    fs::write(&file, "").expect("it is written");
    for action in ["ls", "verify", "clear", "gc"] {
        let mut command = sandbox.command(&format!("cache {action}"));
        command.env("GRETA_CACHE_DIR", &file);
        let text = Run::of(command).fails(1);
        assert!(text.starts_with("error: the cache ") && text.lines().count() == 1, "{text}");
    }
}
