//! Methods of kernel values that have no row of their own: what Rust's numbers offer, made of a few operations.

use super::tracer;
use super::value::{Atom, Comparable, Float, Integer, IntoKernelValue, Number, Val, Value, bf16, f16};
use crate::ir::{Expr, ExprKind, Literal, Location, Op, Type};

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

/// What a method computes on the way, of types that are not known to rustc.
#[derive(Clone, Copy)]
struct Steps {
    location: Location,
}

/// A value and its type.
#[derive(Clone, Copy)]
struct Step {
    atom: Atom,
    ty: Type,
}

impl Step {
    /// The handle of the value, which has this type.
    fn value<T: Value>(self) -> Val<T> {
        assert_eq!(self.ty, T::ty(), "invariant: a method's result has its type");
        Val::from_atom(self.atom)
    }
}

impl Steps {
    fn record(self, kind: ExprKind, ty: Type) -> Step {
        let recorded = Expr { kind, ty, location: self.location };
        Step { atom: tracer::with(|tracer| tracer.record(recorded)), ty }
    }

    fn op<const N: usize>(self, op: Op, operands: [Step; N], ty: Type) -> Step {
        let operands = operands.map(|operand| operand.atom.expr(operand.ty, self.location));
        self.record(ExprKind::Op(op, operands.into()), ty)
    }

    fn cast(self, value: Step, ty: Type) -> Step {
        if value.ty == ty {
            return value;
        }
        self.record(ExprKind::Cast(Box::new(value.atom.expr(value.ty, self.location))), ty)
    }

    /// An integer's bits in the type that instructions on bits work on: its own without a sign, of 32 bits at least.
    fn bits<T: Integer>(self, value: Val<T>) -> Step {
        let unsigned = self.cast(of(value), <T::Unsigned as Value>::ty());
        if unsigned.ty.bytes() < 4 { self.cast(unsigned, Type::U32) } else { unsigned }
    }
}

fn of<T: Value>(value: Val<T>) -> Step {
    Step { atom: value.atom, ty: T::ty() }
}

fn number(value: i128, ty: Type) -> Step {
    Step { atom: Atom::Literal(Literal::of_integer(ty.scalar, value)), ty }
}

impl<T: Integer> Val<T> {
    /// Bits of the type.
    fn width() -> i128 {
        T::ty().scalar.bits().into()
    }

    /// Bits that the type lacks to the one that instructions work on.
    fn unused() -> i128 {
        (32 - Self::width()).max(0)
    }

    /// How many zeros stand before the highest one; of 0 all.
    #[track_caller]
    #[must_use]
    pub fn leading_zeros(self) -> Val<u32> {
        let steps = Steps { location: Location::caller() };
        let count = steps.op(Op::LeadingZeros, [steps.bits(self)], Type::U32);
        match Self::unused() {
            0 => count.value(),
            unused => steps.op(Op::Sub, [count, number(unused, Type::U32)], Type::U32).value(),
        }
    }

    /// How many zeros stand after the lowest one; of 0 all.
    #[track_caller]
    #[must_use]
    pub fn trailing_zeros(self) -> Val<u32> {
        let steps = Steps { location: Location::caller() };
        let mut bits = steps.bits(self);
        let ty = bits.ty;
        if Self::unused() > 0 {
            // A one past the type's end stops the count there.
            bits = steps.op(Op::BitOr, [bits, number(1 << Self::width(), ty)], ty);
        }
        let reversed = steps.op(Op::ReverseBits, [bits], ty);
        steps.op(Op::LeadingZeros, [reversed], Type::U32).value()
    }

    /// How many ones there are.
    #[track_caller]
    #[must_use]
    pub fn count_ones(self) -> Val<u32> {
        let steps = Steps { location: Location::caller() };
        steps.op(Op::CountOnes, [steps.bits(self)], Type::U32).value()
    }

    /// The bits in reverse order.
    #[track_caller]
    #[must_use]
    pub fn reverse_bits(self) -> Self {
        let steps = Steps { location: Location::caller() };
        let bits = steps.bits(self);
        let ty = bits.ty;
        let mut reversed = steps.op(Op::ReverseBits, [bits], ty);
        if Self::unused() > 0 {
            reversed = steps.op(Op::Shr, [reversed, number(Self::unused(), ty)], ty);
        }
        steps.cast(reversed, T::ty()).value()
    }

