//! Every fault and warning, provoked: a wrong kernel says where it is wrong and why, and the right one
//! beside it says nothing. Counters of kernels whose counts are known.

use std::sync::OnceLock;

use greta_emulator::{AccessError, Cause, Fault, Launch, Limit, Memory, Module, Options, Report, launch};
use greta_runtime::compile::CompileRequest;

use crate::support::provoked;

const SOURCE: &str = include_str!("faults.hip");

/// The kernels, compiled with line information.
fn code() -> Option<&'static [u8]> {
    static CODE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let compile = || {
        let compiler = crate::support::compiler()?;
        let options = ["-O2", "-gline-tables-only"].map(str::to_owned);
        let request =
            CompileRequest { source: SOURCE, name: "faults.hip", target: "gfx942", options: &options, line_map: &[] };
        Some(compiler.compile(&request).unwrap().bytes.to_vec())
    };
    CODE.get_or_init(compile).as_deref()
}

/// Launches a kernel of two waves on 4096 bytes, with 16 KiB of LDS beyond its own.
fn run(name: &str, word: u32, options: Options) -> Option<Result<Report, Fault>> {
    let memory = Memory::new();
    let module = Module::load(&memory, code()?).unwrap();
    let buffer = memory.allocate(4096).unwrap();
    let arguments: Vec<u8> = buffer.to_le_bytes().into_iter().chain(word.to_le_bytes()).collect();
    let kernel = module.kernel(name).unwrap();
    let (block, dynamic_shared_bytes) = ([128, 1, 1], 16384);
    let request = Launch { block, dynamic_shared_bytes, options, ..Launch::new(&module, kernel, &arguments) };
    Some(launch(&memory, &request))
}

/// With checks: the cause, after the place was looked at.
fn cause(name: &str, word: u32, instruction: &str) -> Option<Cause> {
    let options = Options { checks: true, budget: 100_000, ..Options::default() };
    let Err(fault) = run(name, word, options)? else { panic!("{name} runs") };
    let text = fault.to_string();
    let Fault::Stopped { place, cause, .. } = fault else { panic!("{text}") };
    assert_eq!(place.kernel, name);
    assert!(place.instruction().starts_with(instruction), "{text}");
    assert!(place.listing.len() > 1 && text.contains("\n  > "), "{text}");
    let line = SOURCE.lines().position(|line| line.contains(&format!(" {name}("))).unwrap() as u32 + 1;
    let source = place.source.as_ref().unwrap_or_else(|| panic!("no source line: {text}"));
    assert!((line..line + 6).contains(&source.line), "{name} is at line {line}: {text}");
    println!("{text}\n");
    Some(cause)
}

#[test]
pub(crate) fn accesses_out_of_bounds_and_unaligned_name_the_address() {
    let Some(found) = cause("past_the_end", 1000, "global_store_dword") else { return };
    let Cause::Access { lane: Some(24), error } = found else { panic!("{found}") };
    provoked!(error, AccessError::OutOfBounds { bytes: 4, .. });
    assert!(run("unaligned_plain", 0, Options::default()).unwrap().is_ok(), "only atomic operations are aligned");
    let found = cause("unaligned", 0, "global_atomic_add").unwrap();
    let Cause::Access { error, .. } = found else { panic!("{found}") };
    provoked!(error, AccessError::Unaligned { alignment: 4, .. });
    let found = cause("past_the_shared", 20000, "flat_load_dword").unwrap();
    provoked!(found, Cause::SharedOutOfBounds { lane: 0, bytes: 4, .. });
    let found = cause("past_the_scratch", 1000, "flat_load_dword").unwrap();
    provoked!(found, Cause::ScratchOutOfBounds { lane: 0, bytes: 4, limit: 64.., .. });
}

#[test]
pub(crate) fn a_register_whose_load_is_outstanding_is_not_to_be_used() {
    for (kernel, instruction, wanted) in [
        ("vector_load_without_wait", "v_add_f32", "vmcnt"),
        ("first_of_two_loads_waited_for", "v_add_f32", "vmcnt"),
        ("scalar_load_without_wait", "s_add_u32", "lgkmcnt"),
        ("shared_load_without_wait", "v_add_f32", "lgkmcnt"),
        ("second_load_of_a_register_waited_for", "v_add_f32", "vmcnt"),
    ] {
        let Some(found) = cause(kernel, 0, instruction) else { return };
        provoked!(found, Cause::OutstandingLoad { counter, loaded_at: 1.., .. } if *counter == wanted);
    }
    // Loads of vector memory return in order.
    let checked = Options { checks: true, ..Options::default() };
    assert_eq!(run("one_register_loaded_twice", 0, checked).unwrap().unwrap().warnings, []);
}

#[test]
pub(crate) fn wait_states_that_the_hardware_lacks_are_asked_for() {
    for (kernel, instruction, found_states, wanted) in [
        ("matrix_result_too_soon", "v_add_f32", 9, 10),
        ("division_flag_too_soon", "v_div_fmas_f32", 3, 4),
        ("shifted_too_soon", "v_mov_b32_dpp", 1, 2),
    ] {
        let Some(cause) = cause(kernel, 0, instruction) else { return };
        provoked!(cause, Cause::Hazard { found, needed, .. } if (*found, *needed) == (found_states, wanted));
    }
    let checked = Options { checks: true, ..Options::default() };
    assert_eq!(run("matrix_result_in_time", 0, checked).unwrap().unwrap().warnings, []);
}

