//! `greta doctor`: says what this machine has, what it lacks, and how to get it.

use std::time::Instant;

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileRequest, Compiler};
use greta_runtime::toolchain::{self, Toolchain};
use greta_runtime::{Device, Error as RuntimeError};
use serde::Serialize;

use crate::error::Error;
use crate::output;
use crate::table::size;

const EXAMPLES: &str = "\
Every machine can run kernels on device cpu; the rest is optional. Exit status 1 says that something that is there does
not work.

Examples:
  greta doctor
  greta doctor --json | jq -r '.checks[] | select(.state != \"ok\") | .remedy'";

/// The device that every machine has.
const ALWAYS: &str = "cpu";

/// Say what this machine has, what it lacks, and how to get it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Write JSON: an object with an array of checks
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Health {
    /// Whether kernels can run at all.
    works: bool,
    /// The device that programs open unless they name one.
    default_device: Option<&'static str>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: String,
    state: State,
    /// What was found, or what went wrong.
    found: String,
    /// How to get what is missing, or mend what is broken.
    remedy: Option<String>,
}

#[derive(Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    /// There, and works.
    Ok,
    /// Not there, and not needed.
    Missing,
    /// There, and does not work.
    Broken,
}

/// # Errors
///
/// [`Error::Unhealthy`] if something is broken.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let health = examine();
    if arguments.json {
        output::print_json(&health)?
    } else {
        output::print(&text(&health))?
    }
    let broken = health.checks.iter().filter(|check| check.state == State::Broken);
    let broken: Vec<String> = broken.map(|check| check.name.clone()).collect();
    if broken.is_empty() { Ok(()) } else { Err(Error::Unhealthy { broken }) }
}

fn examine() -> Health {
    let mut checks = vec![processor(), compiler()];
    let default = Device::open_default();
    let devices: Vec<Check> = Device::names().iter().map(|name| device(name)).collect();
    let works = devices.iter().zip(Device::names()).any(|(check, name)| *name == ALWAYS && check.state == State::Ok);
    checks.extend(devices);
    checks.push(default_device(&default));
    checks.push(cache());
    Health { works, default_device: default.ok().map(|device| device.info().kind), checks }
}

fn processor() -> Check {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    match std::thread::available_parallelism() {
        Ok(cores) => Check::ok("processor", format!("{cores} cores, {arch}, {os}")),
        Err(error) => Check::new("processor", State::Broken, format!("number of cores: {error}"), None),
    }
}

/// The HIP compiler: that it is there, and that it compiles.
fn compiler() -> Check {
    const NAME: &str = "HIP compiler";
    let toolchain = match toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(error) => return Check::new(NAME, State::Missing, error.to_string(), Some(INSTALL.to_owned())),
    };
    let found = toolchain.describe();
    let remedy = reinstall(&toolchain);
    let start = Instant::now();
    let request = CompileRequest {
        source: "extern \"C\" __global__ void probe(float* x) { *x = 1.0f; }\n",
        name: "probe.hip",
        target: "gfx942",
        options: &[],
        line_map: &[],
    };
    match Compiler::new(toolchain, Cache::disabled()).compile(&request) {
        Ok(_) => Check::ok(NAME, format!("{found}; compiled a kernel in {:.2} s", start.elapsed().as_secs_f64())),
        Err(error) => Check::new(NAME, State::Broken, format!("{found}: {error}"), Some(remedy)),
    }
}

const INSTALL: &str = "greta toolchain install";
const INSTALL_ROCM: &str = "sudo amdgpu-install --usecase=hip (https://rocm.docs.amd.com/projects/install-on-linux)";

fn reinstall(toolchain: &Toolchain) -> String {
    match toolchain {
        Toolchain::Rocm(_) => INSTALL_ROCM.to_owned(),
        Toolchain::Sysroot(sysroot) => format!("rm -r '{}' && {INSTALL}", sysroot.directory.display()),
    }
}

/// A device: that it opens, and that memory of it can be written and read.
fn device(name: &'static str) -> Check {
    let title = format!("device {name}");
    let opened = Device::open(name).and_then(|device| probe(&device).map(|()| device));
    let device = match opened {
        Ok(device) => device,
        Err(error) => {
            let state = if name == ALWAYS { State::Broken } else { state_of(&error) };
            return Check::new(title, state, problem(&error), opt_remedy(&error));
        }
    };
    let info = device.info();
    let (units, memory) = (info.compute_units, size(info.memory_bytes));
    let what = if name == ALWAYS { "threads" } else { "compute units" };
    let runs = if info.arch.is_empty() { String::new() } else { format!(", {}", info.arch) };
    Check::ok(title, format!("{}{runs}, {units} {what}, {memory}", info.name))
}

