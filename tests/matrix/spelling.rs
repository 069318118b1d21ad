//! The HIP of every row, compiled by the real hiprtc for each target that has it.

use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::{Family, Target};
use greta::runtime::cache::Cache;
use greta::runtime::compile::{CompileRequest, Compiler};
use greta::runtime::toolchain;

use crate::kernels::ENTRIES;

#[test]
fn hiprtc_knows_every_builtin_on_every_target_that_has_it() {
    let Some(toolchain) = greta_testing::ok_or_skip(toolchain::find()) else { return };
    let folder = std::env::temp_dir().join(format!("greta-matrix-{}", std::process::id()));
    let compiler = Compiler::new(toolchain, Cache::new(&folder, 1 << 30));
    for target in Target::of_family(Family::Amd) {
        let kernels: Vec<(&str, String)> = ENTRIES
            .iter()
            .filter(|entry| entry.row.is_on(target))
            .flat_map(|entry| [(entry.row.name, entry.fragments), (entry.row.name, entry.intrinsic)])
            .map(|(name, definition)| {
                let kernel = lower(definition, &[], target).unwrap_or_else(|error| panic!("{name}: {error}"));
                (name, emit::hip(&kernel).source)
            })
            .collect();
        let requests: Vec<CompileRequest<'_>> = kernels
            .iter()
            .map(|(name, source)| CompileRequest { source, name, target: target.name, options: &[], line_map: &[] })
            .collect();
        let mut failed = String::new();
        for (result, (name, source)) in compiler.compile_all(&requests).into_iter().zip(&kernels) {
            match result {
                // Before gfx940 instructions had no underscores between shape and types.
                Ok(object) if target.name != "gfx90a" => {
                    let listing = compiler.disassemble(&object.bytes, target.name).unwrap();
                    assert!(listing.contains(&format!("v_{name}")), "{name} on {}\n{listing}", target.name);
                }
                Ok(_) => {}
                Err(error) => failed.push_str(&format!("{name} on {}: {error}\n{source}\n", target.name)),
            }
        }
        assert!(failed.is_empty(), "{failed}");
        println!("{}: {} kernels", target.name, kernels.len());
    }
    let _ = std::fs::remove_dir_all(folder);
}
