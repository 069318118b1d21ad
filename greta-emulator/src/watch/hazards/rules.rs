//! The rules, a row each: how many wait states must lie between what an earlier instruction did to a
//! register and what a later one does with it.
//!
//! Numbers are those of the CDNA3 ISA document, section 4.5, and of LLVM's hazard recogniser for
//! gfx940. What they do not name, the hardware inserts by itself. Knows nothing of instructions:
//! [`super::roles`] says what each is.

use earlier::*;
use later::*;

/// What an earlier instruction did to a register, or to what is tracked like one: a bit each.
pub(super) mod earlier {
    /// Vector arithmetic wrote a vector register; matrix and dot instructions have roles of their own.
    pub(crate) const VECTOR: u32 = 1;
    /// The same, by the unit for transcendental functions.
    pub(crate) const TRANSCENDENTAL: u32 = 1 << 1;
    /// The same, a part of the register only.
    pub(crate) const PART: u32 = 1 << 2;
    /// A dot product of a lane's packed values wrote it.
    pub(crate) const DOT: u32 = 1 << 3;
    /// Vector arithmetic wrote a scalar register, `vcc` or `exec`.
    pub(crate) const SCALAR_OF_VECTOR: u32 = 1 << 4;
    /// Scalar arithmetic wrote it.
    pub(crate) const SCALAR: u32 = 1 << 5;
    /// A matrix instruction whose elements are narrower than f32 (LLVM: XDL) wrote it.
    pub(crate) const NARROW: u32 = 1 << 6;
    /// A matrix instruction of f32 wrote it.
    pub(crate) const SINGLE: u32 = 1 << 7;
    /// One of the two before, of two passes.
    pub(crate) const TWO_PASSES: u32 = 1 << 8;
    /// The 4x4x4 matrix instruction of f64 wrote it.
    pub(crate) const SMALL_DOUBLE: u32 = 1 << 9;
    /// The 16x16x4 matrix instruction of f64 wrote it.
    pub(crate) const LARGE_DOUBLE: u32 = 1 << 10;
    /// A matrix instruction whose elements are narrower than f32 reads it as its sum.
    pub(crate) const NARROW_SUM: u32 = 1 << 11;
    /// A store of more than 8 bytes a lane reads it as its data.
    pub(crate) const WIDE_STORE: u32 = 1 << 12;
    /// A matrix instruction of f64 occupied its unit.
    pub(crate) const DOUBLE_UNIT: u32 = 1 << 13;
    /// `s_setreg` wrote the hardware register.
    pub(crate) const HARDWARE: u32 = 1 << 14;
}

/// What a later instruction does with it.
pub(super) mod later {
    /// Vector arithmetic that is no matrix instruction reads it.
    pub(crate) const READ: u32 = 1;
    /// The same, outside of the unit for transcendental functions.
    pub(crate) const PLAIN_READ: u32 = 1 << 1;
    /// Vector arithmetic that is no matrix instruction writes it.
    pub(crate) const WRITE: u32 = 1 << 2;
    /// A matrix instruction writes it.
    pub(crate) const MATRIX_WRITE: u32 = 1 << 3;
    /// A memory instruction, of LDS too, reads it: an address or data.
    pub(crate) const MEMORY_READ: u32 = 1 << 4;
    /// A memory instruction loads it.
    pub(crate) const LOAD: u32 = 1 << 5;
    /// A matrix instruction reads it as A, B or the index of a sparse A.
    pub(crate) const FACTOR: u32 = 1 << 6;
    /// A matrix instruction reads it as its sum, which is the whole result of the earlier one.
    pub(crate) const SAME_SUM: u32 = 1 << 7;
    /// The same, f64 4x4x4.
    pub(crate) const SAME_SMALL_DOUBLE_SUM: u32 = 1 << 8;
    /// A matrix instruction whose elements are narrower than f32 reads it as its sum, with registers
    /// beside those of the result.
    pub(crate) const NARROW_SUM_BESIDE: u32 = 1 << 9;
    /// The same, another matrix instruction.
    pub(crate) const WIDE_SUM_BESIDE: u32 = 1 << 10;
    /// It reads or writes the result of a dot product, not as the sum or result of the same opcode.
    pub(crate) const OTHER_THAN_DOT: u32 = 1 << 11;
    /// Another lane reads it (DPP).
    pub(crate) const DPP: u32 = 1 << 12;
    /// `v_readlane` and `v_readfirstlane` read it.
    pub(crate) const READLANE: u32 = 1 << 13;
    /// `v_readlane` and `v_writelane` take their lane from it.
    pub(crate) const LANE_SELECT: u32 = 1 << 14;
    /// `v_div_fmas` reads `vcc`.
    pub(crate) const DIVISION_FLAG: u32 = 1 << 15;
    /// A matrix instruction, or one that moves between a lane and a scalar register, runs under `exec`.
    pub(crate) const MATRIX_OR_LANE_EXEC: u32 = 1 << 16;
    /// A DPP instruction runs under `exec`.
    pub(crate) const DPP_EXEC: u32 = 1 << 17;
    /// `m0` is an offset, an index or a message.
    pub(crate) const OFFSET: u32 = 1 << 18;
    /// `v_fma_f64` and `v_fmac_f64`, which share the unit with f64 matrix instructions.
    pub(crate) const DOUBLE_FMA: u32 = 1 << 19;
    /// `s_getreg` or `s_setreg` of the hardware register.
    pub(crate) const HARDWARE_ACCESS: u32 = 1 << 20;
}

