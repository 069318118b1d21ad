//! Mathematical functions, as functions and as methods of kernel values. What each computes stands in [`crate::ops`].

use super::value::{Float, IntoKernelValue, Number, Val, Value};
use crate::ir::{Location, Op};

// The bound is the call's: rustc shows it there and not the macro.
macro_rules! unary {
    ($bound:tt: $($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name<T: $bound>(value: Val<T>) -> Val<T> {
            let location = Location::caller();
            Val::record_op(Op::$op, vec![value.expr(location)], location)
        })*

        // The bound is each method's and not the impl's: of a value of another type, rustc then says what the bound says.
        impl<T: Value> Val<T> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $name(self) -> Self
            where
                T: $bound,
            {
                $name(self)
            })*
        }
    };
}

unary! {
    Float:
    /// Square root, correctly rounded.
    sqrt Sqrt;
    /// 1 / sqrt(a), within 2 ulp.
    rsqrt Rsqrt;
    /// e^a, within 2 ulp.
    exp Exp;
    /// 2^a, within 2 ulp.
    exp2 Exp2;
    /// Natural logarithm, within 2 ulp.
    log Log;
    /// Logarithm to base 2, within 2 ulp.
    log2 Log2;
    /// Logarithm to base 10, within 2 ulp.
    log10 Log10;
    /// Sine of an angle in radians, within 2 ulp.
    sin Sin;
    /// Cosine of an angle in radians, within 2 ulp.
    cos Cos;
    /// Tangent of an angle in radians, within 4 ulp.
    tan Tan;
    /// The error function, within 4 ulp.
    erf Erf;
    /// Hyperbolic tangent, within 2 ulp.
    tanh Tanh;
    /// The largest integer not above a.
    floor Floor;
    /// The smallest integer not below a.
    ceil Ceil;
    /// The integer part: rounded toward zero.
    trunc Trunc;
    /// The nearest integer; of two as near the one away from zero.
    round Round;
}

/// |a|.
#[track_caller]
pub fn abs<T: Float>(value: Val<T>) -> Val<T> {
    let location = Location::caller();
    Val::record_op(Op::Abs, vec![value.expr(location)], location)
}

/// The smaller of two numbers; of a number and a NaN the number.
#[track_caller]
pub fn min<T: Number, R: IntoKernelValue<T>>(a: Val<T>, b: R) -> Val<T> {
    let location = Location::caller();
    Val::record_op(Op::Min, vec![a.expr(location), b.into_val().expr(location)], location)
}

/// The larger of two numbers; of a number and a NaN the number.
#[track_caller]
pub fn max<T: Number, R: IntoKernelValue<T>>(a: Val<T>, b: R) -> Val<T> {
    let location = Location::caller();
    Val::record_op(Op::Max, vec![a.expr(location), b.into_val().expr(location)], location)
}

/// a^b, within 4 ulp.
#[track_caller]
pub fn pow<T: Float, R: IntoKernelValue<T>>(a: Val<T>, b: R) -> Val<T> {
    let location = Location::caller();
    Val::record_op(Op::Pow, vec![a.expr(location), b.into_val().expr(location)], location)
}

/// |a| with the sign of b.
#[track_caller]
pub fn copysign<T: Float, R: IntoKernelValue<T>>(a: Val<T>, b: R) -> Val<T> {
    let location = Location::caller();
    Val::record_op(Op::Copysign, vec![a.expr(location), b.into_val().expr(location)], location)
}

/// a * b + c, rounded once.
#[track_caller]
pub fn fma<T: Float, B: IntoKernelValue<T>, C: IntoKernelValue<T>>(a: Val<T>, b: B, c: C) -> Val<T> {
    let location = Location::caller();
    let operands = vec![a.expr(location), b.into_val().expr(location), c.into_val().expr(location)];
    Val::record_op(Op::Fma, operands, location)
}

impl<T: Number> Val<T> {
    /// The smaller; of a number and a NaN the number.
    #[track_caller]
    #[must_use]
    pub fn min<R: IntoKernelValue<T>>(self, other: R) -> Self {
        min(self, other)
    }

    /// The larger; of a number and a NaN the number.
    #[track_caller]
    #[must_use]
    pub fn max<R: IntoKernelValue<T>>(self, other: R) -> Self {
        max(self, other)
    }
}

impl<T: Float> Val<T> {
    /// |self|.
    #[track_caller]
    #[must_use]
    pub fn abs(self) -> Self {
        abs(self)
    }

    /// self^exponent, within 4 ulp.
    #[track_caller]
    #[must_use]
    pub fn powf<R: IntoKernelValue<T>>(self, exponent: R) -> Self {
        pow(self, exponent)
    }

    /// Natural logarithm, within 2 ulp: [`log`] under its name in Rust.
    #[track_caller]
    #[must_use]
    pub fn ln(self) -> Self {
        log(self)
    }

    /// |self| with the sign of `sign`.
    #[track_caller]
    #[must_use]
    pub fn copysign<R: IntoKernelValue<T>>(self, sign: R) -> Self {
        copysign(self, sign)
    }

    /// self * b + c, rounded once.
    #[track_caller]
    #[must_use]
    pub fn mul_add<B: IntoKernelValue<T>, C: IntoKernelValue<T>>(self, b: B, c: C) -> Self {
        fma(self, b, c)
    }
}
