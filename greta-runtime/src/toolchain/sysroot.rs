//! An unpacked toolchain on disk: a root folder of libraries with their own loader, and a manifest
//! that is written last. A folder without a readable manifest of this version is no toolchain.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Raised when the layout changes; an older folder is then installed again.
const LAYOUT: u32 = 1;
const MANIFEST: &str = "greta-toolchain.json";
const LOADER: &str = "ld-linux-x86-64.so.2";
/// Where Debian and Ubuntu put libraries, relative to the root.
const LIBRARY_FOLDERS: &[&str] = &["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib64", "lib64", "usr/lib"];

/// A compiler's libraries in a folder of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysroot {
    /// The root that the packages were unpacked into.
    pub directory: PathBuf,
    /// The dynamic loader that belongs to the C library in it.
    pub loader: PathBuf,
    /// Folders to search for libraries, joined by `:`.
    pub library_path: String,
    /// hiprtc.
    pub libhiprtc: PathBuf,
    /// The code object manager, which disassembles.
    pub libamd_comgr: PathBuf,
    /// What was unpacked, by name.
    pub packages: Vec<Package>,
}

/// A package of the toolchain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    layout: u32,
    suite: String,
    packages: Vec<Package>,
}

impl Sysroot {
    /// Version of the package that holds hiprtc.
    pub fn version(&self) -> Option<&str> {
        let package = self.packages.iter().find(|package| package.name.starts_with("libhiprtc"));
        package.map(|package| package.version.as_str())
    }

    /// Names and versions of the packages that code generation depends on. The folder is no part
    /// of it: the same packages elsewhere compile to the same bytes.
    pub(super) fn identity(&self) -> String {
        let mut text = String::from("sysroot");
        for Package { name, version } in &self.packages {
            if ["libhiprtc", "libamd", "libllvm", "libclang"].iter().any(|p| name.starts_with(p)) {
                text.push_str(&format!(" {name}={version}"));
            }
        }
        text
    }
}

/// The finished sysroot of a toolchain folder.
pub(super) fn path(toolchain: &Path) -> PathBuf {
    toolchain.join("sysroot")
}

/// Opens the finished sysroot of a toolchain folder; a half or foreign one is none.
pub(super) fn open(toolchain: &Path) -> Option<Sysroot> {
    open_root(&path(toolchain))
}

/// Opens a root that has a manifest.
pub(super) fn open_root(root: &Path) -> Option<Sysroot> {
    let manifest = std::fs::read(root.join(MANIFEST)).ok()?;
    let manifest: Manifest = serde_json::from_slice(&manifest).ok()?;
    if manifest.layout != LAYOUT {
        return None;
    }
    locate(root, manifest.packages)
}

/// Finds loader and libraries in an unpacked root.
pub(super) fn locate(root: &Path, packages: Vec<Package>) -> Option<Sysroot> {
    let folders: Vec<PathBuf> =
        LIBRARY_FOLDERS.iter().map(|folder| root.join(folder)).filter(|path| path.is_dir()).collect();
    let first = |names: &[&str]| {
        let candidates = folders.iter().flat_map(|folder| names.iter().map(|n| folder.join(n)));
        candidates.into_iter().find(|path| path.is_file())
    };
    let joined = folders.iter().map(|path| path.to_str()).collect::<Option<Vec<_>>>()?.join(":");
    Some(Sysroot {
        directory: root.to_path_buf(),
        loader: first(&[LOADER])?,
        libhiprtc: first(hiprtc_sys::LIBRARY_NAMES)?,
        libamd_comgr: first(hiprtc_sys::comgr::LIBRARY_NAMES)?,
        library_path: joined,
        packages,
    })
}

/// Writes the manifest, which makes the root a toolchain.
pub(super) fn seal(root: &Path, suite: &str, packages: Vec<Package>) -> std::io::Result<()> {
    let manifest = Manifest { layout: LAYOUT, suite: suite.to_owned(), packages };
    let text = serde_json::to_vec_pretty(&manifest)?;
    let file = root.join(MANIFEST);
    std::fs::write(&file, text)?;
    std::fs::File::open(file)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root that has every file that a sysroot needs, empty.
    fn unpacked(root: &Path) {
        let folder = root.join(LIBRARY_FOLDERS[0]);
        std::fs::create_dir_all(&folder).unwrap();
        for name in [LOADER, "libhiprtc.so.6", "libamd_comgr.so.3"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
    }

    fn packages() -> Vec<Package> {
        vec![
            Package { name: "libhiprtc6".into(), version: "6.4.3-5".into() },
            Package { name: "zlib1g".into(), version: "1".into() },
        ]
    }

    #[test]
    fn a_root_is_a_toolchain_once_it_is_sealed_and_complete() {
        let toolchain = tempfile::tempdir().unwrap();
        let root = path(toolchain.path());
        unpacked(&root);
        assert_eq!(open(toolchain.path()), None, "no manifest");
        seal(&root, "suite", packages()).unwrap();
        let sysroot = open(toolchain.path()).unwrap();
        assert_eq!(sysroot.version(), Some("6.4.3-5"));
        assert_eq!(sysroot.identity(), "sysroot libhiprtc6=6.4.3-5");
        std::fs::remove_file(&sysroot.libamd_comgr).unwrap();
        assert_eq!(open(toolchain.path()), None, "a library is missing");
    }

    #[test]
    fn a_manifest_that_is_cut_or_of_another_layout_is_none() {
        let toolchain = tempfile::tempdir().unwrap();
        let root = path(toolchain.path());
        unpacked(&root);
        seal(&root, "suite", packages()).unwrap();
        let text = std::fs::read_to_string(root.join(MANIFEST)).unwrap();
        for damaged in [text[..text.len() / 2].to_owned(), text.replace("\"layout\": 1", "\"layout\": 0")] {
            assert_ne!(damaged, text);
            std::fs::write(root.join(MANIFEST), damaged).unwrap();
            assert_eq!(open(toolchain.path()), None);
        }
    }
}
