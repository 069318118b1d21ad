//! Instructions that a target, or the interpreter, does not have.

use greta::codegen::lower::lower;
use greta::codegen::mfma::{Format, Role};
use greta::codegen::target::{GFX90A, GFX942, GFX950, SM_90};
use greta::prelude::Device;

use crate::kernels::{ENTRIES, Entry};

fn entry(name: &str) -> &'static Entry {
    ENTRIES.iter().find(|entry| entry.row.name == name).unwrap()
}

#[test]
fn an_instruction_that_a_target_lacks_is_refused_with_those_that_it_has() {
    let wanted = [
        (
            &GFX90A,
            "mfma_i32_16x16x32_i8",
            "gfx90a has no mfma_i32_16x16x32_i8; it is available on gfx942, gfx950. For operands of these types it has \
             mfma_i32_32x32x4_2b_i8, mfma_i32_16x16x4_4b_i8, mfma_i32_4x4x4_16b_i8, mfma_i32_32x32x8_i8, \
             mfma_i32_16x16x16_i8",
        ),
        (
            &GFX950,
            "mfma_f32_16x16x8_xf32",
            "gfx950 has no mfma_f32_16x16x8_xf32; it is available on gfx942. Fragments `F32_16x16x4` work on every target: \
             write `Accumulator::mma` with `FragmentA` and `FragmentB`",
        ),
    ];
    for (target, name, message) in wanted {
        let error = lower(entry(name).intrinsic, &[], target).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn every_instruction_is_refused_on_the_targets_that_lack_it() {
    let mut refusals = 0;
    for target in [&GFX90A, &GFX942, &GFX950] {
        for entry in ENTRIES {
            for kernel in [entry.intrinsic, entry.fragments] {
                let lowered = lower(kernel, &[], target);
                if entry.row.opt_cycles(target.name).is_some() {
                    assert!(lowered.is_ok(), "{} on {}", entry.row.name, target.name);
                    continue;
                }
                let (error, wanted) =
                    (lowered.unwrap_err().to_string(), format!("{} has no {}", target.name, entry.row.name));
                assert!(error.contains(&wanted), "{error}");
                let floats = entry.row.formats[0] != Format::I8;
                refusals += u32::from(floats && target.name == GFX942.name);
            }
        }
    }
    assert_ne!(refusals, 0, "gfx942 lacks instructions of floats that gfx90a and gfx950 have");
}

/// The shapes of AMD's instructions that NVIDIA multiplies by one of its own, or without one.
const TAKEN_ON_NVIDIA: &[&str] = &["F32_16x16x4", "Xf32_16x16x8", "F16_16x16x16", "Bf16_16x16x16", "I8_16x16x32"];

#[test]
fn fragments_of_shapes_that_a_target_lacks_are_refused() {
    let mut taken = Vec::new();
    for entry in ENTRIES {
        match lower(entry.fragments, &[], &SM_90) {
            Ok(_) => taken.push(entry.row.shape),
            Err(error) => {
                let (error, wanted) = (error.to_string(), format!("sm_90 has no {}", entry.row.name));
                assert!(error.contains(&wanted), "{error}");
            }
        }
    }
    assert_eq!(taken, TAKEN_ON_NVIDIA);
}

/// How gfx950 rounds products of floats has no public source.
#[test]
fn the_interpreter_refuses_floats_on_instructions_that_are_new_on_gfx950() {
    let device = Device::open("cpu:gfx950").unwrap();
    let rows = ENTRIES.iter().filter(|entry| entry.is_new_on_gfx950() && entry.row.formats[0] != Format::I8);
    assert_ne!(rows.clone().count(), 0);
    for entry in rows {
        let [a, b, c] = Role::ALL.map(|role| {
            let (rows, columns) = entry.row.size(role);
            vec![0_u64; (rows * columns) as usize]
        });
        let error = (entry.run_fragments)(&device, [&a, &b, &c], 1).unwrap_err().to_string();
        assert!(error.contains(&format!("{} is not supported by the interpreter", entry.row.name)), "{error}");
    }
}
