//! The instructions of gfx942 that built-ins become: what the documentation promises of them is seen in what hiprtc makes.

use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta::prelude::*;
use greta::rt::KernelDefinition;
use greta::runtime::compile::{self, CompileRequest};
use greta::runtime::toolchain;

/// The mnemonics of a kernel's instructions with their operands, a line each; `None` without a compiler on a
/// developer's machine.
fn opt_instructions(definition: &'static KernelDefinition) -> Option<String> {
    if let Err(error) = toolchain::find() {
        assert!(std::env::var_os("CI").is_none(), "{error}");
        eprintln!("skipped: compiling: {error}");
        return None;
    }
    let kernel = lower(definition, &definition.defaults(), &GFX942).unwrap();
    let source = emit::hip(&kernel).source;
    let request =
        CompileRequest { source: &source, name: definition.name, target: "gfx942", options: &[], line_map: &[] };
    let code = compile::compile(&request).unwrap();
    Some(compile::disassemble(&code.bytes, "gfx942").unwrap())
}

/// Asserts that each mnemonic occurs as often as it says, and that there is no loop.
fn assert_straight(definition: &'static KernelDefinition, expected: &[(&str, usize)]) {
    let Some(text) = opt_instructions(definition) else { return };
    for &(mnemonic, count) in expected {
        let found = text.lines().filter(|line| line.split_whitespace().next() == Some(mnemonic)).count();
        assert_eq!(found, count, "{mnemonic} in\n{text}");
    }
    assert!(!text.contains("s_cbranch"), "{text}");
}

#[kernel(block = 64)]
fn atomic_sums(i: &mut Global<u32>, f: &mut Global<f32>) {
    let mut s = shared::<[f32; 64]>();
    let t = thread_idx().x;
    s[t] = f[t];
    barrier();
    i.atomic_add(t, 3);
    f.atomic_add(t, 1.5);
    s.atomic_add(t ^ 1, 2.5);
    s.atomic_max(t ^ 2, 4.5);
    barrier();
    f[t + 64] = s[t];
}

#[test]
fn atomic_sums_are_single_instructions() {
    let expected = [
        ("global_atomic_add", 1),
        ("global_atomic_add_f32", 1),
        ("ds_add_f32", 1),
        ("ds_max_f32", 1),
        ("global_atomic_cmpswap", 0),
    ];
    assert_straight(&atomic_sums::DEFINITION, &expected);
}
