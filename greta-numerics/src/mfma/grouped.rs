//! Tiles of the rules that sum groups of products at a common exponent: f16, bf16, xf32, fp8, bf8.
//!
//! Sixteen columns at a time, in integers of 32 bits, each operand taken apart once for sixteen rows or columns: a significand has at most 11 bits, a product 22, and 26 once it has
//! 24 fractional bits; sixteen of them stay below 2^30. The sum's meeting with C needs 38 bits and exact powers of two,
//! both of which f64 has, and leaves a value whose conversion to f32 is the rule's one rounding.
//!
//! Lanes of which that is not all, because an infinity, a NaN or a product near 2^128 is about, are found by their
//! exponents or by a result that is not finite, and done again by [`element`](super::element).

use super::element::{add_group, add_group_fp8};
use super::format::{FRACTION_BITS, Layout, Parts, ZERO_EXPONENT};
use super::{GROUP_MAX, NAN_BITS, Order, Shape, Tile};
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

/// Sixteen rows of A or columns of B in one group, taken apart: sign 0 or -1, magnitude, exponent.
struct Panel<const GROUP: usize> {
    sign: [[i32; WIDTH]; GROUP],
    magnitude: [[i32; WIDTH]; GROUP],
    exponent: [[i32; WIDTH]; GROUP],
}

/// One row of a panel of A.
struct Row<const GROUP: usize> {
    sign: [i32; GROUP],
    magnitude: [i32; GROUP],
    exponent: [i32; GROUP],
}

impl<const GROUP: usize> Panel<GROUP> {
    #[inline(always)]
    fn row(&self, row: usize) -> Row<GROUP> {
        let mut copy = Row { sign: [0; GROUP], magnitude: [0; GROUP], exponent: [0; GROUP] };
        for offset in 0..GROUP {
            copy.sign[offset] = self.sign[offset][row];
            copy.magnitude[offset] = self.magnitude[offset][row];
            copy.exponent[offset] = self.exponent[offset][row];
        }
        copy
    }
}

impl<E: Copy + Into<u32>, const GROUP: usize, const SPLIT: bool> Kernel for Sum<'_, E, GROUP, SPLIT> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut operands = self.0;
        let Shape { m, n, k } = operands.tile.shape;
        for first in (0..k).step_by(GROUP) {
            for first_row in (0..m).step_by(WIDTH) {
                let rows = operands.rows::<GROUP>(first, first_row);
                for column in (0..n).step_by(WIDTH) {
                    let columns = operands.columns::<GROUP>(first, column);
                    for row in 0..WIDTH.min(m - first_row) {
                        let at = (first_row + row) * n + column;
                        let end = at + WIDTH.min(n - column);
                        let acc = load(&operands.c[at..end]);
                        let (sum, exponent) = sums::<GROUP, SPLIT>(&rows.row(row), &columns);
                        let (result, again) = add_rounded::<SPLIT>(&sum, &exponent, &acc);
                        store(&mut operands.c[at..end], &result);
                        if again {
                            operands.repeat::<GROUP, SPLIT>(first_row + row, column, first, &acc, &exponent, &result);
                        }
                    }
                }
            }
        }
    }
}

