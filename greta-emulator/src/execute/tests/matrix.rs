//! Matrix instructions against `../shared/mfma-vectors`, bit for bit, from encoding to registers. The
//! layouts here are AMD's formulas, written apart from those of the executor.

use std::path::Path;

use safetensors::SafeTensors;

use super::{Machine, v};
use crate::isa::{Encoding, ROWS, Row};

/// Elements of A, B, C and D in registers: the first of each.
const A: u32 = 8;
const B: u32 = 16;
const C: u32 = 64;
const D: u32 = 128;

/// Sizes of an instruction and of its operands' elements in bits.
#[derive(Clone, Copy)]
struct Tile {
    m: usize,
    k: usize,
    blocks: usize,
    bits: usize,
}

impl Tile {
    /// Lane and first bit, counted from the operand's first register, of an element of A or B.
    fn of_operand(self, block: usize, index: usize, k: usize) -> (usize, usize) {
        let Self { m, k: depth, blocks, bits } = self;
        if bits == 64 {
            return (index + m * block + m * blocks * k, 0);
        }
        let per_lane = (m * depth * blocks / 64).max(1);
        (index + m * block + m * blocks * (k / per_lane), k % per_lane * bits)
    }

    /// Lane and element number of D[i][j].
    fn of_result(self, block: usize, i: usize, j: usize) -> (usize, usize) {
        match (self.m, self.bits) {
            (16, 64) => (16 * (i % 4) + j, i / 4),
            (4, 64) => (16 * i + 4 * block + j, 0),
            (32, _) => (32 * (i / 4 % 2) + j, 16 * block + 4 * (i / 8) + i % 4),
            (16, _) => (16 * (i / 4) + j, 4 * block + i % 4),
            _ => (4 * block + j, i),
        }
    }
}

struct Vectors {
    row: &'static Row,
    tile: Tile,
    cases: usize,
    values: [Vec<u64>; 4],
}

fn open(path: &Path) -> Vectors {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap().clone();
    let size = |key: &str| metadata[key].parse::<usize>().unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    let row = ROWS.iter().find(|row| row.encoding == Encoding::Mai && row.mnemonic == name).unwrap();
    let values = ["a", "b", "c", "d"].map(|name| {
        let tensor = file.tensor(name).unwrap();
        let bytes = tensor.dtype().bitsize() / 8;
        let wide = |element: &[u8]| element.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        tensor.data().chunks_exact(bytes).map(wide).collect::<Vec<_>>()
    });
    let bits = file.tensor("a").unwrap().dtype().bitsize();
    Vectors {
        row,
        tile: Tile { m: size("m"), k: size("k"), blocks: size("blocks"), bits },
        cases: size("cases"),
        values,
    }
}

/// Puts `bits` bits of a value into a lane.
fn put(machine: &mut Machine, first: u32, (lane, at): (usize, usize), bits: usize, value: u64) {
    for part in 0..bits.div_ceil(32) {
        let at = at + 32 * part;
        let word = &mut machine.wave.vectors[first as usize + at / 32][lane];
        let mask = if bits >= 32 { u32::MAX } else { (1 << bits) - 1 };
        *word = *word & !(mask << (at % 32)) | (((value >> (32 * part)) as u32) & mask) << (at % 32);
    }
}

fn get(machine: &Machine, (lane, element): (usize, usize), bits: usize) -> u64 {
    let word = |at: usize| u64::from(machine.wave.vectors[D as usize + at][lane]);
    if bits == 64 { word(2 * element + 1) << 32 | word(2 * element) } else { word(element) }
}

fn same(found: u64, wanted: u64, is_double: bool) -> bool {
    let is_nan =
        |bits: u64| if is_double { f64::from_bits(bits).is_nan() } else { f32::from_bits(bits as u32).is_nan() };
    found == wanted || (is_nan(found) && is_nan(wanted))
}

fn differing(vectors: &Vectors) -> usize {
    let Vectors { row, tile, cases, values: [a, b, c, d] } = vectors;
    let Tile { m, k, blocks, bits } = *tile;
    let result_bits = if bits == 64 { 64 } else { 32 };
    let mut different = 0;
    for first in (0..*cases).step_by(blocks) {
        let mut machine = Machine::new();
        let blocks = (0..blocks).map(|block| (block, first + block));
        for (block, case) in blocks.clone() {
            for at in 0..m * k {
                put(&mut machine, A, tile.of_operand(block, at / k, at % k), bits, a[case * m * k + at]);
                put(&mut machine, B, tile.of_operand(block, at % m, at / m), bits, b[case * m * k + at]);
            }
            for at in 0..m * m {
                let (lane, element) = tile.of_result(block, at / m, at % m);
                put(&mut machine, C, (lane, element * result_bits), result_bits, c[case * m * m + at]);
            }
        }
        let words = [0xd380_0000 | u32::from(row.opcode) << 16 | D, v(A) | v(B) << 9 | v(C) << 18];
        machine.run(words).unwrap();
        for (block, case) in blocks {
            for at in 0..m * m {
                let found = get(&machine, tile.of_result(block, at / m, at % m), result_bits);
                different += usize::from(!same(found, d[case * m * m + at], bits == 64));
            }
        }
    }
    different
}

