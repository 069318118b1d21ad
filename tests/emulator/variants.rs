//! The emulator decodes the library's kernels in other variants than the default ones as LLVM does: instruction by
//! instruction, mnemonic, operands and size. `disassembly.rs` does the same for the default variants
//! at every level of optimisation.
//!
//! By default variants are taken so that each value of each tile parameter is there; with `GRETA_ALL_VARIANTS=1` all of
//! them are, which is some ten minutes of compiling. Levels of optimisation take turns.

use std::collections::BTreeSet;

use greta::codegen::definition::KernelDefinition;
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::runtime::compile::CompileRequest;
use greta_llama::KERNELS;

use crate::support::{Agreement, compiler};

const LEVELS: [&[&str]; 5] = [&["-O3"], &["-O0"], &["-O1"], &["-O2"], &["-O3", "-ffast-math", "-ffp-contract=fast"]];

/// Variants of a kernel in which each value of each tile parameter is there, or all of them.
fn variants(definition: &'static KernelDefinition) -> Vec<Vec<u32>> {
    let all = definition.variants();
    if std::env::var_os("GRETA_ALL_VARIANTS").is_some() {
        return all;
    }
    let mut seen: BTreeSet<(usize, u32)> = definition.defaults().into_iter().enumerate().collect();
    // Values that few variants have are often at the end of the list.
    let is_new =
        |values: &Vec<u32>| values.iter().enumerate().fold(false, |new, (at, &it)| seen.insert((at, it)) || new);
    all.into_iter().rev().filter(is_new).collect()
}

#[test]
fn every_tile_parameter_leaves_instructions_that_are_decoded_as_llvm_does() {
    let Some(compiler) = compiler() else { return };
    let chosen =
        KERNELS.iter().flat_map(|definition| variants(definition).into_iter().map(|values| (*definition, values)));
    let sources: Vec<(String, String)> = chosen
        .map(|(definition, values)| {
            let kernel = lower(definition, &values, &GFX942).unwrap_or_else(|error| panic!("{error}"));
            (format!("{} {values:?}", definition.name), emit::hip(&kernel).source)
        })
        .collect();
    let options = LEVELS.map(|level| level.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>());
    let levels = options.iter().cycle();
    let requests: Vec<CompileRequest<'_>> = sources
        .iter()
        .zip(levels)
        .map(|((name, source), options)| CompileRequest { source, name, target: "gfx942", options, line_map: &[] })
        .collect();
    let mut agreement = Agreement::default();
    for (request, object) in requests.iter().zip(compiler.compile_all(&requests)) {
        let object = object.unwrap_or_else(|error| panic!("{} {:?}: {error}", request.name, request.options));
        agreement.add(&compiler, &format!("{} {}", request.name, request.options.join(" ")), &object.bytes);
    }
    assert!(sources.len() > KERNELS.len(), "{} variants", sources.len());
    println!("{} variants:", sources.len());
    agreement.check();
}
