//! Compiled code objects on disk, found by the hash of everything that they were made from.
//!
//! An entry is one file, named by its key, written aside and renamed, with a checksum over all that
//! follows it. A damaged entry is removed and counts as absent. Any number of processes may use a
//! folder at once. No trouble with the folder ever fails a compilation: reads then miss and writes
//! are dropped, with one warning. Knows nothing of compilers.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Names the folder of the cache in place of the user's own.
pub const DIRECTORY_VARIABLE: &str = "GRETA_CACHE_DIR";
/// Bounds the cache: bytes, or a number with the suffix K, M or G.
pub const LIMIT_VARIABLE: &str = "GRETA_CACHE_LIMIT";
/// The bound when the environment names none: 1 GiB.
pub const DEFAULT_LIMIT_BYTES: u64 = 1 << 30;

/// Part of every key and of every file: raised when either changes its meaning.
const FORMAT_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"gretaco\x01";
const HEADER_BYTES: usize = MAGIC.len() + 32;
const EXTENSION: &str = "co";
const TEMPORARY_PREFIX: &str = ".writing-";
/// A use is noted at most this often, to keep reads free of writes.
const USE_RESOLUTION: Duration = Duration::from_secs(60);
/// A file that is still being written after this long belongs to a process that died.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Name of an entry: a hash of all that decides its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

/// All that decides what a compilation gives.
#[derive(Debug, Clone, Copy)]
pub struct KeyParts<'a> {
    /// HIP C++.
    pub source: &'a str,
    /// Architecture.
    pub target: &'a str,
    /// Every option, in order.
    pub options: &'a [&'a str],
    /// Identity of the compiler.
    pub compiler: &'a str,
}

impl Key {
    /// SHA-256 over the format version and every part, each preceded by its length.
    pub fn of(parts: &KeyParts<'_>) -> Self {
        Self::of_format(FORMAT_VERSION, parts)
    }

    fn of_format(format: u32, parts: &KeyParts<'_>) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(format.to_le_bytes());
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        [parts.source, parts.target, parts.compiler].into_iter().for_each(&mut part);
        part(&parts.options.len().to_string());
        parts.options.iter().copied().for_each(part);
        Self(hasher.finalize().into())
    }

    fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// File name that the source was compiled under.
    pub name: String,
    /// Architecture.
    pub target: String,
    /// The compiler's log.
    pub log: String,
    /// The code object.
    #[serde(with = "serde_bytes")]
    pub code: Vec<u8>,
}

/// An entry as `ls` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// Its file.
    pub path: PathBuf,
    /// Its size on disk.
    pub bytes: u64,
    /// When it was last used, to a minute.
    pub used: SystemTime,
    /// File name and architecture; absent for a damaged entry.
    pub contents: Option<(String, String)>,
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Number of sound entries.
    pub sound_count: usize,
    /// Files that were damaged, and are removed.
    pub damaged: Vec<PathBuf>,
}

/// What `clear` or `gc` removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Number of files.
    pub count: usize,
    /// Their size.
    pub bytes: u64,
    /// Size of the entries that remain.
    pub remaining_bytes: u64,
}

/// A folder of entries.
#[derive(Debug)]
pub struct Cache {
    folder: Option<PathBuf>,
    limit_bytes: u64,
    warned: AtomicBool,
}

