//! `greta emu`: third-party kernels by their sidecars, listing, and what is wrong with a sidecar.

use std::path::PathBuf;

use greta_emulator::CodeObject;
use greta_testing::opt_shared;
use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::{Run, Sandbox};

/// The third-party objects beside the repository, if they are there.
fn opt_objects() -> Option<PathBuf> {
    opt_shared("objects")?.canonicalize().ok()
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
    for (sidecar, flags) in sidecars.iter().flat_map(|sidecar| [(sidecar, ""), (sidecar, "--no-checks")]) {
        let result = Sandbox::new().run(&format!("emu run {} --json {flags}", sidecar.display())).json();
        assert!(result["counters"]["workgroups"].as_u64().is_some_and(|count| count > 0), "{result}");
        assert_eq!(result["warnings"], json!([]), "{result}");
        for check in result["checks"].as_array().expect("checks") {
            let is_tested = check["written_count"].as_u64().is_some_and(|count| count > 0);
            assert!(check["wrong_count"] == 0 && is_tested, "{result}");
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

/// A third-party launch in a sandbox: a sum of vectors.
struct Changed {
    sandbox: Sandbox,
    sidecar: Value,
}

impl Changed {
    fn new() -> Option<Self> {
        let folder = opt_objects()?;
        let sandbox = Sandbox::new();
        for name in ["vecadd_f32.hsaco", "vecadd_f32.safetensors"] {
            std::fs::copy(folder.join(name), sandbox.cache.path().join(name)).expect("a copy");
        }
        let text = std::fs::read(folder.join("vecadd_f32.json")).expect("a sidecar");
        Some(Self { sandbox, sidecar: serde_json::from_slice(&text).expect("JSON") })
    }

    /// Changes a word of the code: the first instruction whose text begins so.
    fn patch(&self, mnemonic: &str, change: impl FnOnce(u32) -> u32) {
        let path = self.sandbox.cache.path().join("vecadd_f32.hsaco");
        let mut bytes = std::fs::read(&path).expect("an object");
        let object = CodeObject::load(&bytes).expect("a whole object");
        let (entry, program) = (object.kernels[0].entry, object.program());
        let mut lines = program.listing(entry, object.text.end).map(|line| line.expect("an instruction"));
        let (offset, _) = lines.find(|(_, it)| it.to_string().starts_with(mnemonic)).expect("there is one");
        // Code lies in the file where it lies in memory, less a page.
        let word = &mut bytes[offset as usize - 0x1000..][..4];
        let changed = change(u32::from_le_bytes(word.try_into().expect("a word")));
        word.copy_from_slice(&changed.to_le_bytes());
        std::fs::write(path, bytes).expect("room for an object");
    }

    fn run(&self, flags: &str) -> Run {
        let path = self.sandbox.cache.path().join("changed.json");
        std::fs::write(&path, self.sidecar.to_string()).expect("room for a sidecar");
        self.sandbox.run(&format!("emu run {} {flags}", path.display()))
    }
}

/// Runs a third-party sidecar after a change, which fails it.
fn run_changed(change: impl FnOnce(&mut Value)) -> Option<String> {
    let mut changed = Changed::new()?;
    change(&mut changed.sidecar);
    let run = changed.run("");
    assert_eq!(run.status, Some(1), "{}", run.all());
    Some(run.all())
}

fn vecadd_arguments() -> Value {
    Changed::new().map_or(Value::Null, |changed| changed.sidecar["args"].clone())
}

#[test]
fn a_missing_wait_is_a_fault_unless_checks_are_off() {
    let Some(changed) = Changed::new() else { return };
    changed.patch("s_waitcnt vmcnt(0)", |_| 0xbf80_0000);
    let run = changed.run("");
    assert_eq!(run.status, Some(1), "{}", run.all());
    assert!(run.all().contains("is still being loaded") && run.all().contains("wait for vmcnt"), "{}", run.all());
    changed.run("--no-checks").ok();
}

#[test]
fn a_register_that_nothing_wrote_is_a_warning_in_the_json() {
    let Some(changed) = Changed::new() else { return };
    assert_eq!(changed.run("--json").json()["warnings"], json!([]));
    // The last register that the kernel has: the granule is 8, and it uses fewer.
    changed.patch("v_add_f32", |word| word & !0x1ff | (256 + 7));
    let run = changed.run("--json");
    let result: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let warnings = result["warnings"].as_array().expect("warnings");
    assert!(
        warnings.iter().any(|text| text.as_str().is_some_and(|text| text.contains("v7 was never written"))),
        "{}",
        run.all()
    );
    let run = changed.run("--json --no-checks");
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).expect("JSON")["warnings"], json!([]), "{}", run.all());
}

#[test]
fn a_loop_without_end_ends_by_the_budget() {
    let Some(changed) = Changed::new() else { return };
    // `s_branch` to itself.
    changed.patch("s_endpgm", |_| 0xbf82_ffff);
    let run = changed.run("--budget 100000");
    assert_eq!(run.status, Some(1), "{}", run.all());
    assert!(run.all().contains("`--budget N`"), "{}", run.all());
    assert!(run.all().contains("ran 100000 instructions") && run.all().contains("s_branch"), "{}", run.all());
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
    let argument = |index: usize, field: &str, value: Value| {
        let mut arguments = vecadd_arguments();
        arguments[index][field] = value;
        arguments
    };
    let shape = json!({"x": {"dtype": "f32", "shape": [1_u64 << 40, 1_u64 << 40], "bytes": 4096}});
    let cases: [(&str, Value, &str); 14] = [
        ("format", 2.into(), "format 2"),
        ("kernel", "nothing".into(), "kernel `nothing` is not there"),
        ("kernarg_size", 4.into(), "of 4"),
        ("args", Value::Null, "invalid type"),
        ("object", "missing.hsaco".into(), "missing.hsaco"),
        ("kernarg_size", (1_u64 << 60).into(), "the kernel takes 48 B"),
        ("target", "gfx90a".into(), "`target` is gfx90a"),
        ("wavefront", 32.into(), "`wavefront` is 32"),
        ("grid", json!([0, 1, 1]), "`grid` is [0, 1, 1]"),
        ("block", json!([256, 0, 1]), "`block` is [256, 0, 1]"),
        ("buffers", shape, "buffer `x` of shape [1099511627776, 1099511627776] is not 4096 B"),
        ("args", argument(3, "value", json!(1e30)), "argument `n` is 1000000000000000000000000000000, which is no i32"),
        ("args", argument(3, "value", json!(1.5)), "argument `n` is 1.5, which is no i32"),
        ("args", argument(0, "size", 4.into()), "argument `X` has 4 B; 8 B are needed"),
    ];
    for (field, value, part) in cases {
        let Some(text) = run_changed(|sidecar| sidecar[field] = value) else { return };
        assert!(text.contains(part), "{field}: {text}");
    }
}
