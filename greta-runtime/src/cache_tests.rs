//! The cache against damage, full folders and folders that cannot be used.

use super::*;

const MEGABYTE: u64 = 1 << 20;

fn key(source: &str) -> Key {
    Key::of(&KeyParts { source, target: "gfx942", options: &["-O3"], compiler: "c" })
}

fn entry(code: &[u8]) -> Entry {
    Entry { name: "k.hip".into(), target: "gfx942".into(), log: "said".into(), code: code.to_vec() }
}

fn cache_of(limit_bytes: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("objects"), limit_bytes);
    (folder, cache)
}

#[test]
fn an_entry_is_found_by_its_key_alone() {
    let (_folder, cache) = cache_of(MEGABYTE);
    assert_eq!(cache.get(key("a")), None);
    cache.put(key("a"), &entry(b"code"));
    assert_eq!(cache.get(key("a")), Some(entry(b"code")));
    assert_eq!(cache.get(key("b")), None);
}

#[test]
fn a_change_of_any_part_changes_the_key() {
    let base = KeyParts { source: "s", target: "t", options: &["-a", "-b"], compiler: "c" };
    let keys = [
        Key::of(&base),
        Key::of_format(FORMAT_VERSION + 1, &base),
        Key::of(&KeyParts { source: "s ", ..base }),
        Key::of(&KeyParts { target: "t2", ..base }),
        Key::of(&KeyParts { compiler: "c2", ..base }),
        Key::of(&KeyParts { options: &["-a"], ..base }),
        Key::of(&KeyParts { options: &["-b", "-a"], ..base }),
        Key::of(&KeyParts { options: &["-a-b"], ..base }),
        Key::of(&KeyParts { options: &["-a", "-b", ""], ..base }),
        // A boundary that moves between parts.
        Key::of(&KeyParts { source: "st", target: "", ..base }),
        Key::of(&KeyParts { source: "", target: "st", ..base }),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "key {index} is another's");
    }
    assert_eq!(Key::of(&base), keys[0]);
    assert_eq!(Key::from_hex(&keys[0].to_string()), Some(keys[0]));
}

