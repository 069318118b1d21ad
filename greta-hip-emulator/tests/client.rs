//! A program in C, written against HIP's prototypes alone, on the shared library.
//!
//! Needs the HIP compiler and a C compiler. Where either is missing the test says so and passes; under `CI` it fails.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileRequest, Compiler};
use greta_runtime::toolchain;

/// The names under which programs look for the library.
const NAMES: [&str; 3] = ["libamdhip64.so", "libamdhip64.so.6", "libamdhip64.so.7"];

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client").join(name)
}

/// The kernels' code object, if there is a compiler.
fn opt_object() -> Option<Vec<u8>> {
    let compiler = Compiler::new(greta_testing::ok_or_skip(toolchain::find())?, Cache::open_default());
    let text = std::fs::read_to_string(source("kernels.hip")).expect("the source is beside the test");
    let request = CompileRequest { source: &text, name: "kernels.hip", target: "gfx942", options: &[], line_map: &[] };
    Some(compiler.compile(&request).expect("the kernels compile").bytes)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_program_in_c_finds_the_api_as_it_expects_it() {
    let Some(object) = opt_object() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let library = support::library();
    for name in NAMES {
        std::os::unix::fs::symlink(&library, folder.path().join(name)).expect("a link");
    }
    let [program, image, dot] = ["client", "kernels.co", "graph.dot"].map(|name| folder.path().join(name));
    std::fs::write(&image, object).expect("room for an object");
    let mut compile = Command::new("cc");
    compile
        .args(["-std=c11", "-Wall", "-Werror", "-O1", "-o"])
        .arg(&program)
        .args(["client.c", "launchers.c", "order.c", "forms.c", "nodes.c", "cooperative.c"].map(source));
    compile.arg("-L").arg(folder.path()).arg("-lamdhip64");
    let Some(compiled) = greta_testing::ok_or_skip(compile.output()) else { return };
    assert!(compiled.status.success(), "{}", text(&compiled));
    let counters = folder.path().join("counters.jsonl");
    let run = |opt_seed: Option<&str>| {
        let mut run = Command::new(&program);
        run.arg(&image).arg(&dot).env("LD_LIBRARY_PATH", folder.path()).env("GRETA_EMULATOR_DEVICES", "2");
        run.env("GRETA_EMULATOR_CHECKS", "1").env("GRETA_EMULATOR_COUNTERS", &counters);
        run.envs(opt_seed.map(|seed| ("GRETA_EMULATOR_ORDER", seed)));
        let output = run.output().expect("the program starts");
        let said = text(&output);
        assert!(output.status.success(), "seed {opt_seed:?}: {said}");
        for what in ["streams", "graphs"] {
            let order = if opt_seed.is_some() { "change" } else { "stay" };
            let wanted = format!("orders of {what} that nothing fixes {order}");
            assert!(said.contains(&wanted), "seed {opt_seed:?}: {said}");
        }
        said
    };
    for seed in ["1", "2", "3"] {
        run(Some(seed));
    }
    let said = run(None);
    assert!(said.contains("all as expected") && said.contains("global_load"), "{said}");
    let count = said.matches("hipCreateTextureObject is not supported").count();
    assert_eq!(count, 1, "a missing call is named once: {said}");
    check_counters(&std::fs::read_to_string(counters).expect("the runtime wrote counters"));
    let dot = std::fs::read_to_string(dot).expect("the program wrote a graph");
    assert!(dot.contains("scale") && dot.matches(" -> ").count() == 5, "{dot}");
}

/// The first launch: 1,000 floats read and written by 16 waves.
fn check_counters(text: &str) {
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let (first, counters) = (&lines[0], &lines[0]["counters"]);
    assert_eq!((first["kernel"].as_str(), first["grid"].to_string()), (Some("scale"), "[4,1,1]".to_owned()));
    assert_eq!((counters["waves"].as_u64(), counters["instructions"]["stores"].as_u64()), (Some(16), Some(16)));
    assert_eq!(counters["global"]["lane_bytes"].as_u64(), Some(2 * 4 * 1000), "{counters}");
    assert!(lines.iter().any(|line| line["kernel"] == "reverse" && line["dynamic_shared_bytes"] == 256));
}
