//! A decoded instruction: what the bits say, with every register and constant resolved to an
//! [`Operand`], in 40 bytes. Values only; decoding is in [`crate::decode`], the text in
//! [`crate::print`].

use super::{Op, Operand, Row};

/// The format that a vector instruction was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Form {
    /// Its own encoding.
    Native,
    /// A VOP1, VOP2 or VOPC instruction in the VOP3 format.
    Vop3,
    /// With sub-dword selection; see [`Detail::Sdwa`].
    Sdwa,
    /// With data-parallel primitives; see [`Detail::Dpp`].
    Dpp,
}

/// One instruction.
///
/// Sources by encoding. Scalar and vector arithmetic: in the ISA's order; a carry or a condition
/// that is read is the last. SMEM: base, offset, data. DS: address, data 0, data 1. FLAT, GLOBAL,
/// SCRATCH: vector address, data, scalar address. MUBUF, MTBUF: vector address, data, descriptor,
/// scalar offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// What it does, and its row.
    pub op: Op,
    /// The format that it was written in.
    pub form: Form,
    /// Its size in words of 4 bytes, 1 or 2.
    pub dwords: u8,
    /// Where the result goes.
    pub dst: Operand,
    /// Where the second result goes: the carry, a mask.
    pub carry_out: Operand,
    /// The sources.
    pub src: [Operand; 4],
    /// What happens to sources and result on the way.
    pub modifiers: Modifiers,
    /// The second word, where an operand or the opcode says that it is a literal.
    pub literal: u32,
    /// What only some formats have.
    pub detail: Detail,
}

impl Instruction {
    /// Its row in the table.
    pub fn row(&self) -> &'static Row {
        self.op.row()
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.dwords) * 4
    }

    /// Where a branch goes that is at `address`.
    pub fn branch_target(&self, address: u64) -> Option<u64> {
        let Detail::Immediate(immediate) = self.detail else { return None };
        let offset = i64::from(immediate as i16) * 4;
        is_branch(self.op).then(|| address.wrapping_add(4).wrapping_add_signed(offset))
    }
}

fn is_branch(op: Op) -> bool {
    matches!(
        op,
        Op::s_branch
            | Op::s_cbranch_scc0
            | Op::s_cbranch_scc1
            | Op::s_cbranch_vccz
            | Op::s_cbranch_vccnz
            | Op::s_cbranch_execz
            | Op::s_cbranch_execnz
            | Op::s_cbranch_cdbgsys
            | Op::s_cbranch_cdbguser
            | Op::s_cbranch_cdbgsys_or_user
            | Op::s_cbranch_cdbgsys_and_user
            | Op::s_cbranch_i_fork
            | Op::s_call_b64
    )
}

/// Modifiers of vector arithmetic. A bit per source, source 0 lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// Negation; of the low half when packed.
    pub neg: u8,
    /// Absolute value, which is applied before negation; negation of the high half when packed.
    pub abs: u8,
    /// Which half is read, or, when packed, which half the low result reads; bit 3 is the half that
    /// the result goes to.
    pub op_sel: u8,
    /// Packed: which half the high result reads.
    pub op_sel_hi: u8,
    /// The result is clamped: floats to 0 to 1, integers to their range.
    pub clamp: bool,
    /// The result is multiplied: 1 by 2, 2 by 4, 3 by 0.5.
    pub omod: u8,
}

/// What only some formats have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    None,
    /// SOPK, SOPP: 16 bits, whose sign is the instruction's business. `s_set_gpr_idx_on`: 8 bits.
    Immediate(u16),
    /// SMEM, DS, FLAT, GLOBAL, SCRATCH, MUBUF, MTBUF.
    Memory(Memory),
    /// The SDWA form.
    Sdwa(Sdwa),
    /// The DPP form.
    Dpp(Dpp),
    /// The matrix format.
    Mai {
        /// A's broadcast: 2 to this power blocks share one.
        cbsz: u8,
        /// A's broadcast: which of them is shared.
        abid: u8,
        /// B's lane pattern; for f64 the sources to negate.
        blgp: u8,
    },
}

/// How memory is addressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Added to the address, in bytes. DS with two offsets: the first in the low byte, the second in
    /// the next, both in elements.
    pub offset: i32,
    /// SMEM: there is an offset in the instruction, be it zero.
    pub has_immediate: bool,
    /// Cache scope bit 0; for an atomic, that the old value is returned. SMEM: `glc`.
    pub sc0: bool,
    /// Not to be kept in the cache.
    pub nt: bool,
    /// Cache scope bit 1.
    pub sc1: bool,
    /// MUBUF: the data go to LDS.
    pub lds: bool,
    /// MUBUF: the vector address has an offset.
    pub offen: bool,
    /// MUBUF: the vector address has an index, before the offset.
    pub idxen: bool,
    /// MTBUF: data format in the low 4 bits, number format above.
    pub format: u8,
}

/// Sub-dword selection: 0 to 3 a byte, 4 and 5 a word, 6 all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdwa {
    /// Where the result goes.
    pub dst_sel: u8,
    /// What becomes of the other bits: 0 zero, 1 sign, 2 kept.
    pub dst_unused: u8,
    /// What the sources read.
    pub src_sel: [u8; 2],
    /// Which sources are sign-extended, source 0 lowest.
    pub sext: u8,
}

/// Data-parallel primitives: source 0 comes from another lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dpp {
    /// Which lane; the ISA document's `dpp_ctrl`.
    pub control: u16,
    /// The rows of 16 lanes that write, row 0 lowest.
    pub row_mask: u8,
    /// The banks of 4 lanes in each row that write.
    pub bank_mask: u8,
    /// Lanes without a source read 0 and write, rather than keeping their result.
    pub bound_ctrl: bool,
}
