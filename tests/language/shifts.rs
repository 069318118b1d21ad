//! Shifts by a count of another integer type.

use crate::{check, integers, kernels};
use greta::prelude::*;

const HALF: u8 = 4;

#[kernel(block = 64)]
pub fn shifts(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let n = x[i];
    let count = i % 32;
    let mut wide = n as u64 * 0x1_0000_0001;
    wide <<= count;
    wide ^= wide >> (count as u8 + 32u8);
    let byte = (n as u8) << (i % 8);
    let signed = (n as i32) >> (i % 32) as u64;
    let short = (n as i16) >> HALF;
    let one = 1u64 << (i % 64) as i32;
    y[i] = (wide >> HALF) as u32
        ^ byte as u32
        ^ signed as u32
        ^ short as u32
        ^ (one >> 31i64) as u32
        ^ (5u32 >> (i % 3) as u16);
}

#[test]
fn a_shift_takes_a_count_of_any_integer_type() {
    check!(shifts, integers(), |x: &[u32], i: usize| {
        let (n, i) = (x[i], i as u32);
        let count = i % 32;
        let mut wide = u64::from(n).wrapping_mul(0x1_0000_0001);
        wide <<= count;
        wide ^= wide >> (count as u8 + 32u8);
        let byte = (n as u8) << (i % 8);
        let signed = (n as i32) >> u64::from(i % 32);
        let short = (n as i16) >> HALF;
        let one = 1u64 << (i % 64) as i32;
        (wide >> HALF) as u32
            ^ u32::from(byte)
            ^ signed as u32
            ^ short as u32
            ^ (one >> 31i64) as u32
            ^ (5u32 >> (i % 3) as u16)
    });
}

/// A literal to shift by leaves no trace of its type.
#[kernel(block = 64)]
pub fn shift_by_literals(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = (x[i] as u64 >> 3) as u32;
}

#[test]
fn a_literal_is_no_cast() {
    check!(shift_by_literals, integers(), |x: &[u32], i: usize| x[i] >> 3);
    let hip = shift_by_literals::variant().hip().unwrap();
    assert!(hip.contains("y[i] = uint32_t(uint64_t(x[i]) >> 3);"), "{hip}");
}

kernels!(shifts, shift_by_literals);