impl<E: Copy + Into<u32>> Operands<'_, E> {
    /// Columns of B from `column` on. Beyond the matrix there are zeros.
    #[inline(always)]
    fn columns<const GROUP: usize>(&self, first: usize, column: usize) -> Panel<GROUP> {
        let Shape { n, k, .. } = self.tile.shape;
        take_apart(self.layouts.1, GROUP.min(k - first), 0, |offset| {
            let start = (first + offset) * n + column;
            load(&self.b[start..start + WIDTH.min(n - column)])
        })
    }

    /// Rows of A from `row` on. Their products come out with 24 fractional bits.
    #[inline(always)]
    fn rows<const GROUP: usize>(&self, first: usize, row: usize) -> Panel<GROUP> {
        let Shape { m, k, .. } = self.tile.shape;
        let width = WIDTH.min(m - row);
        take_apart(self.layouts.0, GROUP.min(k - first), 24 - 2 * FRACTION_BITS, |offset| match self.tile.order {
            Order::Columns => {
                let start = (first + offset) * m + row;
                load(&self.a[start..start + width])
            }
            Order::Rows => {
                let mut bits = [0; WIDTH];
                let column = self.a[row * k + first + offset..].iter().step_by(k);
                for (bits, a) in bits.iter_mut().zip(column).take(width) {
                    *bits = (*a).into();
                }
                bits
            }
        })
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

/// Takes `depth` rows of bits apart; the rest are zeros.
#[inline(always)]
fn take_apart<const GROUP: usize>(
    layout: Layout,
    depth: usize,
    shift: u32,
    bits: impl Fn(usize) -> [u32; WIDTH],
) -> Panel<GROUP> {
    let mut panel =
        Panel { sign: [[0; WIDTH]; GROUP], magnitude: [[0; WIDTH]; GROUP], exponent: [[ZERO_EXPONENT; WIDTH]; GROUP] };
    for offset in 0..depth {
        for (lane, bits) in bits(offset).into_iter().enumerate() {
            let raw = layout.raw(bits);
            panel.sign[offset][lane] = raw.sign;
            panel.magnitude[offset][lane] = raw.magnitude << shift;
            panel.exponent[offset][lane] = raw.exponent;
        }
    }
    panel
}

/// Elements of as many columns as there are, and zeros.
#[inline(always)]
fn load<E: Copy + Into<u32>>(elements: &[E]) -> [u32; WIDTH] {
    if let Some(elements) = elements.first_chunk::<WIDTH>() {
        return elements.map(Into::into);
    }
    let mut lanes = [0; WIDTH];
    for (lane, element) in lanes.iter_mut().zip(elements) {
        *lane = (*element).into();
    }
    lanes
}

#[inline(always)]
fn store(elements: &mut [u32], lanes: &[u32; WIDTH]) {
    if let Some(elements) = elements.first_chunk_mut::<WIDTH>() {
        *elements = *lanes;
        return;
    }
    for (element, lane) in elements.iter_mut().zip(lanes) {
        *element = *lane;
    }
}

/// The products' largest exponent in each lane, and their sum with 24 fractional bits of it.
///
/// A lane's whole work is one loop body: long enough that the compiler leaves the loop a loop and vectorises it.
#[inline(always)]
fn sums<const GROUP: usize, const SPLIT: bool>(
    row: &Row<GROUP>,
    columns: &Panel<GROUP>,
) -> ([i32; WIDTH], [i32; WIDTH]) {
    let (mut sums, mut exponents) = ([0; WIDTH], [0; WIDTH]);
    for lane in 0..WIDTH {
        let (sum, exponent) = if SPLIT {
            let (even, even_exponent) = lane_sum::<GROUP, 2>(row, columns, 0, lane);
            let (odd, odd_exponent) = lane_sum::<GROUP, 2>(row, columns, 1, lane);
            let exponent = even_exponent.max(odd_exponent);
            let even = even >> (exponent - even_exponent).min(31);
            let odd = odd >> (exponent - odd_exponent).min(31);
            (even + odd, exponent)
        } else {
            lane_sum::<GROUP, 1>(row, columns, 0, lane)
        };
        sums[lane] = sum;
        exponents[lane] = exponent;
    }
    (sums, exponents)
}

/// Sum and largest exponent of every `STRIDE`th product from `first` on, in one lane.
#[inline(always)]
fn lane_sum<const GROUP: usize, const STRIDE: usize>(
    row: &Row<GROUP>,
    columns: &Panel<GROUP>,
    first: usize,
    lane: usize,
) -> (i32, i32) {
    let mut largest = i32::MIN;
    for step in 0..GROUP / STRIDE {
        let offset = first + step * STRIDE;
        largest = largest.max(row.exponent[offset] + columns.exponent[offset][lane]);
    }
    let mut sum = 0;
    for step in 0..GROUP / STRIDE {
        let offset = first + step * STRIDE;
        let product = (row.magnitude[offset] * columns.magnitude[offset][lane]) as u32;
        let places = (largest - row.exponent[offset] - columns.exponent[offset][lane]) as u32;
        let magnitude = if places < 32 { product >> places } else { 0 } as i32;
        let sign = row.sign[offset] ^ columns.sign[offset][lane];
        sum += (magnitude ^ sign) - sign;
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
