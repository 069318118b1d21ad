//! The checks that a change must pass, as named and timed steps. The first that fails ends the run
//! and says how to run it alone.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use greta_runtime::toolchain::{self, progress};

use crate::{clients, deny};

/// A check: what it is called, what it is for, and the cargo commands that it runs.
struct Step {
    name: &'static str,
    about: &'static str,
    work: Work,
}

/// Names the device that tests open.
const DEVICE_VARIABLE: &str = "GRETA_DEVICE";
/// Makes the emulator look for what a GPU does not tell, which no kernel of the repository may have.
const CHECKS_VARIABLE: &str = "GRETA_EMULATOR_CHECKS";
/// Has the emulator do work in drawn orders, so that a wait or an edge that is missing shows: any seed will do.
const ORDER_VARIABLE: &str = "GRETA_EMULATOR_ORDER";
const ORDER_SEED: &str = "2";

enum Work {
    /// Arguments of cargo, one list a command.
    Cargo(&'static [&'static [&'static str]]),
    /// The same, on the device `emu` with all checks and in drawn orders.
    CargoEmulated(&'static [&'static [&'static str]]),
    Toolchain,
    Deny,
    Clients,
}

/// Tests build what they run with `dev`, whose dependencies are optimised; examples and doctests
/// share those builds.
const STEPS: &[Step] = &[
    Step { name: "toolchain", about: "the HIP compiler", work: Work::Toolchain },
    Step { name: "fmt", about: "formatting", work: Work::Cargo(&[&["fmt", "--all", "--check"]]) },
    Step {
        name: "clippy",
        about: "lints, of tests and examples too",
        work: Work::Cargo(&[&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]]),
    },
    Step {
        name: "doc",
        about: "documentation",
        work: Work::Cargo(&[&["doc", "--workspace", "--no-deps", "--locked"]]),
    },
    Step { name: "deny", about: "licences, bans and sources of dependencies", work: Work::Deny },
    Step {
        name: "test",
        about: "unit, integration and documentation tests; examples build",
        work: Work::Cargo(&[
            &["test", "--workspace", "--all-targets", "--locked"],
            &["test", "--workspace", "--doc", "--locked"],
        ]),
    },
    Step {
        name: "emu",
        about: "the language, the kernels' cases, goldens and replay on the emulated device",
        work: Work::CargoEmulated(&[
            &["test", "--package", "greta", "--test", "language", "--locked"],
            &["test", "--package", "greta-llama", "--tests", "--locked"],
        ]),
    },
    Step { name: "clients", about: "programs of others on the emulated HIP runtime", work: Work::Clients },
];

/// One line a step.
pub(crate) fn list() -> String {
    STEPS.iter().map(|step| format!("{:10} {}\n", step.name, step.about)).collect()
}

/// Runs the named steps, or all of them.
pub(crate) fn run(names: &[&str]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        eprint!("there is no step `{unknown}`; the steps are:\n{}", list());
        return ExitCode::from(2);
    }
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)) {
        eprintln!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        let passed = step.work.run();
        times.push((step.name, start.elapsed()));
        if !passed {
            eprintln!("\nfailed: {}. To run it alone: cargo xtask ci {}", step.name, step.name);
            if let Work::Cargo(commands) = &step.work {
                for arguments in *commands {
                    eprintln!("    which is: cargo {}", arguments.join(" "));
                }
            }
            return ExitCode::FAILURE;
        }
        eprintln!("== {}: passed in {:.1} s", step.name, start.elapsed().as_secs_f64());
    }
    eprintln!();
    for (name, time) in &times {
        eprintln!("{name:10} {:7.1} s", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| time).sum();
    eprintln!("{:10} {:7.1} s", "all", total.as_secs_f64());
    ExitCode::SUCCESS
}

impl Work {
    fn run(&self) -> bool {
        match self {
            Self::Cargo(commands) => commands.iter().all(|arguments| {
                eprintln!("$ cargo {}", arguments.join(" "));
                succeeds(cargo().args(*arguments))
            }),
            Self::CargoEmulated(commands) => commands.iter().all(|arguments| {
                let variables = [(DEVICE_VARIABLE, "emu"), (CHECKS_VARIABLE, "1"), (ORDER_VARIABLE, ORDER_SEED)];
                let shown = variables.map(|(name, value)| format!("{name}={value}")).join(" ");
                eprintln!("$ {shown} cargo {}", arguments.join(" "));
                succeeds(cargo().args(*arguments).envs(variables))
            }),
            Self::Toolchain => match toolchain::install(&mut progress::to_stderr()) {
                Ok(_) => true,
                Err(error) => {
                    eprintln!("error: {error}");
                    false
                }
            },
            Self::Deny => deny::check(),
            Self::Clients => clients::run(),
        }
    }
}

/// cargo in the repository. Under `CI` a test that lacks the compiler fails instead of skipping,
/// and a snapshot that differs fails instead of being written. A clean build that is built once gains
/// nothing from incremental compilation, which takes half of its disk.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository()).env("CI", "1").env("CARGO_INCREMENTAL", "0").env("RUSTDOCFLAGS", "-D warnings");
    command
}

pub(crate) fn succeeds(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("error: {}: {error}", command.get_program().display());
            false
        }
    }
}

/// The folder above this crate's.
pub(crate) fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
