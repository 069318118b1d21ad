//! `greta emu`: third-party kernels by their sidecars, listing, and what is wrong with a sidecar.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

use crate::Sandbox;

/// The third-party objects beside the repository, if they are there.
fn opt_objects() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/objects");
    if folder.is_dir() {
        return folder.canonicalize().ok();
    }
    println!("skipped: no folder ../shared/objects beside the repository");
    None
}

#[test]
fn every_sidecar_passes_its_checks() {
    let Some(folder) = opt_objects() else { return };
    let sidecars: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    assert_eq!(sidecars.len(), 8, "sidecars in the folder");
    for sidecar in sidecars {
        let text = Sandbox::new().run(&format!("emu run {} --json", sidecar.display())).ok();
        let result: Value = serde_json::from_str(&text).expect("JSON");
        assert!(result["counters"]["workgroups"].as_u64().is_some_and(|count| count > 0), "{text}");
        for check in result["checks"].as_array().expect("checks") {
            assert!(
                check["wrong_count"] == 0 && check["written_count"].as_u64().is_some_and(|count| count > 0),
                "{text}"
            );
        }
    }
}

#[test]
fn buffers_are_written_in_their_types_and_the_table_names_counters() {
    let Some(folder) = opt_objects() else { return };
    let sandbox = Sandbox::new();
    let out = sandbox.cache.path().join("after.safetensors");
    let sidecar = folder.join("layernorm_bf16.json");
    let text = sandbox.run(&format!("emu run {} --out {}", sidecar.display(), out.display())).ok();
    assert!(text.contains("global.coalescing") && text.contains("0 wrong of"), "{text}");
    let sidecar: Value = serde_json::from_slice(&std::fs::read(sidecar).expect("a sidecar")).expect("JSON");
    let data = std::fs::read(folder.join("layernorm_bf16.safetensors")).expect("data");
    let (before, after) = (SafeTensors::deserialize(&data).expect("data"), std::fs::read(out).expect("buffers"));
    let after = SafeTensors::deserialize(&after).expect("buffers");
    let buffers = sidecar["buffers"].as_object().expect("buffers");
    assert_eq!(after.len(), buffers.len());
    for (name, buffer) in buffers {
        let (was, is) = (before.tensor(name).expect("a tensor"), after.tensor(name).expect("a tensor"));
        assert_eq!((was.dtype(), was.shape()), (is.dtype(), is.shape()), "{name}");
        assert_eq!(was.data() == is.data(), buffer["role"] == "in", "{name}");
    }
}

#[test]
fn an_object_lists_its_kernels() {
    let Some(folder) = opt_objects() else { return };
    let object = folder.join("matmul_bf16.hsaco");
    let text = Sandbox::new().run(&format!("emu run --object {} --list", object.display())).ok();
    assert!(text.contains("VGPR") && text.contains("mm_dot"), "{text}");
    let text = Sandbox::new().run(&format!("emu run --object {} --list --json", object.display())).ok();
    let kernels: Value = serde_json::from_str(&text).expect("JSON");
    assert!(kernels[0]["kernel"] == "mm_dot" && kernels[0]["arguments"].as_array().is_some_and(|list| list.len() > 5));
}

/// Runs a third-party sidecar after a change.
fn run_changed(change: impl FnOnce(&mut Value)) -> Option<String> {
    let folder = opt_objects()?;
    let sandbox = Sandbox::new();
    let place = |name: &str| sandbox.cache.path().join(name);
    for name in ["vecadd_f32.hsaco", "vecadd_f32.safetensors"] {
        std::fs::copy(folder.join(name), place(name)).expect("a copy");
    }
    let text = std::fs::read(folder.join("vecadd_f32.json")).expect("a sidecar");
    let mut sidecar: Value = serde_json::from_slice(&text).expect("JSON");
    change(&mut sidecar);
    std::fs::write(place("changed.json"), sidecar.to_string()).expect("room for a sidecar");
    let run = sandbox.run(&format!("emu run {}", place("changed.json").display()));
    assert_eq!(run.status, Some(1), "{}", run.all());
    Some(run.all())
}

#[test]
fn a_fault_and_a_failed_check_end_with_status_1() {
    let Some(text) = run_changed(|sidecar| {
        sidecar["args"][0] = serde_json::json!(
            {"name": "x", "kind": "null", "offset": 0, "size": 8}
        )
    }) else {
        return;
    };
    assert!(text.contains("workgroup") && text.contains("pc 0x") && text.contains("no allocation holds"), "{text}");
    let text = run_changed(|sidecar| sidecar["grid"] = serde_json::json!([1, 1, 1])).unwrap_or_default();
    assert!(text.contains("1 of 1 checks failed"), "{text}");
}

#[test]
fn what_is_wrong_with_a_sidecar_is_named() {
    let cases: [(&str, Value, &str); 5] = [
        ("format", 2.into(), "format 2"),
        ("kernel", "nothing".into(), "kernel `nothing` is not there"),
        ("kernarg_size", 4.into(), "of 4"),
        ("args", Value::Null, "invalid type"),
        ("object", "missing.hsaco".into(), "missing.hsaco"),
    ];
    for (field, value, part) in cases {
        let Some(text) = run_changed(|sidecar| sidecar[field] = value) else { return };
        assert!(text.contains(part), "{field}: {text}");
    }
}