#[test]
fn an_entry_cut_anywhere_is_removed_and_missed() {
    let (_folder, cache) = cache_of(MEGABYTE);
    let path = cache.path(key("a")).unwrap();
    cache.put(key("a"), &entry(b"code"));
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(cache.get(key("a")), None, "{length} of {} bytes", whole.len());
        assert!(!path.exists(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn an_entry_with_any_bit_flipped_is_removed_and_missed() {
    let (_folder, cache) = cache_of(MEGABYTE);
    let path = cache.path(key("a")).unwrap();
    cache.put(key("a"), &entry(b"code"));
    let whole = std::fs::read(&path).unwrap();
    for bit in 0..8 * whole.len() {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(cache.get(key("a")), None, "bit {bit}");
        assert!(!path.exists(), "bit {bit}");
    }
    cache.put(key("a"), &entry(b"code"));
    assert_eq!(cache.get(key("a")), Some(entry(b"code")));
}

#[test]
fn the_entries_unused_longest_are_evicted() {
    let (_folder, cache) = cache_of(10_000);
    let old = |hours: u64| SystemTime::now() - Duration::from_secs(3600 * hours);
    for (name, hours) in [("a", 3), ("b", 4), ("c", 2)] {
        cache.put(key(name), &entry(&[7; 3000]));
        let file = std::fs::File::options().write(true).open(cache.path(key(name)).unwrap()).unwrap();
        file.set_modified(old(hours)).unwrap();
    }
    assert!(cache.get(key("b")).is_some(), "a use that counts");
    cache.put(key("d"), &entry(&[7; 3000]));
    assert_eq!(cache.get(key("a")), None, "unused longest");
    for name in ["b", "c", "d"] {
        assert!(cache.get(key(name)).is_some(), "{name}");
    }
}

#[test]
fn an_entry_larger_than_the_bound_is_not_kept() {
    let (_folder, cache) = cache_of(1000);
    cache.put(key("a"), &entry(&[7; 3000]));
    assert_eq!(cache.get(key("a")), None);
    assert_eq!(cache.ls().unwrap(), []);
}

/// Permissions do not bind every user; a folder's place taken by a file, or below one, binds all.
#[test]
fn a_folder_that_cannot_be_used_misses_and_stores_nothing() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let cache = Cache::new(&folder, MEGABYTE);
        assert_eq!(cache.get(key("a")), None);
        cache.put(key("a"), &entry(b"code"));
        assert_eq!(cache.get(key("a")), None);
        assert!(cache.warned.load(Ordering::Relaxed), "trouble is said once");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a folder");
}

#[test]
fn a_folder_without_write_permission_still_serves_what_it_has() {
    let (_folder, cache) = cache_of(MEGABYTE);
    cache.put(key("a"), &entry(b"code"));
    let folder = cache.folder().unwrap();
    let writable = folder.metadata().unwrap().permissions();
    let mut read_only = writable.clone();
    read_only.set_readonly(true);
    std::fs::set_permissions(folder, read_only).unwrap();
    assert_eq!(cache.get(key("a")), Some(entry(b"code")));
    cache.put(key("b"), &entry(b"more"));
    assert_eq!(cache.get(key("a")), Some(entry(b"code")));
    std::fs::set_permissions(folder, writable).unwrap();
}

#[test]
fn a_disabled_cache_keeps_nothing() {
    let cache = Cache::disabled();
    cache.put(key("a"), &entry(b"code"));
    assert_eq!(cache.get(key("a")), None);
    assert_eq!(cache.ls().unwrap(), []);
    assert_eq!(cache.clear().unwrap(), Removed::default());
}

#[test]
fn listing_verifying_and_clearing_see_every_entry_and_nothing_else() {
    let (_folder, cache) = cache_of(MEGABYTE);
    assert_eq!(cache.ls().unwrap(), [], "a folder not yet there is empty");
    cache.put(key("a"), &entry(b"code"));
    cache.put(key("b"), &entry(b"code"));
    let folder = cache.folder().unwrap().to_path_buf();
    let foreign = folder.join("notes.txt");
    std::fs::write(&foreign, "someone's").unwrap();
    std::fs::write(cache.path(key("b")).unwrap(), "damaged").unwrap();
    let listed = cache.ls().unwrap();
    assert_eq!(listed.len(), 2);
    let contents = |name: &str| {
        let found = listed.iter().find(|listed| listed.key == key(name)).unwrap();
        found.contents.clone()
    };
    assert_eq!(contents("a"), Some(("k.hip".into(), "gfx942".into())));
    assert_eq!(contents("b"), None);
    let verified = cache.verify().unwrap();
    assert_eq!(verified.sound_count, 1);
    assert_eq!(verified.damaged, [cache.path(key("b")).unwrap()]);
    assert_eq!(cache.clear().unwrap().count, 1);
    assert_eq!(cache.ls().unwrap(), []);
    assert!(foreign.exists());
}

#[test]
fn collection_removes_what_dead_processes_left_and_leaves_what_live_ones_write() {
    let (_folder, cache) = cache_of(MEGABYTE);
    cache.put(key("a"), &entry(b"code"));
    let folder = cache.folder().unwrap();
    let (dead, live) = (folder.join(".writing-dead"), folder.join(".writing-live"));
    std::fs::write(&live, "half").unwrap();
    let age = || {
        std::fs::write(&dead, "half").unwrap();
        let file = std::fs::File::options().write(true).open(&dead).unwrap();
        file.set_modified(SystemTime::now() - 2 * ABANDONED_AFTER).unwrap();
    };
    age();
    let removed = cache.gc().unwrap();
    assert_eq!((removed.count, removed.bytes), (1, 4));
    assert!(!dead.exists() && live.exists());
    // Every entry that is stored collects, so that the bound holds without a command.
    age();
    cache.put(key("b"), &entry(b"code"));
    assert!(!dead.exists() && live.exists());
    assert!(cache.get(key("a")).is_some());
}

#[test]
fn sizes_have_binary_suffixes() {
    for (text, bytes) in [("7", Some(7)), ("2k", Some(2048)), (" 3M", Some(3 << 20)), ("1G", Some(1 << 30))] {
        assert_eq!(parse_size(text), bytes, "{text}");
    }
    for text in ["", "x", "1.5G", "-1", "99999999999G"] {
        assert_eq!(parse_size(text), None, "{text}");
    }
}
