//! Layouts: matrices of distinct values against a plain product, through fragments and through the raw intrinsics. On
//! the emulator that is machine code which the real compiler made.
//!
//! No format of 8 bits has as many values as a matrix has elements: three products, each of one digit of the elements'
//! numbers, tell every element from every other. All sums are exact in every format.

use std::collections::BTreeSet;

use greta::codegen::mfma::{Format, Mfma, Role};
use greta::prelude::Device;

use crate::devices;
use crate::kernels::{ENTRIES, Entry};
use crate::numbers::{decode, encode};

/// Digits of an element's number.
const DIGITS: u32 = 3;

/// The value of an element in a probe: a digit to base 16, from -8 to 7. B's are in another order than A's.
fn value(role: Role, index: u32, digit: u32) -> i32 {
    let index = if role == Role::B { index * 5 + 3 } else { index };
    (index >> (4 * digit) & 15) as i32 - 8
}

/// A, B and C of a probe, by rows.
fn inputs(row: &Mfma, digit: u32) -> [Vec<i32>; 3] {
    Role::ALL.map(|role| {
        let (rows, columns) = row.size(role);
        (0..rows * columns)
            .map(|index| if role == Role::C { index as i32 * 3 - 1000 } else { value(role, index, digit) })
            .collect()
    })
}

/// A * B + C, block by block.
fn product(row: &Mfma, [a, b, c]: &[Vec<i32>; 3]) -> Vec<i32> {
    let (m, n, k) = (row.m as usize, row.n as usize, row.k as usize);
    let width = n * row.blocks as usize;
    let element = |at: usize| {
        let (i, j, block) = (at / n, at % n, at / (m * n));
        c[at] + (0..k).map(|x| a[i * k + x] * b[x * width + block * n + j]).sum::<i32>()
    };
    (0..c.len()).map(element).collect()
}

/// Multiplies the probe's matrices by an instruction, through its fragments and its intrinsic.
fn multiply(name: &str, device: &Device, entry: &Entry) {
    for digit in 0..DIGITS {
        let inputs = inputs(entry.row, digit);
        let wanted = product(entry.row, &inputs);
        assert!(wanted.iter().collect::<BTreeSet<_>>().len() > wanted.len() / 4, "{}", entry.row.name);
        let bits = Role::ALL.map(|role| {
            let format = entry.row.formats[role as usize];
            inputs[role as usize].iter().map(|&value| encode(format, value)).collect::<Vec<u64>>()
        });
        let found = (entry.run_fragments)(device, [&bits[0], &bits[1], &bits[2]], 1).unwrap();
        check(name, entry, &found, &wanted);
        let held = Role::ALL.map(|role| entry.held(role, &bits[role as usize]));
        let found = (entry.run_intrinsic)(device, [&held[0], &held[1], &held[2]], 1).unwrap();
        check(name, entry, &entry.matrix(Role::C, &found), &wanted);
    }
}

fn check(name: &str, entry: &Entry, found: &[u64], wanted: &[i32]) {
    let row = entry.row;
    for (at, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        let found = decode(row.formats[2], found);
        let (i, j) = (at / row.n as usize, at % row.n as usize);
        assert_eq!(found, f64::from(wanted), "{} on {name}: D[{i}][{j}]", row.name);
    }
}

#[test]
fn every_element_is_told_from_every_other() {
    for entry in ENTRIES {
        for role in [Role::A, Role::B] {
            let (rows, columns) = entry.row.size(role);
            let digits = |index| (0..DIGITS).map(|digit| value(role, index, digit)).collect::<Vec<i32>>();
            let distinct: BTreeSet<Vec<i32>> = (0..rows * columns).map(digits).collect();
            assert_eq!(distinct.len(), (rows * columns) as usize, "{} {role:?}", entry.row.name);
        }
    }
}

#[test]
fn fragments_and_intrinsics_multiply_matrices_of_distinct_values() {
    for (name, device) in devices() {
        let rows = ENTRIES.iter().filter(|entry| entry.is_on_gfx942());
        println!("{name}: {} instructions", rows.clone().count());
        rows.for_each(|entry| multiply(name, &device, entry));
    }
}

/// Integers have one product, whatever the machine.
#[test]
fn the_interpreter_multiplies_integers_by_instructions_that_are_new_on_gfx950() {
    let device = Device::open("cpu:gfx950").unwrap();
    let rows = ENTRIES.iter().filter(|entry| entry.is_new_on_gfx950() && entry.row.formats[0] == Format::I8);
    assert_ne!(rows.clone().count(), 0);
    rows.for_each(|entry| multiply("cpu:gfx950", &device, entry));
}
