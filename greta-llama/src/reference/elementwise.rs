//! Element by element: addition, SiLU, and SiLU times the up projection.

use super::Real;

/// `a + b`.
#[must_use]
pub fn add<T: Real, U: Real>(a: &[T], b: &[U]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "invariant: both operands have one shape");
    a.iter().zip(b).map(|(&a, &b)| a.into() + b.into()).collect()
}

/// `x / (1 + e^-x)` (Elfwing et al., 2017).
#[must_use]
pub fn silu<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter()
        .map(|&x| {
            let x: f64 = x.into();
            x / (1.0 + (-x).exp())
        })
        .collect()
}

/// `silu(gate) * up` (SwiGLU; Shazeer, 2020).
#[must_use]
pub fn silu_mul<T: Real>(gate: &[T], up: &[T]) -> Vec<f64> {
    assert_eq!(gate.len(), up.len(), "invariant: gate and up have one shape");
    silu(gate).iter().zip(up).map(|(&gate, &up)| gate * up.into()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn silu_halves_zero_and_passes_large_values() {
        let y = super::silu(&[0.0_f32, 40.0, -800.0]);
        assert_eq!(y, [0.0, 40.0, 0.0]);
        let one = 1.0 / (1.0 + (-1.0_f64).exp());
        assert_eq!(super::silu_mul(&[1.0_f32], &[3.0]), [one * 3.0]);
    }
}