/// Wait states of a rule.
#[derive(Debug, Clone, Copy)]
enum States {
    Fixed(u64),
    /// As many more than the earlier matrix instruction has passes of four clocks.
    AfterPasses(u64),
    /// One fewer than it has passes.
    BeforeLastPass,
}
use States::{AfterPasses, BeforeLastPass, Fixed};

struct Rule {
    /// The earlier instruction has one of these roles,
    earlier: u32,
    /// and the later one of these.
    later: u32,
    states: States,
}

const fn rule(earlier: u32, later: u32, states: States) -> Rule {
    Rule { earlier, later, states }
}

const ANY_READ: u32 = READ | MEMORY_READ;
const ANY_WRITE: u32 = WRITE | LOAD;

const RULES: &[Rule] = &[
    // Vector arithmetic.
    rule(VECTOR, FACTOR | SAME_SUM | NARROW_SUM_BESIDE | WIDE_SUM_BESIDE, Fixed(2)),
    rule(VECTOR, DPP, Fixed(2)),
    rule(VECTOR, READLANE, Fixed(1)),
    rule(TRANSCENDENTAL, PLAIN_READ, Fixed(1)),
    rule(PART, READ, Fixed(1)),
    rule(DOT, OTHER_THAN_DOT, Fixed(3)),
    // Scalar registers.
    rule(SCALAR_OF_VECTOR, READ, Fixed(2)),
    rule(SCALAR_OF_VECTOR, LANE_SELECT, Fixed(4)),
    rule(SCALAR_OF_VECTOR, DIVISION_FLAG, Fixed(4)),
    rule(SCALAR_OF_VECTOR, MATRIX_OR_LANE_EXEC, Fixed(4)),
    rule(SCALAR_OF_VECTOR, DPP_EXEC, Fixed(5)),
    rule(SCALAR_OF_VECTOR, MEMORY_READ, Fixed(5)),
    rule(SCALAR, OFFSET, Fixed(1)),
    rule(HARDWARE, HARDWARE_ACCESS, Fixed(2)),
    // Matrix instructions, to what is none.
    rule(NARROW, ANY_READ | ANY_WRITE, AfterPasses(3)),
    rule(SINGLE, ANY_READ | ANY_WRITE, AfterPasses(2)),
    rule(SMALL_DOUBLE, READ | ANY_WRITE, Fixed(6)),
    rule(SMALL_DOUBLE, MEMORY_READ, Fixed(9)),
    rule(LARGE_DOUBLE, READ | ANY_WRITE, Fixed(11)),
    rule(LARGE_DOUBLE, MEMORY_READ, Fixed(18)),
    rule(NARROW_SUM, ANY_WRITE, BeforeLastPass),
    rule(DOUBLE_UNIT, DOUBLE_FMA, Fixed(2)),
    // Matrix instructions among themselves.
    rule(NARROW, FACTOR, AfterPasses(3)),
    rule(SINGLE, FACTOR, AfterPasses(2)),
    rule(SMALL_DOUBLE, FACTOR, Fixed(6)),
    rule(LARGE_DOUBLE, FACTOR, Fixed(11)),
    rule(NARROW, NARROW_SUM_BESIDE | WIDE_SUM_BESIDE, AfterPasses(1)),
    rule(SINGLE, WIDE_SUM_BESIDE, AfterPasses(0)),
    rule(SMALL_DOUBLE, WIDE_SUM_BESIDE, Fixed(4)),
    rule(LARGE_DOUBLE, WIDE_SUM_BESIDE, Fixed(9)),
    rule(TWO_PASSES, SAME_SUM, Fixed(2)),
    rule(SMALL_DOUBLE, SAME_SMALL_DOUBLE_SUM, Fixed(4)),
    // Stores that read their data late.
    rule(WIDE_STORE, WRITE | MATRIX_WRITE, Fixed(2)),
];

/// No rule asks for more.
pub(super) const STATES_MAX: u64 = 19;

/// Wait states between the two; `passes` are those of the earlier instruction, if it is of matrices.
pub(super) fn needed(earlier: u32, passes: u64, later: u32) -> u64 {
    let applies = |rule: &&Rule| rule.earlier & earlier != 0 && rule.later & later != 0;
    let states = |rule: &Rule| match rule.states {
        Fixed(states) => states,
        AfterPasses(more) => passes + more,
        BeforeLastPass => passes.saturating_sub(1),
    };
    RULES.iter().filter(applies).map(states).max().unwrap_or(0)
}
