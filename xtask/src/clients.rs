//! Programs of others on the emulated HIP runtime, unmodified, as their packages have them.
//!
//! Each is a folder of `tests/clients` with its requirements and a program that checks results. Its packages go into a
//! virtual environment under `target`, once. The compiler's libraries need their own C library, so that with a sysroot
//! Python itself runs under the sysroot's loader.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use greta_runtime::toolchain::{self, Toolchain};

use crate::ci::{cargo, repository, succeeds};

/// The clients: folders of `tests/clients`.
const CLIENTS: &[&str] = &["tinygrad"];
/// What builds the runtime's library, and where it lies in the folder of the profile.
const LIBRARY_BUILD: &[&str] = &["build", "--package", "greta-hip-emulator", "--example", "amdhip64", "--locked"];
const LIBRARY: &str = "debug/examples/libamdhip64.so";

/// Runs all clients. False when one fails, after saying why.
pub(crate) fn run() -> bool {
    let toolchain = match toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(error) => {
            eprintln!("error: {error}");
            return false;
        }
    };
    succeeds(cargo().args(LIBRARY_BUILD)) && CLIENTS.iter().all(|client| run_client(client, &toolchain))
}

fn run_client(client: &str, toolchain: &Toolchain) -> bool {
    let folder = repository().join("tests/clients").join(client);
    let environment = target().join("clients").join(client);
    if !prepare(&folder.join("requirements.txt"), &environment) {
        return false;
    }
    let Some(python) = Python::find(&environment) else {
        eprintln!("error: {} has no working Python", environment.display());
        return false;
    };
    let mut command = python.command(toolchain);
    // What it compiles is kept with its packages, not with the user's.
    command.arg(folder.join("client.py")).env("CACHEDB", environment.join("cache.db"));
    command.env("DEV", "HIP::gfx942").env("PARALLEL", "0").env("HIP_PATH", target().join(LIBRARY));
    if let Some(comgr) = toolchain.libamd_comgr() {
        command.env("COMGR_PATH", comgr).env("COMGR_3_PATH", comgr);
    }
    eprintln!("$ {client}: client.py");
    succeeds(&mut command)
}

/// Makes the virtual environment, unless it has these packages already.
fn prepare(requirements: &Path, environment: &Path) -> bool {
    let installed = environment.join("requirements.txt");
    let wanted = std::fs::read(requirements);
    if let (Ok(wanted), Ok(installed)) = (&wanted, std::fs::read(&installed))
        && *wanted == installed
    {
        return true;
    }
    let mut pip = Command::new(environment.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))
        && succeeds(&mut pip)
        && std::fs::copy(requirements, installed).is_ok()
}

/// A Python of a virtual environment.
struct Python {
    /// What the environment calls it.
    name: PathBuf,
    /// The program, which the loader takes.
    program: PathBuf,
    /// Where its own library lies.
    library_folder: String,
}

impl Python {
    fn find(environment: &Path) -> Option<Self> {
        let name = environment.join("bin/python3");
        let mut ask = Command::new(&name);
        ask.args(["-c", "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"]);
        let folder = String::from_utf8(ask.output().ok()?.stdout).ok()?.trim().to_owned();
        Some(Self { program: name.canonicalize().ok()?, library_folder: folder, name })
    }

    /// A command that runs it with the compiler's C library.
    fn command(&self, toolchain: &Toolchain) -> Command {
        let Toolchain::Sysroot(sysroot) = toolchain else { return Command::new(&self.name) };
        let mut command = Command::new(&sysroot.loader);
        // Python's own library first, the sysroot's C library before the machine's, then what else modules need.
        let machine = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"].join(":");
        let path = format!("{}:{}:{machine}", self.library_folder, sysroot.library_path);
        command.arg("--library-path").arg(path).arg("--argv0").arg(&self.name).arg(&self.program);
        command.env_remove("LD_LIBRARY_PATH");
        command
    }
}

/// Where cargo builds.
fn target() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target"));
    repository().join(given)
}
