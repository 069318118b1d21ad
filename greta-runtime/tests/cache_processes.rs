//! Several processes on one cache.

use std::process::Command;

use greta_runtime::cache::{Cache, Entry, Key, KeyParts};

const FOLDER_VARIABLE: &str = "GRETA_TEST_CACHE";
const ROUNDS: usize = 200;

fn key() -> Key {
    Key::of(&KeyParts { source: "one", target: "gfx942", options: &[], compiler: "c" })
}

fn entry() -> Entry {
    let code = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    Entry { name: "k.hip".into(), target: "gfx942".into(), log: String::new(), code }
}

/// Not a test of its own: one of the processes that the next one starts.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let cache = Cache::new(folder, 1 << 30);
    let entry = entry();
    for _ in 0..ROUNDS {
        cache.put(key(), &entry);
        // A rename replaces the file at once: from the first write on, every read finds it whole.
        assert_eq!(cache.get(key()).as_ref(), Some(&entry));
    }
}

#[test]
fn processes_that_write_one_key_never_see_half_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer"])
            .env(FOLDER_VARIABLE, folder.path())
            .spawn()
            .unwrap()
    };
    let writers: Vec<_> = (0..3).map(|_| start()).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let cache = Cache::new(folder.path(), 1 << 30);
    assert_eq!(cache.get(key()), Some(entry()));
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing but the entry is left: {names:?}");
}
