//! Tasks of the repository: `cargo xtask toolchain`, `cargo xtask ci` and `cargo xtask diagrams`.
//!
//! Knows which commands make up a check; what they do is theirs.

mod ci;
mod clients;
mod deny;
mod matrix_pages;

use std::process::ExitCode;

use greta_runtime::toolchain::{self, progress};

const USAGE: &str = "usage: cargo xtask TASK

tasks:
    toolchain       install the HIP compiler for this user, as `greta toolchain install` does
    clients         run programs of others, from their packages, on the emulated HIP runtime
    ci [STEP...]    every check that a change must pass, or the named steps of it
    ci --list       the steps
    diagrams        the book's page and diagrams of the matrix instructions
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["toolchain"] => install(),
        ["clients"] => match clients::run() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
        ["diagrams"] => outcome(matrix_pages::write()),
        ["ci", "--list"] => {
            print!("{}", ci::list());
            ExitCode::SUCCESS
        }
        ["ci", steps @ ..] => ci::run(steps),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn install() -> ExitCode {
    outcome(toolchain::install(&mut progress::to_stderr()))
}

fn outcome<T, E: std::fmt::Display>(result: Result<T, E>) -> ExitCode {
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
