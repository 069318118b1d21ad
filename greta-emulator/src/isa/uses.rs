//! Which registers an instruction reads and writes, implied ones included.
//!
//! Knows nothing of exec: a vector register that is named counts for all lanes.

use super::{Detail, Encoding, Flags, Form, Instruction, Kind, Op, Operand};
use crate::decode::address_kinds;

/// Registers from an operand's first on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: Operand,
    /// How many.
    pub count: u32,
}

/// A few ranges.
#[derive(Debug, Clone, Copy)]
pub struct Ranges {
    ranges: [Range; 8],
    count: usize,
}

impl Ranges {
    fn new() -> Self {
        Self { ranges: [Range { first: Operand::NONE, count: 0 }; 8], count: 0 }
    }

    fn add(&mut self, first: Operand, kind: Kind) {
        self.add_count(first, kind.dwords());
    }

    fn add_count(&mut self, first: Operand, count: u32) {
        if first.is_some() && count > 0 && self.count < self.ranges.len() {
            self.ranges[self.count] = Range { first, count };
            self.count += 1;
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Range> {
        self.ranges.into_iter().take(self.count)
    }
}

impl Instruction {
    /// What it reads.
    pub fn reads(&self) -> Ranges {
        let mut reads = Ranges::new();
        let row = self.row();
        match row.encoding {
            Encoding::Flat | Encoding::Global | Encoding::Scratch => {
                let (vector, scalar) = address_kinds(self);
                reads.add(self.src[0], vector);
                reads.add(self.src[1], row.src[0]);
                reads.add(self.src[2], scalar);
            }
            Encoding::Mubuf | Encoding::Mtbuf => {
                if let Detail::Memory(memory) = self.detail {
                    reads.add_count(self.src[0], u32::from(memory.offen) + u32::from(memory.idxen));
                }
                reads.add(self.src[1], row.src[0]);
                reads.add_count(self.src[2], 4);
                reads.add_count(self.src[3], 1);
            }
            Encoding::Smem => {
                reads.add(self.src[0], row.src[0]);
                reads.add_count(self.src[1], 1);
                reads.add(self.src[2], row.src[1]);
            }
            _ => {
                for (&operand, &kind) in self.src.iter().zip(&row.src) {
                    reads.add(operand, kind);
                }
            }
        }
        if self.keeps_old_result() {
            reads.add(self.dst, row.dst);
        }
        match self.op {
            Op::v_div_fmas_f32 | Op::v_div_fmas_f64 | Op::s_cbranch_vccz | Op::s_cbranch_vccnz => {
                reads.add_count(Operand::VCC, 2);
            }
            _ => {}
        }
        reads
    }

    /// What it writes.
    pub fn writes(&self) -> Ranges {
        let mut writes = Ranges::new();
        let row = self.row();
        writes.add(self.dst, row.dst);
        if row.flags.has(Flags::CARRY_OUT) {
            writes.add(self.carry_out, Kind::Mask);
        }
        let writes_exec = row.mnemonic.contains("exec_b") || row.mnemonic.starts_with("v_cmpx");
        if writes_exec {
            writes.add_count(Operand::EXEC, 2);
        }
        if self.op == Op::v_swap_b32 {
            writes.add(self.src[0], Kind::B32);
        }
        writes
    }

    /// Whether its result depends on what the register held.
    fn keeps_old_result(&self) -> bool {
        let row = self.row();
        let is_part = match self.detail {
            Detail::Sdwa(sdwa) => sdwa.dst_sel != 6 && sdwa.dst_unused == 2,
            _ => false,
        };
        let accumulates = row.mnemonic.starts_with("v_smfmac") || row.mnemonic.contains("_d16");
        is_part && self.form == Form::Sdwa || accumulates || self.accumulates()
    }

    /// Whether the old result is an operand of the arithmetic.
    pub(crate) fn accumulates(&self) -> bool {
        matches!(
            self.op,
            Op::v_fmac_f32
                | Op::v_fmac_f64
                | Op::v_mac_f16
                | Op::v_cvt_pk_fp8_f32
                | Op::v_cvt_pk_bf8_f32
                | Op::v_cvt_sr_fp8_f32
                | Op::v_cvt_sr_bf8_f32
                | Op::v_cvt_pkaccum_u8_f32
                | Op::v_pk_fmac_f16
                | Op::v_dot2c_f32_f16
                | Op::v_dot2c_i32_i16
                | Op::v_dot4c_i32_i8
                | Op::v_dot8c_i32_i4
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::decode;

    #[test]
    fn implied_registers_are_read_and_written() {
        // v_fmac_f32 v0, v1, v2
        let fmac = decode(0x7600_0501, None).unwrap();
        assert_eq!(fmac.to_string(), "v_fmac_f32_e32 v0, v1, v2");
        assert_eq!(fmac.reads().iter().map(|range| range.first.code()).collect::<Vec<_>>(), [257, 258, 256]);
        // s_and_saveexec_b64 s[0:1], vcc
        let save = decode(0xbe80_206a, None).unwrap();
        assert_eq!(
            save.writes().iter().map(|range| (range.first.code(), range.count)).collect::<Vec<_>>(),
            [(0, 2), (126, 2)]
        );
    }
}
