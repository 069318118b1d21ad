//! Executes decoded instructions, one wave at a time.
//!
//! [`run`] takes a wave from where it stands to its next barrier, its end, or what stops it. Memory
//! accesses happen at once and in program order; waiting for them is nothing. An instruction that is
//! not implemented stops the wave. Knows nothing of grids and launches.

mod access;
mod action;
mod cause;
mod lanes;
mod matrix;
mod narrow;
mod packed;
mod scalar;
mod simd;
mod space;
mod vector;
mod wave;
mod wide;

use greta_numerics::Simd;

use crate::Program;
use crate::isa::{Encoding, Instruction};
pub use cause::Cause;
pub(crate) use space::Group;
pub(crate) use wave::{LANES, PRIVATE_BASE, SHARED_BASE, Status, Wave};

/// MODE's fields for rounding, which must be 0: to nearest even.
const ROUNDING: u32 = 0xf;
/// MODE's fields for subnormals, which must be set: kept.
const SUBNORMALS: u32 = 0xf0;

/// Refuses modes in which results would be wrong.
pub(crate) fn check_mode(mode: u32) -> Result<(), Cause> {
    if mode & ROUNDING == 0 && mode & SUBNORMALS == SUBNORMALS { Ok(()) } else { Err(Cause::Unimplemented) }
}

/// How long a wave may run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Instructions in all.
    pub(crate) budget: u64,
    /// Instructions until others have their turn.
    pub(crate) turn: u64,
}

/// Runs a wave until it waits, ends, or others have their turn.
///
/// # Errors
/// The offset of the instruction that did not execute, and why.
pub(crate) fn run(
    wave: &mut Wave,
    group: &mut Group<'_>,
    program: &Program,
    simd: Simd,
    limits: Limits,
) -> Result<(), (u64, Cause)> {
    let end = wave.instructions.saturating_add(limits.turn);
    while wave.status == Status::Running && wave.instructions < end {
        let pc = wave.pc;
        let index = pc.wrapping_sub(program.start());
        let slot = usize::try_from(index / 4).ok().filter(|_| index.is_multiple_of(4));
        let instruction = slot.and_then(|slot| program.slots().get(slot)).and_then(Option::as_ref);
        let instruction = instruction.ok_or((pc, Cause::NoInstruction))?;
        if wave.instructions >= limits.budget {
            return Err((pc, Cause::Budget { limit: limits.budget }));
        }
        wave.instructions += 1;
        wave.pc = pc.wrapping_add(instruction.bytes());
        step(wave, group, simd, instruction).map_err(|cause| (pc, cause))?;
    }
    Ok(())
}

fn step(wave: &mut Wave, group: &mut Group<'_>, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    match instruction.row().encoding {
        Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopc | Encoding::Sopk | Encoding::Sopp => {
            scalar::execute(wave, group.base, instruction)
        }
        Encoding::Smem => access::execute_scalar(wave, group, instruction),
        Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p => {
            vector::execute(wave, simd, instruction)
        }
        Encoding::Mai => matrix::execute(wave, simd, instruction),
        Encoding::Ds => access::execute_shared(wave, group, instruction),
        Encoding::Flat | Encoding::Global | Encoding::Scratch | Encoding::Mubuf => {
            access::execute(wave, group, instruction)
        }
        Encoding::Mtbuf => Err(Cause::Unimplemented),
    }
}
