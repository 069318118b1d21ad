//! What an instruction does with each register, in the terms of the rules.

use super::rules::{earlier, later};
use super::{DOUBLE_UNIT, Event, FIRST_HARDWARE};
use crate::isa::{Detail, Encoding, Flags, Form, Instruction, Kind, MatrixTiming, Op, Place, Range};
use crate::watch::{VECTOR_REGISTERS, is_vector};

/// `m0` and the low half of `exec`, among the scalar registers.
const M0: usize = VECTOR_REGISTERS + 124;
const EXEC: usize = VECTOR_REGISTERS + 126;

fn is_vector_arithmetic(instruction: &Instruction) -> bool {
    matches!(
        instruction.row().encoding,
        Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p | Encoding::Mai
    )
}

fn is_memory(instruction: &Instruction) -> bool {
    matches!(
        instruction.row().encoding,
        Encoding::Flat | Encoding::Global | Encoding::Scratch | Encoding::Mubuf | Encoding::Mtbuf | Encoding::Ds
    )
}

/// Instructions of the unit for transcendental functions.
fn is_transcendental(op: Op) -> bool {
    let name = op.row().mnemonic;
    ["v_exp_", "v_log_", "v_rcp_", "v_rsq_", "v_sqrt_", "v_sin_", "v_cos_"].iter().any(|start| name.starts_with(start))
}

fn is_dot(op: Op) -> bool {
    op.row().mnemonic.starts_with("v_dot")
}

/// Between a lane and a scalar register.
fn is_lane_move(op: Op) -> bool {
    matches!(op, Op::v_readlane_b32 | Op::v_readfirstlane_b32 | Op::v_writelane_b32)
}

/// What it did to a register that it wrote.
pub(super) fn write(instruction: &Instruction, register: usize) -> u32 {
    if let Some(timing) = instruction.op.matrix_timing() {
        return matrix_write(timing);
    }
    match instruction.row().encoding {
        Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopk => earlier::SCALAR,
        _ if !is_vector_arithmetic(instruction) => 0,
        _ if register >= VECTOR_REGISTERS => earlier::SCALAR_OF_VECTOR,
        _ if is_dot(instruction.op) => earlier::DOT,
        _ => {
            let is_part = match instruction.detail {
                Detail::Sdwa(sdwa) => instruction.form == Form::Sdwa && sdwa.dst_sel != 6,
                _ => instruction.modifiers.op_sel & 8 != 0,
            };
            let part = if is_part { earlier::PART } else { 0 };
            let unit = if is_transcendental(instruction.op) { earlier::TRANSCENDENTAL } else { 0 };
            earlier::VECTOR | part | unit
        }
    }
}

fn matrix_write(timing: MatrixTiming) -> u32 {
    let two_passes = if timing.passes() == 2 { earlier::TWO_PASSES } else { 0 };
    match timing {
        MatrixTiming { is_double: true, .. } if timing.passes() == 4 => earlier::SMALL_DOUBLE,
        MatrixTiming { is_double: true, .. } => earlier::LARGE_DOUBLE,
        MatrixTiming { is_narrow: true, .. } => earlier::NARROW | two_passes,
        _ => earlier::SINGLE | two_passes,
    }
}

/// What it does to the registers of a source that lasts, so that they must not be overwritten yet.
pub(super) fn lasting_read(instruction: &Instruction, place: Option<usize>, range: Range) -> u32 {
    if let Some(timing) = instruction.op.matrix_timing() {
        return if timing.is_narrow && is_sum(instruction, place) { earlier::NARROW_SUM } else { 0 };
    }
    let is_store = match instruction.row().encoding {
        Encoding::Flat | Encoding::Global | Encoding::Scratch => true,
        // A scalar offset takes the time that the data need.
        Encoding::Mubuf | Encoding::Mtbuf => !matches!(instruction.src[3].place(), Place::Scalar(_)),
        _ => false,
    };
    // Addresses are of 8 bytes at most.
    if is_store && is_vector(range.first) && range.count > 2 { earlier::WIDE_STORE } else { 0 }
}

/// Whether source `place`, or what is implied, is the sum that a product is added to.
fn is_sum(instruction: &Instruction, place: Option<usize>) -> bool {
    match place {
        // The index of a sparse product is read as its factors are.
        Some(2) => !(instruction.op.matrix_timing().is_some() && instruction.row().src[2] == Kind::B32),
        Some(_) => false,
        None => true,
    }
}

