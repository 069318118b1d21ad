//! ROCm's own hiprtc: where its library lies. Reads folders and the loader's cache; loads nothing,
//! so that asking costs microseconds and the answer is a path with an identity.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

/// hiprtc as installed with ROCm or with the distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rocm {
    /// The library's file.
    pub libhiprtc: PathBuf,
    /// The code object manager beside it, if there.
    pub libamd_comgr: Option<PathBuf>,
    /// ROCm's version, where the installation says it.
    pub version: Option<String>,
}

impl Rocm {
    /// Path, size and time of change of the libraries, that of the built-in headers too: a compiler update changes it.
    pub(super) fn identity(&self) -> String {
        let mut text = String::from("rocm");
        let headers = self.libhiprtc.with_file_name("libhiprtc-builtins.so");
        for path in [Some(&self.libhiprtc), Some(&headers), self.libamd_comgr.as_ref()].into_iter().flatten() {
            text.push_str(&format!(" {}", path.display()));
            if let Ok(metadata) = path.metadata() {
                let changed = metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
                let nanos = changed.map_or(0, |duration| duration.as_nanos());
                text.push_str(&format!(" {} {nanos}", metadata.len()));
            }
        }
        text
    }
}

/// Looks where ROCm says it is, where it is by default, and where the loader looks.
pub(super) fn find() -> Option<Rocm> {
    let roots: Vec<PathBuf> = ["ROCM_PATH", "HIP_PATH"]
        .iter()
        .filter_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .map(PathBuf::from)
        .chain([PathBuf::from("/opt/rocm")])
        .collect();
    let mut folders: Vec<PathBuf> = roots.iter().map(|root| root.join("lib")).collect();
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        folders.extend(std::env::split_paths(&paths).filter(|path| path.is_absolute()));
    }
    folders.extend(["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"].map(PathBuf::from));
    let libhiprtc =
        in_folders(&folders, hiprtc_sys::LIBRARY_NAMES).or_else(|| in_loader_cache(hiprtc_sys::LIBRARY_NAMES))?;
    let beside = libhiprtc.parent().map(Path::to_path_buf);
    folders.splice(0..0, beside);
    let libamd_comgr = in_folders(&folders, hiprtc_sys::comgr::LIBRARY_NAMES);
    let version = version_of(&libhiprtc);
    Some(Rocm { libhiprtc, libamd_comgr, version })
}

fn in_folders(folders: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    let candidates = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    candidates.into_iter().find(|path| path.is_file())
}

/// Asks `ldconfig -p`, whose lines read `libx.so.1 (libc6,x86-64) => /path/libx.so.1`.
fn in_loader_cache(names: &[&str]) -> Option<PathBuf> {
    let program = ["/sbin/ldconfig", "/usr/sbin/ldconfig"].into_iter().find(|p| Path::new(p).exists())?;
    let output = Command::new(program).arg("-p").stderr(Stdio::null()).output().ok()?;
    let listing = String::from_utf8_lossy(&output.stdout);
    names.iter().find_map(|name| {
        listing.lines().find_map(|line| {
            let (library, path) = line.trim().split_once(" => ")?;
            let matches = library.split(' ').next() == Some(name) && library.contains("x86-64");
            matches.then(|| PathBuf::from(path)).filter(|path| path.is_file())
        })
    })
}

/// ROCm writes its version in `.info/version`; else the library's full name ends with it.
fn version_of(libhiprtc: &Path) -> Option<String> {
    let root = libhiprtc.parent()?.parent()?;
    if let Ok(text) = std::fs::read_to_string(root.join(".info/version")) {
        return Some(text.trim().to_owned());
    }
    let real = libhiprtc.canonicalize().ok()?;
    let name = real.file_name()?.to_str()?.to_owned();
    name.split_once(".so.").map(|(_, version)| version.to_owned())
}
