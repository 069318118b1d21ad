//! Any instruction on any registers does something or faults, and never panics; and all host
//! instructions give the same bits.

use greta_numerics::Simd;

use super::{GLOBAL, Machine};
use crate::decode::decode;
use crate::isa::{Encoding, Op};

struct Random(u64);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 ^ self.0 >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32
    }

    /// Small numbers, extreme ones, floats, addresses, anything.
    fn value(&mut self) -> u32 {
        let word = self.word();
        match self.word() % 8 {
            0 => word % 128,
            1 => 0u32.wrapping_sub(word % 128),
            2 => {
                [0, 0x8000_0000, 0x7fff_ffff, 0x7f80_0000, 0x7fc0_0000, 0xff80_0000, 0x3f80_0000, 1][word as usize % 8]
            }
            3 => ((word % 2000) as f32 / 7.0 - 140.0).to_bits(),
            4 => GLOBAL as u32 + word % 512 * 4,
            _ => word,
        }
    }

    /// Registers as a program might have left them.
    fn fill(&mut self, machine: &mut Machine) {
        for register in &mut machine.wave.vectors {
            *register = std::array::from_fn(|_| self.value());
        }
        for scalar in &mut machine.wave.scalars {
            *scalar = self.value();
        }
        let mode = self.word();
        machine.wave.mode = if mode.is_multiple_of(4) { mode } else { 0x1f0 };
    }
}

#[test]
fn any_instruction_on_any_registers_executes_or_faults() {
    let mut random = Random(7);
    let mut machine = Machine::new();
    let mut executed = 0;
    for case in 0..100_000 {
        if case % 256 == 0 {
            random.fill(&mut machine);
        }
        // Most words of the 64-bit formats are instructions; each format has its share.
        let words = [random.word(), random.word()];
        let Some(instruction) = decode(words[0], Some(words[1])) else { continue };
        executed += usize::from(machine.execute(&instruction).is_ok());
        machine.wave.pc &= 0xffff;
    }
    assert!(executed > 20_000, "{executed} executed");
}

#[test]
fn every_set_of_host_instructions_gives_the_same_bits() {
    let mut random = Random(11);
    let mut compared = 0;
    for _ in 0..4_000 {
        let words = [random.word(), random.word()];
        let Some(instruction) = decode(words[0], Some(words[1])) else { continue };
        let is_vector = matches!(
            instruction.row().encoding,
            Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p | Encoding::Mai
        );
        if !is_vector || instruction.op == Op::v_nop {
            continue;
        }
        let seed = random.0;
        let outcome = |simd: Simd| {
            let mut machine = Machine::new();
            Random(seed).fill(&mut machine);
            let result = machine.execute_with(&instruction, simd);
            (result, machine.wave.vectors, machine.wave.scalars)
        };
        let portable = outcome(Simd::PORTABLE);
        for simd in Simd::available() {
            assert!(outcome(simd) == portable, "{instruction} differs on {simd:?}");
        }
        compared += 1;
    }
    assert!(compared > 400, "{compared} compared");
}
