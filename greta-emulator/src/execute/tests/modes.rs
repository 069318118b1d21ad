//! The MODE register and conversions that depend on bits of the instruction.

use super::{Machine, v, vop3};
use crate::isa::ROWS;

fn opcode(mnemonic: &str) -> u32 {
    let row = ROWS.iter().find(|row| row.mnemonic == mnemonic).unwrap();
    let base = match row.encoding {
        crate::isa::Encoding::Vop1 => 0x140,
        crate::isa::Encoding::Vop2 => 0x100,
        _ => 0,
    };
    base + u32::from(row.opcode)
}

fn compute(mode: u32, mnemonic: &str, a: u32, b: u32, c: u32) -> u32 {
    let mut machine = Machine::new();
    machine.wave.mode = mode;
    for (register, value) in [(1, a), (2, b), (3, c)] {
        machine.set_vector(register, |_| value);
    }
    let row = ROWS.iter().find(|row| row.mnemonic == mnemonic).unwrap();
    let mut sources = [0; 3];
    for (index, source) in sources.iter_mut().enumerate().take(row.source_count()) {
        *source = v(1 + index as u32);
    }
    machine.run(vop3(opcode(mnemonic), 9, sources)).unwrap();
    machine.vector(9)[17]
}

#[test]
fn sums_and_products_are_rounded_as_the_mode_says() {
    let (one, tiny) = (1f32.to_bits(), 2f32.powi(-30).to_bits());
    for (direction, wanted) in [(0, one), (1, one + 1), (2, one), (3, one)] {
        assert_eq!(compute(0xf0 | direction, "v_add_f32", one, tiny, 0), wanted, "direction {direction}");
    }
    for (direction, wanted) in [(0, one), (1, one), (2, one - 1), (3, one - 1)] {
        assert_eq!(compute(0xf0 | direction, "v_sub_f32", one, tiny, 0), wanted, "direction {direction}");
    }
    // (1 + 2^-23)^2 - 1 has bits that f32 lacks.
    let fused = |direction: u32| {
        f32::from_bits(compute(0xf0 | direction, "v_fma_f32", one + 1, one + 1, 2f32.powi(10).to_bits()))
    };
    assert_eq!((fused(1), fused(2)), (f32::from_bits(1025f32.to_bits() + 1), 1025.0));
    // The fields of f64 and f16 are others.
    assert_eq!(compute(0xf1, "v_cvt_f16_f32", (1.0 + 2f32.powi(-20)).to_bits(), 0, 0) & 0xffff, 0x3c00);
    assert_eq!(compute(0xf4, "v_cvt_f16_f32", (1.0 + 2f32.powi(-20)).to_bits(), 0, 0) & 0xffff, 0x3c01);
}

#[test]
fn subnormals_are_flushed_as_the_mode_says() {
    let small = f32::MIN_POSITIVE.to_bits();
    assert_eq!(compute(0xf0, "v_mul_f32", small, 0.5f32.to_bits(), 0), small >> 1);
    assert_eq!(compute(0xd0, "v_mul_f32", small, 0.5f32.to_bits(), 0), 0);
    assert_eq!(compute(0xe0, "v_add_f32", small >> 1, 0, 0), 0);
    assert_eq!(compute(0xd0, "v_add_f32", small >> 1, small >> 1, 0), small);
    // A choice moves bits and flushes nothing.
    assert_eq!(compute(0xc0, "v_mov_b32", 5, 0, 0), 5);
}

#[test]
fn stochastic_rounding_puts_its_byte_where_op_sel_says() {
    let mut machine = Machine::new();
    machine.set_vector(1, |_| 1f32.to_bits());
    machine.set_vector(9, |_| 0xaaaa_aaaa);
    let [first, second] = vop3(opcode("v_cvt_sr_fp8_f32"), 9, [v(1), v(2), 0]);
    machine.run([first | 0b1000 << 11, second]).unwrap();
    let one = u32::from(greta_numerics::F8E4M3Fnuz::from_f32(1.0, greta_numerics::Overflow::Nan).0);
    assert_eq!(machine.vector(9)[0], 0xaa00_aaaa | one << 16);
}

#[test]
fn differences_of_bytes_are_summed() {
    assert_eq!(compute(0xf0, "v_sad_u8", 0x0102_0304, 0x0401_0301, 10), 10 + 3 + 1 + 3);
    assert_eq!(compute(0xf0, "v_msad_u8", 0x0102_0304, 0x0400_0301, 10), 10 + 3 + 3);
    assert_eq!(compute(0xf0, "v_lerp_u8", 0x00ff_0101, 0x00ff_0200, 0x0000_0001), 0x00ff_0101);
    assert_eq!(compute(0xf0, "v_cubeid_f32", 1f32.to_bits(), (-2f32).to_bits(), 0), 3f32.to_bits());
    assert_eq!(compute(0xf0, "v_cubema_f32", 1f32.to_bits(), (-2f32).to_bits(), 0), (-4f32).to_bits());
}
