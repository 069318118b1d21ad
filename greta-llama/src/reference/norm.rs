//! RMSNorm (Zhang and Sennrich, 2019).

use super::Real;

/// `y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)`; `x`, `y`: `[tokens, hidden]`, `w`: `[hidden]`.
#[must_use]
pub fn rmsnorm<T: Real>(x: &[T], w: &[f32], eps: f64) -> Vec<f64> {
    assert!(x.len().is_multiple_of(w.len()), "invariant: x holds whole rows");
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks_exact(w.len()) {
        let mut sum = 0.0;
        for &value in row {
            let value: f64 = value.into();
            sum += value * value;
        }
        let root = (sum / row.len() as f64 + eps).sqrt();
        for (&value, &weight) in row.iter().zip(w) {
            y.push(value.into() / root * f64::from(weight));
        }
    }
    y
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_row_is_divided_by_its_root_mean_square() {
        let y = super::rmsnorm(&[3.0_f32, 4.0, 0.0, 0.0], &[1.0, 2.0, 1.0, 1.0], 0.0);
        assert_eq!(y, [1.2, 3.2, 0.0, 0.0]);
    }
}
