//! Instructions one at a time, from their encoding to the registers.

mod coverage;
mod division;
mod matrix;
mod memory;
mod modes;
mod random;

use greta_numerics::Simd;

use super::{Cause, Group, LANES, Wave, step};
use crate::decode::decode;
use crate::isa::{Encoding, Instruction, ROWS};
use crate::memory::{Allocation, View};

/// Where the test's global memory is.
const GLOBAL: u64 = 0x10_0000;
const GLOBAL_BYTES: u64 = 0x1000;

/// A wave with memory.
struct Machine {
    wave: Wave,
    shared: Vec<u8>,
    global: Allocation,
}

impl Machine {
    fn new() -> Self {
        let mut wave = Wave::new(256, 512, 256);
        wave.mode = 0x1f0;
        wave.set_exec(u64::MAX);
        let global = Allocation::new(GLOBAL, GLOBAL_BYTES).unwrap();
        Self { wave, shared: vec![0; 4096], global }
    }

    /// Executes an instruction given by its words.
    fn run(&mut self, words: [u32; 2]) -> Result<(), Cause> {
        let instruction = decode(words[0], Some(words[1])).expect("the words are an instruction");
        self.execute(&instruction)
    }

    fn execute(&mut self, instruction: &Instruction) -> Result<(), Cause> {
        self.execute_with(instruction, Simd::best())
    }

    fn execute_with(&mut self, instruction: &Instruction, simd: Simd) -> Result<(), Cause> {
        let shared = std::mem::take(&mut self.shared);
        let mut group = Group { view: View::new(&[], &self.global), shared, base: 0, watch: None, count: None };
        let result = step(&mut self.wave, &mut group, simd, instruction);
        self.shared = group.shared;
        result
    }

    fn vector(&self, register: usize) -> [u32; LANES] {
        self.wave.vectors[register]
    }

    fn set_vector(&mut self, register: usize, lane: impl Fn(usize) -> u32) {
        self.wave.vectors[register] = std::array::from_fn(lane);
    }

    fn word(&self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        assert!(self.global.read(address, &mut bytes));
        u32::from_le_bytes(bytes)
    }
}

/// The opcode of a vector instruction in the form of VOP3.
fn opcode(mnemonic: &str) -> u32 {
    let row = ROWS.iter().find(|row| row.mnemonic == mnemonic).unwrap();
    let base = match row.encoding {
        Encoding::Vop1 => 0x140,
        Encoding::Vop2 => 0x100,
        _ => 0,
    };
    base + u32::from(row.opcode)
}

/// Words of a VOP3 instruction: opcode, result, sources.
fn vop3(opcode: u32, dst: u32, sources: [u32; 3]) -> [u32; 2] {
    [0xd000_0000 | opcode << 16 | dst, sources[0] | sources[1] << 9 | sources[2] << 18]
}

/// The number of a vector register as a source.
const fn v(index: u32) -> u32 {
    256 + index
}
