//! Installs the compiler's sysroot: choose a suite, download, unpack aside, check, rename.
//!
//! Two installations at once wait for each other; one that stopped is continued from what it
//! downloaded; a half one is never found, because the manifest is written before the final rename
//! and nothing before it has the sysroot's name.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::apt::{Apt, PackageFile};
use super::error::ToolchainError;
use super::progress::Progress;
use super::sources::{self, Archive, Distribution};
use super::sysroot::{self, Sysroot};
use super::{Toolchain, apt, rocm};

/// Package names by the major version of the libraries, the tried one first. A suite offers one.
const PACKAGE_SETS: &[&[&str]] =
    &[&["libhiprtc6", "libhiprtc-builtins6", "libamdhip64-6"], &["libhiprtc7", "libhiprtc-builtins7", "libamdhip64-7"]];
const DOWNLOAD_ATTEMPTS: usize = 4;

/// Finds ROCm's hiprtc, or an installed sysroot, or installs the sysroot, reporting what it does.
///
/// # Errors
/// Every error says what to do next; whatever was downloaded is kept for the next attempt.
pub fn install(progress: &mut dyn FnMut(Progress)) -> Result<Toolchain, ToolchainError> {
    if let Some(rocm) = rocm::find() {
        return Ok(done(Toolchain::Rocm(rocm), progress));
    }
    let directory = super::directory()?;
    if let Some(sysroot) = sysroot::open(&directory) {
        return Ok(done(Toolchain::Sysroot(sysroot), progress));
    }
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    if (os, arch) != ("linux", "x86_64") {
        return Err(ToolchainError::UnsupportedMachine { os, arch });
    }
    std::fs::create_dir_all(&directory).map_err(ToolchainError::file(&directory))?;
    let lock = lock(&directory.join("lock"), progress)?;
    // Another process may have finished while this one waited.
    if let Some(sysroot) = sysroot::open(&directory) {
        return Ok(done(Toolchain::Sysroot(sysroot), progress));
    }
    let downloads = directory.join("apt");
    let (suite, files) = download(&downloads, &lock, progress)?;
    let sysroot = set_up(&directory, &suite, &files, progress)?;
    // The packages are unpacked: only disk space would be lost with them.
    if let Err(error) = std::fs::remove_dir_all(&downloads) {
        tracing::warn!(folder = %downloads.display(), %error, "downloads could not be removed");
    }
    Ok(done(Toolchain::Sysroot(sysroot), progress))
}

fn done(toolchain: Toolchain, progress: &mut dyn FnMut(Progress)) -> Toolchain {
    progress(Progress::Done(toolchain.describe()));
    toolchain
}

/// The lock is released when the file is closed, by the system if the process dies.
fn lock(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<File, ToolchainError> {
    let file =
        File::options().create(true).truncate(false).write(true).open(path).map_err(ToolchainError::file(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(ToolchainError::file(path)(error)),
        Err(TryLockError::WouldBlock) => {
            progress(Progress::Step("waiting for another installation to finish".into()));
            file.lock().map_err(ToolchainError::file(path))?;
            Ok(file)
        }
    }
}

/// Downloads the packages of the first suite that has them.
fn download(
    folder: &Path,
    lock: &File,
    progress: &mut dyn FnMut(Progress),
) -> Result<(String, Vec<PackageFile>), ToolchainError> {
    let found = choose_suite(folder, lock, progress)?;
    for attempt in 1..=DOWNLOAD_ATTEMPTS {
        // A file that lies there with the wrong contents would be taken for the right one.
        for file in found.files.iter().filter(|file| file.path.exists() && !file.is_complete()) {
            std::fs::remove_file(&file.path).map_err(ToolchainError::file(&file.path))?;
        }
        let bytes: u64 = found.files.iter().filter(|file| !file.path.exists()).map(|file| file.size).sum();
        if bytes == 0 {
            break;
        }
        let megabytes = bytes.div_ceil(1_000_000);
        progress(Progress::Step(format!("downloading {megabytes} MB from suite {}", found.suite)));
        let mut report = |percent: f64, what: &str| {
            progress(Progress::Downloaded { percent, what: what.to_owned() });
        };
        match found.apt.download(found.packages, &mut report) {
            Ok(()) => {}
            Err(error) if attempt == DOWNLOAD_ATTEMPTS => return Err(error),
            Err(error) => tracing::warn!(%error, attempt, "download failed, trying again"),
        }
    }
    let incomplete: Vec<&str> =
        found.files.iter().filter(|f| !f.is_complete()).map(|f| f.package.name.as_str()).collect();
    if !incomplete.is_empty() {
        let output = format!("damaged or missing: {}", incomplete.join(", "));
        return Err(ToolchainError::Download { output });
    }
    Ok((found.suite, found.files))
}

struct Found {
    suite: String,
    apt: Apt,
    packages: &'static [&'static str],
    files: Vec<PackageFile>,
}

fn choose_suite(folder: &Path, lock: &File, progress: &mut dyn FnMut(Progress)) -> Result<Found, ToolchainError> {
    let os_release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let distribution = sources::distribution(&os_release);
    let source_files = apt::source_files()?;
    let archives = sources::archives_of(&distribution, &sources::read(&source_files));
    if archives.is_empty() {
        return Err(ToolchainError::NoMirror { distribution: distribution.name, files: source_files });
    }
    let (mut asked, mut offline) = (Vec::new(), None);
    let mut reached = false;
    for (archive, suite) in candidates(&distribution, &archives) {
        progress(Progress::Step(format!("reading the package list of suite {suite}")));
        let apt = Apt::prepare(folder, archive, &suite, lock)?;
        if !asked.contains(&suite) {
            asked.push(suite.clone());
        }
        if let Some(output) = apt.update()? {
            tracing::debug!(%suite, %output, "no package list");
            offline.get_or_insert(output);
            continue;
        }
        reached = true;
        for packages in PACKAGE_SETS {
            if let Some(files) = apt.opt_closure(packages)? {
                return Ok(Found { suite, apt, packages, files });
            }
        }
    }
    match offline {
        Some(output) if !reached => Err(ToolchainError::Offline { suites: asked, output }),
        _ => {
            let packages = PACKAGE_SETS[0].iter().map(|name| (*name).to_owned()).collect();
            Err(ToolchainError::NoSuite { suites: asked, packages })
        }
    }
}

/// Each archive with the suites to ask: the machine's own first, then later ones.
fn candidates<'a>(distribution: &Distribution, archives: &'a [Archive]) -> Vec<(&'a Archive, String)> {
    let mut suites: Vec<&str> = distribution.codename.as_deref().into_iter().collect();
    suites.extend(distribution.later_suites);
    let pair = |archive, suite: &&str| (archive, (*suite).to_owned());
    archives.iter().flat_map(|archive| suites.iter().map(move |suite| pair(archive, suite))).collect()
}

