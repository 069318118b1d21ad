//! Tiles of the rules that work on whole values: chains of fused multiply-adds, and integer sums.

use super::{NAN_BITS, NAN_BITS_F64, Shape, Tile};
use crate::simd::{Kernel, Simd};

/// Rule [`F32`](super::Rule::F32).
pub(super) fn multiply_f32(simd: Simd, tile: Tile, a: &[u32], b: &[u32], c: &mut [u32]) {
    simd.run(ChainF32(Operands { tile, a, b, c }));
}

/// Rule [`F64`](super::Rule::F64).
pub(super) fn multiply_f64(simd: Simd, tile: Tile, a: &[u64], b: &[u64], c: &mut [u64]) {
    simd.run(ChainF64(Operands { tile, a, b, c }));
}

/// Rule [`I8`](super::Rule::I8).
pub(super) fn multiply_i8(simd: Simd, tile: Tile, a: &[u8], b: &[u8], c: &mut [u32]) {
    simd.run(SumI8(Operands { tile, a, b, c }));
}

struct Operands<'t, E, C> {
    tile: Tile,
    a: &'t [E],
    b: &'t [E],
    c: &'t mut [C],
}

struct ChainF32<'t>(Operands<'t, u32, u32>);
struct ChainF64<'t>(Operands<'t, u64, u64>);
struct SumI8<'t>(Operands<'t, u8, u32>);

impl Kernel for ChainF32<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let step = |a: u32, b: u32, acc: u32| {
            let (a, b, acc) = (f32::from_bits(a), f32::from_bits(b), f32::from_bits(acc));
            (if FMA { a.mul_add(b, acc) } else { fused_multiply_add(a, b, acc) }).to_bits()
        };
        let finish = |acc: u32| if f32::from_bits(acc).is_nan() { NAN_BITS } else { acc };
        by_columns(self.0, step, finish);
    }
}

impl Kernel for ChainF64<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let step =
            |a: u64, b: u64, acc: u64| f64::from_bits(a).mul_add(f64::from_bits(b), f64::from_bits(acc)).to_bits();
        let finish = |acc: u64| if f64::from_bits(acc).is_nan() { NAN_BITS_F64 } else { acc };
        by_columns(self.0, step, finish);
    }
}

impl Kernel for SumI8<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let step = |a: u8, b: u8, acc: u32| acc.wrapping_add((i32::from(a as i8) * i32::from(b as i8)) as u32);
        by_columns(self.0, step, |acc| acc);
    }
}

/// Blocks of 16, then 4, then single columns.
#[inline(always)]
fn by_columns<E: Copy, C: Copy>(
    mut operands: Operands<'_, E, C>,
    step: impl Fn(E, E, C) -> C + Copy,
    finish: impl Fn(C) -> C + Copy,
) {
    let n = operands.tile.shape.n;
    let mut column = 0;
    while column < n {
        column += match n - column {
            16.. => columns::<16, E, C>(&mut operands, column, step, finish),
            4.. => columns::<4, E, C>(&mut operands, column, step, finish),
            _ => columns::<1, E, C>(&mut operands, column, step, finish),
        };
    }
}

/// `WIDTH` columns from `column` on. Returns `WIDTH`.
#[inline(always)]
fn columns<const WIDTH: usize, E: Copy, C: Copy>(
    operands: &mut Operands<'_, E, C>,
    column: usize,
    step: impl Fn(E, E, C) -> C,
    finish: impl Fn(C) -> C,
) -> usize {
    let Operands { tile, a, b, c } = operands;
    let Shape { n, k, .. } = tile.shape;
    for (i, row) in c.chunks_exact_mut(n).enumerate() {
        let Some(block) = row[column..].first_chunk_mut::<WIDTH>() else { continue };
        let (start, stride) = tile.a_row(i);
        let mut acc = *block;
        for index in 0..k {
            let Some(factors) = b[index * n + column..].first_chunk::<WIDTH>() else { continue };
            let factor = a[start + index * stride];
            for (acc, b) in acc.iter_mut().zip(factors) {
                *acc = step(factor, *b, *acc);
            }
        }
        *block = acc.map(&finish);
    }
    WIDTH
}

/// a * b + c rounded once, without the instruction.
///
/// The product of two f32 is exact in f64. The f64 sum is rounded to odd: if it is inexact (its error is known exactly,
/// Knuth's TwoSum) and its last bit is even, it moves one step toward the error. f64 has more than two bits beyond f32,
/// so that rounding such a sum to f32 gives what rounding the exact one would (Boldo and Melquiond, "Emulation of FMA
/// and correctly rounded sums", 2008).
#[inline(always)]
fn fused_multiply_add(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let of_c = sum - product;
    let error = (product - (sum - of_c)) + (c - of_c);
    let bits = sum.to_bits();
    // The error of an infinite or NaN sum is NaN, and neither comparison holds.
    let inexact = (error > 0.0) | (error < 0.0);
    let outward = (error > 0.0) == (sum > 0.0);
    let toward_error = if outward { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let odd = if inexact & (bits & 1 == 0) { toward_error } else { bits };
    f64::from_bits(odd) as f32
}

#[cfg(test)]
mod tests {
    use super::fused_multiply_add;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// The same cases in every run.
    fn config() -> ProptestConfig {
        ProptestConfig {
            cases: 200_000,
            rng_seed: RngSeed::Fixed(3),
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn the_portable_fused_multiply_add_is_the_exact_one(a: u32, b: u32, c: u32, near: bool, offset in -3_i32..3) {
            let (a, b) = (f32::from_bits(a), f32::from_bits(b));
            // Half of the cases cancel all but a few bits of the product.
            let c = if near { f32::from_bits((-(a * b)).to_bits().wrapping_add_signed(offset)) } else { f32::from_bits(c) };
            let (given, wanted) = (fused_multiply_add(a, b, c), a.mul_add(b, c));
            prop_assert!(given.to_bits() == wanted.to_bits() || (given.is_nan() && wanted.is_nan()), "{given} {wanted}");
        }
    }
}