    /// The upper half of the product of twice the width.
    #[track_caller]
    #[must_use]
    pub fn mul_hi(self, other: impl IntoKernelValue<T>) -> Self {
        let (location, other) = (Location::caller(), other.into_val());
        if Self::unused() == 0 {
            return apply(Op::MulHi, [self, other], location);
        }
        let steps = Steps { location };
        let ty = if T::ty().scalar.is_signed_integer() { Type::I32 } else { Type::U32 };
        let factors = [self, other].map(|factor| steps.cast(of(factor), ty));
        let product = steps.op(Op::Mul, factors, ty);
        let high = steps.op(Op::Shr, [product, number(Self::width(), ty)], ty);
        steps.cast(high, T::ty()).value()
    }

    /// self + other, which wraps, as `+` does in a kernel.
    #[track_caller]
    #[must_use]
    pub fn wrapping_add(self, other: impl IntoKernelValue<T>) -> Self {
        apply(Op::Add, [self, other.into_val()], Location::caller())
    }

    /// self - other, which wraps, as `-` does in a kernel.
    #[track_caller]
    #[must_use]
    pub fn wrapping_sub(self, other: impl IntoKernelValue<T>) -> Self {
        apply(Op::Sub, [self, other.into_val()], Location::caller())
    }

    /// self * other, which wraps, as `*` does in a kernel.
    #[track_caller]
    #[must_use]
    pub fn wrapping_mul(self, other: impl IntoKernelValue<T>) -> Self {
        apply(Op::Mul, [self, other.into_val()], Location::caller())
    }

    /// 0 - self, which wraps.
    #[track_caller]
    #[must_use]
    pub fn wrapping_neg(self) -> Self {
        apply(Op::Sub, [number(0, T::ty()).value(), self], Location::caller())
    }

    /// The bits moved to higher places, those that leave coming back at the lowest; the count is taken modulo the width.
    #[track_caller]
    #[must_use]
    pub fn rotate_left(self, count: impl IntoKernelValue<u32>) -> Self {
        self.rotate(count.into_val(), [Op::Shl, Op::Shr], Location::caller())
    }

    /// The bits moved to lower places, those that leave coming back at the highest; the count is taken modulo the width.
    #[track_caller]
    #[must_use]
    pub fn rotate_right(self, count: impl IntoKernelValue<u32>) -> Self {
        self.rotate(count.into_val(), [Op::Shr, Op::Shl], Location::caller())
    }

    fn rotate(self, count: Val<u32>, [out, back]: [Op; 2], location: Location) -> Self {
        let last: Val<u32> = number(Self::width() - 1, Type::U32).value();
        let bits: Val<T::Unsigned> = cast(self, location);
        let left: Val<u32> = apply(Op::Sub, [number(Self::width(), Type::U32).value(), count], location);
        let within =
            |count| -> Val<T::Unsigned> { cast::<u32, _>(apply(Op::BitAnd, [count, last], location), location) };
        let counts = [count, left].map(within);
        let [moved, returned] =
            [(out, counts[0]), (back, counts[1])].map(|(op, count)| apply(op, [bits, count], location));
        cast(apply::<T::Unsigned, T::Unsigned, 2>(Op::BitOr, [moved, returned], location), location)
    }

    /// |self - other|, which always fits.
    #[track_caller]
    #[must_use]
    pub fn abs_diff(self, other: impl IntoKernelValue<T>) -> Val<T::Unsigned> {
        let (location, other) = (Location::caller(), other.into_val());
        let ends: [Val<T>; 2] = [Op::Max, Op::Min].map(|op| apply(op, [self, other], location));
        let ends: [Val<T::Unsigned>; 2] = ends.map(|end| cast(end, location));
        apply(Op::Sub, ends, location)
    }

    /// self + other, or of what does not fit the nearest number of the type.
    #[track_caller]
    #[must_use]
    pub fn saturating_add(self, other: impl IntoKernelValue<T>) -> Self {
        let (location, other) = (Location::caller(), other.into_val());
        let sum: Self = apply(Op::Add, [self, other], location);
        if T::ty().scalar.is_signed_integer() {
            // Two numbers of one sign have a sum of the other.
            let turned = [self, other].map(|term| apply(Op::BitXor, [term, sum], location));
            return self.saturated(sum, turned, location);
        }
        choose(apply(Op::Lt, [sum, self], location), [Self::largest(), sum], location)
    }

