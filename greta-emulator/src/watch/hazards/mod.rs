//! Wait states that the hardware does not insert: how many instructions must lie between one that
//! uses a register and a later one that uses it in another way.
//!
//! Remembers for each register what last wrote it and what still reads it. An instruction is a wait
//! state; `s_nop N` is N + 1. What is asked for stands in [`rules`].

mod roles;
mod rules;

use super::{REGISTERS, each_register, is_vector, register_name};
use crate::CodeObject;
use crate::execute::{Cause, Wave};
use crate::isa::{Detail, Instruction, Op, Ranges};

/// Hardware registers of `s_setreg`, tracked behind the others.
const FIRST_HARDWARE: usize = REGISTERS;
/// The unit of f64 matrix instructions, tracked as a register.
const DOUBLE_UNIT: usize = FIRST_HARDWARE + 64;
const TRACKED: usize = DOUBLE_UNIT + 1;

/// Where code lacks wait states, as far as that shows without running it: every function from its start to its
/// end, as if no branch but an unconditional one were taken.
pub fn missing_wait_states(object: &CodeObject) -> Vec<(u64, Cause)> {
    let program = object.program();
    // Accumulation registers behind the most vector registers that code can name.
    let wave = Wave::new(256, 512, 0);
    let mut missing = Vec::new();
    for symbol in object.symbols.values().filter(|symbol| symbol.is_function) {
        let mut hazards = Hazards::new();
        let end = symbol.offset.saturating_add(symbol.bytes);
        for (pc, instruction) in program.listing(symbol.offset, end).map_while(Result::ok) {
            let (reads, writes) = (instruction.reads(), instruction.writes());
            let checked = hazards.check(&wave, instruction, &reads, &writes);
            missing.extend(checked.err().map(|cause| (pc, cause)));
            hazards.add(&wave, pc, instruction, (&reads, &writes));
            if matches!(instruction.op, Op::s_branch | Op::s_endpgm | Op::s_setpc_b64 | Op::s_swappc_b64) {
                hazards = Hazards::new();
            }
        }
    }
    missing
}

/// What an instruction did to a register.
#[derive(Debug, Clone, Copy)]
struct Event {
    /// Of [`rules::earlier`].
    roles: u32,
    /// Of a matrix instruction.
    passes: u64,
    op: Op,
    /// Wait states of the wave when the instruction had been issued.
    at: u64,
    pc: u64,
    /// The operand that the register belongs to: number of its first register, and how many.
    first: usize,
    count: u32,
}

pub(super) struct Hazards {
    /// The last write of each register.
    writes: Vec<Option<Event>>,
    /// The last read that lasts.
    reads: Vec<Option<Event>>,
    /// Wait states so far.
    now: u64,
}

impl Hazards {
    pub(super) fn new() -> Self {
        Self { writes: vec![None; TRACKED], reads: vec![None; TRACKED], now: 0 }
    }

    pub(super) fn check(
        &self,
        wave: &Wave,
        instruction: &Instruction,
        reads: &Ranges,
        writes: &Ranges,
    ) -> Result<(), Cause> {
        for (range, place) in reads.iter().zip(roles::places(instruction)) {
            let mut first = None;
            each_register(wave, range, |register| {
                let operand = (*first.get_or_insert(register), range.count);
                let role = |event: &Event| roles::read(instruction, place, operand, event);
                self.check_event(wave, register, self.writes[register], role)
            })?;
        }
        for range in writes.iter().filter(|range| is_vector(range.first)) {
            each_register(wave, range, |register| {
                let role = |event: &Event| roles::overwrite(instruction, event);
                self.check_event(wave, register, self.writes[register], role)?;
                self.check_event(wave, register, self.reads[register], role)
            })?;
        }
        for (register, role) in roles::implied(instruction) {
            self.check_event(wave, register, self.writes[register], |_| role)?;
        }
        Ok(())
    }

    fn check_event(
        &self,
        wave: &Wave,
        register: usize,
        event: Option<Event>,
        role: impl Fn(&Event) -> u32,
    ) -> Result<(), Cause> {
        let Some(event) = event else { return Ok(()) };
        let found = self.now - event.at;
        if found >= rules::STATES_MAX {
            return Ok(());
        }
        let needed = rules::needed(event.roles, event.passes, role(&event));
        if found >= needed {
            return Ok(());
        }
        let is_read = event.roles & (rules::earlier::NARROW_SUM | rules::earlier::WIDE_STORE) != 0;
        let register = match register {
            DOUBLE_UNIT => "the f64 matrix unit".to_owned(),
            FIRST_HARDWARE.. => format!("hwreg({})", register - FIRST_HARDWARE),
            _ => register_name(wave, register),
        };
        Err(Cause::Hazard { register, is_read, used_at: event.pc, found, needed })
    }

    pub(super) fn add(&mut self, wave: &Wave, pc: u64, instruction: &Instruction, (reads, writes): (&Ranges, &Ranges)) {
        self.now += match (instruction.op, instruction.detail) {
            (Op::s_nop, Detail::Immediate(count)) => u64::from(count & 15) + 1,
            _ => 1,
        };
        let passes = instruction.op.matrix_timing().map_or(0, |timing| u64::from(timing.passes()));
        let event = |roles, first, count| {
            (roles != 0).then_some(Event { roles, passes, op: instruction.op, at: self.now, pc, first, count })
        };
        for (range, place) in reads.iter().zip(roles::places(instruction)) {
            let roles = roles::lasting_read(instruction, place, range);
            if roles == 0 {
                continue;
            }
            // Registers that exist: there is nothing to fail.
            let _ = each_register(wave, range, |register| {
                self.reads[register] = event(roles, register, range.count);
                Ok(())
            });
        }
        for range in writes.iter() {
            let mut first = None;
            let _ = each_register(wave, range, |register| {
                let first = *first.get_or_insert(register);
                self.writes[register] = event(roles::write(instruction, register), first, range.count);
                Ok(())
            });
        }
        if let Some((register, roles)) = roles::implied_write(instruction) {
            self.writes[register] = event(roles, register, 1);
        }
    }
}