#[test]
fn every_vector_comes_out_bit_for_bit() {
    for path in greta_testing::shared_files("mfma-vectors", "safetensors") {
        let vectors = open(&path);
        assert!(vectors.cases >= vectors.tile.blocks);
        let different = differing(&vectors);
        let name = vectors.row.mnemonic;
        assert_eq!(different, 0, "{name}: {different} elements differ");
        println!("{name}: {} cases", vectors.cases);
    }
}

/// D = A B + C on small integers by plain sums, for the instructions without vectors.
#[test]
fn integer_products_are_exact() {
    let rows = ROWS.iter().filter(|row| row.mnemonic.starts_with("v_mfma_i32_"));
    let mut seen = 0;
    for row in rows {
        let sizes: Vec<usize> = row.mnemonic["v_mfma_i32_".len()..].split(['x', '_']).flat_map(str::parse).collect();
        let blocks = row.dst.dwords() as usize * 64 / (sizes[0] * sizes[0]);
        let tile = Tile { m: sizes[0], k: sizes[2], blocks, bits: 8 };
        let value = |at: usize, seed: usize| ((at * 37 + seed * 11) % 251) as u8 as i8;
        let mut machine = Machine::new();
        for block in 0..blocks {
            for at in 0..tile.m * tile.k {
                let (i, k) = (at / tile.k, at % tile.k);
                put(&mut machine, A, tile.of_operand(block, i, k), 8, value(at, block) as u8 as u64);
                put(&mut machine, B, tile.of_operand(block, i, k), 8, value(at, block + 7) as u8 as u64);
            }
        }
        machine.run([0xd380_0000 | u32::from(row.opcode) << 16 | D, v(A) | v(B) << 9 | 128 << 18]).unwrap();
        for (block, i, j) in
            (0..blocks * tile.m * tile.m).map(|at| (at / tile.m / tile.m, at / tile.m % tile.m, at % tile.m))
        {
            let products = (0..tile.k)
                .map(|k| i32::from(value(i * tile.k + k, block)) * i32::from(value(j * tile.k + k, block + 7)));
            let found = get(&machine, tile.of_result(block, i, j), 32) as u32 as i32;
            assert_eq!(found, products.sum::<i32>(), "{} D[{i}][{j}] of block {block}", row.mnemonic);
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
}

/// A sparse product is the dense one of A with its zeros, where sums are exact.
#[test]
fn sparse_products_multiply_what_the_indices_name() {
    for row in ROWS.iter().filter(|row| row.mnemonic.starts_with("v_smfmac_i32_")) {
        let m = if row.mnemonic.contains("16x16") { 16 } else { 32 };
        let k = if m == 16 { 64 } else { 32 };
        let per_lane = m * k / 64;
        let mut machine = Machine::new();
        let mut dense = vec![0i32; m * k];
        for lane in 0..64 {
            let (i, base) = (lane % m, lane / m * per_lane);
            let mut indices = 0u32;
            for element in 0..per_lane / 2 {
                // Two different places of each four.
                let index = if element % 2 == 0 { (lane + element) % 3 } else { 3 };
                let value = (lane * 7 + element * 5) % 100 + 1;
                indices |= (index as u32) << (2 * element);
                put(&mut machine, A, (lane, 8 * element), 8, value as u64);
                dense[i * k + base + element / 2 * 4 + index] = value as i32;
            }
            // The second set of indices: the first is not to be looked at.
            machine.wave.vectors[C as usize][lane] = indices << 16 | 0x5a5a;
            for element in 0..per_lane {
                put(&mut machine, B, (lane, 8 * element), 8, ((lane * 3 + element) % 90) as u64);
            }
            machine.wave.vectors[D as usize][lane] = 1000;
        }
        machine.run([0xd380_0000 | u32::from(row.opcode) << 16 | 1 << 11 | D, v(A) | v(B) << 9 | v(C) << 18]).unwrap();
        let tile = Tile { m, k, blocks: 1, bits: 8 };
        for (i, j) in (0..m * m).map(|at| (at / m, at % m)) {
            let b = |k: usize| ((k / per_lane * m + j) * 3 + k % per_lane) as i32 % 90;
            let products: i32 = (0..k).map(|k_| dense[i * k + k_] * b(k_)).sum();
            let place = tile.of_result(0, i, j);
            let old = if place.1 == 0 { 1000 } else { 0 };
            assert_eq!(get(&machine, place, 32) as u32 as i32, products + old, "{} D[{i}][{j}]", row.mnemonic);
        }
    }
}

#[test]
fn f64_products_negate_what_blgp_says() {
    let mut machine = Machine::new();
    for (register, value) in [(A, 2.0f64), (B, 3.0), (C, 5.0)] {
        for lane in 0..64 {
            put(&mut machine, register, (lane, 0), 64, value.to_bits());
        }
    }
    // Negates A and C: 4 products of -2 * 3, less 5.
    machine.run([0xd3ef_0000 | D, v(A) | v(B) << 9 | v(C) << 18 | 0b101 << 29]).unwrap();
    assert!((0..64).all(|lane| f64::from_bits(get(&machine, (lane, 0), 64)) == -29.0));
}
