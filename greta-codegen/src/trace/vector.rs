//! The short vectors that kernel values can be: `f32x4` and so on, of 2, 4, 8 and 16 lanes, and 32 for
//! what a lane holds of the largest matrices.

use super::memory::{Array, Get};
use super::operators::ShiftCount;
use super::stored::{Stored, sealed};
use super::tracer;
use super::value::{
    Atom, Bits, Float, Integral, IntoKernelValue, Number, Signed, Val, Value, Vector, bf8, bf16, f16, fp8,
};
use crate::ir::{Expr, ExprKind, Literal, Location, Scalar, Type};

/// What a vector of `N` lanes is made of: values in brackets, or a register array.
#[diagnostic::on_unimplemented(message = "a vector of {N} lanes is not made of a `{Self}`")]
pub trait Lanes<T, const N: usize> {
    /// The lanes.
    fn lanes(self, location: Location) -> [Val<T>; N];
}

impl<T: Value, R: IntoKernelValue<T>, const N: usize> Lanes<T, N> for [R; N] {
    fn lanes(self, _location: Location) -> [Val<T>; N] {
        self.map(IntoKernelValue::into_val)
    }
}

impl<T: Value, const N: usize> Lanes<T, N> for Array<T> {
    fn lanes(self, location: Location) -> [Val<T>; N] {
        tracer::with(|tracer| tracer.check_lanes(&self, N, location));
        let mut next = 0;
        std::array::from_fn(|_| {
            let index = Val::from_atom(Atom::Literal(Literal::U32(next)));
            next += 1;
            self.element(index, location)
        })
    }
}

macro_rules! vectors {
    ($($lane:ty, $scalar:ident, $classes:tt: $($name:ident $lanes:literal)*;)*) => {
        $($(vectors!(@one $lane, $scalar, $classes, $name $lanes);)*)*
    };
    (@one $lane:ty, $scalar:ident, [$($class:ident)*], $name:ident $lanes:literal) => {
        #[doc = concat!("A vector of ", stringify!($lanes), " lanes of `", stringify!($lane), "`.")]
        #[allow(non_camel_case_types, reason = "named as the primitive types are")]
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[repr(transparent)]
        pub struct $name(pub [$lane; $lanes]);

        #[diagnostic::do_not_recommend]
        impl Value for $name {
            fn ty() -> Type {
                Type::vector(Scalar::$scalar, $lanes)
            }
        }
        #[diagnostic::do_not_recommend]
        impl Vector for $name {
            type Lane = $lane;
        }
        impl sealed::Sealed for $name {}
        #[diagnostic::do_not_recommend]
        impl Stored for $name {}
        $(#[diagnostic::do_not_recommend]
        impl $class for $name {})*
        #[diagnostic::do_not_recommend]
        impl ShiftCount<$name> for Val<$name> {
            fn count(self, location: Location) -> Expr {
                self.expr(location)
            }
        }

        impl $name {
            /// The vector with every lane equal to `value`.
            #[track_caller]
            pub fn splat<R: IntoKernelValue<$lane>>(value: R) -> Val<Self> {
                let location = Location::caller();
                Val::record(ExprKind::Splat(Box::new(value.into_val().expr(location))), location)
            }

            /// The vector of these lanes, the first at the lowest address.
            #[track_caller]
            pub fn new<L: Lanes<$lane, $lanes>>(lanes: L) -> Val<Self> {
                let location = Location::caller();
                let lanes = lanes.lanes(location).map(|lane| lane.expr(location));
                Val::record(ExprKind::Vector(lanes.into()), location)
            }
        }
    };
}

vectors! {
    i8, I8, [Number Signed Integral Bits]: i8x2 2 i8x4 4 i8x8 8 i8x16 16;
    i16, I16, [Number Signed Integral Bits]: i16x2 2 i16x4 4 i16x8 8 i16x16 16;
    i32, I32, [Number Signed Integral Bits]: i32x2 2 i32x4 4 i32x8 8 i32x16 16 i32x32 32;
    i64, I64, [Number Signed Integral Bits]: i64x2 2 i64x4 4 i64x8 8 i64x16 16;
    u8, U8, [Number Integral Bits]: u8x2 2 u8x4 4 u8x8 8 u8x16 16;
    u16, U16, [Number Integral Bits]: u16x2 2 u16x4 4 u16x8 8 u16x16 16;
    u32, U32, [Number Integral Bits]: u32x2 2 u32x4 4 u32x8 8 u32x16 16;
    u64, U64, [Number Integral Bits]: u64x2 2 u64x4 4 u64x8 8 u64x16 16;
    f16, F16, [Number Signed Float]: f16x2 2 f16x4 4 f16x8 8 f16x16 16;
    bf16, Bf16, [Number Signed Float]: bf16x2 2 bf16x4 4 bf16x8 8 bf16x16 16;
    f32, F32, [Number Signed Float]: f32x2 2 f32x4 4 f32x8 8 f32x16 16 f32x32 32;
    f64, F64, [Number Signed Float]: f64x2 2 f64x4 4 f64x8 8 f64x16 16;
    fp8, Fp8, []: fp8x2 2 fp8x4 4 fp8x8 8 fp8x16 16;
    bf8, Bf8, []: bf8x2 2 bf8x4 4 bf8x8 8 bf8x16 16;
}
