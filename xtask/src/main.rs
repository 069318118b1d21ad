//! Tasks of the repository: `cargo xtask toolchain`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut report = greta_runtime::toolchain::progress::to_stderr();
    match greta_runtime::toolchain::install(&mut report) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
