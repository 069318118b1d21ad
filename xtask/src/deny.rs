//! Licences, bans and sources of the dependencies, by cargo-deny. One that is installed is used;
//! otherwise one is built once into the build folder, without optimisation, because it checks a
//! few hundred packages and building it is the expensive part.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::ci::{cargo, repository, succeeds};

/// The version that is built; an installed one of the same series is taken as it is.
const VERSION: &str = "0.20.2";

pub(crate) fn check() -> bool {
    let Some(program) = installed().or_else(build) else { return false };
    let mut command = Command::new(program);
    command.current_dir(repository()).args(["--locked", "--workspace", "check", "licenses", "bans", "sources"]);
    eprintln!("$ cargo deny --locked --workspace check licenses bans sources");
    succeeds(&mut command)
}

fn installed() -> Option<PathBuf> {
    [PathBuf::from("cargo-deny"), tools().join("bin/cargo-deny")].into_iter().find(|program| {
        let output = Command::new(program).arg("--version").stderr(Stdio::null()).output();
        let series = VERSION.rsplit_once('.').map_or(VERSION, |(series, _)| series);
        output.is_ok_and(|output| {
            let text = String::from_utf8_lossy(&output.stdout);
            text.trim().rsplit(' ').next().is_some_and(|version| version.starts_with(series))
        })
    })
}

fn build() -> Option<PathBuf> {
    eprintln!("$ cargo install cargo-deny {VERSION} into {}", tools().display());
    let mut command = cargo();
    command
        .args(["install", "cargo-deny", "--locked", "--quiet", "--profile", "dev", "--version", VERSION, "--root"])
        .arg(tools())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TARGET_DIR", tools().join("build"));
    let built = succeeds(&mut command).then(|| tools().join("bin/cargo-deny"));
    // What it was built from is several times larger than the program.
    let _ = std::fs::remove_dir_all(tools().join("build"));
    built
}

/// Beside the other build outputs, so that whoever caches those caches it too.
fn tools() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    repository().join(target.unwrap_or_else(|| "target".into())).join("tools")
}
