//! Wrong names and values, help, and a reader that goes away.

use std::io::Read;
use std::process::Stdio;

use crate::{Run, Sandbox};

#[track_caller]
fn refuses(arguments: &str, parts: &[&str]) {
    let text = Sandbox::new().run(arguments).fails(2);
    assert!(text.starts_with("error: "), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
}

#[test]
fn a_wrong_name_gets_the_nearest_one_and_the_list() {
    refuses("emti rmsnorm", &["emti", "'emit'"]);
    refuses("emit rmsnrm", &["rmsnrm", "'rmsnorm'", "possible values", "gemm_f32"]);
    refuses("compile gemm_f33", &["'gemm_f32'", "possible values"]);
    refuses("emit rmsnorm --target gfx941", &["gfx941", "'gfx942'", "possible values"]);
    refuses("emit rmsnorm --tarqet gfx942", &["'--target'"]);
    refuses("cache lss", &["'ls'"]);
    refuses("toolchain instal", &["'install'"]);
}

#[test]
fn a_wrong_tile_parameter_gets_the_nearest_one_and_the_list() {
    refuses("emit gemm_f32 --tile bm=128", &["`bm`", "`BM`", "BM, BN, BK"]);
    refuses("emit gemm_f32_blocked --tile CHIAN=64", &["`CHAIN`"]);
    refuses("emit gemm_f32 --tile ZZZ=1", &["`ZZZ`; it has BM, BN, BK"]);
    refuses("emit add --tile BM=1", &["it has none"]);
    refuses("emit gemm_f32 --tile BM=32,BM=64", &["BM is given more than once"]);
}

#[test]
fn tile_text_that_is_no_name_and_number_is_refused() {
    for text in ["BM", "=1", "BM=", "BM:128"] {
        refuses(&format!("emit gemm_f32 --tile {text}"), &["expected NAME=VALUE, such as BM=128"]);
    }
    for text in ["BM=x", "BM=-1", "BM=1.5", "BM=99999999999"] {
        refuses(&format!("emit gemm_f32 --tile {text}"), &["is not a whole number"]);
    }
}

#[test]
fn values_that_make_no_variant_are_refused_in_one_line() {
    for (tile, part) in [("BM=100", "candidates are ["), ("BM=32,WM=64", "violates require(")] {
        for command in ["emit", "compile"] {
            let text = Sandbox::new().run(&format!("{command} gemm_f32 --tile {tile}")).fails(2);
            assert!(text.contains(part) && text.lines().count() == 1, "{text}");
        }
    }
    let text = Sandbox::new().run("compile gemm_f32 --all-variants --tile BM=32,WM=64").fails(2);
    assert!(text.contains("no variant with BM = 32, WM = 64") && text.lines().count() == 1, "{text}");
}

#[test]
fn the_nearest_variant_that_is_offered_can_be_taken() {
    let text = Sandbox::new().run("emit gemm_f32 --tile BM=32,WM=64").fails(2);
    let (_, tile) = text.trim_end().split_once("the nearest variant is ").expect("an offer");
    Sandbox::new().run(&format!("emit gemm_f32 {tile}")).ok();
}

#[test]
fn what_cannot_go_together_is_refused() {
    refuses("compile add --isa --json", &["cannot be used with"]);
    refuses("compile add --isa --all-variants", &["cannot be used with"]);
    refuses("compile add --save x --all-variants", &["cannot be used with"]);
    refuses("emit", &["<KERNEL>"]);
}

#[test]
fn help_has_examples_for_every_command() {
    for command in ["", "doctor", "toolchain", "toolchain install", "kernels", "emit", "compile", "cache"] {
        let text = Sandbox::new().run(&format!("{command} --help")).ok();
        assert!(text.contains("Examples:\n  "), "{command}: {text}");
    }
    assert!(Sandbox::new().run("--version").ok().starts_with("greta "));
    assert!(Sandbox::new().run("").fails(2).contains("Usage: greta"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in ["emit gemm_f32", "emit gemm_f32 --ir", "kernels", "kernels --json", "cache ls --json", "--help"] {
        let mut command = Sandbox::new().command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("UTF-8");
        let status = child.wait().expect("it ends");
        assert!(status.success() && stderr.is_empty(), "{arguments}: {status}: {stderr}");
    }
}

#[test]
fn a_closed_standard_error_does_not_change_the_exit_status() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.command("emit gemm_f32 --tile BM=100").stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
}

#[test]
fn colours_can_be_forced_and_are_off_by_default() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("kernels");
    let forced = command.env("CLICOLOR_FORCE", "1").output().expect("the command starts");
    assert!(forced.stdout.contains(&0x1b));
    let mut command = sandbox.command("kernels");
    command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    Run::of(command).ok();
}
