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
    number: u64,
    is_scalar: bool,
    registers: Vec<usize>,
}

/// What a register waits for.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// The number of the last access that will write it.
    access: u64,
    /// Where that is in the code.
    pc: u64,
    counter: Counter,
}

pub(super) struct Outstanding {
    vector: VecDeque<Access>,
    local: VecDeque<Access>,
    pending: Vec<Option<Pending>>,
    /// How many registers are pending, so that most instructions ask nothing.
    count: usize,
    /// Accesses so far.
    number: u64,
}

impl Outstanding {
    pub(super) fn new() -> Self {
        let pending = vec![None; REGISTERS];
        Self { vector: VecDeque::new(), local: VecDeque::new(), pending, count: 0, number: 0 }
    }

    /// A register is read, or written by what does not come behind the load.
    pub(super) fn check(&self, wave: &Wave, register: usize) -> Result<(), Cause> {
        if self.count == 0 {
            return Ok(());
        }
        match self.pending[register] {
            None => Ok(()),
            Some(Pending { pc, counter, .. }) => Err(Cause::OutstandingLoad {
                register: register_name(wave, register),
                counter: if counter == Counter::Vector { "vmcnt" } else { "lgkmcnt" },
                loaded_at: pc,
            }),
        }
    }

    /// A register is written. A load of vector memory may write what another one will: they return in order.
    pub(super) fn check_write(&self, wave: &Wave, instruction: &Instruction, register: usize) -> Result<(), Cause> {
        let is_behind = self.pending[register].is_some_and(|pending| pending.counter == Counter::Vector)
            && matches!(
                instruction.row().encoding,
                Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf
            );
        if is_behind { Ok(()) } else { self.check(wave, register) }
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
            let Some(Access { number, registers, .. }) = queue.pop_front() else { break };
            for register in registers {
                if self.pending[register].is_some_and(|pending| pending.access == number) {
                    self.pending[register] = None;
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
        self.number += 1;
        let number = self.number;
        for &register in &registers {
            self.count += usize::from(self.pending[register].is_none());
            self.pending[register] = Some(Pending { access: number, pc, counter });
        }
        let is_scalar = instruction.row().encoding == Encoding::Smem;
        let queue = if counter == Counter::Vector { &mut self.vector } else { &mut self.local };
        queue.push_back(Access { number, is_scalar, registers });
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
