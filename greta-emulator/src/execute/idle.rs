//! Whether a wave only waits: goes round a loop that reads memory, and comes back as it was.
//!
//! Guarantees: a wave that is found to wait goes on so until another one writes what it reads. A loop that counts, keeps
//! the time or is long is not found; one whose atomic operations write and whose results it drops may be found though it
//! does not wait, so a launch is given up only after many rounds of nothing else. Finding out runs the wave, as any other
//! turn does.

use greta_numerics::Simd;

use super::action::{Action, action};
use super::address::global_accesses;
use super::cause::Cause;
use super::space::Group;
use super::wave::{Registers, Status, Wave};
use super::{Limits, run};
use crate::Program;
use crate::isa::{Encoding, Instruction};

/// Instructions of the longest loop that is taken for waiting.
const LOOP_MAX: u64 = 256;

/// Runs a wave round its loop, if it is in a short one, and says whether it waits there.
///
/// # Errors
/// As for [`run`].
pub(crate) fn is_waiting(
    wave: &mut Wave,
    group: &mut Group<'_>,
    program: &Program,
    simd: Simd,
    budget: u64,
) -> Result<bool, (u64, Cause)> {
    if !goes_round(wave, group, program, simd, budget)? {
        return Ok(false);
    }
    let (registers, shared) = (Registers::of(wave), group.shared.clone());
    let goes_round = goes_round(wave, group, program, simd, budget)?;
    Ok(goes_round && registers.are_those_of(wave) && shared == group.shared)
}

/// Runs a wave until it is back where it stands. False if that is far, if it reads nothing on its way, or writes device
/// memory.
fn goes_round(
    wave: &mut Wave,
    group: &mut Group<'_>,
    program: &Program,
    simd: Simd,
    budget: u64,
) -> Result<bool, (u64, Cause)> {
    let (start, mut has_read) = (wave.pc, false);
    for _ in 0..LOOP_MAX {
        if let Ok(instruction) = program.at(wave.pc) {
            if writes_memory(wave, instruction) {
                return Ok(false);
            }
            has_read |= reads_memory(wave, instruction);
        }
        run(wave, group, program, simd, Limits { budget, turn: 1 })?;
        if wave.status != Status::Running {
            return Ok(false);
        }
        if wave.pc == start {
            return Ok(has_read);
        }
    }
    Ok(false)
}

/// Whether an instruction writes device memory. An atomic that gives what was there shows in the registers whether it
/// changes anything.
fn writes_memory(wave: &Wave, instruction: &Instruction) -> bool {
    match action(instruction.op) {
        Some(Action::Store { .. } | Action::StoreFormat(_)) => reaches_memory(wave, instruction),
        Some(Action::Atomic { .. }) => !instruction.dst.is_some() && reaches_memory(wave, instruction),
        _ => false,
    }
}

/// Whether an instruction reads memory, LDS among it.
fn reads_memory(wave: &Wave, instruction: &Instruction) -> bool {
    match action(instruction.op) {
        Some(action) => matches!(action, Action::Load { .. } | Action::LoadFormat(_) | Action::Atomic { .. }),
        None => instruction.row().encoding == Encoding::Smem && reaches_memory(wave, instruction),
    }
}

fn reaches_memory(wave: &Wave, instruction: &Instruction) -> bool {
    let mut is_reached = false;
    global_accesses(wave, instruction, |_, _| is_reached = true);
    is_reached
}
