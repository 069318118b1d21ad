//! What can go wrong while a compiler is looked for or installed. Every message ends with what to do next.

use std::io;
use std::path::PathBuf;

/// Why there is no HIP compiler.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// Nothing is installed. Install it.
    #[error(
        "no HIP compiler: ROCm is not installed, and {} holds no toolchain; \
         run `greta toolchain install` (in the repository: `cargo xtask toolchain`)",
        directory.display()
    )]
    Missing {
        /// Where a sysroot was looked for.
        directory: PathBuf,
    },
    /// The user has no home folder. Name a folder in the environment.
    #[error("this user has no home folder to keep the toolchain in; set {variable} to a folder")]
    NoHome {
        /// The environment variable that names the folder.
        variable: &'static str,
    },
    /// The machine lacks a program of its package manager.
    #[error(
        "`{program}` is not on this machine, so the compiler cannot be fetched from its \
         distribution; install ROCm (its hiprtc package is enough), or use Debian or Ubuntu"
    )]
    NoProgram {
        /// The program that could not be started.
        program: &'static str,
    },
    /// Only x86-64 Linux has these packages.
    #[error("the compiler's packages exist for x86-64 Linux only; this machine is {os} on {arch}")]
    UnsupportedMachine {
        /// Operating system, in Rust's spelling.
        os: &'static str,
        /// Architecture, in Rust's spelling.
        arch: &'static str,
    },
    /// The package sources of this machine name no mirror of its distribution.
    #[error(
        "no mirror of {distribution} was found in {}; add the distribution's own archive there, \
         or install ROCm",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoMirror {
        /// The distribution's name.
        distribution: String,
        /// The files read.
        files: Vec<PathBuf>,
    },
    /// A mirror answered, but no suite offers the packages.
    #[error(
        "none of the suites {} has {}; install ROCm, or point the machine's package sources at a \
         full mirror",
        suites.join(", "),
        packages.join(" ")
    )]
    NoSuite {
        /// The suites that were asked.
        suites: Vec<String>,
        /// The packages looked for.
        packages: Vec<String>,
    },
    /// No package list could be downloaded at all.
    #[error(
        "no package list could be downloaded (tried the suites {}); check the network and the \
         proxy settings of apt, then run this again: {output}",
        suites.join(", ")
    )]
    Offline {
        /// The suites that were asked.
        suites: Vec<String>,
        /// The last lines that apt wrote.
        output: String,
    },
    /// A download failed after every retry. What did arrive is kept.
    #[error(
        "the compiler's packages could not all be downloaded; run this again to continue where \
         it stopped: {output}"
    )]
    Download {
        /// The last lines that apt wrote.
        output: String,
    },
    /// A package did not unpack, most often for want of space.
    #[error("`{package}` could not be unpacked into {}; check free space (350 MB): {output}", directory.display())]
    Unpack {
        /// File name of the package.
        package: String,
        /// Where it was unpacked to.
        directory: PathBuf,
        /// What dpkg wrote.
        output: String,
    },
    /// The packages unpacked, yet the compiler cannot be loaded from them.
    #[error(
        "the unpacked compiler cannot be loaded ({problem}); delete {} and run this again, or \
         install ROCm",
        directory.display()
    )]
    Unusable {
        /// What the loader said.
        problem: String,
        /// The toolchain's folder.
        directory: PathBuf,
    },
    /// A file of the toolchain's folder cannot be written or read.
    #[error("{}: {source}; check that the folder can be written, or set GRETA_TOOLCHAIN_DIR to one that can", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl ToolchainError {
    /// Names the file that an operation was about.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
