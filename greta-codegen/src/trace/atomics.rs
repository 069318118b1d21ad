//! Atomic operations on the elements of buffers and shared arrays. What each does stands in [`crate::atomics`].

use super::memory::{Memory, Space, spaces};
use super::value::{Integer, IntoKernelValue, Number, Val};
use super::wanted::ElementIndex;
use crate::ir::{Atomic, ExprKind, Location, Op};

/// A number that atomic operations change in place.
#[diagnostic::on_unimplemented(
    message = "no atomic operations on elements of type `{Self}`",
    label = "atomic operations are on `i32`, `u32`, `f32`, `i64`, `u64` and `f64`"
)]
pub trait AtomicElement: Number {
    /// Subtracting is adding the negation: floats have no instruction of their own for it.
    const SUBTRACTS_BY_ADDING: bool = false;
}

/// An integer that atomic operations change in place.
#[diagnostic::on_unimplemented(
    message = "no atomic bitwise operations on elements of type `{Self}`",
    label = "atomic bitwise operations are on `i32`, `u32`, `i64` and `u64`"
)]
pub trait AtomicBits: AtomicElement + Integer {}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl AtomicElement for $integer {}
        impl AtomicBits for $integer {})*
    };
}

macro_rules! floats {
    ($($float:ty),*) => {
        $(impl AtomicElement for $float {
            const SUBTRACTS_BY_ADDING: bool = true;
        })*
    };
}

integers!(i32, u32, i64, u64);
floats!(f32, f64);

/// Memory that several threads share.
#[diagnostic::on_unimplemented(message = "no atomic operations in this memory: take a `&mut Global` or a shared array")]
pub trait AtomicSpace: Space {}
impl AtomicSpace for spaces::GlobalMemory {}
impl AtomicSpace for spaces::SharedMemory {}

fn record<T: AtomicElement, S: AtomicSpace>(
    atomic: Atomic,
    memory: &Memory<T, S>,
    index: Val<u32>,
    operands: &[Val<T>],
    location: Location,
) -> Val<T> {
    let operands = operands.iter().map(|operand| operand.expr(location)).collect();
    Val::record(ExprKind::Atomic(atomic, memory.place(index, location), operands), location)
}

macro_rules! operations {
    ($bound:ident: $($(#[$doc:meta])* $name:ident $atomic:ident;)*) => {
        impl<T: $bound, S: AtomicSpace> Memory<T, S> {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&mut self, index: impl ElementIndex, value: impl IntoKernelValue<T>) -> Val<T> {
                let location = Location::caller();
                record(Atomic::$atomic, self, index.into_val(), &[value.into_val()], location)
            })*
        }
    };
}

operations! { AtomicElement:
    /// Adds to an element in one step; gives what was there before. Integers wrap.
    atomic_add Add;
    /// Keeps the smaller of an element and a value in one step; gives what was there before.
    atomic_min Min;
    /// Keeps the larger of an element and a value in one step; gives what was there before.
    atomic_max Max;
    /// Stores a value in one step; gives what was there before.
    atomic_exchange Exchange;
}

operations! { AtomicBits:
    /// Bitwise and of an element and a value in one step; gives what was there before.
    atomic_and And;
    /// Bitwise or of an element and a value in one step; gives what was there before.
    atomic_or Or;
    /// Bitwise exclusive or of an element and a value in one step; gives what was there before.
    atomic_xor Xor;
}

impl<T: AtomicElement, S: AtomicSpace> Memory<T, S> {
    /// Subtracts from an element in one step; gives what was there before. Integers wrap.
    #[track_caller]
    pub fn atomic_sub(&mut self, index: impl ElementIndex, value: impl IntoKernelValue<T>) -> Val<T> {
        let (location, value) = (Location::caller(), value.into_val());
        if T::SUBTRACTS_BY_ADDING {
            let negated = Val::record_op(Op::Neg, vec![value.expr(location)], location);
            return record(Atomic::Add, self, index.into_val(), &[negated], location);
        }
        record(Atomic::Sub, self, index.into_val(), &[value], location)
    }

    /// Stores `value` in an element that has the bits of `expected`, in one step; gives what was there before.
    #[track_caller]
    pub fn atomic_compare_exchange(
        &mut self,
        index: impl ElementIndex,
        expected: impl IntoKernelValue<T>,
        value: impl IntoKernelValue<T>,
    ) -> Val<T> {
        let operands = [expected.into_val(), value.into_val()];
        record(Atomic::CompareExchange, self, index.into_val(), &operands, Location::caller())
    }
}
