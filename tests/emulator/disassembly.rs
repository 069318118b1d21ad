//! Every instruction of real objects has LLVM's mnemonic, operands and size: of the kernels of this
//! repository and of kernels that use every feature, at every level of optimisation, and of objects
//! of another compiler.

use std::path::Path;

use crate::support::{Agreement, compiler, third_party_objects};
use greta_runtime::compile::{CompileRequest, Compiler};

const LEVELS: [&[&str]; 5] = [&["-O0"], &["-O1"], &["-O2"], &["-O3"], &["-O3", "-ffast-math", "-ffp-contract=fast"]];

/// Name and text of the sources in a folder.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "hip")).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("the source can be read"))).collect()
}

fn compare_at_all_levels(compiler: &Compiler, folder: &Path) {
    let sources = sources(folder);
    let options: Vec<Vec<String>> =
        LEVELS.iter().map(|level| level.iter().map(|option| (*option).to_owned()).collect()).collect();
    let cases: Vec<_> = sources.iter().flat_map(|source| options.iter().map(move |level| (source, level))).collect();
    let requests: Vec<_> = cases
        .iter()
        .map(|((name, source), options)| CompileRequest { source, name, target: "gfx942", options, line_map: &[] })
        .collect();
    let mut agreement = Agreement::default();
    for (((name, _), options), object) in cases.iter().zip(compiler.compile_all(&requests)) {
        let object = object.unwrap_or_else(|error| panic!("{name} {options:?}: {error}"));
        agreement.add(compiler, &format!("{name} {}", options.join(" ")), &object.bytes);
    }
    agreement.check();
}

#[test]
fn the_kernels_of_this_repository_have_llvms_disassembly() {
    let Some(compiler) = compiler() else { return };
    compare_at_all_levels(&compiler, &Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
}

#[test]
fn kernels_that_use_every_feature_have_llvms_disassembly() {
    let Some(compiler) = compiler() else { return };
    compare_at_all_levels(&compiler, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator/kernels"));
}

#[test]
fn objects_of_another_compiler_have_llvms_disassembly() {
    let Some(compiler) = compiler() else { return };
    let objects = third_party_objects();
    let mut agreement = Agreement::default();
    for path in &objects {
        let code = std::fs::read(path).expect("the object can be read");
        agreement.add(&compiler, &path.display().to_string(), &code);
    }
    agreement.check();
}
