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
        if FMA { by_columns::<_, _, FusedF32>(self.0) } else { by_columns::<_, _, PortableF32>(self.0) }
    }
}

impl Kernel for ChainF64<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        by_columns::<_, _, FusedF64>(self.0);
    }
}

impl Kernel for SumI8<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        by_columns::<_, _, Integer>(self.0);
    }
}

/// How an accumulator takes in a product.
trait Step<E: Copy, C: Copy> {
    /// acc + a * b.
    fn step(a: E, b: E, acc: C) -> C;

    /// What is stored of an accumulator.
    #[inline(always)]
    fn finish(acc: C) -> C {
        acc
    }

    /// All steps of neighbouring columns. `products`: an element of A and those of B of these columns, k ascending.
    #[inline(always)]
    fn chain<'b, const WIDTH: usize>(
        mut acc: [C; WIDTH],
        products: impl Iterator<Item = (E, &'b [E; WIDTH])> + Clone,
    ) -> [C; WIDTH]
    where
        E: 'b,
    {
        for (a, b) in products {
            for (acc, b) in acc.iter_mut().zip(b) {
                *acc = Self::step(a, *b, *acc);
            }
        }
        acc.map(Self::finish)
    }
}

struct FusedF32;
struct PortableF32;
struct FusedF64;
struct Integer;

impl Step<u32, u32> for FusedF32 {
    #[inline(always)]
    fn step(a: u32, b: u32, acc: u32) -> u32 {
        f32::from_bits(a).mul_add(f32::from_bits(b), f32::from_bits(acc)).to_bits()
    }

    #[inline(always)]
    fn finish(acc: u32) -> u32 {
        if f32::from_bits(acc).is_nan() { NAN_BITS } else { acc }
    }
}

impl Step<u32, u32> for PortableF32 {
    #[inline(always)]
    fn step(a: u32, b: u32, acc: u32) -> u32 {
        fused_multiply_add(f32::from_bits(a), f32::from_bits(b), f32::from_bits(acc)).to_bits()
    }

    #[inline(always)]
    fn finish(acc: u32) -> u32 {
        FusedF32::finish(acc)
    }

    #[inline(always)]
    fn chain<'b, const WIDTH: usize>(
        acc: [u32; WIDTH],
        products: impl Iterator<Item = (u32, &'b [u32; WIDTH])> + Clone,
    ) -> [u32; WIDTH] {
        let mut sums = acc.map(f32::from_bits);
        let mut doubtful = 0;
        for (a, b) in products.clone() {
            for (sum, b) in sums.iter_mut().zip(b) {
                let (rounded, in_doubt) = twice_rounded(f32::from_bits(a), f32::from_bits(*b), *sum);
                *sum = rounded;
                doubtful |= in_doubt;
            }
        }
        if doubtful == 0 { sums.map(f32::to_bits).map(Self::finish) } else { exact_chain(acc, products) }
    }
}

impl Step<u64, u64> for FusedF64 {
    #[inline(always)]
    fn step(a: u64, b: u64, acc: u64) -> u64 {
        f64::from_bits(a).mul_add(f64::from_bits(b), f64::from_bits(acc)).to_bits()
    }

    #[inline(always)]
    fn finish(acc: u64) -> u64 {
        if f64::from_bits(acc).is_nan() { NAN_BITS_F64 } else { acc }
    }
}

impl Step<u8, u32> for Integer {
    #[inline(always)]
    fn step(a: u8, b: u8, acc: u32) -> u32 {
        acc.wrapping_add((i32::from(a as i8) * i32::from(b as i8)) as u32)
    }
}

/// Blocks of 16, then 4, then single columns.
#[inline(always)]
fn by_columns<E: Copy, C: Copy, S: Step<E, C>>(mut operands: Operands<'_, E, C>) {
    let n = operands.tile.shape.n;
    let mut column = 0;
    while column < n {
        column += match n - column {
            16.. => columns::<16, E, C, S>(&mut operands, column),
            4.. => columns::<4, E, C, S>(&mut operands, column),
            _ => columns::<1, E, C, S>(&mut operands, column),
        };
    }
}

/// `WIDTH` columns from `column` on. Returns `WIDTH`.
#[inline(always)]
fn columns<const WIDTH: usize, E: Copy, C: Copy, S: Step<E, C>>(
    operands: &mut Operands<'_, E, C>,
    column: usize,
) -> usize {
    let Operands { tile, a, b, c } = operands;
    let Shape { n, k, .. } = tile.shape;
    for (i, row) in c.chunks_exact_mut(n).enumerate() {
        let (start, stride) = tile.a_row(i);
        let product = |index: usize| Some((a[start + index * stride], b[index * n + column..].first_chunk::<WIDTH>()?));
        if let Some(block) = row[column..].first_chunk_mut::<WIDTH>() {
            *block = S::chain(*block, (0..k).map_while(product));
        }
    }
    WIDTH
}

/// The chain of a block of columns of which some sum was in doubt.
#[inline(never)]
fn exact_chain<'b, const WIDTH: usize>(
    acc: [u32; WIDTH],
    products: impl Iterator<Item = (u32, &'b [u32; WIDTH])>,
) -> [u32; WIDTH] {
    let mut acc = acc;
    for (a, b) in products {
        for (acc, b) in acc.iter_mut().zip(b) {
            *acc = PortableF32::step(a, *b, *acc);
        }
    }
    acc.map(PortableF32::finish)
}

/// a * b + c rounded to f64 and then to f32, and whether that may differ from rounding once.
///
/// It differs only where the f64 is half way between two f32, or the f32 is subnormal and its last bit elsewhere.
#[inline(always)]
fn twice_rounded(a: f32, b: f32, c: f32) -> (f32, u32) {
    let sum = f64::from(a) * f64::from(b) + f64::from(c);
    let half_way = sum.to_bits() as u32 & 0x1fff_ffff == 0x1000_0000;
    let rounded = sum as f32;
    // What is subnormal, or zero from a sum that is not; the smallest normal number may have come from below.
    let small = (rounded.abs() <= f32::MIN_POSITIVE) & (sum != 0.0);
    (rounded, u32::from(half_way | small))
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
    use super::{fused_multiply_add, twice_rounded};
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
        fn the_portable_fused_multiply_add_is_the_exact_one(
            a: u32, b: u32, c: u32, kind in 0..4, offset in -3_i32..3,
        ) {
            let (mut a, mut b, mut c) = (f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
            match kind {
                // Cancels all but a few bits of the product.
                0 => c = f32::from_bits((-(a * b)).to_bits().wrapping_add_signed(offset)),
                // A product of half a unit in c's last place, or next to it.
                1 => (a, b) = (c * 2.0_f32.powi(-24), f32::from_bits(1.0_f32.to_bits().wrapping_add_signed(offset))),
                // A sum around the smallest normal number.
                2 => (a, c) = (a % 2.0 * 2.0_f32.powi(-100), c % 2.0 * 2.0_f32.powi(-126)),
                _ => {}
            }
            if kind == 2 {
                b = b % 2.0 * 2.0_f32.powi(-26);
            }
            let same = |given: f32, wanted: f32| given.to_bits() == wanted.to_bits() || (given.is_nan() && wanted.is_nan());
            let wanted = a.mul_add(b, c);
            let given = fused_multiply_add(a, b, c);
            prop_assert!(same(given, wanted), "{given:e} {wanted:e}");
            let (given, in_doubt) = twice_rounded(a, b, c);
            prop_assert!(in_doubt != 0 || same(given, wanted), "{given:e} {wanted:e} without doubt");
        }
    }
}
