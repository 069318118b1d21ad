//! Where the HIP compiler is, and how to get it.
//!
//! `find` answers in a few file-system calls and starts nothing; `install` brings what is missing.
//! A toolchain is either ROCm's own hiprtc, or a sysroot: a folder in the user's cache with the
//! compiler's libraries and their own C library, which only a worker process can load.
//! Knows nothing of how a kernel is compiled.

mod apt;
mod error;
mod install;
pub mod progress;
mod rocm;
mod sources;
mod sysroot;

use std::path::{Path, PathBuf};

pub use error::ToolchainError;
pub use install::install;
pub use progress::Progress;
pub use rocm::Rocm;
pub use sysroot::{Package, Sysroot};

/// Names the folder of the toolchain in place of the user's cache.
pub const DIRECTORY_VARIABLE: &str = "GRETA_TOOLCHAIN_DIR";

/// A HIP compiler that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// ROCm is installed: its libraries load into any process of this machine.
    Rocm(Rocm),
    /// The libraries were unpacked by [`install`] and run under their own loader.
    Sysroot(Sysroot),
}

impl Toolchain {
    /// The file that hiprtc is loaded from.
    pub fn libhiprtc(&self) -> &Path {
        match self {
            Self::Rocm(rocm) => &rocm.libhiprtc,
            Self::Sysroot(sysroot) => &sysroot.libhiprtc,
        }
    }

    /// The file that the code object manager, which disassembles, is loaded from; where none was
    /// found its name is left to the loader.
    pub fn libamd_comgr(&self) -> Option<&Path> {
        match self {
            Self::Rocm(rocm) => rocm.libamd_comgr.as_deref(),
            Self::Sysroot(sysroot) => Some(&sysroot.libamd_comgr),
        }
    }

    /// Text that differs whenever the compiler may produce other code. Costs no process.
    pub fn identity(&self) -> String {
        match self {
            Self::Rocm(rocm) => rocm.identity(),
            Self::Sysroot(sysroot) => sysroot.identity(),
        }
    }

    /// One line for a person: what it is, its version, where it lies.
    pub fn describe(&self) -> String {
        match self {
            Self::Rocm(rocm) => {
                let version = rocm.version.as_deref().unwrap_or("of unknown version");
                format!("ROCm {version}, {}", rocm.libhiprtc.display())
            }
            Self::Sysroot(sysroot) => {
                let version = sysroot.version().unwrap_or("of unknown version");
                format!("hiprtc {version} (sysroot), {}", sysroot.directory.display())
            }
        }
    }
}

/// Finds ROCm's hiprtc, else an installed sysroot.
///
/// # Errors
/// [`ToolchainError::Missing`] when there is neither; the message says how to get one.
pub fn find() -> Result<Toolchain, ToolchainError> {
    if let Some(rocm) = rocm::find() {
        return Ok(Toolchain::Rocm(rocm));
    }
    let directory = directory()?;
    match sysroot::open(&directory) {
        Some(sysroot) => Ok(Toolchain::Sysroot(sysroot)),
        None => Err(ToolchainError::Missing { directory }),
    }
}

/// The folder that holds the sysroot, its downloads and its lock.
///
/// # Errors
/// [`ToolchainError::NoHome`] when the user has no home folder and the environment names none.
pub fn directory() -> Result<PathBuf, ToolchainError> {
    if let Some(directory) = std::env::var_os(DIRECTORY_VARIABLE).filter(|value| !value.is_empty()) {
        return Ok(std::path::absolute(PathBuf::from(&directory)).unwrap_or(directory.into()));
    }
    directories::ProjectDirs::from("", "", "greta")
        .map(|project| project.cache_dir().join("toolchain"))
        .ok_or(ToolchainError::NoHome { variable: DIRECTORY_VARIABLE })
}
