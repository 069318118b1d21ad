//! Fast forms of functions of `f32`: one or a few instructions of the hardware's, where the precise ones take dozens.
//!
//! How exact they are stands in the rows of [`crate::ops`]; those made of several are as exact as their parts. On `cpu`
//! they are as exact as the precise forms.

use super::value::{IntoKernelValue, Val};
use crate::ir::{Location, Op};

fn apply<const N: usize>(op: Op, operands: [Val<f32>; N], location: Location) -> Val<f32> {
    Val::record_op(op, operands.map(|operand| operand.expr(location)).into(), location)
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident |$value:ident, $location:ident| $body:expr;)*) => {
        $($(#[$doc])*
        #[track_caller]
        #[must_use]
        pub fn $name($value: Val<f32>) -> Val<f32> {
            let $location = Location::caller();
            $body
        })*

        impl Val<f32> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(self) -> Self {
                $name(self)
            })*
        }
    };
}

functions! {
    /// e^a, within 6 ulp or 2 + 1.2 |a| ulp, whichever is more; a result below the normal numbers may be 0.
    fast_exp |a, location| apply(Op::FastExp, [a], location);
    /// 2^a, within 2 ulp; a result below the normal numbers may be 0.
    fast_exp2 |a, location| apply(Op::FastExp2, [a], location);
    /// Logarithm to base 2, within 2 ulp, and 2^-21 for a in [0.5, 2].
    fast_log2 |a, location| apply(Op::FastLog2, [a], location);
    /// Natural logarithm, within 3 ulp, and 2^-21 for a in [0.5, 2].
    fast_log |a, location| scaled_log(a, std::f32::consts::LN_2, location);
    /// Logarithm to base 10, within 3 ulp, and 2^-21 for a in [0.5, 2].
    fast_log10 |a, location| scaled_log(a, std::f32::consts::LOG10_2, location);
    /// Sine, for |a| <= pi within 18 ulp or 2^-21, whichever is more; worse beyond.
    fast_sin |a, location| apply(Op::FastSin, [a], location);
    /// Cosine, for |a| <= pi within 4 ulp or 2^-21, whichever is more; worse beyond.
    fast_cos |a, location| apply(Op::FastCos, [a], location);
    /// Hyperbolic tangent, within 2^-20.
    fast_tanh |a, location| {
        // 1 - 2 / (e^2a + 1), which goes to 1 and -1 where e^2a is infinite or 0.
        let power = apply(Op::FastExp, [apply(Op::Add, [a, a], location)], location);
        let part = apply(Op::FastRecip, [apply(Op::Add, [power, 1.0.into_val()], location)], location);
        apply(Op::Sub, [1.0.into_val(), apply(Op::Add, [part, part], location)], location)
    };
    /// Square root, within 1 ulp; a below the normal numbers may count as 0.
    fast_sqrt |a, location| apply(Op::FastSqrt, [a], location);
    /// 1 / sqrt(a), within 2 ulp; a below the normal numbers may count as 0.
    fast_rsqrt |a, location| apply(Op::FastRsqrt, [a], location);
    /// 1 / a, within 1 ulp; what is below the normal numbers may count as 0.
    fast_recip |a, location| apply(Op::FastRecip, [a], location);
}

fn scaled_log(a: Val<f32>, scale: f32, location: Location) -> Val<f32> {
    apply(Op::Mul, [apply(Op::FastLog2, [a], location), scale.into_val()], location)
}

/// a / b as a * (1 / b), within 2 ulp; what is below the normal numbers may count as 0.
#[track_caller]
#[must_use]
pub fn fast_div(a: Val<f32>, b: impl IntoKernelValue<f32>) -> Val<f32> {
    let location = Location::caller();
    let reciprocal = apply(Op::FastRecip, [b.into_val()], location);
    apply(Op::Mul, [a, reciprocal], location)
}

/// a^b for a > 0 as 2^(b log2 a): the error of the logarithm grows with |b|.
#[track_caller]
#[must_use]
pub fn fast_pow(a: Val<f32>, b: impl IntoKernelValue<f32>) -> Val<f32> {
    let location = Location::caller();
    let exponent = apply(Op::Mul, [b.into_val(), apply(Op::FastLog2, [a], location)], location);
    apply(Op::FastExp2, [exponent], location)
}
