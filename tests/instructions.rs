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
    greta_testing::ok_or_skip(toolchain::find())?;
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

#[kernel(block = 64)]
fn streams(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    y.store_nontemporal(t, x.load_nontemporal(t));
    let four = x.load_vector_nontemporal::<f32x4>(t * 4 + 64);
    y.store_vector_nontemporal(t * 4 + 64, four);
    y.store_vector(t * 4 + 1024, x.load_vector::<f32x4>(t * 4 + 1024));
}

#[test]
fn vectors_move_in_one_instruction_and_streams_are_marked() {
    let expected =
        [("global_load_dword", 1), ("global_store_dword", 1), ("global_load_dwordx4", 2), ("global_store_dwordx4", 2)];
    assert_straight(&streams::DEFINITION, &expected);
    let Some(text) = opt_instructions(&streams::DEFINITION) else { return };
    let marked = |mnemonic: &str| {
        let of_it = |line: &&str| line.split_whitespace().next() == Some(mnemonic);
        text.lines().filter(of_it).filter(|line| line.split("//").next().unwrap().trim_end().ends_with(" nt")).count()
    };
    let counts = expected.map(|(mnemonic, _)| marked(mnemonic));
    assert_eq!(counts, [1; 4], "{text}");
}

#[kernel(block = 64)]
fn hints(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    setprio(2);
    let v = x[t];
    sched_barrier(0);
    sched_group_barrier(0x20, 1, 0);
    y[t] = v;
    setprio(0);
}

#[test]
fn hints_reach_the_compiler() {
    assert_straight(&hints::DEFINITION, &[("s_setprio", 2), ("global_load_dword", 1)]);
}

#[kernel(block = 64)]
fn fast_functions(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    let v = x[t];
    y[t] = fast_exp2(v) + fast_log2(v) + fast_sin(v) + fast_cos(v) + fast_sqrt(v) + fast_rsqrt(v) + fast_recip(v);
}

#[test]
fn fast_functions_are_single_instructions() {
    let expected = ["exp", "log", "sin", "cos", "sqrt", "rsq", "rcp"].map(|name| format!("v_{name}_f32_e32"));
    assert_straight(&fast_functions::DEFINITION, &expected.each_ref().map(|name| (name.as_str(), 1)));
}

#[kernel(block = 64)]
fn wide_atomic_sums(i: &mut Global<u64>, f: &mut Global<f64>) {
    let mut s = shared::<[f64; 64]>();
    let t = thread_idx().x;
    s[t] = f[t];
    barrier();
    i.atomic_add(t, 3);
    f.atomic_add(t, 1.5);
    f.atomic_max(t + 64, 1.5);
    s.atomic_add(t ^ 1, 2.5);
    barrier();
    f[t + 128] = s[t];
}

#[test]
fn atomic_sums_of_64_bits_are_single_instructions() {
    let expected = [
        ("global_atomic_add_x2", 1),
        ("global_atomic_add_f64", 1),
        ("global_atomic_max_f64", 1),
        ("ds_add_f64", 1),
        ("global_atomic_cmpswap_x2", 0),
    ];
    assert_straight(&wide_atomic_sums::DEFINITION, &expected);
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

#[kernel(block = 256)]
fn exchanged(x: &Global<f32>, y: &mut Global<f32>, arrivals: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let all = grid_dim().x * BLOCK;
    y[i] = x[i];
    grid_barrier(arrivals);
    y[i + all] = y[all - 1 - i];
}

/// Where a line of the text is that starts so, from a line on.
fn position(lines: &[&str], from: usize, start: &str) -> usize {
    let found = lines[from..].iter().position(|line| line.starts_with(start));
    from + found.unwrap_or_else(|| panic!("no `{start}` from line {from} on in\n{}", lines.join("\n")))
}

#[test]
fn grid_barriers_wait_for_every_wave_s_writes_and_for_what_is_written_back() {
    let Some(text) = opt_instructions(&exchanged::DEFINITION) else { return };
    let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap().trim()).collect();
    let order = [
        "global_store_dword",
        // Before the block meets, the writes of each of its waves are in the second cache, …
        "s_waitcnt vmcnt(0)",
        "s_barrier",
        // … which the fence of one of them writes back.
        "buffer_wbl2 sc1",
        "s_waitcnt vmcnt(0)",
        "global_atomic_add",
        "global_load_dword",
        "s_sleep 1",
        "buffer_inv sc1",
        "s_barrier",
        "global_load_dword",
    ];
    order.iter().fold(0, |from, start| position(&lines, from, start) + 1);
}

/// All lanes load one element; none of their stores changes it, but those of another block do.
#[kernel(block = 128)]
fn handed_on(x: &Global<u32>, y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    let given = y[block_idx().x];
    if thread_idx().x == 0 {
        y[block_idx().x + 1] = x[block_idx().x] + given;
    }
    grid_barrier(arrivals);
    y[block_idx().x * BLOCK + thread_idx().x + 1000] = y[block_idx().x] - given;
}

#[test]
fn what_other_blocks_change_is_loaded_after_a_grid_barrier_and_not_through_the_scalar_cache() {
    let Some(text) = opt_instructions(&handed_on::DEFINITION) else { return };
    let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap().trim()).collect();
    let before = position(&lines, 0, "s_load_dword ");
    let met = position(&lines, before, "buffer_inv sc1");
    position(&lines, met, "global_load_dword");
    assert!(lines[met..].iter().all(|line| !line.starts_with("s_load")), "{text}");
}
