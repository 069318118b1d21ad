//! Rotary position embedding (Su et al., 2021) in both conventions of which elements make a pair.

use super::Real;
use crate::config::Rope;

/// Cosines and sines of every angle, `[positions, head_dim / 2]`, in `f64`.
#[derive(Clone, Debug, PartialEq)]
pub struct RopeTables {
    /// Cosines.
    pub cos: Vec<f64>,
    /// Sines.
    pub sin: Vec<f64>,
}

impl RopeTables {
    /// The tables rounded to `f32`, as kernels read them: cosines, then sines.
    #[must_use]
    pub fn to_f32(&self) -> (Vec<f32>, Vec<f32>) {
        let round = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        (round(&self.cos), round(&self.sin))
    }
}

/// Tables of `position * theta^(-2 i / head_dim)` radians for pair `i`, for positions 0 to `positions - 1`.
///
/// The angles are computed in `f64`: at position 2047 an `f32` angle is already 1e-4 off.
#[must_use]
pub fn rope_tables(positions: usize, head_dim: usize, theta: f64) -> RopeTables {
    let pairs = head_dim / 2;
    let mut tables = RopeTables { cos: Vec::new(), sin: Vec::new() };
    for position in 0..positions {
        for pair in 0..pairs {
            let frequency = 1.0 / theta.powf((2 * pair) as f64 / head_dim as f64);
            let angle = position as f64 * frequency;
            tables.cos.push(angle.cos());
            tables.sin.push(angle.sin());
        }
    }
    tables
}

/// Rotates every pair of every head by its token's angle.
///
/// `x` and the result: `[tokens, heads, head_dim]`; token `t` stands at position `past + t` of the tables.
#[must_use]
pub fn rope<T: Real>(x: &[T], tables: &RopeTables, past: usize, heads: usize, head_dim: usize, rope: Rope) -> Vec<f64> {
    assert!(x.len().is_multiple_of(heads * head_dim), "invariant: x holds whole tokens");
    let half = head_dim / 2;
    let mut y = vec![0.0; x.len()];
    for token in 0..x.len() / (heads * head_dim) {
        for head in 0..heads {
            let start = (token * heads + head) * head_dim;
            for pair in 0..half {
                let (first, second) = match rope {
                    Rope::RotateHalf => (start + pair, start + pair + half),
                    Rope::Interleaved => (start + 2 * pair, start + 2 * pair + 1),
                };
                let (cos, sin) = (tables.cos[(past + token) * half + pair], tables.sin[(past + token) * half + pair]);
                let (a, b): (f64, f64) = (x[first].into(), x[second].into());
                y[first] = a * cos - b * sin;
                y[second] = b * cos + a * sin;
            }
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_zero_rotates_nothing() {
        let x = [1.0_f32, 2.0, 3.0, 4.0];
        for convention in [Rope::RotateHalf, Rope::Interleaved] {
            assert_eq!(rope(&x, &rope_tables(1, 4, 1e4), 0, 1, 4, convention), [1.0, 2.0, 3.0, 4.0]);
        }
    }

    #[test]
    fn the_conventions_differ_only_in_which_elements_pair() {
        let tables = rope_tables(8, 4, 1e4);
        let halves = rope(&[1.0_f32, 2.0, 3.0, 4.0], &tables, 7, 1, 4, Rope::RotateHalf);
        let pairs = rope(&[1.0_f32, 3.0, 2.0, 4.0], &tables, 7, 1, 4, Rope::Interleaved);
        assert_eq!(halves, [pairs[0], pairs[2], pairs[1], pairs[3]]);
        assert!((halves[0] - (7.0_f64.cos() - 3.0 * 7.0_f64.sin())).abs() < 1e-15);
    }
}
