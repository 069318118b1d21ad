//! The source of every kernel of the language tests, compiled by the real hiprtc for gfx942, and with the library's
//! kernels by the real NVRTC for NVIDIA's targets.

use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::{Family, GFX942, Target};
use greta::rt::KernelDefinition;
use greta::runtime::cache::Cache;
use greta::runtime::compile::{CompileRequest, Compiler};
use greta::runtime::toolchain;

/// Each file of kernels: its text and the kernels that it lists.
const FILES: &[(&str, &[&KernelDefinition])] = &[
    (include_str!("atomics.rs"), crate::atomics::DEFINITIONS),
    (include_str!("bindings.rs"), crate::bindings::DEFINITIONS),
    (include_str!("blocks.rs"), crate::blocks::DEFINITIONS),
    (include_str!("choices.rs"), crate::choices::DEFINITIONS),
    (include_str!("control.rs"), crate::control::DEFINITIONS),
    (include_str!("dynamic_shared.rs"), crate::dynamic_shared::DEFINITIONS),
    (include_str!("functions.rs"), crate::functions::DEFINITIONS),
    (include_str!("generics.rs"), crate::generics::DEFINITIONS),
    (include_str!("items.rs"), crate::items::DEFINITIONS),
    (include_str!("lengths.rs"), crate::lengths::DEFINITIONS),
    (include_str!("loops.rs"), crate::loops::DEFINITIONS),
    (include_str!("math.rs"), crate::math::DEFINITIONS),
    (include_str!("memory.rs"), crate::memory::DEFINITIONS),
    (include_str!("methods.rs"), crate::methods::DEFINITIONS),
    (include_str!("names.rs"), crate::names::DEFINITIONS),
    (include_str!("references.rs"), crate::references::DEFINITIONS),
    (include_str!("struct_arrays.rs"), crate::struct_arrays::DEFINITIONS),
    (include_str!("struct_generics.rs"), crate::struct_generics::DEFINITIONS),
    (include_str!("struct_parameters.rs"), crate::struct_parameters::DEFINITIONS),
    (include_str!("printing.rs"), crate::printing::DEFINITIONS),
    (include_str!("structures.rs"), crate::structures::DEFINITIONS),
    (include_str!("tables.rs"), crate::tables::DEFINITIONS),
    (include_str!("threads.rs"), crate::threads::DEFINITIONS),
    (include_str!("tiles.rs"), crate::tiles::DEFINITIONS),
    (include_str!("values.rs"), crate::values::DEFINITIONS),
    (include_str!("waves.rs"), crate::waves::DEFINITIONS),
];

fn definitions() -> impl Iterator<Item = &'static KernelDefinition> {
    FILES.iter().flat_map(|(_, kernels)| kernels.iter().copied())
}

#[test]
fn every_kernel_is_listed() {
    for (text, kernels) in FILES {
        let written = text
            .lines()
            .filter(|line| {
                ["#[kernel", "case!", "partial_waves!", "function!", "of_width!"]
                    .iter()
                    .any(|start| line.starts_with(start))
            })
            .count();
        let listed: Vec<&str> = kernels.iter().map(|kernel| kernel.name).collect();
        assert_eq!(written, listed.len(), "listed: {listed:?}");
    }
    assert!(definitions().count() >= 80, "{} kernels", definitions().count());
}

#[test]
fn hiprtc_compiles_every_kernel_for_gfx942() {
    let toolchain = match toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(error) if std::env::var_os("CI").is_none() => return eprintln!("skipped: compiling: {error}"),
        Err(error) => panic!("{error}"),
    };
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
    let refused = [
        "matrix_instruction",
        "half_a_wave_shuffles",
        "ballot_of_some",
        "half_tile_products",
        "gemm_bf16",
        "gemm_f16",
        "gemm_fp8",
        "gemm_i8",
    ];
    let kernels = definitions().chain(greta_llama::KERNELS.iter().copied());
    let mut no_compiler = None;
    for definition in kernels.filter(|definition| !refused.contains(&definition.name)) {
        for target in Target::of_family(Family::Nvidia) {
            // What a target refuses shows without its compiler.
            let kernel = lower(definition, &definition.defaults(), target)
                .unwrap_or_else(|error| panic!("{}: {error}", definition.name));
            if no_compiler.is_some() {
                continue;
            }
            match greta::runtime::compile::cuda(&kernel) {
                Ok(cubin) => assert_eq!(cubin[..4], *b"\x7fELF"),
                Err(greta::Error::NoCuda(reason)) => no_compiler = Some(reason),
                Err(error) => panic!("{error}\n{}", emit::source(&kernel).source),
            }
        }
    }
    if let Some(reason) = no_compiler {
        eprintln!("skipped: compiling: {reason}");
    }
}