#[test]
pub(crate) fn waves_that_race_for_shared_memory_are_named() {
    let Some(found) = cause("race", 0, "flat_") else { return };
    provoked!(found, Cause::SharedRace { other_wave: 0 | 1, .. });
    let found = cause("race_of_a_read_and_an_atomic", 0, "ds_").unwrap();
    provoked!(found, Cause::SharedRace { other_wave: 0, .. });
    let checked = Options { checks: true, ..Options::default() };
    assert_eq!(run("no_race", 0, checked).unwrap().unwrap().warnings, []);
}

#[test]
pub(crate) fn a_barrier_that_a_wave_left_out_is_a_fault() {
    let Some(found) = cause("barrier_left", 0, "s_barrier") else { return };
    provoked!(found, Cause::BarrierNotReached { ended_wave: 0 });
    assert!(run("barrier_left", 0, Options::default()).unwrap().is_ok(), "without checks it runs, as on the hardware");
}

#[test]
pub(crate) fn what_was_never_written_is_warned_of() {
    let checked = Options { checks: true, ..Options::default() };
    let Some(report) = run("unwritten_register", 0, checked) else { return };
    let warnings = report.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    provoked!(warnings[0].cause, Cause::UnwrittenRegister { register } if register == "v77");
    assert!(warnings[0].place.instruction().starts_with("v_add_f32"), "{}", warnings[0]);
    let warnings = run("unwritten_shared", 0, checked).unwrap().unwrap().warnings;
    provoked!(warnings[0].cause, Cause::UnwrittenShared { .. });
}

#[test]
pub(crate) fn loops_without_end_and_traps_stop() {
    let Some(found) = cause("endless", 0, "") else { return };
    provoked!(found, Cause::Budget { limit: 100_000 });
    let options = Options::default();
    let Err(Fault::Stopped { cause, .. }) = run("trap", 0, options).unwrap() else { panic!("the trap is passed") };
    provoked!(cause, Cause::Trap { .. });
}

#[test]
pub(crate) fn what_the_emulator_does_not_do_is_a_fault() {
    let Some(found) = cause("not_executed", 0, "s_setkill") else { return };
    provoked!(found, Cause::Unimplemented);
    let found = cause("heap", 64, "").unwrap();
    provoked!(found, Cause::HostCall { service: 3 });
    let Err(Fault::Stopped { place, cause, .. }) = run("into_data", 0, Options::default()).unwrap() else {
        panic!("data are executed")
    };
    assert_eq!(place.instruction(), "no instruction");
    provoked!(cause, Cause::OutsideCode);
    let Err(fault) = run("unknown", 0, Options::default()).unwrap() else { panic!("an unknown word is executed") };
    let text = fault.to_string();
    provoked!(fault, Fault::Stopped { .. });
    let Fault::Stopped { place, cause, .. } = fault else { panic!("{text}") };
    provoked!(cause, Cause::UnknownInstruction { words } if words[0] == 0xffff_ffff);
    assert_eq!(place.kernel, "unknown", "{text}");
    assert!(text.contains(&format!("pc {:#x}", place.pc)) && text.contains("no instruction FFFFFFFF"), "{text}");
}

#[test]
fn counters_count_conflicts_lines_and_waves() {
    let options = Options { counters: true, ..Options::default() };
    let count = |stride: u32| Some(run("conflicts", stride, options)?.unwrap().counters.unwrap());
    let Some(dense) = count(1) else { return };
    assert_eq!((dense.workgroups, dense.waves), (1, 2));
    // Two waves of 64 words: two phases each, no conflict; 256 bytes a wave are two lines.
    assert_eq!((dense.shared.bytes, dense.shared.phases, dense.shared.conflicts), (512, 4, 0));
    assert_eq!(
        (dense.global.requests, dense.global.bytes, dense.global.half_lines, dense.global.lines),
        (2, 512, 8, 4)
    );
    assert_eq!(dense.global.coalescing, 1.0);
    let strided = count(8).unwrap();
    // 32 lanes on every eighth word use 4 banks, 8 words each.
    assert_eq!((strided.shared.phases, strided.shared.conflicts), (4, 4 * 7));
    assert_eq!((strided.global.half_lines, strided.global.coalescing), (64, 0.125));
    assert_eq!(dense.instructions.loads, 2);
    let occupancy = dense.occupancy.unwrap();
    // 16 KiB of LDS a workgroup: four fit.
    assert_eq!((occupancy.workgroups, occupancy.waves_per_simd, occupancy.limited_by), (4, 2, Limit::Shared));
    let json = serde_json::to_value(&dense).unwrap();
    assert_eq!(json["global"]["lines"], 4);
    assert_eq!(json["occupancy"]["limited_by"], "shared");
}

#[test]
fn lanes_of_wide_loads_and_stores_conflict_by_their_own_phases() {
    let options = Options { counters: true, ..Options::default() };
    let Some(report) = run("wide_conflicts", 0, options) else { return };
    let shared = report.unwrap().counters.unwrap().shared;
    // A phase of the load has a quad of each half of the banks; one of the store has two of the same half, in two rows.
    let (waves, phases) = (2, 8);
    assert_eq!((shared.phases, shared.conflicts), (waves * 2 * phases, waves * phases));
}
