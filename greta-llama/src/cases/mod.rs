//! The cases that each kernel must pass: a table of sizes, and for each row its inputs and the reference's results.
//!
//! Sizes include 1, numbers that fit no tile, and large ones. Inputs are seeded, uniform in [-1, 1) unless a case says
//! otherwise. Drawing a case asserts that its reference is not trivial. Where a kernel writes to part of a buffer, the
//! expected result is the whole buffer, so a stray write fails; memory that no kernel may read holds NaN.

pub mod attention;
pub mod causal_mask;
pub mod elementwise;
pub mod gemm;
pub mod gemv;
pub mod kv_update;
pub mod norm_gate_up;
pub mod norm_qkv;
pub mod rmsnorm;
pub mod rope;
pub mod softmax;

use crate::comparison::opt_triviality;
use crate::generate::uniform;

/// Seed of every case's data; the case's name makes the streams differ.
const SEED: u64 = 0x0067_7265_7461;

/// `len` values of the tensor `name` of the case `case`, uniform in [-scale, scale).
fn draw(case: &impl std::fmt::Debug, name: &str, scale: f32, len: usize) -> Vec<f32> {
    uniform(&format!("{case:?}.{name}"), SEED, scale, len)
}

/// A reference, once it is known to prove something.
fn checked(case: &impl std::fmt::Debug, reference: Vec<f64>) -> Vec<f64> {
    let finite: Vec<f64> = reference.iter().copied().filter(|value| !value.is_nan()).collect();
    assert_eq!(opt_triviality(&finite), None, "invariant: the reference of {case:?} is not trivial");
    reference
}

/// Tells a case by its numbers, each with its field's name: `m = 1, n = 1, k = 1`.
macro_rules! tell {
    ($($($field:ident).+),*) => {
        impl std::fmt::Display for Case {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let told = [$({
                    let name = [$(stringify!($field)),+];
                    format!("{} = {}", name[name.len() - 1], self.$($field).+)
                }),*];
                f.write_str(&told.join(", "))
            }
        }
    };
}
use tell;

#[cfg(test)]
mod tests {
    /// Draws every case of a table, which checks its reference.
    macro_rules! draws {
        ($($kernel:ident),* $(,)?) => {$(
            #[test]
            fn $kernel() {
                for case in crate::cases::$kernel::CASES {
                    let _ = case.draw();
                }
            }
        )*};
    }

    mod every_reference_is_not_trivial {
        draws!(
            attention,
            causal_mask,
            elementwise,
            gemm,
            gemv,
            kv_update,
            norm_gate_up,
            norm_qkv,
            rmsnorm,
            rope,
            softmax
        );
    }
}
