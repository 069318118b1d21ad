//! Tiles of the rules that sum groups of products at a common exponent: f16, bf16, xf32, fp8, bf8.
//!
//! Sixteen columns at a time, in integers of 32 bits: a significand has at most 11 bits, a product 22, and 26 once it has
//! 24 fractional bits; sixteen of them stay below 2^30. The sum's meeting with C needs 38 bits and exact powers of two,
//! both of which f64 has, and leaves a value whose conversion to f32 is the rule's one rounding.
//!
//! Lanes of which that is not all, because an infinity, a NaN or a product near 2^128 is about, are found by their
//! exponents or by a result that is not finite, and done again by [`element`](super::element).

use super::element::{add_group, add_group_fp8};
use super::format::{FRACTION_BITS, Layout, Parts, ZERO_EXPONENT};
use super::{GROUP_MAX, NAN_BITS, Shape, Tile};
use crate::simd::{Kernel, Simd};

/// Columns done at once.
const WIDTH: usize = 16;

/// Which products share an exponent.
#[derive(Clone, Copy)]
pub(super) enum Group {
    /// All of a group of this many, 16 at most.
    Whole(usize),
    /// Those of even and those of odd index of a group of 16.
    EvenOdd,
}

/// D = A * B + C by the rule of `group`, on elements of these layouts.
pub(super) fn multiply<E: Copy + Into<u32>>(
    simd: Simd,
    group: Group,
    tile: Tile,
    layouts: (Layout, Layout),
    a: &[E],
    b: &[E],
    c: &mut [u32],
) {
    let operands = Operands { tile, layouts, a, b, c };
    match group {
        Group::Whole(8) => simd.run(Sum::<E, 8, false>(operands)),
        Group::Whole(4) => simd.run(Sum::<E, 4, false>(operands)),
        Group::EvenOdd => simd.run(Sum::<E, GROUP_MAX, true>(operands)),
        Group::Whole(group) => operands.run_element_by_element(group),
    }
}

struct Operands<'t, E> {
    tile: Tile,
    layouts: (Layout, Layout),
    a: &'t [E],
    b: &'t [E],
    c: &'t mut [u32],
}

/// Groups of `GROUP`, whole or `SPLIT` into even and odd.
struct Sum<'t, E, const GROUP: usize, const SPLIT: bool>(Operands<'t, E>);

/// Rows of B in one group, taken apart: 0 or -1, below 2^11, exponent.
struct Block<const GROUP: usize> {
    sign: [[i32; WIDTH]; GROUP],
    magnitude: [[i32; WIDTH]; GROUP],
    exponent: [[i32; WIDTH]; GROUP],
}

/// One row of A in one group, likewise.
struct Row<const GROUP: usize> {
    sign: [i32; GROUP],
    magnitude: [i32; GROUP],
    exponent: [i32; GROUP],
}

impl<E: Copy + Into<u32>, const GROUP: usize, const SPLIT: bool> Kernel for Sum<'_, E, GROUP, SPLIT> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut operands = self.0;
        let Shape { m, n, k } = operands.tile.shape;
        for column in (0..n).step_by(WIDTH) {
            for first in (0..k).step_by(GROUP) {
                let block = operands.block::<GROUP>(first, column);
                for i in 0..m {
                    let row = operands.row::<GROUP>(i, first);
                    let at = i * n + column;
                    let width = WIDTH.min(n - column);
                    let mut acc = [0; WIDTH];
                    acc[..width].copy_from_slice(&operands.c[at..at + width]);
                    let (sum, exponent) = sums::<GROUP, SPLIT>(&row, &block);
                    let (result, again) = add_rounded::<SPLIT>(&sum, &exponent, &acc);
                    operands.c[at..at + width].copy_from_slice(&result[..width]);
                    if again {
                        operands.repeat::<GROUP, SPLIT>(i, column, first, &acc, &exponent, &result);
                    }
                }
            }
        }
    }
}

