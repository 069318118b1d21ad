//! NVIDIA's `mma.sync`: what a wave of 32 lanes multiplies fragments with, one row for each shape.
//!
//! A row is two instructions side by side, one for each half of 8 columns, so that a shape means the same as on AMD. A
//! lane's elements of C then lie as those of A do at the depth of 16: the result of one product is a factor of the next
//! without an exchange. Elements of 16 bytes' worth of rows in shared memory come by `ldmatrix`.
//!
//! Instructions and layouts: PTX ISA, "Warp-level matrix instructions". How the hardware rounds sums is not public: it
//! cuts products to a common exponent, as gfx942 does.

use super::layout::{lane, register};
use super::{Availability, Format, Layout, Mfma, Sum, scalar};
use crate::ir::Type;
use crate::ops::Slot;

/// Rows and columns of every shape here.
const SIDE: u32 = 16;
const LANES: u32 = 32;
/// The targets. Cycles that a part of a multiprocessor is busy are published for none.
const TARGETS: &[Availability] = &[
    Availability { target: "sm_80", cycles: None },
    Availability { target: "sm_89", cycles: None },
    Availability { target: "sm_90", cycles: None },
];

/// `mma.sync.m16n8k16` of bf16.
pub static MMA_BF16_16X16X16: Mfma = row(["mma_f32_16x16x16_bf16", "Bf16_16x16x16"], 16, Format::Bf16, Format::F32);
/// `mma.sync.m16n8k16` of f16.
pub static MMA_F16_16X16X16: Mfma = row(["mma_f32_16x16x16_f16", "F16_16x16x16"], 16, Format::F16, Format::F32);
/// `mma.sync.m16n8k8` of tf32: f32 of which 10 mantissa bits count.
pub static MMA_XF32_16X16X8: Mfma = row(["mma_f32_16x16x8_xf32", "Xf32_16x16x8"], 8, Format::Xf32, Format::F32);
/// `mma.sync.m16n8k32` of i8.
pub static MMA_I8_16X16X32: Mfma = row(["mma_i32_16x16x32_i8", "I8_16x16x32"], 32, Format::I8, Format::I32);

/// All rows.
pub static MMAS: &[&Mfma] = &[&MMA_BF16_16X16X16, &MMA_F16_16X16X16, &MMA_XF32_16X16X8, &MMA_I8_16X16X32];

