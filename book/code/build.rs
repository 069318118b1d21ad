//! Builds the book as HTML: `cargo run -p greta-book [FOLDER]`, into `target/book` unless told otherwise.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args_os().nth(1).map_or_else(|| root.join("../target/book"), PathBuf::from);
    match greta_book::build(&folder) {
        Ok(()) => {
            println!("{}", folder.join("index.html").display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
