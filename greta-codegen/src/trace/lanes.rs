//! What moves between the lanes of a wave: every scalar, one of fewer than 32 bits in a wider one's place.

use super::value::{ScalarValue, Val, Value, bf8, bf16, f16, fp8};
use crate::ir::{ExprKind, Location, Op};

/// A scalar that moves between lanes: every one does.
#[diagnostic::on_unimplemented(message = "kernel values of type `{Self}` do not move between lanes")]
pub trait Word: ScalarValue {
    /// What moves in its place.
    type Carrier: ScalarValue;
    /// The value in its carrier.
    fn load_carrier(value: Val<Self>, location: Location) -> Val<Self::Carrier>;
    /// The value out of its carrier.
    fn unload_carrier(carrier: Val<Self::Carrier>, location: Location) -> Val<Self>;
}

fn cast<T: Value, R: Value>(value: Val<T>, location: Location) -> Val<R> {
    Val::record(ExprKind::Cast(Box::new(value.expr(location))), location)
}

fn apply<T: Value, R: Value>(op: Op, value: Val<T>, location: Location) -> Val<R> {
    Val::record_op(op, vec![value.expr(location)], location)
}

/// A scalar that moves as it is.
macro_rules! itself {
    ($($rust:ty)*) => {
        $(impl Word for $rust {
            type Carrier = Self;

            fn load_carrier(value: Val<Self>, _location: Location) -> Val<Self> {
                value
            }

            fn unload_carrier(carrier: Val<Self>, _location: Location) -> Val<Self> {
                carrier
            }
        })*
    };
}

itself!(bool i32 i64 u32 u64 f32 f64);

/// A number that moves as one of 32 bits.
macro_rules! widened {
    ($($rust:ty => $word:ty;)*) => {
        $(impl Word for $rust {
            type Carrier = $word;

            fn load_carrier(value: Val<Self>, location: Location) -> Val<$word> {
                cast(value, location)
            }

            fn unload_carrier(carrier: Val<$word>, location: Location) -> Val<Self> {
                cast(carrier, location)
            }
        })*
    };
}

widened! {
    i8 => i32;
    i16 => i32;
    u8 => u32;
    u16 => u32;
    // Each of their numbers is one of `f32`, and so is their one NaN.
    fp8 => f32;
    bf8 => f32;
}

/// A float of 16 bits, which moves as these: no NaN changes.
macro_rules! by_bits {
    ($($rust:ty: $to:ident $from:ident;)*) => {
        $(impl Word for $rust {
            type Carrier = u32;

            fn load_carrier(value: Val<Self>, location: Location) -> Val<u32> {
                cast(apply::<Self, u16>(Op::$to, value, location), location)
            }

            fn unload_carrier(carrier: Val<u32>, location: Location) -> Val<Self> {
                apply::<u16, Self>(Op::$from, cast(carrier, location), location)
            }
        })*
    };
}

by_bits! {
    f16: F16ToBits F16FromBits;
    bf16: Bf16ToBits Bf16FromBits;
}
