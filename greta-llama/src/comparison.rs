//! How far a kernel's `f32` result is from its `f64` reference, and whether that is near enough.
//!
//! A NaN that the reference does not have counts as an infinite error, so it fails every tolerance.

/// Distances between a result and its reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Largest `|result - reference|`.
    pub max_abs_err: f64,
    /// Where that is; 0 if there are no elements.
    pub worst_index: usize,
    /// `||result - reference|| / ||reference||` in the Euclidean norm; elements whose reference is infinite count only
    /// when they are wrong.
    pub normwise_err: f64,
}

/// The largest distances that pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Bound of [`Comparison::max_abs_err`].
    pub max_abs_err: f64,
    /// Bound of [`Comparison::normwise_err`].
    pub normwise_err: f64,
}

impl Tolerance {
    /// Bit-for-bit equality of values (`-0 == 0` holds).
    pub const EXACT: Self = Self { max_abs_err: 0.0, normwise_err: 0.0 };
    /// One kernel on unit-scale data: about eight units in the last place of 1, room for sums and one `exp`.
    pub const KERNEL: Self = Self { max_abs_err: 1e-6, normwise_err: 1e-6 };
    /// A whole layer: its kernels' errors add up in the maximum, hardly in the norm.
    pub const BLOCK: Self = Self { max_abs_err: 1e-5, normwise_err: 1e-6 };
    /// One `f64` computation against another that adds in a different order.
    pub const F64: Self = Self { max_abs_err: 1e-12, normwise_err: 1e-12 };
}

impl Comparison {
    /// Compares a result with its reference, element by element.
    ///
    /// # Panics
    ///
    /// The two differ in length.
    #[must_use]
    pub fn new<T: Copy + Into<f64>>(result: &[T], reference: &[f64]) -> Self {
        assert_eq!(result.len(), reference.len(), "invariant: a result has its reference's shape");
        let mut worst = (0.0_f64, 0);
        let (mut squared_err, mut squared_norm) = (0.0_f64, 0.0_f64);
        for (index, (&value, &wanted)) in result.iter().zip(reference).enumerate() {
            let value: f64 = value.into();
            let equal = value == wanted || (value.is_nan() && wanted.is_nan());
            let difference = if equal { 0.0 } else { (value - wanted).abs() };
            let error = if difference.is_nan() { f64::INFINITY } else { difference };
            if error > worst.0 {
                worst = (error, index);
            }
            squared_err += error * error;
            if wanted.is_finite() {
                squared_norm += wanted * wanted;
            }
        }
        let normwise_err = if squared_err == 0.0 { 0.0 } else { (squared_err / squared_norm).sqrt() };
        Self { max_abs_err: worst.0, worst_index: worst.1, normwise_err }
    }

    /// Whether both distances are within a tolerance.
    #[must_use]
    pub fn within(&self, tolerance: Tolerance) -> bool {
        self.max_abs_err <= tolerance.max_abs_err && self.normwise_err <= tolerance.normwise_err
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { max_abs_err, worst_index, normwise_err } = self;
        write!(f, "max_abs_err {max_abs_err:.3e} at {worst_index}, normwise {normwise_err:.3e}")
    }
}

/// Why a reference proves nothing: it holds a NaN, is all zero, or is one value throughout; `None` if it proves
/// something.
#[must_use]
pub fn opt_triviality(reference: &[f64]) -> Option<&'static str> {
    if reference.is_empty() {
        Some("no elements")
    } else if reference.iter().any(|value| value.is_nan()) {
        Some("NaN")
    } else if reference.iter().all(|&value| value == 0.0) {
        Some("all zero")
    } else if reference.len() > 1 && reference.iter().all(|&value| value == reference[0]) {
        Some("one value throughout")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_the_largest_and_the_relative_norm() {
        let comparison = Comparison::new(&[3.0_f32, 4.5], &[3.0, 4.0]);
        assert_eq!((comparison.max_abs_err, comparison.worst_index), (0.5, 1));
        assert!((comparison.normwise_err - 0.1).abs() < 1e-15);
    }

    #[test]
    fn a_nan_fails_every_tolerance_wherever_it_is() {
        for result in [[f32::NAN, 1.0, 2.0], [0.0, f32::NAN, 2.0], [0.0, 1.0, f32::NAN]] {
            let comparison = Comparison::new(&result, &[0.0, 1.0, 2.0]);
            assert!(!comparison.within(Tolerance { max_abs_err: 1e300, normwise_err: 1e300 }), "{comparison}");
        }
        assert!(!Comparison::new(&[0.0_f32], &[f64::NAN]).within(Tolerance::BLOCK));
    }

    #[test]
    fn equal_infinities_are_no_error_and_unequal_ones_are() {
        let infinities = [f64::NEG_INFINITY, 1.0];
        assert!(Comparison::new(&[f32::NEG_INFINITY, 1.0], &infinities).within(Tolerance::EXACT));
        assert!(!Comparison::new(&[f32::INFINITY, 1.0], &infinities).within(Tolerance::BLOCK));
        assert!(!Comparison::new(&[0.0_f32, 1.0], &infinities).within(Tolerance::BLOCK));
    }

    #[test]
    fn an_error_against_an_all_zero_reference_fails() {
        assert!(!Comparison::new(&[1e-9_f32], &[0.0]).within(Tolerance::KERNEL));
        assert!(Comparison::new(&[0.0_f32], &[0.0]).within(Tolerance::EXACT));
    }
}