const fn row([name, shape]: [&'static str; 2], k: u32, factor: Format, sum: Format) -> Mfma {
    let held = (SIDE * k / LANES) as u8;
    let factors = Type::vector(scalar(factor), held);
    let operands = [factors, factors, Type::vector(scalar(sum), (SIDE * SIDE / LANES) as u8)];
    Mfma {
        name,
        shape,
        builtin: name,
        m: SIDE,
        n: SIDE,
        k,
        blocks: 1,
        wave: LANES,
        formats: [factor, factor, sum],
        operands,
        layouts: layouts(k),
        targets: TARGETS,
        slots: [Slot::Is(operands[0]), Slot::Is(operands[1]), Slot::Is(operands[2])],
    }
}

/// Where A, B and C lie. Lane `4 i + j` holds rows i and 8 + i of A and C and columns i and 8 + i of B; along k, the j-th
/// 4 bytes of each of two times 16.
const fn layouts(k: u32) -> [Layout; 3] {
    let word = k / 8;
    let row = Sum::two(lane(4, 8, 1), register(word, 2, 8));
    let column = Sum::two(lane(4, 8, 1), register(2 * word, 2, 8));
    [
        Layout { row, column: depth(word, 2 * word) },
        Layout { row: depth(word, word), column },
        Layout {
            row: Sum::two(lane(4, 8, 1), register(2, 2, 8)),
            column: Sum([lane(1, 4, 2), register(1, 2, 1), register(4, 2, 8), super::Term::ZERO]),
        },
    ]
}

/// Which k a lane's elements are of, `word` of them in 4 bytes, where every `group` of them goes to the other 16 bytes.
const fn depth(word: u32, group: u32) -> Sum {
    Sum([lane(1, 4, word), register(1, word, 1), register(group, 2, 4 * word), super::Term::ZERO])
}

/// What the instruction is called in PTX.
fn instruction(row: &Mfma) -> (&'static str, &'static str) {
    match row.formats[0] {
        Format::Bf16 => ("m16n8k16.row.col.f32.bf16.bf16.f32", "f"),
        Format::F16 => ("m16n8k16.row.col.f32.f16.f16.f32", "f"),
        Format::Xf32 => ("m16n8k8.row.col.f32.tf32.tf32.f32", "f"),
        _ => ("m16n8k32.row.col.s32.s8.s8.s32", "r"),
    }
}

/// The device function of a row in CUDA C++: registers of A and B are taken as their bits.
pub(crate) fn function(row: &Mfma, device: &str) -> Vec<String> {
    let [a, b, c] = row.operands;
    let (name, (instruction, sum)) = (row.name, instruction(row));
    let bits =
        |name: &str| format!("    const unsigned int* {name}_bits = reinterpret_cast<const unsigned int*>(&{name});");
    let mut lines = vec![
        "// c + a * b, by the halves of the columns.".to_owned(),
        format!("{device} {c} {name}(const {a}& a, const {b}& b, {c} c) {{"),
        bits("a"),
        bits("b"),
    ];
    lines.extend((0..2).flat_map(|half| multiply(instruction, sum, half)));
    lines.extend(["    return c;".to_owned(), "}".to_owned()]);
    lines
}

/// One instruction, which makes 8 columns of the sum.
fn multiply(instruction: &str, sum: &str, half: u32) -> Vec<String> {
    let operand = |kind: &str, text: String| format!("\"{kind}\"({text})");
    let list = |operands: Vec<String>| operands.join(", ");
    let a = (0..4).map(|at| operand("r", format!("a_bits[{at}]")));
    let b = (0..2).map(|at| operand("r", format!("b_bits[{}]", 2 * half + at)));
    let c = (0..4).map(|at| operand(&format!("+{sum}"), format!("c[{}]", 4 * half + at)));
    vec![
        "    asm volatile(".to_owned(),
        format!("        \"mma.sync.aligned.{instruction} {{%0, %1, %2, %3}}, {{%4, %5, %6, %7}}, {{%8, %9}}, \""),
        "        \"{%0, %1, %2, %3};\"".to_owned(),
        format!("        : {}", list(c.collect())),
        format!("        : {}", list(a.chain(b).collect())),
        "    );".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mfma::Role;

    #[test]
    fn every_element_is_held_once() {
        for row in MMAS {
            for role in Role::ALL {
                let (rows, columns) = row.size(role);
                let mut held = vec![0; (rows * columns) as usize];
                for lane in 0..LANES {
                    for register in 0..u32::from(row.operand(role).lanes) {
                        let (i, j) = row.coord(role, lane, register);
                        held[(i * columns + j) as usize] += 1;
                    }
                }
                assert!(held.iter().all(|&times| times == 1), "{} {role:?}", row.name);
            }
        }
    }

    /// PTX's own layouts of m16n8k16: what lane `4 group + place` holds.
    #[test]
    fn bf16_lies_as_the_instruction_wants_it() {
        let row = &MMA_BF16_16X16X16;
        for lane in 0..LANES {
            let (group, place) = (lane / 4, lane % 4);
            for register in 0..8 {
                let (pair, odd) = (register / 2, register % 2);
                let a = (group + 8 * (pair % 2), 2 * place + odd + 8 * (pair / 2));
                let b = (2 * place + odd + 8 * (pair % 2), group + 8 * (pair / 2));
                assert_eq!(row.coord(Role::A, lane, register), a);
                assert_eq!(row.coord(Role::B, lane, register), b);
                assert_eq!(row.coord(Role::C, lane, register), a);
            }
        }
    }
}
