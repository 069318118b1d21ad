//! Why a command failed, as data. How it is shown is in `report`.

use std::io;
use std::path::PathBuf;

use greta_codegen::definition::VariantError;
use greta_llama::case_launch::PrepareError;
use greta_runtime::compile::CompileError;
use greta_runtime::invalid_kernel::InvalidKernel;
use greta_runtime::toolchain::ToolchainError;

use crate::bench::BenchError;
use crate::profile::ProfileError;
use crate::tune::TuneError;

/// What a command ends with when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The kernel has no such tile parameter. The user's to mend: take one of those named.
    #[error(
        "{kernel} has no tile parameter `{given}`{}; {}",
        did_you_mean(*.nearest),
        if .known.is_empty() { "it has none".to_owned() } else { format!("it has {}", .known.join(", ")) }
    )]
    UnknownTile {
        /// The kernel.
        kernel: &'static str,
        /// The name given.
        given: String,
        /// The name that was probably meant.
        nearest: Option<&'static str>,
        /// The names there are.
        known: Vec<&'static str>,
    },
    /// A tile parameter is set twice. The user's to mend.
    #[error("{kernel}: tile parameter {parameter} is given more than once")]
    RepeatedTile {
        /// The kernel.
        kernel: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// No variant has these tile parameters. The user's to mend: set fewer of them.
    #[error("{kernel} has no variant with {values}: its requirements admit none")]
    NoVariant {
        /// The kernel.
        kernel: &'static str,
        /// What was asked for, as `BM = 64, BN = 64`.
        values: String,
    },
    /// The tile parameters are no variant. The user's to mend: take a value or the variant that is named.
    #[error("{source}{}", .nearest.as_ref().map_or_else(String::new, |tile| format!("; the nearest variant is --tile {tile}")))]
    Variant {
        /// What is wrong with them.
        source: VariantError,
        /// The variant that was probably meant, as `BM=64,BN=64`; values that are defaults are left out.
        nearest: Option<String>,
    },
    /// The kernel is not valid for the target. The kernel author's to mend, at the places named.
    #[error(transparent)]
    Invalid(Box<InvalidKernel>),
    /// The kernel did not compile; the variant says whose fault it is.
    #[error(transparent)]
    Compile(#[from] Box<CompileError>),
    /// Some variants did not compile. Each has been reported.
    #[error("{failed_count} of {count} variants did not compile")]
    Variants {
        /// How many failed.
        failed_count: usize,
        /// How many there are.
        count: usize,
    },
    /// There is no compiler, or it could not be installed. The message says what to do.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The cache's folder cannot be read or written. The machine's to mend: check its permissions.
    #[error("the cache {}: {source}", .folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string()))]
    Cache {
        /// The folder.
        folder: Option<PathBuf>,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be written. The user's to mend: name another one.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something is there and does not work. What is wrong, and what mends it, has been reported.
    #[error("broken on this machine: {}", .broken.join(", "))]
    Unhealthy {
        /// What is broken.
        broken: Vec<String>,
    },
    /// A sidecar is not what the command reads. Whoever wrote it has to mend it.
    #[error("{}: {source}", .path.display())]
    Sidecar {
        /// The sidecar.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::emu::SidecarError,
    },
    /// The emulator stopped the kernel, or its object is none. The text says where and why.
    #[error("{0}")]
    Fault(String),
    /// Nothing was profiled; the variant says whose fault it is.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Nothing was tuned; the variant says whose fault it is.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// Nothing was timed; the variant says whose fault it is.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A kernel ran and left something wrong. Each check has been reported.
    #[error("{failed_count} of {count} checks failed")]
    Checks {
        /// How many failed.
        failed_count: usize,
        /// How many there are.
        count: usize,
    },
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(#[source] io::Error),
}

impl Error {
    /// Whether the reader of standard output has gone away.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The process's exit status: 2 for wrong usage, 1 for every other failure.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::UnknownTile { .. } | Self::RepeatedTile { .. } | Self::NoVariant { .. } | Self::Variant { .. } => 2,
            Self::Profile(
                ProfileError::Misplaced { .. } | ProfileError::NoCase { .. } | ProfileError::FixedTile { .. },
            ) => 2,
            Self::Tune(TuneError::Shape(error)) | Self::Profile(ProfileError::Shape(error))
                if !matches!(error, PrepareError::Device(_)) =>
            {
                2
            }
            _ => 1,
        }
    }
}

impl From<CompileError> for Error {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Toolchain(error) => Self::Toolchain(error),
            error => Self::Compile(Box::new(error)),
        }
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}
