//! Products with a weight matrix `[out, in]`: in `f64`, and as the `f32` chain of fused multiply-adds.

use rayon::prelude::*;

use super::Real;

/// `y[t, n] = sum_k x[t, k] * w[n, k]`; `x`: `[tokens, k]`, `w`: `[n, k]`, `y`: `[tokens, n]`.
///
/// Parallel over rows of `w`, each of which is read once, whatever the number of tokens.
#[must_use]
pub fn gemm<T: Real>(x: &[T], w: &[f32], k: usize) -> Vec<f64> {
    assert!(x.len().is_multiple_of(k) && w.len().is_multiple_of(k), "invariant: x and w hold whole rows");
    let (tokens, n) = (x.len() / k, w.len() / k);
    let x: Vec<f64> = x.iter().map(|&value| value.into()).collect();
    let rows: Vec<Vec<f64>> =
        w.par_chunks_exact(k).map(|row| x.chunks_exact(k).map(|token| dot(token, row)).collect()).collect();
    let mut y = Vec::with_capacity(tokens * n);
    for token in 0..tokens {
        y.extend(rows.iter().map(|row| row[token]));
    }
    y
}

/// `y[n] = sum_k x[k] * w[n, k] + residual[n]`; an empty `residual` counts as zero.
#[must_use]
pub fn gemv<T: Real>(x: &[T], w: &[f32], residual: &[T]) -> Vec<f64> {
    let mut y = gemm(x, w, x.len());
    if !residual.is_empty() {
        assert_eq!(residual.len(), y.len(), "invariant: the residual has the result's shape");
        for (y, &residual) in y.iter_mut().zip(residual) {
            *y += residual.into();
        }
    }
    y
}

/// `c[i, j] = fma(a[i, k], b[j, k], …)` for ascending `k` from `+0`, in `f32`; `a`: `[m, k]`, `b`: `[n, k]`.
///
/// This is, bit for bit, what `f32` MFMA instructions compute when their accumulator is fed back in order of `k`.
/// With `flush > 0` the chain is started afresh every `flush` steps of `k` and added to a running `f32` total, which
/// starts from `-0`, the neutral element of addition.
#[must_use]
pub fn gemm_fma_chain(a: &[f32], b: &[f32], k: usize, flush: usize) -> Vec<f32> {
    assert!(a.len().is_multiple_of(k) && b.len().is_multiple_of(k), "invariant: a and b hold whole rows");
    let chain = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0_f32, |acc, (&a, &b)| a.mul_add(b, acc));
    a.par_chunks_exact(k)
        .flat_map_iter(|a_row| {
            b.chunks_exact(k).map(move |b_row| match flush {
                0 => chain(a_row, b_row),
                _ => a_row.chunks(flush).zip(b_row.chunks(flush)).fold(-0.0, |total, (a, b)| total + chain(a, b)),
            })
        })
        .collect()
}

/// A dot product in `f64`, eight partial sums side by side.
fn dot(x: &[f64], w: &[f32]) -> f64 {
    let (x_parts, x_rest) = x.as_chunks::<8>();
    let (w_parts, w_rest) = w.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, w) in x_parts.iter().zip(w_parts) {
        for lane in 0..8 {
            sums[lane] += x[lane] * f64::from(w[lane]);
        }
    }
    let rest: f64 = x_rest.iter().zip(w_rest).map(|(&x, &w)| x * f64::from(w)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_takes_rows_of_both_operands() {
        let x = [1.0_f32, 2.0, 3.0, 4.0];
        let w = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        assert_eq!(gemm(&x, &w, 2), [1.0, 2.0, 3.0, 3.0, 4.0, 7.0]);
        assert_eq!(gemm_fma_chain(&x, &w, 2, 0), [1.0, 2.0, 3.0, 3.0, 4.0, 7.0]);
        assert_eq!(gemv(&x[..2], &w, &[10.0, 20.0, 30.0]), [11.0, 22.0, 33.0]);
    }

    #[test]
    fn the_chain_rounds_once_a_step_and_in_order() {
        let tiny = 2.0_f32.powi(-24);
        assert_eq!(gemm_fma_chain(&[1.0, tiny, tiny], &[1.0, 1.0, 1.0], 3, 0), [1.0]);
        assert_eq!(gemm_fma_chain(&[tiny, tiny, 1.0], &[1.0, 1.0, 1.0], 3, 0), [1.0 + 2.0 * tiny]);
        assert_eq!(gemm_fma_chain(&[1.0, tiny, tiny, tiny], &[1.0; 4], 4, 2), [1.0 + 2.0 * tiny]);
    }

    #[test]
    fn an_underflow_keeps_its_negative_zero() {
        let product = gemm_fma_chain(&[-1e-30], &[1e-30], 1, 0);
        assert_eq!(product[0].to_bits(), (-0.0_f32).to_bits());
    }
}
