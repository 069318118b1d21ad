//! The MODE register and conversions that depend on bits of the instruction.

use super::{Machine, opcode, v, vop3};
use crate::isa::ROWS;

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

/// MODE with the switch that turns overflow of f16 and fp8 into the largest number.
const LIMITED: u32 = 0xf0 | 1 << 23;
const HALF_INFINITY: u32 = 0x7c00;
const HALF_MAX: u32 = 0x7bff;

#[test]
fn overflow_becomes_the_largest_half_and_an_infinity_stays() {
    let (one, large) = (0x3c00, 0x7b00);
    for (mode, wanted) in [(0xf0, HALF_INFINITY), (LIMITED, HALF_MAX)] {
        for (mnemonic, a, b, c) in [
            ("v_add_f16", large, large, 0),
            ("v_mul_f16", large, large, 0),
            ("v_fma_f16", large, large, one),
            ("v_mad_f16", large, large, one),
            ("v_exp_f16", 0x4e00, 0, 0),
            ("v_ldexp_f16", large, 10, 0),
            ("v_cvt_f16_f32", 1e6f32.to_bits(), 0, 0),
            ("v_cvt_f16_u16", 0xffff, 0, 0),
        ] {
            assert_eq!(compute(mode, mnemonic, a, b, c) & 0xffff, wanted, "{mnemonic}, mode {mode:#x}");
        }
    }
    for (mnemonic, a, b, c) in [
        ("v_add_f16", HALF_INFINITY, one, 0),
        ("v_mul_f16", one, HALF_INFINITY, 0),
        ("v_fma_f16", one, one, HALF_INFINITY),
        ("v_exp_f16", HALF_INFINITY, 0, 0),
        ("v_max_f16", HALF_INFINITY, one, 0),
        ("v_cvt_f16_f32", f32::INFINITY.to_bits(), 0, 0),
        // A pole is no overflow.
        ("v_rcp_f16", 0, 0, 0),
    ] {
        assert_eq!(compute(LIMITED, mnemonic, a, b, c) & 0xffff, HALF_INFINITY, "{mnemonic}");
    }
    // In directions that stop short of infinity too, a true one stays.
    assert_eq!(compute(LIMITED | 0xc, "v_add_f16", HALF_INFINITY | 0x8000, one, 0) & 0xffff, HALF_INFINITY | 0x8000);
}

#[test]
fn overflow_of_packed_halves_and_output_modifiers_is_limited_too() {
    let mut machine = Machine::new();
    machine.wave.mode = LIMITED;
    // Low: overflow; high: an infinity.
    machine.set_vector(1, |_| HALF_INFINITY << 16 | 0x7b00);
    machine.set_vector(2, |_| 0x3c00 << 16 | 0x7b00);
    // Both halves of the sources, each for its half of the result.
    let vop3p = |opcode: u32, sources: [u32; 3]| {
        [0xd380_4000 | opcode << 16 | 9, sources[0] | sources[1] << 9 | sources[2] << 18 | 3 << 27]
    };
    machine.run(vop3p(opcode("v_pk_add_f16"), [v(1), v(2), 0])).unwrap();
    assert_eq!(machine.vector(9)[5], HALF_INFINITY << 16 | HALF_MAX);
    machine.set_vector(1, |_| 1e4f32.to_bits());
    machine.set_vector(2, |lane| if lane == 0 { f32::INFINITY } else { 1e4 }.to_bits());
    machine.set_vector(3, |_| 0);
    let [first, second] = vop3p(opcode("v_fma_mixlo_f16"), [v(1), v(2), v(3)]);
    // All sources are f32.
    machine.run([first & !(1 << 14), second & !(3 << 27)]).unwrap();
    assert_eq!((machine.vector(9)[0] & 0xffff, machine.vector(9)[1] & 0xffff), (HALF_INFINITY, HALF_MAX));
    // Twice the largest half.
    machine.set_vector(1, |lane| if lane == 0 { HALF_INFINITY } else { HALF_MAX });
    machine.set_vector(2, |_| 0);
    let [first, second] = vop3(opcode("v_add_f16"), 9, [v(1), v(2), 0]);
    machine.run([first, second | 1 << 27]).unwrap();
    assert_eq!((machine.vector(9)[0] & 0xffff, machine.vector(9)[1] & 0xffff), (HALF_INFINITY, HALF_MAX));
}

#[test]
fn overflow_of_fp8_is_limited_and_an_infinity_is_no_number() {
    let (large, infinity) = (1e6f32.to_bits(), f32::INFINITY.to_bits());
    for (mnemonic, largest) in [("v_cvt_pk_fp8_f32", 0x7f), ("v_cvt_pk_bf8_f32", 0x7f)] {
        assert_eq!(compute(0xf0, mnemonic, large, infinity, 0) & 0xffff, 0x8080, "{mnemonic}");
        assert_eq!(compute(LIMITED, mnemonic, large, infinity, 0) & 0xffff, 0x8000 | largest, "{mnemonic}");
    }
}