impl<E: Copy + Into<u32>> Operands<'_, E> {
    #[inline(always)]
    fn block<const GROUP: usize>(&self, first: usize, column: usize) -> Block<GROUP> {
        let Shape { n, k, .. } = self.tile.shape;
        let mut block = Block {
            sign: [[0; WIDTH]; GROUP],
            magnitude: [[0; WIDTH]; GROUP],
            exponent: [[ZERO_EXPONENT; WIDTH]; GROUP],
        };
        for offset in 0..GROUP.min(k - first) {
            let start = (first + offset) * n + column;
            let mut bits = [0_u32; WIDTH];
            for (bits, b) in bits.iter_mut().zip(&self.b[start..start + WIDTH.min(n - column)]) {
                *bits = (*b).into();
            }
            for (lane, bits) in bits.into_iter().enumerate() {
                let raw = self.layouts.1.raw(bits);
                block.sign[offset][lane] = raw.sign;
                block.magnitude[offset][lane] = raw.magnitude;
                block.exponent[offset][lane] = raw.exponent;
            }
        }
        block
    }

    #[inline(always)]
    fn row<const GROUP: usize>(&self, i: usize, first: usize) -> Row<GROUP> {
        let (start, stride) = self.tile.a_row(i);
        let mut bits = [0_u32; GROUP];
        for (offset, bits) in bits.iter_mut().enumerate().take(self.tile.shape.k - first) {
            *bits = self.a[start + (first + offset) * stride].into();
        }
        let mut row = Row { sign: [0; GROUP], magnitude: [0; GROUP], exponent: [ZERO_EXPONENT; GROUP] };
        for (offset, bits) in bits.into_iter().enumerate() {
            let raw = self.layouts.0.raw(bits);
            row.sign[offset] = raw.sign;
            // Products come out with 24 fractional bits.
            row.magnitude[offset] = raw.magnitude << (24 - 2 * FRACTION_BITS);
            row.exponent[offset] = raw.exponent;
        }
        row
    }

    /// Does the lanes that the loop cannot once more.
    #[cold]
    #[inline(never)]
    fn repeat<const GROUP: usize, const SPLIT: bool>(
        &mut self,
        i: usize,
        column: usize,
        first: usize,
        acc: &[u32; WIDTH],
        exponent: &[i32; WIDTH],
        result: &[u32; WIDTH],
    ) {
        let n = self.tile.shape.n;
        for lane in 0..WIDTH.min(n - column) {
            if exponent[lane] >= EXPONENT_DECIDES || !f32::from_bits(result[lane]).is_finite() {
                let at = i * n + column + lane;
                self.c[at] = self.element(i, column + lane, first, GROUP, SPLIT, acc[lane]);
            }
        }
    }

    /// One group of one element.
    fn element(&self, i: usize, j: usize, first: usize, group: usize, split: bool, acc: u32) -> u32 {
        let Shape { n, k, .. } = self.tile.shape;
        let zero = Parts { significand: 0, exponent: ZERO_EXPONENT, class: super::Class::Finite };
        let (mut a, mut b) = ([zero; GROUP_MAX], [zero; GROUP_MAX]);
        let depth = group.min(k - first);
        let (start, stride) = self.tile.a_row(i);
        for (offset, (a, b)) in a.iter_mut().zip(&mut b).enumerate().take(depth) {
            *a = self.layouts.0.parts(self.a[start + (first + offset) * stride].into());
            *b = self.layouts.1.parts(self.b[(first + offset) * n + j].into());
        }
        let add = if split { add_group_fp8 } else { add_group };
        add(&a[..depth], &b[..depth], f32::from_bits(acc)).to_bits()
    }

    /// Groups of a size that no instruction has.
    fn run_element_by_element(self, group: usize) {
        let Shape { n, k, .. } = self.tile.shape;
        for at in 0..self.c.len() {
            for first in (0..k).step_by(group) {
                self.c[at] = self.element(at / n, at % n, first, group, false, self.c[at]);
            }
        }
    }
}

