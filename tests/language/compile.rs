//! The source of every kernel of the language tests, compiled by the real hiprtc for gfx942, and with the library's
//! kernels by the real NVRTC for NVIDIA's targets.

use std::collections::BTreeMap;

use crate::Kernels;
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::{Family, GFX942, Target};
use greta::rt::KernelDefinition;
use greta::runtime::cache::Cache;
use greta::runtime::compile::{CompileRequest, Compiler};
use greta::runtime::toolchain;

/// The names of the files, in order, and the kernels that they list.
fn files() -> BTreeMap<String, &'static [&'static KernelDefinition]> {
    let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    inventory::iter::<Kernels>.into_iter().map(|listed| (name(listed.file), listed.definitions)).collect()
}

fn definitions() -> impl Iterator<Item = &'static KernelDefinition> {
    files().into_values().flatten().copied()
}

#[test]
fn every_kernel_of_every_file_is_listed() {
    let mut listed = files();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/language")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["main.rs", "compile.rs"].contains(&name) {
            continue;
        }
        let kernels = listed.remove(name).unwrap_or_else(|| panic!("{name}: a `mod` in main.rs and `kernels!` in it"));
        let starts = [
            "#[kernel",
            "case!",
            "partial_waves!",
            "function!",
            "of_width!",
            "turned!",
            "operators!",
            "of_bits!",
            "shuffled!",
            "summed!",
            "functions_of_those_names!",
        ];
        let text = std::fs::read_to_string(&path).unwrap();
        let written = text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))).count();
        let names: Vec<&str> = kernels.iter().map(|kernel| kernel.name).collect();
        assert_eq!(written, names.len(), "{name}: listed: {names:?}");
    }
    assert!(listed.is_empty(), "{:?}", listed.keys());
    assert!(definitions().count() >= 80, "{} kernels", definitions().count());
}

#[test]
fn hiprtc_compiles_every_kernel_for_gfx942() {
    let Some(toolchain) = greta_testing::ok_or_skip(toolchain::find()) else { return };
    let sources: Vec<(&str, String)> = definitions()
        .map(|definition| {
            let kernel = lower(definition, &definition.defaults(), &GFX942)
                .unwrap_or_else(|error| panic!("{}: {error}", definition.name));
            (definition.name, emit::hip(&kernel).source)
        })
        .collect();
    let requests: Vec<CompileRequest<'_>> = sources
        .iter()
        .map(|(name, source)| CompileRequest { source, name, target: "gfx942", options: &[], line_map: &[] })
        .collect();
    let folder = std::env::temp_dir().join(format!("greta-language-{}", std::process::id()));
    let results = Compiler::new(toolchain, Cache::new(&folder, 1 << 30)).compile_all(&requests);
    let failed: Vec<String> = results
        .into_iter()
        .zip(&sources)
        .filter_map(|(result, (name, source))| result.err().map(|error| format!("{name}: {error}\n{source}")))
        .collect();
    let _ = std::fs::remove_dir_all(folder);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn nvrtc_compiles_every_kernel_for_every_target_of_nvidia() {
    // These say that they are refused there.
    let refused = ["matrix_instruction", "half_a_wave_shuffles", "ballot_of_some", "half_tile_products", "gemm_fp8"];
    let kernels = definitions().chain(greta_llama::KERNELS.iter().copied());
    let mut no_compiler = None;
    for definition in kernels.filter(|definition| !refused.contains(&definition.name)) {
        for (target, values) in Target::of_family(Family::Nvidia).flat_map(|target| variants(definition, target)) {
            // What a target refuses, and that all is written, shows without its compiler.
            let kernel =
                lower(definition, &values, target).unwrap_or_else(|error| panic!("{}: {error}", definition.name));
            let source = emit::source(&kernel).source;
            if no_compiler.is_some() {
                continue;
            }
            match greta::runtime::compile::cuda(&kernel) {
                Ok(cubin) => assert_eq!(cubin[..4], *b"\x7fELF"),
                Err(greta::Error::NoCuda(reason)) => no_compiler = Some(reason),
                Err(error) => panic!("{error}\n{source}"),
            }
        }
    }
    if let Some(reason) = no_compiler {
        eprintln!("skipped: compiling: {reason}");
    }
}

/// The default variant, and those known to be fast on the target.
fn variants(
    definition: &'static KernelDefinition,
    target: &'static Target,
) -> impl Iterator<Item = (&'static Target, Vec<u32>)> {
    let known = definition.known.iter().filter(|known| known.target == target.name).map(|known| known.values.to_vec());
    std::iter::once(definition.defaults()).chain(known).map(move |values| (target, values))
}
