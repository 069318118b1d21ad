//! Wait states that the hardware does not insert: how many instructions must lie between one that
//! writes a register and one that uses it.
//!
//! Numbers are those of the CDNA3 ISA document, section 4.5, and of LLVM's hazard recogniser for
//! gfx940. An instruction is a wait state; `s_nop N` is N + 1.

use super::{REGISTERS, VECTOR_REGISTERS, each_register, is_vector, register_name};
use crate::execute::{Cause, Wave};
use crate::isa::{Detail, Encoding, Form, Instruction, Kind, MatrixTiming, Op, Ranges};

/// What wrote a register.
#[derive(Debug, Clone, Copy)]
enum Writer {
    Vector { is_transcendental: bool, is_part: bool },
    Matrix(MatrixTiming),
    Scalar,
}

#[derive(Debug, Clone, Copy)]
struct Write {
    writer: Writer,
    /// Wait states of the wave when the instruction had been issued.
    at: u64,
    pc: u64,
    /// Number of the first register of the result.
    first: usize,
}

pub(super) struct Hazards {
    writes: Vec<Option<Write>>,
    /// Wait states so far.
    now: u64,
}

/// How an instruction uses a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Vector,
    Memory,
    MatrixFactor,
    MatrixSum,
    Dpp,
    LaneSelect,
    DivisionFlag,
    Readlane,
    Scalar,
}

impl Hazards {
    pub(super) fn new() -> Self {
        Self { writes: vec![None; REGISTERS], now: 0 }
    }

    pub(super) fn check(
        &self,
        wave: &Wave,
        instruction: &Instruction,
        reads: &Ranges,
        writes: &Ranges,
    ) -> Result<(), Cause> {
        for range in reads.iter() {
            let place = instruction.src.iter().position(|&operand| operand == range.first);
            let used = used_as(instruction, place);
            let mut first = None;
            each_register(wave, range, |register| {
                let first = *first.get_or_insert(register);
                self.check_register(wave, instruction, register, (used, first))
            })?;
        }
        // A result that another instruction overwrites would come later than its successor.
        for range in writes.iter().filter(|range| is_vector(range.first)) {
            let is_matrix = instruction.op.matrix_timing().is_some();
            each_register(wave, range, |register| match self.writes[register].map(|write| write.writer) {
                Some(Writer::Matrix(_)) if !is_matrix => {
                    self.check_register(wave, instruction, register, (Use::Vector, register))
                }
                _ => Ok(()),
            })?;
        }
        Ok(())
    }

    fn check_register(
        &self,
        wave: &Wave,
        instruction: &Instruction,
        register: usize,
        (used, first): (Use, usize),
    ) -> Result<(), Cause> {
        let Some(write) = self.writes[register] else { return Ok(()) };
        let needed = u64::from(needed(&write, used, register, first, instruction));
        let found = self.now - write.at;
        if found >= needed {
            return Ok(());
        }
        let register = register_name(wave, register);
        Err(Cause::Hazard { register, written_at: write.pc, found, needed })
    }

    pub(super) fn add(&mut self, wave: &Wave, pc: u64, instruction: &Instruction, writes: &Ranges) {
        self.now += match (instruction.op, instruction.detail) {
            (Op::s_nop, Detail::Immediate(count)) => u64::from(count & 15) + 1,
            _ => 1,
        };
        let at = self.now;
        let writer = writer(instruction);
        for range in writes.iter() {
            let mut first = None;
            // Registers that exist: there is nothing to fail.
            let _ = each_register(wave, range, |register| {
                let first = *first.get_or_insert(register);
                self.writes[register] = writer.map(|writer| Write { writer, at, pc, first });
                Ok(())
            });
        }
    }
}

/// Instructions of the unit for transcendental functions.
fn is_transcendental(op: Op) -> bool {
    let name = op.row().mnemonic;
    ["v_exp_", "v_log_", "v_rcp_", "v_rsq_", "v_sqrt_", "v_sin_", "v_cos_"].iter().any(|start| name.starts_with(start))
}

fn writer(instruction: &Instruction) -> Option<Writer> {
    let row = instruction.row();
    match row.encoding {
        Encoding::Mai => Some(match instruction.op.matrix_timing() {
            Some(timing) => Writer::Matrix(timing),
            None => Writer::Vector { is_transcendental: false, is_part: false },
        }),
        Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p => {
            let is_part = match instruction.detail {
                Detail::Sdwa(sdwa) => instruction.form == Form::Sdwa && sdwa.dst_sel != 6,
                _ => instruction.modifiers.op_sel & 8 != 0,
            };
            Some(Writer::Vector { is_transcendental: is_transcendental(instruction.op), is_part })
        }
        Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopk => Some(Writer::Scalar),
        _ => None,
    }
}

/// How source `place` is used; implied sources have none.
fn used_as(instruction: &Instruction, place: Option<usize>) -> Use {
    let row = instruction.row();
    match row.encoding {
        Encoding::Flat | Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf | Encoding::Ds => {
            Use::Memory
        }
        Encoding::Mai if instruction.op.matrix_timing().is_some() => match place {
            Some(0 | 1) => Use::MatrixFactor,
            // The index of a sparse product is read as its factors are.
            Some(2) if row.src[2] == Kind::B32 => Use::MatrixFactor,
            _ => Use::MatrixSum,
        },
        Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p | Encoding::Mai => {
            match (instruction.op, place) {
                (Op::v_readlane_b32 | Op::v_writelane_b32, Some(1)) => Use::LaneSelect,
                (Op::v_readlane_b32 | Op::v_readfirstlane_b32, Some(0)) => Use::Readlane,
                (Op::v_div_fmas_f32 | Op::v_div_fmas_f64, None) => Use::DivisionFlag,
                _ if instruction.form == Form::Dpp && place == Some(0) => Use::Dpp,
                _ => Use::Vector,
            }
        }
        _ => Use::Scalar,
    }
}

/// Wait states between a write of `register` and a use that starts at register `first`.
fn needed(write: &Write, used: Use, register: usize, first: usize, instruction: &Instruction) -> u32 {
    let is_scalar_register = register >= VECTOR_REGISTERS;
    match (write.writer, used) {
        (Writer::Matrix(timing), _) => needed_after_matrix(timing, used, write.first == first),
        (Writer::Scalar, _) => 0,
        (Writer::Vector { .. }, Use::Memory) if is_scalar_register => 5,
        (Writer::Vector { .. }, Use::LaneSelect | Use::DivisionFlag) if is_scalar_register => 4,
        (Writer::Vector { .. }, Use::Dpp) if !is_scalar_register => 2,
        (Writer::Vector { .. }, Use::Readlane) if !is_scalar_register => 1,
        (Writer::Vector { .. }, Use::Vector) if is_scalar_register => 2,
        (Writer::Vector { is_transcendental, is_part }, Use::Vector) => {
            u32::from(is_part || (is_transcendental && !self::is_transcendental(instruction.op)))
        }
        _ => 0,
    }
}

/// A pass is four clocks. Accumulating into the very same registers needs no wait.
fn needed_after_matrix(timing: MatrixTiming, used: Use, is_same: bool) -> u32 {
    let passes = timing.cycles / 4;
    let narrow = u32::from(timing.is_narrow);
    match used {
        Use::Scalar => 0,
        Use::MatrixSum if is_same => 0,
        Use::MatrixSum if timing.is_double => 0,
        Use::MatrixSum => passes + narrow,
        _ if timing.is_double => {
            if passes == 4 {
                6
            } else {
                11
            }
        }
        _ => passes + 2 + narrow,
    }
}