/// The products' largest exponent in each lane, and their sum with 24 fractional bits of it.
#[inline(always)]
fn sums<const GROUP: usize, const SPLIT: bool>(row: &Row<GROUP>, block: &Block<GROUP>) -> ([i32; WIDTH], [i32; WIDTH]) {
    if !SPLIT {
        return strided_sums::<GROUP>(row, block, 0, 1);
    }
    let (even, even_exponent) = strided_sums::<GROUP>(row, block, 0, 2);
    let (odd, odd_exponent) = strided_sums::<GROUP>(row, block, 1, 2);
    let (mut sum, mut exponent) = ([0; WIDTH], [0; WIDTH]);
    for lane in 0..WIDTH {
        exponent[lane] = even_exponent[lane].max(odd_exponent[lane]);
        sum[lane] = (even[lane] >> (exponent[lane] - even_exponent[lane]).min(31))
            + (odd[lane] >> (exponent[lane] - odd_exponent[lane]).min(31));
    }
    (sum, exponent)
}

#[inline(always)]
fn strided_sums<const GROUP: usize>(
    row: &Row<GROUP>,
    block: &Block<GROUP>,
    first: usize,
    stride: usize,
) -> ([i32; WIDTH], [i32; WIDTH]) {
    let mut largest = [i32::MIN; WIDTH];
    for offset in (first..GROUP).step_by(stride) {
        for lane in 0..WIDTH {
            largest[lane] = largest[lane].max(row.exponent[offset] + block.exponent[offset][lane]);
        }
    }
    let mut sum = [0; WIDTH];
    for offset in (first..GROUP).step_by(stride) {
        for lane in 0..WIDTH {
            let product = (row.magnitude[offset] * block.magnitude[offset][lane]) as u32;
            let places = (largest[lane] - row.exponent[offset] - block.exponent[offset][lane]) as u32;
            let magnitude = if places < 32 { product >> places } else { 0 } as i32;
            let sign = row.sign[offset] ^ block.sign[offset][lane];
            sum[lane] += (magnitude ^ sign) - sign;
        }
    }
    (sum, largest)
}

/// The lowest exponent of a product that may reach 2^128.
const EXPONENT_DECIDES: i32 = 127;

/// Adds the accumulators to `sum * 2^(exponent - 24)` and rounds to f32. The flag: some lane is not to be trusted.
#[inline(always)]
fn add_rounded<const SPLIT: bool>(
    sum: &[i32; WIDTH],
    exponent: &[i32; WIDTH],
    acc: &[u32; WIDTH],
) -> ([u32; WIDTH], bool) {
    let mut result = [0; WIDTH];
    let mut again = 0;
    for lane in 0..WIDTH {
        let acc_exponent = ((acc[lane] >> 23) & 0xff).max(1) as i32 - 127;
        let largest = acc_exponent.max(exponent[lane]);
        // C is dropped by the 8-bit rule where it is far below the products.
        let dropped = SPLIT & (acc_exponent < largest - 25);
        let acc = f64::from(f32::from_bits(if dropped { 0 } else { acc[lane] }));
        let sum = floor(f64::from(sum[lane]) * power_of_two(7 + exponent[lane] - largest));
        let acc = floor(acc * power_of_two(24 - largest));
        let total = sum + acc * 128.0;
        let rounded = (total * power_of_two(largest - 31)) as f32;
        let bits = rounded.to_bits();
        let nonfinite = bits & 0x7f80_0000 == 0x7f80_0000;
        again |= i32::from(nonfinite | (exponent[lane] >= EXPONENT_DECIDES));
        result[lane] = if rounded.is_nan() { NAN_BITS } else { bits };
    }
    (result, again != 0)
}

/// The integer below `x`, or `x`; for |x| < 2^51, and without an instruction of its own. -0 gives +0.
#[inline(always)]
fn floor(x: f64) -> f64 {
    // Adding this number leaves no fractional bits, so that the sum is rounded to an integer.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    let nearest = (x + SHIFT) - SHIFT;
    nearest - if nearest > x { 1.0 } else { 0.0 }
}

/// 2^exponent for exponents of normal f64, and any number else.
#[inline(always)]
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits((i64::from(exponent + 1023) << 52) as u64)
}