    /// self - other, or of what does not fit the nearest number of the type.
    #[track_caller]
    #[must_use]
    pub fn saturating_sub(self, other: impl IntoKernelValue<T>) -> Self {
        let (location, other) = (Location::caller(), other.into_val());
        if T::ty().scalar.is_signed_integer() {
            // Of two numbers of different signs the difference has not the first one's.
            let difference: Self = apply(Op::Sub, [self, other], location);
            let turned = [other, difference].map(|term| apply(Op::BitXor, [self, term], location));
            return self.saturated(difference, turned, location);
        }
        apply(Op::Sub, [apply(Op::Max, [self, other], location), other], location)
    }

    fn largest() -> Self {
        number(T::ty().scalar.range()[1], T::ty()).value()
    }

    /// `result`, or, where both of `turned` are negative, the number of the type farthest on self's side of 0.
    fn saturated(self, result: Self, turned: [Self; 2], location: Location) -> Self {
        let [zero, last]: [Self; 2] = [0, Self::width() - 1].map(|known| number(known, T::ty()).value());
        let overflows = apply(Op::Lt, [apply(Op::BitAnd, turned, location), zero], location);
        let sign: Self = apply(Op::Shr, [self, last], location);
        choose(overflows, [apply(Op::BitXor, [sign, Self::largest()], location), result], location)
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

macro_rules! counted {
    ($($ty:ty),*) => {
        $(impl Val<$ty> {
            /// self / divisor, rounded up.
            #[track_caller]
            #[must_use]
            pub fn div_ceil(self, divisor: impl IntoKernelValue<$ty>) -> Self {
                let (location, divisor) = (Location::caller(), divisor.into_val());
                let [quotient, rest] = [Op::Div, Op::Rem].map(|op| apply(op, [self, divisor], location));
                let is_rest: Val<bool> = apply(Op::Ne, [rest, (0 as $ty).into_val()], location);
                apply(Op::Add, [quotient, cast(is_rest, location)], location)
            }

            /// The smallest multiple of `factor` not below self; what does not fit wraps.
            #[track_caller]
            #[must_use]
            pub fn next_multiple_of(self, factor: impl IntoKernelValue<$ty>) -> Self {
                let (location, factor) = (Location::caller(), factor.into_val());
                apply(Op::Mul, [self.div_ceil(factor), factor], location)
            }
        })*
    };
}

counted!(u8, u16, u32, u64);

impl<T: Number + Comparable> Val<T> {
    /// `low` if below it, `high` if above it, else itself; a NaN stays one.
    #[track_caller]
    #[must_use]
    pub fn clamp(self, low: impl IntoKernelValue<T>, high: impl IntoKernelValue<T>) -> Self {
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

macro_rules! float_bits {
    ($($float:ty, $bits:ty: $to:ident, $from:ident $from_bits:ident;)*) => {
        $(impl Val<$float> {
            /// Its bits.
            #[track_caller]
            #[must_use]
            pub fn to_bits(self) -> Val<$bits> {
                apply(Op::$to, [self], Location::caller())
            }
        }

        #[doc = concat!("The `", stringify!($float), "` of these bits.")]
        #[track_caller]
        #[must_use]
        pub fn $from_bits(bits: impl IntoKernelValue<$bits>) -> Val<$float> {
            apply(Op::$from, [bits.into_val()], Location::caller())
        })*
    };
}

float_bits! {
    f16, u16: F16ToBits, F16FromBits f16_from_bits;
    bf16, u16: Bf16ToBits, Bf16FromBits bf16_from_bits;
    f32, u32: ToBits, FromBits f32_from_bits;
    f64, u64: F64ToBits, F64FromBits f64_from_bits;
}

impl Val<f32> {
    /// 1 / self.
    #[track_caller]
    #[must_use]
    pub fn recip(self) -> Self {
        apply(Op::Div, [1.0.into_val(), self], Location::caller())
    }

    /// self^exponent by multiplications if the exponent is known at compile time, else as [`Val::powf`].
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: impl IntoKernelValue<i32>) -> Self {
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
