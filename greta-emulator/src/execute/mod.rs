//! Executes decoded instructions, one wave at a time.
//!
//! [`run`] takes a wave from where it stands to its next barrier, its end, or what stops it. Memory
//! accesses happen at once and in program order; waiting for them is nothing. An instruction that is
//! not implemented stops the wave. Knows nothing of grids and launches.

mod access;
mod action;
mod address;
mod bytes;
mod cause;
mod constant;
mod convert;
mod cube;
mod float;
mod format;
mod idle;
mod lanes;
mod local;
mod masked;
mod matrix;
mod narrow;
mod packed;
mod rounding;
mod scalar;
mod short;
mod simd;
mod space;
mod sparse;
#[cfg(test)]
mod tests;
mod trig;
mod vector;
mod wave;
mod wide;
mod words;

use greta_numerics::Simd;

use crate::Program;
use crate::isa::{Encoding, Instruction, Op};
pub(crate) use address::{SharedAccess, global_accesses, of_flat as flat_target, shared_accesses};
pub use cause::Cause;
pub(crate) use idle::is_waiting;
pub(crate) use space::{Group, Target};
pub(crate) use wave::{LANES, PRIVATE_BASE, SHARED_BASE, Status, Wave};

/// The rows that are decoded and printed, and stop a wave that reaches them.
pub const UNEXECUTED: &[Op] = &[
    // The divergence stack, which no compiler uses, and returns from trap handlers.
    Op::s_rfe_b64,
    Op::s_cbranch_join,
    Op::s_cbranch_g_fork,
    Op::s_rfe_restore_b64,
    Op::s_setvskip,
    Op::s_cbranch_i_fork,
    // What graphics and debuggers do to a wave.
    Op::s_setkill,
    Op::s_sethalt,
    Op::s_sendmsghalt,
    // Scratch by scalar offset, for which the architected scheme has no base.
    Op::s_scratch_load_dword,
    Op::s_scratch_load_dwordx2,
    Op::s_scratch_load_dwordx4,
    Op::s_scratch_store_dword,
    Op::s_scratch_store_dwordx2,
    Op::s_scratch_store_dwordx4,
    // A table of the rasteriser, and synchronisation across the device.
    Op::v_screen_partition_4se_b32,
    Op::ds_gws_sema_release_all,
    Op::ds_gws_init,
    Op::ds_gws_sema_v,
    Op::ds_gws_sema_br,
    Op::ds_gws_sema_p,
    Op::ds_gws_barrier,
];

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
    wave.turn_end = wave.instructions.saturating_add(limits.turn);
    while wave.status == Status::Running && wave.instructions < wave.turn_end {
        let pc = wave.pc;
        let index = pc.wrapping_sub(program.start());
        let slot = usize::try_from(index / 4).ok().filter(|_| index.is_multiple_of(4));
        let instruction = slot.and_then(|slot| program.slots().get(slot)).and_then(Option::as_ref);
        let instruction = instruction.ok_or_else(|| (pc, no_instruction(program, pc)))?;
        if wave.instructions >= limits.budget {
            return Err((pc, Cause::Budget { limit: limits.budget }));
        }
        if let Some(watch) = &mut group.watch {
            watch.before(wave, pc, instruction).map_err(|cause| (pc, cause))?;
        }
        if let Some(count) = &mut group.count {
            count.before(wave, instruction);
        }
        wave.instructions += 1;
        wave.pc = pc.wrapping_add(instruction.bytes());
        step(wave, group, simd, instruction).map_err(|cause| (pc, cause))?;
    }
    Ok(())
}

fn no_instruction(program: &Program, pc: u64) -> Cause {
    let words = program.words_at(pc);
    if words.is_empty() { Cause::OutsideCode } else { Cause::UnknownInstruction { words } }
}

fn step(wave: &mut Wave, group: &mut Group<'_>, simd: Simd, instruction: &Instruction) -> Result<(), Cause> {
    match instruction.row().encoding {
        Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopc | Encoding::Sopk | Encoding::Sopp => {
            scalar::execute(wave, group.base, instruction)
        }
        Encoding::Smem => constant::execute(wave, group, instruction),
        Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p => {
            vector::execute(wave, simd, instruction)
        }
        Encoding::Mai => matrix::execute(wave, simd, instruction),
        Encoding::Ds => local::execute(wave, group, instruction),
        Encoding::Flat | Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf => {
            access::execute(wave, group, instruction)
        }
    }
}
