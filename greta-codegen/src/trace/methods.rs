//! Methods of kernel values that have no row of their own: what Rust's numbers offer, made of a few operations.

use super::tracer;
use super::value::{Comparable, Float, Integer, IntoVal, Number, Val, Value};
use crate::ir::{Expr, ExprKind, Literal, Location, Op};

fn apply<T: Value, R: Value, const N: usize>(op: Op, operands: [Val<T>; N], location: Location) -> Val<R> {
    Val::record_op(op, operands.map(|operand| operand.expr(location)).into(), location)
}

fn cast<T: Value, R: Value>(value: Val<T>, location: Location) -> Val<R> {
    if T::ty() == R::ty() {
        return Val::from_atom(value.atom);
    }
    Val::record(ExprKind::Cast(Box::new(value.expr(location))), location)
}

fn choose<T: Value>(condition: Val<bool>, [a, b]: [Val<T>; 2], location: Location) -> Val<T> {
    let [condition, a, b]: [Box<Expr>; 3] =
        [condition.expr(location), a.expr(location), b.expr(location)].map(Box::new);
    Val::record(ExprKind::Select(condition, a, b), location)
}

/// An integer of 32 bits.
#[diagnostic::on_unimplemented(message = "a kernel value of type `{Self}` is not an integer of 32 bits")]
pub trait WordInteger: Integer {}
impl WordInteger for i32 {}
impl WordInteger for u32 {}

impl<T: WordInteger> Val<T> {
    /// How many zeros stand before the highest one; 32 for 0.
    #[track_caller]
    #[must_use]
    pub fn leading_zeros(self) -> Val<u32> {
        let location = Location::caller();
        apply(Op::LeadingZeros, [cast::<T, u32>(self, location)], location)
    }

    /// How many zeros stand after the lowest one; 32 for 0.
    #[track_caller]
    #[must_use]
    pub fn trailing_zeros(self) -> Val<u32> {
        let location = Location::caller();
        let reversed: Val<u32> = apply(Op::ReverseBits, [cast::<T, u32>(self, location)], location);
        apply(Op::LeadingZeros, [reversed], location)
    }

    /// How many ones there are.
    #[track_caller]
    #[must_use]
    pub fn count_ones(self) -> Val<u32> {
        let location = Location::caller();
        apply(Op::CountOnes, [cast::<T, u32>(self, location)], location)
    }

    /// The bits in reverse order.
    #[track_caller]
    #[must_use]
    pub fn reverse_bits(self) -> Self {
        let location = Location::caller();
        let reversed: Val<u32> = apply(Op::ReverseBits, [cast::<T, u32>(self, location)], location);
        cast(reversed, location)
    }

    /// The upper 32 bits of the product of 64.
    #[track_caller]
    #[must_use]
    pub fn mul_hi(self, other: impl IntoVal<T>) -> Self {
        apply(Op::MulHi, [self, other.into_val()], Location::caller())
    }

    /// |self - other|, which always fits.
    #[track_caller]
    #[must_use]
    pub fn abs_diff(self, other: impl IntoVal<T>) -> Val<u32> {
        let (location, other) = (Location::caller(), other.into_val());
        let ends: [Val<T>; 2] = [Op::Max, Op::Min].map(|op| apply(op, [self, other], location));
        let ends: [Val<u32>; 2] = ends.map(|end| cast(end, location));
        apply(Op::Sub, ends, location)
    }
}

macro_rules! absolute {
    ($($ty:ty),*) => {
        $(impl Val<$ty> {
            /// |self|; of the smallest number itself.
            #[track_caller]
            #[must_use]
            pub fn abs(self) -> Self {
                let location = Location::caller();
                apply(Op::Max, [self, apply(Op::Neg, [self], location)], location)
            }
        })*
    };
}

absolute!(i8, i16, i32, i64);

impl Val<u32> {
    /// self + other, or the largest number if that does not fit.
    #[track_caller]
    #[must_use]
    pub fn saturating_add(self, other: impl IntoVal<u32>) -> Self {
        let location = Location::caller();
        let sum: Self = apply(Op::Add, [self, other.into_val()], location);
        choose(apply(Op::Lt, [sum, self], location), [u32::MAX.into_val(), sum], location)
    }

    /// self - other, or 0 if that does not fit.
    #[track_caller]
    #[must_use]
    pub fn saturating_sub(self, other: impl IntoVal<u32>) -> Self {
        let (location, other) = (Location::caller(), other.into_val());
        apply(Op::Sub, [apply(Op::Max, [self, other], location), other], location)
    }
}

impl<T: Number + Comparable> Val<T> {
    /// `low` if below it, `high` if above it, else itself; a NaN stays one.
    #[track_caller]
    #[must_use]
    pub fn clamp(self, low: impl IntoVal<T>, high: impl IntoVal<T>) -> Self {
        let (location, low, high) = (Location::caller(), low.into_val(), high.into_val());
        let below = choose(apply(Op::Gt, [self, high], location), [high, self], location);
        choose(apply(Op::Lt, [self, low], location), [low, below], location)
    }
}

impl<T: Float + Comparable> Val<T> {
    /// Whether it is not a number.
    #[track_caller]
    #[must_use]
    pub fn is_nan(self) -> Val<bool> {
        apply(Op::Ne, [self, self], Location::caller())
    }
}

impl Val<f32> {
    /// Its bits.
    #[track_caller]
    #[must_use]
    pub fn to_bits(self) -> Val<u32> {
        apply(Op::ToBits, [self], Location::caller())
    }

    /// 1 / self.
    #[track_caller]
    #[must_use]
    pub fn recip(self) -> Self {
        apply(Op::Div, [1.0.into_val(), self], Location::caller())
    }

    /// self^exponent by multiplications if the exponent is known at compile time, else as [`Val::powf`].
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: impl IntoVal<i32>) -> Self {
        let (location, exponent) = (Location::caller(), exponent.into_val());
        match tracer::with(|tracer| tracer.opt_constant(exponent.atom)) {
            Some(Literal::I32(known)) => power(self, known, location),
            _ => apply(Op::Pow, [self, cast(exponent, location)], location),
        }
    }
}

/// A power with a known exponent, by squaring.
fn power(base: Val<f32>, exponent: i32, location: Location) -> Val<f32> {
    let (mut left, mut square) = (exponent.unsigned_abs(), base);
    let mut product: Option<Val<f32>> = None;
    while left > 0 {
        if left % 2 == 1 {
            product = Some(product.map_or(square, |product| apply(Op::Mul, [product, square], location)));
        }
        left /= 2;
        if left > 0 {
            square = apply(Op::Mul, [square, square], location);
        }
    }
    let product = product.unwrap_or_else(|| 1.0.into_val());
    if exponent < 0 { apply(Op::Div, [1.0.into_val(), product], location) } else { product }
}

/// The float of these bits.
#[track_caller]
#[must_use]
pub fn f32_from_bits(bits: impl IntoVal<u32>) -> Val<f32> {
    apply(Op::FromBits, [bits.into_val()], Location::caller())
}