/// What programs open unless they name a device: the environment may choose it.
fn default_device(opened: &Result<Device, RuntimeError>) -> Check {
    const NAME: &str = "default device";
    let chosen = std::env::var(DEVICE_VARIABLE).ok();
    match opened {
        Ok(device) => {
            let why = if chosen.is_some() { ", chosen by GRETA_DEVICE" } else { "" };
            Check::ok(NAME, format!("{}{why}", device.info().kind))
        }
        Err(error) => {
            let remedy = chosen.map(|_| format!("unset {DEVICE_VARIABLE}"));
            Check::new(NAME, State::Broken, format!("{DEVICE_VARIABLE}: {error}"), remedy)
        }
    }
}

/// Chooses the default device.
const DEVICE_VARIABLE: &str = "GRETA_DEVICE";

fn probe(device: &Device) -> Result<(), RuntimeError> {
    let stream = device.stream()?;
    device.buffer_from(&[1.0_f32])?.read(&stream).map(drop)
}

fn state_of(error: &RuntimeError) -> State {
    match error {
        RuntimeError::HipLibrary(_)
        | RuntimeError::NoGpu
        | RuntimeError::NoCuda(_)
        | RuntimeError::Architecture { .. } => State::Missing,
        _ => State::Broken,
    }
}

/// What is wrong, without the advice: that is the remedy's.
fn problem(error: &RuntimeError) -> String {
    match error {
        RuntimeError::HipLibrary(error) => format!("{error}; only needed with an AMD GPU"),
        RuntimeError::NoGpu => "ROCm is installed, but finds no GPU".to_owned(),
        RuntimeError::NoCuda(reason) => format!("{reason}; only needed with an NVIDIA GPU"),
        _ => error.to_string(),
    }
}

fn opt_remedy(error: &RuntimeError) -> Option<String> {
    let text = match error {
        RuntimeError::HipLibrary(_) => INSTALL_ROCM,
        RuntimeError::NoGpu => "sudo modprobe amdgpu && sudo usermod -aG render,video $USER, then log in again",
        RuntimeError::NoCuda(_) => "sudo apt-get install nvidia-driver nvidia-cuda-toolkit",
        RuntimeError::Threads(_) => "ulimit -u unlimited",
        _ => return None,
    };
    Some(text.to_owned())
}

/// The cache: where it is, how full, and whether it can be written.
fn cache() -> Check {
    const NAME: &str = "cache";
    let cache = Cache::open_default();
    let Some(folder) = cache.folder() else {
        let remedy = Some("export GRETA_CACHE_DIR=FOLDER".to_owned());
        return Check::new(NAME, State::Missing, "this user has no home folder".to_owned(), remedy);
    };
    let place = folder.display();
    let broken = |error: std::io::Error| {
        let remedy = format!("chmod -R u+rwX '{place}', or export GRETA_CACHE_DIR=FOLDER");
        Check::new(NAME, State::Broken, format!("{place}: {error}"), Some(remedy))
    };
    let entries = match cache.ls() {
        Ok(entries) => entries,
        Err(error) => return broken(error),
    };
    // A folder that is not there yet is made when it is first written to.
    if folder.exists()
        && let Err(error) = tempfile::tempfile_in(folder)
    {
        return broken(error);
    }
    let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let limit = size(cache.limit_bytes());
    Check::ok(NAME, format!("{place}: {} compiled kernels, {} of {limit}", entries.len(), size(bytes)))
}

impl Check {
    fn new(name: impl Into<String>, state: State, found: String, remedy: Option<String>) -> Self {
        Self { name: name.into(), state, found, remedy }
    }

    fn ok(name: impl Into<String>, found: String) -> Self {
        Self::new(name, State::Ok, found, None)
    }
}

/// A line for each check, with the remedy below it.
fn text(health: &Health) -> String {
    let width = health.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in &health.checks {
        let (word, color) = match check.state {
            State::Ok => ("ok", anstyle::AnsiColor::Green),
            State::Missing => ("missing", anstyle::AnsiColor::Yellow),
            State::Broken => ("broken", anstyle::AnsiColor::Red),
        };
        let (style, name) = (color.on_default().bold(), &check.name);
        text.push_str(&format!("{style}{word:<7}{style:#}  {name:<width$}  {}\n", check.found));
        if let Some(remedy) = &check.remedy {
            let purpose = if check.state == State::Missing { "to get it" } else { "to mend it" };
            text.push_str(&format!("{:<7}  {:<width$}  {purpose}: {remedy}\n", "", ""));
        }
    }
    text
}
