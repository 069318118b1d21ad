//! The shared library, for tests that load it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library of this test's profile. It is an example of the crate, which cargo builds only for some ways of running
/// tests, so that it is built here if it is not up to date.
pub(crate) fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in a folder of the profile's");
    // A test that was started by itself takes the library that is there.
    if let Some(cargo) = std::env::var_os("CARGO") {
        let name = match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let mut build = Command::new(cargo);
        build.args(["build", "--locked", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--example", "amdhip64"]);
        build.args(["--profile", name, "--target-dir"]).arg(profile.parent().expect("profiles lie in a folder"));
        let output = build.output().expect("cargo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    profile.join("examples/libamdhip64.so")
}
