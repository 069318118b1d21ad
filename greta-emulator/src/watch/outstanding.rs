//! Loads that a program has not waited for: their registers may not be touched.
//!
//! `vmcnt` counts vector memory and `lgkmcnt` LDS and scalar memory (CDNA3 ISA document, section
//! 4.4). Vector memory and LDS return in order; scalar loads in any, so that only a wait for none
//! says that one is done.

use std::collections::VecDeque;

use super::{REGISTERS, each_register, register_name};
use crate::execute::{Cause, Target, Wave, flat_target};
use crate::isa::{Detail, Encoding, Flags, Instruction, Kind, Op};

/// The counter to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counter {
    Vector,
    Local,
}

/// An access under way and the registers that it will write.
struct Access {
    is_scalar: bool,
    registers: Vec<usize>,
}

pub(super) struct Outstanding {
    vector: VecDeque<Access>,
    local: VecDeque<Access>,
    /// For each register the access that will write it: its place in the code and its counter.
    pending: Vec<Option<(u64, Counter)>>,
    /// How many registers are pending, so that most instructions ask nothing.
    count: usize,
}

impl Outstanding {
    pub(super) fn new() -> Self {
        Self { vector: VecDeque::new(), local: VecDeque::new(), pending: vec![None; REGISTERS], count: 0 }
    }

    pub(super) fn check(&self, wave: &Wave, register: usize) -> Result<(), Cause> {
        if self.count == 0 {
            return Ok(());
        }
        match self.pending[register] {
            None => Ok(()),
            Some((loaded_at, counter)) => Err(Cause::OutstandingLoad {
                register: register_name(wave, register),
                counter: if counter == Counter::Vector { "vmcnt" } else { "lgkmcnt" },
                loaded_at,
            }),
        }
    }

    pub(super) fn wait(&mut self, instruction: &Instruction) {
        let Detail::Immediate(bits) = instruction.detail else { return };
        let bits = usize::from(bits);
        self.retire(Counter::Vector, bits & 15 | bits >> 14 << 4);
        self.retire(Counter::Local, bits >> 8 & 15);
    }

    /// All but the last `left` accesses are done.
    fn retire(&mut self, counter: Counter, left: usize) {
        let queue = if counter == Counter::Vector { &mut self.vector } else { &mut self.local };
        let in_order = left == 0 || !queue.iter().any(|access| access.is_scalar);
        while in_order && queue.len() > left {
            for register in queue.pop_front().into_iter().flat_map(|access| access.registers) {
                if self.pending[register].take().is_some() {
                    self.count -= 1;
                }
            }
        }
    }

    pub(super) fn add(&mut self, wave: &Wave, pc: u64, instruction: &Instruction) {
        let Some(counter) = counter(wave, instruction) else { return };
        let mut registers = Vec::new();
        for range in instruction.writes().iter() {
            // Registers that exist: there is nothing to fail.
            let _ = each_register(wave, range, |register| {
                registers.push(register);
                Ok(())
            });
        }
        for &register in &registers {
            self.count += usize::from(self.pending[register].is_none());
            self.pending[register] = Some((pc, counter));
        }
        let is_scalar = instruction.row().encoding == Encoding::Smem;
        let queue = if counter == Counter::Vector { &mut self.vector } else { &mut self.local };
        queue.push_back(Access { is_scalar, registers });
    }
}

fn counter(wave: &Wave, instruction: &Instruction) -> Option<Counter> {
    let row = instruction.row();
    match row.encoding {
        Encoding::Mubuf if row.dst == Kind::None && row.src[0] == Kind::None && !row.flags.has(Flags::LDS) => {
            matches!(instruction.op, Op::buffer_wbl2).then_some(Counter::Vector)
        }
        Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf => Some(Counter::Vector),
        // Where it goes says which counter brings the result; compilers that know wait for one.
        Encoding::Flat => {
            let lane = wave.exec().trailing_zeros() as usize % 64;
            let is_shared = matches!(flat_target(wave, instruction, lane), Target::Shared(_));
            Some(if is_shared { Counter::Local } else { Counter::Vector })
        }
        Encoding::Ds if instruction.op != Op::ds_nop => Some(Counter::Local),
        Encoding::Smem if row.dst != Kind::None => Some(Counter::Local),
        _ => None,
    }
}
