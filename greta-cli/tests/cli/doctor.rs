//! `greta doctor`, and `greta toolchain install` where there is nothing to install.

use serde_json::Value;

use crate::{Run, Sandbox, has_compiler};

fn check<'a>(health: &'a Value, name: &str) -> &'a Value {
    let checks = health["checks"].as_array().expect("an array");
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {health}"))
}

/// What `doctor --json` wrote of a machine where something is broken, which is exit status 1.
#[track_caller]
fn broken(run: Run, what: &str) -> Value {
    assert_eq!(run.status, Some(1), "{}", run.all());
    assert!(run.stderr.contains("broken on this machine: ") && run.stderr.contains(what), "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

#[test]
fn the_cpu_device_works_and_every_lack_has_a_remedy() {
    let health = Sandbox::new().run("doctor --json").json();
    assert_eq!((&health["works"], &check(&health, "device cpu")["state"]), (&true.into(), &"ok".into()));
    assert!(health["default_device"].is_string(), "{health}");
    for check in health["checks"].as_array().expect("an array") {
        let (state, found) = (check["state"].as_str().expect("a state"), check["found"].as_str().expect("a text"));
        assert!(["ok", "missing", "broken"].contains(&state) && !found.is_empty(), "{check}");
        assert_eq!(state == "ok", check["remedy"].is_null(), "{check}");
    }
    for name in ["processor", "HIP compiler", "device hip", "default device", "cache"] {
        check(&health, name);
    }
}

#[test]
fn the_text_has_a_line_for_each_check() {
    let text = Sandbox::new().run("doctor").ok();
    for name in ["processor", "HIP compiler", "device hip", "device cpu", "default device", "cache"] {
        assert_eq!(text.lines().filter(|line| line[9..].starts_with(&format!("{name} "))).count(), 1, "{text}");
    }
}

#[test]
fn a_missing_compiler_is_no_failure_and_names_the_command_that_gets_it() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("doctor --json");
    command.env("GRETA_TOOLCHAIN_DIR", sandbox.cache.path().join("no-toolchain"));
    let health = Run::of(command).json();
    let compiler = check(&health, "HIP compiler");
    if compiler["found"].as_str().is_some_and(|found| found.starts_with("ROCm")) {
        eprintln!("skipped: ROCm is installed, so the compiler cannot be missing");
        return;
    }
    assert_eq!((&compiler["state"], &compiler["remedy"]), (&"missing".into(), &"greta toolchain install".into()));
}

#[test]
fn the_compiler_is_tried() {
    if !has_compiler() {
        return;
    }
    let health = Sandbox::new().run("doctor --json").json();
    let compiler = check(&health, "HIP compiler");
    assert_eq!(compiler["state"], "ok");
    assert!(compiler["found"].as_str().is_some_and(|found| found.contains("compiled a kernel in")), "{compiler}");
}

#[test]
fn a_device_that_the_environment_names_wrongly_is_told() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("doctor --json");
    command.env("GRETA_DEVICE", "cpi");
    let health = broken(Run::of(command), "default device");
    let check = check(&health, "default device");
    assert_eq!((&check["state"], &check["remedy"]), (&"broken".into(), &"unset GRETA_DEVICE".into()));
    assert!(check["found"].as_str().is_some_and(|found| found.contains("did you mean `cpu`?")), "{check}");
    assert_eq!(health["default_device"], Value::Null);
}

#[test]
fn a_cache_folder_that_is_a_file_is_told() {
    let sandbox = Sandbox::new();
    let file = sandbox.cache.path().join("file");
    std::fs::write(&file, "").expect("it is written");
    let mut command = sandbox.command("doctor --json");
    command.env("GRETA_CACHE_DIR", &file);
    let health = broken(Run::of(command), "cache");
    assert_eq!(check(&health, "cache")["state"], "broken");
}

#[test]
fn installing_a_toolchain_that_is_there_says_which() {
    if !has_compiler() {
        return;
    }
    let run = Sandbox::new().run("toolchain install");
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.lines().count()), (Some(0), "", 1), "{}", run.all());
}
