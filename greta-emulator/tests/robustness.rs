//! Arbitrary bytes and damaged objects give a value or a fault, never a panic.

use std::path::PathBuf;

use greta_emulator::decode::decode;
use greta_emulator::isa::{Detail, ROWS};
use greta_emulator::{CodeObject, Launch, Memory, Module, Options, Program, launch, missing_wait_states};
use proptest::prelude::*;

/// The third-party objects beside the repository.
fn third_party_objects() -> Vec<PathBuf> {
    greta_testing::shared_files("objects", "hsaco")
}

fn use_all_of(object: &CodeObject) {
    let program = object.program();
    for kernel in &object.kernels {
        for line in program.listing(kernel.entry, object.text.end) {
            let Ok((offset, instruction)) = line else { break };
            let _ = (instruction.to_string(), instruction.branch_target(offset));
        }
        let _ = (kernel.descriptor.user_sgprs(), kernel.descriptor.vgprs());
    }
    // A damaged size may ask for a gigabyte, which need not be copied 16,000 times.
    if object.image.len() < 1 << 20 {
        let _ = object.place(0x7f00_0000_0000);
    }
    let _ = (object.function_at(object.text.start), missing_wait_states(object));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_two_words_decode_or_do_not(first: u32, second: Option<u32>) {
        if let Some(instruction) = decode(first, second) {
            prop_assert!((1..=2).contains(&instruction.dwords));
            prop_assert!(second.is_some() || instruction.dwords == 1);
            prop_assert!(instruction.to_string().starts_with(instruction.row().mnemonic));
            let _ = instruction.branch_target(u64::MAX);
        }
    }

    /// Most of these end at the header; the objects of the tests below are what gets past it.
    #[test]
    fn any_bytes_are_an_object_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200), start in 0..4usize) {
        let magic: [&[u8]; 4] = [b"", b"\x7fELF\x02\x01\x01\x40", b"__CLANG_OFFLOAD_BUNDLE__", b"CCOB\x02\x00\x01\x00"];
        let bytes: Vec<u8> = magic[start].iter().copied().chain(bytes).collect();
        if let Ok(object) = CodeObject::load(&bytes) {
            use_all_of(&object);
        }
    }
}

#[test]
fn damaged_objects_load_or_fault() {
    let objects = third_party_objects();
    let mut outcomes = [0; 2];
    for path in &objects {
        let whole = std::fs::read(path).expect("the object can be read");
        let mut state = 0x1234_5678_9abc_def0_u64;
        for _ in 0..2_000 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Headers, notes and tables are at the start; half of the damage goes there.
                let reach = if state & 1 == 0 { bytes.len().min(0x700) } else { bytes.len() };
                let at = (state >> 33) as usize % reach;
                bytes[at] = (state >> 8) as u8;
            }
            if state & 0xf00 == 0 {
                bytes.truncate((state >> 20) as usize % whole.len());
            }
            let object = CodeObject::load(&bytes);
            outcomes[usize::from(object.is_ok())] += 1;
            if let Ok(object) = object {
                use_all_of(&object);
            }
        }
    }
    let [faults, whole] = outcomes;
    println!("{faults} faults, {whole} that load");
    assert!(objects.is_empty() || (faults > 1_000 && whole > 1_000), "{faults} faults, {whole} that load");
}

/// Damaged code on real arguments: whatever it does, it ends or faults, with checks and counters on.
#[test]
fn damaged_code_runs_or_faults() {
    let mut outcomes = [0; 2];
    let objects = third_party_objects();
    for path in &objects {
        let whole = std::fs::read(path).expect("the object can be read");
        let text = CodeObject::load(&whole).expect("the object is whole").text;
        let mut state = 0x0fed_cba9_8765_4321_u64;
        for _ in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Code lies in the file where it lies in memory, less a page.
                let at = text.start.saturating_sub(0x1000) + (state >> 33) % (text.end - text.start);
                bytes[at as usize] = (state >> 8) as u8;
            }
            let memory = Memory::new();
            let Ok(module) = Module::load(&memory, &bytes) else { continue };
            let buffer = memory.allocate(1 << 20).expect("there is room");
            let arguments = buffer.to_le_bytes().repeat(8);
            for kernel in &module.object.kernels {
                let options = Options { budget: 20_000, checks: true, counters: true, ..Options::default() };
                let request = Launch { block: [256, 1, 1], options, ..Launch::new(&module, kernel, &arguments) };
                outcomes[usize::from(launch(&memory, &request).is_ok())] += 1;
            }
        }
    }
    let [faults, ends] = outcomes;
    println!("{faults} faults, {ends} ends");
    // Damage is small: much of it is in constants and in what does not run.
    assert!(objects.is_empty() || (faults > 100 && ends > 20), "{faults} faults, {ends} ends");
}

#[test]
fn an_unknown_word_faults_when_it_is_reached_and_names_itself() {
    let text: Vec<u8> = [0xbf80_0000_u32, 0xffff_ffff].into_iter().flat_map(u32::to_le_bytes).collect();
    let program = Program::decode(0x100, &text);
    assert!(program.at(0x100).is_ok());
    let fault = program.at(0x104).expect_err("no instruction has all bits set").to_string();
    assert_eq!(fault, "unknown instruction at 0x104: FFFFFFFF");
    assert!(program.at(0x102).is_err() && program.at(0x108).is_err() && program.at(0).is_err());
}

#[test]
fn the_table_is_consistent() {
    for row in ROWS {
        assert_eq!(row.op.row(), row);
        assert_eq!(greta_emulator::isa::Op::find(row.encoding, u32::from(row.opcode)), Some(row.op));
    }
    assert_eq!(decode(0x7e02_0281, None).map(|mov| (mov.dwords, mov.detail)), Some((1, Detail::None)));
}

/// Objects say in their flags whether they need xnack or cannot have sramecc; the device has sramecc+ and xnack-.
#[test]
fn objects_for_other_features_are_refused() {
    for path in third_party_objects() {
        let mut bytes = std::fs::read(&path).expect("the object can be read");
        // `e_flags`, whose second byte holds the features: xnack in bits 0 and 1, sramecc in bits 2 and 3.
        const FEATURES: usize = 0x31;
        for (features, refused) in [
            (0b0000, None),
            (0b0101, None),
            (0b1110, None),
            (0b0111, Some("gfx942:xnack+; this one is gfx942:xnack-")),
            (0b1001, Some("gfx942:sramecc-; this one is gfx942:sramecc+")),
        ] {
            bytes[FEATURES] = bytes[FEATURES] & 0xf0 | features;
            let fault = CodeObject::load(&bytes).err().map(|fault| fault.to_string());
            assert_eq!(fault.is_some(), refused.is_some(), "{features:#b}: {fault:?}");
            assert!(fault.unwrap_or_default().contains(refused.unwrap_or_default()));
        }
    }
}
