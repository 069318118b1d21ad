//! What an MI300X does not tell: programs whose result depends on timing, or on what was never
//! written.
//!
//! A [`Watch`] sees every instruction before it runs, with the registers as they are then. It keeps
//! shadows of the registers and of LDS; it changes nothing that the program can see. Knows nothing of
//! how instructions are executed.

mod hazards;
mod outstanding;
mod shared;
mod written;

use crate::execute::{Cause, LANES, Wave};
use crate::isa::{Detail, Encoding, Instruction, Kind, Op, Operand, Place, Range};
use hazards::Hazards;
pub use hazards::missing_wait_states;
use outstanding::Outstanding;
use shared::SharedShadow;
use written::Written;

/// Vector registers of a lane, both kinds, and scalar registers.
const VECTOR_REGISTERS: usize = 512;
const REGISTERS: usize = VECTOR_REGISTERS + 128;
/// Warnings of a workgroup that are kept.
const WARNINGS_MAX: usize = 16;

/// Something doubtful: where, by wave and program counter, and what.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    pub(crate) wave: usize,
    pub(crate) pc: u64,
    pub(crate) cause: Cause,
}

/// The shadows of a workgroup.
pub(crate) struct Watch {
    waves: Vec<WaveShadow>,
    shared: SharedShadow,
    pub(crate) doubts: Vec<Doubt>,
}

struct WaveShadow {
    outstanding: Outstanding,
    hazards: Hazards,
    written: Written,
}

impl Watch {
    pub(crate) fn new(waves: usize, shared_bytes: usize) -> Self {
        let shadow =
            || WaveShadow { outstanding: Outstanding::new(), hazards: Hazards::new(), written: Written::new() };
        Self {
            waves: (0..waves).map(|_| shadow()).collect(),
            shared: SharedShadow::new(shared_bytes),
            doubts: Vec::new(),
        }
    }

    /// A new workgroup: its waves are as they start.
    pub(crate) fn start(&mut self, waves: &[Wave]) {
        self.shared.start();
        for (shadow, wave) in self.waves.iter_mut().zip(waves) {
            shadow.outstanding = Outstanding::new();
            shadow.hazards = Hazards::new();
            shadow.written.start(wave.exec());
        }
    }

    /// All waves passed a barrier.
    pub(crate) fn pass_barrier(&mut self) {
        self.shared.pass_barrier();
    }

    /// A wave is about to run an instruction.
    pub(crate) fn before(&mut self, wave: &Wave, pc: u64, instruction: &Instruction) -> Result<(), Cause> {
        let Some(shadow) = self.waves.get_mut(wave.number) else { return Ok(()) };
        if instruction.op == Op::s_waitcnt {
            shadow.outstanding.wait(instruction);
        }
        let (reads, writes) = (instruction.reads(), instruction.writes());
        for range in reads.iter() {
            each_register(wave, range, |register| shadow.outstanding.check(wave, register))?;
        }
        for range in writes.iter() {
            each_register(wave, range, |register| shadow.outstanding.check_write(wave, instruction, register))?;
        }
        shadow.hazards.check(wave, instruction, &reads, &writes)?;
        let is_masked = is_by_lane(instruction);
        let lanes = if is_masked { wave.exec() } else { u64::MAX };
        let mut unwritten = None;
        let is_copy = is_copy(instruction);
        for range in reads.iter().filter(|_| !is_copy) {
            each_register(wave, range, |register| {
                if !shadow.written.holds(register, lanes) {
                    unwritten.get_or_insert(register);
                }
                Ok(())
            })?;
        }
        for range in writes.iter() {
            let mut index = 0;
            each_register(wave, range, |register| {
                let from = if is_copy { wave.register(instruction.src[0], index) } else { None };
                shadow.written.add(register, lanes, from);
                index += 1;
                Ok(())
            })?;
        }
        shadow.hazards.add(wave, pc, instruction, (&reads, &writes));
        shadow.outstanding.add(wave, pc, instruction);
        if let Some(register) = unwritten {
            self.doubt(wave, pc, Cause::UnwrittenRegister { register: register_name(wave, register) });
        }
        if let Some(unwritten) = self.shared.access(wave, instruction)? {
            self.doubt(wave, pc, unwritten);
        }
        Ok(())
    }

    fn doubt(&mut self, wave: &Wave, pc: u64, cause: Cause) {
        if self.doubts.len() < WARNINGS_MAX && self.doubts.iter().all(|doubt| doubt.pc != pc) {
            self.doubts.push(Doubt { wave: wave.number, pc, cause });
        }
    }
}

/// Whether lanes that are off neither read nor write.
fn is_by_lane(instruction: &Instruction) -> bool {
    let crosses = matches!(instruction.op, Op::v_readlane_b32 | Op::v_readfirstlane_b32 | Op::v_writelane_b32);
    let is_matrix = instruction.row().encoding == Encoding::Mai && instruction.op.matrix_timing().is_some();
    !(crosses || is_matrix || matches!(instruction.detail, Detail::Dpp(_)))
}

/// Whether it only moves what a register holds, so that what was never written may go along: compilers
/// save whole registers of which they use a part.
fn is_copy(instruction: &Instruction) -> bool {
    let is_move = matches!(
        instruction.op,
        Op::v_mov_b32 | Op::v_mov_b64 | Op::v_accvgpr_read_b32 | Op::v_accvgpr_write_b32 | Op::v_accvgpr_mov_b32
    );
    let is_plain = matches!(instruction.detail, Detail::None);
    let is_saved = instruction.row().encoding == Encoding::Scratch && instruction.row().src[0] != Kind::None;
    is_move && is_plain || is_saved
}

/// The numbers of a range's registers: vector registers first, scalar registers after them.
fn each_register(wave: &Wave, range: Range, mut each: impl FnMut(usize) -> Result<(), Cause>) -> Result<(), Cause> {
    for index in 0..range.count as usize {
        let register = match range.first.place() {
            Place::Scalar(first) => Some(VECTOR_REGISTERS + (usize::from(first) + index) % 128),
            _ => wave.register(range.first, index),
        };
        if let Some(register) = register {
            each(register)?;
        }
    }
    Ok(())
}

/// The assembler's name of a register by its number.
fn register_name(wave: &Wave, register: usize) -> String {
    match register.checked_sub(VECTOR_REGISTERS) {
        Some(106) => "vcc_lo".to_owned(),
        Some(107) => "vcc_hi".to_owned(),
        Some(124) => "m0".to_owned(),
        Some(126) => "exec_lo".to_owned(),
        Some(127) => "exec_hi".to_owned(),
        Some(scalar) => format!("s{scalar}"),
        None if register >= wave.accumulator_offset => format!("a{}", register - wave.accumulator_offset),
        None => format!("v{register}"),
    }
}

/// Whether an operand is a vector register, of either kind.
fn is_vector(operand: Operand) -> bool {
    matches!(operand.place(), Place::Vector(_) | Place::Accumulator(_))
}

/// Every lane.
const ALL_LANES: u64 = u64::MAX >> (64 - LANES);
