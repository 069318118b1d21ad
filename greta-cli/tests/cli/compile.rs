//! `greta compile`. Without the HIP compiler only its absence can be tested.

use serde_json::Value;

use crate::{Run, Sandbox, has_compiler};

#[test]
fn the_table_names_the_costs_and_says_when_they_come_from_the_cache() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    let text = sandbox.run("compile gemm_f32").ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    for title in ["VGPR", "AGPR", "SGPR", "LDS", "SCRATCH", "SPILLS", "OCCUPANCY", "CODE", "COMPILED", "TILE"] {
        assert!(lines[0].contains(title), "{title}: {text}");
    }
    assert!(lines[1].starts_with("gemm_f32") && lines[1].contains("BM=64,BN=64,BK=16"), "{text}");
    assert!(!text.contains("cached"), "{text}");
    assert!(sandbox.run("compile gemm_f32").ok().contains("cached"));
}

#[test]
fn json_has_the_costs_as_numbers() {
    if !has_compiler() {
        return;
    }
    let rows = Sandbox::new().run("compile gemm_f32 --tile BM=128,BK=32 --json").json();
    let row = &rows[0];
    assert_eq!((&row["kernel"], &row["target"], &row["error"]), (&"gemm_f32".into(), &"gfx942".into(), &Value::Null));
    assert_eq!((&row["tile"]["BM"], &row["tile"]["BK"]), (&128.into(), &32.into()));
    let resources = &row["resources"];
    for positive in ["vgprs", "sgprs", "lds_bytes", "occupancy_waves", "code_bytes", "object_bytes"] {
        assert!(resources[positive].as_u64().is_some_and(|value| value > 0), "{positive}: {row}");
    }
    for any in ["agprs", "scratch_bytes", "vgpr_spills", "sgpr_spills", "max_block_threads", "kernarg_bytes"] {
        assert!(resources[any].is_u64(), "{any}: {row}");
    }
    assert!(resources["code_bytes"].as_u64() < resources["object_bytes"].as_u64(), "{row}");
    assert!(resources["compile_ms"].as_f64().is_some_and(|time| time > 0.0), "{row}");
    assert_eq!(resources["from_cache"], false);
}

#[test]
fn all_variants_can_be_narrowed_and_come_in_order() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    let run = sandbox.run("compile gemm_f32 --all-variants --tile BM=32,BN=32,WM=16 --json");
    assert_eq!(run.stderr, "", "no progress in a pipe");
    let rows = run.json();
    let rows = rows.as_array().expect("an array");
    assert!(rows.len() > 1, "{rows:?}");
    let tiles: Vec<Vec<u64>> = rows
        .iter()
        .map(|row| ["BM", "BN", "BK", "WM", "WN"].map(|name| row["tile"][name].as_u64().unwrap_or(0)).to_vec())
        .collect();
    assert!(tiles.is_sorted() && tiles.iter().all(|tile| tile[0] == 32 && tile[3] == 16), "{tiles:?}");
    assert!(rows.iter().all(|row| row["resources"]["vgprs"].as_u64() > Some(0)), "{rows:?}");
}

#[test]
fn the_disassembly_is_all_that_is_written() {
    if !has_compiler() {
        return;
    }
    let run = Sandbox::new().run("compile gemm_f32 --isa");
    assert_eq!(run.stderr, "");
    let text = run.ok();
    assert!(text.contains("v_mfma_f32_16x16x4_f32") && text.contains("s_endpgm"), "{text}");
}

#[test]
fn the_code_object_is_saved() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.cache.path().join("add.elf");
    sandbox.run(&format!("compile add --save {}", path.display())).ok();
    assert_eq!(&std::fs::read(&path).expect("it was written")[..4], b"\x7fELF");
    let text = sandbox.run("compile add --save /no/such/folder/add.co").fails(1);
    assert!(text.contains("/no/such/folder/add.co: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn a_missing_compiler_is_an_error_that_says_how_to_get_one() {
    let sandbox = Sandbox::new();
    let run = without_compiler(&sandbox, "compile add");
    if run.status == Some(0) {
        eprintln!("skipped: ROCm is installed, so the compiler cannot be missing");
        return;
    }
    let text = run.fails(1);
    assert!(text.starts_with("error: no HIP compiler") && text.contains("greta toolchain install"), "{text}");
}

fn without_compiler(sandbox: &Sandbox, arguments: &str) -> Run {
    let mut command = sandbox.command(arguments);
    command.env("GRETA_TOOLCHAIN_DIR", sandbox.cache.path().join("no-toolchain"));
    Run::of(command)
}