/// Unpacks beside the final place, checks that the loader is content, and renames.
fn set_up(
    directory: &Path,
    suite: &str,
    files: &[PackageFile],
    progress: &mut dyn FnMut(Progress),
) -> Result<Sysroot, ToolchainError> {
    let staging = directory.join("staging");
    let remove = |path: &PathBuf| match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ToolchainError::file(path)(error)),
        _ => Ok(()),
    };
    remove(&staging)?;
    std::fs::create_dir_all(&staging).map_err(ToolchainError::file(&staging))?;
    unpack_all(&staging, files, progress)?;

    progress(Progress::Step("checking the compiler".into()));
    let mut packages: Vec<_> = files.iter().map(|file| file.package.clone()).collect();
    packages.sort();
    let unusable = |problem: String| ToolchainError::Unusable { problem, directory: directory.to_path_buf() };
    let unpacked = sysroot::locate(&staging, packages.clone())
        .ok_or_else(|| unusable("a library or the loader is missing".into()))?;
    check_loads(&unpacked).map_err(unusable)?;
    sysroot::seal(&staging, suite, packages).map_err(ToolchainError::file(&staging))?;

    let sysroot = sysroot::path(directory);
    remove(&sysroot)?;
    std::fs::rename(&staging, &sysroot).map_err(ToolchainError::file(&sysroot))?;
    sysroot::open(directory).ok_or_else(|| ToolchainError::Unusable {
        problem: "the installed folder cannot be read back".into(),
        directory: directory.to_path_buf(),
    })
}

/// Unpacks on every core: decompression is most of the work.
fn unpack_all(root: &Path, files: &[PackageFile], progress: &mut dyn FnMut(Progress)) -> Result<(), ToolchainError> {
    let total = files.len();
    let mut by_size: Vec<&PackageFile> = files.iter().collect();
    by_size.sort_by_key(|file| std::cmp::Reverse(file.size));
    // The loader's folder is a link in one package and a folder in none: order does not matter.
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(total);
    let (sender, results) = mpsc::channel();
    progress(Progress::Unpacked { count: 0, total });
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, by_size) = (sender.clone(), &next, &by_size);
            scope.spawn(move || {
                while let Some(file) = by_size.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send(file.unpack(root)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, result) in results.into_iter().enumerate() {
            result?;
            progress(Progress::Unpacked { count: index + 1, total });
        }
        Ok(())
    })
}

/// Has the sysroot's loader resolve every library that the compiler needs.
fn check_loads(sysroot: &Sysroot) -> Result<(), String> {
    for library in [&sysroot.libhiprtc, &sysroot.libamd_comgr] {
        let output = Command::new(&sysroot.loader)
            .args(["--inhibit-cache", "--library-path", &sysroot.library_path, "--list"])
            .arg(library)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", sysroot.loader.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if let Some(missing) = text.lines().find(|line| line.contains("not found")) {
            return Err(missing.trim().to_owned());
        }
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
    }
    Ok(())
}
