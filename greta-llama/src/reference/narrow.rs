//! Products of narrow types as gfx942's matrix cores add them up, and how far that is from the exact product.
//!
//! `c[i, j] = sum_k a[i, k] * b[j, k]` with `a` `[m, k]` and `b` `[n, k]`, from +0.

use greta::codegen::trace::{bf16, f16, fp8};
use greta_numerics::mfma::{Format, Parts, dot_fp8, dot_grouped, dot_i8};
use rayon::prelude::*;

/// `c[i, j]` of `bf16`, as gfx942 adds it up: groups of eight products in order of `k`, an `f32` after each.
#[must_use]
pub fn gemm_bf16(a: &[bf16], b: &[bf16], k: usize) -> Vec<f32> {
    product(&parts(Format::Bf16, a, bf16::to_bits), &parts(Format::Bf16, b, bf16::to_bits), k, |a, b| {
        dot_grouped(8, a, b, 0.0)
    })
}

/// `c[i, j]` of `f16`, as [`gemm_bf16`].
#[must_use]
pub fn gemm_f16(a: &[f16], b: &[f16], k: usize) -> Vec<f32> {
    product(&parts(Format::F16, a, f16::to_bits), &parts(Format::F16, b, f16::to_bits), k, |a, b| {
        dot_grouped(8, a, b, 0.0)
    })
}

/// `c[i, j]` of `fp8`, as gfx942 adds it up: groups of sixteen products in order of `k`, an `f32` after each.
#[must_use]
pub fn gemm_fp8(a: &[fp8], b: &[fp8], k: usize) -> Vec<f32> {
    product(&parts(Format::Fp8, a, |x| x.0), &parts(Format::Fp8, b, |x| x.0), k, |a, b| dot_fp8(a, b, 0.0))
}

/// `c[i, j]` of `i8`, modulo 2^32.
#[must_use]
pub fn gemm_i8(a: &[i8], b: &[i8], k: usize) -> Vec<i32> {
    product(a, b, k, |a, b| dot_i8(a, b, 0))
}

/// How far the sum of products that [`gemm_bf16`], [`gemm_f16`] and [`gemm_fp8`] give for a row of A and one of B may be
/// from the exact one, with `group` products added up at once.
///
/// Every product of a group is cut to 24 bits below the largest, at most 2^-24 of it each; fp8 adds two sums cut alike,
/// and drops a total below 2^-24 of it. Sum and total are cut to 31 and 24 bits below the larger of them, and rounded to
/// an `f32`: together at most 2.01 times 2^-24 of what the total can have reached.
#[must_use]
pub fn narrow_product_bound(a: &[f64], b: &[f64], group: usize) -> f64 {
    let products: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a * b).abs()).collect();
    let (mut reached, mut bound) = (0.0, 0.0);
    for group_products in products.chunks(group) {
        reached += group_products.iter().sum::<f64>();
        let largest = group_products.iter().copied().fold(0.0, f64::max);
        bound += (group + 3) as f64 * largest + 2.01 * reached;
    }
    // What is below the smallest f32 is lost.
    bound * 2.0_f64.powi(-24) + products.len().div_ceil(group) as f64 * f64::from(f32::from_bits(1))
}

fn parts<T: Copy, B: Into<u32>>(format: Format, values: &[T], bits: fn(T) -> B) -> Vec<Parts> {
    let part = |&value: &T| Parts::new(format, bits(value).into()).expect("invariant: a format that is taken apart");
    values.iter().map(part).collect()
}

/// `dot` of every row of A with every row of B.
fn product<T: Sync, R: Send>(a: &[T], b: &[T], k: usize, dot: impl Fn(&[T], &[T]) -> R + Sync) -> Vec<R> {
    a.par_chunks_exact(k).flat_map_iter(|row| b.chunks_exact(k).map(|column| dot(row, column))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_products_are_added_up_before_they_are_rounded() {
        let tiny = bf16::from_f32(2.0_f32.powi(-12));
        let one = bf16::ONE;
        // 1 + 7 * 2^-24, a tie. One after the other the small products would leave 1 as it is.
        let mut a = [tiny; 8];
        a[0] = one;
        assert_eq!(gemm_bf16(&a, &a, 8), [1.0 + 4.0 * 2.0_f32.powi(-23)]);
        assert_eq!(gemm_i8(&[-128, 3], &[-128, 2], 2), [16390]);
    }

    #[test]
    fn the_bound_covers_what_is_cut_off() {
        let a = [1.0, 2.0_f64.powi(-13)];
        let exact: f64 = a.iter().map(|x| x * x).sum();
        let narrow: Vec<f16> = a.iter().map(|&x| f16::from_f64(x)).collect();
        let distance = (f64::from(gemm_f16(&narrow, &narrow, 2)[0]) - exact).abs();
        assert!(distance > 0.0 && distance <= narrow_product_bound(&a, &a, 8), "{distance}");
    }
}