/// What it does when it reads source `place`, or what is implied, after `event`.
pub(super) fn read(
    instruction: &Instruction,
    place: Option<usize>,
    (first, count): (usize, u32),
    event: &Event,
) -> u32 {
    if let Some(timing) = instruction.op.matrix_timing() {
        return if is_sum(instruction, place) {
            matrix_sum(timing, event.op == instruction.op, (event.first, event.count) == (first, count))
        } else {
            later::FACTOR
        };
    }
    let is_same_dot_sum = event.op == instruction.op && is_sum(instruction, place);
    let dot = if is_same_dot_sum { 0 } else { later::OTHER_THAN_DOT };
    if is_memory(instruction) {
        return later::MEMORY_READ | dot;
    }
    if !is_vector_arithmetic(instruction) {
        return 0;
    }
    let plain = if is_transcendental(instruction.op) { 0 } else { later::PLAIN_READ };
    let dpp = if instruction.form == Form::Dpp { later::DPP } else { 0 };
    let special = match (instruction.op, place) {
        (Op::v_readlane_b32 | Op::v_writelane_b32, Some(1)) => later::LANE_SELECT,
        (Op::v_readlane_b32 | Op::v_readfirstlane_b32, Some(0)) => later::READLANE,
        (Op::v_div_fmas_f32 | Op::v_div_fmas_f64, None) => later::DIVISION_FLAG,
        _ => 0,
    };
    later::READ | plain | dpp | dot | special
}

fn matrix_sum(timing: MatrixTiming, is_same_op: bool, is_same_range: bool) -> u32 {
    match (is_same_range, timing.is_narrow) {
        (true, _) if timing.is_double && is_same_op => later::SAME_SUM | later::SAME_SMALL_DOUBLE_SUM,
        (true, _) => later::SAME_SUM,
        (false, true) => later::NARROW_SUM_BESIDE,
        (false, false) => later::WIDE_SUM_BESIDE,
    }
}

/// What it does when it writes a vector register after `event`.
pub(super) fn overwrite(instruction: &Instruction, event: &Event) -> u32 {
    let dot = if event.op == instruction.op { 0 } else { later::OTHER_THAN_DOT };
    match () {
        () if instruction.op.matrix_timing().is_some() => later::MATRIX_WRITE,
        () if is_vector_arithmetic(instruction) => later::WRITE | dot,
        () if is_memory(instruction) => later::LOAD | dot,
        () => 0,
    }
}

/// What it depends on besides its operands.
pub(super) fn implied(instruction: &Instruction) -> impl Iterator<Item = (usize, u32)> {
    let op = instruction.op;
    let is_matrix = op.matrix_timing().is_some();
    let exec = (is_matrix || is_lane_move(op)).then_some((EXEC, later::MATRIX_OR_LANE_EXEC));
    let dpp = (instruction.form == Form::Dpp).then_some((EXEC, later::DPP_EXEC));
    let offset = reads_m0(instruction).then_some((M0, later::OFFSET));
    let fma = matches!(op, Op::v_fma_f64 | Op::v_fmac_f64).then_some((DOUBLE_UNIT, later::DOUBLE_FMA));
    let hardware = hardware_register(instruction).map(|register| (register, later::HARDWARE_ACCESS));
    [exec, dpp, offset, fma, hardware].into_iter().flatten()
}

/// What it changes besides its results.
pub(super) fn implied_write(instruction: &Instruction) -> Option<(usize, u32)> {
    if instruction.op.matrix_timing().is_some_and(|timing| timing.is_double) {
        return Some((DOUBLE_UNIT, earlier::DOUBLE_UNIT));
    }
    let is_set = matches!(instruction.op, Op::s_setreg_b32 | Op::s_setreg_imm32_b32);
    hardware_register(instruction).filter(|_| is_set).map(|register| (register, earlier::HARDWARE))
}

/// The hardware register of `s_setreg` and `s_getreg`: the low 6 bits of the immediate.
fn hardware_register(instruction: &Instruction) -> Option<usize> {
    match (instruction.op, instruction.detail) {
        (Op::s_setreg_b32 | Op::s_setreg_imm32_b32 | Op::s_getreg_b32, Detail::Immediate(bits)) => {
            Some(FIRST_HARDWARE + usize::from(bits & 63))
        }
        _ => None,
    }
}

fn reads_m0(instruction: &Instruction) -> bool {
    let is_listed = matches!(
        instruction.op,
        Op::s_movrels_b32
            | Op::s_movrels_b64
            | Op::s_movreld_b32
            | Op::s_movreld_b64
            | Op::s_sendmsg
            | Op::s_sendmsghalt
            | Op::ds_write_addtid_b32
            | Op::ds_read_addtid_b32
    );
    let to_shared = matches!(instruction.detail, Detail::Memory(memory) if memory.lds);
    let flags = instruction.row().flags;
    is_listed || to_shared || flags.has(Flags::LDS) || flags.has(Flags::GWS)
}

/// The places in the row of the sources that [`Instruction::reads`] gives, in its order. Implied ones
/// have none, nor have those of memory instructions.
pub(super) fn places(instruction: &Instruction) -> impl Iterator<Item = Option<usize>> {
    let kinds = if is_vector_arithmetic(instruction) { &instruction.row().src[..] } else { &[] };
    let sources = kinds.iter().zip(instruction.src).enumerate();
    let there = sources.filter(|(_, (kind, operand))| operand.is_some() && kind.dwords() > 0);
    there.map(|(place, _)| Some(place)).chain(std::iter::repeat(None))
}
