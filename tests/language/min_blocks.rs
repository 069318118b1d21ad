//! `min_blocks`: what a kernel computes stays as it is, and the compilers keep to the registers that it leaves them.

use crate::{Input, LEN, device, floats, same_bits};
use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::{GFX942, SM_90};
use greta::prelude::*;
use greta::runtime::compile::{self, CompileRequest, Compiler};
use greta_testing::{CubinCosts, MULTIPROCESSOR_REGISTERS};

/// Numbers that a thread holds at a time.
const HELD: u32 = 160;

/// y[i] = sum_k x[(i + k) % 128] / 2^(159 - k), of which the summand that is read last is the first: all are held.
#[kernel(tile(BLOCKS = 1 in [1, 16]), block = 64, min_blocks = BLOCKS * 64 / BLOCK)]
pub fn held_backwards(x: &Volatile<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut held: [f32; HELD];
    #[unroll]
    for k in 0..HELD {
        held[k] = x[(i + k) % 128];
    }
    let mut sum = 0.0;
    #[unroll]
    for k in 0..HELD {
        sum = sum * 0.5 + held[HELD - 1 - k];
    }
    y[i] = sum;
}

crate::kernels!(held_backwards);

#[test]
fn what_a_kernel_computes_does_not_depend_on_the_bound() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let x_at = Input(&input);
    for blocks in [1, 16] {
        let mut y = device.zeroed(LEN).unwrap();
        let kernel = device.kernel(held_backwards::variant().blocks(blocks)).unwrap();
        kernel.launch(&stream, 2, held_backwards::Args { x: &x, y: &mut y }).unwrap();
        for (i, value) in (0..).zip(y.read(&stream).unwrap()) {
            let expected = (0..HELD).rev().fold(0.0, |sum, k| sum * 0.5 + x_at[(i + k) % 128]);
            assert!(same_bits(value, expected), "{blocks} blocks, element {i}: {value}, expected {expected}");
        }
    }
}

#[test]
fn hiprtc_leaves_a_simd_unit_room_for_the_waves_of_the_blocks() {
    let Some(compiler) = greta_testing::ok_or_skip(Compiler::shared()) else { return };
    let waves = |blocks| {
        let kernel = lower(&held_backwards::DEFINITION, &[blocks], &GFX942).unwrap();
        let (source, name, target) = (&emit::hip(&kernel).source, "held_backwards", GFX942.name);
        let compiled = compiler.compile(&CompileRequest { source, name, target, options: &[], line_map: &[] }).unwrap();
        compiled.resources.kernel(name).unwrap().occupancy_waves.unwrap()
    };
    // A block is a wave here.
    let wanted = 16 / GFX942.compute_unit.simds;
    let (free, bounded) = (waves(1), waves(16));
    assert!(free < wanted, "{free} waves for one block");
    assert_eq!(bounded, wanted);
}

#[test]
fn nvrtc_leaves_a_multiprocessor_room_for_the_blocks() {
    let registers = |blocks| {
        let kernel = lower(&held_backwards::DEFINITION, &[blocks], &SM_90).unwrap();
        compile::cuda(&kernel).map(|cubin| CubinCosts::read(&cubin).registers)
    };
    let [free, bounded] = match [registers(1), registers(16)] {
        [Err(greta::Error::NoCuda(reason)), _] => return eprintln!("skipped: {reason}"),
        both => both.map(Result::unwrap),
    };
    let resident = |registers| MULTIPROCESSOR_REGISTERS / (registers * 64);
    assert!(resident(free) < 16, "{free} registers for one block");
    assert!(resident(bounded) >= 16, "{bounded} registers");
}