impl Cache {
    /// The user's cache, or the one that the environment names.
    pub fn open_default() -> Self {
        let named = std::env::var_os(DIRECTORY_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = || directories::ProjectDirs::from("", "", "greta").map(|project| project.cache_dir().join("objects"));
        let limit = std::env::var(LIMIT_VARIABLE).ok();
        let limit_bytes = limit.as_deref().map(|text| {
            parse_size(text).unwrap_or_else(|| {
                tracing::warn!(value = text, "{LIMIT_VARIABLE} is not a size such as 512M; using 1 GiB");
                DEFAULT_LIMIT_BYTES
            })
        });
        Self {
            folder: named.or_else(own),
            limit_bytes: limit_bytes.unwrap_or(DEFAULT_LIMIT_BYTES),
            warned: AtomicBool::new(false),
        }
    }

    /// A cache in `folder`, which is made when first written to.
    pub fn new(folder: impl Into<PathBuf>, limit_bytes: u64) -> Self {
        Self { folder: Some(folder.into()), limit_bytes, warned: AtomicBool::new(false) }
    }

    /// A cache that keeps nothing.
    pub fn disabled() -> Self {
        Self { folder: None, limit_bytes: 0, warned: AtomicBool::new(false) }
    }

    /// Where the entries lie.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The bound in bytes.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// The entry of `key`, if there is a sound one.
    pub fn get(&self, key: Key) -> Option<Entry> {
        let path = self.path(key)?;
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) => {
                // A folder that is a file is trouble; an entry or a folder not yet there is not.
                if error.kind() != io::ErrorKind::NotFound {
                    self.warn(&path, &error);
                }
                return None;
            }
        };
        let mut bytes = Vec::new();
        if let Err(error) = file.read_to_end(&mut bytes) {
            self.warn(&path, &error);
            return None;
        }
        let Some(entry) = decode(&bytes) else {
            tracing::warn!(entry = %path.display(), "damaged cache entry removed");
            let _ = std::fs::remove_file(&path);
            return None;
        };
        let now = SystemTime::now();
        let used = file.metadata().and_then(|metadata| metadata.modified()).unwrap_or(now);
        if now.duration_since(used).is_ok_and(|age| age > USE_RESOLUTION) {
            // Failing to note a use costs at most an early eviction.
            let _ = file.set_modified(now);
        }
        Some(entry)
    }

    /// Stores an entry, and removes what dead processes left and, while the cache is over its bound, what is unused longest.
    pub fn put(&self, key: Key, entry: &Entry) {
        let Some(path) = self.path(key) else { return };
        if let Err(error) = write(&path, entry) {
            self.warn(&path, &error);
        } else if let Err(error) = self.gc() {
            self.warn(&path, &error);
        }
    }

    /// Every entry, the last used first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ls(&self) -> io::Result<Vec<Listed>> {
        let mut entries = self.files()?;
        for entry in &mut entries {
            let decoded = std::fs::read(&entry.path).ok().and_then(|bytes| decode(&bytes));
            entry.contents = decoded.map(|entry| (entry.name, entry.target));
        }
        entries.sort_by(|a, b| b.used.cmp(&a.used).then(a.key.cmp(&b.key)));
        Ok(entries)
    }

    /// Checks every entry and removes the damaged ones.
    ///
    /// # Errors
    /// When the folder cannot be read, or a damaged entry cannot be removed.
    pub fn verify(&self) -> io::Result<Verified> {
        let mut verified = Verified::default();
        for file in self.files()? {
            if std::fs::read(&file.path).is_ok_and(|bytes| decode(&bytes).is_some()) {
                verified.sound_count += 1;
            } else {
                remove(&file.path)?;
                verified.damaged.push(file.path);
            }
        }
        Ok(verified)
    }

    /// Removes every entry.
    ///
    /// # Errors
    /// When the folder cannot be read or an entry cannot be removed.
    pub fn clear(&self) -> io::Result<Removed> {
        let mut removed = self.remove_abandoned(Duration::ZERO)?;
        for file in self.files()? {
            remove(&file.path)?;
            removed.count += 1;
            removed.bytes += file.bytes;
        }
        Ok(removed)
    }

    /// Removes what dead processes left, and what is over the bound.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn gc(&self) -> io::Result<Removed> {
        let abandoned = self.remove_abandoned(ABANDONED_AFTER)?;
        let shrunk = self.shrink()?;
        Ok(Removed {
            count: abandoned.count + shrunk.count,
            bytes: abandoned.bytes + shrunk.bytes,
            remaining_bytes: shrunk.remaining_bytes,
        })
    }

    fn path(&self, key: Key) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{key}.{EXTENSION}")))
    }

    /// Removes the entries unused longest until the rest is within the bound.
    fn shrink(&self) -> io::Result<Removed> {
        let mut files = self.files()?;
        let mut removed = Removed { remaining_bytes: files.iter().map(|file| file.bytes).sum(), ..Removed::default() };
        files.sort_by(|a, b| a.used.cmp(&b.used).then(a.key.cmp(&b.key)));
        for file in files {
            if removed.remaining_bytes <= self.limit_bytes {
                break;
            }
            remove(&file.path)?;
            removed.count += 1;
            removed.bytes += file.bytes;
            removed.remaining_bytes -= file.bytes;
        }
        Ok(removed)
    }

    /// Files named like entries. A folder that is not there holds none.
    fn files(&self) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for (path, name) in self.names()? {
            let key = name.strip_suffix(EXTENSION).and_then(|stem| Key::from_hex(stem.strip_suffix('.')?));
            let Some(key) = key else { continue };
            // Another process may have removed it since the folder was read.
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(Listed { key, path, bytes: metadata.len(), used, contents: None });
        }
        Ok(files)
    }

    fn remove_abandoned(&self, age: Duration) -> io::Result<Removed> {
        let mut removed = Removed::default();
        for (path, _) in self.names()?.into_iter().filter(|(_, name)| name.starts_with(TEMPORARY_PREFIX)) {
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if SystemTime::now().duration_since(written).unwrap_or_default() >= age {
                remove(&path)?;
                removed.count += 1;
                removed.bytes += metadata.len();
            }
        }
        Ok(removed)
    }

    fn names(&self) -> io::Result<Vec<(PathBuf, String)>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let listing = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing?,
        };
        let named = |entry: std::fs::DirEntry| Some((entry.path(), entry.file_name().into_string().ok()?));
        Ok(listing.filter_map(|entry| named(entry.ok()?)).collect())
    }

    fn warn(&self, path: &Path, error: &io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(path = %path.display(), %error, "the cache of compiled kernels cannot be used");
        }
    }
}

/// A file that is already gone was removed by another process.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, entry: &Entry) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?;
    file.write_all(&encode(entry)?)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Magic, SHA-256 of what follows, a MessagePack [`Entry`].
fn encode(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEADER_BYTES];
    rmp_serde::encode::write(&mut bytes, entry).map_err(io::Error::other)?;
    let checksum: [u8; 32] = Sha256::digest(&bytes[HEADER_BYTES..]).into();
    bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
    bytes[MAGIC.len()..HEADER_BYTES].copy_from_slice(&checksum);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<Entry> {
    let payload = bytes.get(HEADER_BYTES..)?;
    let checksum: [u8; 32] = Sha256::digest(payload).into();
    let sound = bytes[..MAGIC.len()] == MAGIC && bytes[MAGIC.len()..HEADER_BYTES] == checksum;
    sound.then(|| rmp_serde::from_slice(payload).ok()).flatten()
}

fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, shift) = match text.chars().last()?.to_ascii_uppercase() {
        'K' => (&text[..text.len() - 1], 10),
        'M' => (&text[..text.len() - 1], 20),
        'G' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
