//! The HIP C++ of every kernel of the library: kept as raw files under `snapshots/`, compiled as they are.

use std::collections::BTreeSet;
use std::path::Path;

use greta::codegen::definition::KernelDefinition;
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::runtime::compile::{CompileRequest, Compiler};
use greta_llama::KERNELS;

/// The HIP C++ of a kernel for these tile parameters.
fn source(definition: &'static KernelDefinition, values: &[u32]) -> String {
    let kernel = lower(definition, values, &GFX942).unwrap_or_else(|error| panic!("{error}"));
    let emitted = emit::hip(&kernel);
    assert_eq!(emitted, emit::hip(&kernel), "{}: emitting twice gives equal bytes", definition.name);
    emitted.source
}

#[test]
fn every_kernels_default_variant_is_a_snapshot() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for definition in KERNELS {
        let bytes = source(definition, &definition.defaults()).into_bytes();
        insta::assert_binary_snapshot!(&format!("{}.hip", definition.name), bytes);
    }
}

#[test]
fn every_snapshot_belongs_to_a_kernel() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let names: BTreeSet<String> = KERNELS.iter().map(|definition| format!("{}.snap.hip", definition.name)).collect();
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".hip"))
        .collect();
    assert_eq!(files, names);
}

#[test]
fn every_snapshot_compiles_as_it_is() {
    let Some(compiler) = greta_testing::ok_or_skip(Compiler::shared()) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files: Vec<(String, String)> = KERNELS
        .iter()
        .map(|definition| format!("{}.snap.hip", definition.name))
        .map(|name| (std::fs::read_to_string(folder.join(&name)).unwrap(), name))
        .map(|(source, name)| (name, source))
        .collect();
    let requests: Vec<CompileRequest<'_>> = files
        .iter()
        .map(|(name, source)| CompileRequest { source, name, target: "gfx942", options: &[], line_map: &[] })
        .collect();
    for (result, definition) in compiler.compile_all(&requests).into_iter().zip(KERNELS) {
        let object = result.unwrap_or_else(|error| panic!("{error}"));
        assert!(object.diagnostics.is_empty(), "{}: {:?}", definition.name, object.diagnostics);
        let resources = object.resources.kernel(definition.name).expect("the object holds the kernel");
        assert_eq!((resources.vgpr_spills, resources.sgpr_spills), (0, 0), "{} spills", definition.name);
    }
}

#[test]
fn a_retune_changes_only_constexpr_lines() {
    let compared: usize = std::thread::scope(|scope| {
        let kernels: Vec<_> = KERNELS.iter().map(|definition| scope.spawn(|| retuned_lines(definition))).collect();
        kernels.into_iter().map(|kernel| kernel.join().expect("a retune changes only constexpr lines")).sum()
    });
    assert!(compared > 0, "some kernel has tile parameters");
}

/// How many lines differ from the default's in all of a kernel's variants; each must be of a constant. What the default's
/// text does not name is for other targets: a text that does name it is longer, whatever its value.
fn retuned_lines(definition: &'static KernelDefinition) -> usize {
    let mut compared = 0;
    let default = source(definition, &definition.defaults());
    let is_named = |name: &str| default.contains(&format!("constexpr uint32_t {name} ="));
    let variants = definition.variants().into_iter().filter(|values| {
        let mut parameters = definition.parameters.iter().zip(values);
        parameters.all(|(parameter, value)| *value == parameter.default || is_named(parameter.name))
    });
    for values in variants {
        let variant = source(definition, &values);
        let (a, b): (Vec<&str>, Vec<&str>) = (default.lines().collect(), variant.lines().collect());
        let what = format!("{} with {}", definition.name, definition.describe(&values));
        assert_eq!(a.len(), b.len(), "{what}: a line more or less");
        for (a, b) in a.iter().zip(&b).filter(|(a, b)| a != b) {
            assert!(a.starts_with("constexpr ") && b.starts_with("constexpr "), "{what}: {a:?} became {b:?}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn a_position_that_is_advanced_on_the_device_is_read_past_the_scalar_cache() {
    let Some(compiler) = greta_testing::ok_or_skip(Compiler::shared()) else { return };
    let definition = &greta_llama::kernels::kv_update::kv_update::DEFINITION;
    let source = source(definition, &definition.defaults());
    let request = CompileRequest { source: &source, name: "kv_update", target: "gfx942", options: &[], line_map: &[] };
    let object = compiler.compile(&request).unwrap_or_else(|error| panic!("{error}"));
    let text = compiler.disassemble(&object.bytes, "gfx942").unwrap_or_else(|error| panic!("{error}"));
    // Scalar loads take the arguments, whose address is in s[0:1], and nothing else.
    let scalar: Vec<&str> = text.lines().filter(|line| line.contains("s_load")).collect();
    assert!(!scalar.is_empty() && scalar.iter().all(|line| line.contains("s[0:1]")), "{scalar:#?}");
    // The position, one word, is loaded past the caches of its compute unit.
    assert!(text.lines().any(|line| line.contains("load_dword v") && line.contains("sc0 sc1")), "{text}");
}
